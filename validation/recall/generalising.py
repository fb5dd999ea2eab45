"""Whether a memory of some trials recalls others, which it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from wmdelays.draws import random_numbers
from wmdelays.errors import InputError, parameter
from wmdelays.files.pattern_inputs import read_trial_patterns
from wmdelays.files.recordings.intervals import trials_of
from wmdelays.files.trial_pieces import cut_trials
from wmdelays.files.trials import Trials, read_trials
from wmdelays.neurons import neurons_of
from wmdelays.quantities import checked_seed, whole
from wmdelays.raster import Raster
from wmdelays.training.rules.registry import rule_named
from wmdelays.training.rules.rule import DEFAULT, DEFAULT_FOR_NEURONS
from wmdelays.validation.recall.controls import BASELINES, CONTROLS, USUAL
from wmdelays.validation.recall.generalisation import Generalisation
from wmdelays.validation.recall.held_out import LEARNED, Task, collected, recall_points
from wmdelays.validation.work.points import check_number, compute
from wmdelays.validation.work.result_rows import TrialFigures, TrialSetting
from wmdelays.validation.work.results import Results, kept_in
from wmdelays.words import printable

# Trials are left out one at a time up to this number; for more of them in so many folds.
_ONE_AT_A_TIME, _FOLDS = 10, 5


def generalise(
    recording: Raster | str | Path,
    trials: Trials | str | Path,
    *,
    n_delays: int = 41,
    step: float = 1e-3,
    within: float | None = None,
    folds: int | None = None,
    draws: int = 5,
    controls: Sequence[str] = USUAL,
    rule: str | None = None,
    beta: float | None = None,
    theta: float | None = None,
    neurons: str | None = None,
    dt: float = 1e-4,
    parameters: Sequence[str] = (),
    length: str | float | None = None,
    align: str | None = None,
    before: float | None = None,
    warp: bool = False,
    pad: bool = False,
    merge_spikes: bool = False,
    reading: Mapping | None = None,
    seed: int = 0,
    results: Results | str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[str, float | None], None] | None = None,
    **options,
) -> Generalisation:
    """Learn from some trials, and recall others from their own first spikes.

    Trials are held out in turn. A memory learns the others; the real spikes of the first `n_delays`
    steps of a held-out trial are its cue, and what the network emits from there on is compared with
    the rest of that trial.

    Parameters
    ----------
    recording : Raster, str or Path
        A recording, or the file that holds it.
    trials : Trials, str or Path
        The trials, or the csv file that names them, see `wmdelays.read_trials`; or the name of a
        table of intervals of an NWB file.
    n_delays : int
        Largest delay in steps; also the length of the cue.
    step : float
        Training time step in seconds.
    within : float, optional
        How far a recalled spike may be from one of the trial to count, in seconds; by default one
        step.
    folds : int, optional
        In how many parts the trials are held out, one after another. By default each trial is held out
        alone where there are no more than ten, else there are five folds.
    draws : int
        Draws of each control and baseline that is random.
    controls : sequence of str
        See `CONTROLS`.
    rule, beta, theta, **options
        As in `wmdelays.store`.
    neurons, dt, parameters
        Name of neurons in continuous time, if wanted, their tick in seconds, and values of their
        parameters such as "tau_e=2ms".
    length, align, before, warp, pad
        How trials come to one length, see `wmdelays.cut_trials`.
    merge_spikes : bool
        Whether two spikes of a unit in one step may become one.
    reading : mapping, optional
        How the file is read: keywords of `wmdelays.read_raster`.
    seed : int
        Of learning, folds, and controls.
    results : str, Path or Results, optional
        A file that keeps each row; points that it has are not computed again.
    workers, scheduler, progress
        See `wmdelays.validation.work.points.compute`.

    Returns
    -------
    Generalisation

    Raises
    ------
    InputError
        If the trials do not fit to the recording, overlap or are too few, or a setting makes no sense.

    Notes
    -----
    Scores of trials in one fold come from one memory, and memories of different folds share most of
    what they learned, so trials are not independent of one another. The interval and p tell how much
    the score depends on which trials there were.

    Examples
    --------
    >>> import numpy as np
    >>> from wmdelays import Raster, Trials, generalise
    >>> unit, when = np.arange(12), np.linspace(0.005, 0.085, 12)
    >>> times = np.concatenate([when + 0.1 * k for k in range(5)])
    >>> recording = Raster(np.tile(unit, 5), times, n_neurons=12, duration=0.5)
    >>> laps = Trials(0.1 * np.arange(5), 0.1 * np.arange(1, 6))
    >>> found = generalise(recording, laps, n_delays=20, draws=1, damaged_epochs=0)
    >>> found
    <Generalisation: 5 trials, held-out F1 1.0000, better than chance>
    """
    checked_seed(seed)
    draws, within = whole("draws", draws, 1), step if within is None else within
    if not (np.isfinite(within) and within >= 0):
        raise InputError(f"within is {within * 1e3:g} ms; it has to be at least 0")
    for name in controls:
        if name not in CONTROLS:
            raise InputError(f"there is no control {name!r}; there are {', '.join(CONTROLS)}")
    if not isinstance(trials, Trials):
        within_it = not isinstance(recording, Raster)
        trials = trials_of(trials, recording) if within_it else read_trials(trials)
    _check_trials(trials)
    rule = rule or (DEFAULT if neurons is None else DEFAULT_FOR_NEURONS)
    options = rule_named(rule).checked(options, whole("delays", n_delays, 1))
    own = () if neurons is None else (neurons, dt, tuple(parameters))
    if own:
        neurons_of(neurons, 1, dt, parameters)
    tick = dt if own else step
    patterns = _patterns(
        recording,
        trials,
        step,
        tick,
        {"length": length, "align": align, "before": before, "warp": warp, "pad": pad},
        merge_spikes,
        reading or {},
    )
    learning = {"rule": rule, "n_delays": n_delays, "step": step, "seed": seed, **options}
    learning |= {k: v for k, v in (("beta", beta), ("theta", theta)) if v is not None}
    task = Task(tuple(patterns), tick, learning, own, within, _folds(len(trials), folds, seed))
    _check_lengths(task, trials)
    common = {
        "recording": "" if isinstance(recording, Raster) else printable(Path(recording).stem)[:200],
        "task": task.fingerprint[:16],
        "trials": len(trials),
        "folds": len(task.folds),
        "rule": rule,
        "neurons": patterns[0].n_neurons,
        "delays": n_delays,
        "steps": patterns[0].n_steps(step),
        "step_s": step,
        "within_s": within,
        **({"neuron": neurons} if own else {}),
    }
    points = [
        ({**common, "fold": fold, "kind": kind, "draw": draw}, seed)
        for fold in range(len(task.folds))
        for kind, n in _kinds(controls, draws)
        for draw in range(n)
    ]
    check_number(
        len(points), f"take fewer draws ({parameter('draws')}) or folds ({parameter('folds')})"
    )
    with kept_in(results, "generalise", TrialSetting, TrialFigures) as kept:
        compute(
            partial(recall_points, task),
            points,
            kept,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
        )
        rows = [kept.get(*point) for point in points]
    counts, trained = collected(rows, task, dict(_kinds(controls, draws)))
    return Generalisation(
        trials.names, counts, trained, within, len(task.folds), common, rows, seed
    )


def _kinds(controls, draws):
    """What is recalled or guessed, in the order in which it is computed, and the draws of each."""
    # Those that take the memory of the real trials come right after it.
    order = sorted(dict.fromkeys(controls), key=lambda kind: CONTROLS[kind].memory is None)
    known = CONTROLS | BASELINES
    others = [(kind, draws if known[kind].random else 1) for kind in (*order, *BASELINES)]
    return [(LEARNED, 1), *others]


def _check_trials(trials):
    if len(trials) < 2:
        raise InputError("there is one trial; to learn some and recall others takes two at least")
    both = trials.overlapping()
    if both is not None:
        one, other = map(trials.shown, both)
        raise InputError(
            f"{one} and {other} overlap: what is held out would have been learned; let trials not"
            " overlap"
        )


def _patterns(recording, trials, step, tick, how, merge_spikes, reading):
    if not isinstance(recording, Raster):
        patterns, _ = read_trial_patterns(
            recording, trials, step, **how, merge_spikes=merge_spikes, tick=tick, **reading
        )
        return patterns
    return [one.bin(tick, merge_spikes) for one in cut_trials(recording, trials, step, **how)]


def _folds(n_trials, n_folds, seed):
    """Which trials are held out together: dealt out at random, one to each fold in turn."""
    if n_folds is None:
        n_folds = n_trials if n_trials <= _ONE_AT_A_TIME else _FOLDS
    if whole("folds", n_folds, 2) > n_trials:
        raise InputError(
            f"there are {n_trials} trials for {n_folds} folds; {n_trials} folds hold out one at a time"
        )
    order = random_numbers(seed, "folds", n_trials).permutation(n_trials).tolist()
    return tuple(tuple(sorted(order[k::n_folds])) for k in range(n_folds))


def _check_lengths(task, trials):
    n_steps, n_delays = task.patterns[0].n_steps(task.tick), task.learning["n_delays"]
    if n_steps <= task.n_trigger:
        raise InputError(
            f"trials of {n_steps * task.tick:.6g} s leave nothing to recall after a cue of"
            f" {n_delays} steps ({task.n_trigger * task.tick:.6g} s); take fewer delays"
            f" ({parameter('n_delays')}) or longer trials"
        )
    for k, one in enumerate(task.patterns):
        if not (one.steps(task.tick) >= task.n_trigger).any():
            raise InputError(
                f"{trials.shown(k)} holds no spikes after a cue of {n_delays} steps"
                f" ({task.n_trigger * task.tick:.6g} s); take it out, or fewer delays"
                f" ({parameter('n_delays')})"
            )
