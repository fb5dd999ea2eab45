"""Memory that could not be had is known by what libraries say of it."""

import errno

import pytest

from wmdelays.machine.out_of_memory import is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes."),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate"
            " memory: you tried to allocate 4000000000000 bytes. Error code 12"
        ),
        RuntimeError("can't start new thread"),
        RuntimeError("terminate called after throwing an instance of 'std::bad_alloc'"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        OSError("Can't read data (memory allocation failed for raw data chunk)"),
    ],
)
def test_every_librarys_words_for_no_memory_are_known(error):
    assert is_out_of_memory(error)


def test_what_libraries_say_now_is_known():
    import numpy as np
    import torch

    for ask in (
        lambda: np.ones(2**50),
        lambda: np.ones(2**62),
        lambda: torch.zeros(2**50),
        lambda: torch.empty(2**62),
        lambda: [0] * 2**59,
    ):
        with pytest.raises(Exception) as failed:
            ask()
        assert is_out_of_memory(failed.value), failed.value


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.ENOENT, "x"), SystemExit(2)])
def test_other_errors_say_nothing_of_memory(error):
    assert not is_out_of_memory(error)
