"""A Memory and its cues in Brian2."""
