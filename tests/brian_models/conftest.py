"""Random networks and cues, and a cache of compiled programs for the session."""

import pytest
from brian2 import prefs
from random_networks import agrees, random_cue, random_memory  # noqa: F401 (fixtures)


@pytest.fixture(scope="session", autouse=True)
def own_networks_run_in_numpy():
    """Brian2's default for a user's own network is Cython, which compiles for a minute."""
    before = prefs.codegen.target
    prefs.codegen.target = "numpy"
    yield
    prefs.codegen.target = before


@pytest.fixture(scope="session", autouse=True)
def program_cache(tmp_path_factory):
    """A cache of compiled programs that lasts for the session."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("WMDELAYS_CACHE", str(folder))
        yield folder
