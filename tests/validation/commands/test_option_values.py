"""Whatever number, time or list an option is given, the program ends in a line, not in a traceback."""

import random

import numpy as np
import pytest
import typer

from wmdelays.files.memory_file import write_memory
from wmdelays.patterns import bernoulli, periodic
from wmdelays.validation.commands.app import app

GENERATED = "bernoulli:neurons=8,steps=20,patterns=1,rate=0.1"
COMMANDS = {
    "store": f"store {GENERATED} -o out.h5 --force --delays 4 --epochs 2 --damaged-epochs 1",
    "store a recording": "store r.csv -o out.h5 --force --delays 4 --merge-spikes --rule hebbian",
    "import": f"import w.csv -o out.h5 --force --beta 0.7 --theta 1 --cue {GENERATED}",
    "compare": "compare m.h5 --device numpy",
    "robustness": "robustness m.h5 --damage lost --values 0.1 --draws 1 --before 3",
    "retrieve": "retrieve m.h5",
    "periodic": "periodic p.h5 --repeats 3 --draws 1",
    "scan": f"scan {GENERATED} --over delays=3 --seeds 1 --set epochs=2",
    "capacity": "capacity --neurons 8 --delays 3 --steps 12 --rate 0.1 --seeds 1 --set epochs=2",
    "motifs": "motifs m.h5",
    "find": "find m.h5 r.csv --step 1ms",
    "find by cad": "find-unknown r.csv --method cad --step 10ms --draws 3",
    "find by spade": "find-unknown r.csv --step 20ms --draws 3 --window 100ms",
    "groups": "groups net.csv --max-delay 7",
    "groups over time": "groups-over-time net.h5",
    "izhikevich": "izhikevich -o net.h5 --device numpy --seconds 1",
}
# Options that take a file, an address, or one of a few words.
OTHERS = {
    *(
        "--output",
        "--json",
        "--report",
        "--results",
        "--checkpoint",
        "--motifs",
        "--cut",
        "--raster",
        "--cue",
    ),
    *(
        "--draw",
        "--device",
        "--scheduler",
        "--simulator",
        "--neuron",
        "--rule",
        "--signs",
        "--keep",
    ),
    *("--optimizer", "--surrogate", "--surrogates", "--damage", "--method", "--layers-of"),
}
VALUES = [
    *("inf", "nan", "-1", "1e300", "1e-320", f"{2**63}", "1" + "0" * 400, "", "1/0s", "\u0663"),
    *("1e300s", "1e-320s", "-1ms", "infs", "1,,2", "1,1", "1.5", "\u0663s"),
]
SETTINGS = ["kappa=inf", "rate=nan", "beta=1e-320", "epochs=1e300", f"delays={2**63}", "theta="]
# So many of them are tried with each option.
TRIED = 3


def options(command):
    """The options of a command that take a number, a time or a list."""
    for parameter in typer.main.get_command(app).commands[command].params:
        if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False):
            name = max(parameter.opts, key=len)
            # Of izhikevich, --checkpoint is a time.
            if name not in OTHERS or (command, name) == ("izhikevich", "--checkpoint"):
                yield name


def without(words, name):
    """The words of a command line without an option and its value."""
    k = words.index(name) if name in words else len(words)
    return words[:k] + words[k + 2 :]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    from wmdelays.training import store

    folder = tmp_path_factory.mktemp("inputs")
    common = {"rule": "hebbian", "n_delays": 8}
    write_memory(folder / "m.h5", store(bernoulli(12, 40, 2, 0.05, seed=1), **common))
    cycle = periodic(12, 30, 1, 0.05, interval=4, seed=1)
    write_memory(folder / "p.h5", store(cycle, **common, periodic=True))
    rng = np.random.default_rng(0)
    rows = [f"{unit},{time:.3f}" for unit in range(5) for time in rng.uniform(0, 1, 20)]
    (folder / "r.csv").write_text("\n".join(["unit,time_s", *rows, ""]))
    (folder / "w.csv").write_text("pre,post,delay,weight\n0,7,3,1.5\n7,2,2,1.5\n2,0,1,1.5\n")
    pre = np.repeat(np.arange(10), 4)
    rows = [f"{i},{j},{d},3" for i, j, d in zip(pre, rng.permutation(40) % 10, pre % 5 + 1)]
    (folder / "net.csv").write_text("\n".join(["pre,post,delay_ms,weight", *rows, ""]))
    return folder


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("which", COMMANDS)
def test_no_value_of_an_option_ends_in_a_traceback(which, inputs, wmdelays, monkeypatch):
    monkeypatch.setattr("wmdelays.machine.free_memory.free_memory", lambda: 1e9)
    words = [str(inputs / w) if (inputs / w).is_file() else w for w in COMMANDS[which].split()]
    rng, wrong = random.Random(which), []
    for name in options(words[0]):
        values = VALUES + SETTINGS * (name in ("--set", "--over"))
        for value in rng.sample(values, TRIED):
            line = [*without(words, name), f"{name}={value}"]
            for made in wmdelays.folder.iterdir():
                made.unlink()
            try:
                done = wmdelays(*line)
            except Exception as error:
                wrong.append((name, value[:30], repr(error)))
                continue
            # Before it is refused, a recording may have been told of.
            said = [one.startswith("wmdelays: ") for one in done.stderr.splitlines()]
            in_a_line = sum(said) == 1 and said[-1]
            if done.returncode not in (0, 1, 2) or (done.returncode == 2 and not in_a_line):
                wrong.append((name, value[:30], done.returncode, done.stderr))
    assert not wrong


@pytest.mark.parametrize("value", ["-1", "0,-1", "", "1,,2", "1.5", "1" + "0" * 5000 + ","])
@pytest.mark.parametrize("command", ["compare", "motifs"])
def test_patterns_that_are_none_are_named_by_their_option(command, value, inputs, refused):
    line = refused(command, inputs / "m.h5", f"--patterns={value}")
    assert "--patterns" in line and len(line) < 250


@pytest.mark.parametrize("name", ["--step", "--stop"])
@pytest.mark.parametrize("value", ["0s", "1e-320s"])
def test_a_stretch_without_a_length_is_refused_by_its_option(name, value, inputs, refused):
    words = (
        *("find-unknown", inputs / "r.csv", "--method", "cad", "--step", "10ms"),
        f"{name}={value}",
    )
    assert f"{name} '{value}' is too short" in refused(*words)
