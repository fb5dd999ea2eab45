"""Networks built and run in their own packages, and the memories that are made of them, spike for spike."""

import numpy as np
import pytest
import snntorch
import torch
from DCLS.construct.modules import Dcls1d

from wmdelays import Cue, InputError, Raster, import_weights, recall

N, D, T, STEP = 16, 5, 60, 1e-3


@pytest.fixture(autouse=True)
def alike():
    torch.manual_seed(3)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def forced_spikes(n_steps=T, silent=0):
    forced = torch.rand(n_steps, N, dtype=torch.float64) < 0.15
    forced[:silent] = False
    forced[20:] &= torch.rand(n_steps - 20, N) < 0.1
    return forced


def cue_of(forced, clamp=0):
    return Cue(Raster.from_dense(forced.numpy(), STEP), STEP, clamp)


def check(memory, forced, own, brian2=True):
    """The memory's own spikes are those of the network, in every simulator."""
    assert 20 < own.sum() < own.size / 2, "a network that is silent or runs away tells nothing"
    for name, how in (
        ("compiled", {}),
        ("torch", {}),
        *([("brian2", {"dt": STEP / 2, "device": "numpy"})] if brian2 else []),
    ):
        mine = recall(memory, cue_of(forced), name, **how).own.dense(STEP)
        assert np.array_equal(mine, own), name


def published(reset, dtype=torch.float64):
    """The network of the published code: a window of past steps, a linear layer, Leaky neurons."""
    net = torch.nn.Sequential()
    net.add_module("dropout", torch.nn.Dropout(0.3))
    net.add_module("lin", torch.nn.Linear(N * D, N, bias=False))
    net.add_module("lif", snntorch.Leaky(beta=0.7, threshold=0.8, reset_mechanism=reset))
    torch.nn.init.normal_(net.lin.weight, -0.04, 0.35)
    return net.to(dtype).eval()


def run_published(net, forced):
    """Its loop: cue and spikes are OR-ed, the window has the oldest step first, the first D are skipped."""
    weight = net.lin.weight
    spikes = torch.zeros(N, T, dtype=weight.dtype)
    inputs = forced.T.to(weight.dtype)
    mem = torch.zeros(1, N, dtype=weight.dtype)
    with torch.no_grad():
        for t in range(D, T):
            ours, theirs = spikes[:, t - D : t], inputs[:, t - D : t]
            seen = (ours + theirs - ours * theirs).reshape(1, N * D)
            spike, mem = net.lif(net.lin(net.dropout(seen)), mem)
            spikes[:, t] = spike[0]
    return spikes.T.numpy().astype(bool)


@pytest.mark.parametrize("reset, brian2", [("subtract", True), ("zero", False), ("none", False)])
def test_checkpoints_of_the_published_code(tmp_path, reset, brian2):
    net, forced = published(reset), forced_spikes(silent=D)
    torch.save(net.state_dict(), tmp_path / "model.pth")
    memory = import_weights(tmp_path / "model.pth")
    assert memory.n_delays == D and memory.reset == {"zero": "zero-own"}.get(reset, "subtract")
    # Column i * D + k is neuron i, D - k steps ago.
    assert memory.dense()[2, 7, D - 1] == net.lin.weight[2, 7 * D].item()
    check(memory, forced, run_published(net, forced), brian2)


def test_single_precision_too(tmp_path):
    net, forced = published("subtract", torch.float32), forced_spikes(silent=D)
    torch.save({"epoch": torch.tensor(3), "state_dict": net.state_dict()}, tmp_path / "last.ckpt")
    check(import_weights(tmp_path / "last.ckpt"), forced, run_published(net, forced), False)


def test_a_membrane_at_threshold_does_not_fire():
    # Halves and quarters: the sum is the threshold, bit for bit, in every simulator.
    net = published("subtract")
    with torch.no_grad():
        net.lin.weight[:] = 0
        net.lin.weight[1, 0 * D + D - 1] = 0.75
        net.lif.threshold.fill_(0.75)
    forced = torch.zeros(T, N, dtype=torch.bool)
    forced[D, 0] = True
    assert not run_published(net, forced).any()
    memory = import_weights(net.state_dict())
    for name in ("compiled", "torch"):
        assert not len(recall(memory, cue_of(forced), name).own)
    assert len(recall(import_weights(net.state_dict(), strict=False), cue_of(forced)).own) == 1


def rleaky(reset, **others):
    layer = snntorch.RLeaky(
        beta=torch.rand(N) * 0.6 + 0.3,
        threshold=torch.rand(N) * 0.5 + 0.5,
        reset_mechanism=reset,
        **({"linear_features": N} | others),
    )
    return layer.double()


def run_rleaky(layer, forced):
    own, sent, mem = np.zeros((T, N), bool), torch.zeros(1, N).double(), torch.zeros(1, N).double()
    with torch.no_grad():
        for t in range(T):
            spike, mem = layer(torch.zeros(1, N).double(), sent, mem)
            own[t] = spike[0].numpy() > 0
            sent = torch.maximum(spike, forced[t : t + 1].double())
    return own


