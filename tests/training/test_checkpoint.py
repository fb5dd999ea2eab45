"""Checkpoint files."""

from typing import Any

import h5py
import numpy as np
import pytest

from wmdelays import InputError, Memory, output
from wmdelays.patterns import bernoulli
from wmdelays.training.checkpoint import fingerprint, resume, write_checkpoint


def read_checkpoint(path, owner):
    """The state and the arrays of a checkpoint."""
    found = []
    resume(path, owner, dict[str, Any], lambda *content: found.extend(content))
    return found


def memory(**changes):
    given = dict(n_neurons=3, n_delays=4, step=1e-3, beta=0.7, theta=1.0)
    given |= dict(pre=[0, 1], post=[1, 2], delay=[1, 4], weight=[0.5, 0.25])
    given |= dict(patterns=bernoulli(3, 20, 2, 0.1))
    return Memory(**(given | changes))


def test_what_is_written_is_read(tmp_path):
    state, arrays = {"history": [0.1, None]}, {"w": np.arange(6.0).reshape(2, 3)}
    write_checkpoint(tmp_path / "c.h5", "me", state, arrays)
    read_state, read_arrays = read_checkpoint(tmp_path / "c.h5", "me")
    assert read_state == state
    assert np.array_equal(read_arrays["w"], arrays["w"])


def test_a_long_history_fits(tmp_path):
    state = {"history": [0.123456789] * 20000}
    write_checkpoint(tmp_path / "c.h5", "me", state, {})
    assert read_checkpoint(tmp_path / "c.h5", "me")[0] == state


def test_a_write_that_fails_leaves_the_checkpoint_before_and_nothing_else(tmp_path, monkeypatch):
    write_checkpoint(tmp_path / "c.h5", "me", {"epoch": 1}, {})

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(output.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(tmp_path / "c.h5", "me", {"epoch": 2}, {})
    assert read_checkpoint(tmp_path / "c.h5", "me")[0] == {"epoch": 1}
    assert [f.name for f in tmp_path.iterdir()] == ["c.h5"]


def test_another_owner_is_refused(tmp_path):
    write_checkpoint(tmp_path / "c.h5", "me", {}, {})
    with pytest.raises(InputError, match="other settings or another memory"):
        read_checkpoint(tmp_path / "c.h5", "you")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("no checkpoint")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    for name in ("text", "other.h5", "missing"):
        with pytest.raises(InputError):
            read_checkpoint(tmp_path / name, "me")


@pytest.mark.parametrize(
    "changes",
    [
        {"weight": [0.5, 0.26]},
        {"delay": [1, 3]},
        {"beta": 0.6},
        {"periodic": True},
        {"patterns": bernoulli(3, 20, 2, 0.1, seed=1)},
    ],
)
def test_fingerprint_tells_memories_apart(changes):
    assert fingerprint(memory(), {}) != fingerprint(memory(**changes), {})


def test_fingerprint_tells_settings_apart_and_not_how_a_memory_was_made():
    assert fingerprint(memory(), {"a": 1}) != fingerprint(memory(), {"a": 2})
    assert fingerprint(memory(), {"a": 1}) == fingerprint(memory(made={"rule": "x"}), {"a": 1})
