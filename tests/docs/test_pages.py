"""What stands in the docs works: code is run, command lines name options that are there."""

import re
import runpy
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from page_blocks import ROOT, blocks, name_of, pages, words
from page_files import make_files

from wmdelays.patterns import is_specification, sizes
from wmdelays.validation.cli import main

LANGUAGES = {"console", "python", "text", "csv", "toml", "yaml", "json", "bash"}
# Pages whose command lines are run and not only looked at: they take seconds.
RUN = ("README.md", "docs/tutorials", "docs/how_to/export.md")
COMMANDS = [
    pytest.param(command, id=f"{name_of(page)}:{line}")
    for page in pages()
    for block in blocks(page)
    if block.language == "console"
    for line, command, _ in block.commands()
]


def of_language(page, language):
    return [block for block in blocks(page) if block.language == language]


def is_run(page):
    return bool(of_language(page, "python")) or name_of(page).startswith(RUN)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    make_files(folder)
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """A folder with the files that the examples read."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cluster(monkeypatch):
    """There is no SLURM here: what stands in for it takes what the page gives."""
    module = ModuleType("dask_jobqueue")
    module.SLURMCluster = lambda **settings: SimpleNamespace(
        scale=lambda jobs: None, scheduler_address="tcp://10.0.0.1:41234"
    )
    monkeypatch.setitem(sys.modules, "dask_jobqueue", module)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_block_says_what_it_holds(page):
    """An indented or unmarked block would be neither run nor looked at."""
    for block in blocks(page):
        directive = block.language.startswith("{")
        assert directive or block.language in LANGUAGES, f"{page}:{block.line}: {block.language!r}"


@pytest.mark.parametrize("page", [page for page in pages() if is_run(page)], ids=name_of)
def test_a_page_runs(page, folder, cluster, own_rules, own_simulators, capsys, monkeypatch):
    """Python on every page; on those of `RUN` the command lines too, in the order of the page."""
    names, with_commands = {"__name__": "__page__"}, name_of(page).startswith(RUN)
    made_here = set()
    for block in filter(lambda block: block.is_run, blocks(page)):
        if block.language == "python":
            exec(block.compiled(), names)
        elif block.language == "console" and with_commands:
            for line, command, shown in block.commands():
                program, *arguments = words(command)
                if program == "wmdelays":
                    # What stands in for a file is not there where the page makes it itself.
                    for name in set(_outputs(arguments)) - made_here:
                        Path(name).unlink(missing_ok=True)
                    made_here.update(_outputs(arguments))
                    _runs_and_prints(f"{page}:{line}", arguments, shown, capsys)
                elif program == "python" and arguments[0].startswith("examples/"):
                    _runs_a_script(arguments, monkeypatch)


def _outputs(arguments):
    return [name for option, name in zip(arguments, arguments[1:]) if option == "-o"]


def _runs_a_script(arguments, monkeypatch):
    """A script makes the files that stand in for it on other pages."""
    script, *written = arguments
    for name in written:
        Path(name).unlink(missing_ok=True)
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(ROOT / script), run_name="__main__")
    assert all(Path(name).exists() for name in written)


def _runs_and_prints(place, arguments, shown, capsys):
    capsys.readouterr()
    status = main(arguments)
    output = "".join(capsys.readouterr())
    assert status == 0, f"{place}: {output}"
    missing = [line for line in shown if not _printed(line, output)]
    assert not missing, f"{place}: {missing} not in\n{output}"


def _printed(shown, output):
    """Whether a line shown on a page was printed; a … stands for anything."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in shown.split("…"))
    return any(re.fullmatch(pattern, " ".join(line.split())) for line in output.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_line_names_what_is_there(command):
    program, *arguments = words(command)
    program = program.removeprefix(".venv/bin/")
    if program == "wmdelays":
        _parse(arguments)
        for drawn in filter(is_specification, arguments):
            if ":" in drawn:  # A command and a folder are called like a generator.
                sizes(drawn)
    elif program == "python" and arguments[0] == "-m":
        assert find_spec(arguments[1])
    elif program in ("python", "make"):
        target = arguments[-1] if program == "make" else arguments[0]
        known = _make_targets() if program == "make" else _scripts()
        assert target in known
    else:
        assert program in {
            "source",
            "pip",
            "dask",
            "head",
            "git",
            "cd",
            "pre-commit",
            "printf",
            "open",
        }


def _parse(arguments):
    """Read a command line as the program does, and run nothing."""
    from typer.main import get_command

    from wmdelays.validation.commands.app import app

    group = get_command(app)
    if arguments[0].startswith("-"):
        group.make_context("wmdelays", list(arguments), resilient_parsing=True)
        return
    command = group.commands[arguments[0]]
    command.make_context(arguments[0], list(arguments[1:]))


def _make_targets():
    lines = (ROOT / "Makefile").read_text().splitlines()
    return {line.split(":")[0] for line in lines if ":" in line and not line[0].isspace()}


def _scripts():
    scripts = [*ROOT.glob("*/*.py"), *(ROOT / "examples").rglob("*.py")]
    return [str(path.relative_to(ROOT)) for path in scripts]
