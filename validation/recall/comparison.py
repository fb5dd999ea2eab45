"""Does Brian2 recall the same spikes as the discrete-time model?"""

import time
from dataclasses import dataclass

from wmdelays.brian_models.devices.names import DEVICES
from wmdelays.errors import InputError
from wmdelays.machine.versions import versions
from wmdelays.memory import Memory, sizes
from wmdelays.quantities import substeps
from wmdelays.rounding import rounding_bound
from wmdelays.scores import Agreement, Scores, agreement, score


@dataclass(frozen=True)
class Comparison:
    """What came out of recalling a memory in torch and in Brian2.

    Attributes
    ----------
    memory : Memory
    patterns : list of int
        The patterns that were cued.
    torch, brian2 : list of Recall
        For each of them, the recall of either simulator.
    torch_scores, brian2_scores : Scores
        Against the stored patterns.
    agreements : list of Agreement
        For each pattern, torch (first) with Brian2 (second), over the network's own spikes from
        the end of the trigger window on.
    closest_call : float or None
        The smallest abs(u - theta) over all torch recalls.
    rounding_bound : float
        How far float order can move a membrane of these recalls, see `rounding_bound`.
    settings : dict
        dt_s, device, neuron, seed and what else decided the result.
    timing : dict
        Seconds spent in each part.
    versions : dict
        Versions of the software that took part.
    """

    memory: Memory
    patterns: list
    torch: list
    brian2: list
    torch_scores: Scores
    brian2_scores: Scores
    agreements: list
    closest_call: float | None
    rounding_bound: float
    settings: dict
    timing: dict
    versions: dict

    @property
    def agreement(self):
        """Agreement over all patterns; the first difference is the earliest in its pattern."""
        differences = [a.first_difference for a in self.agreements if not a.exact]
        return Agreement(
            sum(a.matched for a in self.agreements),
            sum(a.only_first for a in self.agreements),
            sum(a.only_second for a in self.agreements),
            min(differences, default=None),
        )

    def as_dict(self):
        """The comparison as plain JSON values."""
        same = self.agreement
        return {
            "memory": sizes(self.memory),
            "torch": _score_values(self.torch_scores, self.torch),
            "brian2": _score_values(self.brian2_scores, self.brian2),
            "agreement": {
                "matched": same.matched,
                "only_torch": same.only_first,
                "only_brian2": same.only_second,
                "first_difference_s": same.first_difference,
            },
            "closest_call": self.closest_call,
            "rounding_bound": self.rounding_bound,
            "patterns": [
                {
                    "pattern": k,
                    "torch_f1": torch_score.f1,
                    "brian2_f1": brian2_score.f1,
                    "matched": one.matched,
                    "only_torch": one.only_first,
                    "only_brian2": one.only_second,
                    "first_difference_s": one.first_difference,
                }
                for k, torch_score, brian2_score, one in zip(
                    self.patterns,
                    self.torch_scores.patterns,
                    self.brian2_scores.patterns,
                    self.agreements,
                )
            ],
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": self.versions,
        }


def compare(memory, *, patterns=None, dt=None, device="auto", neuron="lif", progress=None):
    """Recall stored patterns in torch and in Brian2 and compare the spikes.

    Parameters
    ----------
    memory : Memory
    patterns : sequence of int, optional
        Which patterns to cue; by default all.
    dt : float, optional
        Brian2's time step in seconds; it has to divide the training step. By default a tenth of
        the training step.
    device : {"auto", "numpy", "cython", "cpp_standalone"}
        Where Brian2 runs; "auto" takes the one that is expected to be done first.
    neuron : str or Brian2Neuron
        The neuron model in Brian2: a name, or a model of one's own.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        If the memory has no such pattern, dt does not divide the step, or the device or neuron
        is unknown.
    """
    say = progress or (lambda stage, part: None)
    chosen = list(range(memory.n_patterns)) if patterns is None else list(patterns)
    if not memory.n_patterns:
        raise InputError("the memory holds no patterns to recall")
    for k in chosen:
        if not 0 <= k < memory.n_patterns:
            raise InputError(f"there is no pattern {k}; the memory holds 0…{memory.n_patterns - 1}")
    if len(set(chosen)) < len(chosen):
        raise InputError("a pattern is named twice")
    dt = memory.step / 10 if dt is None else dt
    n_substeps = substeps(memory.step, dt)
    if device not in ("auto", *DEVICES):
        raise InputError(f"there is no device {device!r}; there is auto, {', '.join(DEVICES)}")
    timing = {}
    say("importing Brian2", None)
    start = time.perf_counter()
    from wmdelays.brian_models import choose_device, neuron_model
    from wmdelays.brian_models import recall as brian2_recall
    from wmdelays.training.discrete.compiled import recall as torch_recall

    neuron_name = neuron_model(neuron).name
    timing["import"], start = _lap(start)
    cues, stored = memory.cues(chosen), [memory.patterns[k] for k in chosen]
    say("torch: recalling", None)
    torch = torch_recall(memory, cues)
    timing["torch"], start = _lap(start)
    if device == "auto":
        device = choose_device(memory, cues, dt, neuron)
    brian2 = brian2_recall(
        memory,
        cues,
        dt=dt,
        device=device,
        neuron=neuron,
        progress=lambda stage, part: say(f"Brian2 on {device}: {stage}", part),
    )
    timing["brian2"], start = _lap(start)

    calls = [r.closest_call for r in torch if r.closest_call is not None]
    return Comparison(
        memory=memory,
        patterns=chosen,
        torch=torch,
        brian2=brian2,
        torch_scores=score(torch, stored),
        brian2_scores=score(brian2, stored),
        agreements=[agreement(a.own, b.own, memory.step) for a, b in zip(torch, brian2)],
        closest_call=min(calls, default=None),
        rounding_bound=rounding_bound(memory, torch, n_substeps),
        settings={"dt_s": memory.step / n_substeps, "device": device, "neuron": neuron_name},
        timing=timing,
        versions=versions(),
    )


def _lap(start):
    now = time.perf_counter()
    return now - start, now


def _score_values(scores, recalls):
    return {
        "f1": scores.total.f1,
        "precision": scores.total.precision,
        "recall": scores.total.recall,
        "worst_pattern_f1": scores.worst_pattern_f1,
        "n_spikes": sum(len(recall.own) for recall in recalls),
    }
