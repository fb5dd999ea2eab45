"""Untidy recalls in the compiled loop and in Brian2: what stays is the same, what is noise fits."""

import numpy as np
import pytest
import scipy.linalg
import sympy
from brian2 import Network, ms, mV, seed
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from wmdelays import Cue, InputError, Memory, Raster, recall
from wmdelays.brian_models import expand
from wmdelays.brian_models.devices.session import settings as brian2_settings
from wmdelays.neurons import NEURONS, Neurons, Variability
from wmdelays.neurons.drawn_network import draw_network
from wmdelays.neurons.one_tick import one_tick, rest
from wmdelays.training.continuous import recall as module

# Weights with which a random network keeps on firing.
STRENGTH = {
    "lif": 0.3,
    "lif-exp": 800,
    "lif-alpha": 800,
    "lif-cond": 12,
    "adex": 40,
    "adex-exp": 1500,
    "izhikevich": 0.5,
    "izhikevich-exp": 20,
}
# What is drawn once, for potentials in mV.
STAYS = dict(dead=0.1, drive=0.6, time_constants=0.1, thresholds=0.5, weights=0.1, delay_spread=0.3)
SIMULATORS = [("compiled", "auto"), ("brian2", "numpy"), ("brian2", "cpp_standalone")]
each_simulator = pytest.mark.parametrize("simulator, device", SIMULATORS)


def in_units_of(model, knobs):
    """Potentials in the unit of a model, from mV."""
    scale = 0.05 if model == "lif" else 1.0
    potentials = ("drive", "thresholds", "membrane_noise", "threshold_noise")
    return Variability(**{n: v * (scale if n in potentials else 1) for n, v in knobs.items()})


def memory_of(model, n_neurons, n_delays, pre, post, delay, weight, theta=1.0):
    neurons = None if model == "lif" else Neurons(model, n_neurons)
    own = {"beta": 0.7, "theta": theta} if neurons is None else {"beta": None, "theta": None}
    return Memory(
        n_neurons, n_delays, 1e-3, pre=pre, post=post, delay=delay, weight=weight, neurons=neurons,
        **own,
    )  # fmt: skip


def random_network(model, seed, n_neurons=40, n_delays=8):
    rng = np.random.default_rng(seed)
    shape = n_neurons, n_neurons, n_delays
    weights = rng.normal(0.2, 1, shape) * (rng.random(shape) < 0.08) * STRENGTH[model]
    pre, delay, post = np.nonzero(weights.transpose(1, 2, 0))
    return memory_of(model, n_neurons, n_delays, pre, post, delay + 1, weights[post, pre, delay])


def random_cue(memory, seed, n_steps=50):
    rng = np.random.default_rng(seed)
    n = round(memory.step / memory.tick)
    dense = rng.random((n_steps * n, memory.n_neurons)) < 0.03 / n
    return Cue(Raster.from_dense(dense, memory.tick), memory.tick, clamp=memory.n_delays * n)


def fan(n, weight, model="lif", delay=10):
    """Neuron 0 reaches n others."""
    post = np.arange(1, n + 1)
    return memory_of(
        model, n + 1, 20, np.zeros(n, int), post, np.full(n, delay), np.full(n, weight)
    )


def one_spike(memory, n_steps=30, at=(0,)):
    spikes = Raster.from_steps(np.zeros(len(at), int), at, memory.n_neurons, n_steps, memory.step)
    return Cue(spikes, memory.step, clamp=0)


