"""Random networks and cues."""

from random_networks import agrees, random_cue, random_memory  # noqa: F401 (fixtures)
