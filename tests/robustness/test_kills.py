"""Killed at any moment, a command leaves no half of a file, and ends as if it had not been killed."""

import subprocess
import sys

import pytest

STORE = (
    "store bernoulli:neurons=30,steps=80,patterns=2,rate=0.02 --delays 15 --checkpoint c.h5 --force"
)
SIMULATE = "izhikevich --seconds 2 --checkpoint 1s --device numpy"
# Each run is a fork of one process, which spares it the imports. It is killed after a random time; the
# first and every second one after it has a beginning to go on from by then. Networks are small, and
# there is a checkpoint after each round of learning.
KILLING = """
import os, random, signal, sys, time
from functools import partial
from pathlib import Path
from wmdelays import brian_models
from wmdelays.polychrony.network_file import read_run
from wmdelays.training.rules.margin.rule import margin
from wmdelays.validation.cli import main

seed, wanted, *words = sys.argv[1:]
margin.__kwdefaults__["checkpoint_every"] = 0
brian_models.wire = partial(
    brian_models.wire, n_excitatory=80, n_inhibitory=20, n_targets=20
)
whole, killed = Path("whole"), Path("killed")

def run(folder, seconds=None, begun=False):
    child = os.fork()
    if not child:
        os.chdir(folder)
        sys.stdout = open(os.devnull, "w")
        os._exit(main(words))
    if seconds is not None:
        ended = partial(os.waitid, os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG)
        while begun and not content(folder) and ended() is None:
            time.sleep(0.005)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == 0

def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".h5"}

def is_whole(found):
    if "izhikevich" in words and found:
        # What it has so far is a shorter simulation.
        return read_run(killed / "made.h5").state.seconds in (1, 2)
    return found.get("made.h5", expected["made.h5"]) == expected["made.h5"]

for folder in (whole, killed):
    folder.mkdir()
begin = time.monotonic()
assert run(whole)
span = time.monotonic() - begin
expected, chance, kills = content(whole), random.Random(int(seed)), 0
while kills < int(wanted):
    if run(killed, chance.uniform(0, span), begun=not kills % 2):
        # It ended before; the next one begins anew, and is killed earlier.
        assert content(killed) == expected
        span /= 2
        for path in killed.iterdir():
            path.unlink()
    else:
        kills += 1
        assert is_whole(content(killed))
        print("killed with", sorted(os.listdir(killed)), flush=True)
assert run(killed)
assert content(killed) == expected
assert sorted(os.listdir(killed)) == sorted(expected), "nothing unfinished is left"
"""


@pytest.mark.parametrize("command, n_kills", [(STORE, 2), (SIMULATE, 1)])
def test_a_command_that_is_killed_again_and_again_ends_as_if_it_had_not_been(
    tmp_path, command, n_kills
):
    (tmp_path / "killing.py").write_text(KILLING)
    words = [sys.executable, "killing.py", "1", f"{n_kills}", *command.split(), "-o", "made.h5"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("killed with") == n_kills
