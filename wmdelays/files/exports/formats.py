"""The formats that a memory is exported to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wmdelays.errors import InputError
from wmdelays.files.exports.csv_folder import write_csv
from wmdelays.files.exports.description import check_held
from wmdelays.files.exports.new_folder import check_new_folder
from wmdelays.files.exports.nir_graph import check_nir, check_nir_file, write_nir
from wmdelays.files.exports.pynn_script import STEP_MS, check_pynn, write_pynn
from wmdelays.files.exports.sonata_circuit import check_sonata, write_sonata
from wmdelays.files.exports.stimulus import step_in_ms
from wmdelays.memory import Memory
from wmdelays.quantities import shortened


@dataclass(frozen=True)
class Format:
    """A format of other programs.

    Attributes
    ----------
    name : str
    shown : str
        What it is called in a sentence.
    holds : str
        What is written, in a few words.
    lacks : str
        What it cannot hold.
    write : callable
        ``write(path, memory)``; where patterns are cued, ``write(path, shown, recalled)`` with a
        Stimulus, and what the memory emits when each of its patterns is cued.
    check : callable
        Raises an InputError unless a memory can be written in this format.
    check_place : callable
        Raises an InputError unless something can be written to a path.
    cued : bool
        Whether some patterns are cued.
    step_ms : callable, optional
        What a step of a memory is called there, in milliseconds; by default what it is.
    """

    name: str
    shown: str
    holds: str
    lacks: str
    write: Callable
    check: Callable[[Memory], None]
    check_place: Callable[[Path], None] = check_new_folder
    cued: bool = False
    step_ms: Callable[[Memory], float] | None = None


def _sonata(path, shown, recalled):
    write_sonata(path, shown)


FORMATS = {
    one.name: one
    for one in (
        Format(
            "sonata",
            "SONATA",
            "a circuit and its simulation, cues and all, for NEST and BMTK",
            "other neurons than those of eq. 1, and weights of few bits as whole numbers",
            _sonata,
            check_sonata,
            cued=True,
            step_ms=step_in_ms,
        ),
        Format(
            "pynn",
            "PyNN",
            "a script that recalls in NEST through PyNN, and its numbers",
            "other neurons than those of eq. 1, names of units, and how the memory was made",
            write_pynn,
            check_pynn,
            cued=True,
            step_ms=lambda memory: STEP_MS,
        ),
        Format(
            "nir",
            "NIR",
            "the network as a graph: a delay and a matrix of weights for each delay",
            "cues and patterns, a clamp, names of units, and other neurons than those of eq. 1",
            write_nir,
            check_nir,
            check_nir_file,
        ),
        Format(
            "csv",
            "csv files",
            "synapses, neurons, patterns and cues as tables",
            "neurons that are a model of one's own, and weights of few bits as whole numbers",
            write_csv,
            check_held,
        ),
    )
}


def format_named(name: str) -> Format:
    """The format of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in FORMATS:
        raise InputError(f"there is no format {shortened(name)}; there is {', '.join(FORMATS)}")
    return FORMATS[name]
