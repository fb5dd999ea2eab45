"""A memory as csv files."""

import csv
import json
import os

import numpy as np
import pytest
from exported_memories import ALL, UNITS, each_its_own, random_memory

from wmdelays import (
    InputError,
    InputWarning,
    export_memory,
    import_weights,
    read_raster,
    write_memory,
)
from wmdelays.neurons import NEURONS


@pytest.mark.parametrize("kind", ALL)
def test_it_comes_back_bit_for_bit(tmp_path, kind):
    memory = ALL[kind]()
    export_memory(memory, tmp_path / "csv", "csv")
    back = import_weights(tmp_path / "csv")
    write_memory(tmp_path / "a.h5", memory)
    write_memory(tmp_path / "b.h5", back)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_others_read_its_tables(tmp_path):
    memory = each_its_own()
    export_memory(memory, tmp_path / "csv", "csv")
    with open(tmp_path / "csv/synapses.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["weight"]) for row in rows] == memory.weight.tolist()
    assert [int(row["delay"]) for row in rows] == memory.delay.tolist()
    with open(tmp_path / "csv/neurons.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["beta"]) for row in rows] == memory.beta.tolist()
    assert [row["unit"] for row in rows] == [*UNITS[:10], "latent 0", "latent 1"]
    assert [row["latent"] for row in rows] == ["0"] * 10 + ["1"] * 2
    pattern = read_raster(tmp_path / "csv/patterns/pattern_0001.csv")
    assert np.array_equal(pattern.times, memory.patterns[1].times)
    cue = read_raster(tmp_path / "csv/cues/cue_0001.csv")
    assert np.array_equal(cue.times, pattern.times[pattern.times < 6 * 3e-4 - 1e-9])


def test_its_synapses_are_imported_alone(tmp_path):
    memory = random_memory()
    export_memory(memory, tmp_path / "csv", "csv")
    alone = import_weights(
        tmp_path / "csv/synapses.csv", beta=0.8, theta=1.0, patterns=memory.patterns, n_delays=6
    )
    assert alone.fingerprint() == memory.fingerprint()


def test_what_was_changed_by_hand_no_longer_says_how_it_was_made(tmp_path):
    export_memory(random_memory(), tmp_path / "csv", "csv")
    path = tmp_path / "csv/synapses.csv"
    header, first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([header, ",".join([*first.split(",")[:3], "0.125"]), *rest, ""]))
    with pytest.warns(InputWarning, match="was changed or cut since it was exported"):
        back = import_weights(tmp_path / "csv")
    assert back.weight[0] == 0.125 and back.made["rule"] == "imported"
    assert "f1" in back.made["scores"]


def test_a_model_of_ones_own_is_refused(tmp_path):
    from dataclasses import replace

    memory = ALL["continuous"]()
    own = replace(NEURONS["lif-exp"], name="mine")
    mine = replace(memory, neurons=replace(memory.neurons, model=own))
    with pytest.raises(InputError, match="mine, a model of one's own"):
        export_memory(mine, tmp_path / "csv", "csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name, old, new, reason",
    [
        ("memory.json", '"n_neurons": 12', '"n_neurons": 13', "names 10 units of 11"),
        ("memory.json", '"n_neurons": 12', '"n_neurons": 1e300', "memory.json is not what it has"),
        ("memory.json", '"n_patterns": 2', '"n_patterns": 3', "pattern_0002.csv: there is no such"),
        ("memory.json", '"n_patterns": 2', '"n_patterns": 4000000000', "pattern_0002.csv: there is no"),
        ("memory.json", '"step_s": 0.0003', '"step_s": 0.0', "memory.json is not what it has"),
        ("memory.json", '"n_ticks": 40', '"n_ticks": 4', "pattern_0000.csv: "),
        ("memory.json", '"version": 1', '"version": 2', "memory.json is not what it has to be"),
        ("memory.json", '"rule": "none"', '"rule": 3', "how the memory was made"),
        ("memory.json", '"rule": "none"', '"rule": ' + "[" * 100_000, "memory.json is not JSON"),
        ("memory.json", '"neurons": null', '"neurons": "os.system"', "memory.json is not what it"),
        ("neurons.csv", "beta", "alpha", "has to name the column beta"),
        ("neurons.csv", "\n11,", "\n12,", "a line for each of 12 neurons"),
        ("synapses.csv", "pre,post", "post,pre", "first line has to be pre,post,delay,weight"),
        ("synapses.csv", "\n0,0,", "\n0,=cmd(),", "synapses.csv: line 2: post is '=cmd()'"),
        ("synapses.csv", "\n0,0,", "\n0,99,", "has post 99.0, outside the neurons 0…11"),
        ("synapses.csv", "\n0,0,", "\n0,nan,", "synapse 0 has post nan, not a finite number"),
        ("patterns/pattern_0000.csv", "cell 1, it's", "none", "there is no unit none"),
        ("patterns/pattern_0000.csv", "\n", "\n" + "9" * 70_000, "longer than any row"),
    ],
)  # fmt: skip
def test_what_was_spoilt_is_refused_in_a_line(tmp_path, name, old, new, reason):
    memory = each_its_own()
    export_memory(memory, tmp_path / "csv", "csv")
    path = tmp_path / "csv" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as told:
        import_weights(tmp_path / "csv")
    assert reason in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    "name",
    ["synapses.csv", "neurons.csv", "patterns/pattern_0000.csv", "patterns/pattern_0001.csv"],
)
@pytest.mark.parametrize("cut", [1, 2, 3, 9, "line"])
def test_a_table_that_was_cut_is_never_taken_for_a_whole_one(tmp_path, name, cut):
    """Wherever it ends; behind a line it is as if lines had been taken out."""
    memory = random_memory()
    export_memory(memory, tmp_path / "csv", "csv")
    path = tmp_path / "csv" / name
    whole = path.read_bytes()
    if cut == "line":
        cut = len(whole.splitlines(keepends=True)[-1])
    path.write_bytes(whole[:-cut])
    if whole[:-cut].endswith(b"\n") and name != "neurons.csv":
        with pytest.warns(InputWarning, match="was changed or cut since it was exported"):
            import_weights(tmp_path / "csv")
        return
    with pytest.raises(InputError, match=path.name):
        import_weights(tmp_path / "csv")


