"""Equation 1: the network in discrete time."""
