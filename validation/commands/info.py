"""The command `wmdelays info`: what is in a memory file."""

from pathlib import Path
from typing import Annotated

import typer

from wmdelays.files.memory_file import read_memory
from wmdelays.validation.commands.shared.memory import print_memory, print_unpredictable
from wmdelays.validation.commands.shared.options import JsonFile, check_outputs, put_json
from wmdelays.validation.reports.memory import describe


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
