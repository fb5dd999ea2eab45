"""The reference lists what packages export, and nothing else."""

import re
from importlib import import_module

import pytest
from page_blocks import ROOT

PAGES = ROOT / "docs" / "reference" / "python"
FOLDERS = {"wmdelays": "wmdelays"} | {
    room: f"wmdelays.{room}"
    for room in ("training", "brian_models", "nest_models", "genn_models", "validation")
}


def packages():
    """Those that export something."""
    found = []
    for folder, name in FOLDERS.items():
        for init in sorted((ROOT / folder).rglob("__init__.py")):
            inner = init.parent.relative_to(ROOT / folder).parts
            package = ".".join([name, *inner])
            if getattr(import_module(package), "__all__", None):
                found.append(package)
    return found


@pytest.mark.parametrize("package", packages())
def test_the_page_of_a_package_lists_what_it_exports(package):
    page = (PAGES / f"{package.split('.')[-1]}.md").read_text()
    assert page.startswith(f"# `{package}`\n")
    lists = re.findall(r"autosummary::\n   :toctree: ../generated\n\n((?:   \w+\n)+)", page)
    # What is no function and no class has a sentence of its own.
    listed = " ".join(lists).split() + re.findall(r"py:data:: (\w+)", page)
    assert sorted(listed) == sorted(import_module(package).__all__)


def test_every_page_is_of_a_package():
    assert {path.stem for path in PAGES.glob("*.md")} == {
        package.split(".")[-1] for package in packages()
    } | {"index"}
