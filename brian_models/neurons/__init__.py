"""Equations of neurons as in papers."""
