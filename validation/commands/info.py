"""The command `wmdelays info`: what is in a memory file."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.files.memory_file import read_memory
from wmdelays.validation.commands.shared.memory import print_memory, print_unpredictable
from wmdelays.validation.commands.shared.options import JsonFile, check_outputs, put_json
from wmdelays.validation.commands.shared.terminal import console, print_line, table
from wmdelays.validation.reports.memory import carried_over, describe, neuron_facts


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file.")],
    json_file: JsonFile = None,
):
    """Say what is in a memory file, and which spikes no weights could predict, or of what neurons."""
    check_outputs(json_file, None, memory)
    content = read_memory(memory)
    print_memory(content, memory)
    if content.neurons is None:
        print_unpredictable(content)
    else:
        _print_neurons(content.neurons)
        warning = carried_over(content)
        if warning:
            print_line(warning)
    put_json(json_file, describe(content))


def _print_neurons(neurons):
    """Print the model of neurons in continuous time and the parameters of each class."""
    grid = table("neurons", "")
    grid.columns[1].justify = "left"
    for row in neuron_facts(neurons):
        grid.add_row(*row)
    console.print(grid, highlight=False, markup=False)
