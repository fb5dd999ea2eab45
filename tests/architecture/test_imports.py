"""Imports run one way, and heavy libraries are imported where they belong."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

import wmdelays  # noqa: F401 (which of its places is found depends on who asks first)

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "numba", "brian2", "nest", "pygenn", "matplotlib", "elephant", "typer", "rich")
SIDE_BY_SIDE = ("training", "brian_models", "nest_models", "genn_models")
QUESTIONS = {"recall", "scans", "find", "motifs", "polychrony", "exports"}


@pytest.fixture(scope="module")
def imports():
    """All imports, also those inside functions; not those for type checkers alone."""
    # grimp reads the folder in which it finds the package. In the checkout's own, a part is missing.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [p for p in sys.path if Path(p or ".").resolve() != ROOT])
        patch.delitem(sys.modules, "wmdelays")
        graph = grimp.build_graph(
            "wmdelays",
            include_external_packages=True,
            exclude_type_checking_imports=True,
            cache_dir=None,
        )
    assert len([m for m in graph.modules if m.startswith("wmdelays.")]) > 150
    return graph


def chains(imports, *layers):
    """What runs against layers, of which the first is the highest."""
    found = imports.find_illegal_dependencies_for_layers(
        layers=[grimp.Layer(*layer, independent=independent) for layer, independent in layers]
    )
    return [
        " -> ".join((*route.heads, *route.middle, *route.tails))
        for one in found
        for route in one.routes
    ]


def rooms(names, within="wmdelays"):
    return {f"{within}.{name}" for name in names}


def test_no_circle_of_imports(imports):
    ours = {m for m in imports.modules if m.split(".")[0] == "wmdelays"}
    graph = {m: imports.find_modules_directly_imported_by(m) & ours for m in ours}
    # The face of a package hands on what is in it.
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_validation_asks_and_the_others_do_not_know_each_other(imports):
    below = {m for m in imports.find_children("wmdelays")} - rooms(("validation", *SIDE_BY_SIDE))
    assert not chains(
        imports,
        (rooms(["validation"]), True),
        (rooms(SIDE_BY_SIDE), True),
        (below, False),
    )


def test_files_are_below_what_is_made_of_them_and_figures_above_all(imports):
    subjects = {"polychrony", "find", "motifs", "retrieval"}
    others = {m for m in imports.find_children("wmdelays")} - rooms(
        (*subjects, "plots", "files", "validation", *SIDE_BY_SIDE)
    )
    assert not chains(
        imports,
        (rooms(["plots"]), True),
        (rooms(subjects), True),
        (rooms(["files"]), True),
        (others, False),
    )


def test_a_command_prints_a_report_of_a_question_that_works(imports):
    assert not chains(
        imports,
        (rooms(["cli"], "wmdelays.validation"), True),
        (rooms(["commands"], "wmdelays.validation"), True),
        (rooms(["reports"], "wmdelays.validation"), True),
        (rooms(QUESTIONS, "wmdelays.validation"), True),
        (rooms(["work"], "wmdelays.validation"), True),
    )


@pytest.mark.parametrize(
    "library, places",
    [
        ("typer", ["validation.commands", "validation.cli"]),
        ("rich", ["validation.commands", "validation.cli"]),
        ("matplotlib", ["plots"]),
        ("elephant", ["find"]),
        ("numba", ["training", "polychrony.search"]),
        ("brian2", ["brian_models"]),
        ("nest", ["nest_models"]),
        ("pygenn", ["genn_models"]),
        ("torch", ["training"]),
    ],
)
def test_a_library_is_imported_where_it_belongs(imports, library, places):
    users = imports.find_modules_that_directly_import(library)
    allowed = rooms(places)
    strays = {m for m in users if not any(f"{m}.".startswith(f"{a}.") for a in allowed)}
    assert not strays and users


def test_the_vocabulary_loads_nothing_heavy():
    program = (
        "import sys, wmdelays; dir(wmdelays)\n"
        "from wmdelays import Memory, Raster, Cue, score\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_command_line_begins_soon():
    # Together these take longer than all that a small command does.
    late = (*HEAVY[:-2], "sympy", "scipy.stats", "scipy.sparse", "scipy.special", "pandas")
    program = (
        "import sys, wmdelays.validation.commands.app\n"
        f"print([m for m in {late!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_no_compiled_loop_needs_torch():
    program = (
        "import sys, wmdelays.training, wmdelays.training.discrete.compiled\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_private_names_stay_in_their_files():
    strays = []
    for top in ("wmdelays", *SIDE_BY_SIDE, "validation"):
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wmdelays"):
                    names = {alias.name for alias in node.names} - {"__version__"}
                    strays += [f"{path}: {name}" for name in names if name.startswith("_")]
    assert not strays
