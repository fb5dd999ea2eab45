"""The command `wmdelays import`."""

import json

import numpy as np
import pytest
import torch

from wmdelays import read_memory
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
        (["none.csv", *CUE, *HOW], "none.csv: No such file"),
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
