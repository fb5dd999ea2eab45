"""The command `wmdelays motifs`."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from wmdelays import Cue, Memory
from wmdelays.files.memory_file import read_memory, write_memory
from wmdelays.motifs.motifs import find_motifs
from wmdelays.patterns import bernoulli, periodic
from wmdelays.training import recall, store
from wmdelays.validation.motifs.analysis import analyse_motifs
from wmdelays.validation.motifs.cut import cut


@pytest.fixture(scope="module")
def cycles(tmp_path_factory):
    """A memory of two periodic patterns."""
    path = tmp_path_factory.mktemp("memory") / "cycles.h5"
    patterns = periodic(n_neurons=40, n_steps=60, n_patterns=2, rate=0.02, seed=2)
    write_memory(path, store(patterns, n_delays=15, periodic=True))
    return path


@pytest.fixture(scope="module")
def lean(small_memory, tmp_path_factory):
    """The small memory with the synapses of its motifs alone, each of which matters."""
    path = tmp_path_factory.mktemp("memory") / "lean.h5"
    write_memory(path, cut(analyse_motifs(read_memory(small_memory)), "motifs").memory)
    return path


def recalled(path):
    """The spikes of all patterns recalled from a memory file; of periodic ones in five cycles."""
    memory = read_memory(path)
    n_steps = memory.n_steps * (5 if memory.periodic else 1)
    cues = [Cue.from_pattern(p, memory.n_delays, memory.step, n_steps) for p in memory.patterns]
    return [one.emitted for one in recall(memory, cues)]


def test_the_json_tells_what_the_motifs_are(wmdelays, lean):
    done = wmdelays("motifs", lean, "--json", "-")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    memory = read_memory(lean)
    motifs = find_motifs(memory)
    assert [row["pattern"] for row in values["patterns"]] == [0, 1, 2]
    for row, one in zip(values["patterns"], motifs):
        assert row["exact_recall"] and row["n_spikes"] == row["held"] == len(one)
        assert row["n_links"] == len(one.pre)
        assert row["motif_size"]["median"] == np.median(one.size)
        assert row["motif_size"]["most"] == one.size.max()
        assert row["context_s"]["longest"] == pytest.approx(one.context.max() * 1e-3)
        assert row["hang_on_one_synapse"] == len(set(one.critical_spike.tolist()))
        assert row["critical_synapses"] == len(set(one.critical_synapse.tolist())) > 0
    assert values["total"]["n_links"] == sum(len(one.pre) for one in motifs)
    kinds = values["synapses"]
    assert sum(kind["n_synapses"] for kind in kinds.values()) == memory.n_synapses
    for kind in kinds.values():
        assert kind["used"] + kind["unused"] == kind["n_synapses"]
    distinct = set(np.concatenate([one.synapse for one in motifs]).tolist())
    assert kinds["excitatory"]["in_a_motif"] == len(distinct)
    assert values["shared_synapses"][1][1] == len(motifs[1].synapses)
    assert "Two patterns share" in done.said and "never used" in done.said


def test_the_lines_hold_every_spike_and_its_links(wmdelays, lean, tmp_path):
    done = wmdelays("motifs", lean, "--motifs", "m.jsonl", "--patterns", "0,2")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    memory = read_memory(lean)
    weights = memory.dense()
    stored = [
        [k, j, round(t * 1e3)]
        for k in (0, 2)
        for j, t in zip(memory.patterns[k].neurons.tolist(), memory.patterns[k].times.tolist())
        if round(t * 1e3) >= memory.n_delays
    ]
    assert [[one["pattern"], one["neuron"], one["ms"]] for one in lines] == stored
    for one in lines:
        assert one["context_ms"] == one["ms"] - min(ms for _, ms, _, _ in one["links"])
        for pre, ms, delay, contribution in one["links"]:
            weight = weights[one["neuron"], pre, round(delay) - 1]
            age = one["ms"] - ms - delay
            assert contribution == pytest.approx(weight * memory.beta**age / memory.theta)
        through = {}
        for pre, _, delay, contribution in one["links"]:
            through[pre, delay] = through.get((pre, delay), 0) + contribution
        # In this memory all that comes over a synapse of a motif comes in links, or nearly so.
        lost = {key for key, value in through.items() if one["membrane"] - value < 1}
        assert lost <= set(map(tuple, one["hangs_on"])) <= set(through)
    assert any(one["hangs_on"] for one in lines)


@pytest.mark.parametrize("keep", ["used", "motifs"])
@pytest.mark.parametrize("name", ["small_memory", "cycles"])
def test_the_cut_memory_recalls_the_same_with_less(wmdelays, request, name, keep):
    path = request.getfixturevalue(name)
    done = wmdelays("motifs", path, "--cut", "less.h5", "--keep", keep, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert all(row["exact_recall"] for row in json.loads(done.stdout)["patterns"])
    whole, less = read_memory(path), read_memory("less.h5")
    assert less.n_synapses < whole.n_synapses
    assert recalled("less.h5") == recalled(path)
    assert "recall every pattern with the same spikes" in done.said
    said = json.loads(done.stdout)["cut"]
    assert said["keep"] == less.made["cut"]["keep"] == keep
    assert said["n_synapses"] == less.made["cut"]["kept"] == less.n_synapses
    assert less.made["cut"]["n_synapses"] == whole.n_synapses
    assert said["different_patterns"] == []


def test_motifs_alone_are_fewer_than_all_that_is_used(small_memory):
    analysis = analyse_motifs(read_memory(small_memory))
    used, motifs = cut(analysis, "used").memory, cut(analysis, "motifs").memory
    assert motifs.n_synapses < used.n_synapses < analysis.memory.n_synapses


def test_a_cut_that_changes_a_spike_is_not_written(wmdelays, small_memory, tmp_path, monkeypatch):
    def too_much(memory, use, made):
        kept = np.zeros(memory.n_synapses, bool)
        arrays = {name: getattr(memory, name)[kept] for name in ("pre", "post", "delay", "weight")}
        return replace(memory, **arrays)

    monkeypatch.setattr("wmdelays.validation.motifs.cut.without_unused", too_much)
    shutil.copy(small_memory, tmp_path / "less.h5")
    done = wmdelays("motifs", small_memory, "--cut", "less.h5", "--force", "--json", "-")
    assert done.returncode == 1
    assert "less.h5 is not written" in done.said and "pattern 0 differs" in done.said
    assert json.loads(done.stdout)["cut"]["different_patterns"] == [0, 1, 2]
    assert (tmp_path / "less.h5").read_bytes() == small_memory.read_bytes()


def test_a_recall_that_is_not_exact_is_said_and_kept_by_a_cut(wmdelays, tmp_path):
    patterns = bernoulli(40, 150, 4, 0.05, seed=3)
    memory = store(patterns, "hebbian", n_delays=10)
    write_memory(tmp_path / "poor.h5", memory)
    done = wmdelays("motifs", "poor.h5", "--cut", "less.h5", "--json", "-")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert not all(row["exact_recall"] for row in values["patterns"])
    assert values["total"]["held"] < values["total"]["n_spikes"]
    assert "The recall differs from the stored spikes" in done.said
    assert recalled("less.h5") == recalled("poor.h5") != list(patterns)


def test_motifs_of_stored_spikes_need_not_hold_those_of_a_poor_recall(wmdelays, tmp_path):
    patterns = bernoulli(80, 120, 3, 0.01, seed=0)
    write_memory(tmp_path / "poor.h5", store(patterns, "hebbian", n_delays=15))
    done = wmdelays("motifs", "poor.h5", "--cut", "lean.h5", "--keep", "motifs")
    assert done.returncode == 1 and not (tmp_path / "lean.h5").exists()
    assert "the recall has others; --keep used keeps them" in done.said


def test_a_memory_without_synapses_has_no_motifs(wmdelays, tmp_path):
    memory = Memory.unlearned(
        bernoulli(10, 40, 2, 0.1, seed=1), n_delays=5, step=1e-3, beta=0.5, theta=1.0
    )
    write_memory(tmp_path / "empty.h5", memory)
    done = wmdelays(
        *("motifs", "empty.h5", "--json", "-", "--report", "out"),
        *("--motifs", "m.jsonl", "--cut", "less.h5"),
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["total"]["held"] == 0 and values["total"]["motif_size"] is None
    assert all(json.loads(line)["links"] == [] for line in open("m.jsonl"))


def test_bad_settings_are_refused_before_any_work(refused, small_memory, tmp_path, monkeypatch):
    monkeypatch.setattr("wmdelays.validation.motifs.analysis.recalls_of", None)
    run = ("motifs", small_memory)
    assert "there is no such file" in refused("motifs", "none.h5")
    assert "there is no pattern 3" in refused(*run, "--patterns", "0,3")
    assert "named twice" in refused(*run, "--patterns", "1,1")
    assert "--patterns is all or numbers" in refused(*run, "--patterns", "first")
    assert "--keep is used or motifs" in refused(*run, "--cut", "a.h5", "--keep", "all")
    assert "name a file with --cut" in refused(*run, "--keep", "motifs")
    assert "leave out --patterns" in refused(*run, "--cut", "a.h5", "--patterns", "0")
    assert "there is no folder" in refused(*run, "--cut", "none/a.h5")
    assert "there is no folder" in refused(*run, "--motifs", "none/a.jsonl")
    assert "is named for two things" in refused(*run, "--cut", small_memory)
    assert "is named for two things" in refused(*run, "--cut", "a", "--motifs", "a")
    assert "is named for two things" in refused(*run, "--motifs", "./a", "--json", "a")
    (tmp_path / "taken").write_text("a file of the user's")
    for option in ("--cut", "--motifs"):
        assert "taken: holds " in refused(*run, option, "taken")
    assert (tmp_path / "taken").read_text() == "a file of the user's"
    assert "taken" in refused(*run, "--report", "taken")
    nothing = Memory.from_dense(np.zeros((3, 3, 2)), step=1e-3, beta=0.5, theta=1.0)
    write_memory(tmp_path / "nothing.h5", nothing)
    assert "holds no patterns" in refused("motifs", "nothing.h5")


@pytest.mark.parametrize("arguments", [(), ("--patterns", "1")])
def test_the_report_has_page_and_figures(wmdelays, small_memory, tmp_path, arguments):
    done = wmdelays("motifs", small_memory, "--report", "out", *arguments)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    names = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    shared = set() if arguments else {"shared"}
    assert names == {"motifs", "motif", "use"} | shared
    assert "The motif of a spike is" in page and "never used" in page


def test_a_motif_of_a_periodic_pattern_reaches_into_the_cycle_before(wmdelays, cycles):
    from wmdelays.plots.motifs import motif_figure

    done = wmdelays("motifs", cycles, "--motifs", "m.jsonl")
    assert done.returncode == 0, done.stderr
    first = [json.loads(line) for line in open("m.jsonl")][0]
    assert min(ms for _, ms, _, _ in first["links"]) < 0
    # The spikes of that cycle are drawn, those of the motif among them.
    memory = read_memory(cycles)
    (motifs,) = find_motifs(memory, [0])
    every, *_, chosen, _ = motif_figure(memory, motifs, 0).axes[0].lines
    drawn = set(zip(every.get_xdata().round(3), every.get_ydata()))
    assert drawn > set(zip(chosen.get_xdata().round(3), chosen.get_ydata()))


def test_the_figure_of_a_motif_has_a_line_for_each_link(small_memory):
    from wmdelays.plots.motifs import motif_figure, typical_spike

    memory = read_memory(small_memory)
    (motifs,) = find_motifs(memory, [1])
    spike = typical_spike(motifs)
    raster, sums = motif_figure(memory, motifs, spike).axes
    part = motifs.links(spike)
    drawn = [
        line for line in raster.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"
    ]
    arrivals = motifs.pre_step[part] + motifs.delay[part]
    assert [line.get_xdata()[1] for line in drawn] == pytest.approx(arrivals)
    assert [line.get_ydata()[0] for line in drawn] == motifs.pre[part].tolist()
    widths = [line.get_linewidth() for line in drawn]
    assert widths == sorted(widths, reverse=True) and widths[0] == 3.0
    above = sums.lines[0].get_ydata() >= 1
    assert above[-1] and not above[:-1].any()
