"""Packages whose names are imported when they are asked for."""

import sys

import pytest


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a stub, as a user's program would find it."""
    folder = tmp_path / "lazily"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text(
        "from wmdelays.machine.lazy import lazy\n"
        "__getattr__, __dir__, __all__ = lazy(__name__, __file__)\n"
    )
    (folder / "__init__.pyi").write_text(
        "from typing import Any\n"
        "from .inner.words import word as word\n"
        "from .numbers import one as one\n"
        "from .numbers import two as two\n"
        "__version__: str\n"
    )
    (folder / "inner" / "__init__.py").write_text("")
    (folder / "inner" / "words.py").write_text("word = 'a word'\n")
    (folder / "numbers.py").write_text("one, two, three = 1, 2, 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "lazily"
    for name in [name for name in sys.modules if name.split(".")[0] == "lazily"]:
        del sys.modules[name]


def test_a_module_is_imported_with_the_first_of_its_names(package):
    import lazily

    assert lazily.__all__ == ["one", "two", "word"]
    assert "lazily.numbers" not in sys.modules
    assert lazily.two == 2 and "lazily.numbers" in sys.modules
    assert "lazily.inner.words" not in sys.modules
    assert lazily.word == "a word"
    assert {"one", "two", "word", "__file__"} <= set(dir(lazily))


def test_a_name_that_was_asked_for_stays(package):
    import lazily

    assert "one" not in vars(lazily)
    assert lazily.one == 1 and vars(lazily)["one"] == 1


def test_names_outside_the_stub_are_not_there(package):
    import lazily

    for name in ("three", "Any", "__version__"):
        with pytest.raises(AttributeError, match=f"module 'lazily' has no attribute '{name}'"):
            getattr(lazily, name)
