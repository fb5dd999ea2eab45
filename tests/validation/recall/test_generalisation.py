"""Unseen trials recalled: what is learned, what is counted, and what it stands beside."""

from dataclasses import replace

import numpy as np
import pytest

from wmdelays import InputError, Raster, Trials, generalise, read_trials, store
from wmdelays.files import write_trials
from wmdelays.files.file_kinds import JSON, held
from wmdelays.files.raster_files import write_raster
from wmdelays.training.discrete.compiled import recall
from wmdelays.validation.recall import controls, generalising, held_out
from wmdelays.validation.recall.generalisation import Generalisation
from wmdelays.validation.recall.held_out import Task
from wmdelays.validation.reports.recordings.generalise import answers

STEP, D, UNITS = 0.001, 15, 12
QUICK = {"n_delays": D, "damaged_epochs": 2, "presentations": 2, "merge_spikes": True, "draws": 1}


def planted(n_trials=6, seed=0, jitter=0.0006, same=True):
    """A recording with trials of 60 ms: one sequence, jittered and thinned, or one of its own each."""
    rng = np.random.default_rng(seed)
    neurons, times, drawn = [], [], None
    for k in range(n_trials):
        if drawn is None or not same:
            drawn = rng.integers(0, UNITS, 60), rng.uniform(0.002, 0.058, 60)
        kept = rng.random(60) > 0.05
        neurons.append(drawn[0][kept])
        times.append(
            0.1 * k + 0.02 + drawn[1][kept] + rng.normal(0, jitter, kept.sum()).clip(-2e-3, 2e-3)
        )
    raster = Raster(np.concatenate(neurons), np.concatenate(times), UNITS, 0.1 * n_trials + 0.1)
    starts = 0.1 * np.arange(n_trials) + 0.02
    return raster, Trials(starts, starts + 0.06, [f"lap {k}" for k in range(n_trials)])


@pytest.fixture(scope="module")
def repeated():
    return generalise(*planted(), within=0.003, **QUICK)


@pytest.fixture(scope="module")
def unrelated():
    return generalise(*planted(same=False), within=0.003, **QUICK | {"controls": ["shuffled"]})


def task_of(raster, trials, folds=((0, 2), (1, 3))):
    pieces = [raster.slice(a, b, STEP).bin(STEP, True) for a, b in zip(trials.starts, trials.stops)]
    learning = {"rule": "margin", "n_delays": D, "step": STEP, "seed": 0, "damaged_epochs": 0}
    return Task(tuple(pieces), STEP, learning, (), 0.002, folds)


def test_trials_that_repeat_a_sequence_are_recalled_unseen(repeated):
    assert repeated.better and repeated.f1() > 0.6
    assert repeated.trained_f1 > 0.9
    for kind in ("shuffled", "poisson", "permuted", "rate"):
        more, low, high = repeated.difference(kind)
        assert more > 0.3 and low <= more <= high and low > 0
        assert repeated.p_value(kind) == 2**-6


def test_trials_that_have_nothing_in_common_are_not(unrelated):
    assert not unrelated.better
    assert unrelated.trained_f1 > 0.9
    assert unrelated.f1() < 0.5


def test_nothing_of_a_held_out_trial_is_learned(monkeypatch):
    raster, trials = planted(5)
    learned = []
    real = Task.learn
    monkeypatch.setattr(
        Task, "learn", lambda task, patterns: learned.append(patterns) or real(task, patterns)
    )
    held_out._memory_of.cache_clear()
    # A control that scrambles nothing shows which trials it is given.
    plain = replace(controls.CONTROLS["shuffled"], trials=lambda patterns, tick, rng: patterns)
    monkeypatch.setitem(controls.CONTROLS, "shuffled", plain)
    quick = QUICK | {"controls": ["shuffled"], "damaged_epochs": 0}
    found = generalise(raster, trials, **quick)
    whole = [raster.slice(a, b, STEP).bin(STEP, True) for a, b in zip(trials.starts, trials.stops)]
    left_out = [[k for k, one in enumerate(whole) if one not in patterns] for patterns in learned]
    assert sorted(left_out) == [[0], [0], [1], [1], [2], [2], [3], [3], [4], [4]]
    assert found.n_folds == 5
    assert all(len(patterns) == 4 for patterns in learned)


