"""A memory in words and numbers."""

import numpy as np

from wmdelays.contexts import unpredictable_spikes
from wmdelays.errors import with_settings
from wmdelays.hardware.grid import bits_of
from wmdelays.memory import Memory, sizes
from wmdelays.neurons.lif import time_constant
from wmdelays.theory import MEMMESHEIMER, spikes_for_parameters
from wmdelays.words import counted, spread


def describe(memory: Memory) -> dict:
    """What is in a memory, as plain JSON values.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    dict
        Sizes, spikes recalled for each parameter, how it was made, and the stored spikes that no
        weights could predict (None for neurons in continuous time, whose membranes remember more than
        the delays reach).

    Examples
    --------
    >>> import wmdelays
    >>> patterns = wmdelays.bernoulli(n_neurons=20, n_steps=30, n_patterns=1, rate=0.1)
    >>> wmdelays.describe(wmdelays.store(patterns, "hebbian", n_delays=5))["memory"]["n_neurons"]
    20
    """
    return {
        "memory": sizes(memory),
        "periodic": memory.periodic,
        "spikes": [len(pattern.recorded()) for pattern in memory.patterns],
        "latent_spikes": [len(one) - len(one.recorded()) for one in memory.patterns],
        "parameters": recalled_by(memory),
        "made": memory.made,
        "unpredictable": None
        if memory.neurons is not None or memory.own_reset is not None
        else _unpredictable(memory),
    }


