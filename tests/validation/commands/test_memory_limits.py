"""Work that no memory would hold is refused in one line that says what to change."""

import pytest

import wmdelays.machine.free_memory
from wmdelays import InputError
from wmdelays.files.memory_file import write_memory
from wmdelays.patterns import periodic
from wmdelays.training import RULES
from wmdelays.validation.recall import robustness
from wmdelays.validation.scans.parameters import settings


@pytest.fixture(autouse=True)
def four_gigabytes(monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 4e9)


@pytest.fixture(scope="session")
def periodic_memory(tmp_path_factory):
    from wmdelays.training import store

    path = tmp_path_factory.mktemp("memory") / "periodic.h5"
    patterns = periodic(20, 30, 2, 0.05, interval=4, seed=1)
    write_memory(path, store(patterns, "hebbian", n_delays=8, periodic=True))
    return path


GENERATED = "bernoulli:neurons=10,steps=100,patterns={},rate=0.01"


@pytest.mark.parametrize(
    "words, way_out",
    [
        (("store", GENERATED.format(10**8), "-o", "m.h5"), "delays or patterns"),
        (
            ("store", "evidence:neurons=25000,steps=25000,patterns=1,rate=0.01", "-o", "m.h5"),
            "or shorter ones",
        ),
        (("store", GENERATED.format(10**5), "-o", "m.h5", "--rule", "bptt"), "take fewer neurons"),
        (("robustness", "MEMORY", "--draws", 10**9), "--draws"),
        (("robustness", "MEMORY", "--damage", "lost", "--before", 20_000_000), "--before"),
        (("retrieve", "MEMORY", "--interval", 100_000_000), "--interval"),
        (("scan", GENERATED.format(1), "--over", "delays=5", "--seeds", 10**9), "--seeds"),
        (("capacity", "--neurons", 10, "--seeds", 10**9), "--seeds"),
        (("periodic", "PERIODIC", "--draws", 10**9), "--draws"),
        (("periodic", "PERIODIC", "--repeats", 10**9), "--repeats"),
        (("periodic", "PERIODIC", "--repeats", 5 * 10**6), "--repeats"),
    ],
)
def test_what_needs_more_memory_than_there_is_names_what_to_change(
    words, way_out, refused, small_memory, periodic_memory
):
    files = {"MEMORY": small_memory, "PERIODIC": periodic_memory}
    line = refused(*(files.get(word, word) for word in words))
    assert "of memory, and 4 GB are free" in line
    assert way_out in line.split("are free;")[1]


def test_combinations_of_values_are_counted_before_they_are_made():
    with pytest.raises(InputError, match="1,000,000,000,000 points .*over="):
        settings(over={name: range(10_000) for name in ("delays", "beta", "theta")})


@pytest.mark.parametrize(
    "sizes, line",
    [
        (("--neurons", 1_000_000), "1000000 neurons with 41 delays by the rule margin"),
        (("--neurons", 20_000, "--rule", "pseudo-inverse"), "or the rule margin"),
        (("--neurons", 8_000, "--rule", "bptt", "--delays", 10), "or the rule margin"),
        (("--neurons", 10, "--start", 10**8), "storing 100000000 patterns"),
    ],
)
def test_a_search_for_more_than_can_be_stored_is_refused_before_anything_is_drawn(
    sizes, line, refused, monkeypatch
):
    monkeypatch.setattr("wmdelays.validation.scans.limit.store_points", lambda points: 1 / 0)
    assert line in refused("capacity", *sizes)


def test_a_spike_of_a_far_unit_is_refused(refused, wmdelays, tmp_path_factory):
    path = tmp_path_factory.mktemp("input") / "far.csv"
    path.write_text("unit,time_s\n0,0.0\n0,0.06\n1000000,0.062\n")
    refused("store", path, "-o", "m.h5", "--delays", 41, "--keep-ids")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", ["bernoulli", "refractory", "periodic"])
def test_what_cannot_be_learned_is_refused_before_anything_is_drawn(
    kind, rule, refused, monkeypatch
):
    monkeypatch.setattr("wmdelays.files.pattern_inputs.generate", lambda *text, **others: 1 / 0)
    text = f"{kind}:neurons=25000,steps=25000,patterns=1,rate=0.01"
    line = refused("store", text, "-o", "m.h5", "--rule", rule)
    assert f"by the rule {rule} needs about" in line


def test_the_cues_of_long_recalls_are_asked_for(refused, small_memory, monkeypatch):
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 2e9)
    monkeypatch.setattr(robustness, "check_room", lambda *asked: None)
    words = ("--damage", "lost", "--values", "0.9", "--before", 2_000_000)
    line = refused("robustness", small_memory, *words)
    assert line.startswith("wmdelays: a cue for each of 3 patterns with 2000000 steps before")
    assert "--before" in line.split("are free;")[1]


@pytest.mark.parametrize("before, most", [(0, 6), (200_000, 2), (5_000_000, 1)])
def test_long_recalls_go_alone(before, most, small_memory, monkeypatch):
    told = []
    monkeypatch.setattr(wmdelays.machine.free_memory, "free_memory", lambda: 1e12)
    monkeypatch.setattr(
        robustness, "compute", lambda *given, together, **others: told.append(together)
    )
    robustness.robustness([small_memory], damage=["lost"], values=[0.1], before=before)
    assert told == [most]
