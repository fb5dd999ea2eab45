"""Commands that hand a memory to other programs."""