def test_a_trial_is_cued_with_its_own_first_spikes_and_scored_on_the_others():
    raster, trials = planted(4)
    task = task_of(raster, trials)
    setting = {"fold": 0, "kind": "learned", "draw": 0}
    ((figures),) = held_out.recall_points(task, [(setting, 0)])
    memory = store([task.patterns[1], task.patterns[3]], **task.learning)
    for k, pattern in enumerate(task.patterns):
        steps = pattern.steps(STEP)
        cue = memory.cues()[0].from_pattern(pattern, D, STEP)
        assert set(cue.spikes.steps(STEP)) <= set(range(D))
        own = recall(memory, [cue])[0].own
        made = [(int(t), int(j)) for t, j in zip(own.steps(STEP), own.neurons) if t >= D]
        wanted = [(int(t), int(j)) for t, j in zip(steps, pattern.neurons) if t >= D]
        # By hand: in the order of time each spike takes the first of its unit within two steps.
        matched, free = 0, sorted(made)
        for t, j in sorted(wanted):
            near = next((one for one in free if one[1] == j and abs(one[0] - t) <= 2), None)
            if near is not None:
                free.remove(near)
                matched += 1
        counted = [figures[f"{name}_{k}"] for name in ("matched", "recalled", "stored")]
        assert counted == [matched, len(made), len(wanted)]


def test_shuffled_trials_keep_rates_and_intervals_and_lose_when_units_fire():
    task = task_of(*planted(4))
    made = controls.shuffled(task.patterns, STEP, np.random.default_rng(0))
    n = task.patterns[0].n_steps(STEP)
    for one, other in zip(task.patterns, made):
        assert other.n_steps(STEP) == n
        for unit in range(UNITS):
            before, after = (np.sort(r.steps(STEP)[r.neurons == unit]) for r in (one, other))
            around = [np.sort(np.diff(x, append=x[:1] + n)) for x in (before, after)]
            assert np.array_equal(*around)
        assert other != one


def test_exchanged_trials_hold_each_units_spikes_of_another_trial():
    task = task_of(*planted(4))
    made = controls.exchanged(task.patterns, STEP, np.random.default_rng(1))

    def trains(patterns, unit):
        return [tuple(one.steps(STEP)[one.neurons == unit]) for one in patterns]

    sources = []
    for unit in range(UNITS):
        before, after = trains(task.patterns, unit), trains(made, unit)
        assert sorted(before) == sorted(after)
        sources.append(tuple(map(before.index, after)))
    assert len(set(sources)) > 4


def test_poisson_spikes_have_the_rates_of_the_units():
    task = task_of(*planted(4))
    rng = np.random.default_rng(2)
    made = sum(
        np.bincount(one.neurons, minlength=UNITS)
        for _ in range(200)
        for one in controls.poisson(task.patterns, STEP, rng)
    )
    real = sum(np.bincount(one.neurons, minlength=UNITS) for one in task.patterns)
    assert np.allclose(made / 200, real, rtol=0.15, atol=0.3)


def test_permuted_units_are_the_same_network_under_other_names():
    task = task_of(*planted(4))
    memory = store(task.patterns, **task.learning)
    other = controls.permuted(memory, np.random.default_rng(3))
    names = np.random.default_rng(3).permutation(UNITS)
    assert not np.array_equal(names, np.arange(UNITS))
    pattern = task.patterns[0]
    renamed = Raster(names[pattern.neurons], pattern.times, UNITS, pattern.duration)
    cue = memory.cues()[0]
    (real,), (made,) = (
        recall(one, [cue.from_pattern(shown, D, STEP)])
        for one, shown in ((memory, pattern), (other, renamed))
    )
    assert len(real.own) > 20
    assert Raster(names[real.own.neurons], real.own.times, UNITS, real.own.duration) == made.own


