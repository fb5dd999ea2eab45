"""What `store` and `info` print of a memory."""

import math

from wmdelays.binning import Resolution
from wmdelays.contexts import unpredictable_spikes
from wmdelays.files.recording import begins_at
from wmdelays.validation.commands.shared.terminal import print_facts, print_line
from wmdelays.validation.reports.memory import (
    latent_text,
    recalled_by,
    recalled_by_text,
    time_constants_text,
)
from wmdelays.words import counted, printable, share, spread

_SHOWN = 5


def print_memory(memory, name):
    """Print what is in a memory."""
    dense = memory.n_neurons**2 * memory.n_delays
    spikes = sum(len(pattern.recorded()) for pattern in memory.patterns)
    rows = [
        ("neurons", f"{_neurons(memory)}{_names(memory)}"),
        ("delays", f"1 to {memory.n_delays} steps of {memory.step * 1e3:g} ms"),
        ("synapses", f"{memory.n_synapses} ({memory.n_synapses / dense:.2%} of all)"),
        (
            "patterns",
            f"{memory.n_patterns} of {memory.n_steps} steps"
            f"{', periodic' if memory.periodic else ''}, {spikes} spikes",
        ),
        ("neuron", _neuron(memory)),
    ]
    if (differ := time_constants_text(memory)) is not None:
        rows.append(("neurons differ", differ))
    if memory.n_latent:
        rows.insert(1, ("latent", latent_text(memory)))
    made = memory.made
    if "rule" in made:
        seed = "" if made.get("seed") is None else f", seed {made['seed']}"
        rows.append(("rule", f"{made['rule']}{seed}"))
    if made.get("binning"):
        rows += [("bins", text)] if (text := _bins(made["binning"])) else []
        rows += _trials(made["binning"])
    if {"f1", "worst_pattern_f1"} <= made.get("scores", {}).keys():
        scores = made["scores"]
        in_cycles = memory.periodic and memory.neurons is not None
        rows.append(
            (
                "recall",
                f"F1 {share(scores['f1'])}, worst pattern {share(scores['worst_pattern_f1'])}"
                + (", within 1 ms, the lag followed" if in_cycles else ""),
            )
        )
    if "f1_lag_followed" in made.get("scores", {}):
        scores = made["scores"]
        rows.append(
            (
                "recall",
                f"F1 within 1 ms {share(scores['f1_1ms'])}, lag followed {share(scores['f1_lag_followed'])}",
            )
        )
    if {"open_loop_errors", "margin"} <= made.get("reached", {}).keys():
        reached = made["reached"]
        distance = f"{abs(reached['margin']):.3g}"
        rows.append(
            (
                "open loop",
                f"{reached['open_loop_errors']} wrong spikes, membranes"
                + (
                    f" at least {distance} away from theta"
                    if reached["margin"] > 0
                    else f" up to {distance} on the wrong side of theta"
                ),
            )
        )
    if {"open_loop_errors", "below", "above"} <= made.get("reached", {}).keys():
        rows.append(("open loop", _proof(made["reached"], memory.periodic)))
    if (margins := _margins(memory)) is not None:
        rows.append(("margins", margins))
    if made.get("reached", {}).get("moved"):
        reached = made["reached"]
        moved = counted(reached["moved"], "spike")
        rows.append(("moved", f"{moved}, by {reached['most_moved_ms']:.3g} ms at most"))
    if made.get("left_out"):
        rows.append(("left out", _left_out(memory, made["left_out"])))
    if (found := recalled_by(memory)) is not None:
        rows.append(("spikes recalled", recalled_by_text(found)))
    print_facts(str(name), rows)


def _neurons(memory):
    if not memory.n_latent:
        return memory.n_neurons
    return f"{memory.n_recorded} and {memory.n_latent} latent"


def _neuron(memory):
    neurons = memory.neurons
    if neurons is None:
        reset = "" if memory.own_reset is None else f", reset {memory.reset}"
        return f"beta {spread(memory.beta)}, theta {spread(memory.theta)}{reset}"
    return f"{neurons.model.name}, ticks of {neurons.dt * 1e3:g} ms ({neurons.model.method})"


def _proof(reached, periodic):
    """Whether the closed loop is exact, from what every neuron does when shown the stored spikes."""
    wrong = reached["open_loop_errors"]
    if wrong:
        return f"{wrong:,} wrong spikes: shown the stored spikes, some neurons fire at other ticks"
    near = " and ".join(
        f"{reached[name]:.3g} mV {words}"
        for name, words in (("below", "from a wrong spike"), ("above", "from missing one"))
        if reached[name] is not None
    )
    what = "its ticks alone" if not reached.get("moved") else "its ticks (as moved) alone"
    so = "so the closed loop is exact"
    if periodic:
        so = (
            "so a cycle that follows another goes on exactly; the first one, before which neurons"
            " rest, may shift it as a whole"
        )
    return f"every neuron fires at {what}, {so}; never nearer than {near}"


def _margins(memory):
    """How many neurons learned with a part of their margins; None where that is not known."""
    reached = memory.made.get("reached", {})
    if "half_margins" not in reached:
        return None
    # Memories of former versions know of no eighth.
    half, quarter, eighth = (reached.get(f"{p}_margins", 0) for p in ("half", "quarter", "eighth"))
    if not half + quarter + eighth:
        return "all neurons learned with whole margins"
    return (
        f"{half} of {counted(memory.n_neurons, 'neuron')} learned with half of their margins,"
        f" {quarter} with a quarter, {eighth} with an eighth"
    )


