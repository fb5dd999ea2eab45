"""Random networks and cues; where NEST is not installed, no test of this room is run."""

from random_networks import agrees, random_cue, random_memory  # noqa: F401 (fixtures)

from wmdelays.nest_models.installation import is_installed

collect_ignore_glob = [] if is_installed() else ["test_recalling.py"]
