"""The outcome of a comparison in words."""

import math

from wmdelays.files.recording import begins_at
from wmdelays.validation.recall.extent import IN_PART, NOT_AT_ALL, WHOLE, overall
from wmdelays.validation.reports.memory import carried_over
from wmdelays.words import counted, share, signed, spread

# So many patterns that are lost are named.
_NAMED = 3


def verdict(comparison):
    """The outcome in a few sentences, a list.

    Whether the patterns are recalled, and how far; whether the simulators emit the same spikes; for
    neurons in continuous time whether that stands at half of dt; and where the weights were carried
    over, not learned, that.
    """
    lines = [_recalled(comparison), _same_spikes(comparison)]
    if comparison.memory.neurons is None:
        return lines
    if comparison.halved is not None:
        lines.append(_at_halved_dt(comparison))
    warning = carried_over(comparison.memory)
    return lines if warning is None else [*lines, warning]


def headline(comparison):
    """In two or three words, how much is recalled."""
    said = overall(comparison.extents[comparison.reference])
    return {WHOLE: "Recalled whole", IN_PART: "Recalled in part"}.get(said, "Not recalled")


def agreement_mark(comparison):
    """In a few words, with a sign, whether the simulators agree."""
    if not comparison.exact:
        if comparison.agrees:
            return "≈ The recalls agree, spikes of another integrator a little early or late."
        return "≠ The rasters differ."
    if not any(one.n_spikes for one in comparison.simulations.values()):
        return "= No raster has a spike in which it could differ."
    return "= The rasters agree."


def _recalled(comparison):
    """Whether and how much of the patterns the reference recalls, and how far."""
    one = comparison.simulations[comparison.reference]
    found, score = comparison.extents[comparison.reference], one.scores.total
    # Which simulator it is matters where they differ.
    where = "" if comparison.exact else f" in {one.shown}"
    if not score.stored:
        if not score.recalled:
            return "There is nothing to recall, and no spike is too many."
        too_many = f"{counted(score.recalled, 'spike')} {_is(score.recalled)} too many"
        return f"There is nothing to recall{where}, and {too_many}."
    if score.whole:
        n = score.stored
        which = "The one stored spike comes" if n == 1 else f"All {n:,} stored spikes come"
        return f"Recalled whole{where}. {which} {_exactly(comparison)}, and no other."
    timed = one.times is not None
    if timed and one.times.followed.whole:
        head = f"Recalled whole{where}, every spike and no other, but not at the very ticks."
    else:
        head = f"{headline(comparison)}{where}."
    parts = [head] if timed else [head, _counts(score)]
    parts.append(_f1_in_time(comparison, one) if timed else _f1(comparison, one))
    if timed and (one.times.n_lost or one.times.n_too_many):
        parts.append(_lost(comparison, one.times))
    parts.append(_how_far(comparison, found))
    return " ".join(part for part in parts if part)


def _exactly(comparison):
    if comparison.memory.neurons is None:
        return "at the very step"
    return f"at the very tick of {comparison.memory.tick * 1e3:.6g} ms"


def _counts(score):
    """How many of the stored spikes come, and how many others."""
    if not score.recalled:
        return f"No spike comes; {score.stored:,} {_is(score.stored)} stored."
    verb = "comes" if score.matched == 1 else "come"
    text = f"{score.matched:,} of {counted(score.stored, 'stored spike')} {verb}"
    too_many = score.recalled - score.matched
    return f"{text}, {too_many:,} {_is(too_many)} too many." if too_many else f"{text}."


def _f1(comparison, one):
    worst = ""
    if len(comparison.patterns) > 1:
        worst = f" ({_worst_pattern(comparison.patterns, [one.pattern_f1])})"
    return f"F1 = {share(one.f1)}{worst}."


def _f1_in_time(comparison, one):
    worst = ""
    if len(comparison.patterns) > 1:
        worst = f" ({_worst_pattern(comparison.patterns, [one.pattern_f1])})"
    return (
        f"F1 within 1 ms = {share(one.f1)}{worst}; with the lag followed"
        f" {share(one.times.followed.f1)}{_tempo(one.times)}."
    )


