"""Rooms: how many files they hold, and what they call them."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOPS = ("wmdelays", "training", "brian_models", "nest_models", "genn_models", "validation")
# About fifteen, says the design; each command is a file, and there are as many of them.
MOST_FILES = 16


def rooms():
    return sorted(path.parent for top in TOPS for path in (ROOT / top).rglob("__init__.py"))


def package(room):
    parts = room.relative_to(ROOT).parts
    return ".".join(parts if parts[0] == "wmdelays" else ("wmdelays", *parts))


def modules(room):
    """Names of the files and rooms in a room."""
    return {path.stem for path in room.glob("*.py")} - {"__init__"} | {
        path.parent.name for path in room.glob("*/__init__.py")
    }


each_room = pytest.mark.parametrize("room", rooms(), ids=package)


@each_room
def test_a_room_is_not_crowded(room):
    assert len(list(room.glob("*.py"))) - 1 <= MOST_FILES


@each_room
def test_no_module_is_hidden_by_what_its_package_exports(room):
    exported = getattr(importlib.import_module(package(room)), "__all__", ())
    inside = modules(room)
    if room.name == "wmdelays":
        inside |= set(TOPS[1:])
    assert not inside & set(exported)


@each_room
def test_a_package_has_what_it_exports(room):
    one = importlib.import_module(package(room))
    for name in getattr(one, "__all__", ()):
        assert getattr(one, name) is not None
        assert name in dir(one)


@each_room
def test_a_room_says_what_it_is_for(room):
    assert importlib.import_module(package(room)).__doc__


def test_files_have_tests_in_the_room_of_the_same_name():
    tested = {
        path.relative_to(ROOT / "tests").parent for path in (ROOT / "tests").rglob("test_*.py")
    }
    own = {room.relative_to(ROOT) for room in rooms()} | {
        Path(),
        Path("robustness"),
        Path("architecture"),
        Path("docs"),
    }
    assert tested <= own
