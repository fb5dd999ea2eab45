"""Figures; matplotlib is used here alone."""
