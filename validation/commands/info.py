"""The command `wmdelays info`: what is in a memory file, or in a recording."""

import math
from pathlib import Path
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.files.file_kinds import MEMORY, held
from wmdelays.files.memory_file import read_memory
from wmdelays.files.raster_files import read_raster
from wmdelays.quantities import whole
from wmdelays.validation.commands.shared.memory import print_memory, print_unpredictable
from wmdelays.validation.commands.shared.options import (
    JsonFile,
    Start,
    Stop,
    check_outputs,
    put_json,
    time_given,
)
from wmdelays.validation.commands.shared.recording_options import with_reading
from wmdelays.validation.commands.shared.terminal import (
    print_columns,
    print_facts,
    print_line,
    progress_bar,
)
from wmdelays.validation.recordings.grid import as_dicts, best_choice, step_choices, why_best
from wmdelays.validation.reports.memory import carried_over, describe, neuron_facts
from wmdelays.validation.reports.recordings import info as recordings

# A recording whose first spike comes after this part of it is told from there on.
_LATE = 0.5
# Where a choice loses more than this part of the spikes nothing is left to recall.
_HOPELESS = 0.5


@with_reading
def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file or a recording.")],
    start: Start = None,
    stop: Stop = None,
    delays: Annotated[
        int | None,
        typer.Option(metavar="D", help="Recording: this number of delays and no other."),
    ] = None,
    reading: dict = None,
    json_file: JsonFile = None,
):
    """Say what is in a memory file, or in a recording and with which step it can be stored."""
    check_outputs(json_file, None, file)
    begin, end = time_given(start, "--start"), time_given(stop, "--stop", above_zero=True)
    if file.suffix == ".h5" and held(file) in (MEMORY, None):
        if begin is not None or end is not None or delays is not None or reading:
            raise InputError("a memory is told as a whole; --start and the like are for recordings")
        _tell_memory(file, json_file)
    else:
        _tell_recording(file, begin, end, delays, reading, json_file)


def _tell_memory(file, json_file):
    content = read_memory(file)
    print_memory(content, file)
    if content.neurons is None:
        print_unpredictable(content)
    else:
        _print_neurons(content.neurons)
        warning = carried_over(content)
        if warning:
            print_line(warning)
    put_json(json_file, describe(content))


def _tell_recording(file, begin, end, delays, reading, json_file):
    with progress_bar() as say:
        say(f"reading {file}", None)
        raster = read_raster(file, start=begin, stop=end, **reading)
        first = float(raster.times[0]) if len(raster) else 0.0
        late = begin is None and first > _LATE * raster.duration
        if late:
            begin = float(math.floor(first))
        if begin is not None or end is not None:
            raster = raster.slice(begin or 0.0, end)
        if not len(raster):
            raise InputError(f"{file}: holds no spikes in this stretch")
        choices = step_choices(
            raster, n_delays=None if delays is None else whole("delays", delays, 1), progress=say
        )
    best = best_choice(choices)
    values = {"recording": recordings.as_dict(raster), "choices": as_dicts(choices)}
    put_json(json_file, {**values, "best": as_dicts([best])[0]})
    if late:
        print_line(f"Its first spike is at {first:.6g} s; what follows is from {begin:g} s on.")
    if best.lost > _HOPELESS:
        print_line(
            f"None of these choices is good. The best loses {best.lost:.0%} of the spikes: {why_best(best)}."
        )
    else:
        print_line(f"Best stored with {why_best(best)}.")
    print_facts(str(file), recordings.facts(raster))
    print_columns(recordings.columns(choices, best))


def _print_neurons(neurons):
    """Print the model of neurons in continuous time and the parameters of each class."""
    print_facts("neurons", neuron_facts(neurons))
