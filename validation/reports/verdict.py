"""The outcome of a comparison in words, and that of weights that were carried over."""

import math

from wmdelays.validation.reports.memory import carried_over
from wmdelays.words import counted, share, signed

# F1 with the lag followed below which there is nothing of a pattern to speak of, and from which on it
# is whole.
_LITTLE, _WHOLE = 0.1, 0.99


def verdict(comparison):
    """The outcome in a few sentences, a list.

    For neurons in continuous time whether the patterns are recalled; whether the simulators emit the
    same spikes; whether that stands at half of dt; and where its weights were carried over, not
    learned, that.
    """
    if comparison.memory.neurons is None:
        return [_same_spikes(comparison)]
    lines = [_recalled(comparison), _same_spikes(comparison)]
    if comparison.halved is not None:
        lines.append(_at_halved_dt(comparison))
    warning = carried_over(comparison.memory)
    return lines if warning is None else [*lines, warning]


def _recalled(comparison):
    """Whether and how much of the patterns the reference recalls, for neurons in continuous time."""
    one = comparison.simulations[comparison.reference]
    total, times = one.scores.total, one.times
    tick = f"{comparison.memory.tick * 1e3:.6g} ms"
    if total.matched == total.recalled == total.stored:
        n = total.stored
        if not n:
            return "There is nothing to recall, and no spike is too many."
        which = "The one stored spike comes" if n == 1 else f"All {n:,} stored spikes come"
        return f"Recalled exactly. {which} at the very tick of {tick}, and no other."
    followed = times.followed
    if followed.matched and not (times.n_lost or times.n_too_many):
        head = "Recalled, every spike and no other, but not at the very ticks."
    elif followed.f1 < _LITTLE:
        head = "Not recalled."
    else:
        head = "Recalled in part."
    worst = ""
    if len(comparison.patterns) > 1:
        worst = f" ({_worst_pattern(comparison.patterns, [one.pattern_f1])})"
    text = (
        f"{head} F1 within 1 ms = {share(one.f1)}{worst}; with the lag followed"
        f" {share(followed.f1)}{_tempo(times)}."
    )
    if not (times.n_lost or times.n_too_many):
        return text
    return f"{text} {_lost(comparison, times)}"


def _tempo(times):
    """Tempo, wobble and lag as the end of a sentence; nothing where they are not known."""
    if math.isnan(times.tempo_percent):
        return ""
    return (
        f", tempo {signed(times.tempo_percent)} %, wobble {times.wobble_ms:.2g} ms, lag"
        f" {signed(times.lag_end_ms)} ms at the end"
    )


def _lost(comparison, times):
    """How many spikes are lost and too many, and the first that is lost."""
    parts = []
    if times.n_lost:
        when, k = min(
            (one.first_lost_s, k)
            for one, k in zip(times.patterns, comparison.patterns)
            if one.n_lost
        )
        first = f"the first at {when:.6g} s in pattern {k}"
        lost = f"{counted(times.n_lost, 'spike')} {'is' if times.n_lost == 1 else 'are'} lost"
        parts.append(f"{lost}, {first}" if times.n_lost > 1 else f"{lost}, {first[10:]}")
    if times.n_too_many:
        parts.append(f"{times.n_too_many:,} {'is' if times.n_too_many == 1 else 'are'} too many")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _at_halved_dt(comparison):
    """Whether the verdict stands at half of dt."""
    one = comparison.halved
    at = f"At half of dt, {one.setup.dt * 1e3:.6g} ms,"
    if not one.n_spikes:
        return f"{at} {one.shown} emits no spike of its own."
    tempo = one.times.tempo_percent
    return (
        f"{at} that {'stands' if comparison.stands else 'does not stand'}: in {one.shown} F1 with the"
        f" lag followed is {share(one.times.f1_lag_followed)}"
        f"{'' if math.isnan(tempo) else f', the tempo {signed(tempo)} %'}."
    )