@pytest.mark.parametrize("name", ["synapses.csv", "neurons.csv", "patterns/pattern_0000.csv"])
def test_a_line_has_as_many_cells_as_the_first(tmp_path, name):
    export_memory(random_memory(), tmp_path / "csv", "csv")
    path = tmp_path / "csv" / name
    first, *others = path.read_text().splitlines(keepends=True)
    for line, cells in ((others[2].rpartition(",")[0] + "\n"), -1), (others[2][:-1] + ",5\n", 1):
        path.write_text("".join([first, *others[:2], line, *others[3:]]))
        n = len(first.split(","))
        with pytest.raises(InputError, match=f"line 4 has {n + cells} cells, and the first {n}"):
            import_weights(tmp_path / "csv")


def test_a_pipe_is_not_waited_for(tmp_path):
    export_memory(each_its_own(), tmp_path / "csv", "csv")
    for name in ("synapses.csv", "patterns/pattern_0001.csv"):
        path = tmp_path / "csv" / name
        text = path.read_text()
        path.unlink()
        os.mkfifo(path)
        with pytest.raises(InputError, match=f"{path.name}: there is no such file"):
            import_weights(tmp_path / "csv")
        path.unlink()
        path.write_text(text)


def test_the_description_is_plain_json(tmp_path):
    export_memory(each_its_own(), tmp_path / "csv", "csv")
    said = json.loads((tmp_path / "csv/memory.json").read_text())
    assert said["n_latent"] == 2 and said["step_s"] == 3e-4 and said["kind"] == "csv"
