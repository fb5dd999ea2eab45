"""Learning by the workers of a dask scheduler, and what happens when something goes wrong."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from wmdelays import InputError, Memory, bernoulli, store
from wmdelays.neurons import neuron_model
from wmdelays.patterns import refractory
from wmdelays.training.rules import side_by_side
from wmdelays.training.rules.margin.sparse_block import SparseBlock
from wmdelays.training.rules.registry import RULES, register
from wmdelays.training.rules.rule import Rule

PATTERNS = bernoulli(40, 60, 2, 0.04, seed=2)
# With so few epochs neurons do wrong, and all learn again from it in further rounds.
TIMED = {"patterns": refractory(6, 60, 2, 0.05, interval=5), "neurons": "lif-exp", "epochs": 3}
OPTIONS = {
    "margin": {},
    # Too little to be learned, so that blocks learn once more.
    "dale": {"max_synapses": 30, "signs": "dale", "damaged_epochs": 3, "epochs": 1},
    "prune": {"prune": "recall", "damaged_epochs": 0, "epochs": 2},
    "bits": {"bits": 3, "damaged_epochs": 3},
    "large": {"max_synapses": 31, "damaged_epochs": 3, "epochs": 2},
    "timed-margin": TIMED,
    "timed-margin, dale": {**TIMED, "max_synapses": 40, "signs": "dale"},
}

pytestmark = pytest.mark.filterwarnings("ignore::wmdelays.errors.RecallWarning")


def learned(patterns=PATTERNS, **options):
    return store(patterns, n_delays=10, **options)


def same(one, two):
    names = ("pre", "post", "delay", "weight")
    equal = all(np.array_equal(getattr(one, name), getattr(two, name)) for name in names)
    return equal and one.made == two.made


def workers(n):
    """A scheduler in this process, with workers in others that have a thread each."""
    distributed = pytest.importorskip("distributed")
    return distributed.LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0")


@pytest.fixture(scope="module")
def one():
    with workers(1) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def two():
    with workers(2) as cluster:
        yield cluster


@pytest.fixture
def large(monkeypatch):
    """What has 31 synapses a neuron is a large network."""

    def is_large(n_neurons, n_delays, settings):
        return settings["max_synapses"] == 31

    monkeypatch.setattr("wmdelays.training.rules.margin.rule.is_large", is_large)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_workers_learn_the_same_bits_as_threads(one, two, large, options):
    expected = learned(**options)
    for cluster in (one, two):
        assert same(learned(**options, scheduler=cluster.scheduler_address), expected)


def interrupt_after(n_calls, stage):
    calls = []

    def progress(text, part):
        calls.append(text)
        if sum(stage in text for text in calls) == n_calls:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize(
    "options, n", [({"damaged_epochs": 5}, 3), (TIMED, 5)], ids=["margin", "timed-margin"]
)
@pytest.mark.parametrize("by_workers_first", [True, False])
def test_workers_go_on_where_threads_were_and_threads_where_workers_were(
    two, options, n, by_workers_first, tmp_path
):
    schedulers = [two.scheduler_address, None]
    first, then = schedulers if by_workers_first else schedulers[::-1]
    file, left = tmp_path / "c.h5", []
    with pytest.raises(KeyboardInterrupt):
        learned(
            **options,
            checkpoint=file,
            checkpoint_every=0,
            scheduler=first,
            progress=interrupt_after(n, "learning"),
        )
    before = file.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        learned(**options, checkpoint=file, scheduler=then, progress=interrupt_after(1, "learning"))
    assert file.read_bytes() == before, "a checkpoint was there, and was gone on from"
    resumed = learned(
        **options, checkpoint=file, scheduler=then, progress=lambda *now: left.append(now)
    )
    assert same(resumed, learned(**options))


@contextmanager
def a_kill(cluster):
    """Kill the first worker that is in the middle of a piece of learning; gives what it had to do."""
    killed, ended = [], threading.Event()

    def kill():
        while not killed and not ended.wait(0.001):
            for nanny in list(cluster.workers.values()):
                worker = cluster.scheduler.workers.get(nanny.worker_address)
                had = [str(task.key) for task in list(worker.processing)] if worker else []
                if any("work_on" in key for key in had):
                    os.kill(nanny.pid, signal.SIGKILL)
                    killed.append(had)
                    break

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    "cluster, options",
    [("one", {"damaged_epochs": 5}), ("two", {"damaged_epochs": 5}), ("two", TIMED)],
    ids=["margin, one", "margin, two", "timed-margin, two"],
)
def test_a_worker_that_is_killed_loses_its_pieces_alone(cluster, options, request):
    # The only worker takes with it what all pieces have in common.
    cluster = request.getfixturevalue(cluster)
    with a_kill(cluster) as killed:
        memory = learned(**options, scheduler=cluster.scheduler_address)
    assert killed and same(memory, learned(**options))


def test_neurons_that_kill_every_worker_are_told_in_a_line():
    dask = pytest.importorskip("dask")
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), workers(1) as cluster:
        with a_kill(cluster) as killed:
            with pytest.raises(InputError, match="every worker that was given .* was killed"):
                learned(scheduler=cluster.scheduler_address)
    assert killed


def test_a_worker_with_other_versions_is_refused(two, monkeypatch):
    others = side_by_side._versions() | {"numba": "0.1"}
    monkeypatch.setattr(side_by_side, "_versions", lambda: others)
    with pytest.raises(InputError, match="a dask worker has numba .*, and this process 0.1") as one:
        learned(scheduler=two.scheduler_address)
    assert "\n" not in str(one.value)


PROGRAM = """
import sys
{0}
from distributed.cli.{1} import main
main()
"""
WITHOUT = 'sys.modules["wmdelays"] = None'


@contextmanager
def programs(folder, without=""):
    """A scheduler and a worker as programs, of which one may have no wmdelays.

    Gives the scheduler's process and its address.
    """
    pytest.importorskip("distributed")
    file, started = folder / "scheduler.json", []
    for name, *options in (["scheduler", "--port=0"], ["worker", "--nthreads=1", "--no-nanny"]):
        code = PROGRAM.format(WITHOUT if without == name else "", f"dask_{name}")
        words = ["-c", code, *options, f"--scheduler-file={file}", "--no-dashboard"]
        started.append(
            subprocess.Popen(
                [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
    try:
        until = time.monotonic() + 30
        while not file.exists() or not file.read_text().endswith("}"):
            assert time.monotonic() < until
            time.sleep(0.05)
        yield started[0], json.loads(file.read_text())["address"]
    finally:
        for one in started:
            one.kill()
            one.wait()


@pytest.mark.parametrize("which", ["scheduler", "worker"])
def test_a_scheduler_or_worker_without_wmdelays_is_told_in_a_line(which, tmp_path):
    with programs(tmp_path, without=which) as (_, address):
        with pytest.raises(InputError, match=f"the dask {which}|a dask {which}") as told:
            learned(scheduler=address)
    assert "install the same versions" in str(told.value) and "\n" not in str(told.value)


def test_a_scheduler_that_ends_is_told_in_a_line_and_learning_goes_on_from_the_checkpoint(
    tmp_path, capfd
):
    dask, file = pytest.importorskip("dask"), tmp_path / "c.h5"
    options = {"patterns": bernoulli(130, 60, 2, 0.04), "damaged_epochs": 5}
    expected = learned(**options)
    # It is waited for so long.
    soon = dask.config.set({"distributed.comm.timeouts.connect": "1s"})
    with soon, programs(tmp_path) as (scheduler, address):

        def end(stage, part):
            if file.exists():
                scheduler.kill()

        with pytest.raises(
            InputError, match="the dask scheduler is gone; what the last checkpoint"
        ):
            learned(**options, checkpoint=file, checkpoint_every=0, scheduler=address, progress=end)
    assert capfd.readouterr() == ("", "")
    assert file.exists() and same(learned(**options, checkpoint=file), expected)


def test_another_rule_gets_the_scheduler_if_it_takes_one():
    taken = []

    def rule(patterns, *, scheduler, **common):
        taken.append(scheduler)
        return Memory.unlearned(patterns, **common)

    register(Rule("of-a-test", rule))
    try:
        learned(rule="of-a-test", scheduler="tcp://there:1")
    finally:
        del RULES["of-a-test"]
    assert taken == ["tcp://there:1"]
    with pytest.raises(InputError, match="the rule hebbian learns in this process alone"):
        learned(rule="hebbian", scheduler="tcp://there:1")


def own_neuron():
    """A neuron model that another process cannot import."""
    model = neuron_model("lif-exp")
    return replace(model, name="own", requires=((lambda values: True, "always"),))


def test_neurons_of_a_model_of_ones_own_are_learned_by_workers(one):
    options = {**TIMED, "neurons": own_neuron()}
    by_workers = learned(**options, scheduler=one.scheduler_address)
    assert same(by_workers, learned(**options))


def test_a_known_neuron_model_is_itself_after_pickling():
    model = neuron_model("adex")
    assert pickle.loads(pickle.dumps(model)) is model


@pytest.mark.parametrize("place", [[], [0], [3, 4, 300, 70_000, 2**33]])
def test_a_block_comes_back_from_pickling_as_it_was(place):
    place = np.array(place, np.int64)
    block = SparseBlock(2**30, place, np.arange(len(place), dtype=np.float32), True, False)
    back = pickle.loads(pickle.dumps(block))
    assert back.place.dtype == np.int64 and np.array_equal(back.place, place)
    assert back.weight.dtype == np.float32 and np.array_equal(back.weight, block.weight)
    assert (back.n_rows, back.limited, back.clean) == (2**30, True, False)
