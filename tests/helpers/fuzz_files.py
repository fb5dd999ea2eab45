"""Files made wrong at random, and every command that reads them.

    python tests/helpers/fuzz_files.py [--cases 200] [--seed 0] [KIND …]

Each case takes a good file, changes it (bytes, JSON values, arrays, links, members of archives; checksums
are renewed, as a stranger can) and runs a command on it. Whatever the file holds, the command has to end
within a few seconds and a bounded memory with status 0, 1 or 2, without a traceback and without steering
the terminal. What does otherwise is printed with the number that makes the case again
(``--case KIND NUMBER FOLDER`` leaves its files there).
"""

import argparse
import contextlib
import io
import json
import os
import random
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from fuzz_changes import TEXTS, VALUES, change

VALUES += ["é" * 2000, "\ud800", "../../x", "$\\frac$", "[b]", [], [1], {}, {"x": 1}, "\0"]
TEXTS += ['{"a":1,"a":2}', '"\\ud800"', "\xff"]
SECONDS, MEMORY = 20, 3 << 30


# ---- good files and the commands that read them


def good_files(folder):
    """One file of each kind."""
    from wmdelays.files.memory_file import write_memory
    from wmdelays.files.raster_files import write_raster
    from wmdelays.patterns import bernoulli
    from wmdelays.polychrony.delay_network import DelayNetwork
    from wmdelays.polychrony.groups import Group, group_line
    from wmdelays.polychrony.network_file import write_run
    from wmdelays.polychrony.network_state import new_run
    from wmdelays.training.storing import store
    from wmdelays.validation.cli import main as main_of_program
    from wmdelays.validation.work.results import Results

    patterns = bernoulli(8, 40, 2, 0.06, seed=1)
    memory = store(patterns, "margin", n_delays=4, epochs=3, damaged_epochs=0)
    memory.made["source"] = {"inputs": ["r.csv"], "bin": "1ms"}
    write_memory(folder / "memory.h5", memory)
    for suffix in ("csv", "npz"):
        write_raster(folder / f"raster.{suffix}", patterns[0])
    trials = "name,start_s,stop_s,bell\na,0,0.012,0.005\nb,0.015,0.03,0.02\n"
    (folder / "trials.csv").write_text(trials)
    rng = np.random.default_rng(0)
    pre, post = np.nonzero(rng.random((8, 8)) < 0.6)
    excitatory = np.arange(8) < 6
    delay = np.where(excitatory[pre], rng.integers(1, 20, len(pre)), 1)
    network = DelayNetwork(pre, post, delay, np.where(excitatory[pre], 9.9, -5.0), excitatory)
    write_run(folder / "network.h5", new_run(network, 0, 2, {"versions": {"numpy": "2"}}))
    (folder / "network.csv").write_text(
        "pre,post,delay_ms,weight\n0,1,2,9.9\n1,2,3,9.9\n2,0,4,9.9\n"
    )
    group = Group(1, (2, 3), ((2, 0), (3, 1), (1, 5)), ((2, 1, 5, 2), (3, 1, 4, 2)), 2)
    (folder / "groups.jsonl").write_text(2 * group_line(group))
    record = {"format": "wmdelays unfinished groups", "format_version": 3, "search": {}}
    record |= {"n_sets": 0, "seconds": 0.0, "bytes": 0}
    (folder / "found.jsonl").write_text("")
    (folder / "found.jsonl.unfinished").write_text(json.dumps(record))
    with contextlib.chdir(folder), contextlib.redirect_stderr(io.StringIO()):
        for name in ("margin.h5", "bptt.h5"):
            assert main_of_program(COMMANDS[name][0]) == 0
    cost = dict(
        unpredictable=0.5, storable=0.5, seconds=0.1, peak_bytes=1e8, synapses=9, n_spikes=5
    )
    setting = dict(generator="bernoulli", neurons=12, steps=40, patterns=2, rate=0.05, delays=3)
    setting |= dict(beta=0.7, theta=1.0, rule="hebbian")
    for command in ("scan", "capacity"):
        with Results(folder / f"{command}.jsonl", command) as rows:
            for seed, n in ((0, 1), (1, 1), (0, 2)):
                figures = dict(f1=0.5, loss=0.5, worst_pattern_f1=0.1, **cost)
                rows.append(setting | {"patterns": n}, seed, figures)
    damage = dict(
        memory="0" * 16, name="m", rule="margin", neurons=8, delays=4, patterns=2, steps=40
    )
    damage |= dict(simulator="torch", kind="lost", value=0.0, draw=0, before=0)
    with Results(folder / "robustness.jsonl", "robustness") as rows:
        scores = dict(f1=0.5, precision=0.5, recall=0.5, worst_pattern_f1=0.1, n_spikes=9)
        rows.append(damage, 0, scores)
        rows.append(damage | {"value": 0.5}, 0, scores)


