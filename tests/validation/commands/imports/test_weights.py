"""The command `wmdelays import`."""

import json

import numpy as np
import pytest
import torch
from exported_memories import ALL, random_memory

from wmdelays import InputError, export_memory, import_weights, read_memory, write_memory
from wmdelays.validation.cli import main

CSV = "pre,post,delay,weight\n0,1,3,1.2\n1,2,2,1.1\n2,0,4,1.3\n2,1,1,0.4\n"
CUE = ["--cue", "bernoulli:neurons=3,steps=30,patterns=2,rate=0.2"]
HOW = ["--beta", "0.8", "--theta", "0.9"]


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.csv").write_text(CSV)
    return tmp_path


@pytest.mark.parametrize("reset", ["zero", "subtract", "zero-own", "zero-late"])
def test_an_imported_memory_compares_equal(there, capsys, reset):
    made = ["import", "w.csv", "-o", "m.h5", *HOW, "--reset", reset, *CUE, "--json", "m.json"]
    assert main(made) == 0
    said = capsys.readouterr().out
    assert said.startswith("Imported: table, mapped exactly. Reset " + reset)
    memory = read_memory("m.h5")
    assert memory.reset == reset and memory.made["scores"]["f1"] == 1.0
    assert json.loads((there / "m.json").read_text())["memory"]["n_synapses"] == 4
    if reset == "subtract":
        arguments = ["compare", "m.h5", "--device", "numpy", "--dt", "0.5ms"]
        assert main(arguments) == 0
        assert "Recalled whole." in capsys.readouterr().out
        assert main(["info", "m.h5"]) == 0
        assert f"reset {reset}" in capsys.readouterr().out


def test_patterns_that_it_was_trained_for(there, capsys):
    np.save("beta.npy", [0.8, 0.7, 0.8])
    (there / "spikes.csv").write_text("unit,time_s\na,0\nb,0.003\nc,0.005\na,0.009\n")
    made = ["import", "w.csv", "-o", "m.h5", "--beta", "beta.npy", "--theta", "0.9"]
    assert main([*made, "--patterns", "spikes.csv"]) == 0
    memory = read_memory("m.h5")
    assert memory.units == ("a", "b", "c") and memory.beta.tolist() == [0.8, 0.7, 0.8]


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["w.csv", *HOW], "say what is to be recalled"),
        (
            ["w.csv", *CUE],
            "w.csv: does not say beta and theta of its neurons; give --beta and --theta",
        ),
        (["w.csv", *CUE, *HOW, "--patterns", "w.csv"], "say what is to be recalled"),
        (["w.csv", *CUE, "--theta", "1", "--beta", "none.txt"], "--beta is 'none.txt'"),
        (["w.csv", *CUE, *HOW, "--reset", "some"], "there is no reset 'some'"),
        (["w.csv", *CUE, *HOW, "--axes", "a,b"], "the axes are post, pre and delay"),
        (["w.csv", *CUE, "--beta", "0.5", "--theta", "nan"], "theta is nan"),
        (["w.pth", *CUE], "w.pth: is no whole file"),
        (["evil.pth", *CUE], "evil.pth: cannot be read as weights alone (it holds "),
        (["none.csv", *CUE, *HOW], "none.csv: there is no such file or folder"),
        (["w.csv", *HOW, "--cue", "bernoulli:neurons=4,steps=30,patterns=1,rate=0.2"], "4 neurons"),
    ],
)
def test_mistakes_are_told_in_a_line_and_nothing_is_written(there, capsys, arguments, reason):
    (there / "w.pth").write_bytes(b"PK\x03\x04 and no more")
    torch.save({"w": print}, there / "evil.pth")
    assert main(["import", *arguments, "-o", "m.h5"]) == 2
    told = capsys.readouterr()
    assert reason in told.err and not told.out and told.err.count("\n") == 1, told.err
    assert not list(there.glob("*m.h5*"))


def test_a_path_that_is_no_source_says_what_it_is(refused, wmdelays):
    memory = random_memory()
    write_memory(wmdelays.folder / "memory.h5", memory)
    (wmdelays.folder / "a.nir").write_bytes(b"\x89HDF\r\n\x1a\n")
    (wmdelays.folder / "empty").mkdir()
    (wmdelays.folder / "w.docx").write_text("words")
    (wmdelays.folder / "weights.csv").write_text(CSV)
    export_memory(memory, wmdelays.folder / "circuit", "sonata")
    export_memory(memory, wmdelays.folder / "tables", "csv")
    missing = "there is no such file or folder"
    neither = "is a folder with neither a SONATA circuit (circuit_config.json, "
    for words, reason in {
        "none": missing,
        "sonata none": missing,
        "none.csv": missing,
        "memory.h5": "is a memory already; wmdelays info",
        "csv memory.h5": "is a memory already",
        "a.nir": "is a NIR graph, and those are not read back",
        "circuit/network/neurons_edges.h5": "is an HDF5 file, and no memory; a SONATA circuit is",
        "empty": neither,
        "sonata empty": neither,
        "w.docx": "has an ending that says nothing of weights",
        "csv circuit": "is a SONATA circuit, and no csv files of an export; name it sonata",
        "csv circuit/circuit_config.json": "is a SONATA circuit, and no csv files of an export",
        "sonata tables": "holds csv files of an export, and no SONATA circuit; name it csv",
        "tables/memory.json": "describes csv files of an export; name their folder",
        "sonata weights.csv": "is no SONATA circuit; that is a folder, or its circuit_config.json",
    }.items():
        words = words.split()
        for how in ([], [*CUE, *HOW]):
            line = refused("import", *words, "-o", "m.h5", *how)
            assert line.startswith(f"wmdelays: {words[-1]}: {reason}"), line


