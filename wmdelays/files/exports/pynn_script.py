"""A memory and its cues as a script of PyNN, which NEST runs.

References
----------
A. P. Davison et al., PyNN: a common interface for neuronal network simulators, Front. Neuroinform. 2, 2009.
"""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.files.exports.new_folder import new_folder
from wmdelays.files.exports.stimulus import check_mapped
from wmdelays.neurons.lif import time_constant
from wmdelays.synapses import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.files.exports.stimulus import Stimulus
    from wmdelays.memory import Memory
    from wmdelays.raster import Raster

# The script calls a step so: NEST takes no times off its grid, and PyNN subtracts from them.
STEP_MS = 1.0
SCRIPT, NUMBERS = "recall.py", "network.npz"


def check_pynn(memory: Memory) -> None:
    """Raise an InputError unless a memory can be a network of PyNN's neurons."""
    check_mapped(memory, "PyNN's IF_curr_delta")


def write_pynn(folder: str | Path, shown: Stimulus, recalled: Sequence[Raster]) -> None:
    """Write a script that recalls patterns in NEST through PyNN, with its numbers, into a new folder.

    Parameters
    ----------
    folder : str or Path
    shown : Stimulus
        The memory, of neurons in discrete time that reset to zero by emitted spikes, and its inputs.
    recalled : sequence of Raster
        What the memory emits when each of the patterns is cued, which the script compares with.

    Raises
    ------
    InputError
        If the folder is there already or cannot be written, or the memory cannot be mapped.
    """
    memory = shown.memory
    check_pynn(memory)
    steps, inputs = shown.spikes
    wanted = [one.steps(memory.step) for one in recalled]
    numbers = {
        "tau_m": time_constant(memory.each("beta"), STEP_MS),
        "v_thresh": memory.each("theta"),
        **{name: getattr(memory, name) for name in COLUMNS},
        "n_inputs": shown.n_inputs,
        **{
            f"input_{name}": values
            for name, values in zip(("pre", "post", "delay", "weight"), shown.synapses)
        },
        "spike_input": inputs,
        "spike_step": steps,
        "pattern": np.array(shown.patterns),
        "onset": np.array(shown.onsets),
        "n_steps": shown.n_steps,
        "wanted_pattern": np.repeat(np.arange(len(wanted)), [len(one) for one in wanted]),
        "wanted_step": np.concatenate(wanted),
        "wanted_neuron": np.concatenate([one.neurons for one in recalled]),
    }
    with new_folder(folder) as place:
        with open(place / NUMBERS, "wb") as file:
            np.savez_compressed(file, **numbers)
        template = files("wmdelays.files.exports") / "templates" / SCRIPT
        with template.open("rb") as source, open(place / SCRIPT, "wb") as target:
            shutil.copyfileobj(source, target)
