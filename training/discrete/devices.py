"""Where torch computes."""

import re

import torch

from wmdelays.errors import InputError

_CUDA = re.compile(r"cuda(:\d+)?")


def torch_device(name):
    """A device of torch by its name, which is there.

    Parameters
    ----------
    name : str
        cpu, cuda or cuda:1, the second GPU.

    Returns
    -------
    torch.device

    Raises
    ------
    InputError
        If there is no such device here.
    """
    if name != "cpu" and not _CUDA.fullmatch(name):
        raise InputError(f"torch has no device {name!r} here; there is cpu, cuda, cuda:1 and so on")
    if name != "cpu":
        if not torch.cuda.is_available():
            raise InputError("torch finds no CUDA device here; take cpu")
        n, number = torch.cuda.device_count(), int(name[5:] or 0)
        if number >= n:
            raise InputError(f"torch finds no {name} here; the last one is cuda:{n - 1}")
    return torch.device(name)
