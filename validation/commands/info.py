"""The command `wmdelays info`: what is in a memory file."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.contexts import unpredictable_spikes
from wmdelays.memory_file import read_memory
from wmdelays.validation.options import JsonFile, check_outputs, put_json
from wmdelays.validation.terminal import print_memory, print_unpredictable


def describe(memory):
    """What is in a memory, as plain JSON values.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    dict
        Sizes, parameters, how it was made, and the stored spikes that no weights could predict.
    """
    found = unpredictable_spikes(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    return {
        "memory": sizes(memory),
        "periodic": memory.periodic,
        "spikes": [len(pattern) for pattern in memory.patterns],
        "made": memory.made,
        "unpredictable": {
            "n_spikes": found.n_spikes,
            "empty": [
                {"pattern": k, "time_s": t * memory.step, "neuron": j} for k, t, j in found.empty
            ],
            "ambiguous": [
                {
                    "pattern": k,
                    "time_s": t * memory.step,
                    "neuron": j,
                    "silent_in_pattern": other,
                    "silent_at_s": u * memory.step,
                }
                for k, t, j, other, u in found.ambiguous
            ],
        },
    }


def sizes(memory):
    """Sizes and neuron parameters of a memory, under the names that results use."""
    return {
        "n_neurons": memory.n_neurons,
        "n_delays": memory.n_delays,
        "n_synapses": memory.n_synapses,
        "n_patterns": memory.n_patterns,
        "n_steps": memory.n_steps,
        "step_s": memory.step,
        "beta": memory.beta,
        "theta": memory.theta,
    }


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file.")],
    json_file: JsonFile = None,
):
    """Say what is in a memory file, and which spikes no weights could predict."""
    check_outputs(json_file, None, memory)
    content = read_memory(memory)
    print_memory(content, memory)
    print_unpredictable(content)
    put_json(json_file, describe(content))
