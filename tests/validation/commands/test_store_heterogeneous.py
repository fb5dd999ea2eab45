"""`wmdelays store` in neurons that differ, and what the other commands make of such a memory."""

import json

import numpy as np
import pytest

from wmdelays import read_memory

STORE = "store bernoulli:neurons=20,steps=60,patterns=1,rate=0.05 --delays 10".split()


def test_a_spread_is_drawn_stored_and_told(wmdelays):
    told = wmdelays(*STORE, "--beta-spread", "0.3", "--seed", "2", "-o", "m.h5")
    assert told.returncode == 0, told.stderr
    memory = read_memory(wmdelays.folder / "m.h5")
    tau = -1 / np.log(memory.beta)
    rows = dict(line.split("  ", 1) for line in told.stdout.splitlines() if "  " in line)
    words = rows["neurons differ"].strip()
    assert words.startswith(f"time constants {tau.min():.4g} to {tau.max():.4g} ms, mean")
    assert words.endswith("lognormal, drawn for a spread of 0.3")
    described = json.loads(wmdelays("info", "m.h5", "--json", "-").stdout)
    assert described["memory"]["beta"] == memory.beta.tolist()
    assert described["made"]["heterogeneity"] == {"beta": 0.7, "beta_spread": 0.3}


def test_a_file_says_what_each_neuron_has(wmdelays):
    beta, theta = np.linspace(0.5, 0.9, 20), np.linspace(1, 2, 20)
    lines = [f"{k},{float(beta[k])!r},x" for k in reversed(range(20))]
    (wmdelays.folder / "b.csv").write_text("\n".join(["unit,beta,area", *lines]) + "\n")
    np.save(wmdelays.folder / "t.npy", theta)
    told = wmdelays(*STORE, "--beta", "b.csv", "--theta", "t.npy", "-o", "m.h5")
    assert told.returncode == 0, told.stderr
    memory = read_memory(wmdelays.folder / "m.h5")
    assert np.array_equal(memory.beta, beta) and np.array_equal(memory.theta, theta)
    assert memory.made["source"]["beta"] == "b.csv" and memory.made["scores"]["f1"] == 1


@pytest.mark.parametrize(
    "options, words",
    [
        ("--beta few.csv", "says nothing of unit 1 (18 of 20 units)"),
        ("--beta twice.csv", "unit 0 has two values of beta"),
        ("--theta few.csv", "has no column theta"),
        ("--beta words.csv", "a number a line, or the columns unit and beta"),
        ("--beta none.csv", "neither a number nor a file"),
        ("--beta 1.5", "beta is 1.5"),
        ("--beta-spread 2", "--beta-spread is 2.0; it has to lie from 0 to 1"),
        ("--beta-spread 0.1 --beta few.csv", "few.csv: says nothing"),
        ("--beta-spread 0.1 --for lif-exp", "not for neurons"),
    ],
)
def test_mistakes_are_told_in_one_line(wmdelays, options, words):
    files = {"few": "unit,beta\n0,0.5\n2,0.5\n", "twice": "unit,beta\n0,0.5\n0,0.6\n"}
    for name, text in (files | {"words": "unit,beta\n" + "0,much\n"}).items():
        if name == "words":
            text = "unit,beta\n" + "".join(f"{k},much\n" for k in range(20))
        (wmdelays.folder / f"{name}.csv").write_text(text)
    told = wmdelays(*STORE, *options.split(), "-o", "m.h5")
    assert told.returncode == 2 and not (wmdelays.folder / "m.h5").exists()
    assert words in told.stderr and len(told.stderr.strip().splitlines()) == 1
