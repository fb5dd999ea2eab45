"""Commands for memories for neurons in continuous time."""
