"""The rule `bptt`: backpropagation through time."""