def _how_far(comparison, found):
    """How many patterns are whole, and from when on those are lost that are."""
    parts = []
    if len(found) > 1:
        n = {said: sum(one.recalled == said for one in found) for said in (WHOLE, NOT_AT_ALL)}
        parts.append(f"{n[WHOLE]} of {len(found)} patterns are whole")
        if n[NOT_AT_ALL]:
            parts[0] += f", {n[NOT_AT_ALL]} not recalled at all"
    lost = sorted(
        (one for one in found if one.lost_from_s == one.lost_from_s),
        key=lambda one: (one.lost_from_s, one.pattern),
    )
    lengths = {k: comparison.memory.patterns[k].duration for k in comparison.patterns}
    if lost and all(one.recalled == NOT_AT_ALL for one in found):
        # It is not lost on the way: nothing of it is there.
        return "".join(f"{part}." for part in parts)
    if lost:
        each = [
            f"{'the pattern' if len(found) == 1 else f'pattern {one.pattern}'} is lost from"
            f" {moment(comparison.memory, one.pattern, one.lost_from_s)} on, of"
            f" {lengths[one.pattern]:.6g} s"
            for one in lost[:_NAMED]
        ]
        more = f" ({len(lost) - _NAMED} more are lost later)" if len(lost) > _NAMED else ""
        parts.append(f"{joined(each)}{more}")
    elif any(one.recalled == IN_PART for one in found):
        parts.append("what is there is there to the end" if parts else "it is there to the end")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def moment(memory, pattern, seconds):
    """A moment of a pattern, in a few words, and when that is in its recording."""
    begin = begins_at(memory, pattern)
    into = f"{seconds:.6g} s"
    return f"{into} (at {begin + seconds:.10g} s in the recording)" if begin else into


def _is(n):
    return "is" if n == 1 else "are"


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
        first = f"the first in pattern {k} at {moment(comparison.memory, k, when)}"
        lost = f"{counted(times.n_lost, 'spike')} {_is(times.n_lost)} lost"
        parts.append(f"{lost}, {first}" if times.n_lost > 1 else f"{lost}, {first[10:]}")
    if times.n_too_many:
        parts.append(f"{times.n_too_many:,} {_is(times.n_too_many)} too many")
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
        names = list(ran.values())
        if n:
            return (
                f"{joined(names)} emit the same {n:,} {_spikes(n)}{_with_latent(comparison)}{at}."
            )
        none = f"Neither {names[0]} nor {names[1]} emits"
        if len(names) > 2:
            none = f"None of {joined(names)} emits"
        return f"{none} a spike of its own{at}."
    sentences = [
        _difference(comparison, name, ran, at) for name in list(comparison.simulations)[1:]
    ]
    if comparison.agrees:
        return " ".join(sentences)
    f1 = joined([f"{share(one.f1)} in {one.shown}" for one in comparison.simulations.values()])
    return f"{' '.join(sentences)} F1 = {f1} ({_worst(comparison)})."


def _with_latent(comparison):
    """Where spikes are counted that no score counts."""
    n = comparison.memory.n_latent
    return f", those of the {counted(n, 'latent neuron')} included," if n else ""


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
    if not comparison.is_promised(name):
        return _in_time(comparison, name, both, same, at)
    n = same.only_first + same.only_second
    alone = [comparison.simulations[one].shown for one in (first, name)]
    return (
        f"{both} differ in {n:,} {_spikes(n)}{at}: {same.only_first:,} of {alone[0]} alone,"
        f" {same.only_second:,} of {alone[1]} alone, the first in pattern {k} at"
        f" {moment(comparison.memory, k, when)};"
        f" {same.matched:,} are the same."
    )


def _in_time(comparison, name, both, same, at):
    """How alike the recalls of simulators are of which one has an integrator of its own."""
    ran = [comparison.simulations[one] for one in (comparison.reference, name)]
    model = comparison.memory.neurons.model.name
    own = joined([one.shown for one in ran if model in one.setup.simulator.otherwise_integrated])
    times = [one.times for one in ran]
    f1 = joined([f"{share(one.f1_lag_followed)} in {of.shown}" for one, of in zip(times, ran)])
    tempo = [one.tempo_percent for one in times]
    faster = "" if any(map(math.isnan, tempo)) else f", the tempo {signed(tempo[1] - tempo[0])} %"
    n = same.matched + same.only_first
    return (
        f"{both} {'recall the same' if comparison.is_alike(name) else 'do not recall the same'}{at}:"
        f" F1 with the lag followed is {f1}{faster}. {own} integrates {model} by a method of its own, so"
        f" spikes come a little early or late; {same.matched:,} of {n:,} come at the very tick."
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
            f" (θ = {spread(comparison.memory.theta)})",
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
