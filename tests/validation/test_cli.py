"""What the program answers to good and bad use."""

import ctypes
import dataclasses
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from wmdelays.files.memory_file import read_memory
from wmdelays.validation.work.results import Results

SPEC = "bernoulli:neurons=40,steps=100,patterns=2,rate=0.02"


def write_csv(path, spikes):
    path.write_text("unit,time_s\n" + "".join(f"{u},{t}\n" for u, t in spikes))
    return path


def test_store_makes_a_memory_that_info_describes(wmdelays, tmp_path):
    done = wmdelays("store", SPEC, "-o", "memory.h5", "--delays", 10, "--seed", 3)
    assert done.returncode == 0, done.stderr
    memory = read_memory(tmp_path / "memory.h5")
    assert (memory.n_neurons, memory.n_delays, memory.n_patterns, memory.n_steps) == (
        40,
        10,
        2,
        100,
    )
    done = wmdelays("info", "memory.h5", "--json", "-")
    described = json.loads(done.stdout)
    assert described["memory"]["n_synapses"] == memory.n_synapses
    assert described["made"]["seed"] == 3
    assert described["unpredictable"]["n_spikes"] > 0


def test_the_same_command_makes_the_same_file(wmdelays, tmp_path):
    for name in ("a.h5", "b.h5"):
        assert wmdelays("store", SPEC, "-o", name, "--delays", 10).returncode == 0
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_a_recording_is_stored_in_the_stretch_and_bin_asked_for(wmdelays, tmp_path):
    rng = np.random.default_rng(0)
    spikes = sorted((t, u) for u, t in zip(rng.integers(0, 9, 400), rng.uniform(0, 10, 400)))
    write_csv(tmp_path / "cells.csv", [(u, f"{t:.5f}") for t, u in spikes])
    done = wmdelays(
        *"store cells.csv -o m.h5 --step 2ms --start 1s --stop 3s --delays 30".split(),
        *"--neurons 12 --rule pseudo-inverse --merge-spikes".split(),
    )
    assert done.returncode == 0, done.stderr
    memory = read_memory(tmp_path / "m.h5")
    assert (memory.n_neurons, memory.n_steps, memory.step) == (12, 1000, 0.002)
    inside = [(u, int((t - 1) / 0.002)) for t, u in spikes if 1 <= t < 3]
    stored = memory.patterns[0]
    assert sorted(set(inside)) == sorted(zip(stored.neurons.tolist(), stored.steps(0.002).tolist()))


def test_store_says_which_spikes_no_weights_could_predict(wmdelays, tmp_path):
    write_csv(
        tmp_path / "cells.csv",
        [(0, 0.001), (1, 0.010), (0, 0.050), (2, 0.052), (0, 0.08), (1, 0.082)],
    )
    done = wmdelays(*"store cells.csv -o m.h5 --delays 5 --stop 100ms --pad".split())
    assert done.returncode == 0, done.stderr
    assert "3 have an empty context" in done.said
    assert "unit 1 at 0.01 s" in done.said
    assert "2 have an ambiguous context" in done.said


def test_a_file_that_cannot_be_used_is_refused(refused, wmdelays, tmp_path):
    assert "there is no such file" in refused("store", "none.csv", "-o", "m.h5")
    assert "there is no such file" in refused("info", "none.h5")
    assert "there is no such file" in refused("compare", "none.h5")
    (tmp_path / "text.h5").write_text("not a memory")
    assert "is not a memory file" in refused("compare", "text.h5")
    (tmp_path / "empty.csv").write_text("unit,time_s\n")
    assert "holds no spikes" in refused("store", "empty.csv", "-o", "m.h5")
    (tmp_path / "wrong.csv").write_text("cell,when\n1,2\n")
    assert "name the two (--columns UNIT,TIME)" in refused("store", "wrong.csv", "-o", "m.h5")
    (tmp_path / "bad.csv").write_text("unit,time_s\n1,0.5\n2,soon\n")
    assert "line 3" in refused("store", "bad.csv", "-o", "m.h5")
    (tmp_path / "cells.xyz").write_text("1 2 3")
    done = wmdelays("store", "cells.xyz", "-o", "m.h5")
    assert done.returncode == 2 and not (tmp_path / "m.h5").exists()
    line, *program = done.stderr.splitlines()
    assert "of no format that is read" in line and len(program) == 5


def test_a_stretch_without_spikes_is_refused(refused, tmp_path):
    write_csv(tmp_path / "cells.csv", [(0, 0.1), (1, 0.9)])
    assert "no spikes in this stretch" in refused(
        *"store cells.csv -o m.h5 --start 200ms --stop 800ms".split()
    )


