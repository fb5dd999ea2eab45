"""Groups of a simulated network: at a snapshot, and counted over time."""

import pytest
from small_groups import COMMAND, expected, folder, lines_of, network, simulated, small_pieces  # noqa: F401 (fixtures)

from wmdelays.validation.polychrony import over_time as groups_over_time
from wmdelays.validation.work.results import Results


def test_a_snapshot_of_a_simulation_is_searched(wmdelays, folder, simulated, expected):
    assert wmdelays("groups", "sim.h5", *COMMAND[2:]).returncode == 0
    assert (folder / "g.jsonl").read_text() == expected
    done = wmdelays("groups", "sim.h5", *COMMAND[2:], "--at", "0s")
    assert "No excitatory neuron has 3 strong inputs" in done.stderr
    assert (folder / "g.jsonl").read_text() == ""


def test_groups_over_time_are_counted_once_for_each_snapshot(
    wmdelays, folder, simulated, expected, monkeypatch
):
    command = ["groups", "sim.h5", "--over-time", "--layers", 4, "--results", "r.jsonl"]
    searched, figures, left = [], groups_over_time._figures, [3]

    def counting(search, threads):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        searched.append(search)
        return figures(search, threads)

    monkeypatch.setattr(groups_over_time, "_figures", counting)
    with pytest.raises(SystemExit) as ended:
        wmdelays(*command)
    said = wmdelays.capsys.readouterr().err.strip()
    assert ended.value.code == 130 and said == "wmdelays: interrupted; the same command goes on"
    left[0] = 100
    done = wmdelays(*command, "--report", "r")
    assert done.returncode == 0, done.stderr
    assert len(searched) == 6
    with Results("r.jsonl", "groups") as results:
        rows = [(row["setting"], row["figures"]) for row in results.rows]
    n_shuffled = lines_of(network().shuffled(0)).count("\n")
    assert [(s["seconds"], s["shuffled"], f["n_groups"]) for s, f in rows] == [
        *[(0, False, 0), (0, True, 0)],
        *[(1, False, expected.count("\n")), (1, True, n_shuffled)],
        *[(2, False, expected.count("\n")), (2, True, n_shuffled)],
    ]
    assert (folder / "r/figures/groups_over_time.png").exists()
    page = (folder / "r/report.html").read_text()
    assert "inhibitory neurons (seed 0)" in page and "Layers are those of arrived spikes" in page
    # Other weights are other points, and so are other layers.
    assert wmdelays(*command, "--shuffle", 1, "--every", "2s").returncode == 0
    assert len(searched) == 8
    assert wmdelays(*command, "--layers-of", "original", "--every", "2s").returncode == 0
    assert len(searched) == 12
