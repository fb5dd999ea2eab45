"""`wmdelays groups-over-time`: groups counted at the snapshots of a simulated network."""

import pytest
from small_groups import expected, folder, lines_of, network, simulated, small_pieces  # noqa: F401 (fixtures)

from wmdelays.validation.polychrony import over_time as groups_over_time
from wmdelays.validation.work.results import Results


def test_groups_over_time_are_counted_once_for_each_snapshot(
    wmdelays, folder, simulated, expected, monkeypatch
):
    command = ["groups-over-time", "sim.h5", "--min-layers", 4, "--results", "r.jsonl"]
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
    assert ended.value.code == 130
    words = " ".join(map(str, command))
    assert said == f"wmdelays: interrupted; the same command goes on: wmdelays {words}"
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
    # Files of earlier versions have this name.
    assert {s["least_layers"] for s, _ in rows} == {4}
    assert (folder / "r/figures/groups_over_time.png").exists()
    page = (folder / "r/report.html").read_text()
    assert "inhibitory neurons (seed 0)" in page and "Layers are those of arrived spikes" in page
    # Other weights are other points, and so are other layers.
    assert wmdelays(*command, "--seed", 1, "--every", "2s").returncode == 0
    assert len(searched) == 8
    assert wmdelays(*command, "--layers-of", "original", "--every", "2s").returncode == 0
    assert len(searched) == 12


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["net.csv"], "net.csv: is no file of wmdelays izhikevich"),
        (["none.h5"], "none.h5: there is no such file"),
        (["sim.h5", "--every", "0s"], "--every '0s' is too short"),
        (["sim.h5", "--every", "1500ms"], "is not a whole number of seconds"),
        (["sim.h5", "--anchors", 0], "0 anchors are not possible"),
        (["sim.h5", "--min-layers", 0], "0 layers are not possible"),
        (["sim.h5", "--seed", -1], "seed is -1"),
        (["sim.h5", "--threads", 0], "threads is 0"),
        (["sim.h5", "--json", "x"], "--json"),
        (["sim.h5", "--results", "sim.h5"], "sim.h5: is no file of results"),
    ],
)
def test_options_that_do_not_fit_are_refused(refused, folder, simulated, arguments, words):
    assert words in refused("groups-over-time", *arguments)
