"""How much memory storing takes, which is asked for before any of it is taken.

The numbers of bytes were measured; from small networks to large ones they are within a factor of
two of the peak.
"""

import os
from functools import partial

import numpy as np

from wmdelays.contexts import stored_sequence
from wmdelays.machine.free_memory import check_memory, how_many
from wmdelays.training.rules.margin.presentations import BLOCK

# Of each synapse that is found, until it stands in a memory; and of each there could be, where a
# rule keeps them all: the weights, and with back-propagation their best, their change and what the
# optimizer knows of them.
_FOUND = {"hebbian": 80, "pseudo-inverse": 52, "margin": 56}
_DENSE = {"pseudo-inverse": 4, "bptt": 24}
# Of each spike and delay in the contexts, and of each entry (neuron, step) of a target.
_IN_CONTEXT, _OF_TARGET = 40, 10
# Membranes of how many neurons are looked at together for their gain, and of each of their steps.
_TOGETHER, _MEMBRANE = 256, 32
# Membranes, currents and spikes of each entry of all patterns, with back-propagation.
_CLOSED_LOOP = 14
# How many more synapses there are where damaged contexts are learned from.
_DAMAGED = 4.5
# Of a block's weight, and where it may be; of each spike that is shown, in how many contexts of an
# epoch, and in how many epochs together; of each pattern's place in each block.
_BLOCK, _SHOWN, _EPOCHS, _PLACE = 5, 8, 5, 8


def check_room(rule, *, n_neurons, n_delays, n_steps, n_patterns, n_spikes, damaged=True):
    """Raise an InputError unless there is memory for what a rule needs.

    Parameters
    ----------
    rule : str
    n_neurons, n_delays : int
    n_steps, n_patterns : int
        Length of the patterns and their number.
    n_spikes : int or float
        Spikes in all patterns together.
    damaged : bool
        Whether the rule margin learns from damaged contexts too.
    """
    needed = {
        "hebbian": _hebbian,
        "pseudo-inverse": _pseudo_inverse,
        "bptt": _bptt,
        "margin": partial(_margin, damaged=damaged),
    }
    n_bytes = needed[rule](n_neurons, n_delays, n_steps, n_patterns, n_spikes)
    another = "" if rule == "margin" else ", or the rule margin (--rule)"
    check_memory(
        n_bytes,
        f"storing {n_patterns} patterns of {n_steps} steps in {n_neurons} neurons with {n_delays}"
        f" delays by the rule {rule}",
        f"take fewer neurons, delays or patterns, or shorter ones{another}",
    )


def check_room_for(rule, patterns, n_delays, step, periodic=False, **others):
    """The same for patterns, Rasters."""
    n_steps = stored_sequence(patterns[0], n_delays, step, periodic).n_steps(step)
    check_room(
        rule,
        n_neurons=patterns[0].n_neurons,
        n_delays=n_delays,
        n_steps=n_steps,
        n_patterns=len(patterns),
        n_spikes=sum(len(pattern) for pattern in patterns),
        **others,
    )


def n_workers(n_neurons, n_delays):
    """How many blocks of neurons have the memory to learn side by side."""
    return how_many(_of_a_block(n_neurons, n_delays), os.cpu_count())


def _hebbian(n_neurons, n_delays, n_steps, n_patterns, n_spikes):
    # A synapse for each spike in the context of each spike.
    in_a_context = n_spikes / (n_patterns * n_steps) * n_delays
    n_synapses = min(n_spikes * in_a_context, n_neurons**2 * n_delays)
    shared = _closed_form(n_neurons, n_delays, n_steps, n_patterns, n_spikes)
    return _FOUND["hebbian"] * n_synapses + shared


def _closed_form(n_neurons, n_delays, n_steps, n_patterns, n_spikes):
    all_steps = n_patterns * n_steps
    return (
        _IN_CONTEXT * n_spikes * n_delays
        + _MEMBRANE * all_steps * min(n_neurons, _TOGETHER)
        + _OF_TARGET * n_steps * n_neurons
        + 2 * all_steps * n_neurons
    )


def _pseudo_inverse(n_neurons, n_delays, n_steps, n_patterns, n_spikes):
    # Neurons that spike in some pattern have synapses among them, the others none.
    spiking = n_neurons * -np.expm1(-n_spikes / n_neurons)
    return (
        _FOUND["pseudo-inverse"] * spiking**2 * n_delays
        + _DENSE["pseudo-inverse"] * n_neurons**2 * n_delays
        + _closed_form(n_neurons, n_delays, n_steps, n_patterns, n_spikes)
    )


def _bptt(n_neurons, n_delays, n_steps, n_patterns, n_spikes):
    closed_loop = _CLOSED_LOOP * n_patterns * (n_steps + n_delays) * n_neurons
    start = _hebbian(n_neurons, n_delays, n_steps, n_patterns, n_spikes)
    return max(start, _DENSE["bptt"] * n_neurons**2 * n_delays + closed_loop)


def _margin(n_neurons, n_delays, n_steps, n_patterns, n_spikes, damaged):
    n_blocks = -(-n_neurons // BLOCK)
    side_by_side = min(n_blocks, n_workers(n_neurons, n_delays))
    in_a_context = n_spikes / (n_patterns * n_steps) * n_delays
    # Two for each spike in the context of each spike: what leaks is compensated for.
    n_synapses = 2 * n_spikes * in_a_context * (_DAMAGED if damaged else 1)
    n_synapses = min(n_synapses, n_neurons**2 * n_delays)
    return (
        side_by_side * _of_a_block(n_neurons, n_delays)
        + _FOUND["margin"] * n_synapses
        + _SHOWN * _EPOCHS * (n_spikes + n_patterns * n_steps)
        + _PLACE * n_blocks * n_patterns
    )


def _of_a_block(n_neurons, n_delays):
    return _BLOCK * BLOCK * n_neurons * n_delays
