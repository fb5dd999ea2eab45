"""A comparison of recalls in several simulators: what runs, what comes of it, and its table."""
