"""One door for every simulator."""

import json
from dataclasses import replace
from importlib.machinery import ModuleSpec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy_plain import NUMPY_PLAIN
from random_continuous import random_memory

from wmdelays import Cue, InputError, Memory, Raster, score
from wmdelays.files.memory_file import read_memory
from wmdelays.genn_models.installation import is_installed as has_genn
from wmdelays.nest_models.installation import is_installed as has_nest
from wmdelays.neurons import NEURONS
from wmdelays.patterns import periodic
from wmdelays.training import store
from wmdelays.validation.recall.comparison import comparing
from wmdelays.validation.recall.comparison.comparing import compare
from wmdelays.validation.recall.simulators import SIMULATORS, Simulator, recall, register, set_up
from wmdelays.validation.work.aside import Aside

STEP = 1e-3


@pytest.fixture
def numpy_plain(own_simulators):
    """A simulator of somebody else's, known while a test runs."""
    register(NUMPY_PLAIN)


needs_nest = pytest.mark.skipif(not has_nest(), reason="needs NEST")
needs_genn = pytest.mark.skipif(not has_genn(), reason="needs PyGeNN")
# Those that not everybody has: the package, and what is said where it is missing.
MISSING = {
    "nest": ("nest", 'NEST is not installed; install it with: pip install "wmdelays[nest]"'),
    "genn": (
        "pygenn",
        "PyGeNN is not installed; no registry of packages has it, it is built from source:"
        " https://github.com/genn-team/genn#installation",
    ),
}
INSTALLED = [
    name for name in SIMULATORS if {"nest": has_nest, "genn": has_genn}.get(name, lambda: True)()
]


