"""Layers of spiking neurons as networks: which state dicts can be mapped exactly, and why others cannot.

The layers are those of snnTorch 1.0 (Leaky and RLeaky; J. K. Eshraghian et al., Proceedings of the IEEE
111, 2023), the network of the published code to L. U. Perrinet's Working Memory in a Recurrent Spiking
Neural Network With Heterogeneous Synaptic Delays (arXiv 2604.14096, 2026), and layers of one delay for
each synapse, as DCLS (I. Hammouamri, I. Khalfaoui-Hassani and T. Masquelier, ICLR 2024) and DelRec
(A. Queant et al., arXiv 2509.24852) train them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wmdelays.errors import InputError, parameter
from wmdelays.training.imports.found import Found, from_tensor, of_each
from wmdelays.words import printable

# snnTorch's numbers of its resets.
_SUBTRACT, _ZERO, _NONE = 0, 1, 2
_OF_NEURONS = ("threshold", "beta", "reset_mechanism_val", "graded_spikes_factor")
# What delays are called: DCLS, any layer, DelRec.
_DELAYS = ("P", "delay", "delays", "recurrent_delays")
# Next to nothing: positions of DCLS and delays are rounded when training ends.
_WHOLE = 1e-6
# What DCLS adds to the sum of a kernel before it divides by it, where it has a spread.
_ADDED = 1e-7


def found_in(state: dict, layer: str | None = None, window: int | None = None) -> Found:
    """The network of a state dict.

    Parameters
    ----------
    state : dict of str to array
    layer : str, optional
        Which of its modules, by name; by default all of it.
    window : int, optional
        Length of the kernel of a DCLS layer in steps.

    Raises
    ------
    InputError
        If it is not known, or does something that cannot be mapped exactly.
    """
    if layer is not None:
        state = _within(state, layer)
    delays = [name for name in state if name.split(".")[-1] in _DELAYS]
    neurons = sorted(name[: -len("threshold")] for name in state if name.endswith("threshold"))
    if len(neurons) > 1 or len(delays) > 1:
        raise InputError(
            f"has several layers, {_listed(state)}; name the recurrent one with"
            f" {parameter('layer')}"
        )
    own, others = {}, dict(state)
    if neurons:
        prefix = neurons[0]
        own = {name[len(prefix) :]: state[name] for name in state if name.startswith(prefix)}
        others = {name: state[name] for name in state if not name.startswith(prefix)}
        if not prefix:
            # A module with neurons of its own: what else it has stands beside them.
            own = {name: state[name] for name in _OF_NEURONS if name in state}
            own |= {name: state[name] for name in state if name.startswith(("recurrent.", "V"))}
            own |= {name: state[name] for name in ("alpha",) if name in state}
            others = {name: state[name] for name in state if name not in own}
    if delays:
        found = _one_delay_each(others, window)
    elif not neurons:
        raise InputError(
            f"has no neurons and no delays that are known (it has {_listed(state)}); give the tensor of"
            " weights as npy instead"
        )
    elif {"V", "recurrent.V", "recurrent.weight"} & set(own):
        if others:
            raise InputError(
                f"has {_listed(others)} beside the recurrent layer; name the layer with"
                f" {parameter('layer')}"
            )
        found = _rleaky(own)
    else:
        found = _window(others)
    return _with_neurons(found, own) if neurons else found


def _within(state, layer):
    inside = {
        name.removeprefix(f"{layer}."): state[name]
        for name in state
        if name.startswith(f"{layer}.")
    }
    if not inside:
        raise InputError(f"has no layer {printable(layer[:60])!r}; it has {_listed(state)}")
    return inside


def _listed(state):
    names = list(state)
    return printable(", ".join(names[:6])) + (", …" if len(names) > 6 else "")


def _with_neurons(found, own):
    """The network with the neurons of a layer of snnTorch."""
    if "alpha" in own:
        raise InputError(
            "has neurons with alpha, synaptic currents of their own (Synaptic, Alpha); only Leaky and"
            " RLeaky can be mapped"
        )
    missing = {"beta", "threshold"} - set(own)
    if missing:
        raise InputError(f"has neurons without {' and '.join(sorted(missing))}")
    if np.any(own.get("graded_spikes_factor", 1) != 1):
        raise InputError(
            "has graded spikes (graded_spikes_factor is not 1); a spike here is one, so multiply the"
            " weights by the factor and save it as 1"
        )
    beta = of_each(own["beta"], "beta", found.n_neurons)
    # snnTorch itself takes no more than 1 of it.
    if np.any((np.asarray(beta) <= 0) | (np.asarray(beta) >= 1)):
        raise InputError(
            "has a beta that does not lie between 0 and 1, of a membrane without a leak"
        )
    threshold = of_each(own["threshold"], "threshold", found.n_neurons)
    if np.any(np.asarray(threshold) <= 0):
        raise InputError("has a threshold that is not greater than zero")
    reset, reset_by = "subtract", threshold
    number = int(own.get("reset_mechanism_val", np.array(_SUBTRACT)).reshape(-1)[0])
    if number == _ZERO:
        reset, reset_by = ("zero-late" if "RLeaky" in found.kind else "zero-own"), None
    elif number == _NONE:
        reset_by = 0.0
    elif number != _SUBTRACT:
        raise InputError(f"has the reset {number}, which snnTorch does not have")
    neurons = {"beta": beta, "theta": threshold, "reset": reset, "reset_by": reset_by}
    return replace(found, strict=True, **neurons)


def _rleaky(own):
    """RLeaky: a spike reaches the layer's neurons in the next step."""
    if np.any(own.get("recurrent.bias", 0)):
        raise InputError(
            "has a bias, a current that never ends, in recurrent.bias; train with bias=False, or set it"
            " to zero"
        )
    weight = own.get("recurrent.weight")
    if weight is None:
        # One to one: each neuron hears itself.
        values = np.asarray(own.get("recurrent.V", own.get("V")), dtype=np.float64)
        if values.ndim != 1 or values.size < 2:
            raise InputError(
                "has one recurrent weight V for all neurons and does not say how many there are; save"
                " V as one for each"
            )
        weight = np.diag(values)
    if weight.ndim != 2:
        raise InputError("has a convolution as recurrent connections; only Linear can be mapped")
    if weight.shape[0] != weight.shape[1]:
        raise InputError(f"has recurrent weights of the shape {weight.shape}")
    return from_tensor(weight[:, :, None], "snnTorch's RLeaky")