def test_spikes_outside_the_stated_duration_are_refused(refused, tmp_path):
    write_csv(tmp_path / "cells.csv", [(0, 0.1), (1, 0.9), (0, 1.2)])
    line = refused(*"store cells.csv -o m.h5 --duration 1s".split())
    assert "1 spikes lie outside the stated duration of 1 s" in line and "1.2 s" in line
    np.savez(tmp_path / "cells.npz", unit=[0, 1], time_s=[0.1, 3.0], duration_s=2.0)
    assert "outside the stated duration of 2 s" in refused("store", "cells.npz", "-o", "m.h5")


def test_a_bin_that_merges_spikes_is_refused_until_it_is_accepted(refused, wmdelays, tmp_path):
    spikes = [(0, 0.0101), (0, 0.0103), (0, 0.0107), (1, 0.0105), (1, 0.0621), (2, 0.09)]
    write_csv(tmp_path / "cells.csv", spikes)
    arguments = "store cells.csv -o m.h5 --step 1ms --delays 5".split()
    line = refused(*arguments)
    assert "merges 2 of 6 spikes" in line and "--merge-spikes" in line
    assert wmdelays(*arguments, "--merge-spikes").returncode == 0
    assert len(read_memory(tmp_path / "m.h5").patterns[0]) == 4


def test_bad_settings_of_store_are_refused_before_any_work(refused):
    assert "no generator 'poisson'" in refused("store", "poisson:neurons=3", "-o", "m.h5")
    assert "needs steps" in refused("store", "bernoulli:neurons=3", "-o", "m.h5")
    assert "no rule 'magic'" in refused("store", SPEC, "-o", "m.h5", "--rule", "magic")
    hebbian = ("store", SPEC, "-o", "m.h5", "--rule", "hebbian")
    assert "rule hebbian has no setting epochs" in refused(*hebbian, "--epochs", "3")
    assert "not a time with a unit" in refused("store", SPEC, "-o", "m.h5", "--step", "1")
    assert "leave nothing to recall" in refused("store", SPEC, "-o", "m.h5", "--delays", "100")
    assert "there is no folder" in refused("store", SPEC, "-o", "none/m.h5")
    assert "seed is -1" in refused("store", SPEC, "-o", "m.h5", "--seed", "-1")
    assert "No such option" in refused("store", SPEC, "-o", "m.h5", "--frobnicate")
    assert "Missing option" in refused("store", SPEC)


