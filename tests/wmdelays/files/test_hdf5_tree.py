"""HDF5 files from elsewhere: what is read of them, and what they cannot do."""

import json
import os
import resource
import struct
import subprocess
import sys
import threading
import time

import h5py
import numpy as np
import pytest

from wmdelays import InputError
from wmdelays.files import hdf5_tree
from wmdelays.files.hdf5_tree import (
    Group,
    Other,
    attribute,
    dataset,
    member_group,
    read_tree,
    taken,
)
from wmdelays.machine import free_memory


@pytest.fixture
def made(tmp_path):
    """A function that makes an HDF5 file and gives its path."""

    def make(work):
        with h5py.File(tmp_path / "f.h5", "w") as file:
            work(file)
        return tmp_path / "f.h5"

    return make


def without_end(path):
    """Make the HDF5 library loop: free space of no size in the heap of texts."""
    content = bytearray(path.read_bytes())
    place = content.index(b"GCOL") + 16
    while (kept := struct.unpack_from("<HHIQ", content, place))[0]:
        place += 16 + -(-kept[3] // 8) * 8
    struct.pack_into("<Q", content, place + 8, 0)
    path.write_bytes(content)
    return path


def some_text(file):
    file.attrs["text"] = "a text"


def test_attributes_of_a_dataset_come_without_its_numbers(made):
    def work(file):
        file["edges/source"] = np.arange(3)
        file["edges/source"].attrs["population"] = "neurons"
        file["edges/source"].attrs["several"] = [1, 2]

    found = member_group(read_tree(made(work), ["edges/source/@"]), "edges/source")
    assert found.attributes == {"population": "neurons", "several": None} and not found.members


def test_groups_attributes_and_numbers_are_read_as_they_are(made):
    def work(file):
        file.attrs.update(n=3, x=0.5, yes=True, text="häm", no=[1, 2], empty=h5py.Empty("f8"))
        file["a/list"] = np.arange(5, dtype=np.uint16)
        file["a/table"] = np.arange(6.0).reshape(2, 3)
        file["a/packed"] = np.zeros((0, 3))
        file.create_dataset("a/big endian", data=np.arange(3, dtype=">f4"), compression="gzip")
        file["a/truth"] = [True, False]
        file["a/text"] = "a text"
        file["a/unasked"] = [1]

    tree = read_tree(
        made(work),
        [f"a/{n}" for n in ("list", "table", "packed", "big endian", "truth", "text", "none")],
    )
    assert tree.attributes == dict(n=3, x=0.5, yes=True, text="häm", no=None, empty=None)
    found = tree.members["a"].members
    assert set(found) == {"list", "table", "packed", "big endian", "truth", "text"}
    assert found["list"].dtype == np.uint16 and found["list"].tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(found["table"], np.arange(6.0).reshape(2, 3))
    assert found["packed"].shape == (0, 3)
    assert found["big endian"].dtype == np.dtype("=f4") and found["big endian"].tolist() == [
        0,
        1,
        2,
    ]
    assert found["truth"].tolist() == [True, False] and found["text"] == "a text"


def test_a_file_that_was_read_may_be_written_at_once(made):
    path = made(lambda file: file.create_dataset("list", data=np.zeros(200_000)))
    for _ in range(50):
        read_tree(path, ["list"])
        # The library locks what it has open.
        h5py.File(path, "r+").close()


def test_a_star_stands_for_any_name(made):
    def work(file):
        for name in ("one", "two", "é"):
            file[f"a/{name}/x"] = [1]
            file[f"a/{name}/y"] = [2]

    found = read_tree(made(work), ["a/*/x"]).members["a"].members
    assert {name: list(group.members) for name, group in found.items()} == {
        "one": ["x"], "two": ["x"], "é": ["x"]
    }  # fmt: skip


def test_a_file_that_the_library_never_ends_reading_is_one_line(made, monkeypatch):
    path = without_end(made(some_text))
    # A process of before would bring the time of all that it has read.
    monkeypatch.setattr(hdf5_tree, "_reader", None)
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(InputError, match="takes more time than a file of its size can need"):
        read_tree(path, ["x"])
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert end.ru_utime - begin.ru_utime < 10
    # The next one is read as if nothing had been.
    assert read_tree(made(some_text), []).attributes == {"text": "a text"}


def test_a_library_that_crashes_is_one_line(made, tmp_path, monkeypatch):
    program = tmp_path / "crashes.py"
    program.write_text("import os, sys\nsys.stdin.readline()\nos.abort()\n")
    monkeypatch.setattr(hdf5_tree, "_PROGRAM", program)
    monkeypatch.setattr(hdf5_tree, "_reader", None)
    with pytest.raises(InputError, match="crashes the HDF5 library .Aborted"):
        read_tree(made(some_text), [])
    program.write_text("import no_such_module\n")
    with pytest.raises(InputError, match="no process for it can start"):
        read_tree(made(some_text), [])


def test_more_members_than_a_file_can_hold_are_refused(made):
    def work(file):
        file.create_group("a")
        for k in range(300):
            file[f"a/{k}"] = file["/"]

    with pytest.raises(InputError, match="more members than a file of its size"):
        read_tree(made(work), ["/".join(["a", "*"] * 20)])


def test_one_list_under_many_names_is_refused(made):
    def work(file):
        file["a/x"] = np.zeros(10_000)
        for k in range(50):
            file[f"a/{k}"] = file["a/x"]

    with pytest.raises(InputError, match="more numbers than a file of its size"):
        read_tree(made(work), ["a/*"])


def test_memory_is_asked_for_before_numbers_are_read(made, monkeypatch):
    def work(file):
        file["x"] = np.zeros(2_000_000)

    monkeypatch.setattr(free_memory, "free_memory", lambda: 15_999_999)
    with pytest.raises(InputError, match="what the file holds needs about 16 MB of memory"):
        read_tree(made(work), ["x"])


def test_what_lies_elsewhere_or_is_no_numbers_is_not_read(made, tmp_path):
    (tmp_path / "numbers").write_bytes(bytes(80))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1.0]

    def work(file):
        file["x"] = [1.0]
        file["soft"] = h5py.SoftLink("/x")
        file["loop"] = h5py.SoftLink("/loop")
        file["other"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "x")
        file["device"] = h5py.ExternalLink("/dev/zero", "x")
        file.create_dataset("outside", (10,), "f8", external=[(str(tmp_path / "numbers"), 0, 80)])
        layout = h5py.VirtualLayout((1,), "f8")
        layout[:] = h5py.VirtualSource(".", "x", (1,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("huge", (10**12,), "f8", chunks=(1024,))
        file["compound"] = np.zeros(2, [("a", "i4")])
        file["references"] = np.array([file.ref], h5py.ref_dtype)
        file["texts"] = ["a", "b"]
        file["lists"] = np.array([np.arange(2), np.arange(3)], h5py.vlen_dtype(int))
        file["type"] = np.dtype("i4")
        file["scale"] = file["x"][:]
        del file["scale"]
        kept = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        kept.set_chunk((10,))
        kept.set_scaleoffset(h5py.h5z.SO_INT, 3)
        space = h5py.h5s.create_simple((10,))
        h5py.h5d.create(file.id, b"scale", h5py.h5t.NATIVE_INT32, space, kept)

    path = made(work)
    with h5py.File(path, "r") as file:
        names = list(file)
    tree = read_tree(path, names)
    kinds = {name: found.what for name, found in tree.members.items() if isinstance(found, Other)}
    links = dict.fromkeys(("soft", "loop", "other", "device"), "link")
    elsewhere = dict.fromkeys(("outside", "virtual", "huge"), "outside")
    no_numbers = dict.fromkeys(("compound", "references", "texts", "lists"), "no numbers")
    assert kinds == links | elsewhere | no_numbers | {"type": "something else", "scale": "packed"}
    for name in kinds:
        with pytest.raises(InputError):
            dataset(tree, name)
    assert dataset(tree, "x").tolist() == [1.0]


def test_members_and_attributes_have_to_be_what_is_asked_for(made):
    def work(file):
        file["a/x"] = [1.0]
        file.attrs.update(n=3, x=0.5, yes=True, text="3")

    tree = read_tree(made(work), ["a/x"])
    assert isinstance(member_group(tree, "a"), Group)
    for path in ("b", "a/x", "a/x/y"):
        with pytest.raises(InputError):
            member_group(tree, path)
    with pytest.raises(InputError, match="/a/x is not a table of numbers"):
        dataset(tree, "a/x", ndim=2)
    assert [
        attribute(tree.attributes, *one)
        for one in (("n", int), ("n", float), ("x", float), ("yes", bool))
    ] == [3, 3.0, 0.5, True]
    for name, kind in (
        ("x", int),
        ("yes", int),
        ("text", int),
        ("n", bool),
        ("text", float),
        ("none", int),
    ):
        with pytest.raises(InputError, match=name):
            attribute(tree.attributes, name, kind)


def test_what_cannot_be_opened_is_one_line(tmp_path):
    (tmp_path / "text").write_text("no HDF5")
    (tmp_path / "empty").touch()
    for name in ("text", "empty", "missing"):
        with pytest.raises(InputError) as refused:
            read_tree(tmp_path / name, [])
        assert "\n" not in str(refused.value)


def test_threads_and_forks_get_each_their_own_answer(made, tmp_path):
    paths = []
    for k in range(4):
        paths.append(tmp_path / f"{k}.h5")
        with h5py.File(paths[-1], "w") as file:
            file["x"] = np.full(1000, k)
    found = []

    def work(k):
        for _ in range(10):
            found.append((read_tree(paths[k], ["x"]).members["x"] == k).all())

    threads = [threading.Thread(target=work, args=[k]) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40 and all(found)


FORKS = """
import json, os, sys
import numpy as np
from wmdelays.files.hdf5_tree import read_tree
read = lambda k: int(read_tree(sys.argv[1 + k], ["x"]).members["x"][0])
found = [read(0)]
if not os.fork():
    print(json.dumps([read(1) for _ in range(5)]), flush=True)
    os._exit(0)
found += [read(0) for _ in range(5)]
os.wait()
print(json.dumps(found))
"""


def test_a_fork_reads_with_a_process_of_its_own(tmp_path):
    for k in range(2):
        with h5py.File(tmp_path / f"{k}.h5", "w") as file:
            file["x"] = [k]
    done = subprocess.run(
        [sys.executable, "-c", FORKS, *(str(tmp_path / f"{k}.h5") for k in range(2))],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[1] * 5, [0] * 6]


def test_no_process_is_left_behind(made, tmp_path):
    path = made(some_text)
    code = (
        "import sys\nfrom wmdelays.files import hdf5_tree\nhdf5_tree.read_tree(sys.argv[1], [])\n"
        "print(hdf5_tree._reader._process.pid)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, path], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    for _ in range(100):
        if not os.path.exists(f"/proc/{int(done.stdout)}"):
            break
        time.sleep(0.05)
    else:
        pytest.fail("the process that reads is still there")


def test_what_is_taken_is_there_no_more(made):
    tree = read_tree(made(lambda file: file.create_dataset("a/b/c", data=[1, 2])), ["a/b/c"])
    assert taken(tree, "a/b/c").tolist() == [1, 2]
    with pytest.raises(InputError, match="c"):
        taken(tree, "a/b/c")
