"""How much memory the rule `margin` takes.

The numbers of bytes were measured; from small networks to large ones they are within a factor of
two of the peak.
"""

from wmdelays.machine.free_memory import how_many
from wmdelays.machine.processors import n_processors
from wmdelays.training.rules.margin.damage import Damage
from wmdelays.training.rules.margin.large.room import is_large, large_needs, large_on_disk
from wmdelays.training.rules.margin.presentations import BLOCK, n_blocks
from wmdelays.training.rules.room import COLUMNS, bytes_in_order

# Of each synapse that is found, while it stands in its block, and how many more of them there are where
# damaged contexts are learned from.
_FOUND, _DAMAGED = 8, 4.5
# Of a block's weight, and where it may be; the same while it is put on a grid.
_BLOCK, _ON_GRID = 5, 27
# Of each spike that is shown, in how many contexts of an epoch, and in how many epochs together; of each
# pattern's place in each block.
_SHOWN, _EPOCHS, _PLACE = 8, 5, 8


def needs(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    n_neurons, all_steps = sizes.n_neurons, sizes.n_patterns * sizes.n_steps
    # When blocks are put on a grid the rest is there, and there are as many as there is still memory for.
    on_grid = 0 if options["bits"] is None else _of_a_block(n_neurons, n_delays, True)
    if is_large(n_neurons, n_delays, options):
        return large_needs(sizes, n_delays, options) + on_grid
    blocks = n_blocks(n_neurons)
    learning = min(blocks, n_workers(n_neurons, n_delays)) * _of_a_block(n_neurons, n_delays)
    n_synapses = _most_found(sizes, n_delays, options)
    return (
        max(learning, on_grid)
        + _FOUND * n_synapses
        + bytes_in_order(n_synapses)
        + _SHOWN * _EPOCHS * (sizes.n_spikes + all_steps)
        + _PLACE * blocks * sizes.n_patterns
    )


def on_disk(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    if is_large(sizes.n_neurons, n_delays, options):
        return large_on_disk(sizes, n_delays, options)
    return COLUMNS * _most_found(sizes, n_delays, options)


def _most_found(sizes, n_delays, options):
    """How many synapses are found at most, about."""
    in_a_context = sizes.n_spikes / (sizes.n_patterns * sizes.n_steps) * n_delays
    # Two for each spike in the context of each spike: what leaks is compensated for.
    n_synapses = 2 * sizes.n_spikes * in_a_context * (_DAMAGED if _damages(options) else 1)
    return min(n_synapses, sizes.n_neurons**2 * n_delays)


def n_workers(n_neurons, n_delays, on_grid=False):
    """How many blocks of neurons have the memory to learn side by side, or to be put on a grid."""
    return how_many(_of_a_block(n_neurons, n_delays, on_grid), n_processors())


def _damages(options):
    """Whether damaged contexts are learned from."""
    return bool(Damage.of(options)) and options["damaged_epochs"] > 0


def _of_a_block(n_neurons, n_delays, on_grid=False):
    return (_ON_GRID if on_grid else _BLOCK) * BLOCK * n_neurons * n_delays