def _left_out(memory, spikes):
    """How many stored spikes are left out, and why."""
    why = {"refractory": "within the refractory period", "not learned": "that could not be learned"}
    counts = {reason: sum(one[3] == reason for one in spikes) for reason in why}
    parts = [f"{counted(n, 'spike')} {why[reason]}" for reason, n in counts.items() if n]
    shown = "; ".join(
        f"unit {memory.unit(j)} at {where(memory, k, t)}" for k, t, j, _ in spikes[:_SHOWN]
    )
    return f"{', '.join(parts)} ({shown}{'; …' if len(spikes) > _SHOWN else ''})"


def _bins(recordings):
    """How recordings became steps, in a few words; those that did so alike together."""
    alike = {}
    for one in _each_once(recordings):
        kind = one["rule"], str(Resolution(**one["resolution"]))
        n, left = alike.get(kind, (0, 0))
        which = "n_off_grid" if one["rule"] == "nearest" else "n_at_edge"
        alike[kind] = n + one["n_spikes"], left + one[which]
    where = {"nearest": "off the grid", "containing": "just below an edge"}
    return "; ".join(
        f"{rule} step (times of {known}), {left} of {n} spikes {where[rule]}"
        for (rule, known), (n, left) in alike.items()
    )


def _each_once(recordings):
    """The recordings without the trials that repeat what is said of theirs, or were stretched."""
    kept, said = [], set()
    for one in recordings:
        decided = str({k: v for k, v in one.items() if k not in ("pattern", "name", "start_s")})
        if "name" not in one or (one["n_spikes"] and decided not in said):
            kept.append(one)
        said.add(decided)
    return kept


def _names(memory):
    """The first and the last of the units' names, where they have any."""
    if memory.units is None:
        return ""
    shown = ", ".join(printable(name) for name in memory.units[:_SHOWN])
    more = len(memory.units) - _SHOWN
    last = f"{', …' if more > 1 else ''}, {printable(memory.units[-1])}" if more > 0 else ""
    return f", units {shown}{last}"


def _trials(recordings):
    """When patterns begin in their recordings, with their names where they are trials."""
    named = [f"{one['name']} ({one['start_s']:.6g} s)" for one in recordings if "name" in one]
    if not named:
        begins = [f"{one['start_s']:.6g} s" for one in recordings if one["start_s"]]
        shown = f"{', '.join(begins[:_SHOWN])}{', …' if len(begins) > _SHOWN else ''}"
        return [("recorded", f"from {shown} on")] if begins else []
    return [("trials", f"{', '.join(named[:_SHOWN])}{', …' if len(named) > _SHOWN else ''}")]


def where(memory, pattern, time):
    """When something is in a pattern, in the words of its recording if it comes from one.

    Parameters
    ----------
    memory : Memory
    pattern : int
    time : float
        In seconds from the pattern's beginning.
    """
    begin = begins_at(memory, pattern)
    if begin is not None:
        # As many decimals as steps have.
        decimals = max(0, 1 - math.floor(math.log10(memory.step)))
        moment = f"{begin + time:.{decimals}f}".rstrip("0").rstrip(".") + " s"
    else:
        moment = f"{time:.4g} s"
    return f"pattern {pattern}, {moment}" if memory.n_patterns > 1 else moment


def print_unpredictable(memory, tell=print_line):
    """Print which stored spikes no weights could predict, and why; nothing if there are none.

    Parameters
    ----------
    memory : Memory
    tell : callable
        Prints a line.
    """
    if memory.own_reset is not None:
        # What is left on such a membrane can make it fire with nothing arriving.
        return
    found = unpredictable_spikes(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    if not len(found):
        return

    def at(k, t, j=None):
        unit = "" if j is None else f"unit {memory.unit(j)} at "
        return unit + where(memory, k, t * memory.step)

    lines = [f"{len(found)} of {found.n_spikes} spikes cannot be predicted by any weights:"]
    window = f"{memory.n_delays} steps ({memory.n_delays * memory.step * 1e3:g} ms)"
    if found.empty:
        shown = "; ".join(at(k, t, j) for k, t, j in found.empty[:_SHOWN])
        lines.append(
            f"  {len(found.empty)} have an empty context: no unit spikes in the {window} before,"
            f" so nothing arrives ({shown}{'; …' if len(found.empty) > _SHOWN else ''})"
        )
        lines.append(
            "  a recall ends at the first of them, since a network that has been silent for so long"
            " stays silent"
        )
    if found.ambiguous:
        shown = "; ".join(
            f"{at(k, t, j)}, not at {at(other, u)}"
            for k, t, j, other, u in found.ambiguous[:_SHOWN]
        )
        lines.append(
            f"  {len(found.ambiguous)} have an ambiguous context: the same {window} come before"
            f" another moment at which the unit is silent"
            f" ({shown}{'; …' if len(found.ambiguous) > _SHOWN else ''})"
        )
    lines.append(
        "  latent neurons (--latent auto) tell them apart, longer contexts (--delays) or another step (--step)"
        " may"
    )
    for line in lines:
        tell(line)
