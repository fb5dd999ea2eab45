"""How much memory the rule `timed-margin` takes."""

from wmdelays.machine.processors import n_processors

# Of each synapse that is found, until it stands in a memory; of each arrival of a pattern, and of each
# of a damaged one that a neuron is shown; of each row of a neuron that learns.
_FOUND, _ARRIVAL, _DAMAGED, _ROW = 60, 40, 16, 28
# For how many steps beyond the longest delay an arrival still counts, about.
_COUNTS = 60


def needs(sizes, n_delays, options):
    """See `wmdelays.training.rules.rule.Rule`."""
    n_neurons, all_steps = sizes.n_neurons, sizes.n_patterns * sizes.n_steps
    n_rows = n_neurons * n_delays
    in_a_context = sizes.n_spikes / max(all_steps, 1) * (n_delays + _COUNTS)
    n_synapses = min(sizes.n_spikes * in_a_context * n_delays, n_neurons * n_rows)
    if options["max_synapses"] is not None:
        n_synapses = min(n_synapses, n_neurons * options["max_synapses"])
    if options["one_delay_per_pair"]:
        n_synapses = min(n_synapses, n_neurons**2)
    of_a_worker = _ROW * n_rows
    if options["damaged_epochs"]:
        more = 1 + options["background"]
        of_a_worker += _DAMAGED * more * sizes.n_spikes / max(sizes.n_patterns, 1) * n_delays
    return _FOUND * n_synapses + _ARRIVAL * sizes.n_spikes * n_delays + n_processors() * of_a_worker
