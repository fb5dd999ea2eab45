"""The command `wmdelays retrieve`."""

import json

import numpy as np
import pytest

from wmdelays import Memory, Raster
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.validation.recall.retrieval import retrieve
from wmdelays.validation.recall.simulators import Setup

STEP = 1e-3


def outcome(text):
    values = json.loads(text)
    return values["cues"], values["spontaneous"]


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    """A memory made by hand: neuron k makes k + 1 fire a step later, in three separate chains."""
    n, length = 60, 20
    weights = np.zeros((n, n, 4))
    patterns = []
    for first in range(0, n, length):
        for k in range(first, first + length - 1):
            weights[k + 1, k, 0] = 1.5
        patterns.append(
            Raster.from_steps(np.arange(first, first + length), range(length), n, length, STEP)
        )
    memory = Memory.from_dense(weights, step=STEP, beta=0.5, theta=1.0, patterns=patterns)
    path = tmp_path_factory.mktemp("memory") / "chains.h5"
    write_memory(path, memory)
    return path


def test_each_cue_recalls_its_pattern_and_nothing_else_comes_up(wmdelays, chains):
    done = wmdelays("retrieve", chains, "--order", "2,0,2", "--background", 0, "--json", "-")
    assert done.returncode == 0, done.stderr
    cues, spontaneous = outcome(done.stdout)
    assert [one["pattern"] for one in cues] == [one["recalled"] for one in cues] == [2, 0, 2]
    assert [one["onset_s"] for one in cues] == pytest.approx([0.05, 0.12, 0.19])
    for one in cues:
        assert one["f1"] == one["f1_all"] == one["precision"] == one["recall"] == 1
        assert one["recalled_shift_s"] == 0
    assert spontaneous == []
    assert "3 of 3 cues recalled the pattern they cued; 0 spontaneous recalls." in done.said


def test_patterns_that_overlap_are_recalled_side_by_side(wmdelays, chains):
    done = wmdelays("retrieve", chains, "--interval", 5, "--background", 0, "--json", "-")
    cues, spontaneous = outcome(done.stdout)
    assert [one["recalled"] for one in cues] == [0, 1, 2]
    for one in cues:
        assert one["f1"] == one["precision"] == one["recall"] == 1
    # 16 own spikes of the first after its trigger, beside which the second makes 15 − 1 (its own
    # from its second step on) and the third 10 − 1.
    assert cues[0]["f1_all"] == pytest.approx(2 * 16 / (16 + 14 + 9 + 16))
    assert spontaneous == []
    assert "F1, all" in done.said


def test_a_trigger_in_the_background_makes_a_spontaneous_recall(chains, monkeypatch):

    class Background:
        """Noise that holds one spike: that of the first neuron of pattern 1, at step 7."""

        def random(self, n_entries):
            drawn = np.ones(n_entries)
            drawn[7 * 60 + 20] = 0.0
            return drawn

    monkeypatch.setattr(
        "wmdelays.validation.recall.retrieval.random_numbers", lambda *words: Background()
    )
    result = retrieve(read_memory(chains), [0], background=0.5)
    (found,) = result.spontaneous
    # The first spike is forced and the chain's own ones follow.
    assert (found.pattern, found.start, found.stop, found.begins) == (1, 8, 27, 1)
    assert found.f1 == 1
    assert [one.recalled for one in result.cues] == [0]


def test_a_cue_without_synapses_recalls_nothing(wmdelays, chains, tmp_path):
    memory = read_memory(chains)
    parameters = {name: getattr(memory, name) for name in ("n_delays", "step", "beta", "theta")}
    write_memory(tmp_path / "empty.h5", Memory.unlearned(memory.patterns, **parameters))
    done = wmdelays("retrieve", "empty.h5", "--json", "-")
    cues, spontaneous = outcome(done.stdout)
    assert [one["recalled"] for one in cues] == [None] * 3
    assert all(one["recall"] == 0 and one["f1"] == 0 for one in cues)
    assert "0 of 3 cues" in done.said


@pytest.mark.parametrize("arguments", [(), ("--interval", 60, "--order", "random", "--seed", 4)])
def test_every_simulator_gives_the_same_table(wmdelays, small_memory, arguments):
    run = ("retrieve", small_memory, "--json", "-", *arguments)
    compiled, again = wmdelays(*run), wmdelays(*run)
    torch = wmdelays(*run, "--simulator", "torch")
    brian2 = wmdelays(*run, "--simulator", "brian2", "--device", "numpy", "--dt", "0.5ms")
    assert torch.returncode == brian2.returncode == 0, brian2.stderr
    assert outcome(compiled.stdout) == outcome(again.stdout)
    assert outcome(compiled.stdout) == outcome(torch.stdout) == outcome(brian2.stdout)
    tables = [run.stderr.rsplit("simulator: ", 1) for run in (compiled, torch, brian2)]
    assert tables[0][0] == tables[1][0] == tables[2][0]
    assert tables[0][1].startswith("compiled, the fastest")
    assert [last for _, last in tables[1:]] == ["torch\n", "Brian2\n"]
    # The background is strong for so small a network: there is something to compare.
    assert outcome(torch.stdout)[1]


