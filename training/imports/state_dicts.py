"""State dicts of torch, from files that are read as weights only: nothing in them is executed."""

from __future__ import annotations

import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from wmdelays.errors import InputError, one_line
from wmdelays.machine.free_memory import check_memory
from wmdelays.words import printable

# Where training scripts put the state dict of the network in a larger one.
_INSIDE = ("state_dict", "model_state_dict", "net", "model")
# What zipfile raises at a damaged or foreign file.
_DAMAGED = (
    zipfile.BadZipFile,
    ValueError,
    LookupError,
    EOFError,
    RuntimeError,
    OSError,
    struct.error,
)


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file that ``torch.save(module.state_dict(), path)`` wrote.

    Raises
    ------
    InputError
        If it is no such file or it was cut, if it holds anything but weights, or there is no memory
        for it. The line does not name the file.
    """
    _check_archive(path)
    try:
        with warnings.catch_warnings():
            # What torch doubts it refuses; the error is told.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # What torch raises at a foreign or damaged file has no common type.
        # torch's own words tell how to run what is in the file.
        other = re.search(r"GLOBAL ([\w.]+)", str(error))
        reason = f"it holds {other[1]}" if other else type(error).__name__
        raise InputError(
            f"cannot be read as weights alone ({reason}); write it with"
            " torch.save(model.state_dict(), FILE)"
        ) from None
    return arrays_of(content)


def _check_archive(path):
    """Raise an InputError unless an archive is whole and there is memory for it."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            packed = any(member.compress_type != zipfile.ZIP_STORED for member in members)
            size = sum(member.file_size for member in members)
            # torch itself does not look at the checksums.
            changed = None if packed or size > 2 * path.stat().st_size else archive.testzip()
    except _DAMAGED as error:
        raise InputError(
            f"is no whole file such as torch.save writes ({one_line(error)})"
        ) from None
    if packed or size > 2 * path.stat().st_size:
        raise InputError("is packed, which torch.save does not")
    if changed is not None:
        raise InputError(f"was changed since it was saved, in {printable(changed[:60])}")
    check_memory(4 * size, "what the file holds", "save less in it")


def arrays_of(content: object) -> dict[str, np.ndarray]:
    """The arrays of a state dict, or of one that stands in a larger dict under its usual name."""
    if not isinstance(content, Mapping):
        raise InputError(f"holds a {type(content).__name__}, not a state dict")
    for name in _INSIDE:
        if isinstance(content.get(name), Mapping):
            content = content[name]
            break
    arrays = {}
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor | np.ndarray):
            raise InputError(
                f"is no state dict: {printable(str(name)[:60])} is a {type(value).__name__}, not a"
                " tensor"
            )
        arrays[name] = _array(value) if isinstance(value, torch.Tensor) else value
        if arrays[name].dtype.kind not in "biuf":
            raise InputError(f"{printable(name[:60])} is of {arrays[name].dtype}")
        if not np.isfinite(arrays[name]).all():
            raise InputError(f"{printable(name[:60])} has a value that is no finite number")
    if not arrays:
        raise InputError("is an empty state dict")
    return arrays


def _array(value):
    value = value.detach()
    if value.layout is not torch.strided or value.is_quantized or value.device.type == "meta":
        raise InputError("holds tensors that are sparse, quantised or empty")
    # A tensor may say that one number in the file stands for billions.
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise InputError("holds a tensor that declares more numbers than there are")
    value = value.cpu()
    return (value.double() if value.is_floating_point() else value).numpy()
