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
import hashlib
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
import zipfile
from collections import Counter
from pathlib import Path

import h5py
import numpy as np

# What stands in the place of a JSON value.
VALUES = [
    None,
    True,
    -1,
    0,
    1,
    1.5,
    -1e300,
    1e300,
    1e-320,
    2**31,
    2**63,
    10**400,
    "",
    "x",
    "a\x1b[31mb\nc",
]
VALUES += ["é" * 2000, "\ud800", "../../x", "$\\frac$", "[b]", [], [1], {}, {"x": 1}, "\0"]
TEXTS = [
    "NaN",
    "Infinity",
    "1e999",
    "9" * 5000,
    "[" * 5000,
    "[" * 400 + "]" * 400,
    '"\x1b"',
    "{",
    "",
]
TEXTS += ['{"a":1,"a":2}', '"\\ud800"', "\xff"]
CELLS = [
    "nan",
    "inf",
    "-1",
    "1e999",
    "9" * 5000,
    "9" * 400,
    "\0",
    "\x1b[31m",
    "",
    "x" * 200_000,
    "1,2,3",
]
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
    "raster.csv": [["store", "raster.csv", "-o", "m.h5", *LEARN, "hebbian", "--step", "1ms"]],
    "raster.npz": [["store", "raster.npz", "-o", "m.h5", *LEARN, "hebbian", "--step", "1ms"]],
    "groups.jsonl": [["find", "groups.jsonl", "raster.csv", *"--min-spikes 3 --draws 20".split()]],
    "found.jsonl.unfinished": [["groups", "network.csv", "--json", "found.jsonl"]],
    "margin.h5": [
        [
            "store",
            MADE,
            "-o",
            "m.h5",
            *LEARN,
            "margin",
            "--epochs",
            "3",
            "--checkpoint",
            "margin.h5",
        ]
    ],
    "bptt.h5": [
        ["store", MADE, "-o", "m.h5", *LEARN, "bptt", "--epochs", "1", "--checkpoint", "bptt.h5"]
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


def change(path, rng):
    """Change a file at random."""
    how = rng.random()
    if path.suffix == ".h5":
        if how < 0.35:
            change_bytes(path, rng)
        else:
            change_hdf5(path, rng)
        renew(path)
    elif how < 0.2:
        change_bytes(path, rng)
    elif path.suffix == ".npz":
        change_npz(path, rng)
    elif path.suffix == ".csv":
        change_cells(path, rng)
    else:
        change_lines(path, rng)


def renew(path):
    """Renew a checksum, if the file still has a place for it."""
    from wmdelays.files.sealed_file import kind_of, seal

    if kind_of(path):
        seal(path)


def change_bytes(path, rng):
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 3, 20))):
        content[rng.randrange(len(content))] = rng.choice((0, 0xFF, rng.randrange(256)))
    if rng.random() < 0.2:
        del content[rng.randrange(len(content)) :]
    path.write_bytes(content)


def changed_json(text, rng):
    """A JSON text with one value changed, or something else in its place."""
    if rng.random() < 0.15:
        return rng.choice(TEXTS)
    value = json.loads(text)
    places = [(None, None)]

    def walk(inner):
        pairs = inner.items() if isinstance(inner, dict) else enumerate(inner)
        for key, one in pairs:
            places.append((inner, key))
            if isinstance(one, dict | list):
                walk(one)

    if isinstance(value, dict | list):
        walk(value)
    inner, key = rng.choice(places)
    new = rng.choice(VALUES)
    if inner is None:
        value = new
    elif rng.random() < 0.3:
        del inner[key]
    elif isinstance(inner, dict) and rng.random() < 0.2:
        inner[rng.choice(["", "x" * 200, "a\x1b[2J", "../x", "$a$", "\ud800", "new"])] = new
    else:
        inner[key] = new
    made = json.dumps(value)
    return made.replace(json.dumps(new), rng.choice(TEXTS), 1) if rng.random() < 0.1 else made


def change_lines(path, rng):
    lines = path.read_text().splitlines() or [""]
    k = rng.randrange(len(lines))
    try:
        lines[k] = changed_json(lines[k], rng)
    except ValueError:
        lines[k] = rng.choice(TEXTS)
    path.write_text("\n".join(lines) + rng.choice(("\n", "")), errors="surrogateescape")


def change_cells(path, rng):
    lines = path.read_text().splitlines()
    k = rng.randrange(len(lines))
    cells = lines[k].split(",")
    cells[rng.randrange(len(cells))] = rng.choice(CELLS)
    lines[k] = ",".join(cells)
    path.write_text("\n".join(lines))