def test_python_says_the_same_of_what_is_no_source(tmp_path):
    write_memory(tmp_path / "memory.h5", random_memory())
    with pytest.raises(InputError, match="none: there is no such file or folder"):
        import_weights(tmp_path / "none", beta=0.5, theta=1.0)
    with pytest.raises(InputError, match="memory.h5: is a memory already"):
        import_weights(tmp_path / "memory.h5")


def test_the_kind_may_be_named_where_it_is_right(wmdelays):
    memory = random_memory()
    (wmdelays.folder / "weights.csv").write_text(CSV)
    export_memory(memory, wmdelays.folder / "circuit", "sonata")
    export_memory(memory, wmdelays.folder / "tables", "csv")
    for words in ("sonata circuit", "sonata circuit/circuit_config.json", "csv tables"):
        done = wmdelays("import", *words.split(), "-o", "m.h5", "--force")
        assert done.stdout.startswith("Imported: the memory that was exported"), done.said
    done = wmdelays("import", "csv", "weights.csv", "-o", "m.h5", "--force", *CUE, *HOW)
    assert done.stdout.startswith("Imported: table, mapped exactly"), done.said


@pytest.mark.parametrize("form", ["sonata", "csv"])
def test_options_that_change_the_neurons_are_in_the_first_line(wmdelays, form):
    """Those that say what is there already change nothing."""
    export_memory(random_memory(), wmdelays.folder / "there", form)
    words = ["import", "there", "-o", "m.h5", "--force"]
    same = wmdelays(*words, "--beta", "0.8", "--theta", "1", "--reset", "zero")
    assert same.stdout.startswith("Imported: the memory that was exported, bit for bit."), same.said
    for options, flags in {
        "--beta 0.5": "--beta",
        "--theta 1 --beta 0.5 --reset subtract": "--beta and --reset",
        "--strict": "--strict",
    }.items():
        done = wmdelays(*words, *options.split(), "--json", "m.json")
        first = done.stdout.splitlines()[0]
        assert f", with neurons changed by {flags}. Reset " in first, done.said
        assert "exactly" not in done.said
        said = json.loads((wmdelays.folder / "m.json").read_text())
        assert said["instead"] == [name[2:] for name in flags.split(" and ")]
        assert said["changed"] is False
    # Its patterns and window are no neurons.
    done = wmdelays(*words, "--delays", "7")
    assert ", mapped exactly. Reset zero" in done.stdout


def test_a_changed_export_says_so_in_the_first_line(wmdelays):
    export_memory(random_memory(), wmdelays.folder / "tables", "csv")
    path = wmdelays.folder / "tables/synapses.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:60]))
    for options, more in ([], ""), (["--beta", "0.5"], ", with neurons changed by --beta"):
        done = wmdelays("import", "csv", "tables", "-o", "m.h5", "--force", *options)
        first = done.stdout.splitlines()[0]
        assert first.startswith(
            "Imported: csv files, changed or cut since the export, so not the memory that was"
            f" exported{more}. Reset zero"
        )
        assert "tables: was changed or cut since it was exported" in done.stderr
        assert read_memory(wmdelays.folder / "m.h5").made["settings"]["changed"] is True


def test_what_recalls_it_is_named(wmdelays):
    for kind, shown in (("plain", "torch and Brian2"), ("continuous", "compiled and Brian2")):
        export_memory(ALL[kind](), wmdelays.folder / kind, "csv")
        done = wmdelays("import", kind, "-o", f"{kind}.h5")
        assert done.stderr.endswith(f"wmdelays compare {kind}.h5 recalls it in {shown}\n"), (
            done.said
        )


def test_weights_that_are_all_zero_are_no_network(there):
    with pytest.raises(InputError, match="has no synapses"):
        import_weights(np.zeros((3, 3, 4)), beta=0.8, theta=1.0)


def test_an_npz_that_says_beta_is_told_apart_from_one_that_does_not(there, capsys):
    weights = np.zeros((3, 3, 4))
    weights[1, 0, 2] = weights[2, 1, 1] = 1.2
    np.savez(there / "own.npz", weights=weights, beta=[0.8, 0.7, 0.8])
    np.savez(there / "none.npz", weights=weights)
    for name, told in (("own", "with neurons changed by --beta"), ("none", "mapped exactly")):
        assert main(["import", f"{name}.npz", "-o", f"{name}.h5", *HOW, *CUE]) == 0
        assert capsys.readouterr().out.startswith(f"Imported: tensor, {told}. Reset zero")
        assert read_memory(f"{name}.h5").beta == 0.8
