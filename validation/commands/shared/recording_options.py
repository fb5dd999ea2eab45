"""The options that say how a recording is read, which several commands have."""

import functools
import inspect
import math
from typing import Annotated

import typer

from wmdelays.errors import InputError
from wmdelays.quantities import shortened

_PANEL = "How a recording is read"


def _option(*flags, help, metavar=None):
    return typer.Option(*flags, help=help, metavar=metavar, rich_help_panel=_PANEL)


_OPTIONS = {
    "columns": (
        Annotated[
            str | None,
            _option(
                "--columns",
                metavar="UNIT,TIME",
                help="Columns of a table by name or number, as neuron,time_ms; by default known by"
                " their names.",
            ),
        ],
        None,
    ),
    "where": (
        Annotated[
            list[str] | None,
            _option(
                "--where",
                metavar="COLUMN=VALUE",
                help="Units of an NWB file or a folder of Phy by a column, as quality=good,"
                " region=CA1,CA3 or snr>=2; as often as needed.",
            ),
        ],
        None,
    ),
    "variable": (
        Annotated[
            str | None,
            _option(
                "--variable", metavar="NAME", help="MATLAB: what holds the spikes; SONATA: which population."
            ),
        ],
        None,
    ),
    "time_unit": (
        Annotated[
            str | None,
            _option(
                "--time-unit", metavar="s|ms|us|samples", help="Of the times; by default seconds."
            ),
        ],
        None,
    ),
    "sampling_rate": (
        Annotated[
            float | None,
            _option("--sampling-rate", metavar="HZ", help="Samples in a second."),
        ],
        None,
    ),
    "decimal_comma": (
        Annotated[
            bool, _option("--decimal-comma", help="Numbers of a table are written with a comma.")
        ],
        False,
    ),
    "keep_ids": (
        Annotated[
            bool,
            _option(
                "--keep-ids",
                help="Units are numbers of neurons, and those between them are silent neurons.",
            ),
        ],
        False,
    ),
}  # fmt: skip


def with_reading(function):
    """A command in which these options take the place of its parameter `reading`.

    It gets a dict of those that were given, see `wmdelays.files.raster_files.read_raster`.
    """

    @functools.wraps(function)
    def command(**values):
        given = {name: values.pop(name) for name in _OPTIONS}
        return function(**values, reading=_checked(given))

    parameters = []
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if parameter.name == "reading":
            parameters += [
                inspect.Parameter(
                    name, parameter.KEYWORD_ONLY, default=default, annotation=annotation
                )
                for name, (annotation, default) in _OPTIONS.items()
            ]
        elif parameter.kind is parameter.VAR_KEYWORD:
            parameters.append(parameter)
        else:
            parameters.append(parameter.replace(kind=parameter.KEYWORD_ONLY))
    command.__signature__ = inspect.Signature(parameters)
    return command


def _checked(given):
    """The options that were given, as readers take them."""
    columns, rate = given["columns"], given["sampling_rate"]
    if columns is not None:
        given["columns"] = tuple(part.strip() for part in columns.split(","))
        if len(given["columns"]) != 2 or not all(given["columns"]):
            raise InputError(
                f"--columns is two columns, as neuron,time_ms, not {shortened(columns)}"
            )
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise InputError(f"--sampling-rate is {rate:g}; it has to be greater than zero")
    return {name: value for name, value in given.items() if value}
