"""Which spikes make which, and which synapses are used."""