def test_the_most_similar_trial_is_told_by_the_cue_alone():
    one, two, three, _ = task_of(*planted(4, same=False)).patterns
    early, late = three.steps(STEP) < D, two.steps(STEP) >= D
    mixed = Raster(
        np.concatenate([three.neurons[early], two.neurons[late]]),
        np.concatenate([three.times[early], two.times[late]]),
        UNITS,
        three.duration,
    )
    assert controls.most_similar([one, two, three], mixed, D, STEP, None) is three


def test_a_guess_of_the_mean_course_has_spikes_of_the_learned_trials_alone():
    patterns = task_of(*planted(4)).patterns
    guess = controls.mean_course(patterns[:3], patterns[3], D, STEP, np.random.default_rng(0))
    known = {(t, j) for one in patterns[:3] for t, j in zip(one.steps(STEP), one.neurons)}
    made = set(zip(guess.steps(STEP), guess.neurons))
    assert len(made) > 20 and made <= known
    assert all(made != set(zip(one.steps(STEP), one.neurons)) for one in patterns)


def test_what_a_results_file_has_is_not_computed_again(tmp_path, monkeypatch):
    given = planted(5)
    quick = QUICK | {"damaged_epochs": 0, "draws": 1, "seed": 3}
    plain = generalise(*given, **quick)
    calls, real = [], generalising.recall_points

    def interrupted(task, points):
        if len(calls) == 9:
            raise KeyboardInterrupt
        calls.append(points)
        return real(task, points)

    monkeypatch.setattr(generalising, "recall_points", interrupted)
    with pytest.raises(KeyboardInterrupt):
        generalise(*given, **quick, results=tmp_path / "r.jsonl")
    monkeypatch.setattr(generalising, "recall_points", real)
    again = generalise(*given, **quick, results=tmp_path / "r.jsonl")
    for kind, counts in plain.counts.items():
        assert np.array_equal(counts, again.counts[kind])
    assert np.array_equal(plain.trained, again.trained)
    monkeypatch.setattr(generalising, "recall_points", interrupted)
    assert generalise(*given, **quick, results=tmp_path / "r.jsonl").f1() == plain.f1()
    # Another task is another point.
    with pytest.raises(KeyboardInterrupt):
        generalise(*given, **quick, kappa=0.4, results=tmp_path / "r.jsonl")


def test_better_than_chance_is_better_than_every_control():
    def found(**f1):
        counts = {kind: np.array([[[k, 10, 10]] * 6]) for kind, k in f1.items()}
        return Generalisation(tuple("abcdef"), counts, np.full((6, 3), 9), 0.01, 6, {})

    assert found(learned=6, shuffled=5, poisson=4, course=9).better
    one = found(learned=6, shuffled=7, poisson=4, rate=1)
    assert not one.better
    first, second, *_ = answers(one)
    assert first == (
        "Held-out trials are not recalled better than chance: F1 within 10 ms 0.600 against 0.700 for"
        " shuffled trials."
    )
    assert "6 trials, each held out by itself" in second and "is -0.100 (from -0.100" in second
    # Few trials cannot tell, whatever they show.
    few = {kind: np.array([[[k, 10, 10]] * 4]) for kind, k in (("learned", 9), ("shuffled", 1))}
    few = Generalisation(tuple("abcd"), few, np.full((4, 3), 9), 0.01, 4, {})
    assert not few.better and answers(few)[0].startswith("From 4 trials it cannot be told")


@pytest.mark.parametrize("n, said", [(0, "falls silent: 0 spikes"), (99, "runs away: 9.9 spikes")])
def test_a_recall_that_dies_out_or_runs_away_is_said(n, said):
    counts = {"learned": np.array([[[0, n, 10]] * 6]), "rate": np.array([[[1, 10, 10]] * 6])}
    found = Generalisation(tuple("abcdef"), counts, np.full((6, 3), [1, 9, 9]), 0.01, 6, {})
    lines = answers(found)
    assert any(said in line for line in lines)
    assert any(
        "The learned trials themselves are not recalled (F1 0.111)" in line for line in lines
    )


def test_many_trials_are_held_out_in_five_parts_and_each_once():
    folds = generalising._folds(23, None, 0)
    assert len(folds) == 5 and sorted(sum(folds, ())) == list(range(23))
    assert generalising._folds(23, None, 1) != folds
    assert len(generalising._folds(10, None, 0)) == 10