MADE = "bernoulli:neurons=8,steps=40,patterns=2,rate=0.06"
LEARN = ["--delays", "4", "--rule"]
COMMANDS = {
    "memory.h5": [
        ["info", "memory.h5", "--json", "-"],
        ["robustness", "memory.h5", *"--damage lost --values 0.5 --draws 1".split()],
        ["find", "memory.h5", "raster.csv", "--min-completeness", "0.5", "--draws", "10"],
        ["motifs", "memory.h5", "--json", "motifs.json"],
        ["groups", "memory.h5", "--json", "-"],
    ],
    "network.h5": [["groups", "network.h5", "--json", "-"], ["groups", "network.h5", "--at", "0s"]],
    "network.csv": [["groups", "network.csv", "--json", "-"]],
    "raster.csv": [
        ["store", "raster.csv", "-o", "m.h5", "--force", *LEARN, "hebbian", "--step", "1ms"]
    ],
    "raster.npz": [
        ["store", "raster.npz", "-o", "m.h5", "--force", *LEARN, "hebbian", "--step", "1ms"]
    ],
    "trials.csv": [
        [
            *"store raster.csv --trials trials.csv -o m.h5 --force --step 1ms".split(),
            *"--trial-length longest --align bell --delays 4 --rule hebbian".split(),
        ],
        [
            *"store raster.csv --trials trials.csv -o m.h5 --force --step 1ms".split(),
            *"--warp --delays 4 --rule hebbian".split(),
        ],
    ],
    "groups.jsonl": [["find", "groups.jsonl", "raster.csv", *"--min-spikes 3 --draws 20".split()]],
    "found.jsonl.unfinished": [["groups", "network.csv", "--json", "found.jsonl"]],
    "margin.h5": [
        [
            "store",
            MADE,
            "-o",
            "m.h5",
            "--force",
            *LEARN,
            "margin",
            "--epochs",
            "3",
            "--checkpoint",
            "margin.h5",
        ]
    ],
    "bptt.h5": [
        [
            "store",
            MADE,
            "-o",
            "m.h5",
            "--force",
            *LEARN,
            "bptt",
            "--epochs",
            "1",
            "--checkpoint",
            "bptt.h5",
        ]
    ],
    "scan.jsonl": [["scan", "--results", "scan.jsonl", "--report", "report"]],
    "capacity.jsonl": [
        ["capacity", *"--neurons 12 --delays 3 --steps 40 --rate 0.05 --rule hebbian".split()]
        + ["--seeds", "1", "--start", "1", "--results", "capacity.jsonl", "--report", "report"]
    ],
    "robustness.jsonl": [
        ["robustness", "memory.h5", *"--damage lost --values 0 --draws 1 --before 0".split()]
        + ["--results", "robustness.jsonl", "--report", "report"]
    ],
}


# ---- changes


# ---- cases


