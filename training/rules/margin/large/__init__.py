"""The rule `margin` where a neuron has a few of very many possible synapses, chosen beforehand."""