@pytest.mark.parametrize("reset, brian2", [("subtract", False), ("zero", True), ("none", False)])
def test_rleaky(reset, brian2):
    layer = rleaky(reset, learn_beta=True, learn_threshold=True)
    with torch.no_grad():
        layer.recurrent.weight.normal_(0.05, 0.5)
        layer.recurrent.bias.zero_()
    memory, forced = import_weights(layer.state_dict()), forced_spikes()
    assert memory.n_delays == 1 and memory.reset == {"zero": "zero-late"}.get(reset, "subtract")
    check(memory, forced, run_rleaky(layer, forced), brian2)


def test_rleaky_whose_neurons_hear_themselves_alone():
    layer = rleaky("subtract", V=torch.rand(N) + 0.3, all_to_all=False, linear_features=None)
    memory, forced = import_weights(layer.state_dict()), forced_spikes()
    check(memory, forced, run_rleaky(layer, forced), False)


def test_the_recurrent_layer_of_a_larger_network():
    layer = rleaky("subtract")
    with torch.no_grad():
        layer.recurrent.bias.zero_()
    net = torch.nn.Sequential(torch.nn.Linear(3, N), layer)
    with pytest.raises(InputError, match="has 0.weight, 0.bias beside the recurrent layer"):
        import_weights(net.state_dict())
    memory = import_weights(net.state_dict(), layer="1")
    assert memory.fingerprint() == import_weights(layer.state_dict()).fingerprint()


def run_window(layer, lif, forced, window):
    """A layer that sees the last steps of all neurons, the oldest first."""
    own, seen = np.zeros((T, N), bool), torch.zeros(1, N, window).double()
    mem = torch.zeros(1, N).double()
    with torch.no_grad():
        for t in range(T):
            spike, mem = lif(layer(seen), mem)
            own[t] = spike[0].numpy() > 0
            sent = torch.maximum(spike, forced[t : t + 1].double())
            seen = torch.cat([seen[:, :, 1:], sent[:, :, None]], 2)
    return own


