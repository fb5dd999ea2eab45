"""`wmdelays store --latent`, and what the other commands make of such a memory."""

import json

import numpy as np
import pytest

from wmdelays import Raster, read_raster, write_raster

STORE = ("--step", "1ms", "--delays", "10")


@pytest.fixture
def recording(wmdelays):
    """Bursts with silences that are longer than the delays; units have names."""
    rng = np.random.default_rng(0)
    begins = np.array([22, 50, 80, 130, 170, 220, 270])
    neurons, steps = rng.integers(12, size=(7, 6)), rng.integers(8, size=(7, 6))
    entries = np.unique((begins[:, None] + steps) * 12 + neurons)
    units = [f"cell {k}" for k in range(12)]
    made = Raster.from_steps(entries % 12, entries // 12, 12, 300, 1e-3, units=units)
    write_raster(wmdelays.folder / "r.npz", made)
    return made


@pytest.fixture
def memory(wmdelays, recording):
    told = wmdelays("store", "r.npz", "--start", "20ms", *STORE, "--latent", "auto", "-o", "m.h5")
    assert told.returncode == 0, told.stderr
    return told


def test_store_and_info_say_how_many(wmdelays, memory):
    rows = dict(line.split("  ", 1) for line in memory.stdout.splitlines() if "  " in line)
    described = json.loads(wmdelays("info", "m.h5", "--json", "-").stdout)
    n = described["memory"]["n_latent"]
    assert n > 0 and described["memory"]["n_neurons"] == 12 + n
    assert rows["neurons"].split(",")[0].strip() == f"12 and {n} latent"
    assert "F1 1.0000" in rows["recall"] and "never cued and never scored" in rows["latent"]
    assert described["made"]["latent"]["n_latent"] == n
    assert "cannot be predicted" not in memory.stderr
    assert not list(wmdelays.folder.glob("*.checkpoint*"))


def test_without_them_the_hint_names_them(wmdelays, recording):
    told = wmdelays("store", "r.npz", "--start", "20ms", *STORE, "-o", "m.h5")
    assert told.returncode == 0 and "--latent auto" in told.stderr


def test_compare_scores_the_recorded_units_alone(wmdelays, memory, recording):
    told = wmdelays("compare", "m.h5", "--device", "numpy", "--json", "c.json", "--report", "rep")
    assert told.returncode == 0
    found = json.loads((wmdelays.folder / "c.json").read_text())
    stored = int((recording.times >= 0.0295).sum())
    assert f"All {stored} stored spikes" in told.stdout
    assert "latent neurons included" in told.stdout
    assert found["torch"]["f1"] == 1 and found["torch"]["n_spikes"] > stored
    assert found["agreement"]["only_torch"] == found["agreement"]["only_brian2"] == 0
    page = (wmdelays.folder / "rep/report.html").read_text()
    assert "neither cued nor scored" in page and "latent 0" in page
    assert "after the trigger window, those of latent neurons included, can be predicted" in page
    assert f'"n_latent": {found["memory"]["n_latent"]}' in page


def test_spikes_leave_them_out_unless_asked(wmdelays, memory, recording):
    assert wmdelays("spikes", "m.h5", "-o", "a.csv", "--of", "stored").returncode == 0
    assert wmdelays("spikes", "m.h5", "-o", "b.npz", "--with-latent").returncode == 0
    stored, recalled = read_raster("a.csv"), read_raster("b.npz")
    assert set(stored.names()) == set(recording.names())
    late = recording.slice(0.02)
    assert len(stored) == len(late) and len(recalled.with_units(recalled.names())) > len(late)
    assert "latent 0" in recalled.names() and "cell 3" in recalled.names()


def test_find_looks_for_the_recorded_units(wmdelays, memory):
    told = wmdelays("find", "m.h5", "r.npz", "--with-itself", "--draws", "20")
    assert told.returncode in (0, 1), told.stderr
    assert "of 12 units" in told.stdout


@pytest.mark.parametrize("command", ["motifs", "retrieve", "energy", "robustness"])
def test_other_questions_take_it(wmdelays, memory, command):
    more = (
        ("--damage", "silenced", "--values", "0,12", "--draws", "1")
        if command == "robustness"
        else ()
    )
    told = wmdelays(command, "m.h5", *more)
    assert told.returncode in (0, 1) and told.stdout, told.stderr


def test_no_more_than_the_recorded_neurons_can_be_silenced(wmdelays, memory, refused):
    assert "12" in refused("robustness", "m.h5", "--damage", "silenced", "--values", "13")


def test_an_empty_trigger_names_the_nearest_start(wmdelays, recording, refused):
    line = refused("store", "r.npz", "--start", "40ms", *STORE, "--latent", "auto", "-o", "m.h5")
    first = recording.times[recording.times > 0.0395][0]
    last = recording.times[recording.times < 0.0395][-1]
    before, after = 0.04 - last, first - 0.009 - 0.04
    nearest = last if before < after else first - 0.009
    assert f"the nearest start from which it has is {nearest:.6g} s" in line
    told = wmdelays(
        "store", "r.npz", "--start", f"{nearest:.6g}s", *STORE, "--latent", "auto", "-o", "m.h5"
    )
    assert told.returncode == 0, told.stderr


@pytest.mark.parametrize(
    "asked, says",
    [
        (("--latent", "few"), "--latent is 'few'; it has to be a whole number or auto"),
        (("--latent", "-3"), "--latent is '-3'; it has to be a whole number or auto"),
        (("--latent", "3", "--latent-rate", "0.7"), "--latent-rate is 0.7; it has to lie above 0"),
    ],
)
def test_values_without_sense_are_refused(wmdelays, recording, refused, asked, says):
    assert says in refused("store", "r.npz", *STORE, *asked, "-o", "m.h5")


def test_scans_set_them(wmdelays):
    generator = "bernoulli:neurons=20,steps=60,patterns=1,rate=0.03"
    told = wmdelays(
        "scan", generator, "--over", "latent=0,auto,6", "--set", "delays=10", "--seeds", "1",
        "--results", "s.jsonl",
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    rows = [json.loads(line) for line in (wmdelays.folder / "s.jsonl").read_text().splitlines()]
    asked = [row["setting"]["latent"] for row in rows if "setting" in row]
    assert sorted(asked, key=str) == [0, 6, "auto"]