@settings(deadline=None, derandomize=True, max_examples=16)
@given(
    model=st.sampled_from(list(STRENGTH)),
    seed=st.integers(0, 2**32 - 1),
    knobs=st.sets(st.sampled_from(list(STAYS)), min_size=1),
    finer=st.sampled_from([1, 2]),
)
def test_what_stays_gives_the_same_spikes_in_both(model, seed, knobs, finer):
    memory = random_network(model, seed)
    cues = [random_cue(memory, seed + k) for k in range(2)]
    options = {
        "variability": in_units_of(model, {name: STAYS[name] for name in knobs}),
        "seed": seed,
        "dt": memory.step / (10 * finer),
    }
    compiled = recall(memory, cues, "compiled", **options)
    brian2 = recall(memory, cues, "brian2", device="numpy", **options)
    assert min(one.closest_call for one in compiled) > 1e-9, "a rounding error decides"
    for one, two in zip(compiled, brian2):
        assert one.own == two.own and one.emitted == two.emitted


@pytest.mark.parametrize("model", ["lif", "lif-cond", "adex"])
def test_what_stays_gives_the_same_spikes_in_a_program_too(model):
    memory = random_network(model, 5)
    cues = [random_cue(memory, k) for k in range(2)]
    options = {"variability": in_units_of(model, STAYS), "seed": 3}
    compiled = recall(memory, cues, "compiled", **options)
    brian2 = recall(memory, cues, "brian2", device="cpp_standalone", **options)
    for one, two in zip(compiled, brian2):
        assert one.own == two.own and one.emitted == two.emitted
    plain = recall(memory, cues, "compiled")
    assert any(one.own != two.own for one, two in zip(plain, compiled))
    assert sum(len(one.own) for one in compiled) > 20


@each_simulator
def test_noise_is_the_same_for_the_same_seed(simulator, device):
    memory = random_network("lif-exp", 2)
    cues = [random_cue(memory, k) for k in range(3)]
    noisy = Variability(
        membrane_noise=1.0,
        threshold_noise=1.0,
        release_failures=0.1,
        delay_jitter=0.2,
        background=5,
    )

    def spikes(seed):
        recalls = recall(memory, cues, simulator, device=device, variability=noisy, seed=seed)
        return [one.own for one in recalls]

    assert spikes(1) == spikes(1) != spikes(2)


def test_noise_of_the_compiled_loop_does_not_depend_on_threads(monkeypatch):
    memory = random_network("lif-exp", 2)
    cues = [random_cue(memory, 0)] * 4
    noisy = Variability(membrane_noise=1.0, release_failures=0.1)
    found = []
    for n in (1, 4):
        monkeypatch.setattr(module, "how_many", lambda *of, n=n: n)
        found.append([one.own for one in recall(memory, cues, variability=noisy)])
    assert found[0] == found[1]
    # Each cue has noise of its own.
    assert len({one.times.tobytes() for one in found[0]}) == 4


def test_the_numbers_that_a_user_draws_stay_as_they_were():
    memory = random_network("lif-exp", 2)
    np.random.seed(3)
    wanted = np.random.random(2)
    np.random.seed(3)
    first = np.random.random()
    recall(
        memory, random_cue(memory, 0), "brian2", device="numpy",
        variability=Variability(membrane_noise=1.0),
    )  # fmt: skip
    assert [first, np.random.random()] == list(wanted)


def test_without_any_knob_the_network_in_discrete_time_recalls_as_ever():
    memory = random_network("lif", 3)
    cue = random_cue(memory, 1)
    one = recall(memory, cue)
    assert module.recall(memory, cue).own == one.own
    assert recall(memory, cue, variability=Variability()).own == one.own
    assert len(one.own) > 20


def expected_spread(network):
    """Standard deviation of the membrane at rest, by the linear map of a tick with noise."""
    values = {n: v if np.ndim(v) == 0 else v[0] for n, v in network.values.items()}
    map, tick = one_tick(network.model), network.memory.step / 10 * 1e3
    numbers = dict(zip(map.constants, map.values_of_constants(values, tick)[0]))
    numbers |= dict(zip(map.states, rest(network.model, values)[0]))
    jacobian = np.array([[float(sympy.N(e.subs(numbers))) for e in row] for row in map.jacobian])
    place = map.place(network.model.membrane)
    drawn = np.zeros_like(jacobian)
    drawn[place, place] = network.noise[0] ** 2
    return np.sqrt(scipy.linalg.solve_discrete_lyapunov(jacobian, drawn)[place, place])


