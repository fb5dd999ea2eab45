"""The device `cuda_standalone`: what it needs, the projects it writes, and what it reads back.

Without a GPU nothing can be run. What is generated is looked at, and `make test-cuda` compiles and links it.
"""

import os
from dataclasses import replace
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import random_continuous

from wmdelays import InputError
from wmdelays.brian_models import choose_device, recall
from wmdelays.brian_models.devices import cuda as needs
from wmdelays.brian_models.devices.names import CUDA
from wmdelays.brian_models.memories import cuda as module
from wmdelays.brian_models.memories.network import network_of
from wmdelays.brian_models.memories.script import write_script
from wmdelays.machine.compiler import compiler
from wmdelays.neurons import NEURONS, Variability

generates = pytest.mark.skipif(
    not needs.is_installed(), reason="needs Brian2CUDA, which wants Python 3.12 (make test-cuda)"
)
COMPILED = os.environ.get("WMDELAYS_COMPILE_CUDA")


@pytest.fixture(scope="module")
def memories(random_memory, random_cue):
    """A memory and a cue by the name of the neurons."""
    lif = random_memory(3)
    exp = random_continuous.random_memory(5, NEURONS["lif-exp"], 12, 6, 1e-4, 0.4)
    return {
        "lif": (lif, random_cue(4, lif)),
        "lif-exp": (exp, random_continuous.random_cue(4, exp, "clamped")),
    }


@pytest.fixture
def everything_is_there(monkeypatch, tmp_path):
    """A machine that has all that is asked for; its compiler and its GPU are scripts."""
    root = tmp_path / "toolkit"
    for name in ("bin", "include", "lib", "path"):
        (root / name).mkdir(parents=True)
    for name in ("include/curand.h", "lib/libcurand.so.10"):
        (root / name).touch()
    for path, says in (
        (root / "bin/nvcc", "Cuda compilation tools, release 13.0, V13.0.88"),
        (root / "path/nvidia-smi", "9.0"),
    ):
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o700)
    monkeypatch.setenv("CUDA_PATH", str(root))
    monkeypatch.setenv("PATH", f"{root / 'path'}:{os.environ['PATH']}")
    monkeypatch.setattr(needs, "requires", lambda name: ["brian2==2.10.1"])
    monkeypatch.setattr(needs, "version", {"brian2": "2.10.1", "brian2cuda": "1.0b1"}.get)
    return root


def test_everything_is_found(everything_is_there):
    found = needs.check_cuda()
    assert found.capability == "9.0"
    assert found.toolkit == needs.Toolkit(
        everything_is_there, everything_is_there / "lib/libcurand.so.10"
    )


def _no_package(monkeypatch, root):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(needs, "requires", missing)


def _other_brian2(monkeypatch, root):
    monkeypatch.setattr(needs, "version", {"brian2": "2.9.0", "brian2cuda": "1.0b1"}.get)


def _no_toolkit(monkeypatch, root):
    monkeypatch.setattr(needs, "toolkit", lambda: None)


def _no_compiler(monkeypatch, root):
    monkeypatch.setenv("CXX", "/nowhere/g++")


def _no_gpu(monkeypatch, root):
    (root / "path/nvidia-smi").write_text("#!/bin/sh\necho no devices were found\nexit 6\n")


def _old_driver(monkeypatch, root):
    (root / "path/nvidia-smi").write_text("#!/bin/sh\necho 'Field is not a valid field'\n")


MISSING = {
    _no_package: r"needs Brian2CUDA.*install.*wmdelays\[cuda\]",
    _other_brian2: r"Brian2CUDA 1\.0b1 needs Brian2 2\.10\.1 and 2\.9\.0 is installed",
    _no_toolkit: r"needs a CUDA toolkit with nvcc and curand.*CUDA_PATH.*wmdelays\[cuda\]",
    _no_compiler: r"needs a C\+\+ compiler.*install g\+\+",
    _no_gpu: r"needs an NVIDIA GPU.*install the driver",
    _old_driver: r"needs an NVIDIA GPU.*install the driver",
}