def _window(others):
    """Leaky behind a Linear that sees the last D steps of all neurons, the oldest first.

    Column i * D + k of the weights is neuron i, D - k steps ago, as in the published network.
    """
    weights = {name: value for name, value in others.items() if value.ndim >= 2}
    rest = {name: value for name, value in others.items() if value.ndim < 2}
    if len(weights) != 1:
        raise InputError(
            f"has {len(weights)} layers of weights ({_listed(others) or 'none'}); a recurrent network"
            " of Leaky neurons has one, from the last D steps of all neurons to all neurons"
        )
    for name, value in rest.items():
        if name.endswith("bias") and not value.any():
            continue
        what = "a bias, a current that never ends" if name.endswith("bias") else "something unknown"
        raise InputError(f"has {what}, in {printable(name)}")
    (name, weight), *_ = weights.items()
    n_neurons, n_columns = weight.shape if weight.ndim == 2 else (0, 0)
    if not n_neurons or n_columns % n_neurons or not n_columns:
        raise InputError(
            f"has weights {printable(name)} of the shape {weight.shape}; a recurrent layer of N neurons"
            " has N rows and N D columns"
        )
    window = weight.reshape(n_neurons, n_neurons, -1)[:, :, ::-1]
    return from_tensor(window, "Leaky neurons that see a window of past steps")