def membranes_in_brian2(memory, variability, n_steps):
    neurons, synapses = expand(memory, variability=variability, name="unconnected")
    seed(1)
    with brian2_settings({"codegen.target": "numpy"}):
        Network(neurons, synapses).run(n_steps * ms)
    return np.asarray(neurons.v / mV) if memory.neurons is not None else np.asarray(neurons.v)


def membranes_in_the_compiled_loop(memory, variability, n_steps, monkeypatch):
    kept, compiled = [], module.specialised

    def specialised(*of, **others):
        loop = compiled(*of, **others)

        def run(states, *others):
            kept.append(states)
            return loop(states, *others)

        return run

    monkeypatch.setattr(module, "specialised", specialised)
    cue = Cue(Raster([], [], memory.n_neurons, n_steps * 1e-3), memory.tick, clamp=0)
    recall(memory, cue, variability=variability)
    model = draw_network(memory, variability, 0, 10).model
    return kept[0][:, list(model.states).index(model.membrane)]


@pytest.mark.parametrize("model", ["lif", *NEURONS])
def test_membranes_of_neurons_alone_have_the_stated_mean_and_spread(model, monkeypatch):
    n = 10_000
    none = np.empty(0, int)
    memory = memory_of(model, n, 2, none, none, none, none.astype(float))
    variability = in_units_of(model, {"membrane_noise": 0.5, "drive": 0.4})
    network = draw_network(memory, variability, 0, 10)
    wanted = expected_spread(network)
    if model.startswith("lif"):
        # Nothing but a leak.
        assert wanted == pytest.approx(variability.membrane_noise, rel=1e-9)
    for membranes in (
        membranes_in_the_compiled_loop(memory, variability, 150, monkeypatch),
        membranes_in_brian2(memory, variability, 150),
    ):
        # Five standard errors; adaptation and upswing bend membranes by less than these 2 %.
        assert np.std(membranes) == pytest.approx(wanted, rel=5 / np.sqrt(2 * n) + 0.02)
        if model.startswith("lif"):
            (start,) = rest(network.model, network.values)[0][:1]
            shift = np.mean(membranes) - start
            # After 150 ms of time constants of 20 and 2.8 ms.
            assert shift == pytest.approx(
                variability.drive, abs=5 * wanted / np.sqrt(n) + 6e-4 * variability.drive
            )


def within(found, wanted, spread):
    """Whether a number that is drawn is within five standard deviations of what is expected."""
    return abs(found - wanted) < 5 * spread


@each_simulator
def test_as_many_arrivals_fail_as_stated(simulator, device):
    memory, n, p = fan(4000, 1.5), 4000, 0.3
    one = recall(
        memory,
        one_spike(memory),
        simulator,
        device=device,
        variability=Variability(release_failures=p),
    )
    assert within(len(one.own), n * (1 - p), np.sqrt(n * p * (1 - p)))
    assert set(np.round(one.own.times, 9)) == {0.01}


@each_simulator
def test_delays_have_the_stated_jitter_anew_for_each_spike(simulator, device):
    memory, n = fan(4000, 1.5), 4000
    one = recall(
        memory,
        one_spike(memory, 80, at=(0, 40)),
        simulator,
        device=device,
        variability=Variability(delay_jitter=0.5),
    )
    times = one.own.times.reshape(2, n) * 1e3 - np.array([[10], [50]])
    order = np.stack([np.argsort(row) for row in one.own.neurons.reshape(2, n)])
    off = np.take_along_axis(times, order, 1)
    # Rounding to ticks of 0.1 ms adds 0.1 / sqrt(12) to the spread.
    spread = np.hypot(0.5, 0.1 / np.sqrt(12))
    for row in off:
        assert within(row.mean(), 0, spread / np.sqrt(n))
        assert within(row.std(), spread, spread / np.sqrt(2 * n))
    assert within(np.corrcoef(off)[0, 1], 0, 1 / np.sqrt(n))
    assert np.abs(off).max() <= 2.0 + 1e-9