def change_npz(path, rng):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    how = rng.randrange(6)
    if how == 0:
        del members[name]
    elif how == 1:
        members[name] = rng.choice(
            (b"", b"text", members[name][:-3], members[name] + b"0", b"\x93NUMPY")
        )
    else:
        arrays = [
            np.array([1j]),
            np.array(["x"]),
            np.array([[0.0]]),
            np.array([], int),
            np.zeros(3),
        ]
        arrays += [np.array([np.nan]), np.array([2**63], np.uint64), np.array([-1]), np.array(5)]
        arrays += [np.zeros(2, "M8[s]"), np.zeros(3, [("a", "i4")]), np.array([1e300] * 5)]
        arrays += [np.zeros(10**7, np.uint8), np.arange(5, dtype=">i2")]
        file = io.BytesIO()
        np.save(file, rng.choice(arrays))
        members[name] = file.getvalue()
        if how == 5:
            shape = rng.choice((b"(-1,)", b"(9999999999999,)", b"(1.5,)", b"((),)", b"(2, 2, 2)"))
            members[name] = members[name].replace(b"(3,)", shape)
    with zipfile.ZipFile(path, "w", rng.choice((0, 8, 8, 8, 12, 14))) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
            if rng.random() < 0.05:
                with contextlib.suppress(UserWarning):
                    archive.writestr(name, content)


def change_hdf5(path, rng):
    with h5py.File(path, "r+") as file:
        things = []
        file.visititems(lambda name, thing: things.append(name))
        groups = [file, *(file[one] for one in things if isinstance(file[one], h5py.Group))]
        attributes = [(group, name) for group in groups for name in group.attrs]
        checkpoint = "state" in file
        if attributes and rng.random() < 0.5:
            change_attribute(*rng.choice(attributes), rng)
        elif checkpoint and rng.random() < 0.5:
            text = changed_json(file["state"].asstr()[()], rng)
            del file["state"]
            file["state"] = text.replace("\0", "")
        else:
            change_member(file, rng.choice(things), rng)
        if checkpoint and rng.random() < 0.95:
            with contextlib.suppress(Exception):
                renew_digest(file)


def change_attribute(group, name, rng):
    value = group.attrs[name]
    new = rng.choice(
        [*VALUES[1:11], np.arange(3), np.bytes_(b"x"), h5py.Empty("f8"), np.nan, np.inf]
    )
    if isinstance(value, str) and rng.random() < 0.8:
        with contextlib.suppress(ValueError):
            new = changed_json(value, rng).replace("\0", "")
    del group.attrs[name]
    if rng.random() < 0.9:
        with contextlib.suppress(Exception):
            group.attrs[name] = new


def change_member(file, name, rng):
    thing = file[name]
    values = thing[()] if isinstance(thing, h5py.Dataset) else np.arange(3)
    values = np.asarray(values)
    if values.dtype == object:
        values = np.arange(3)
    how = rng.randrange(16)
    if how < 5 and values.size and isinstance(thing, h5py.Dataset) and thing.dtype.kind in "iufb":
        with np.errstate(all="ignore"):
            flat = values.reshape(-1)
            new = np.array(rng.choice((-1, 0, 1e9, np.nan, np.inf, 1e300, 2.0**40, 0.5)))
            with contextlib.suppress(ValueError, OverflowError):
                flat[rng.randrange(len(flat))] = new.astype(flat.dtype)
            thing[...] = values
        return
    del file[name]
    if how == 5:
        return
    if how == 6:
        file[name] = rng.choice(
            (h5py.SoftLink(f"/{name}"), h5py.SoftLink("/"), h5py.ExternalLink("/dev/zero", "x"))
        )
    elif how == 7:
        file.create_dataset(name, (10**12,), dtype="f8", chunks=(1024,))
    elif how == 8:
        n = 8 * values.size
        file.create_dataset(
            name, (max(values.size, 1),), dtype="f8", external=[("/dev/zero", 0, max(n, 8))]
        )
    elif how == 9:
        file.create_dataset(name, data=np.zeros(10**6), compression="gzip")
    elif how == 10:
        file[name] = values.astype(rng.choice(("f4", "i2", "u8", "S", "c8", "b1")))
    elif how == 11:
        file[name] = rng.choice((values[..., None], values.reshape(-1)[:1], values.reshape(-1)[:0]))
    elif how == 12:
        file.create_group(name).attrs["x"] = 1
    elif how == 13:
        file.create_dataset(name, data=["x"] * 3, dtype=h5py.string_dtype())
    elif how == 14:
        file[name] = file["/"]
    else:
        file[name] = np.dtype("i4")


def renew_digest(file):
    state = file["state"].asstr()[()]
    digest = hashlib.sha256(state.encode())
    for name, array in sorted((name, one[()]) for name, one in file["arrays"].items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    file.attrs["digest"] = digest.hexdigest()


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
