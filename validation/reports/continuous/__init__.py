"""Reports on memories for neurons in continuous time."""