def test_bad_settings_of_compare_are_refused(refused, small_memory, tmp_path):
    compare = ("compare", small_memory)
    line = refused(*compare, "--dt", "0.3ms")
    assert "does not divide the step" in line and "try" in line
    assert "device" in refused(*compare, "--device", "abacus")
    assert "neuron" in refused(*compare, "--neuron", "magic")
    assert "there is no pattern 7" in refused(*compare, "--patterns", "0,7")
    assert "--patterns" in refused(*compare, "--patterns", "some")
    assert "--min-f1" in refused(*compare, "--min-f1", "1.5")
    assert "there is no folder" in refused(*compare, "--json", "none/x.json")
    (tmp_path / "taken").write_text("a file of the user's")
    assert "taken" in refused(*compare, "--report", "taken")
    assert "taken" in refused(*compare, "--report", "taken/below")
    assert (tmp_path / "taken").read_text() == "a file of the user's"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_output_folder_that_cannot_be_written_is_refused(refused, small_memory, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "locked" in refused("compare", small_memory, "--report", "locked/report")
    assert "locked" in refused("compare", small_memory, "--json", "locked/x.json")
    assert "locked" in refused("store", SPEC, "-o", "locked/m.h5")


def test_compare_ends_in_agreement_and_writes_its_json(wmdelays, small_memory, tmp_path, load_json):
    done = wmdelays("compare", small_memory, "--json", "out.json", "--device", "numpy")
    assert done.returncode == 0, done.stderr
    assert "emit the same" in done.said
    out = load_json(tmp_path / "out.json")
    assert set(out["memory"]) >= {
        *("n_neurons", "n_delays", "n_synapses", "n_patterns", "n_steps", "step_s", "beta", "theta")
    }
    for simulator in ("torch", "brian2"):
        assert set(out[simulator]) >= {"f1", "precision", "recall", "worst_pattern_f1", "n_spikes"}
    assert out["torch"] == out["brian2"]
    assert out["agreement"] == {
        "matched": out["torch"]["n_spikes"],
        "only_torch": 0,
        "only_brian2": 0,
        "first_difference_s": None,
    }
    assert out["closest_call"] > out["rounding_bound"] > 0
    assert {"settings", "timing_s", "versions"} <= set(out)


def test_the_seconds_of_compare_add_up(wmdelays, small_memory, tmp_path, load_json):
    words = ("--device", "numpy", "--json", "out.json", "--report", "report")
    done = wmdelays("compare", small_memory, *words)
    seconds = load_json(tmp_path / "out.json")["timing_s"]
    total = seconds.pop("total")
    # What another process did meanwhile is no part of it.
    assert set(seconds.pop("meanwhile", {})) <= {"torch"}
    assert {"start", "read", "import", "brian2", "scores", "report"} <= set(seconds)
    assert min(seconds.values()) >= 0 and sum(seconds.values()) == pytest.approx(total, abs=0.02)
    assert f"total {total:.1f}" in done.stderr


def test_compare_writes_its_json_to_the_terminal(wmdelays, small_memory):
    done = wmdelays(
        "compare", small_memory, "--json", "-", "--patterns", "2,0", "--device", "numpy"
    )
    assert [row["pattern"] for row in json.loads(done.stdout)["patterns"]] == [2, 0]


def test_an_f1_below_the_least_ends_with_status_1(wmdelays, tmp_path):
    # Far too many patterns for so few neurons.
    spec = "bernoulli:neurons=10,steps=200,patterns=8,rate=0.05"
    assert wmdelays("store", spec, "-o", "m.h5", "--delays", 5).returncode == 0
    arguments = ("compare", "m.h5", "--device", "numpy", "--dt", "1ms")
    assert wmdelays(*arguments).returncode == 0
    done = wmdelays(*arguments, "--min-f1", "0.99")
    assert done.returncode == 1
    assert "below --min-f1" in done.said


def test_the_script_is_the_same_program(wmdelays, small_memory):
    script = Path(__file__).resolve().parents[2] / "validation" / "compare.py"
    done = wmdelays.in_a_process(script, small_memory, "--json", "-", "--device", "numpy")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["agreement"]["only_torch"] == 0
    assert wmdelays.in_a_process(script, "none.h5").returncode == 2


def test_folders_of_the_users_named_like_our_rooms_break_nothing(wmdelays, tmp_path):
    for room in ("training", "validation", "brian_models"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("raise RuntimeError('of the user')\n")
    done = wmdelays.in_a_process(
        *("-m", "wmdelays.validation.cli", "store", SPEC, "-o", "m.h5", "--delays", 10)
    )
    assert done.returncode == 0, done.stderr


def test_no_module_is_imported_under_two_names(wmdelays):
    check = (
        "import os, sys, wmdelays.validation.cli, wmdelays.training, wmdelays.brian_models.memories.recall;"
        "files = [m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)"
        " and m.__name__ != '__main__'];"
        "ours = [f for f in map(os.path.realpath, files) if f.startswith(tuple(sys.argv[1:]))];"
        "assert len(ours) == len(set(ours)) > 20, sorted(ours)"
    )
    root = Path(__file__).resolve().parents[2]
    rooms = [f"{root / room}/" for room in ("wmdelays", "training", "brian_models", "validation")]
    done = wmdelays.in_a_process("-c", check, *rooms)
    assert done.returncode == 0, done.stderr


def test_help_does_not_wait_for_torch_or_brian2(wmdelays):
    check = (
        "import sys; from wmdelays.validation.cli import main; main(['--help']);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'brian2', 'matplotlib')))"
    )
    assert wmdelays.in_a_process("-c", check).returncode == 0


def test_an_interrupted_training_goes_on_from_its_checkpoint(wmdelays, tmp_path):
    words = [*f"store {SPEC} --delays 10 --rule bptt --epochs 3 --seed 2".split(), "-o"]
    assert wmdelays(*words, "whole.h5").returncode == 0
    assert wmdelays(*words, "kept.h5", "--checkpoint", "state.h5").returncode == 0
    assert wmdelays(*words, "again.h5", "--checkpoint", "state.h5").returncode == 0
    whole = (tmp_path / "whole.h5").read_bytes()
    assert (tmp_path / "kept.h5").read_bytes() == whole == (tmp_path / "again.h5").read_bytes()
    other = wmdelays(*words, "other.h5", "--checkpoint", "state.h5", "--dropout", "0.1")
    assert other.returncode == 2 and "belongs to other settings" in other.stderr


def test_compare_without_a_file_stores_a_memory_and_its_report_says_how_to_repeat_it(
    wmdelays, tmp_path
):
    done = wmdelays("compare", "--seed", 3, "--report", "out", "--device", "numpy", "--dt", "0.5ms")
    assert done.returncode == 0, done.stderr
    command = "wmdelays compare --seed 3 --dt 0.5ms --device numpy --report out"
    assert command in (tmp_path / "out" / "report.html").read_text()
    assert list((tmp_path / "out" / "figures").glob("*.svg"))


def test_rasters_that_differ_end_with_status_1(wmdelays, small_memory, tmp_path, monkeypatch):
    import wmdelays.brian_models as room
    from wmdelays import Raster

    simulate = room.recall

    def one_spike_less(*arguments, **options):
        recalls = simulate(*arguments, **options)
        own = recalls[1].own
        lost = Raster(own.neurons[1:], own.times[1:], own.n_neurons, own.duration)
        return [recalls[0], dataclasses.replace(recalls[1], own=lost), *recalls[2:]]

    monkeypatch.setattr(room, "recall", one_spike_less)
    done = wmdelays("compare", small_memory, "--device", "numpy", "--json", "out.json")
    assert done.returncode == 1
    assert "differ in 1 spike" in done.said and "in pattern 1" in done.said
    assert json.loads((tmp_path / "out.json").read_text())["agreement"]["only_torch"] == 1


def test_without_a_compiler_numpy_is_taken_and_a_line_says_what_is_lost(
    wmdelays, small_memory, monkeypatch
):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    done = wmdelays("compare", small_memory)
    assert done.returncode == 0, done.stderr
    assert "no C++ compiler" in done.said and "on numpy" in done.said


def test_an_interrupt_inside_a_callback_of_the_compiler_ends_the_program(
    wmdelays, small_memory, monkeypatch
):
    @ctypes.CFUNCTYPE(None)
    def interrupted():
        raise KeyboardInterrupt

    def compiling(*_):
        interrupted()
        for _ in range(100):
            time.sleep(0.05)

    monkeypatch.setattr("wmdelays.validation.commands.info.print_memory", compiling)
    # Whoever started the tests may have told them to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = wmdelays("info", small_memory)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.returncode, done.stderr) == (130, "wmdelays: interrupted\n")


def test_the_memory_does_not_take_the_place_of_its_input(refused, tmp_path):
    write_csv(tmp_path / "cells.csv", [(0, 0.1), (1, 0.2)])
    line = refused("store", "cells.csv", "-o", "cells.csv")
    assert line == "wmdelays: cells.csv: is named for two things; name another file"
    assert (tmp_path / "cells.csv").read_text().startswith("unit,time_s")


@pytest.mark.parametrize("name", ["cells.csv", "m.h5", "rows.jsonl"])
def test_json_does_not_take_the_place_of_other_data(refused, small_memory, tmp_path, name):
    write_csv(tmp_path / "cells.csv", [(0, 0.1), (1, 0.2)])
    shutil.copy(small_memory, tmp_path / "m.h5")
    with Results(tmp_path / "rows.jsonl", "scan") as rows:
        rows.append({"neurons": 4}, 0, {"f1": 1.0})
    before = (tmp_path / name).read_bytes()
    for command in ("info", "compare", "groups", "motifs"):
        line = refused(command, "m.h5", "--json", name)
        assert line.startswith(f"wmdelays: {name}: ") and "name another file" in line
    assert (tmp_path / name).read_bytes() == before


def test_json_does_not_take_the_place_of_what_the_command_makes(refused, tmp_path):
    arguments = ("--seconds", 1, "--device", "numpy", "-o", "net.h5", "--json", "./net.h5")
    assert "net.h5: is named for two things" in refused("izhikevich", *arguments)
    assert not (tmp_path / "net.h5").exists()


@pytest.mark.parametrize(
    "command", [("scan", "--over", "delays=5,10"), ("capacity",), ("robustness", "m.h5")]
)
def test_json_and_results_are_two_files(refused, small_memory, tmp_path, command):
    shutil.copy(small_memory, tmp_path / "m.h5")
    line = refused(*command, "--results", "r.jsonl", "--json", "./r.jsonl")
    assert line == "wmdelays: r.jsonl: is named for two things; name another file"
    assert not (tmp_path / "r.jsonl").exists()


def test_json_of_before_is_replaced(wmdelays, refused, small_memory, tmp_path, load_json):
    for before in ("[]\n", '{\n "raster": {\n  "n_units": 4\n }\n}\n'):
        (tmp_path / "r.json").write_text(before)
        assert wmdelays("info", small_memory, "--json", "r.json").returncode == 0
        assert "memory" in load_json(tmp_path / "r.json")
    (tmp_path / "mine.json").write_text(' [{"mine": 1}]')
    assert "mine.json: holds text" in refused("info", small_memory, "--json", "mine.json")


def test_learning_scans_and_robustness_do_without_torch(wmdelays, small_memory):
    program = (
        "import sys; from wmdelays.validation.cli import main\n"
        f"pattern = {SPEC!r}\n"
        "for rule in ('margin', 'hebbian', 'pseudo-inverse'):\n"
        "    assert not main(['store', pattern, '--delays', '10', '--rule', rule, '-o', f'{rule}.h5'])\n"
        "assert not main(['scan', pattern, '--over', 'delays=5', '--seeds', '1'])\n"
        "words = ['--damage', 'lost', '--values', '0', '--draws', '1']\n"
        f"assert not main(['robustness', {str(small_memory)!r}, *words])\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    done = wmdelays.in_a_process("-c", program)
    assert done.returncode == 0, done.stderr