def test_the_seed_decides_order_and_background(wmdelays, small_memory):
    texts = {
        wmdelays("retrieve", small_memory, "--json", "-", "--seed", seed).stdout for seed in (0, 1)
    }
    assert len({json.dumps(outcome(text)) for text in texts}) == 2
    orders = [
        json.loads(
            wmdelays(
                *("retrieve", small_memory, "--order", "random", "--background", 0),
                *("--json", "-", "--seed", seed),
            ).stdout
        )["settings"]["order"]
        for seed in range(6)
    ]
    assert len(set(map(tuple, orders))) > 1
    assert all(sorted(order) == [0, 1, 2] for order in orders)


def test_bad_settings_are_refused_before_any_work(refused, small_memory, tmp_path, monkeypatch):
    monkeypatch.setattr(Setup, "recall", None)
    run = ("retrieve", small_memory)
    assert "there is no such file" in refused("retrieve", "none.h5")
    assert "--order is stored, random or numbers" in refused(*run, "--order", "first")
    assert "there is no pattern 3" in refused(*run, "--order", "0,3")
    assert "there is no pattern -1" in refused(*run, "--order=-1,0")
    assert "interval is 0" in refused(*run, "--interval", 0)
    assert "trigger is 150" in refused(*run, "--trigger", 150)
    assert "trigger is 0" in refused(*run, "--trigger", 0)
    assert "background is 1.2" in refused(*run, "--background", 1.2)
    assert "background is nan" in refused(*run, "--background", "nan")
    assert "window is 151" in refused(*run, "--window", 151)
    assert "window is 0" in refused(*run, "--window", 0)
    assert "bound is 0.0" in refused(*run, "--bound", 0)
    assert "bound is nan" in refused(*run, "--bound", "nan")
    assert "seed is -1" in refused(*run, "--seed", -1)
    assert "no simulator 'neuron'" in refused(*run, "--simulator", "neuron")
    assert "no device 'abacus'" in refused(*run, "--device", "abacus")
    assert "does not divide the step" in refused(*run, "--dt", "0.3ms")
    assert "not a time with a unit" in refused(*run, "--dt", "1")
    assert "there is no folder" in refused(*run, "--json", "none/x.json")
    (tmp_path / "taken").write_text("a file of the user's")
    assert "taken" in refused(*run, "--report", "taken")


def test_a_memory_without_patterns_is_refused(refused, wmdelays, tmp_path):
    memory = Memory.from_dense(np.zeros((3, 3, 2)), step=STEP, beta=0.5, theta=1.0)
    write_memory(tmp_path / "none.h5", memory)
    for command in ("retrieve", "periodic"):
        assert "no patterns" in refused(command, "none.h5")


@pytest.mark.parametrize("arguments", [(), ("--interval", 40), ("--order", "1")])
def test_the_report_has_page_and_figures(wmdelays, small_memory, tmp_path, arguments):
    done = wmdelays("retrieve", small_memory, "--report", "out", "--json", "x.json", *arguments)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    names = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert names == {
        f"{name}.{kind}" for name in ("retrieval", "transition") for kind in ("png", "svg")
    }
    for one in outcome((tmp_path / "x.json").read_text())[0]:
        assert f"{one['onset_s']:.3f}" in page
    assert "cues recalled the pattern they cued" in page


def test_figures_show_each_cue_and_each_active_pattern(chains):
    from wmdelays.plots.retrieval import retrieval_figure
    from wmdelays.validation.reports.retrieve import traces

    result = retrieve(read_memory(chains), [2, 0], background=0)
    f1 = traces(result)
    assert f1.shape == (3, result.sequence.cue.n_steps - 3)
    active = f1 > 0.99
    assert active[2, 55:66].all() and active[0, 125:136].all() and not active[1].any()
    assert not active[:, :45].any() and not active[0, :110].any()
    figure = retrieval_figure(result.sequence, result.recall, f1, 4, result.spontaneous)
    raster, rows = figure.axes
    assert rows.get_xlabel() == "time (ms)" and raster.get_ylabel() == "neuron"
    marks = [line for line in rows.lines if line.get_marker() == ">"]
    assert [float(line.get_xdata()[0]) for line in marks] == pytest.approx([50, 120])
