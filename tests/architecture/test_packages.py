"""The package is whole wherever it is built, installed or imported, and make keeps it so."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("wmdelays", "training", "brian_models", "nest_models", "genn_models", "validation")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())


def files_of_rooms():
    """What has to be in the package, by its name there."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.suffix in (".py", ".pyi", ".jinja", ".js") or path.name == "py.typed":
                name = path.relative_to(ROOT).as_posix()
                found.add(name if room == "wmdelays" else f"wmdelays/{name}")
    return found


def test_every_room_is_named_as_a_package():
    rooms = {os.path.dirname(name).replace("/", ".") for name in files_of_rooms()}
    rooms -= {room for room in rooms if room.endswith(".templates")}
    assert set(SETTINGS["tool"]["setuptools"]["packages"]) == rooms


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A source distribution of the checkout, and the wheel that is built from it alone."""
    folder = tmp_path_factory.mktemp("built")
    kept = shutil.ignore_patterns("__pycache__", "*.nb[ci]", ".*", "build", "demo", "*.egg-info")
    shutil.copytree(ROOT, folder / "checkout", ignore=kept)
    make = "import strict_editable; print(strict_editable.build_sdist('..'))"
    environment = {**os.environ, "PYTHONPATH": "build_tools"}
    done = subprocess.run(
        [sys.executable, "-c", make],
        cwd=folder / "checkout",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    source = folder / done.stdout.splitlines()[-1]
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *offline, "-w", folder, source],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return source, wheel


def test_a_wheel_holds_every_module_every_template_and_that_it_is_typed(built):
    _, wheel = built
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files_of_rooms()
    assert "wmdelays/py.typed" in names


def test_a_source_distribution_holds_what_builds_and_tests_it(built):
    source, _ = built
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"build_tools/strict_editable.py", "constraints.txt", "Makefile"} <= names
    assert "tests/architecture/test_packages.py" in names and "docs/index.md" in names


@pytest.fixture(params=["the folder that holds the checkout", "the checkout", "elsewhere"])
def place(request, tmp_path):
    if request.param == "the checkout":
        return ROOT
    if request.param != "elsewhere":
        # A checkout bears the name of the package.
        (tmp_path / "wmdelays").symlink_to(ROOT)
    return tmp_path


def run(code, place, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_it_can_be_imported_from_anywhere(place):
    rooms = ", ".join(f"wmdelays.{room}" for room in ("validation.cli", *ROOMS[1:]))
    done = run(f"import {rooms}; print(wmdelays.Memory.__module__)", place)
    assert (done.returncode, done.stdout) == (0, "wmdelays.memory\n"), done.stderr


def test_brian2_runs_anywhere_and_asks_nobody_to_report_a_bug(place, small_memory):
    code = (
        "import sys; from wmdelays.files.memory_file import read_memory;"
        "from wmdelays.brian_models import recall; memory = read_memory(sys.argv[1]);"
        "print(len(recall(memory, memory.cues()[0], device='numpy').emitted))"
    )
    done = run(code, place, small_memory)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0 and "report" not in done.stderr


@pytest.fixture
def project(tmp_path):
    """A project with the Makefile, whose Python notes what it is asked for."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for room in (*ROOMS, "build_tools"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "strict_editable.py").touch()
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    (tmp_path / ".venv/created").touch()
    for name in ("python", "pytest", "wmdelays", "ruff"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> asked\n')
        (programs / name).chmod(0o755)
    return tmp_path


def make(project, *targets):
    """Run make; how often the package was installed, and all that was asked."""
    asked = project / "asked"
    asked.unlink(missing_ok=True)
    subprocess.run(["make", "--silent", *targets], cwd=project, check=True)
    lines = asked.read_text().splitlines() if asked.exists() else []
    return sum("pip install" in line for line in lines), lines


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@needs_make
def test_make_installs_again_when_a_file_has_come_or_gone_and_only_then(project):
    assert make(project, "demo")[0] == 1
    assert make(project, "demo")[0] == 0
    (project / "training/new.py").touch()
    assert make(project, "demo")[0] == 1
    (project / "training/new.py").write_text("changed = 1\n")
    assert make(project, "demo")[0] == 0
    (project / "training/new.py").unlink()
    assert make(project, "demo")[0] == 1
    assert make(project, "demo")[0] == 0


@needs_make
def test_make_test_checks_before_it_tests(project):
    _, lines = make(project, "test")
    kinds = [" ".join(line.split()[:3]) for line in lines if "pip" not in line]
    assert kinds[:2] == ["ruff check", "ruff format --check"]
    assert kinds[2] == "pytest --numprocesses 2"


@needs_make
def test_make_test_all_installs_every_extra_into_one_environment(project):
    n_installed, lines = make(project, "test-all")
    (asked,) = re.findall(r"--editable \.\[(.*,.*)\]", "\n".join(lines))
    assert set(asked.split(",")) == set(SETTINGS["project"]["optional-dependencies"])
    assert n_installed == 3 and lines[-1].startswith("pytest --numprocesses 2")
    assert make(project, "test-all")[0] == 0


@needs_make
def test_make_clean_leaves_nothing_that_make_made(project):
    make(project, "demo")
    (project / "build/__editable__").mkdir(parents=True)
    before = set(os.listdir(ROOT)) & set(os.listdir(project))
    make(project, "clean")
    left = set(os.listdir(project)) - {"asked"}
    assert left == before - {".venv", "build"}
