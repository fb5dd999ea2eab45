"""What GeNN generates, compiled once for the sizes of a network and kept."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wmdelays.errors import InputError, one_line
from wmdelays.genn_models import network
from wmdelays.genn_models.network import MODEL, Sizes
from wmdelays.machine.compiler import EXACT, compiler, finish, version
from wmdelays.machine.kept import Kept
from wmdelays.machine.processes import Job
from wmdelays.machine.temporary import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from pygenn import GeNNModel

_MOST = 100
# PyGeNN lets the compiler write to our standard output, so it compiles in a process of its own.
_PROGRAM = "from wmdelays.genn_models.building import compile_here; compile_here()"
_INSTEAD = "take another simulator"


def build(model: GeNNModel, sizes: Sizes, compiling: Callable[[], None]) -> None:
    """Build and load a model.

    Parameters
    ----------
    model : GeNNModel
    sizes : Sizes
        Those that it was made of.
    compiling : callable
        Called before what takes seconds.

    Raises
    ------
    InputError
        If make or a C++ compiler is missing, or the disk is full, or no program may be run.
    """
    with temporary_folder() as folder:
        library = _library_in(folder)
        kept = Kept("genn", _key(sizes), _MOST)
        found = kept.path()
        if found is None:
            compiling()
            _compile(sizes, folder)
            kept.keep(library)
        else:
            library.parent.mkdir()
            shutil.copyfile(found, library)
        model.build(str(folder), never_rebuild=True)
        try:
            model.load()
        except RuntimeError as error:
            raise InputError(
                f"GeNN cannot load what it compiled: {one_line(error)}; {_INSTEAD}"
            ) from None


def compile_here() -> None:
    """Generate and compile a model of given sizes in a folder; the process for it does this."""
    folder, *sizes = sys.argv[1:]
    Sizes(*map(int, sizes)).model().build(folder)


def _library_in(folder):
    return Path(folder, f"{MODEL}_CODE", "librunner.so")


def _words():
    words = compiler()
    if words is None or shutil.which("make") is None:
        raise InputError(f"GeNN needs make and a C++ compiler; install them, or {_INSTEAD}")
    return [*words, *EXACT]


def _key(sizes):
    """A digest of all that the library is made from."""
    import pygenn

    words = _words()
    about = [*words, version(tuple(words)), pygenn.__version__, platform.platform(), repr(sizes)]
    source = Path(network.__file__).read_bytes()
    return hashlib.sha256("\n".join([*about, ""]).encode() + source).hexdigest()


def _compile(sizes, folder):
    numbers = sizes.n_neurons, sizes.n_delays, sizes.of_row
    environment = {
        "CXX": shlex.join(_words()),
        "MAKEFLAGS": "",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    command = [sys.executable, "-P", "-c", _PROGRAM, folder, *numbers]
    finish(Job(command, folder, environment), folder, _INSTEAD, "GeNN")
