"""The same bits on any number of threads; those of groups are in the tests of the command."""

import subprocess
import sys

import pytest

RULES = ("margin", "pseudo-inverse", "bptt")
# What counts processors is told of as many as there are threads.
STORE = """
import os, sys
os.environ.update(
    dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), sys.argv[1]
    )
)
os.sched_getaffinity = lambda _: set(range(int(sys.argv[1])))
import torch
from wmdelays.validation.cli import main

torch.set_num_threads(int(sys.argv[1]))
pattern = "bernoulli:neurons=100,steps=60,patterns=2,rate=0.02"
for rule in sys.argv[2:]:
    words = ["store", pattern, "--delays", "12", "--rule", rule]
    words += ["--epochs", "3"] if rule == "bptt" else []
    assert main([*words, "-o", f"{rule}.{sys.argv[1]}.h5"]) == 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with memories that were stored on 1 and 7 threads."""
    folder = tmp_path_factory.mktemp("threads")
    words = [sys.executable, "-c", STORE]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    runs = [
        subprocess.Popen([*words, n, *RULES], cwd=folder, text=True, **pipes) for n in ("1", "7")
    ]
    for run in runs:
        _, said = run.communicate()
        assert run.returncode == 0, said
    return folder


@pytest.mark.parametrize("rule", RULES)
def test_a_memory_has_the_same_bits_on_any_number_of_threads(folder, rule):
    one, seven = ((folder / f"{rule}.{n}.h5").read_bytes() for n in (1, 7))
    assert one == seven
