"""One neuron of each model against the equations of its paper, integrated by scipy.

The equations stand here once more, by hand, in mV, ms, nS, pF and pA.
"""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from wmdelays.neurons import NEURONS, Neurons
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.training.continuous.code import functions_of

# Arrivals: ms, and the postsynaptic potential in parts of what makes the neuron fire.
QUIET = ((2.0, 0.2), (5.0, -0.3), (9.0, 0.3), (9.5, 0.1), (14.0, -0.3), (23.0, 0.4))
STRONG = ((2.0, 1.8), (5.0, -0.3), (15.0, 1.5), (16.0, 1.5), (30.0, -0.6), (40.0, 2.0))
EXACT = [name for name, model in NEURONS.items() if model.method == "exact"]
FIRST_ORDER = [name for name in NEURONS if name not in EXACT]
SETS = [(name, preset) for name, model in NEURONS.items() for preset in (None, *model.presets)]


def lif(p, synapse):
    def membrane(v, _, i):
        return [(-p["g_l"] * (v - p["e_l"]) + i) / p["c"]]

    return [p["e_l"]], membrane, p["theta"], lambda v, _: [p["v_r"]], synapse


def adex(p, synapse):
    def membrane(v, w, i):
        upswing = p["g_l"] * p["delta_t"] * math.exp((v - p["v_t"]) / p["delta_t"])
        dv = (-p["g_l"] * (v - p["e_l"]) + upswing - w + i) / p["c"]
        return [dv, (p["a"] * (v - p["e_l"]) - w) / p["tau_w"]]

    peak = p["v_t"] + p["upswing"]
    return [p["e_l"], 0.0], membrane, peak, lambda v, w: [p["v_r"], w + p["b"]], synapse


def izhikevich(p, synapse):
    def membrane(v, u, i):
        return [0.04 * v**2 + 5 * v + 140 - u + i, p["a"] * (p["b"] * v - u)]

    (v0, _) = sorted(np.roots([0.04, 5 - p["b"], 140]))
    return (
        [v0, p["b"] * v0],
        membrane,
        p["v_peak"],
        lambda v, u: [p["v_r"], u + p["d"]],
        synapse,
    )


def exponential(p):
    """States, their slopes, the current, and where a weight goes."""
    return 1, lambda s: [-s[0] / p["tau_s"]], lambda v, s: s[0], lambda s, w: [s[0] + w]


def alpha(p):
    return (
        2,
        lambda s: [(s[1] - s[0]) / p["tau_s"], -s[1] / p["tau_s"]],
        lambda v, s: s[0],
        lambda s, w: [s[0], s[1] + w],
    )


def conductance(p):
    return (
        2,
        lambda s: [-s[0] / p["tau_e"], -s[1] / p["tau_i"]],
        lambda v, s: s[0] * (p["e_e"] - v) + s[1] * (p["e_i"] - v),
        lambda s, w: [s[0] + max(w, 0), s[1] + max(-w, 0)],
    )


PAPERS = {
    "lif-exp": (lif, exponential),
    "lif-alpha": (lif, alpha),
    "lif-cond": (lif, conductance),
    "adex": (adex, conductance),
    "adex-exp": (adex, exponential),
    "izhikevich": (izhikevich, conductance),
    "izhikevich-exp": (izhikevich, exponential),
}


class Paper:
    """A neuron in continuous time: `states`, changed by `run`, `arrival` and `spike`."""

    def __init__(self, name, values):
        neuron, synapse = PAPERS[name]
        start, self.membrane, self.peak, self.reset, synapse = neuron(values, synapse(values))
        n, self.slopes, self.current, self.arrives = synapse
        self.m = len(start)
        self.states = np.array([*start, *[0.0] * n])

    def run(self, duration, held=False):
        """Integrate; until the membrane reaches its peak, if it does. The time that was needed."""

        def slopes(t, y):
            v, s = y[0], y[self.m :]
            other = y[1] if self.m > 1 else None
            membrane = self.membrane(v, other, self.current(v, s))
            if held:
                membrane[0] = 0.0
            return [*membrane, *self.slopes(s)]

        def at_peak(t, y):
            return y[0] - self.peak

        at_peak.terminal, at_peak.direction = True, 1
        found = solve_ivp(
            slopes, (0, duration), self.states, "DOP853", rtol=1e-13, atol=1e-13, events=at_peak
        )
        self.states = found.y[:, -1]
        return found.t[-1]

    def arrival(self, weight):
        self.states[self.m :] = self.arrives(self.states[self.m :], weight)

    def spike(self):
        self.states[: self.m] = self.reset(*self.states[: self.m], *[None] * (2 - self.m))


