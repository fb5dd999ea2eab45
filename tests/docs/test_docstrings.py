"""The examples in docstrings give what they say."""

import doctest
from importlib import import_module

import pytest
from page_blocks import ROOT

FOLDERS = {
    "wmdelays": "wmdelays",
    "training": "wmdelays.training",
    "brian_models": "wmdelays.brian_models",
    "nest_models": "wmdelays.nest_models",
    "genn_models": "wmdelays.genn_models",
    "validation": "wmdelays.validation",
}


def modules():
    """Names of the modules with an example in them."""
    found = []
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ">>>" in path.read_text():
                inner = path.relative_to(ROOT / folder).with_suffix("").parts
                found.append(".".join([package, *(part for part in inner if part != "__init__")]))
    return found


@pytest.fixture
def no_compiler():
    """Brian2 compiles for minutes where it is not told otherwise."""
    import brian2

    before = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"
    yield
    brian2.prefs.codegen.target = before


@pytest.mark.parametrize("name", modules())
def test_examples_of_a_module_give_what_they_say(name, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    for room, library in (("nest_models", "nest"), ("genn_models", "pygenn")):
        if room in name:
            pytest.importorskip(library)
    module = import_module(name)
    if "brian_models" in name:
        request.getfixturevalue("no_compiler")
    result = doctest.testmod(
        module,
        verbose=False,
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert result.attempted, "no docstring of a public name holds the example"
    assert not result.failed
