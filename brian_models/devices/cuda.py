"""What the device `cuda_standalone` needs: Brian2CUDA, a CUDA toolkit and a GPU."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from wmdelays.brian_models.devices.names import CUDA
from wmdelays.errors import InputError
from wmdelays.machine.compiler import compiler

# Brian2CUDA 1.0 is for one version of Brian2, and that is for this Python.
_PYTHON = (3, 12)
_INSTALL = 'pip install "wmdelays[cuda]"'
# Brian2CUDA numbers synapses with 32 bits, and only warns where that is not enough.
MOST_SYNAPSES = 2**31 - 1


@dataclass(frozen=True)
class Toolkit:
    """A CUDA toolkit.

    Attributes
    ----------
    root : Path
        Its folder.
    curand : Path
        The library of random numbers, to which every program of Brian2CUDA is linked.
    """

    root: Path
    curand: Path

    @property
    def nvcc(self):
        """The compiler."""
        return self.root / "bin" / "nvcc"


@dataclass(frozen=True)
class Cuda:
    """A toolkit and the GPU for which it compiles.

    Attributes
    ----------
    toolkit : Toolkit
    host_compiler : tuple of str
        The C++ compiler as words.
    capability : str
        The compute capability of the GPU, such as "9.0".
    """

    toolkit: Toolkit
    host_compiler: tuple
    capability: str


def check_cuda():
    """What `cuda_standalone` runs with.

    Returns
    -------
    Cuda

    Raises
    ------
    InputError
        If a package, a compiler or a GPU is missing: a line that says what to install.
    """
    _check_packages()
    return Cuda(_checked_toolkit(), _checked_compiler(), _capability())


def check_installed_device(device: str) -> None:
    """Raise an InputError if a device is `cuda_standalone` and what that needs is not there."""
    if device == CUDA:
        check_cuda()


def check_network(memory, variability=None):
    """Raise an InputError if a memory cannot be recalled by Brian2CUDA.

    Parameters
    ----------
    memory : Memory
    variability : Variability, optional
    """
    if memory.n_synapses >= MOST_SYNAPSES:
        raise InputError(
            f"{CUDA} numbers synapses with 32 bits and the memory has {memory.n_synapses};"
            " take the device cpp_standalone"
        )
    if variability:
        raise InputError(
            f"{CUDA} knows no neurons that differ and no noise; take the device cpp_standalone"
        )


def is_installed() -> bool:
    """Whether there is a Brian2CUDA with the version of Brian2 that it needs."""
    try:
        _check_packages()
    except InputError:
        return False
    return True


def _check_packages():
    try:
        needed = _needed_brian2()
    except PackageNotFoundError:
        if sys.version_info[:2] < _PYTHON:
            raise InputError(
                f"{CUDA} needs Brian2CUDA, which wants Python {'.'.join(map(str, _PYTHON))}; make an"
                f" environment with that and install there: {_INSTALL}"
            ) from None
        raise InputError(
            f"{CUDA} needs Brian2CUDA, which is not installed; install it with: {_INSTALL}"
        ) from None
    found = version("brian2")
    if needed not in (None, found):
        raise InputError(
            f"Brian2CUDA {version('brian2cuda')} needs Brian2 {needed} and {found} is installed;"
            f" install the two with: {_INSTALL}"
        )


def _needed_brian2():
    """The one version of Brian2 that the installed Brian2CUDA is for, or None if it takes any."""
    for requirement in requires("brian2cuda") or ():
        match = re.match(r"brian2\s*\(?==\s*([\w.]+)", requirement, re.IGNORECASE)
        if match:
            return match[1]
    return None


def toolkit() -> Toolkit | None:
    """The first CUDA toolkit that has a compiler and the library curand, or None.

    It is looked for where ``CUDA_PATH`` says, where nvcc is on the path, among the packages of
    this Python, and where installers put it.
    """
    roots = []
    if os.environ.get("CUDA_PATH"):
        roots.append(Path(os.environ["CUDA_PATH"]))
    on_path = shutil.which("nvcc")
    if on_path:
        roots.append(Path(on_path).resolve().parent.parent)
    packages = find_spec("nvidia")
    for folder in (packages and packages.submodule_search_locations) or ():
        roots += sorted(Path(folder).glob("cu[0-9]*"), reverse=True)
    roots += [Path("/usr/local/cuda"), Path("/opt/cuda")]
    for root in roots:
        libraries = [
            path
            for folder in ("lib64", "lib", "targets/x86_64-linux/lib")
            for path in sorted((root / folder).glob("libcurand.so*"))
        ]
        if libraries and (root / "bin/nvcc").is_file() and (root / "include/curand.h").is_file():
            return Toolkit(root, libraries[0])
    return None


def _checked_toolkit():
    found = toolkit()
    if found is None:
        raise InputError(
            f"{CUDA} needs a CUDA toolkit with nvcc and curand, and none was found; name its folder in the"
            f" environment variable CUDA_PATH, or install one with: {_INSTALL}"
        )
    return found


def _checked_compiler():
    words = compiler()
    if words is None:
        raise InputError(f"{CUDA} needs a C++ compiler and none was found; install g++")
    return tuple(words)


def _capability():
    """The compute capability of the first GPU that programs may see."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    command = ["nvidia-smi", f"--id={visible}", "--query-gpu=compute_cap", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        said = done.stdout.strip() if done.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    if not re.fullmatch(r"\d+\.\d", said):
        raise InputError(
            f"{CUDA} needs an NVIDIA GPU and nvidia-smi shows none; install the driver of the GPU, or take the"
            " device cpp_standalone"
        )
    return said
