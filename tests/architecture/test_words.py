"""What errors and warnings say: in Python parameters of Python, on the command line its options."""

import ast
import re
from pathlib import Path

import pytest

from wmdelays import Raster
from wmdelays.errors import InputError
from wmdelays.validation.cli import main

ROOT = Path(__file__).parents[2]
TOPS = ("wmdelays", "training", "brian_models", "nest_models", "genn_models", "validation")
# What speaks of the command line alone.
OF_COMMANDS = (
    "validation/commands",
    "validation/reports",
    "validation/earlier.py",
    "nest_models/ranks.py",
)
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# Words of other programs that are run.
OF_PROGRAMS = {
    *("--version", "--results_dir"),
    *("--fmad", "--id", "--query-gpu", "--format"),  # of nvcc and nvidia-smi
}


def texts(tree):
    """The texts of a module, without docstrings and without what `parameter` is given."""
    left_out = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "parameter":
            left_out |= {id(one) for part in node.args for one in ast.walk(part)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(id(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in left_out:
                yield node.lineno, node.value


def test_flags_are_named_by_commands_alone():
    found = []
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not name.startswith(OF_COMMANDS):
                found += [
                    f"{name}:{line}: {text}"
                    for line, text in texts(ast.parse(path.read_text()))
                    if set(FLAG.findall(text)) - OF_PROGRAMS and text not in OF_PROGRAMS
                ]
    assert not found


def test_an_error_names_what_was_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("cells.csv").write_text("unit,time_s\n0,0.001\n0,0.0012\n1,0.01\n")
    twice = Raster([0, 0], [0.001, 0.0012], n_neurons=1, duration=0.01)
    with pytest.raises(
        InputError,
        match=r"\(step=\), or accept it \(as_raster\(spikes\).bin\(step, merge_spikes=True\)\)",
    ):
        twice.bin(0.001)
    assert main(["store", "cells.csv", "-o", "cells.h5"]) == 2
    assert "a shorter step (--step), or accept it (--merge-spikes)" in capsys.readouterr().err
    # What a command has said is not said in Python afterwards.
    with pytest.raises(InputError, match=r"\(step=\)"):
        twice.bin(0.001)
