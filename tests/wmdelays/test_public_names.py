"""The front of the package: what `import wmdelays` gives."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import wmdelays
from wmdelays import Raster
from wmdelays.validation.commands.app import app

# The function that asks the question of each command.
QUESTIONS = {
    "store": "store",
    "info": "describe",
    "compare": "compare",
    "robustness": "robustness",
    "retrieve": "retrieve",
    "periodic": "recall_periodic",
    "scan": "scan",
    "capacity": "capacity",
    "motifs": "analyse_motifs",
    "find": "find_patterns",
    "find-unknown": "find_unknown_patterns",
    "groups": "find_groups",
    "groups-over-time": "groups_over_time",
    "izhikevich": "simulate_polychronization",
    "map": "map_memory",
    "stability": "stability",
    "energy": "energy",
    "quantise": "quantise",
    "import": "import_weights",
    "export": "export_memory",
    "generalise": "generalise",
    "spikes": "write_spikes_as",
}
PACKAGES = ["", ".files", ".find", ".motifs", ".plots", ".polychrony", ".retrieval"]
PACKAGES += [".brian_models", ".validation"]


def test_every_command_is_a_function_too():
    assert {command.name for command in app.registered_commands} == QUESTIONS.keys()
    assert set(QUESTIONS.values()) <= set(wmdelays.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_public_functions_are_typed(package):
    module = import_module(f"wmdelays{package}")
    for name in module.__all__:
        function = getattr(module, name)
        if inspect.isfunction(function):
            signature = inspect.signature(function)
            options = (one for one in signature.parameters.values() if one.kind != one.VAR_KEYWORD)
            bare = [one.name for one in options if one.annotation is one.empty]
            assert not bare and signature.return_annotation is not signature.empty, name


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_name_is_what_its_module_calls_it(package):
    module = import_module(f"wmdelays{package}")
    for name in module.__all__:
        assert getattr(getattr(module, name), "__name__", name) == name


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="^No wmdelays attribute nothing$"):
        wmdelays.nothing
    assert wmdelays.Raster is Raster and "Raster" in dir(wmdelays)


def test_a_version_is_asked_for_when_it_is_needed():
    program = (
        "import sys, wmdelays; print('importlib.metadata' in sys.modules, wmdelays.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", wmdelays.__version__], done.stderr
