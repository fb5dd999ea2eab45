"""No pickle in a checkpoint is run; those in memories and rasters are in the tests of these files."""

import os
import pickle

import h5py
import numpy as np
import pytest

from wmdelays.errors import InputError
from wmdelays.patterns import bernoulli
from wmdelays.training import store

PATTERNS = bernoulli(8, 40, 2, 0.06, seed=1)
SETTINGS = {"margin": dict(epochs=2, damaged_epochs=0), "bptt": dict(epochs=2, warm_up=0)}


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def as_opaque(group, name, content):
    group[name] = np.void(content)


def as_bytes(group, name, content):
    group[name] = np.frombuffer(content, np.uint8)


def as_text(group, name, content):
    group.create_dataset(name, data=np.bytes_(content.hex()))


def as_vlen(group, name, content):
    made = group.create_dataset(name, (2,), dtype=h5py.vlen_dtype(np.uint8))
    made[0] = np.frombuffer(content, np.uint8)


def as_objects(group, name, content):
    made = group.create_dataset(name, (1,), dtype=h5py.string_dtype("ascii"))
    made[0] = content.hex()


def as_tagged_opaque(group, name, content):
    # What some libraries take for a pickled object.
    kind = h5py.h5t.create(h5py.h5t.OPAQUE, len(content))
    kind.set_tag(b"PYTHON:PICKLE")
    space = h5py.h5s.create_simple((1,))
    made = h5py.h5d.create(group.id, name.encode(), kind, space)
    made.write(space, space, np.array([np.void(content)]), mtype=kind)


MANNERS = (as_opaque, as_tagged_opaque, as_bytes, as_text, as_vlen, as_objects)


@pytest.mark.parametrize("rule", SETTINGS)
@pytest.mark.parametrize("manner", MANNERS)
def test_no_pickle_in_a_checkpoint_is_run(tmp_path, rule, manner):
    path, created = tmp_path / "c.h5", tmp_path / "created"
    content = pickle.dumps(Payload(created), protocol=0)

    def learn():
        return store(PATTERNS, rule, n_delays=4, checkpoint=path, **SETTINGS[rule])

    learn()
    with h5py.File(path) as file:
        names = ["state", *(f"arrays/{name}" for name in file["arrays"])]
    whole = path.read_bytes()
    # In the place of each part; beside them; and as an attribute.
    for name in names:
        with h5py.File(path, "r+") as file:
            del file[name]
            manner(file, name, content)
        with pytest.raises(InputError, match="the checkpoint .*c.h5 "):
            learn()
        path.write_bytes(whole)
    for name in ("arrays/more", "more"):
        with h5py.File(path, "r+") as file:
            manner(file, name, content)
        if name == "more":
            learn()
        else:
            with pytest.raises(InputError, match="the checkpoint .*c.h5 "):
                learn()
        path.write_bytes(whole)
    for name in ("format", "owner", "digest", "more"):
        with h5py.File(path, "r+") as file:
            file.attrs[name] = np.void(content)
        if name == "more":
            learn()
        else:
            with pytest.raises(InputError, match="the checkpoint .*c.h5 "):
                learn()
        path.write_bytes(whole)
    assert not created.exists()
    pickle.loads(content)
    assert created.exists(), "it would have been seen"
