"""`wmdelays robustness`: its protocols, its rows, its table."""

import json
from dataclasses import replace

import numpy as np
import pytest

from wmdelays import Cue, Memory, Raster, recall
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.neurons import Neurons
from wmdelays.validation.recall import robustness as module
from wmdelays.validation.recall.damage import KINDS, unit_of_potentials
from wmdelays.validation.recall.robustness import (
    Setting,
    damaged_cues,
    kinds_of,
    robustness,
    summary,
)
from wmdelays.validation.work.result_rows import DamageFigures
from wmdelays.validation.work.results import Results

SOME = {
    "replaced": [0.0, 0.9],
    "duration": [3.0, 20.0],
    "silenced": [0.0, 57.0],
    "flipped": [0.01],
    "jitter": [0.7],
    "before": [2.0],
    "lost": [0.2],
    "added": [0.3],
    "noise": [0.2],
    "weights": [0.6],
    "cut": [0.4],
}


def rows_of(path, **options):
    return [
        row
        for kind, values in SOME.items()
        for row in robustness([path], damage=[kind], values=values, draws=2, **options)
    ]


def plain_cue(pattern, kind, value, before, clamp, rate, rng):
    """The protocols in plain NumPy: forced spikes (bool) and the number of clamped steps.

    The reference's: 50 steps of random spikes come first, damage is done to them as well, and an
    entry is replaced by a draw at the mean rate of that input.
    """
    shown = np.zeros_like(pattern)
    shown[:clamp] = pattern[:clamp]
    forced = np.concatenate([rng.random((before, pattern.shape[1])) < rate, shown])
    end = before + clamp
    cue = forced[:end]
    if kind == "replaced":
        mean = cue.mean()
        hit = rng.random(cue.shape) < value
        chance = rng.random(cue.shape) < mean
        forced[:end] = (cue & ~hit) | (chance & hit)
    elif kind == "flipped":
        forced[:end] = cue != (rng.random(cue.shape) < value)
    elif kind == "silenced":
        silent = rng.choice(cue.shape[1], size=value, replace=False)
        forced[:end, silent] = False
    elif kind == "duration":
        forced[before + value :] = False
        end = before + value
    return forced, end


def plain_f1(memory, kind, value, draw, before, seed):
    """F1 over all patterns, by eq. 1 with the dense tensor, one step after another."""
    W = memory.dense()
    D, both = memory.n_delays, np.zeros(3)
    patterns = [p.dense(memory.step) for p in memory.patterns]
    rate = np.mean(patterns)
    for k, pattern in enumerate(patterns):
        rng = module._rng({"kind": kind, "value": value, "draw": draw}, seed, k)
        forced, clamp = plain_cue(pattern, kind, value, before, D, rate, rng)
        n = len(forced)
        emitted, own = np.zeros((2, n, memory.n_neurons), bool)
        u = np.zeros(memory.n_neurons)
        for t in range(n):
            u = memory.beta * u * (1 - emitted[t - 1]) if t else u
            for d in range(1, min(D, t) + 1):
                u = u + W[:, :, d - 1] @ emitted[t - d]
            own[t] = (u >= memory.theta) & (t >= clamp)
            emitted[t] = forced[t] | own[t]
        made, wanted = own[before + D :], pattern[D:]
        both += (made & wanted).sum(), made.sum(), wanted.sum()
    return 2 * both[0] / (both[1] + both[2])


@pytest.mark.parametrize(
    "kind, value", [("replaced", 0.7), ("flipped", 0.005), ("silenced", 40), ("duration", 6)]
)
def test_the_protocols_are_those_of_the_reference(small_memory, kind, value):
    memory = read_memory(small_memory)
    rows = robustness([small_memory], damage=[kind], values=[value], draws=3, before=50, seed=4)
    assert [row["setting"]["draw"] for row in rows] == [0, 1, 2]
    f1 = [plain_f1(memory, kind, value, draw, 50, 4) for draw in range(3)]
    assert [row["figures"]["f1"] for row in rows] == pytest.approx(f1, abs=1e-12)
    assert min(f1) < 1


def test_every_simulator_gives_the_same_table(small_memory):
    compiled, torch, brian2 = (
        rows_of(small_memory, simulator=name, dt=1e-3, device=device)
        for name, device in (("compiled", "auto"), ("torch", "cpu"), ("brian2", "numpy"))
    )
    assert [row["figures"] for row in compiled] == [row["figures"] for row in torch]
    assert [row["figures"] for row in compiled] == [row["figures"] for row in brian2]
    assert len({row["figures"]["f1"] for row in torch}) > 10