def test_a_registered_simulator_is_compared_like_any_other(wmdelays, small_memory, numpy_plain):
    words = ("--simulators", "numpy-plain,brian2", "--device", "numpy", "--dt", "0.5ms")
    done = wmdelays("compare", small_memory, *words, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert "plain NumPy and Brian2 (numpy) emit the same" in done.said
    out = json.loads(done.stdout)
    assert out["numpy-plain"] == out["brian2"] and out["brian2"]["n_spikes"] > 100
    assert set(out["agreement"]) == {
        *("matched", "only_numpy-plain", "only_brian2", "first_difference_s")
    }
    assert out["closest_call"] is None
    assert out["settings"]["simulators"] == ["numpy-plain", "brian2"]


def test_a_registered_simulator_answers_the_other_questions(wmdelays, small_memory, numpy_plain):
    run = ("robustness", small_memory, "--damage", "lost,weights", "--draws", 1, "--json", "-")
    plain, compiled = (wmdelays(*run, "--simulator", name) for name in ("numpy-plain", "compiled"))
    assert plain.returncode == 0, plain.stderr
    assert "simulator: plain NumPy" in plain.stderr
    rows = [json.loads(one.stdout) for one in (plain, compiled)]
    assert all(row.pop("simulator") == "numpy-plain" for row in rows[0])
    assert all(row.pop("simulator") == "compiled" for row in rows[1])
    assert rows[0] == rows[1]


def test_what_could_not_be_named_in_a_command_or_in_results_is_not_registered(numpy_plain):
    for name in ("a,b", "Torch", "", "patterns"):
        with pytest.raises(ValueError, match=f"a simulator cannot be called '{name}'"):
            register(Simulator(name, lambda: None, "none"))


def test_bad_choices_of_simulators_are_refused_in_one_line(refused, small_memory):
    line = refused("compare", small_memory, "--simulators", "torch,neuron")
    assert line.endswith(
        "there is no simulator 'neuron'; there are torch, compiled, brian2, nest, genn"
    )
    assert "two simulators or more" in refused("compare", small_memory, "--simulators", "torch")
    assert "named twice" in refused("compare", small_memory, "--simulators", "torch,torch")
    assert "no device 'tpu'" in refused("compare", small_memory, "--torch-device", "tpu")
    for command in ("robustness", "retrieve", "periodic"):
        assert "no simulator 'neuron'" in refused(command, small_memory, "--simulator", "neuron")


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("a_folder", [False, True], ids=["nothing", "a folder"])
def test_where_a_simulator_is_not_installed_a_line_says_how_before_any_work(
    refused, small_memory, monkeypatch, name, a_folder
):
    """A folder of that name, beside the user's script, is none."""
    package, said = MISSING[name]
    found = ModuleSpec(package, None) if a_folder else None
    monkeypatch.setattr(f"wmdelays.{name}_models.installation.find_spec", lambda asked: found)
    monkeypatch.setattr("wmdelays.validation.commands.compare.read_memory", pytest.fail)
    for words in (
        ("compare", small_memory, "--simulators", f"torch,{name}"),
        ("compare", "--simulators", f"compiled,{name}"),
        *((command, small_memory, "--simulator", name) for command in ("robustness", "retrieve")),
        ("spikes", small_memory, "-o", "recalled.csv", "--simulator", name),
    ):
        assert refused(*words).endswith(said)
    with pytest.raises(InputError, match="is not installed"):
        recall(None, [], name)


def test_where_there_is_no_gpu_a_line_says_so_before_any_work(refused, small_memory, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    at = "robustness", small_memory, "--simulator", "brian2", "--device", "cuda_standalone"
    assert "cuda_standalone needs" in refused(*at)
    for name in ("read_memory", "generate"):
        monkeypatch.setattr(f"wmdelays.validation.commands.compare.{name}", pytest.fail)
    for memory in ([small_memory], []):
        assert "cuda_standalone needs" in refused("compare", *memory, "--device", "cuda_standalone")


@pytest.mark.parametrize(
    "name, shown, paper",
    [
        pytest.param("nest", "NEST", "Gewaltig", marks=needs_nest),
        pytest.param("genn", "GeNN", "Yavuz", marks=needs_genn),
    ],
)
def test_a_simulator_of_others_stands_in_the_verdict_and_the_report(
    wmdelays, small_memory, load_json, name, shown, paper
):
    words = ("--simulators", f"torch,{name},compiled", "--json", "out.json", "--report", "report")
    done = wmdelays("compare", small_memory, *words)
    assert done.returncode == 0, done.said
    assert f"torch (cpu), {shown} and compiled emit the same 225 spikes." in done.stdout
    assert "N E S T" not in done.said
    out = load_json(wmdelays.folder / "out.json")
    assert out["torch"] == out[name] and out["agreements"][name][f"only_{name}"] == 0
    assert out["versions"][name]
    page = (wmdelays.folder / "report/report.html").read_text()
    assert f"{shown} ({out['versions'][name]}" in page and paper in page


@pytest.mark.parametrize(
    "name", [pytest.param("nest", marks=needs_nest), pytest.param("genn", marks=needs_genn)]
)
def test_what_concerns_a_simulator_of_others_alone_is_refused(refused, small_memory, name):
    run = ("compare", small_memory, "--simulators", f"torch,{name}")
    assert "takes a simulator in continuous time" in refused(*run, "--neuron", "adex")
    assert "device 'numpy' is for brian2" in refused(*run, "--device", "numpy")


@needs_genn
def test_neurons_that_genn_does_not_know_are_refused():
    memory = random_memory(0, NEURONS["lif-exp"], 4, 3, 1e-4, 0.2)
    line = "^the memory was learned for lif-exp, which GeNN does not know; take compiled or brian2"
    with pytest.raises(InputError, match=line):
        recall(memory, [], "genn")


@pytest.mark.parametrize(
    "simulators, option, value, words",
    [
        ("torch,compiled", "--device", "numpy", "device 'numpy' is for brian2"),
        ("compiled,brian2", "--torch-device", "cpu", "device 'cpu' is for torch"),
        ("torch,compiled", "--neuron", "adex", "takes a simulator in continuous time"),
    ],
)
def test_an_option_that_no_named_simulator_takes_is_refused(
    refused, small_memory, simulators, option, value, words
):
    line = refused("compare", small_memory, "--simulators", simulators, option, value)
    assert words in line


def test_a_neuron_of_ones_own_is_refused_by_its_name(small_memory):
    from wmdelays.brian_models import neuron_model

    with pytest.raises(InputError, match="^there is no neuron 'lif' in compiled; there is lif,"):
        recall(read_memory(small_memory), [], neuron=replace(neuron_model("lif")))


@pytest.mark.parametrize(
    "name, workers, line",
    [("compiled", 2, "for brian2, not for compiled"), ("brian2", 0, "workers is 0")],
)
def test_workers_that_nothing_would_be_done_with_are_refused(small_memory, name, workers, line):
    memory = read_memory(small_memory)
    with pytest.raises(InputError, match=line):
        recall(memory, memory.cues(), name, workers=workers)


def test_three_simulators_are_compared_with_the_first(wmdelays, small_memory):
    words = ("--simulators", "torch,compiled,brian2", "--device", "numpy", "--dt", "1ms")
    done = wmdelays("compare", small_memory, *words, "--json", "-", "--patterns", "1")
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert out["torch"] == out["compiled"] == out["brian2"]
    assert set(out["agreements"]) == {"compiled", "brian2"} and "agreement" not in out
    assert out["agreements"]["compiled"] == {
        "matched": out["torch"]["n_spikes"],
        "only_torch": 0,
        "only_compiled": 0,
        "first_difference_s": None,
    }
    (row,) = out["patterns"]
    assert {"torch_f1", "compiled_f1", "brian2_f1", "agreements"} < set(row)


def test_dt_is_resolved_once(small_memory):
    memory = read_memory(small_memory)
    assert set_up("brian2", memory).dt == pytest.approx(memory.step / 10)
    assert set_up("brian2", memory, dt=memory.step / 4).n_substeps == 4
    assert set_up("torch", memory).dt is None
    with pytest.raises(InputError, match="does not divide"):
        set_up("compiled", memory, dt=0.3e-3)
    with pytest.raises(InputError, match="there is no neuron 'magic' in Brian2"):
        set_up("brian2", memory, neuron="magic")


def test_a_comparison_says_what_ran(small_memory):
    made = compare(read_memory(small_memory), ("compiled", "brian2"), device="numpy", dt=STEP)
    assert list(made.simulations) == ["compiled", "brian2"] and made.reference == "compiled"
    brian2 = made.simulations["brian2"]
    assert (brian2.setup.device, brian2.setup.dt) == ("numpy", STEP)
    assert len(brian2.recalls) == 3 and brian2.scores.total.f1 > 0.9 and brian2.seconds > 0
    assert made.exact and made.agreement("brian2").matched == brian2.n_spikes
    assert made.closest_calls[0] == "compiled"


def test_the_reference_may_recall_in_another_process(small_memory, processors, monkeypatch):
    memory = read_memory(small_memory)
    processors(2)
    monkeypatch.setattr(Simulator, "is_loaded", property(lambda one: one.name != "torch"))
    with Aside() as aside:
        made = compare(memory, ("torch", "brian2"), device="numpy", dt=STEP, aside=aside)
    here = compare(memory, ("torch", "brian2"), device="numpy", dt=STEP)
    assert list(made.timing["meanwhile"]) == ["torch"] and "meanwhile" not in here.timing
    assert made.simulations["torch"].seconds == made.timing["meanwhile"]["torch"] > 0
    values, same = made.as_dict(), here.as_dict()
    assert values.pop("timing_s") != same.pop("timing_s") and values == same
    for one, other in zip(*(each.simulations["torch"].recalls for each in (made, here))):
        assert one.own == other.own and one.emitted == other.emitted
        assert one.closest_call == other.closest_call


def test_a_processor_is_left_for_the_process_that_recalls_meanwhile(small_memory, monkeypatch):
    memory, given = read_memory(small_memory), []

    class Meanwhile(Aside):
        """The same in this process."""

        def give(self, function, *arguments, n_bytes=0):
            self._work = function, arguments

    def recall_compiled(memory, cues, *, workers, **options):
        given.append(workers)
        return SIMULATORS["compiled"].load()(memory, cues, **options)

    sharing = replace(SIMULATORS["brian2"], load=lambda: recall_compiled, choose_device=None)
    monkeypatch.setitem(SIMULATORS, "brian2", sharing)
    notloaded = replace(SIMULATORS["compiled"], name="torch", library="not loaded")
    monkeypatch.setitem(SIMULATORS, "torch", notloaded)
    monkeypatch.setattr(comparing, "n_processors", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for aside, workers in ((None, None), (Meanwhile(), None), (Meanwhile(), 3)):
        compare(memory, ("torch", "brian2"), aside=aside, workers=workers)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    compare(memory, ("torch", "brian2"), aside=Meanwhile())
    assert given == [None, 7, 3, 1]


def test_workers_are_for_brian2(wmdelays, small_memory):
    done = wmdelays("compare", small_memory, "--simulators", "torch,compiled", "--workers", 2)
    assert done.returncode == 2 and "workers are for brian2, which is not compared" in done.stderr
    done = wmdelays("compare", small_memory, "--workers", 0)
    assert done.returncode == 2 and "workers is 0; it has to be a whole number" in done.stderr
    done = wmdelays("compare", small_memory, "--device", "numpy", "--workers", 2)
    assert done.returncode == 0, done.stderr


def test_progress_names_the_simulator_and_the_part_that_is_done(small_memory):
    memory = read_memory(small_memory)
    ran = [("torch", "cpu", "torch (cpu)"), ("brian2", "numpy", "Brian2 (numpy)")]
    ran += [("nest", "cpu", "NEST")] if has_nest() else []
    ran += [("genn", "cpu", "GeNN")] if has_genn() else []
    for name, device, shown in ran:
        said = []
        progress = lambda stage, part: said.append((stage, part))  # noqa: E731
        recall(memory, memory.cues(), name, dt=STEP, device=device, progress=progress)
        assert {stage.split(": ")[0] for stage, _ in said} == {shown}
        parts = [part for _, part in said if part is not None]
        assert parts and parts == sorted(parts) and 0 <= parts[0] and parts[-1] <= 1


@settings(deadline=None, derandomize=True, max_examples=12)
@given(
    seed=st.integers(0, 2**31),
    n_delays=st.integers(1, 9),
    kinds=st.lists(
        st.sampled_from(["plain", "losing", "noisy", "both", "empty", "short"]),
        min_size=1,
        max_size=4,
    ),
    closed=st.booleans(),
)
def test_all_simulators_agree_spike_for_spike(seed, n_delays, kinds, closed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(0.05, 0.4, (12, 12, n_delays)) * (rng.random((12, 12, n_delays)) < 0.4)
    memory = Memory.from_dense(weights, step=STEP, beta=0.8, theta=1.0)
    cues = []
    for k, kind in enumerate(kinds):
        pattern = Raster.from_dense(rng.random((n_delays + 3, 12)) < 0.2, STEP)
        # A recall of several cycles, of one, or of a part.
        n_steps = (3 if closed else 1) * (n_delays + 3) + 5 * k
        cue = Cue.from_pattern(pattern, n_delays, STEP, n_steps)
        if kind == "empty":
            cue = Cue(Raster([], [], 12, n_steps * STEP), STEP, clamp=min(3, n_steps))
        if kind == "short":
            cue = cue.shortened(n_delays // 2)
        if kind in ("losing", "both"):
            cue = cue.losing_spikes(0.3, rng)
        if kind in ("noisy", "both"):
            cue = cue.with_ongoing_noise(0.05, rng)
        cues.append(cue)
    devices = {"brian2": "numpy"}
    made = {
        name: recall(memory, cues, name, dt=STEP / 2, device=devices.get(name, "auto"))
        for name in INSTALLED
    }
    for first, *others in zip(*made.values()):
        assert all((one.own, one.emitted) == (first.own, first.emitted) for one in others)
    calls = {name: [one.closest_call for one in recalls] for name, recalls in made.items()}
    assert calls["torch"] == calls["compiled"] == calls.get("genn", calls["torch"])


def test_periodic_memories_go_on_alike_in_every_simulator():
    memory = store(periodic(40, 60, 2, 0.03, seed=3), n_delays=15, periodic=True)
    cues = [Cue.from_pattern(p, 15, memory.step, 300) for p in memory.patterns]
    made = {name: recall(memory, cues, name) for name in ("torch", "compiled")}
    made["brian2"] = recall(memory, cues, "brian2", device="numpy", dt=memory.step)
    for recalls in zip(*made.values()):
        assert len(recalls[0].own) > 100
        assert recalls[0].own == recalls[1].own == recalls[2].own
    assert score(made["torch"], memory.patterns).total.f1 == 1
    single = recall(memory, cues[0])
    assert single.own == made["torch"][0].own
