"""Recordings cut at their trials."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wmdelays import InputError, Raster, Trials, cut_trials

STEP = 0.01
FRAME = 1 / 30


def recording(seed=0, n=400, n_units=5, length=20.0):
    rng = np.random.default_rng(seed)
    return Raster(rng.integers(0, n_units, n), np.sort(rng.uniform(0, length, n)), n_units, length)


def steps_of(piece, step=STEP):
    return set(zip(piece.steps(step).tolist(), piece.neurons.tolist()))


@given(st.integers(0, 1000), st.floats(0.5, 4), st.floats(0.5, 4), st.floats(0, 5), st.floats(0, 5))
def test_each_piece_holds_the_spikes_of_its_trial_and_silence_after(seed, one, two, start, gap):
    raster = recording(seed)
    trials = Trials([start, start + one + gap], [start + one, start + one + gap + two])
    longest, shortest = (
        cut_trials(raster, trials, STEP, length=length) for length in ("longest", "shortest")
    )
    for piece, a, b in zip(longest, trials.starts, trials.stops):
        inside = (raster.times >= a) & (raster.times < b)
        # By hand: the step of a spike counts from the trial's start.
        wanted = np.floor((raster.times[inside] - a) / STEP + 1e-6).astype(int)
        assert steps_of(piece) == set(zip(wanted.tolist(), raster.neurons[inside].tolist()))
        assert piece.start == pytest.approx(a)
    n = {piece.n_steps(STEP) for piece in longest}
    assert len(n) == 1 and abs(n.pop() - max(one, two) / STEP) <= 1
    (n,) = {piece.n_steps(STEP) for piece in shortest}
    assert abs(n - min(one, two) / STEP) <= 1
    for cut, whole in zip(shortest, longest):
        # A piece ends after whole steps, a trial may end within its last one.
        assert {one for one in steps_of(whole) if one[0] < n - 1} == {
            one for one in steps_of(cut) if one[0] < n - 1
        }


def test_lengths_that_differ_are_refused_with_the_shortest_and_the_longest_and_what_mends_it():
    trials = Trials([1, 4, 9], [3.5, 6, 12], ["a", "b", "c"])
    with pytest.raises(InputError) as error:
        cut_trials(recording(), trials, STEP)
    said = str(error.value)
    assert "200 steps (2 s, trial b) to 300 steps (3 s, trial c)" in said
    assert "length='shortest' cuts" in said and "length=2.5 does" in said and "warp=True" in said
    for length, n in (("shortest", 200), ("longest", 300), (2.5, 250), (4.0, 400)):
        pieces = cut_trials(recording(), trials, STEP, length=length)
        assert [piece.n_steps(STEP) for piece in pieces] == [n] * 3


@pytest.mark.parametrize(
    "events", [[2.2314, 5.1178, 10.7772], [2.23, 5.11, 10.77], [2.2314, 5.1, 10.77]]
)
def test_an_event_comes_to_the_same_step_of_every_piece(events):
    events = np.array(events)
    raster = Raster([0, 1, 0, 1, 0, 1], np.sort([*events, *(events + 0.5)]), 2, 14.0)
    trials = Trials([1, 4, 9], [3.5, 6, 12], columns={"bell": events.tolist()})
    early = np.ceil((events - trials.starts) / STEP - 1e-6)
    for length, n in (("shortest", early.min()), ("longest", early.max())):
        cut = cut_trials(raster, trials, STEP, length=length, align="bell")
        assert {tuple(sorted(steps_of(piece))) for piece in cut} == {((n, 0), (n + 50, 1))}
    said = cut_trials(raster, trials, STEP, length=1.0, align="bell", before=0.3)
    assert {tuple(sorted(steps_of(piece))) for piece in said} == {((30, 0), (80, 1))}
    assert [piece.n_steps(STEP) for piece in said] == [100] * 3


def test_what_lies_outside_a_trial_is_not_in_its_piece():
    raster = Raster([0, 0, 0, 0], [0.5, 1.5, 2.5, 6.5], 1, 9.0)
    trials = Trials([1.0, 6.0], [2.0, 8.5])
    short, _ = cut_trials(raster, trials, STEP, length="longest")
    assert short.times.tolist() == [0.5] and short.n_steps(STEP) == 250


def test_frames_that_were_rounded_are_cut_at_their_frames():
    frames = np.array([30, 31, 45, 59, 90, 91, 105, 119])
    raster = Raster(np.zeros(8, int), np.round(frames / 30, 2), 1, 4.5)
    pieces = cut_trials(raster, Trials([1.0, 3.0], [2.0, 4.0]), FRAME)
    assert [piece.steps(FRAME).tolist() for piece in pieces] == [[0, 1, 15, 29]] * 2
    # A start between two frames, close to one, means it.
    (piece,) = cut_trials(raster, Trials([1.001], [1.999]), FRAME)
    assert piece.steps(FRAME).tolist() == [0, 1, 15, 29]


def test_a_trial_that_is_stretched_keeps_its_spikes_at_the_same_part_of_it():
    raster = Raster([0, 1, 0, 1], [1.0, 1.5, 4.0, 5.0], 2, 9.0)
    pieces = cut_trials(raster, Trials([1, 4], [2, 6]), STEP, warp=True)
    assert [sorted(steps_of(piece)) for piece in pieces] == [[(0, 0), (100, 1)]] * 2
    pieces = cut_trials(raster, Trials([1, 4], [2, 6]), STEP, warp=True, length="shortest")
    assert [sorted(steps_of(piece)) for piece in pieces] == [[(0, 0), (50, 1)]] * 2
    assert {piece.n_steps(STEP) for piece in pieces} == {100}


def test_a_stretch_of_a_recording_gives_the_same_pieces_as_all_of_it():
    raster, trials = recording(3), Trials([6.003, 9.0], [7.5, 10.2])
    for how in ({"length": "longest"}, {"warp": True}):
        whole = cut_trials(raster, trials, STEP, **how)
        part = cut_trials(raster.slice(5.0, None, STEP), trials, STEP, **how)
        assert [steps_of(a) for a in whole] == [steps_of(b) for b in part]
        assert [a.start for a in whole] == pytest.approx([b.start for b in part])


@pytest.mark.parametrize(
    "trials, how, said",
    [
        (
            Trials([1], [30.0]),
            {},
            r"trial 0 stops at 30 s, after the end of the recording at 20 s; .*pad=True",
        ),
        (Trials([1, 4], [2, 5]), {"before": 0.5}, "before= says how long before an event"),
        (
            Trials([1, 4], [2, 5]),
            {"length": "short"},
            "the length of trials is shortest, longest or",
        ),
        (Trials([1], [2], columns={"x": [1.5]}), {"align": "x", "warp": True}, "either aligned to"),
        (
            Trials([0.2], [2], columns={"x": [0.5]}),
            {"align": "x", "before": 1.0},
            "0.5 s before the rec",
        ),
        (
            Trials([1, 4], [2, 5], columns={"x": [1.2, 4.6]}),
            {"align": "x"},
            "trials begin 0.2 s to 0.6 s before the event: length='shortest'",
        ),
        (
            Trials([1], [2], columns={"x": [1.5]}),
            {"align": "x", "length": 0.4},
            "a pattern of 0.4 s ends before its event, 0.5 s after its beginning",
        ),
        (
            Trials([18.9, 4], [19.9, 5]),
            {},
            r"trial 0 \(18.9 to 19.9 s\) leaves a pattern without spikes",
        ),
    ],
)
def test_what_cannot_be_cut_is_one_line_that_says_what_to_do(trials, how, said):
    raster = recording()
    raster = Raster(raster.neurons[raster.times < 18], raster.times[raster.times < 18], 5, 20.0)
    with pytest.raises(InputError, match=said):
        cut_trials(raster, trials, STEP, **how)


def test_silence_follows_the_end_of_the_recording_where_it_is_asked_for():
    (piece,) = cut_trials(recording(), Trials([19], [22]), STEP, pad=True)
    assert piece.n_steps(STEP) == 300 and len(piece) and piece.times.max() < 1
