"""Whether operators of torch stay on one device."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class OnOneDevice(TorchDispatchMode):
    """Fails where an operator takes tensors of two devices, or gives numbers for which one has to wait."""

    def __init__(self, device):
        super().__init__()
        self.device, self.names = device, set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        found = function(*args, **(kwargs or {}))
        self.names.add(name)
        if name not in ("_to_copy", "to", "lift_fresh"):
            given = [*args, *(kwargs or {}).values(), found]
            for one in [*given, *(x for value in given if isinstance(value, list) for x in value)]:
                assert not isinstance(one, torch.Tensor) or one.device.type == self.device, name
        return found
