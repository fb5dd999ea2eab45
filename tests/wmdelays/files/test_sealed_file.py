"""Files that are written whole or not at all, and read only if nothing in them has changed."""

import os
import random
import resource
import shutil
import subprocess
import sys

import h5py
import pytest

from wmdelays import InputError
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.files.sealed_file import seal

WRITER = """
import os, random, signal, sys, time
import wmdelays.files.memory_file as memory_file
import wmdelays.files.output as output
import wmdelays.files.sealed_file as sealed_file
import wmdelays.files.sonata as sonata
import wmdelays.machine.unfinished as unfinished

folder, how = sys.argv[1:]
path = f"{folder}/m.h5"
new = memory_file.read_memory(f"{folder}/new.h5")

def in_child(work):
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(0)
    return child

def check():
    with open(path, "rb") as file:
        content = file.read()
    contents = [open(f"{folder}/{name}.h5", "rb").read() for name in ("old", "new")]
    memory_file.read_memory(path)
    print(contents.index(content), *sorted(set(os.listdir(folder)) - {"old.h5", "new.h5", "m.h5"}))
    with open(path, "wb") as file:
        file.write(contents[0])

if how == "random":
    old = memory_file.read_memory(f"{folder}/old.h5")
    def work():
        while True:
            memory_file.write_memory(path, new)
            memory_file.write_memory(path, old)
    rng = random.Random(1)
    begin = time.perf_counter()
    for _ in range(5):
        memory_file.write_memory(path, new)
    one_write = (time.perf_counter() - begin) / 5
    for _ in range(40):
        child = in_child(work)
        time.sleep(rng.uniform(0, 4 * one_write))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        check()
else:
    files = {one.__file__ for one in (memory_file, output, sealed_file, sonata, unfinished)}
    def killed_at(n):
        left = [n]
        def trace(frame, event, argument):
            if frame.f_code.co_filename not in files:
                return None
            if event == "line":
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace
        def work():
            sys.settrace(trace)
            memory_file.write_memory(path, new)
        return work
    n, killed = 0, True
    while killed:
        killed = os.waitpid(in_child(killed_at(n)), 0)[1] == signal.SIGKILL
        check()
        n += 1
"""


def killed_writes(folder, make_memory, how):
    write_memory(folder / "old.h5", make_memory(seed=1, n_patterns=1))
    write_memory(folder / "new.h5", make_memory(seed=2, n_patterns=1))
    shutil.copy(folder / "old.h5", folder / "m.h5")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(folder), how],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = [line.split(" ") for line in done.stdout.splitlines()]
    for _, *left in found:
        assert len(left) <= 1, "what the one before left was swept"
        assert all(name.startswith(".wmdelays-") and name.endswith(".tmp") for name in left)
    return [which for which, *_ in found], [left for _, *left in found]


def test_a_write_killed_at_any_line_leaves_the_old_file_or_the_new_one(tmp_path, make_memory):
    which, left = killed_writes(tmp_path, make_memory, "every line")
    first_new = which.index("1")
    assert len(which) > 50
    assert set(which[:first_new]) == {"0"} and set(which[first_new:]) == {"1"}
    assert any(left) and not left[-1]


def test_writes_killed_at_random_moments_leave_the_old_file_or_the_new_one(tmp_path, make_memory):
    which, left = killed_writes(tmp_path, make_memory, "random")
    assert len(which) == 40 and {"0"} < set(which)
    assert any(left)


@pytest.mark.parametrize(
    "where", ["os.fsync", "os.replace", "h5py.Group.create_group", "secrets.token_hex"]
)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_alone(
    tmp_path, make_memory, monkeypatch, where, error
):
    write_memory(tmp_path / "m.h5", make_memory(seed=1))
    old = (tmp_path / "m.h5").read_bytes()

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(where, fail)
    wanted = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(wanted) as refused:
        write_memory(tmp_path / "m.h5", make_memory(seed=2))
    if wanted is InputError:
        assert str(refused.value) == f"{tmp_path}/m.h5: cannot be written: No space left on device"
    assert [f.name for f in tmp_path.iterdir()] == ["m.h5"]
    assert (tmp_path / "m.h5").read_bytes() == old