def _one_delay_each(others, window):
    """A weight and a delay for each pair of neurons."""
    kinds = {name.split(".")[-1]: name for name in others}
    if len(kinds) < len(others):
        raise InputError(
            f"has several layers, {_listed(others)}; name one with {parameter('layer')}"
        )
    of_delrec = "recurrent_delays" in kinds
    weights = "recurrent_weights" if of_delrec else "weight"
    if weights not in kinds:
        raise InputError(f"has delays but no {weights} ({_listed(others)})")
    if "bias" in kinds and others[kinds["bias"]].any():
        raise InputError("has a bias, a current that never ends")
    weight = np.asarray(others[kinds[weights]], dtype=np.float64)
    unknown = set(kinds) - {weights, "bias", "SIG", "p_spread", *_DELAYS}
    if unknown:
        raise InputError(f"has {_listed({kinds[name]: 0 for name in unknown})}, which is not known")
    if "P" in kinds:
        spread = others[kinds["SIG"]] if "SIG" in kinds else None
        delay, weight, n_delays = _of_dcls(others[kinds["P"]], weight, spread, window)
        kind = "a DCLS layer"
    else:
        delay = np.asarray(others[next(kinds[one] for one in _DELAYS if one in kinds)], np.float64)
        n_delays, kind = None, "a layer with one delay for each synapse"
        if of_delrec:
            # Counted from the next step on; one for all synapses of a neuron, or one for each.
            delay, kind = 1 + delay, "a recurrent layer of DelRec"
            if delay.shape == weight.shape[1:]:
                delay = np.broadcast_to(delay, weight.shape)
    if weight.ndim != 2 or weight.shape[0] != weight.shape[1] or delay.shape != weight.shape:
        raise InputError(
            f"has weights of the shape {weight.shape} and delays of {delay.shape}; both have to be"
            " (post, pre), of the same neurons"
        )
    used = weight != 0
    off = np.abs(delay - np.rint(delay))
    if (off[used] > _WHOLE).any():
        raise InputError(
            f"has delays between whole steps, such as {delay[used][off[used].argmax()]:.6g}; round them"
            " first, as their training does in the end"
        )
    delay = np.rint(delay).astype(np.int64)
    if (delay[used] < 1).any():
        raise InputError(
            f"has a delay of {delay[used].min()} steps; a spike of a recurrent layer arrives a step"
            " later at the earliest"
        )
    post, pre = np.nonzero(used)
    sizes = {"n_neurons": len(weight), "n_delays": n_delays}
    return Found(kind, pre, post, delay[post, pre], weight[post, pre], **sizes)


def _of_dcls(position, weight, spread, window):
    """Delays from the positions of DCLS, which count from the middle of its kernel.

    The layer sees the last L steps, the oldest first, so place k of its kernel is L - k steps ago, and
    position p is the place p + L // 2.
    """
    if window is None:
        raise InputError(
            "is a DCLS layer, whose file does not say how long its kernel is (dilated_kernel_size);"
            f" say it with {parameter('window')}"
        )
    if weight.ndim != 3 or weight.shape[2] != 1 or position.shape != (1, *weight.shape):
        raise InputError(
            f"has weights of the shape {weight.shape} and positions of {position.shape}; a Dcls1d with one"
            " delay for each synapse (kernel_count=1) has (post, pre, 1) and (1, post, pre, 1)"
        )
    if spread is not None:
        if spread.any():
            raise InputError(
                "has delays that are still spread (SIG is not zero); end the training as DCLS does, with"
                " SIG = 0, rounded positions and the version max"
            )
        weight = weight / (1 + _ADDED)
    delay = window - (position[0, :, :, 0] + window // 2)
    # Beyond its ends DCLS keeps a position at the first or last place of the kernel.
    used = weight[:, :, 0] != 0
    if used.any() and not (0.5 <= delay[used].min() and delay[used].max() < window + 0.5):
        raise InputError(
            f"has positions outside a kernel of {window} steps; is {parameter('window')} right?"
        )
    return delay, weight[:, :, 0], window