@each_simulator
def test_jitter_leaves_no_delay_below_a_tick(simulator, device):
    memory = fan(300, 1.5, delay=1)
    one = recall(
        memory,
        one_spike(memory),
        simulator,
        device=device,
        variability=Variability(delay_jitter=1.0),
    )
    assert len(one.own) == 300
    # Half of the normal distribution, and what it has below.
    assert one.own.times.min() == pytest.approx(1e-4)
    assert np.mean(one.own.times < 1.5e-4) == pytest.approx(norm.cdf(-0.85), abs=0.12)


@each_simulator
def test_background_is_heard_at_the_stated_rate_and_not_emitted(simulator, device):
    n, rate, seconds = 1000, 25.0, 0.3
    pre = np.arange(n)
    memory = memory_of("lif", 2 * n, 5, pre, pre + n, np.full(n, 2), np.full(n, 1.5))
    cue = Cue(Raster([], [], 2 * n, seconds), 1e-3, clamp=0)
    one = recall(memory, cue, simulator, device=device, variability=Variability(background=rate))
    wanted = n * rate * seconds
    assert within(len(one.own), wanted, np.sqrt(wanted))
    assert one.emitted.neurons.min() >= n


@each_simulator
def test_a_threshold_is_drawn_anew_after_a_spike_and_only_then(simulator, device):
    n, spread, above = 4000, 0.1, 0.05
    memory = fan(n, 1 + above)
    one = recall(
        memory,
        one_spike(memory, 80, at=(0, 40)),
        simulator,
        device=device,
        variability=Variability(threshold_noise=spread),
    )
    p = norm.cdf(above / spread)
    first, second = (
        set(one.own.neurons[one.own.times < 0.03]),
        set(one.own.neurons[one.own.times > 0.03]),
    )
    assert within(len(first), n * p, np.sqrt(n * p * (1 - p)))
    # The membrane has forgotten the first arrival; who did not fire has the threshold it had.
    assert second <= first
    assert within(len(second) / len(first), p, np.sqrt(p * (1 - p) / len(first)))


def test_the_threshold_of_adex_is_where_its_upswing_begins():
    n = 2000
    memory = fan(n, 60.0, "adex")
    cue = Cue(Raster([0], [0.0], n + 1, 0.06), memory.tick, clamp=1)
    same = recall(memory, cue)
    differ = recall(memory, cue, variability=Variability(threshold_noise=1.0))
    assert len(same.own) == n and len(set(same.own.times)) == 1
    # At its peak a membrane rises by 10 mV in less than a tick.
    assert np.std(differ.own.times) > 1e-4


@each_simulator
def test_dead_neurons_do_not_fire_even_if_they_are_cued(simulator, device):
    memory = random_network("lif-exp", 7)
    cue = random_cue(memory, 1)
    variability = Variability(dead=0.4)
    alive = draw_network(memory, variability, 5, 10).alive
    one = recall(memory, cue, simulator, device=device, variability=variability, seed=5)
    assert alive[one.emitted.neurons].all()
    cued = cue.spikes.steps(cue.step) < cue.clamp
    assert (~alive[cue.spikes.neurons[cued]]).any()


def test_a_jitter_that_brian2_cannot_keep_is_refused():
    memory = fan(3, 1.5)
    with pytest.raises(InputError, match="spreads over 4001 ticks, in Brian2 at most 1000"):
        recall(memory, one_spike(memory), "brian2", variability=Variability(delay_jitter=50.0))


def test_torch_knows_no_noise_in_continuous_time():
    memory = fan(3, 1.5)
    with pytest.raises(InputError, match="torch knows no neurons that differ.*compiled or brian2"):
        recall(memory, one_spike(memory), "torch", variability=Variability(dead=0.1))