class Ticks:
    """The same neuron as the compiled loops have it."""

    def __init__(self, name, values, dt):
        self.model, space = NEURONS[name], {"math": math}
        exec(functions_of(self.model)[0], space)
        self.functions, self.dt = space, dt
        (self.constants,) = one_tick(self.model).values_of_constants(values, dt)
        (self.states,) = rest(self.model, values)

    def run(self, duration, held=False):
        """Ticks until the membrane is at its peak, if it comes there; the time that was needed."""
        for k in range(round(duration / self.dt)):
            self.functions["tick"](self.states, self.constants, held)
            if self.functions["fires"](self.states, self.constants):
                return (k + 1) * self.dt
        return duration

    def arrival(self, weight):
        self.functions["arrive"](self.states, max(weight, 0.0), min(weight, 0.0))

    def spike(self):
        self.functions["spike"](self.states, self.constants)


def values_of(name, preset=None):
    model = NEURONS[name]
    chosen = {} if preset is None else model.presets[preset]
    return Neurons(model, 1, classes={"": chosen}).values


def weight_of(name, p):
    """A weight that alone brings the membrane to about its threshold."""
    rest = Paper(name, p).states[0]
    if "c" not in p:
        # Between the two roots of the parabola, u held where it is at rest.
        charge, threshold = 25 * math.sqrt((5 - p["b"]) ** 2 - 22.4), -55.0
    else:
        threshold = p.get("theta", p.get("v_t"))
        charge = p["c"] * (threshold - rest)
    if "tau_s" in p:
        return 1.6 * charge / p["tau_s"]
    return 1.6 * charge / p["tau_e"] / (p["e_e"] - threshold)


def response(neuron, arrivals, weight, end, t_ref, forced=None):
    """Run a neuron through arrivals: times of its own spikes, and its states at each event."""
    events = sorted([*arrivals, (end, None)] + ([] if forced is None else [(forced, "spike")]))
    now, free, spikes, states = 0.0, 0.0, [], []
    for at, what in events:
        while at - now > 1e-9:
            held = free - now > 1e-9
            until = min(at, free) if held else at
            took = neuron.run(until - now, held)
            if not held and took < until - now - 1e-9:
                spikes.append(now + took)
                neuron.spike()
                free = now + took + t_ref
            now += took
        now = at
        states.append(neuron.states.copy())
        if what == "spike":
            neuron.spike()
            free = at + t_ref
        elif what is not None:
            neuron.arrival(what * weight)
    return spikes, np.array(states)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_an_exact_integrator_is_exact_at_every_tick(name, dt):
    values = values_of(name)
    paper, ticks = Paper(name, values), Ticks(name, values, dt)
    # A spike comes of itself where a tick finds the membrane at threshold; the paper's is put there.
    paper.peak = np.inf
    free, spikes, furthest = 0.0, 0, 0.0
    arrivals, weight = dict(STRONG), weight_of(name, values)
    for k in range(1, round(60 / dt)):
        held = free - k * dt > -1e-9
        for one in (paper, ticks):
            one.run(dt, held)
            if round(k * dt, 6) in arrivals:
                one.arrival(arrivals[round(k * dt, 6)] * weight)
        assert np.abs(paper.states - ticks.states).max() < 1e-10
        if not held and ticks.states[0] >= values["theta"]:
            for one in (paper, ticks):
                one.spike()
            free, spikes = k * dt + values["t_ref"] - dt, spikes + 1
        furthest = max(furthest, np.ptp([ticks.states[0], values["e_l"]]))
    assert spikes >= 3 and furthest > 15


@pytest.mark.parametrize("name, preset", [one for one in SETS if one[0] in FIRST_ORDER])
def test_a_first_order_integrator_comes_nearer_by_half_when_the_tick_is_halved(name, preset):
    """Arrivals, a spike that is forced, the reset and the refractory period are all in it."""
    values = values_of(name, preset)
    arrivals, run = QUIET, (weight_of(name, values), 25.0, values["t_ref"], 22.0)
    spikes, wanted = response(Paper(name, values), arrivals, *run)
    assert spikes == []
    errors = []
    for dt in (0.025, 0.0125, 0.00625):
        spikes, states = response(Ticks(name, values, dt), arrivals, *run)
        assert spikes == []
        errors.append(np.abs(states - wanted).max(0))
    # Conductances that decay are integrated exactly by exponential Euler.
    moved = errors[0] > 1e-11
    assert moved[0]
    for coarse, fine in zip(errors, errors[1:]):
        assert np.all(np.abs(coarse[moved] / fine[moved] - 2) < 0.1)
        assert np.all(fine[~moved] < 1e-11)


@pytest.mark.parametrize("name, preset", SETS)
def test_spikes_come_when_the_paper_has_them(name, preset):
    """A spike is recorded at the first tick at or above the peak, so errors are of the first order."""
    values = values_of(name, preset)
    run = (STRONG, weight_of(name, values), 55.0, values["t_ref"])
    wanted, _ = response(Paper(name, values), *run)
    assert len(wanted) > 1
    worst = []
    for dt in (0.025, 0.00625):
        found, _ = response(Ticks(name, values, dt), *run)
        assert len(found) == len(wanted)
        worst.append(np.abs(np.subtract(found, wanted)).max())
        assert worst[-1] < 40 * dt
    assert worst[1] < worst[0] / 2