def run_case(good, kind, number, folder):
    """Run a case in this process; gives what is wrong, or None.

    The numbers below 0 are those of the commands on a good file.
    """
    from wmdelays.validation.cli import main

    rng = random.Random(f"{kind} {number}")
    for file in good.iterdir():
        shutil.copy(file, folder)
    command = COMMANDS[kind][number] if number < 0 else rng.choice(COMMANDS[kind])
    if number >= 0:
        change(folder / kind, rng)
    before = os.getcwd()
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            status = main(command)
    except BaseException as error:
        trace = error.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        return f"traceback {type(error).__name__} at {place}"
    finally:
        os.chdir(before)
    output, errors = (stream.buffer.getvalue().decode() for stream in streams)
    if status not in ((0, 1, 2) if number >= 0 else (0,)):
        return f"status {status}: {errors.splitlines()[-1:]}"
    lines = errors.splitlines() or [""]
    named = [line.startswith("wmdelays: ") for line in lines]
    if status == 2 and not (named[-1] and sum(named) == 1):
        return "status 2 without its one line"
    if any(ord(c) < 32 and c not in "\n\t" or 127 <= ord(c) < 160 for c in output + errors):
        return "steers the terminal"
    return None


def work():
    """Run the cases whose numbers come in, each in a folder of its own."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        good, kind, number = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            wrong = run_case(Path(good), kind, number, Path(folder))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        answers.write(
            json.dumps(wrong or (peak > MEMORY and f"memory {peak >> 20} MB") or None) + "\n"
        )
        answers.flush()


class Worker:
    """A process that runs cases, and is ended where one of them does not end."""

    def __init__(self):
        self.process = None

    def __call__(self, *case, seconds=SECONDS):
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "--work"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        begin = time.monotonic()
        while not select.select([self.process.stdout], [], [], 1)[0]:
            if self._spent() > seconds and time.monotonic() - begin > seconds:
                self.end()
                return "does not end"
        line = self.process.stdout.readline()
        self._counted = self._cpu()
        if line:
            return json.loads(line)
        status = self.process.wait()
        self.end()
        return f"the process ended with {status}"

    def _spent(self):
        return self._cpu() - getattr(self, "_counted", 0)

    def _cpu(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process, self._counted = None, 0


def prepared(folder):
    """Good files, and the record of a search as the command describes it."""
    good_files(folder)
    from wmdelays.polychrony.network_csv import read_network_csv
    from wmdelays.validation.polychrony import group_run

    seen = []

    class Spy(Exception):
        def __init__(self, path, search, *_, **__):
            seen.append(search)

    real, group_run.GroupFile = group_run.GroupFile, Spy
    with contextlib.suppress(AttributeError, TypeError):
        group_run.find_groups(read_network_csv(folder / "network.csv"), folder / "found.jsonl")
    group_run.GroupFile = real
    record = folder / "found.jsonl.unfinished"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"search": seen[0]}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", default=list(COMMANDS), metavar="KIND")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", nargs=3, metavar=("KIND", "NUMBER", "FOLDER"))
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work()
    with tempfile.TemporaryDirectory() as folder:
        good = Path(folder)
        prepared(good)
        if options.case:
            kind, number, place = options.case
            Path(place).mkdir(exist_ok=True)
            return print(run_case(good, kind, int(number), Path(place)))
        worker = Worker()
        for kind in options.kinds:
            wrong = Counter()
            for number in range(-len(COMMANDS[kind]), 0):
                # What is compiled once takes its time.
                if found := worker(folder, kind, number, seconds=600):
                    print(f"  {kind}, as it is: {found}", flush=True)
            for number in range(options.seed, options.seed + options.cases):
                found = worker(folder, kind, number)
                if found:
                    wrong[found] += 1
                    print(f"  {kind} {number}: {found}", flush=True)
            print(f"{kind}: {wrong.total()} of {options.cases} wrong", flush=True)
        worker.end()


if __name__ == "__main__":
    main()
