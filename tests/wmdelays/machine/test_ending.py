"""The one line with which a program ends, and its status."""

import errno

import pytest

from wmdelays.errors import InputError
from wmdelays.machine.ending import failed
from wmdelays.machine.out_of_memory import NO_MEMORY


@pytest.mark.parametrize(
    "error, status, said",
    [
        (InputError("take\n another\x1b", "more of it"), 2, "take another\\x1b\nmore of it"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (RuntimeError("std::bad_alloc"), 2, NO_MEMORY),
        (OSError(errno.ENOSPC, "No room", "a.h5"), 2, "a.h5: No room"),
        (OSError(errno.ENOSPC, "No room"), 2, "a file or the output: No room"),
        (BrokenPipeError(), 141, ""),
        (ValueError("a defect"), None, ""),
    ],
)
def test_it_says_what_can_be_mended_and_nothing_of_defects(error, status, said, capsys):
    assert failed(error) == status
    assert capsys.readouterr().err == (f"wmdelays: {said}\n" if said else "")