def _unpredictable(memory):
    found = unpredictable_spikes(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    return {
        "n_spikes": found.n_spikes,
        "empty": [
            {"pattern": k, "time_s": t * memory.step, "neuron": j} for k, t, j in found.empty
        ],
        "ambiguous": [
            {
                "pattern": k,
                "time_s": t * memory.step,
                "neuron": j,
                "silent_in_pattern": other,
                "silent_at_s": u * memory.step,
            }
            for k, t, j, other, u in found.ambiguous
        ],
    }


def unpredictable(memory):
    """How many stored spikes cannot be predicted, and why, as a list of sentences."""
    if memory.own_reset is not None:
        return []
    found = unpredictable_spikes(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    n, none, twice = found.n_spikes, len(found.empty), len(found.ambiguous)
    window = f"{memory.n_delays} steps ({memory.n_delays * memory.step * 1e3:.4g} ms)"
    latent = ", those of latent neurons included," if memory.n_latent else ""
    if not none + twice:
        return [
            f"Each of the {n:,} stored spikes after the trigger window{latent} can be predicted from its"
            f" context, the {window} before it: none is empty, and none is followed by something"
            " else elsewhere."
        ]
    return [
        f"Of the {n:,} stored spikes after the trigger window{latent or ','} {none + twice:,}"
        f" ({100 * (none + twice) / max(n, 1):.2g} %) cannot be predicted from their context, the"
        f" {window} before them, whatever the weights:",
        f"{none:,} have an empty context: no neuron spikes in it, so no current arrives.",
        f"{twice:,} have a context that is followed by something else elsewhere: the same spikes"
        " occur at another place, and there the neuron stays silent. Only what is left on its"
        " membrane from before could tell the two apart.",
    ]


def recalled_by(memory):
    """How many spikes its synapses recalled when it was stored; None where that is not known.

    See `wmdelays.theory.spikes_for_parameters`.
    """
    recall = memory.made.get("scores", {}).get("recall")
    if recall is None or memory.neurons is not None:
        return None
    cued = 0 if memory.periodic else memory.n_delays
    recorded = [pattern.recorded() for pattern in memory.patterns]
    n_stored = sum(int((one.steps(memory.step) >= cued).sum()) for one in recorded)
    return spikes_for_parameters(memory.weight, recall * n_stored, bits_of(memory))


def recalled_by_text(found):
    """What `recalled_by` found, in words."""
    each = found["spikes_per_synapse"]
    return (
        f"{each:.3g} for each synapse, {found['spikes_per_weight_bit']:.2g} for each bit of the"
        f" {found['bits_per_weight']} of a weight (learned at the limit of single neurons: {MEMMESHEIMER[0]:g}"
        f" to {MEMMESHEIMER[1]:g} for each synapse)"
    )


def latent_text(memory):
    """What the latent neurons of a memory are, in words."""
    n_spikes = sum(len(one) - len(one.recorded()) for one in memory.patterns)
    free = memory.n_patterns * (memory.n_steps - memory.n_delays)
    rate = n_spikes / (memory.n_latent * free)
    tried = memory.made.get("latent", {}).get("tried", [])
    chosen = f"; the fewest that do, of {', '.join(map(str, tried))}" if len(tried) > 1 else ""
    return (
        f"{counted(memory.n_latent, 'neuron')}, never cued and never scored, each with a spike"
        f" in {100 * rate:.3g} % of the steps after the trigger window{chosen}"
    )


def why_incomplete(memory, way_out=""):
    """Why a recall is not complete, as far as it is known, and what to do.

    Parameters
    ----------
    memory : Memory
        As it was stored.
    way_out : str
        What its rule says of incomplete recalls, see `wmdelays.training.rules.rule.Rule`.

    Returns
    -------
    str
    """
    begin, made = "The recall is not complete", memory.made
    reached, limits = made.get("reached", {}), _limits(made.get("settings", {}))
    lost = made.get("unpredictable", {})
    n_lost = lost.get("empty", 0) + lost.get("ambiguous", 0)
    if n_lost and not limits and memory.neurons is None:
        return (
            f"{begin}: {counted(n_lost, 'spike')} no weights could predict. Latent neurons make"
            " contexts differ (--latent auto); longer delays (--delays) do in part."
        )
    if not limits or "worst_neuron" not in reached:
        return f"{begin}{': ' if way_out else ''}{with_settings(way_out)}."
    names = " and ".join(limits)
    j = reached["worst_neuron"]
    own = sum(int((one.neurons == j).sum()) for one in memory.patterns)
    errs = (
        f"shown the stored spikes, {counted(reached['wrong_neurons'], 'unit')} of"
        f" {memory.n_neurons} {'errs,' if reached['wrong_neurons'] == 1 else 'err, above all'} unit {memory.unit(j)}:"
        f" {reached['worst_missed']} of its {counted(own, 'spike')} missed, {reached['worst_too_many']}"
        " too many"
    )
    if n_lost:
        what = f"{counted(n_lost, 'spike')} no weights could predict, and {names} besides"
        return f"{begin}: {what}; {errs}. Learn without the limit to tell the two apart."
    freely = [one["wrong"] for one in made.get("history", []) if one["stage"] == "learning"]
    cut = [one for one in limits if not one.startswith("--signs")]
    known = freely[-1:] == [0]
    latent = "" if memory.n_latent else " add latent neurons (--latent 32),"
    if cut and (known or "--signs dale" not in limits):
        is_ = "is" if len(cut) == 1 else "are"
        likely, before = (
            ("", "before synapses were cut no unit erred; now, ") if known else ("likely ", "")
        )
        return (
            f"{begin}, and {' and '.join(cut)} {is_} the {likely}cause: {before}{errs}. Allow more"
            f" synapses,{latent} or store less; --damaged-epochs 0 leaves more of them to the undamaged"
            " spikes."
        )
    # Nothing is known of weights before a cut where synapses were chosen first.
    worse = cut and (not freely or reached["open_loop_errors"] > freely[-1])
    others = "" if memory.n_latent else " or latent neurons (--latent 32)"
    way_out = f"Other units inhibitory (--cell-types, --excitatory){others} may do"
    if worse:
        before = ""
        if freely:
            before = (
                f"with weights of these signs {freely[-1]:,} spikes were wrong before synapses were cut,"
                f" and {reached['open_loop_errors']:,} are now; "
            )
        return (
            f"{begin}, and --signs dale and {' and '.join(cut)} are likely causes: {before}{errs}."
            f" {way_out}, and more synapses; learning with one limit at a time tells."
        )
    return (
        f"{begin}, and --signs dale is the likely cause: with weights of these signs, before any was cut,"
        f" some unit erred; {errs}. {way_out}; learning without the limit tells."
    )


def _limits(settings):
    """The limits on synapses that settings of a rule ask for, as options of the command line."""
    found = []
    if settings.get("max_synapses") is not None:
        found.append(f"--max-synapses {settings['max_synapses']}")
    if settings.get("one_delay_per_pair"):
        found.append("--one-delay-per-pair")
    if settings.get("signs") == "dale":
        found.append("--signs dale")
    return found


def memory_facts(memory):
    step = f"{memory.step * 1e3:.6g} ms"
    return [
        ("neurons", f"{memory.n_recorded:,}"),
        *([("latent neurons", latent_text(memory))] if memory.n_latent else []),
        ("synapses", f"{memory.n_synapses:,}"),
        ("delays", f"1 to {memory.n_delays} steps of {step}"),
        (
            "stored patterns",
            f"{memory.n_patterns} of {memory.n_steps} steps"
            + (", periodic" if memory.periodic else ""),
        ),
        *(_discrete_facts(memory) if memory.neurons is None else neuron_facts(memory.neurons)),
        *([("spikes recalled", recalled_by_text(found))] if (found := recalled_by(memory)) else []),
    ]


def _discrete_facts(memory):
    return [
        (
            "membrane",
            f"beta = {spread(memory.beta)}, a time constant of"
            f" {spread(time_constant(memory.beta, memory.step * 1e3), '.4g')} ms",
        ),
        *([] if (found := time_constants_text(memory)) is None else [("neurons differ", found)]),
        ("threshold", f"θ = {spread(memory.theta)}"),
        *([] if memory.own_reset is None else [("reset", reset_in_words(memory))]),
    ]


def time_constants_text(memory):
    """How the time constants of the membranes are distributed, in words; None if all are alike."""
    if memory.neurons is not None or not np.ndim(memory.beta):
        return None
    tau = time_constant(memory.beta, memory.step * 1e3)
    asked = memory.made.get("heterogeneity")
    drawn = "" if asked is None else f"; lognormal, drawn for a spread of {asked['beta_spread']:g}"
    mean = np.mean(tau)
    return (
        f"time constants {tau.min():.4g} to {tau.max():.4g} ms, mean {mean:.4g} ms, standard deviation"
        f" {np.std(tau) / mean:.2g} of it{drawn}"
    )


def reset_in_words(memory):
    """What a spike does to its membrane in a memory with a reset by own spikes."""
    by = "" if memory.reset_by is None else f" by {spread(memory.reset_by)}"
    return f"{memory.reset}{by}: {memory.own_reset.help}"


def neuron_facts(neurons):
    """What neurons in continuous time are, as names and values in words."""
    model, counts = neurons.model, np.bincount(neurons.members, minlength=len(neurons.classes))
    facts = [
        ("neuron model", f"{model.name}: {model.help}"),
        ("tick", f"{neurons.dt * 1e3:.6g} ms; integrator {model.method}"),
        ("weights", "without a unit" if model.weight_unit == "1" else f"in {model.weight_unit}"),
    ]
    for (name, own), n in zip(neurons.classes.items(), counts):
        values = ", ".join(
            f"{one.name} {own.get(one.name, one.default):.6g}"
            + (f" {one.unit}" if one.unit != "1" else "")
            for one in model.parameters
        )
        facts.append((f"{name}: {n:,} neurons" if name else "parameters", values))
    return facts


def carried_over(memory):
    """For whom the weights of a memory were carried over, in a sentence; None if they were learned."""
    how = memory.made.get("carried_over")
    if how is None or memory.neurons is None:
        return None
    return (
        f"The weights were carried over from the network in discrete time (rule {how['rule']}), not"
        f" learned for {memory.neurons.model.name}: times {how['gain']:.3g}, delays"
        f" {how['shift_ms']:.3g} ms shorter."
    )