def test_rows_of_the_compiled_loop_that_were_called_torch_are_not_taken_for_torchs(
    wmdelays, small_memory, tmp_path
):
    run = ("robustness", small_memory, "--damage", "lost", "--values", 0.3, "--draws", 1)
    run += ("--results", "rows.jsonl", "--json", "-")
    assert wmdelays(*run).returncode == 0
    rows = (tmp_path / "rows.jsonl").read_text()
    # As earlier versions wrote it.
    (tmp_path / "rows.jsonl").write_text(rows.replace('"compiled"', '"torch"'))
    before = (tmp_path / "rows.jsonl").read_bytes()
    (one,) = json.loads(wmdelays(*run).stdout)
    assert one["simulator"] == "compiled" and one["draws"] == 1
    assert (tmp_path / "rows.jsonl").read_bytes() == before
    found = json.loads(wmdelays(*run, "--simulator", "torch").stdout)
    assert [one["simulator"] for one in found] == ["compiled", "torch"]
    assert [one["simulator"] for one in json.loads(wmdelays(*run).stdout)] == ["compiled", "torch"]


def test_what_is_damaged_changes_the_recall_and_what_is_not_does_not(small_memory):
    found = {
        (row["setting"]["kind"], row["setting"]["value"]): row for row in rows_of(small_memory)
    }
    for kind in ("replaced", "silenced"):
        assert found[kind, 0]["figures"]["f1"] == 1
    assert found["duration", 20]["figures"]["f1"] == 1
    for kind, value in (("replaced", 0.9), ("silenced", 57), ("duration", 3), ("weights", 0.6)):
        assert found[kind, value]["figures"]["f1"] < 1


def test_a_point_is_the_same_alone_and_in_company(small_memory, monkeypatch):
    together = rows_of(small_memory)
    monkeypatch.setattr(module, "_TOGETHER", 1)
    assert [row["figures"] for row in rows_of(small_memory)] == [row["figures"] for row in together]


def test_draws_patterns_and_seeds_have_random_numbers_of_their_own(small_memory):
    memory = read_memory(small_memory)
    setting = {"kind": "replaced", "value": 0.5, "draw": 0, "before": 10}
    drawn = [
        cue.spikes
        for changed, seed in ((setting, 0), ({**setting, "draw": 1}, 0), (setting, 1))
        for cue in damaged_cues(memory, changed, seed)
    ]
    noise = [raster.dense(memory.step)[:10].tobytes() for raster in drawn]
    assert len(set(noise)) == len(noise) == 9


