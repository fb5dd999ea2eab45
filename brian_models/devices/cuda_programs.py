"""CUDA projects of Brian2: compiled file by file, each kept for the next project that has it."""

import hashlib
import platform
import re
from contextlib import contextmanager, suppress
from pathlib import Path

from brian2.devices.device import reset_device, set_device

from wmdelays.brian_models.devices.programs import check_may_run
from wmdelays.brian_models.devices.projects import name_alike
from wmdelays.brian_models.devices.session import quiet, settings
from wmdelays.machine.compiler import finish, version
from wmdelays.machine.kept import Kept
from wmdelays.machine.processes import Job
from wmdelays.machine.processors import n_processors

# As for C++: no fast math, and no product and sum in one, neither on the GPU nor on the host.
EXACT = (
    "-O2",
    "-std=c++17",
    "-w",
    "--fmad=false",
    "-Xcompiler",
    "-O2,-fno-fast-math,-ffp-contract=off",
)
_MOST_PARTS = 1000
_MOST_PROGRAMS = 50
_INSTEAD = "the device cpp_standalone needs no CUDA"
# Megabytes on the GPU for spikes on their way and recorded ones.
_HEAP = 512


@contextmanager
def private_device(cuda):
    """A CUDA standalone device of our own, active for a while.

    Parameters
    ----------
    cuda : Cuda
    """
    from brian2cuda.device import CUDAStandaloneDevice
    from brian2cuda.utils import gputools

    backend = {
        # It would look for what we have found already.
        "detect_gpus": False,
        "detect_cuda": False,
        # Whichever the user lets programs see comes first.
        "gpu_id": 0,
        "compute_capability": float(cuda.capability),
        "cuda_path": str(cuda.toolkit.root),
        "cuda_runtime_version": _release(cuda.toolkit),
        "gpu_heap_size": _HEAP,
    }
    wanted = {f"devices.cuda_standalone.cuda_backend.{name}": one for name, one in backend.items()}
    device = CUDAStandaloneDevice()
    # What it has found is for the whole process.
    found = gputools._cuda_installation, gputools._gpu_selection
    before = [dict(one) for one in found]
    with settings(wanted), quiet("brian2.brian2cuda"):
        gputools.reset_cuda_installation()
        gputools.reset_gpu_selection()
        set_device(device, build_on_run=False)
        try:
            yield device
        finally:
            reset_device()
            for one, values in zip(found, before):
                one.update(values)


def _release(toolkit):
    match = re.search(r"release (\d+\.\d+)", version((str(toolkit.nvcc),)))
    return float(match[1]) if match else None


class CudaProgram:
    """A CUDA project, and the program that it compiles to.

    Brian2CUDA writes sizes and values into a few of its files, and which those are depends on nothing but
    the number of neurons and their model: of thirty files, three differ between memories of as many
    neurons. So each compiled file is kept, and what else has it need not compile it again.

    Parameters
    ----------
    directory : Path
        The project's folder.
    prefix : str
        Beginning of the names of all Brian2 objects in it.
    cuda : Cuda
    """

    def __init__(self, directory, prefix, cuda):
        self.directory, self._cuda = Path(directory), cuda
        # With flags that are not ours.
        (self.directory / "makefile").unlink(missing_ok=True)
        name_alike(self.directory, prefix)
        found = sorted(self.directory.rglob("*.cu"))
        self.sources = [str(path.relative_to(self.directory)) for path in found]
        ccbin, *words = cuda.host_compiler
        self.command = [
            *(str(cuda.toolkit.nvcc), "-ccbin", ccbin),
            *(f"-Xcompiler={word}" for word in words),
            f"-arch=sm_{cuda.capability.replace('.', '')}",
        ]
        common = hashlib.sha256("\n".join([*self._about(), ""]).encode())
        for path in sorted(self.directory.rglob("*.h")):
            common.update(f"{path.relative_to(self.directory)}\n".encode())
            common.update(path.read_bytes())
        self._parts = {}
        whole = common.copy()
        for source in self.sources:
            digest = common.copy()
            digest.update(f"{source}\n".encode() + (self.directory / source).read_bytes())
            self._parts[source] = Kept("cuda_parts", digest.hexdigest(), _MOST_PARTS)
            whole.update(digest.digest())
        self._kept = Kept("cuda_programs", whole.hexdigest(), _MOST_PROGRAMS)

    def _about(self):
        nvcc = version((str(self._cuda.toolkit.nvcc),))
        host = version(self._cuda.host_compiler)
        return [*self.command, nvcc, host, *EXACT, platform.platform()]

    def missing(self):
        """The files that have to be compiled, as a list of str."""
        return [source for source, kept in self._parts.items() if kept.path() is None]

    def ready(self, progress):
        """Path of the compiled program, which is compiled now if it has to be.

        Parameters
        ----------
        progress : callable
            See `wmdelays.brian_models.recall`.
        """
        path = self._kept.path()
        if path is not None:
            return path
        objects = self._compiled(progress)
        progress("linking", None)
        curand = self._cuda.toolkit.curand
        # Packages have the library under its full name alone, which the linker does not look for, and others
        # not where nvcc does.
        libraries = ["-Xlinker", str(curand), "-Xlinker", f"-rpath={curand.parent}"]
        libraries.append(f"-L{curand.parent}")
        command = [*self.command, *objects, *libraries, "-o", "main"]
        finish(Job(command, self.directory), self.directory, _INSTEAD)
        path = self._kept.keep(self.directory / "main")
        check_may_run(path)
        return path

    def _compiled(self, progress):
        """The compiled files, as many at a time as there are processors."""
        objects, waiting = {}, []
        for source, kept in self._parts.items():
            objects[source] = kept.path()
            if objects[source] is None:
                waiting.append(source)
        n, running = len(waiting), []
        if n:
            progress("compiling", 0.0)
        try:
            while waiting or running:
                while waiting and len(running) < n_processors():
                    source = waiting.pop(0)
                    made = f"{source}.o"
                    command = [*self.command, *EXACT, "-I.", "-dc", source, "-o", made]
                    running.append((source, made, Job(command, self.directory)))
                source, made, job = running.pop(0)
                try:
                    finish(job, self.directory, _INSTEAD)
                finally:
                    job.end()
                objects[source] = self._parts[source].keep(self.directory / made)
                progress("compiling", (n - len(waiting) - len(running)) / n)
        finally:
            for *_, job in running:
                job.end()
        return self._as_objects(objects)

    def _as_objects(self, kept):
        """The compiled files under names by which nvcc knows what they are."""
        names = []
        for k, path in enumerate(kept.values()):
            names.append(f"part_{k}.o")
            with suppress(FileNotFoundError):
                (self.directory / names[-1]).unlink()
            (self.directory / names[-1]).symlink_to(path)
        return names
