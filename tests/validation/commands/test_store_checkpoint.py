"""`wmdelays store` is interrupted: how it goes on, and what it leaves."""

import pytest

from wmdelays.training.rules.margin.learner import Learner as Margin
from wmdelays.training.rules.timed_margin.learner import Learner as TimedMargin

STORE = "store bernoulli:neurons=40,steps=100,patterns=2,rate=0.02 --delays 10 --seed 3".split()
TIMED = "store refractory:neurons=40,steps=100,patterns=1,rate=0.01,interval=5 --delays 10".split()
RULES = {
    "margin": (Margin, STORE),
    "timed-margin": (TimedMargin, [*TIMED, "--for", "lif-exp", "--set", "tau_s=2ms"]),
}


@pytest.mark.parametrize("rule", RULES)
def test_an_interrupted_store_says_how_to_go_on_and_leaves_nothing_in_the_end(
    wmdelays, tmp_path, monkeypatch, rule
):
    learner, words = RULES[rule]
    assert wmdelays(*words, "-o", "whole.h5").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["whole.h5"], "a checkpoint is left"
    # A checkpoint after each block, so that it lies in the middle of a round.
    monkeypatch.setattr("wmdelays.training.rules.margin.learner._TOGETHER", 1)
    monkeypatch.setattr("wmdelays.training.rules.margin.learner.n_workers", lambda *_: 1)
    advance, calls = learner.advance, []

    def interrupted(self):
        calls.append(self)
        if len(calls) == 4:
            raise KeyboardInterrupt
        advance(self)

    command = [*words, "-o", "m.h5", "--checkpoint-every", "0"]
    with monkeypatch.context() as patch:
        patch.setattr(learner, "advance", interrupted)
        with pytest.raises(SystemExit) as ended:
            wmdelays(*command)
    said = wmdelays.capsys.readouterr().err
    assert ended.value.code == 130
    assert said == (
        f"wmdelays: interrupted; the same command goes on: wmdelays {' '.join(command)}\n"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"whole.h5", "m.h5.checkpoint"}
    done = wmdelays(*command)
    assert done.returncode == 0 and "went on from the checkpoint m.h5.checkpoint" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"whole.h5", "m.h5"}
    assert (tmp_path / "m.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()


def test_before_the_first_checkpoint_there_is_nothing_to_go_on_from(wmdelays, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Margin, "advance", interrupted)
    with pytest.raises(SystemExit):
        wmdelays(*STORE, "-o", "m.h5")
    assert wmdelays.capsys.readouterr().err == "wmdelays: interrupted\n"


def test_a_checkpoint_of_other_settings_is_kept_and_named(wmdelays, refused, monkeypatch, tmp_path):
    advance = Margin.advance

    def interrupted(self):
        if self.epoch:
            raise KeyboardInterrupt
        advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(Margin, "advance", interrupted)
        with pytest.raises(SystemExit):
            wmdelays(*STORE, "-o", "m.h5", "--checkpoint-every", "0")
    before = (tmp_path / "m.h5.checkpoint").read_bytes()
    line = refused(*STORE[:-1], 4, "-o", "m.h5")
    assert "m.h5.checkpoint belongs to other settings" in line and "remove it" in line
    assert (tmp_path / "m.h5.checkpoint").read_bytes() == before


def test_a_round_has_a_checkpoint_between_any_two_blocks(monkeypatch):
    from wmdelays import bernoulli, store
    from wmdelays.training.rules import checkpoint

    monkeypatch.setattr("wmdelays.training.rules.margin.learner._TOGETHER", 1)
    monkeypatch.setattr("wmdelays.training.rules.margin.learner.n_workers", lambda *_: 1)
    written = []
    monkeypatch.setattr(
        checkpoint, "write_checkpoint", lambda path, owner, state, arrays: written.append(state)
    )
    patterns = bernoulli(100, 60, 2, 0.02, seed=1)
    store(patterns, n_delays=10, checkpoint="none.h5", checkpoint_every=0)
    assert {state["n_learned"] for state in written} == {0, 1, 2, 3}, "100 neurons are 4 blocks"