def test_rows_that_are_there_are_not_computed_again(small_memory, tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl"
    with Results(path, "robustness") as kept:
        first = robustness([small_memory], damage=["replaced"], values=[0, 0.5], results=kept)
    computed = []
    compute = module.recall_points
    monkeypatch.setattr(
        module, "recall_points", lambda *of: computed.extend(of[-1]) or compute(*of)
    )
    with Results(path, "robustness") as kept:
        again = robustness([small_memory], damage=["replaced"], values=[0, 0.5, 1], results=kept)
    assert again[: len(first)] == first
    assert {setting["value"] for setting, _ in computed} == {1.0}


def test_the_summary_is_mean_and_spread_over_draws():
    setting = {"name": "m", "kind": "cut", "value": 0.5}

    def row(draw, f1, worst):
        figures = {"f1": f1, "worst_pattern_f1": worst}
        return {"setting": {**setting, "draw": draw}, "seed": 0, "figures": figures}

    (one,) = summary([row(0, 0.5, 0.2), row(1, 1.0, 0.9)])
    assert one == {
        **setting,
        "draws": 2,
        "f1": 0.75,
        "f1_sd": pytest.approx(np.sqrt(0.125)),
        "worst_pattern_f1": 0.2,
    }
    assert summary([row(0, 0.5, 0.2)])[0]["f1_sd"] is None


def test_the_command_prints_keeps_and_draws(wmdelays, small_memory, tmp_path):
    done = wmdelays(
        *("robustness", small_memory, "--damage", "replaced,flipped", "--draws", 2),
        *("--results", "rows.jsonl", "--report", "report", "--json", "-"),
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == len(KINDS["replaced"].values(None)) + len(KINDS["flipped"].values(None))
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 1 + 2 * len(found)
    page = (tmp_path / "report" / "report.html").read_text()
    assert "Robustness" in page and "small" in page
    assert page.count("50 steps of random spikes") == 1
    assert '<td class="text">replaced</td><td>0.5</td>' in page
    assert {p.name for p in (tmp_path / "report" / "figures").iterdir()} == {
        "robustness.png",
        "robustness.svg",
    }
    assert "worst pattern" in done.said


def test_two_memories_of_one_name_are_told_apart():
    from wmdelays.validation.recall.robustness import columns, summary
    from wmdelays.validation.reports.robustness import figure

    setting = dict(rule="margin", simulator="compiled", kind="lost", value=0.5, draw=0)
    setting |= dict(neurons=10, delays=5, patterns=1)
    figures = dict(f1=1.0, precision=1.0, recall=1.0, worst_pattern_f1=1.0, n_spikes=3)
    rows = [
        {"setting": setting | {"name": name, "memory": memory}, "figures": figures}
        for name, memory in (("m", "0123456789"), ("m", "abcdefghij"), ("n", "0000000000"))
    ]
    (legend,) = figure(rows).legends
    assert [one.get_text() for one in legend.get_texts()] == ["m 012345", "m abcdef", "n"]
    assert columns(summary(rows))["memory"] == ["m 012345", "m abcdef", "n"]


def test_published_values_are_drawn_where_the_sizes_are_theirs():
    from wmdelays.validation.reports.robustness import figure

    def labels(neurons):
        setting = dict(name="m", rule="margin", simulator="compiled", kind="replaced", value=0.5)
        setting |= dict(draw=0, neurons=neurons, delays=41, patterns=16)
        figures = dict(f1=1.0, worst_pattern_f1=1.0)
        (legend,) = figure([{"setting": setting, "figures": figures}]).legends
        return [text.get_text() for text in legend.get_texts()]

    assert labels(1024) == ["m (margin)", "the reference's code, analytic weights"]
    assert labels(512) == ["m (margin)"]


@pytest.mark.parametrize(
    "words, line",
    [
        ("--damage magic", "there is no damage 'magic'"),
        ("--damage replaced --values 0.5,1.5", "replaced 1.5: it has to be from 0 to 1"),
        ("--damage silenced --values 0.5", "silenced 0.5: it has to be a whole number"),
        ("--damage duration --values 21", "from 0 to 20"),
        ("--damage jitter --values -1", "of at least 0"),
        ("--values 0.5", "values belong to one kind of damage"),
        ("--damage replaced --values a", "--values is numbers"),
        ("--draws 0", "draws is 0"),
        ("--before -1", "before is -1"),
        ("--workers 0", "workers is 0"),
        ("--seed -1", "seed is -1"),
        ("--simulator neuron", "there is no simulator 'neuron'"),
        ("--simulator torch --damage drive", "torch knows no neurons that differ and no noise"),
        ("--damage drive --values nan", "drive nan: it has to be a finite number"),
        ("--damage drive --values inf", "drive is inf; it has to be a finite number"),
        ("--damage dead --values 1", "dead is 1.0; it has to lie from 0 to below 1"),
        ("--damage membrane-noise --values -1", "membrane-noise -1: it has to be of at least 0"),
        ("--simulator brian2 --dt 0.3ms", "does not divide"),
        ("--simulator brian2 --device gpu", "there is no device 'gpu'"),
        ("--simulator torch --device numpy", "there is no device 'numpy' in torch"),
        ("--results other.jsonl", "no file of results"),
        ("--report file", "is no folder"),
    ],
)
def test_a_mistake_ends_in_one_line_before_any_work(
    refused, small_memory, tmp_path, monkeypatch, words, line
):
    monkeypatch.setattr(module, "recall_points", None)
    (tmp_path / "other.jsonl").write_text("{}\n")
    (tmp_path / "file").write_text("")
    assert line in refused("robustness", small_memory, *words.split())


def test_a_memory_that_is_none_is_refused(refused, tmp_path):
    assert "no such file" in refused("robustness", "none.h5").lower()


def continuous_memory(model="lif-exp", seed=3):
    """A random network that has its own recall as its pattern."""
    rng = np.random.default_rng(seed)
    n, n_delays, n_steps = 40, 8, 60
    weights = rng.normal(0.2, 1, (n, n, n_delays)) * (rng.random((n, n, n_delays)) < 0.08) * 800
    pre, delay, post = np.nonzero(weights.transpose(1, 2, 0))
    columns = dict(pre=pre, post=post, delay=delay + 1, weight=weights[post, pre, delay])
    neurons = Neurons(model, n)
    spikes = Raster.from_dense(rng.random((n_steps * 10, n)) < 0.003, neurons.dt)
    memory = Memory(n, n_delays, 1e-3, None, None, **columns, neurons=neurons)
    cue = Cue.from_pattern(spikes, n_delays * 10, neurons.dt)
    return replace(memory, patterns=[recall(memory, cue).emitted])


UNTIDY = {
    "delay-spread": 0.3,
    "delay-jitter": 0.3,
    "membrane-noise": 1.0,
    "threshold-noise": 1.0,
    "background": 0.3,
    "release-failures": 0.1,
    "time-constants": 0.1,
    "thresholds": 1.0,
    "dead": 0.1,
    "drive": -1.0,
}


def test_each_kind_has_been_tried():
    assert set(SOME) | set(UNTIDY) == set(KINDS)


@pytest.mark.parametrize("kind", UNTIDY)
def test_an_untidy_recall_is_scored_in_time_too_and_one_without_is_whole(kind):
    memory = continuous_memory()
    none, some = robustness(memory, damage=[kind], values=[0, UNTIDY[kind]], draws=1, before=0)
    assert none["figures"]["f1"] == none["figures"]["f1_lag_followed"] == 1
    assert none["setting"]["neuron"] == "lif-exp" and none["setting"]["substeps"] == 10
    assert some["figures"]["f1"] < 1
    assert {"f1_1ms", "f1_2ms", "f1_5ms", "tempo_percent", "wobble_ms"} <= set(some["figures"])


@pytest.mark.parametrize("kind", ["delay-spread", "time-constants", "thresholds", "dead", "drive"])
def test_what_is_drawn_once_gives_the_same_figures_in_both_simulators(kind):
    memory, value = continuous_memory(), UNTIDY[kind]
    options = dict(damage=[kind], values=[value], draws=2, before=5)
    compiled = robustness(memory, **options)
    brian2 = robustness(memory, simulator="brian2", device="numpy", **options)
    assert [row["figures"] for row in compiled] == [row["figures"] for row in brian2]


def test_the_network_in_discrete_time_is_untidy_in_parts_of_theta(small_memory):
    (zero, row) = robustness(small_memory, damage=["drive"], values=[0, 0.02], before=0)
    assert zero["figures"]["f1"] == zero["figures"]["f1_lag_followed"] == 1
    assert row["setting"]["substeps"] == 10 and "neuron" not in row["setting"]
    text = KINDS["drive"].label(unit_of_potentials(row["setting"].get("neuron", "lif")))
    assert text == "mean drive (parts of theta)"


def test_damage_to_a_cue_in_continuous_time_is_in_steps():
    memory = continuous_memory()
    setting = {"kind": "duration", "value": 3, "draw": 0, "before": 20}
    (cue,) = damaged_cues(memory, setting, 0)
    assert (cue.onset, cue.clamp, cue.scored_from) == (200, 230, 280)
    noise = cue.spikes.steps(cue.step) < 200
    wanted = 200 * 40 * memory.rate / 10
    assert abs(noise.sum() - wanted) < 5 * np.sqrt(wanted)
    moved = damaged_cues(memory, {**setting, "kind": "jitter", "value": 0.5, "before": 0}, 0)[0]
    by = np.sort(moved.spikes.steps(cue.step)) - np.sort(
        memory.cues()[0].spikes.steps(memory.tick)[: len(moved.spikes)]
    )
    assert np.abs(by).max() > 1


def test_one_figure_has_f1_and_tempo_of_several_memories(wmdelays, tmp_path, small_memory):
    from wmdelays.validation.reports.robustness import figure

    for model in ("lif-exp", "lif-alpha"):
        write_memory(tmp_path / f"{model}.h5", continuous_memory(model))
    done = wmdelays(
        *("robustness", "lif-exp.h5", "lif-alpha.h5", small_memory),
        *("--damage", "membrane-noise,dead", "--draws", 1, "--before", 0),
        *("--results", "rows.jsonl", "--report", "report", "--json", "-"),
    )
    assert done.returncode == 0, done.stderr
    assert "lag followed" in done.said and "others draw noise of their own" in done.said
    with Results(tmp_path / "rows.jsonl", "robustness", Setting, DamageFigures) as kept:
        made = figure(kept.rows)
    drawn = [axes for axes in made.axes if axes.get_xlabel()]
    labels = [(" ".join(axes.get_xlabel().split()), axes.get_ylabel()) for axes in drawn]
    noise = "membrane noise, standard deviation (mV; theta as 20 mV)"
    assert labels.count((noise, "F1, lag followed")) == labels.count((noise, "tempo (%)")) == 1
    assert ("part of the neurons dead", "F1, lag followed") in labels
    (legend,) = made.legends
    # Names tell these memories apart.
    assert [text.get_text() for text in legend.get_texts()] == ["lif-exp", "lif-alpha", "small"]


def rows_to_draw(kind, values, neuron=None, **more):
    """Rows with an F1 of 1, in continuous time with a tempo of 1 %."""
    setting = {"memory": neuron or "lif", "name": neuron or "lif", "rule": "margin", "before": 0}
    setting |= {"kind": kind, "draw": 0, "simulator": "compiled"}
    setting |= {"neuron": neuron} if neuron else {}
    figures = {"f1": 1.0, "worst_pattern_f1": 1.0, "n_spikes": 9, **more}
    return [{"setting": {**setting, "value": value}, "figures": figures} for value in values]


TIMED = {"f1_lag_followed": 0.9, "tempo_percent": 1.0}


def test_potentials_of_the_network_in_discrete_time_stand_on_the_axis_of_the_others():
    from wmdelays.validation.reports.robustness import figure

    rows = rows_to_draw("membrane-noise", [0, 0.1], **TIMED)
    rows += rows_to_draw("membrane-noise", [0, 3.0], "adex", **TIMED)
    f1, tempo = figure(rows).axes
    assert " ".join(tempo.get_xlabel().split()).endswith("(mV; theta as 20 mV)")
    drawn = [container.lines[0].get_xdata().tolist() for container in f1.containers]
    assert drawn == [[0, 2.0], [0, 3.0]]
    # Alone it has its own unit.
    alone = figure(rows[:2]).axes[0]
    assert "parts of theta" in " ".join(alone.get_xlabel().split())
    assert alone.containers[0].lines[0].get_xdata().tolist() == [0, 0.1]


def test_a_recall_in_discrete_time_stands_beside_those_in_continuous_time_without_a_tempo():
    from wmdelays.validation.reports.robustness import figure

    rows = rows_to_draw("weights", [0, 0.5]) + rows_to_draw("weights", [0, 0.5], "adex", **TIMED)
    f1, tempo = figure(rows).axes
    heights = [container.lines[0].get_ydata().tolist() for container in f1.containers]
    assert heights == [[1, 1], [0.9, 0.9]]
    grid, adex = (container.lines[0].get_ydata() for container in tempo.containers)
    assert np.isnan(grid).all() and (adex == 1).all()


def test_panels_of_many_kinds_share_their_axes():
    from wmdelays.validation.reports.robustness import figure

    kinds = ("dead", "thresholds", "drive", "background", "delay-spread")
    made = figure(sum((rows_to_draw(kind, [0, 0.1], "adex", **TIMED) for kind in kinds), []))
    shown = [axes for axes in made.axes if axes.axison]
    assert len(shown) == 2 * len(kinds)
    # The label of a kind stands once, beneath its tempo, and those of heights on the left.
    labels = [(bool(axes.get_xlabel()), axes.get_ylabel()) for axes in shown]
    assert [x for x, _ in labels] == 4 * [False] + 4 * [True] + [False, True]
    assert [y for _, y in labels if y] == 2 * ["F1, lag followed", "tempo (%)"]


def test_all_kinds_are_those_that_a_simulator_knows():
    assert set(kinds_of("torch")) == set(SOME)
    assert set(kinds_of("compiled")) == set(kinds_of("brian2")) == set(KINDS)


def test_the_draws_are_shown_and_steps_are_told_in_time():
    from wmdelays.validation.reports.robustness import figure

    setting = dict(
        memory="a", name="m", rule="margin", simulator="compiled", kind="jitter", before=0
    )
    rows = [
        {
            "setting": setting | {"value": value, "draw": draw},
            "figures": dict(f1=f1, worst_pattern_f1=f1, n_spikes=9),
        }
        for value, ones in ((0.5, (1.0, 1.0)), (2.0, (0.0, 1.0)))
        for draw, f1 in enumerate(ones)
    ]
    (axes,) = figure(rows, {"a": 0.02}).axes
    assert axes.get_xlabel().endswith("(ms)")
    dots, mean = axes.lines[0].get_xydata(), axes.containers[0].lines[0].get_xydata()
    assert dots.tolist() == [[10, 1], [10, 1], [40, 0], [40, 1]]
    assert mean.tolist() == [[10, 1], [40, 0.5]]
    (axes,) = figure(rows).axes
    assert axes.get_xlabel().endswith("(steps)")
