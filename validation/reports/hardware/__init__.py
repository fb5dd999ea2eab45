"""Reports about what a memory takes of hardware."""