@pytest.mark.parametrize("window, version", [(7, "max"), (7, "v1"), (8, "v0")])
def test_dcls(window, version):
    layer = Dcls1d(
        N, N, kernel_count=1, dilated_kernel_size=window, bias=False, version=version
    ).double()
    lif = snntorch.Leaky(beta=0.8, threshold=0.9, reset_mechanism="subtract").double()
    with torch.no_grad():
        layer.weight.normal_(-0.15, 0.5)
        first, last = -(window // 2), (window - 1) // 2
        layer.P[:] = torch.randint(first, last + 1, layer.P.shape)
    net = torch.nn.Sequential(layer, lif)
    with pytest.raises(InputError, match="how long its kernel is"):
        import_weights(net.state_dict())
    memory, forced = import_weights(net.state_dict(), window=window), forced_spikes()
    assert memory.delay.min() == 1 and memory.delay.max() == window
    own = run_window(lambda seen: layer(seen)[:, :, 0], lif, forced, window)
    check(memory, forced, own, brian2=version == "max")


def test_a_delay_for_each_recurrent_synapse_as_delrec_trains_them():
    # Built as the paper has it: each recurrent spike is heard after the delay of its synapse.
    window = 9
    weight = torch.randn(N, N).double() * 0.5 + 0.1
    delay = torch.randint(1, window + 1, (N, N))
    lif = snntorch.Leaky(beta=0.8, threshold=0.9, reset_mechanism="zero").double()

    def layer(seen):
        heard = seen[0].T[window - delay, torch.arange(N)]
        return (weight * heard).sum(1)[None]

    memory = import_weights(
        {"weight": weight, "delay": delay}, beta=0.8, theta=0.9, reset="zero-own", strict=True
    )
    forced = forced_spikes()
    check(memory, forced, run_window(layer, lif, forced, window), False)


@pytest.mark.parametrize("of_each", [True, False])
@pytest.mark.parametrize("soft", [True, False])
def test_delrec(of_each, soft):
    # Its public layer, with the spread of its delays gone: a spike is spread over steps ahead in a
    # buffer, at 1 + d. Neurons are spikingjelly's LIFNode: they leak by 1 / tau, fire at threshold and
    # reset at once.
    tau, threshold, ahead = 4.0, 0.9, 8
    weight = torch.randn(N, N).double() * 0.5 + 0.05
    delay = torch.randint(0, ahead - 1, (N, N) if of_each else (N,))
    spread = torch.nn.functional.one_hot(1 + delay, ahead).double()
    if not of_each:
        spread = spread[None].expand(N, N, ahead)
    forced, own = forced_spikes(), np.zeros((T, N), bool)
    buffer, v = torch.zeros(N, ahead).double(), torch.zeros(N).double()
    for t in range(T):
        v = v - v / tau + buffer[:, 0]
        fired = (v >= threshold).double()
        v = v - threshold * fired if soft else v * (1 - fired)
        own[t] = fired.numpy() > 0
        sent = torch.maximum(fired, forced[t].double())
        buffer += torch.einsum("o,io,iol->il", sent, weight, spread)
        buffer = torch.cat([buffer[:, 1:], torch.zeros(N, 1).double()], 1)
    beta = 1 - 1 / tau
    reset = {"reset": "subtract", "reset_by": beta * threshold} if soft else {"reset": "zero-own"}
    state = {"recurrent_weights": weight, "recurrent_delays": delay.double()}
    memory = import_weights(state, beta=beta, theta=threshold, **reset)
    assert memory.delay.min() == 1
    check(memory, forced, own, brian2=of_each and soft)


def changed(state, **values):
    return state | {name.replace("__", "."): value for name, value in values.items()}


RLEAKY = {
    "recurrent.weight": torch.zeros(4, 4) + 0.5,
    "recurrent.bias": torch.zeros(4),
    "beta": torch.tensor(0.5),
    "threshold": torch.tensor(1.0),
    "graded_spikes_factor": torch.tensor(1.0),
    "reset_mechanism_val": torch.tensor(0),
}
LEAKY = {"lin.weight": torch.ones(4, 8), "lif.beta": torch.tensor(0.5)}
LEAKY |= {"lif.threshold": torch.tensor(0.8)}
DELAYS = {"weight": torch.ones(4, 4), "delay": torch.ones(4, 4)}
DCLS = {"weight": torch.ones(4, 4, 1), "P": torch.zeros(1, 4, 4, 1)}
NAN = torch.full((4, 4), torch.nan)


@pytest.mark.parametrize(
    "state, reason",
    [
        (changed(RLEAKY, graded_spikes_factor=torch.tensor(0.5)), "graded spikes"),
        (changed(RLEAKY, recurrent__bias=torch.ones(4)), "a bias, a current that never ends"),
        (changed(RLEAKY, recurrent__weight=torch.ones(4, 4, 3, 3)), "a convolution"),
        (changed(RLEAKY, recurrent__weight=torch.ones(4, 5)), r"of the shape \(4, 5\)"),
        (changed(RLEAKY, recurrent__weight=NAN), "recurrent.weight has a value that is no finite"),
        (changed(RLEAKY, alpha=torch.tensor(0.9)), "neurons with alpha"),
        (changed(RLEAKY, beta=torch.tensor(1.0)), "beta that does not lie between 0 and 1"),
        (changed(RLEAKY, beta=torch.ones(3) / 2), "beta of the shape .* there are 4 neurons"),
        (changed(RLEAKY, reset_mechanism_val=torch.tensor(7)), "the reset 7"),
        (changed(RLEAKY, threshold=torch.tensor(-1.0)), "threshold that is not greater"),
        ({"a." + name: one for name, one in RLEAKY.items()}
         | {"b." + name: one for name, one in RLEAKY.items()}, "several layers"),
        (changed(LEAKY, lin__weight=torch.ones(4, 9)), "N rows and N D columns"),
        (changed(LEAKY, lin__bias=torch.ones(4)), "a bias, a current that never ends, in lin.bias"),
        (changed(LEAKY, out__weight=torch.ones(2, 4)), "has 2 layers of weights"),
        ({"lin.weight": torch.ones(4, 4)}, "no neurons and no delays"),
        (DELAYS, "does not say beta and theta"),
        (changed(DELAYS, delay=torch.full((4, 4), 1.5)), "delays between whole steps, such as 1.5"),
        (changed(DELAYS, delay=torch.zeros(4, 4)), "a delay of 0 steps"),
        (changed(DELAYS, delay=torch.ones(4, 3)), "both have to be"),
        ({"recurrent_weights": torch.ones(4, 4), "recurrent_delays": torch.ones(4) / 3},
         "delays between whole steps"),
        ({"recurrent_weights": torch.ones(4, 4), "recurrent_delays": torch.ones(3)}, "both have to be"),
        (DCLS, "how long its kernel is"),
        ({"w": 3}, "w is a int, not a tensor"),
        ({"w": torch.ones(2, 2, dtype=torch.complex64)}, "w is of complex64"),
        ({}, "an empty state dict"),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped_is_refused_with_the_reason(state, reason):
    with pytest.raises(InputError, match=reason) as told:
        import_weights(state)
    assert "\n" not in str(told.value)


def test_dcls_layers_that_are_not_done_are_refused():
    for changes, reason in (
        ({"SIG": torch.full((1, 4, 4, 1), 0.2)}, "still spread"),
        ({"P": torch.full((1, 4, 4, 1), 0.4)}, "between whole steps"),
        ({"P": torch.full((1, 4, 4, 1), 9.0)}, "outside a kernel of 5 steps"),
        ({"weight": torch.ones(4, 4, 2)}, "kernel_count=1"),
    ):
        with pytest.raises(InputError, match=reason):
            import_weights(DCLS | changes, window=5, beta=0.5, theta=1.0)
