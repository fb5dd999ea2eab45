"""The two recordings, stored and compared as a user would."""

import pytest

from wmdelays.files.memory_file import read_memory


@pytest.fixture
def compared(wmdelays, tmp_path, load_json):
    def run(*arguments):
        done = wmdelays("store", *arguments, "-o", "memory.h5")
        assert done.returncode == 0, done.stderr
        said = done.said
        done = wmdelays("compare", "memory.h5", "--json", "out.json", "--report", "report")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "report" / "report.html").stat().st_size > 10_000
        return said, load_json(tmp_path / "out.json"), read_memory(tmp_path / "memory.h5")

    return run


def test_the_songbird_is_stored_whole_and_recalled_without_an_error(compared, recordings):
    _, out, memory = compared(recordings / "songbird_hvc.csv", "--step", "1/30s")
    assert (memory.n_neurons, memory.n_steps, memory.n_delays) == (74, 667, 41)
    assert len(memory.patterns[0]) == 3336
    assert out["agreement"]["only_torch"] == out["agreement"]["only_brian2"] == 0
    assert out["agreement"]["matched"] > 3000
    assert out["brian2"]["f1"] == 1.0


def test_the_hippocampus_is_stored_and_its_unpredictable_spikes_are_named(compared, recordings):
    said, out, memory = compared(
        recordings / "hippocampus_linear_track.csv",
        *"--step 10ms --start 900s --stop 960s --merge-spikes --rule pseudo-inverse".split(),
    )
    counts = memory.made["unpredictable"]
    assert counts == {"n_spikes": 884, "empty": 11, "ambiguous": 34}
    assert f"{counts['empty']} have an empty context" in said
    assert f"{counts['ambiguous']} have an ambiguous context" in said
    assert out["agreement"]["only_torch"] == out["agreement"]["only_brian2"] == 0


def test_with_long_contexts_a_minute_of_the_hippocampus_is_recalled_whole(compared, recordings):
    _, out, memory = compared(
        recordings / "hippocampus_linear_track.csv",
        *"--step 20ms --delays 121 --start 900s --stop 960s --merge-spikes".split(),
    )
    assert memory.made["unpredictable"] == {"n_spikes": 798, "empty": 0, "ambiguous": 0}
    assert out["brian2"]["f1"] == 1.0 and out["agreement"]["matched"] == 798
    assert out["agreement"]["only_torch"] == out["agreement"]["only_brian2"] == 0
