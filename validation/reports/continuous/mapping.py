"""What became of weights that were carried over, in words."""

import math

from wmdelays.validation.recall.extent import LITTLE
from wmdelays.words import counted, share, signed

# F1 with the lag followed from which on a pattern is whole.
_WHOLE = 0.99


def mapping_verdict(mapping):
    """Whether the memory recalls in the neurons that its weights were carried over to, a list of lines."""
    name, times = mapping.memory.neurons.model.name, mapping.times
    f1 = times.f1_lag_followed
    answer = "Yes" if f1 >= _WHOLE else "No" if f1 < LITTLE else "In part"
    lines = [
        f"Does it recall in {name}? {answer}: {in_words(times)}.",
        f"Carried over, not learned: by the peak of the PSP, times {mapping.gain:.3g}; all delays"
        f" {mapping.shift_ms:.3g} ms shorter{_shortest(mapping)}.",
    ]
    if mapping.learned is not None:
        lines.append(f"Learned for {name} from the same patterns: {in_words(mapping.learned)}.")
    return lines


def in_words(times):
    """A `TimedScores` in words."""
    within = ", ".join(f"{share(score.f1)}" for score in times.within.values())
    text = (
        f"F1 within 1, 2 and 5 ms = {within}; with the lag followed {share(times.f1_lag_followed)}"
    )
    if math.isnan(times.tempo_percent):
        return f"{text}, the tempo is not known"
    return f"{text}, tempo {signed(times.tempo_percent)} %"


def _shortest(mapping):
    if not mapping.n_shortest:
        return ""
    tick = f"{mapping.memory.tick * 1e3:.6g} ms"
    n = counted(mapping.n_shortest, "delay")
    return f", {n} {'was' if mapping.n_shortest == 1 else 'were'} set to one tick of {tick}"