@pytest.mark.parametrize("take_away", MISSING)
def test_what_is_missing_is_said_before_any_work(
    everything_is_there, monkeypatch, memories, take_away
):
    take_away(monkeypatch, everything_is_there)
    monkeypatch.setattr("wmdelays.brian_models.memories.recall.network_of", None)
    with pytest.raises(InputError, match=MISSING[take_away]) as refused:
        recall(*memories["lif"], device=CUDA)
    assert "\n" not in str(refused.value)


def test_a_toolkit_without_curand_is_none(everything_is_there, monkeypatch):
    (everything_is_there / "include/curand.h").unlink()
    monkeypatch.setattr(needs, "find_spec", lambda name: None)
    found = needs.toolkit()
    assert found is None or found.root != everything_is_there


def test_what_it_cannot_do_is_refused(everything_is_there, memories):
    memory, cue = memories["lif-exp"]
    with pytest.raises(InputError, match="knows no neurons that differ and no noise"):
        recall(memory, cue, device=CUDA, variability=Variability(membrane_noise=0.1))

    class Large:
        n_synapses = 2**31

    with pytest.raises(InputError, match="2147483648; take the device cpp_standalone"):
        needs.check_network(Large)


def test_auto_never_takes_it(everything_is_there, memories):
    memory, cue = memories["lif"]
    assert choose_device(memory, [cue] * 3000) != CUDA


@pytest.mark.parametrize("delays, spare", [([], [1, 2]), ([7, 7, 7], [8]), ([7, 7, 9], [])])
def test_there_are_always_two_delays(memories, delays, spare):
    network = network_of(memories["lif"][0])
    n = len(delays)
    memory = network.memory

    class Few:
        pre, post, weight = memory.pre[:n], memory.post[:n], memory.weight[:n]

    network = replace(network, memory=Few, delays=np.array(delays, np.int32))
    pre, post, weight, ticks = module.wiring(network)
    assert ticks.tolist() == [*delays, *spare]
    assert weight.tolist() == [*Few.weight, *np.zeros(len(spare))]
    assert pre.tolist() == [*Few.pre, *([0] * len(spare))]
    assert post.tolist() == [*Few.post, *([0] * len(spare))]


