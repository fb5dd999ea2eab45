"""The questions that can be asked of a memory, a network or a recording, each a command."""
