"""What the commands write, and which files it may take the place of."""

import shutil
import stat

import pytest

from wmdelays.files.file_kinds import ENDINGS, GROUPS, JSON, MOTIFS, held
from wmdelays.files.output import write_json
from wmdelays.files.raster_files import write_raster
from wmdelays.patterns import bernoulli
from wmdelays.polychrony.delay_network import DelayNetwork
from wmdelays.polychrony.network_file import write_run
from wmdelays.polychrony.network_state import new_run
from wmdelays.training.rules.checkpoint import write_checkpoint
from wmdelays.validation.work.results import Results

GENERATOR = "bernoulli:neurons=20,steps=40,patterns=1,rate=0.05"
# Each command's outputs, and the one kind of file each may replace.
OUTPUTS = [
    (("store", GENERATOR, "-o"), "memory"),
    (("store", GENERATOR, "-o", "new.h5", "--checkpoint"), "checkpoint"),
    (("info", "a.h5", "--json"), "json"),
    (("compare", "a.h5", "--json"), "json"),
    (("retrieve", "a.h5", "--json"), "json"),
    (("periodic", "a.h5", "--json"), "json"),
    (("find", "a.h5", "a.csv", "--json"), "json"),
    (("find-unknown", "a.csv", "--json"), "json"),
    (("robustness", "a.h5", "--json"), "json"),
    (("scan", GENERATOR, "--over", "delays=3", "--json"), "json"),
    (("capacity", "--json"), "json"),
    (("motifs", "a.h5", "--json"), "json"),
    (("motifs", "a.h5", "--motifs"), "motifs"),
    (("motifs", "a.h5", "--cut"), "memory"),
    (("groups", "a.h5", "--json"), "groups"),
    (("izhikevich", "--seconds", 1, "-o"), "network"),
    (("izhikevich", "--seconds", 1, "-o", "new.h5", "--json"), "json"),
    (("scan", GENERATOR, "--over", "delays=3", "--results"), "results"),
    (("robustness", "a.h5", "--results"), "results"),
    (("capacity", "--results"), "results"),
    (("groups-over-time", "net.h5", "--results"), "results"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory, small_memory):
    """A folder with a file of each kind, under names that say nothing."""
    folder = tmp_path_factory.mktemp("kinds")
    shutil.copy(small_memory, folder / "memory")
    shutil.copy(small_memory, folder / "a.h5")
    (raster,) = bernoulli(20, 400, 1, 0.05, seed=1)
    write_raster(folder / "a.csv", raster)
    shutil.copy(folder / "a.csv", folder / "recording")
    write_raster(folder / "a.npz", raster)
    shutil.copy(folder / "a.npz", folder / "arrays")
    network = DelayNetwork([0], [1], [1], [5.0], [True, True])
    write_run(folder / "network", new_run(network, 0, 60, {}))
    shutil.copy(folder / "network", folder / "net.h5")
    write_checkpoint(folder / "checkpoint", "o" * 64, {}, {})
    with Results(folder / "results", "scan") as rows:
        rows.append({"neurons": 4}, 0, {"f1": 1.0})
    write_json(folder / "json", {"memory": {"n_neurons": 4}})
    (folder / "groups").write_text('{"mother":1,"anchors":[2,3,4]}\n')
    (folder / "motifs").write_text('{"pattern": 0, "neuron": 3, "ms": 1.5}\n')
    (folder / "text").write_text("a text of the user\n")
    (folder / "notebook").write_text('{\n "cells": [],\n "metadata": {}\n}\n')
    return folder


@pytest.mark.parametrize("command, kind", OUTPUTS, ids=[" ".join(map(str, c)) for c, _ in OUTPUTS])
def test_an_output_takes_the_place_of_its_own_kind_alone(files, refused, tmp_path, command, kind):
    for place in files.iterdir():
        shutil.copy(place, tmp_path)
    others = {place.name for place in files.iterdir() if "." not in place.name} - {kind}
    assert len(others) >= 10
    for name in sorted(others):
        if kind in ENDINGS:
            # Called as such a file is, which is not what it holds.
            shutil.copy(tmp_path / name, tmp_path / f"{name}.h5")
            name = f"{name}.h5"
        before = (tmp_path / name).read_bytes()
        line = refused(*command, name)
        assert line.startswith(f"wmdelays: {name}: ") and "name another" in line
        assert (tmp_path / name).read_bytes() == before


# Quick runs of every command that writes JSON, groups or motifs.
WRITTEN = [
    ("info", "a.h5", "--json"),
    ("compare", "a.h5", "--device", "numpy", "--patterns", "0", "--json"),
    ("retrieve", "a.h5", "--json"),
    ("periodic", "p.h5", "--repeats", 2, "--draws", 1, "--json"),
    ("find", "a.h5", "a.csv", "--draws", 20, "--json"),
    ("find-unknown", "a.csv", "--draws", 19, "--json"),
    ("robustness", "a.h5", "--damage", "lost", "--values", "0", "--draws", 1, "--json"),
    ("scan", GENERATOR, "--over", "delays=3", "--seeds", 1, "--json"),
    ("capacity", "--neurons", 20, "--steps", 40, "--delays", 3, "--rate", 0.05, "--json"),
    ("motifs", "a.h5", "--json"),
    ("motifs", "a.h5", "--motifs"),
    ("groups", "a.h5", "--json"),
]


@pytest.mark.parametrize("command", WRITTEN, ids=[" ".join(map(str, c)) for c in WRITTEN])
def test_what_a_command_wrote_it_may_replace(files, wmdelays, tmp_path, command):
    for name in ("a.h5", "a.csv"):
        shutil.copy(files / name, tmp_path)
    if "p.h5" in command:
        pattern = "periodic:neurons=20,steps=40,patterns=1,rate=0.05"
        assert wmdelays("store", pattern, "--delays", 5, "-o", "p.h5").returncode == 0
    done = wmdelays(*command, "out")
    assert done.returncode == 0, done.stderr
    kind = {"--motifs": MOTIFS}.get(command[-1], GROUPS if command[0] == "groups" else JSON)
    # A search may find no groups.
    assert held(tmp_path / "out") in (kind, None)


def test_a_raster_takes_the_place_of_that_of_its_own_network_alone(wmdelays, refused, tmp_path):
    run = ("izhikevich", "--device", "numpy", "--seconds", 1, "-o", "net.h5", "--raster")
    (raster,) = bernoulli(20, 40, 1, 0.05, seed=1)
    write_raster(tmp_path / "a.csv", raster)
    recording = (tmp_path / "a.csv").read_bytes()
    line = refused(*run, "a.csv")
    assert line.startswith("wmdelays: a.csv: holds a recording") and "name another file" in line
    for _ in range(2):
        assert wmdelays(*run, "b.csv", "--json", "b.json").returncode == 0
        assert "holds a recording" in refused(*run, "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == recording


def test_a_memory_is_stored_over_a_memory_if_asked_and_stays_private(wmdelays, refused, tmp_path):
    store = ("store", GENERATOR, "--delays", 5, "-o", "m.h5", "--seed")
    assert wmdelays(*store, 0).returncode == 0
    (tmp_path / "m.h5").chmod(0o600)
    before = (tmp_path / "m.h5").read_bytes()
    line = refused(*store, 1)
    assert line == (
        "wmdelays: m.h5: holds a memory already; name another file, or replace it with --force"
    )
    assert (tmp_path / "m.h5").read_bytes() == before
    assert wmdelays(*store, 1, "--force").returncode == 0
    assert (tmp_path / "m.h5").read_bytes() != before
    assert stat.S_IMODE((tmp_path / "m.h5").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "command",
    [
        ("map", "a.h5", "--neuron", "lif-exp", "-o", "memory.h5"),
        ("motifs", "a.h5", "--cut", "memory.h5"),
        ("motifs", "a.h5", "--motifs", "motifs"),
        ("groups", "a.h5", "--json", "groups"),
    ],
    ids=" ".join,
)
def test_what_took_work_is_not_replaced_unasked(refused, files, tmp_path, command):
    for name in ("a.h5", "motifs", "groups"):
        shutil.copy(files / name, tmp_path)
    shutil.copy(files / "memory", tmp_path / "memory.h5")
    assert "already; name another file, or replace it with --force" in refused(*command)


@pytest.mark.parametrize("there", [None, "", "a text of the user"])
def test_a_memory_is_called_a_memory(refused, tmp_path, there):
    if there is not None:
        (tmp_path / "precious.txt").write_text(there)
    for kind, command in (("memory", ("store", GENERATOR)), ("network", ("izhikevich",))):
        line = refused(*command, "-o", "precious.txt")
        holds = f"holds text and is no {kind} file" if there else f"a {kind} file ends in .h5"
        assert line == f"wmdelays: precious.txt: {holds}; name another file"


def test_an_output_beside_the_page_of_the_report_is_refused(refused, files, tmp_path):
    shutil.copy(files / "a.h5", tmp_path)
    for json_file in ("r", "r/report.html"):
        line = refused("retrieve", "a.h5", "--report", "r", "--json", json_file)
        assert "is named for two things" in line
