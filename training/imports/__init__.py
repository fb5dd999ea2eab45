"""Weights that were trained elsewhere: files and state dicts as memories."""
