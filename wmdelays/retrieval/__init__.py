"""Patterns cued one after another: how well each is retrieved."""
