"""The methods of a comparison as a paper has them: a paragraph and its references."""

from wmdelays.files.recording import begins_at
from wmdelays.neurons.lif import time_constant
from wmdelays.validation.recall.extent import total
from wmdelays.validation.reports.memory import reset_in_words
from wmdelays.words import counted, share, spread

_PAPER = (
    "Perrinet LU (2026) Working memory in a recurrent spiking neural network with heterogeneous"
    " synaptic delays. arXiv:2604.14096."
)
# What each simulator is, as a method names it, and whose work it is.
_SIMULATORS = {
    "torch": (
        "torch",
        "Paszke A, Gross S, Massa F, et al. (2019) PyTorch: an imperative style, high-performance deep"
        " learning library. Advances in Neural Information Processing Systems 32.",
    ),
    "brian2": (
        "Brian2",
        "Stimberg M, Brette R, Goodman DFM (2019) Brian 2, an intuitive and efficient neural"
        " simulator. eLife 8:e47314.",
    ),
    "compiled": (
        "a loop compiled by numba",
        "Lam SK, Pitrou A, Seibert S (2015) Numba: a LLVM-based Python JIT compiler. Proceedings of the"
        " Second Workshop on the LLVM Compiler Infrastructure in HPC.",
    ),
    "nest": (
        "NEST",
        "Gewaltig M-O, Diesmann M (2007) NEST (NEural Simulation Tool). Scholarpedia 2(4):1430.",
    ),
    "genn": (
        "GeNN",
        "Yavuz E, Turner J, Nowotny T (2016) GeNN: a code generation framework for accelerated brain"
        " simulations. Scientific Reports 6:18854.",
    ),
}


def methods(comparison):
    """What was done, to paste into a paper.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    text : str
        With the versions and the seeds.
    references : list of str
    """
    sentences = [
        _stored(comparison.memory),
        _network(comparison.memory),
        _recalled(comparison),
        _compared(comparison),
        _outcome(comparison),
        _ran_on(comparison),
    ]
    references = [_PAPER]
    references += [_SIMULATORS[name][1] for name in comparison.simulations if name in _SIMULATORS]
    source = getattr(getattr(comparison.memory.neurons, "model", None), "source", "")
    return " ".join(one for one in sentences if one), [*references, *([source] if source else [])]


def _stored(memory):
    made = memory.made
    spikes = sum(len(pattern.recorded()) for pattern in memory.patterns)
    length = f"{memory.n_steps * memory.step:.6g} s"
    text = (
        f"{counted(memory.n_patterns, 'spike pattern')} of {length} ({counted(spikes, 'spike')} of"
        f" {counted(memory.n_recorded, 'unit')}"
    )
    starts = [begins_at(memory, k) for k in range(memory.n_patterns)]
    starts = [f"{one:.10g} s" for one in starts if one is not None]
    if starts:
        shown = starts if len(starts) <= 8 else [*starts[:3], "…", starts[-1]]
        text += f", from {', '.join(shown)} of the recording on"
    text += f"; bins of {memory.step * 1e3:.6g} ms) "
    text += "was" if memory.n_patterns == 1 else "were"
    text += " stored in the synaptic delays of a recurrent spiking network (Perrinet 2026)"
    version = made.get("versions", {}).get("wmdelays")
    how = [f"with wmdelays {version}"] if version else []
    if "rule" in made:
        imported = made["rule"] == "imported"
        how.append("its weights imported" if imported else f"by the rule {made['rule']}")
    if made.get("seed") is not None:
        how.append(f"seed {made['seed']}")
    return f"{text}, {', '.join(how)}." if how else f"{text}."


def _network(memory):
    delays = f"delays of 1 to {memory.n_delays} steps of {memory.step * 1e3:.6g} ms"
    text = f"It has {counted(memory.n_synapses, 'synapse')} with {delays}"
    if memory.n_latent:
        text += (
            f", and beside the recorded units {counted(memory.n_latent, 'latent neuron')} with random"
            " spikes of their own, which were neither cued nor scored"
        )
    if memory.neurons is not None:
        return f"{text}, and {memory.neurons.model.name} neurons with ticks of {memory.tick * 1e3:.6g} ms."
    tau = time_constant(memory.beta, memory.step * 1e3)
    reset = "" if memory.own_reset is None else f" (reset {reset_in_words(memory)})"
    return f"{text}; membranes decay with {spread(tau, '.4g')} ms and fire from {spread(memory.theta)} on{reset}."


def _recalled(comparison):
    window = comparison.memory.n_delays * comparison.memory.step
    ran = []
    for name, one in comparison.simulations.items():
        words = _SIMULATORS.get(name, (one.shown,))[0]
        version = comparison.versions.get(name)
        details = [version] if version else []
        details += [str(one.setup.device)] if one.setup.device and name != "compiled" else []
        details += [f"dt = {one.setup.dt * 1e3:.6g} ms"] if one.setup.dt else []
        ran.append(f"{words} ({', '.join(details)})" if details else words)
    which = counted(len(comparison.patterns), "pattern")
    return (
        f"For {which} the first {window:.6g} s were forced on the network, which then went on alone,"
        f" in {' and in '.join(ran)}."
    )


def _compared(comparison):
    if comparison.memory.neurons is None:
        how = "neuron by neuron at whole steps"
    else:
        how = "one with one within 1 ms, the lag followed in windows of 40 ms"
    return (
        f"Its spikes after these were compared with the stored ones, {how}; F1 is the harmonic mean of"
        " precision and recall over all patterns."
    )


def _outcome(comparison):
    score = total(comparison.extents[comparison.reference])
    text = f"Of {counted(score.stored, 'stored spike')} {score.matched:,} were recalled"
    wrong = score.recalled - score.matched
    text += f", with {counted(wrong, 'other spike')}" if wrong else ", and no other"
    same = "the simulators differed"
    if comparison.exact:
        same = "the simulators emitted the same spikes"
    elif comparison.agrees:
        same = "the simulators recalled the same, the lag followed"
    return f"{text} (F1 = {share(score.f1)}); {same}."


def _ran_on(comparison):
    found = comparison.versions
    parts = [f"{name} {found[name]}" for name in ("wmdelays", "python", "numpy") if name in found]
    system = f" on {found['system']}" if "system" in found else ""
    return f"Software: {', '.join(parts).replace('python', 'Python').replace('numpy', 'NumPy')}{system}."