def _project(folder, memory, cue, capability="8.0"):
    network = network_of(memory)
    per_step = round(memory.step / memory.tick)
    finer = network.n // per_step
    script = write_script([cue], -(-network.longest_delay // finer), finer)
    found = needs.toolkit() or needs.Toolkit(folder / "none", folder / "none/libcurand.so")
    folder.mkdir()
    cuda = needs.Cuda(found, tuple(compiler()), capability)
    return module.Project(folder, network, script, cuda)


@generates
@pytest.mark.parametrize("name", ["lif", "lif-exp"])
def test_a_project_is_generated_and_only_few_files_are_of_this_memory(tmp_path, memories, name):
    memory, cue = memories[name]
    first = _project(tmp_path / "first", memory, cue)
    assert len(first.program.missing()) == len(first.program.sources) > 25
    other = replace(memory, weight=memory.weight / 2)
    keys = [set(_keys(one)) for one in (first, _project(tmp_path / "second", other, cue))]
    assert keys[0] == keys[1]
    fewer = slice(0, memory.n_synapses - 3)
    parts = {name: getattr(memory, name)[fewer] for name in ("pre", "post", "delay", "weight")}
    third = _project(tmp_path / "third", replace(memory, **parts), cue)
    changed = [source for source, key in _keys(third) if (source, key) not in keys[0]]
    assert sorted(changed) == [
        "code_objects/wmdelays_recall_synapses_synapses_create_array_codeobject.cu",
        "objects.cu",
    ]


def _keys(project):
    return [(source, one._key) for source, one in project.program._parts.items()]


@generates
@pytest.mark.parametrize("name", ["lif", "lif-exp"])
def test_synapses_are_what_the_program_reads(tmp_path, memories, name):
    memory, cue = memories[name]
    folder = _project(tmp_path / "project", memory, cue).folder / "static_arrays"

    def read(what, dtype):
        (path,) = folder.glob(f"*_synapses_{what}")
        return np.frombuffer(path.read_bytes(), dtype)

    network = network_of(memory)
    assert np.array_equal(read("sources", np.int32), memory.pre)
    assert np.array_equal(read("targets", np.int32), memory.post)
    assert np.array_equal(read("w", float), memory.weight * float(network.model.unit_of_weights))
    assert np.array_equal(np.rint(read("delay", float) / network.dt) + 1, network.delays)


@generates
def test_brian2_is_as_before(tmp_path, memories, capfd):
    from brian2 import get_device, prefs
    from brian2cuda.utils import gputools

    backend = "devices.cuda_standalone.cuda_backend."
    before = get_device(), prefs[f"{backend}detect_gpus"], dict(gputools._gpu_selection)
    _project(tmp_path / "project", *memories["lif"])
    now = get_device(), prefs[f"{backend}detect_gpus"], dict(gputools._gpu_selection)
    assert now == before
    assert capfd.readouterr() == ("", "")


@generates
def test_what_was_recorded_is_read_in_order_and_only_if_it_is_whole(tmp_path, memories):
    project = _project(tmp_path / "project", *memories["lif"])
    results = project.folder / "results"

    def write(name, values):
        file, dtype = project._files[name]
        (results / file).write_bytes(np.array(values, dtype).tobytes())

    write("N", [4])
    write("i", [7, 2, 1, 5])
    write("t", np.array([3, 3, 4, 3]) * project.dt)
    write("cause", [1, 2, 1, 3])
    neurons, ticks, fires, forced = project.read(results)
    assert neurons.tolist() == [2, 5, 7, 1]
    assert ticks.tolist() == [3, 3, 3, 4]
    assert fires.tolist() == [False, True, True, True]
    assert forced.tolist() == [True, True, False, False]
    write("cause", [1, 2, 1])
    with pytest.raises(InputError, match="is not whole"):
        project.read(results)


@generates
def test_a_fault_on_the_gpu_is_no_result(tmp_path, memories):
    project = _project(tmp_path / "project", *memories["lif"])
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho ERROR while allocating memory with size 8\n")
    program.chmod(0o700)
    with pytest.raises(InputError, match="ERROR while allocating memory.*needs no GPU"):
        project.record(program)


@generates
@pytest.mark.skipif(COMPILED is None, reason="compiles for minutes (make test-cuda)")
@pytest.mark.skipif(needs.toolkit() is None, reason="needs nvcc and curand")
@pytest.mark.parametrize("name", ["lif", "lif-exp"])
def test_it_compiles_and_links(tmp_path, monkeypatch, memories, name):
    monkeypatch.setenv("WMDELAYS_CACHE", COMPILED)
    project = _project(tmp_path / "project", *memories[name])
    stages = []
    program = project.program.ready(lambda stage, part: stages.append((stage, part)))
    assert program.read_bytes()[:4] == b"\x7fELF"
    if not _has_gpu():
        with pytest.raises(InputError, match="cudaSetDevice.*needs no GPU"):
            project.record(program)
    # Now all of it is kept.
    assert project.program.missing() == []
    assert project.program.ready(None) == program


def _has_gpu():
    try:
        needs.check_cuda()
    except InputError:
        return False
    return True


@generates
@pytest.mark.skipif(not _has_gpu(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("name", ["lif", "lif-exp"])
def test_its_spikes_are_those_of_numpy(monkeypatch, memories, name):
    if COMPILED is not None:
        monkeypatch.setenv("WMDELAYS_CACHE", COMPILED)
    memory, cue = memories[name]
    wanted, found = (recall(memory, cue, device=device) for device in ("numpy", CUDA))
    assert found.emitted == wanted.emitted
    assert found.own == wanted.own
    assert len(found.own) > 50
