"""How far rounding moves a membrane in continuous time."""

import math
from dataclasses import replace

import numpy as np
import pytest
from chains import chain_memory
from mpmath import mp

from wmdelays.brian_models.neurons.formulas import tick_formulas
from wmdelays.neurons.rounding import rounding_bound_in_ticks
from wmdelays.training.continuous.membranes import membranes
from wmdelays.training.continuous.recall import recall

SI = {"ms": 1e-3, "mV": 1e-3, "nS": 1e-9, "pF": 1e-12, "pA": 1e-12}


def in_another_way(memory, made, post, dt, rng):
    """The membrane of a neuron by Brian2's formulas in the SI, arrivals in any order; in mV."""
    model = memory.neurons.model
    formulas = {s: compile(f, s, "eval") for s, (f, _) in tick_formulas(model).items()}
    p = {one.name: memory.neurons.values[one.name] * SI[one.unit] for one in model.parameters}
    known = p | {"dt": dt, "exp": math.exp}
    x = dict.fromkeys(model.states, 0.0) | {"v": p["e_l"]}
    delay = memory.delay_ticks(round(memory.step / dt))
    ticks = np.rint(made.emitted.times / dt).astype(int)
    mine = np.flatnonzero(memory.post == post)
    arrives = [
        (tick + delay[s], memory.weight[s])
        for s in mine
        for tick in ticks[made.emitted.neurons == memory.pre[s]]
    ]
    spikes = set(ticks[made.emitted.neurons == post])
    last, refractory, out = -(10**9), round(p["t_ref"] / dt), []
    for k in range(round(made.emitted.duration / dt)):
        held = k - last < refractory
        if k:
            new = {s: eval(code, known | x) for s, code in formulas.items()}
            x = new | ({"v": x["v"]} if held else {})
        weights = [w for at, w in arrives if at == k]
        for w in rng.permutation(weights):
            x[model.excitatory] += w * SI["pA"]
        out.append(x["v"] * 1e3)
        if k in spikes:
            x["v"], last = p["v_r"], k
    return np.array(out)


@pytest.mark.parametrize("model", ["lif-exp", "lif-alpha"])
@pytest.mark.parametrize("dt", [1e-4, 2.5e-5])
def test_membranes_by_other_formulas_stay_within_the_bound(model, dt):
    memory = chain_memory(model, n_patterns=1, n_steps=60)
    # Many weak synapses as well, so that sums of many terms arrive.
    rng = np.random.default_rng(0)
    n = memory.n_neurons
    every = rng.permutation(n * n)[: n * n // 2]
    pre, post = every % n, every // n
    memory = replace(
        memory,
        pre=np.concatenate([memory.pre, pre]),
        post=np.concatenate([memory.post, post]),
        delay=np.concatenate([memory.delay, np.full(len(pre), 2)]),
        weight=np.concatenate([memory.weight, rng.normal(0, 300, len(pre))]),
    )
    made = recall(memory, memory.cues()[0], dt)
    bound = rounding_bound_in_ticks(memory, [made], dt, tick_formulas(memory.neurons.model))
    neurons = memory.patterns[0].neurons[20:24]
    found = membranes(memory, made, neurons, dt)
    apart = max(
        np.abs(values - in_another_way(memory, made, j, dt, rng)).max()
        for j, values in zip(neurons, found.values)
    )
    assert 0 < apart < bound < 1e-3


def test_a_formula_that_is_another_shows_in_the_bound():
    memory = chain_memory(n_patterns=1)
    made = recall(memory, memory.cues())
    formulas = dict(tick_formulas(memory.neurons.model))
    right = rounding_bound_in_ticks(memory, made, 1e-4, formulas)
    formulas["i_syn"] = ("i_syn * exp(-dt / tau_s) * (1 + 1e-6 * dt / tau_s)", "pA")
    assert rounding_bound_in_ticks(memory, made, 1e-4, formulas) > 100 * right


def test_time_constants_that_are_nearly_equal_leave_more_to_rounding():
    memory = chain_memory(n_patterns=1)
    made = recall(memory, memory.cues())
    bounds = []
    for tau in (0.5, 19.9):
        other = replace(memory, neurons=memory.neurons.with_values({"tau_s": tau}))
        formulas = tick_formulas(memory.neurons.model)
        bounds.append(rounding_bound_in_ticks(other, made, 1e-4, formulas))
    assert bounds[1] > 100 * bounds[0]


def test_for_other_integrators_no_bound_is_known():
    memory = chain_memory("lif-cond", n_patterns=1)
    assert rounding_bound_in_ticks(memory, recall(memory, memory.cues()), 1e-4, {}) is None


def test_formulas_of_brian2_are_the_exact_map():
    memory = chain_memory(n_patterns=1)
    formula, unit = tick_formulas(memory.neurons.model)["i_syn"]
    assert unit == "pA"
    with mp.workdps(40):
        known = {"i_syn": mp.mpf(1), "dt": mp.mpf("1e-4"), "tau_s": mp.mpf("5e-4"), "exp": mp.exp}
        assert abs(eval(formula, known) - mp.exp(mp.mpf("-0.2"))) < 1e-38
