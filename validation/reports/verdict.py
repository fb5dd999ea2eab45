"""The outcome of a comparison in words."""

from wmdelays.words import share


def verdict(comparison):
    """Whether torch and Brian2 emit the same spikes, in one sentence."""
    same, scores = comparison.agreement, comparison.brian2_scores
    at = f"dt = {comparison.settings['dt_s'] * 1e3:.6g} ms"
    if not same.exact:
        first = min(
            (one.first_difference, k)
            for one, k in zip(comparison.agreements, comparison.patterns)
            if not one.exact
        )
        n = same.only_first + same.only_second
        return (
            f"torch and Brian2 differ in {n:,} {_spikes(n)} at {at}: {same.only_first:,} of torch"
            f" alone, {same.only_second:,} of Brian2 alone, the first at {first[0]:.6g} s in"
            f" pattern {first[1]}; {same.matched:,} are the same. F1 ="
            f" {share(comparison.torch_scores.total.f1)} in torch and {share(scores.total.f1)} in"
            f" Brian2 ({_worst(comparison)})."
        )
    if not same.matched:
        f1 = share(scores.total.f1)
        return f"Neither torch nor Brian2 emits a spike of its own at {at}; F1 = {f1}."
    return (
        f"torch and Brian2 emit the same {same.matched:,} {_spikes(same.matched)} at {at};"
        f" F1 = {share(scores.total.f1)} ({_worst(comparison)})."
    )


def _spikes(n):
    return "spike" if n == 1 else "spikes"


def _worst(comparison):
    """The pattern recalled worst by either; scores of equal patterns name the first."""
    best = [
        (min(torch.f1, brian2.f1), k)
        for k, torch, brian2 in zip(
            comparison.patterns,
            comparison.torch_scores.patterns,
            comparison.brian2_scores.patterns,
        )
    ]
    f1, k = min(best)
    if len(best) > 1 and f1 == max(best)[0]:
        return f"{share(f1)} in every pattern"
    return f"worst pattern {k}: {share(f1)}"


def certainty(comparison):
    """What the closest call says about rounding, in one or two sentences."""
    call, bound = comparison.closest_call, comparison.rounding_bound
    if call is None:
        return "The closest call was not recorded, so nothing can be said about rounding."
    facts = (
        f"The closest call, the smallest |u − θ| of all neurons and steps, is {call:.3g}; the order"
        f" of floating point operations moves a membrane by less than {bound:.2g}"
        f" (θ = {comparison.memory.theta:g})."
    )
    exact = comparison.agreement.exact
    if call > bound:
        so = "So no order of floating point operations can change a spike"
        return f"{facts} {so}{'.' if exact else ': rounding is not why they differ.'}"
    so = "So float order may matter here: rounding can decide whether a neuron fires"
    tail = ", and another device or machine may give other spikes" if exact else ""
    return f"{facts} {so}{tail}."
