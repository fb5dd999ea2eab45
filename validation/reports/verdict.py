"""The outcome of a comparison in words."""

from wmdelays.words import share


def verdict(comparison):
    """Whether the simulators emit the same spikes, in a sentence, or one for each that differs."""
    ran = {name: str(one.setup) for name, one in comparison.simulations.items()}
    at = "" if comparison.dt is None else f" at dt = {comparison.dt * 1e3:.6g} ms"
    if comparison.exact:
        n = comparison.agreement().matched
        f1 = share(comparison.worst_f1)
        names = list(ran.values())
        if n:
            return (
                f"{joined(names)} emit the same {n:,} {_spikes(n)}{at}; F1 = {f1}"
                f" ({_worst(comparison)})."
            )
        none = f"Neither {names[0]} nor {names[1]} emits"
        if len(names) > 2:
            none = f"None of {joined(names)} emits"
        return f"{none} a spike of its own{at}; F1 = {f1}."
    sentences = [
        _difference(comparison, name, ran, at) for name in list(comparison.simulations)[1:]
    ]
    f1 = joined(
        [f"{share(one.scores.total.f1)} in {one.shown}" for one in comparison.simulations.values()]
    )
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
    each = zip(*(one.scores.patterns for one in comparison.simulations.values()))
    best = [(min(one.f1 for one in ones), k) for k, ones in zip(comparison.patterns, each)]
    f1, k = min(best)
    if len(best) > 1 and f1 == max(best)[0]:
        return f"{share(f1)} in every pattern"
    return f"worst pattern {k}: {share(f1)}"


def certainty(comparison):
    """What the closest call says about rounding, in one or two sentences."""
    call, bound = comparison.closest_call, comparison.rounding_bound
    if call is None:
        return "The closest call was not recorded, so nothing can be said about rounding."
    if bound is None:
        return (
            f"The closest call, the smallest distance of a membrane from where it fires, is {call:.3g}"
            " mV; no bound of rounding is known for these neurons."
        )
    facts = (
        f"The closest call, the smallest |u − θ| of all neurons and steps, is {call:.3g}; the order"
        f" of floating point operations moves a membrane by less than {bound:.2g}"
        f" (θ = {comparison.memory.theta:g})."
    )
    if call > bound:
        so = "So no order of floating point operations can change a spike"
        return f"{facts} {so}{'.' if comparison.exact else ': rounding is not why they differ.'}"
    so = "So float order may matter here: rounding can decide whether a neuron fires"
    tail = ", and another device or machine may give other spikes" if comparison.exact else ""
    return f"{facts} {so}{tail}."
