"""Networks with spike-timing-dependent plasticity and their groups."""
