"""How much damage to a cue, and how untidy neurons, a recall bears."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np

from wmdelays.draws import random_numbers
from wmdelays.errors import InputError, parameter
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.machine.free_memory import check_memory
from wmdelays.machine.temporary import temporary_folder
from wmdelays.memory import Memory
from wmdelays.quantities import LARGEST_SEED, checked_seed, whole
from wmdelays.recalls import check_room
from wmdelays.scores import score
from wmdelays.timing import score_times
from wmdelays.validation.recall.damage import KINDS, PUBLISHED
from wmdelays.validation.recall.simulators import DEFAULT, recall, set_up
from wmdelays.validation.recall.simulators import simulator as simulator_of
from wmdelays.validation.work.points import check_number, compute
from wmdelays.validation.work.result_rows import DamageFigures, DamageSetting
from wmdelays.validation.work.results import Results, kept_in
from wmdelays.words import printable, share

# Steps of random spikes before the trigger, as the reference has them.
BEFORE = 50
# Points that are recalled in one call: what a call costs once is then small.
_TOGETHER = 6
# Long recalls go alone, so that progress is told and Ctrl-C answered after each.
_STEPS_TOGETHER = 600_000
# Bytes that a spike of a cue or a recall takes, and each that is lost.
_OF_A_SPIKE = 16
# Kinds whose value is the probability that a spike is lost.
_LOSING = ("lost", "noise")


class Setting(DamageSetting):
    kind: Literal[tuple(KINDS)]


def of_today(setting):
    """A setting of a row as it is written today.

    Earlier versions called the compiled loop torch. What torch makes today names torch's device.
    """
    if setting["simulator"] == "torch" and "device" not in setting:
        return {**setting, "simulator": "compiled"}
    return setting


def robustness(
    memories: Memory | str | Path | Sequence[Memory | str | Path],
    *,
    damage: Sequence[str] = PUBLISHED,
    values: Sequence[float] | None = None,
    draws: int = 3,
    before: int = BEFORE,
    simulator: str = DEFAULT,
    dt: float | None = None,
    device: str = "auto",
    seed: int = 0,
    results: Results | str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> list[dict]:
    """Recall all patterns of memories from damaged cues, with damaged synapses and untidy neurons.

    Every point is a kind of damage, its value and a draw; all patterns are cued with it, each with
    random numbers of its own. They depend on the seed, the kind, the value and the draw alone, so
    every simulator gets the same damage. Only noise that is drawn anew through a recall each
    simulator draws for itself.

    Where the recall is in continuous time, the figures have the scores of `wmdelays.timing` as well.

    Parameters
    ----------
    memories : Memory, path, or sequence of them
        Memories, or files that hold some.
    damage : sequence of str
        Kinds of damage, see `KINDS`.
    values : sequence of float, optional
        Values of the one kind that is given; by default those of the kind.
    draws : int
        Number of draws for each value, where there is anything random.
    before : int
        Steps of random spikes, at the rate of the patterns, that come before the trigger; the
        reference's protocol has 50. The cue's damage applies to them as well. The kind "before"
        has as many steps as the trigger, and none of these.
    simulator, dt, device
        See `wmdelays.validation.recall.simulators.recall`.
    seed : int
    results : str, Path or Results, optional
        A file that keeps each row; points that it has are not computed again.
    workers, scheduler, progress
        See `wmdelays.validation.work.points.compute`.

    Returns
    -------
    list of dict
        The rows of all points.

    Raises
    ------
    InputError
        If a kind or a value makes no sense, or a memory cannot be read; before any work starts.

    Examples
    --------
    >>> import wmdelays
    >>> patterns = wmdelays.bernoulli(n_neurons=40, n_steps=60, n_patterns=2, rate=0.03)
    >>> memory = wmdelays.store(patterns, n_delays=20)
    >>> rows = wmdelays.robustness(memory, damage=["silenced"], values=[0, 36], draws=1, before=0)
    >>> for row in rows:
    ...     print(f"{row['setting']['value']} of 40 neurons silent: F1 {row['figures']['f1']:.2f}")
    0 of 40 neurons silent: F1 1.00
    36 of 40 neurons silent: F1 0.61
    """
    checked_seed(seed)
    whole("workers", workers, 1)
    if isinstance(memories, (Memory, str, Path)):
        memories = [memories]
    with (
        _as_files(memories) as paths,
        kept_in(results, "robustness", Setting, DamageFigures, of_today) as kept,
    ):
        settings = {"simulator": simulator, "dt": dt, "device": device}
        points, together = _points(paths, damage, values, draws, before, settings, seed)
        for path, wanted in points.items():
            compute(
                partial(recall_points, path, device),
                wanted,
                kept,
                workers=workers,
                scheduler=scheduler,
                together=together[path],
                progress=progress,
            )
        return [kept.get(*point) for wanted in points.values() for point in wanted]


@contextmanager
def _as_files(memories):
    """Paths of files that hold memories: processes that compute points read them there."""
    with ExitStack() as stack:
        paths = []
        for k, memory in enumerate(memories):
            if isinstance(memory, Memory):
                folder = stack.enter_context(temporary_folder())
                name = "memory" if len(memories) == 1 else f"memory {k}"
                write_memory(folder / f"{name}.h5", memory)
                memory = folder / f"{name}.h5"
            paths.append(str(Path(memory).resolve()))
        yield paths


def _points(paths, damage, values, draws, before, settings, seed):
    """The points of each memory file, and how many of them go together."""
    draws, before = whole("draws", draws, 1), whole("before", before, 0)
    points, n_points, together = {}, 0, {}
    simulator, device = settings["simulator"], settings["device"]
    for path in paths:
        memory = _read(path)
        if not memory.n_patterns:
            raise InputError(f"{path}: the memory holds no patterns to recall")
        common = {
            "memory": memory.fingerprint()[:16],
            "name": printable(Path(path).stem),
            "rule": str(memory.made.get("rule", "unknown")),
            "neurons": memory.n_neurons,
            "delays": memory.n_delays,
            "patterns": memory.n_patterns,
            "steps": memory.n_steps,
            "simulator": simulator,
        }
        if memory.neurons is not None:
            common["neuron"] = memory.neurons.model.name
        setup = set_up(simulator, memory, dt=settings["dt"], device=device)
        if setup.n_substeps is not None:
            common["substeps"] = setup.n_substeps
        if simulator == "torch":
            # Rows without it are of earlier versions, see `of_today`.
            common["device"] = "cpu" if device == "auto" else device
        planned = list(_plan(memory, damage, values, draws, before))
        n_points += sum(n for *_, n in planned)
        check_number(n_points, f"take fewer draws ({parameter('draws')}) or values")
        n_steps = memory.n_steps + before
        check_room(memory, n_steps, f"take fewer steps before ({parameter('before')})")
        together[path] = max(1, min(_TOGETHER, _STEPS_TOGETHER // n_steps))
        _check_cues(memory, planned, together[path])
        points[path] = [
            (
                {
                    **common,
                    **_of_untidy(memory, kind, value, settings),
                    "kind": kind,
                    "value": value,
                    "draw": draw,
                    "before": steps,
                },
                seed,
            )
            for kind, value, steps, n in planned
            for draw in range(n)
        ]
    return points, together


def _of_untidy(memory, kind, value, settings):
    """What a setting has besides where the kind makes the recall one in continuous time."""
    if KINDS[kind].variability is None:
        return {}
    asked = KINDS[kind].variability(memory, value)
    where = {"dt": settings["dt"], "device": settings["device"]}
    setup = set_up(settings["simulator"], memory, **where, variability=asked)
    return {} if setup.n_substeps is None else {"substeps": setup.n_substeps}


def kinds_of(name):
    """The kinds of damage that a simulator knows, by its name."""
    varies = simulator_of(name).varies
    return [kind for kind, one in KINDS.items() if varies or one.variability is None]


def _check_cues(memory, planned, n_together):
    """Raise an InputError unless there is memory for the cues of points that go together."""
    before = max((steps for *_, steps, _ in planned), default=0)
    # A spike of a cue is one of its recall as well.
    spikes = 2 * memory.rate
    lost = max((value for name, value, *_ in planned if name in _LOSING), default=0)
    n_cues = memory.n_patterns * min(n_together, sum(n for *_, n in planned))
    n_entries = memory.n_neurons * (memory.n_steps + before)
    check_memory(
        _OF_A_SPIKE * n_cues * n_entries * (spikes + lost),
        f"a cue for each of {memory.n_patterns} patterns with {before} steps before",
        f"take fewer steps before ({parameter('before')})",
    )


def _plan(memory, damage, values, draws, before):
    """Each kind and value, the steps before the trigger, and how many draws there are."""
    for name in damage:
        if name not in KINDS:
            raise InputError(f"there is no damage {name!r}; there are {', '.join(KINDS)}")
    if values is not None and len(damage) != 1:
        raise InputError("values belong to one kind of damage; name one")
    for name in damage:
        kind = KINDS[name]
        for value in kind.values(memory) if values is None else values:
            kind.check(name, value, memory)
            value = int(value) if kind.whole else float(value)
            steps = 0 if name == "before" else before
            random = (kind.random and value) or steps
            yield name, value, steps, draws if random else 1


@lru_cache(maxsize=2)
def _read(path):
    return read_memory(path)


def recall_points(path, device, points):
    """The figures of some points of one memory and simulator."""
    memory = _read(path)
    figures, waiting = [None] * len(points), []
    for place, (setting, seed) in enumerate(points):
        kind = KINDS[setting["kind"]]
        cues = damaged_cues(memory, setting, seed)
        if kind.variability is not None:
            drawn = int(_rng(setting, seed, "neurons").integers(LARGEST_SEED))
            asked = kind.variability(memory, setting["value"])
            recalls = _recall(memory, cues, setting, device, variability=asked, seed=drawn)
            figures[place] = _figures(memory, recalls, timed=True)
            continue
        if kind.memory is None:
            waiting.append((place, cues))
            continue
        damaged = kind.memory(memory, setting["value"], _rng(setting, seed, "synapses"))
        figures[place] = _figures(memory, _recall(damaged, cues, setting, device))
    if waiting:
        setting = points[0][0]
        recalls = iter(_recall(memory, sum((cues for _, cues in waiting), []), setting, device))
        for place, cues in waiting:
            figures[place] = _figures(memory, [next(recalls) for _ in cues])
    return figures


def damaged_cues(memory, setting, seed):
    """The cue of every pattern at a point.

    Parameters
    ----------
    memory : Memory
    setting : dict
        With the kind, value and draw of the damage and the number of steps `before`.
    seed : int

    Returns
    -------
    list of Cue
    """
    kind = KINDS[setting["kind"]]
    # A cue counts in ticks where it is for neurons in continuous time.
    n = round(memory.step / memory.tick)
    rate, cues = memory.rate / n, []
    value = setting["value"] * n if kind.steps else setting["value"]
    for k, cue in enumerate(memory.cues()):
        rng = _rng(setting, seed, k)
        cue = cue.preceded_by_noise(setting["before"] * n, rate, rng)
        cues.append(kind.cue(cue, value, rate, rng) if kind.cue else cue)
    return cues


def _rng(setting, seed, what):
    return random_numbers(seed, setting["kind"], setting["value"], setting["draw"], what)


def _recall(memory, cues, setting, device, **others):
    dt = memory.step / setting["substeps"] if "substeps" in setting else None
    return recall(memory, cues, setting["simulator"], dt=dt, device=device, **others)


def _figures(memory, recalls, timed=False):
    scores = score(recalls, memory.patterns)
    timed = timed or memory.neurons is not None
    return {
        **scores.total.as_dict(),
        "worst_pattern_f1": scores.worst_pattern_f1,
        "n_spikes": scores.total.recalled,
        **(score_times(recalls, memory.patterns).as_dict() if timed else {}),
    }


def by_setting(rows):
    """The figures of all draws of each setting.

    Parameters
    ----------
    rows : sequence of dict

    Returns
    -------
    list of (dict, list of dict)
        A setting without the draw, and the figures; in the order of `summary`.
    """
    groups = {}
    for row in rows:
        setting = {name: value for name, value in row["setting"].items() if name != "draw"}
        groups.setdefault(json.dumps(setting), (setting, []))[1].append(row["figures"])
    return list(groups.values())


def summary(rows):
    """Mean and spread over the draws, for each memory, simulator, kind and value.

    Parameters
    ----------
    rows : sequence of dict

    Returns
    -------
    list of dict
        The setting without the draw, `draws`, the mean of each figure over the draws in which it
        is known, `f1_sd` (the standard deviation of F1 over the draws and seeds) and the like for
        `f1_lag_followed` and `tempo_percent`, and `worst_pattern_f1` as the smallest. To the name of
        memories that have it and the rule in common the beginning of the fingerprint is added.
    """
    found = []
    for setting, figures in by_setting(rows):
        known = {name: _known(name, figures) for name in figures[0]}
        means = {name: float(np.mean(ones)) if ones else None for name, ones in known.items()}
        for name in _SPREAD:
            if name in known:
                ones = known[name]
                means[f"{name}_sd"] = float(np.std(ones, ddof=1)) if len(ones) > 1 else None
        means["worst_pattern_f1"] = min(one["worst_pattern_f1"] for one in figures)
        found.append({**setting, "draws": len(figures), **means})
    alike = {}
    for one in found:
        alike.setdefault((one.get("name"), one.get("rule")), set()).add(one.get("memory"))
    for one in found:
        if len(alike[one.get("name"), one.get("rule")]) > 1:
            one["name"] += f" {one['memory'][:6]}"
    return found


def _known(name, figures):
    """The values of a figure where it is known."""
    if name == "precision":
        # Earlier versions wrote 1 where there was no spike.
        figures = [one for one in figures if one["n_spikes"]]
    return [one[name] for one in figures if one.get(name) is not None]


# Figures whose spread over the draws is told.
_SPREAD = "f1", "f1_lag_followed", "tempo_percent"


def is_timed(one):
    """Whether a line of a `summary` has the scores of `wmdelays.timing`."""
    return one.get("f1_lag_followed") is not None


def columns(found):
    """Titles of the table and what stands beneath, of each line of a `summary`."""
    several = [name for name in ("name", "simulator") if len({one[name] for one in found}) > 1]
    titles = {"name": "memory", "simulator": "simulator"}
    return {
        **{titles[name]: [one[name] for one in found] for name in several},
        "damage": [one["kind"] for one in found],
        "value": [f"{one['value']:g}" for one in found],
        "F1": [share(one["f1"]) for one in found],
        "± sd": ["" if one["f1_sd"] is None else f"{one['f1_sd']:.4f}" for one in found],
        "precision": [share(one["precision"]) for one in found],
        "recall": [share(one["recall"]) for one in found],
        "worst pattern": [share(one["worst_pattern_f1"]) for one in found],
        **(_timed_columns(found) if any(map(is_timed, found)) else {}),
        "draws": [str(one["draws"]) for one in found],
    }


def _timed_columns(found):
    titles = {f"within {ms} ms": f"f1_{ms}ms" for ms in (1, 2, 5)} | {
        "lag followed": "f1_lag_followed"
    }
    columns = {
        title: ["" if one.get(name) is None else share(one[name]) for one in found]
        for title, name in titles.items()
    }
    tempo = [one.get("tempo_percent") for one in found]
    return {**columns, "tempo (%)": ["" if one is None else f"{one:+.2f}" for one in tempo]}
