import resource
import subprocess
import sys

import pytest

from wmdelays.errors import InputError
from wmdelays.machine import free_memory


def test_what_fits_is_let_through():
    free_memory.check_memory(1e6, "a raster", "take less")


def test_what_does_not_fit_is_refused_in_one_line_that_says_what_to_change():
    with pytest.raises(InputError) as refused:
        free_memory.check_memory(5e18, "a raster of 10 neurons", "take a longer step (--step)")
    line = str(refused.value)
    assert line.startswith("a raster of 10 neurons needs about 5 EB of memory, and ")
    assert line.endswith(" are free; take a longer step (--step)")


@pytest.mark.parametrize("files", ["v1", "v2"])
def test_a_containers_limit_counts(files, tmp_path, monkeypatch):
    # 1 GB allowed, 700 MB used, of which 200 MB are files that can be dropped.
    names = {
        "v2": ("memory.max", "memory.current", "memory.stat"),
        "v1": (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "memory/memory.stat",
        ),
    }[files]
    (tmp_path / "memory").mkdir()
    texts = ("1000000000\n", "700000000\n", "anon 500000000\ninactive_file 200000000\n")
    for name, text in zip(names, texts):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(free_memory, "_ROOT", tmp_path)
    assert free_memory.free_memory() == 500_000_000


def test_a_group_without_a_limit_says_nothing(tmp_path, monkeypatch):
    for name, text in (("memory.max", "max\n"), ("memory.current", "5\n"), ("memory.stat", "")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(free_memory, "_ROOT", tmp_path)
    assert list(free_memory._left_by_groups()) == []


def test_the_limit_of_the_shell_counts():
    gigabyte = 1 << 30
    program = "from wmdelays.machine.free_memory import free_memory; print(free_memory())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 * gigabyte, 4 * gigabyte)),
    )
    assert 0 < int(done.stdout) < 4 * gigabyte


@pytest.mark.parametrize(
    "size, text",
    [
        (0, "0 bytes"),
        (512, "512 bytes"),
        (999.7e6, "1 GB"),
        (3.21e9, "3.21 GB"),
        (10**400, "more than any machine's memory"),
    ],
)
def test_sizes_in_words(size, text):
    assert free_memory.in_words(size) == text
