"""The network in discrete time as a module of torch."""
