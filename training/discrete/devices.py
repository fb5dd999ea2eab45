"""Where torch computes."""

import re

import torch

from wmdelays.errors import InputError, parameter
from wmdelays.machine.free_memory import free_memory, in_words

# The part of the free memory that is taken, since more is lost between what is asked for.
PART = 0.8
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


def device_to_learn_on(name, refused):
    """The device of a name, if it can learn what is asked for.

    Parameters
    ----------
    name : str
        See `torch_device`.
    refused : sequence of (bool, str)
        Whether something is asked for that only the compiled loops can learn, and what it is.

    Raises
    ------
    InputError
        If there is no such device here, or it is.
    """
    device = torch_device(name)
    for asked, what in refused:
        if asked:
            raise InputError(
                f"{what} can only be learned by the compiled loops; leave out {parameter('learn_on')}"
            )
    return device


def free_bytes(device):
    """How much memory is free on a device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return free_memory()


def how_many_fit(n_bytes, most, device, what):
    """How many pieces have the memory of a device to learn there at once.

    Parameters
    ----------
    n_bytes : float
        What one needs.
    most : int
        How many there are.
    device : torch.device
    what : str
        What one is, such as "a neuron".

    Returns
    -------
    int
        From 1 to `most`.

    Raises
    ------
    InputError
        If there is no memory for one.
    """
    free = PART * free_bytes(device)
    if n_bytes > free:
        raise InputError(
            f"{what} needs about {in_words(n_bytes)} of memory on {device}, and {in_words(free)} are"
            f" free; take fewer neurons or delays, or leave out {parameter('learn_on')}"
        )
    return int(max(1, min(most, free // n_bytes)))
