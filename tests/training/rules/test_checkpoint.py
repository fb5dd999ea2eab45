"""Checkpoint files."""

import json
from typing import Any

import h5py
import numpy as np
import pytest

from wmdelays import InputError, Memory
from wmdelays.files import output
from wmdelays.patterns import bernoulli
from wmdelays.training.rules.checkpoint import fingerprint, resume, write_checkpoint
from wmdelays.training.storing import store


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


PATTERNS = bernoulli(8, 40, 2, 0.06, seed=1)
LEARNING = {
    "margin": dict(epochs=3, damaged_epochs=0),
    "pruned": dict(
        epochs=3, damaged_epochs=0, prune="recall", lost=0, added=0, silenced=0, noise=0
    ),
    "bptt": dict(epochs=2, warm_up=0),
}


@pytest.fixture
def learned(tmp_path, kind):
    """A function that goes on from the checkpoint of a rule after it was changed, digest included."""
    rule = "bptt" if kind == "bptt" else "margin"
    path = tmp_path / "c.h5"

    def learn():
        return store(PATTERNS, rule, n_delays=4, checkpoint=path, **LEARNING[kind])

    def go_on(change):
        write_checkpoint_again(path, change)
        return learn()

    learn()
    return go_on


def write_checkpoint_again(path, change):
    with h5py.File(path) as file:
        owner = file.attrs["owner"]
        state = json.loads(file["state"].asstr()[()])
        arrays = {name: array[()] for name, array in file["arrays"].items()}
    change(state, arrays)
    write_checkpoint(path, owner, state, arrays)


def put(name, value):
    return lambda state, arrays: state.update({name: value})


def change(name, value):
    """Another array in the place of one; or None of them."""

    def work(state, arrays):
        array = arrays.pop(name)
        if value is not None:
            arrays[name] = value(array)

    return work


def with_nan(array):
    array[..., -1] = np.nan
    return array


@pytest.mark.parametrize("kind", LEARNING)
def test_a_checkpoint_that_nobody_changed_is_gone_on_with(learned):
    learned(lambda state, arrays: None)


@pytest.mark.parametrize("kind", ["margin", "pruned"])
def test_places_in_64_bits_as_earlier_versions_wrote_them_are_gone_on_with(learned):
    learned(change("block.place.0", lambda a: a.astype(np.int64)))


@pytest.mark.parametrize(
    ("kind", "changed", "words"),
    [
        ("margin", put("n_stages", 10**9), "stages; there are 1 at most"),
        ("margin", put("n_stages", 0), "is in stage 1 of 0"),
        ("pruned", put("n_stages", 10**9), "stages; there are"),
        ("margin", put("n_stages", "1"), "Expected `int`, got `str`"),
        ("margin", put("n_stages", 10**400), "Expected `int` <="),
        ("margin", put("stage", 2), "is in stage 2 of 1"),
        ("margin", put("stage", -1), "Expected `int` >= 0"),
        ("margin", put("epoch", 3), "is in epoch 3 of a stage of 1"),
        ("margin", put("flags", []), "has 0 blocks, not 1"),
        ("margin", put("flags", [[False, False]] * 2), "has 2 blocks, not 1"),
        ("margin", put("flags", [[1, 0]]), "Expected `bool`"),
        ("margin", put("history", [{"epoch": 1}]), "missing required field"),
        ("margin", put("history", None), "Expected `array`"),
        ("margin", lambda state, arrays: state.pop("stage"), "missing required field `stage`"),
        ("margin", change("block.place.0", None), "has no array block.place.0"),
        ("margin", change("block.weight.0", None), "has no array block.weight.0"),
        ("margin", change("prunable", None), "has no array prunable"),
        ("margin", change("prunable", lambda a: a[:, :-1]), "prunable"),
        ("margin", change("block.place.0", lambda a: a[::-1].copy()), "places"),
        ("margin", change("block.place.0", lambda a: a - a[0] - 1), "places"),
        ("margin", change("block.place.0", lambda a: a + 32 * 32), "places"),
        ("margin", change("block.place.0", lambda a: a[:-1]), "block.weight.0"),
        ("margin", change("block.place.0", lambda a: a.astype(float)), "block.place.0"),
        ("margin", change("block.weight.0", lambda a: a[:, None]), "block.weight.0"),
        ("margin", change("block.weight.0", with_nan), "not finite"),
        ("pruned", change("before.place.0", None), "has no array before.place.0"),
        ("bptt", put("history", []), "has no history"),
        ("bptt", put("history", [{"loss": None, "f1": "1"}]), "Expected `float`"),
        ("bptt", change("weights", None), "has no array weights"),
        ("bptt", change("weights", lambda a: a[:-1]), "weights"),
        ("bptt", change("weights", with_nan), "not finite"),
        ("bptt", change("best", lambda a: a.astype("f8")), "best"),
        ("bptt", change("random", np.zeros_like), "no state of random numbers"),
        ("bptt", change("random", lambda a: a[:-1]), "random"),
        ("bptt", change("optimizer.step", None), "has no array optimizer.step"),
        ("bptt", change("optimizer.exp_avg", lambda a: a[0]), "optimizer.exp_avg"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_one_line(learned, changed, words):
    with pytest.raises(InputError, match="the checkpoint .*c.h5 ") as refused:
        learned(changed)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_a_checkpoint_that_another_run_has_taken_away_is_told(tmp_path):
    with pytest.raises(InputError, match="c.h5 is gone: .*; run the command again"):
        resume(tmp_path / "c.h5", "owner", dict, lambda *found: None)


def test_a_name_that_is_no_text_is_one_line(tmp_path):
    write_checkpoint(tmp_path / "c.h5", "me", {}, {"weights": np.arange(3.0)})
    content = (tmp_path / "c.h5").read_bytes()
    assert content.count(b"weights") == 1
    (tmp_path / "c.h5").write_bytes(content.replace(b"weights", b"wei\xffhts"))
    with pytest.raises(InputError, match="is damaged; remove it"):
        read_checkpoint(tmp_path / "c.h5", "me")


def test_a_checkpoint_does_not_lead_to_other_files(tmp_path):
    for name in ("c.h5", "other.h5"):
        write_checkpoint(tmp_path / name, "me", {}, {"w": np.arange(3.0)})
    for name in ("state", "arrays", "arrays/w"):
        with h5py.File(tmp_path / "c.h5", "r+") as file:
            del file[name]
            file[name] = h5py.ExternalLink(str(tmp_path / "other.h5"), name)
        with pytest.raises(InputError, match="has "):
            read_checkpoint(tmp_path / "c.h5", "me")
        write_checkpoint(tmp_path / "c.h5", "me", {}, {"w": np.arange(3.0)})