def _same_spikes(comparison):
    """Whether the simulators emit the same spikes, in a sentence, or one for each that differs."""
    ran = {name: str(one.setup) for name, one in comparison.simulations.items()}
    at = "" if comparison.dt is None else f" at dt = {comparison.dt * 1e3:.6g} ms"
    if comparison.exact:
        n = comparison.agreement().matched
        f1 = f"; F1 = {share(comparison.worst_f1)}"
        # In continuous time a sentence before has said how much is recalled.
        if comparison.memory.neurons is not None:
            f1 = ""
        names = list(ran.values())
        if n:
            worst = f" ({_worst(comparison)})" if f1 else ""
            return f"{joined(names)} emit the same {n:,} {_spikes(n)}{at}{f1}{worst}."
        none = f"Neither {names[0]} nor {names[1]} emits"
        if len(names) > 2:
            none = f"None of {joined(names)} emits"
        return f"{none} a spike of its own{at}{f1}."
    sentences = [
        _difference(comparison, name, ran, at) for name in list(comparison.simulations)[1:]
    ]
    f1 = joined([f"{share(one.f1)} in {one.shown}" for one in comparison.simulations.values()])
    return f"{' '.join(sentences)} F1 = {f1} ({_worst(comparison)})."


def _difference(comparison, name, ran, at):
    """How one simulator differs from the reference."""
    same, first = comparison.agreement(name), comparison.reference
    both = f"{ran[first]} and {ran[name]}"
    if same.exact:
        return f"{both} emit the same {same.matched:,} {_spikes(same.matched)}{at}."
    when, k = min(
        (one.first_difference, k)
        for one, k in zip(comparison.agreements[name], comparison.patterns)
        if not one.exact
    )
    n = same.only_first + same.only_second
    alone = [comparison.simulations[one].shown for one in (first, name)]
    return (
        f"{both} differ in {n:,} {_spikes(n)}{at}: {same.only_first:,} of {alone[0]} alone,"
        f" {same.only_second:,} of {alone[1]} alone, the first at {when:.6g} s in pattern {k};"
        f" {same.matched:,} are the same."
    )


def joined(names):
    """Names as a sentence has them: a, b and c."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _spikes(n):
    return "spike" if n == 1 else "spikes"


def _worst(comparison):
    """The pattern recalled worst by any; scores of equal patterns name the first."""
    each = [one.pattern_f1 for one in comparison.simulations.values()]
    return _worst_pattern(comparison.patterns, each)


def _worst_pattern(patterns, each):
    best = [(min(ones), k) for k, ones in zip(patterns, zip(*each))]
    f1, k = min(best)
    if len(best) > 1 and f1 == max(best)[0]:
        return f"{share(f1)} in every pattern"
    return f"worst pattern {k}: {share(f1)}"


def certainty(comparison):
    """What the closest call says about rounding, in one or two sentences."""
    call, bound = comparison.closest_call, comparison.rounding_bound
    if call is None:
        return "The closest call was not recorded, so nothing can be said about rounding."
    if comparison.memory.neurons is None:
        smallest, unit, theta = (
            "|u − θ| of all neurons and steps",
            "",
            f" (θ = {comparison.memory.theta:g})",
        )
    else:
        smallest, unit, theta = "distance of a membrane from where it fires", " mV", ""
    facts = f"The closest call, the smallest {smallest}, is {call:.3g}{unit}"
    if bound is None:
        return f"{facts}; no bound of rounding is known for these neurons."
    facts += (
        "; the order of floating point operations moves a membrane by less than"
        f" {bound:.2g}{unit}{theta}."
    )
    if call > bound:
        so = "So no order of floating point operations can change a spike"
        return f"{facts} {so}{'.' if comparison.exact else ': rounding is not why they differ.'}"
    so = "So float order may matter here: rounding can decide whether a neuron fires"
    tail = ", and another device or machine may give other spikes" if comparison.exact else ""
    return f"{facts} {so}{tail}."


def mapping_verdict(mapping):
    """Whether the memory recalls in the neurons that its weights were carried over to, a list of lines."""
    name, times = mapping.memory.neurons.model.name, mapping.times
    f1 = times.f1_lag_followed
    answer = "Yes" if f1 >= _WHOLE else "No" if f1 < _LITTLE else "In part"
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