@pytest.mark.parametrize(
    "trials, options, said",
    [
        (Trials([0.0], [0.1]), {}, "there is one trial"),
        (
            Trials([0.0, 0.05], [0.06, 0.11]),
            {},
            "trial 0 and trial 1 overlap: what is held out would",
        ),
        (Trials([0.0, 0.1], [0.06, 0.16]), {"folds": 3}, "there are 2 trials for 3 folds"),
        (
            Trials([0.0, 0.1], [0.06, 0.16]),
            {"n_delays": 60},
            "leave nothing to recall after a cue of 60",
        ),
        (
            Trials([0.02, 0.1], [0.08, 0.16]),
            {"n_delays": 59},
            "holds no spikes after a cue of 59 steps",
        ),
        (Trials([0.0, 0.1], [0.06, 0.18]), {}, "length='shortest'"),
        (
            Trials([0.0, 0.1], [0.06, 0.16]),
            {"controls": ["chance"]},
            "no control 'chance'; there are shuf",
        ),
        (Trials([0.0, 0.1], [0.06, 0.16]), {"within": -1.0}, "within is -1000 ms"),
        (Trials([0.0, 0.1], [0.06, 0.16]), {"rule": "bptt", "kappa": 1}, "no setting kappa"),
    ],
)
def test_a_mistake_is_said_before_anything_is_learned(trials, options, said, monkeypatch):
    monkeypatch.setattr(Task, "learn", None)
    with pytest.raises(InputError, match=said):
        generalise(
            planted()[0],
            trials,
            **QUICK | {"damaged_epochs": 0} | options if "rule" not in options else options,
        )


@pytest.fixture
def lap_files(tmp_path):
    raster, trials = planted(5)
    write_raster(tmp_path / "cells.npz", raster)
    write_trials(tmp_path / "laps.csv", trials)
    return read_trials(tmp_path / "laps.csv")


def test_the_first_line_is_the_answer_and_the_numbers_are_in_json_and_report(
    wmdelays, lap_files, tmp_path, load_json
):
    done = wmdelays(
        *"generalise cells.npz --trials laps.csv --delays 15 --merge-spikes --draws 1".split(),
        *"--within 3ms --damaged-epochs 0 --json out.json --report page".split(),
    )
    assert done.returncode == 0, done.stderr
    out = load_json(tmp_path / "out.json")
    (line,) = [
        one for one in (done.stdout + done.stderr).splitlines() if one.startswith("Held-out")
    ]
    assert line.startswith("Held-out trials are recalled better than chance: F1 within 3 ms")
    assert f"{out['held_out']['f1']:.3f} against" in line
    assert out["generalises"] is True and out["n_folds"] == 5
    # The next one may take its place.
    assert held(tmp_path / "out.json") == JSON
    assert out["controls"].keys() == {"shuffled", "poisson", "permuted"}
    assert out["baselines"].keys() == {"rate", "course", "similar"}
    assert [one["name"] for one in out["trials"]] == list(lap_files.names)
    page = (tmp_path / "page" / "report.html").read_text()
    assert ">task<" not in page and ">trials<" in page
    assert line in page and "lap 4" in page
    assert (tmp_path / "page" / "figures" / "generalisation.png").stat().st_size > 5_000
    direct = generalise(
        tmp_path / "cells.npz",
        lap_files,
        n_delays=15,
        merge_spikes=True,
        draws=1,
        within=0.003,
        damaged_epochs=0,
    )
    assert direct.as_dict()["held_out"] == out["held_out"]


@pytest.mark.parametrize(
    "words, said",
    [
        ("", "name the trials with --trials"),
        ("--trials laps.csv --checkpoint c.h5", "goes on from its --results"),
        ("--trials laps.csv --within x", "--within 'x' is not a time with a unit"),
        ("--trials laps.csv --folds 9", "there are 5 trials for 9 folds"),
        ("--trials laps.csv --json laps.csv", "is named for two things"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(refused, lap_files, words, said):
    assert said in refused("generalise", "cells.npz", *words.split(), "--merge-spikes")