FULL_DISK = """
import resource, sys
from wmdelays import InputError
from wmdelays.files.memory_file import read_memory, write_memory

memory = read_memory(sys.argv[1])
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for limit in range(0, int(sys.argv[3]), 1000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        write_memory(sys.argv[2], memory)
    except InputError as error:
        assert str(error) == f"{sys.argv[2]}: cannot be written: File too large", error
    else:
        sys.exit("was written")
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on file sizes here")
def test_a_disk_that_is_full_anywhere_in_the_file_is_one_line(tmp_path, make_memory):
    write_memory(tmp_path / "m.h5", make_memory())
    size = (tmp_path / "m.h5").stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path / "m.h5", tmp_path / "n.h5", str(size)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [f.name for f in tmp_path.iterdir()] == ["m.h5"]


def test_places_that_cannot_be_written_are_refused_and_nothing_is_left(tmp_path, make_memory):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.rglob("*"))
    for name in ("missing/m.h5", "folder", "file/m.h5", "pipe", "x" * 300 + ".h5"):
        with pytest.raises(InputError) as refused:
            write_memory(tmp_path / name, make_memory())
        assert "\n" not in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused(tmp_path, make_memory):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        write_memory(tmp_path / "m.h5", make_memory())
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


def test_a_file_cut_at_any_length_is_refused(tmp_path, make_memory, refusal):
    path = tmp_path / "m.h5"
    write_memory(path, make_memory(n_patterns=1))
    size = path.stat().st_size
    for length in sorted({*range(1025), *range(0, size, 7), size - 1}, reverse=True):
        os.truncate(path, length)
        refusal(path)


def test_a_longer_file_is_refused(tmp_path, make_memory, refusal):
    path = tmp_path / "m.h5"
    write_memory(path, make_memory())
    with open(path, "ab") as file:
        file.write(b"\0")
    assert "checksum" in refusal(path)


def test_a_change_of_any_byte_is_refused(tmp_path, make_memory, refusal):
    path = tmp_path / "m.h5"
    write_memory(path, make_memory())
    size = path.stat().st_size
    rng = random.Random(1)
    positions = {*range(0, 512, 4), *range(512, 640), *rng.sample(range(size), 300)}
    with open(path, "r+b", buffering=0) as file:
        for position in positions:
            byte = os.pread(file.fileno(), 1, position)
            os.pwrite(file.fileno(), bytes([byte[0] ^ rng.randrange(1, 256)]), position)
            refusal(path)
            os.pwrite(file.fileno(), byte, position)
    read_memory(path)


def test_other_files_are_refused(tmp_path, refusal):
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("unit,time_s\n0,0.1\n")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1.0]
    with h5py.File(tmp_path / "title.h5", "w", userblock_size=512) as file:
        file["x"] = [1.0]
    seal(tmp_path / "title.h5")
    (tmp_path / "no hdf5").write_bytes(bytes(5000))
    seal(tmp_path / "no hdf5")
    (tmp_path / "title alone").write_bytes(b"wmdelays memory\nsha256 ")
    names = [
        "empty",
        "text",
        "folder",
        "pipe",
        "loop",
        "other.h5",
        "title.h5",
        "no hdf5",
        "title alone",
    ]
    for name in (*names, "missing", "missing/m.h5", "text/m.h5", "x" * 300):
        refusal(tmp_path / name)
    refusal("/dev/zero")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path, make_memory, refusal):
    write_memory(tmp_path / "m.h5", make_memory())
    (tmp_path / "m.h5").chmod(0)
    assert "Permission denied" in refusal(tmp_path / "m.h5")
