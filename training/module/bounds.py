"""A parameter that stays within bounds while it is learned."""

import torch
from torch import nn
from torch.autograd.function import once_differentiable

from wmdelays.errors import InputError


class Bounded(nn.Module):
    """A parametrisation for `torch.nn.utils.parametrize`: the nearest value within bounds.

    Within the bounds the parameter is what the optimizer holds, so that a value that is given is
    kept, bit for bit. Beyond a bound a gradient counts only if its step leads back.

    Parameters
    ----------
    name : str
        What the parameter is called in an error.
    low, high : float
        The bounds.

    Raises
    ------
    InputError
        If the bounds leave no room, or, when a parameter is set, a value is out of them.
    """

    def __init__(self, name, low, high):
        super().__init__()
        if not low < high:
            raise InputError(f"the bounds of {name} are {low:g} and {high:g}; the first is less")
        self.name, self.low, self.high = name, float(low), float(high)

    def forward(self, value):
        """The nearest value within the bounds."""
        return nearest_within(value, self.low, self.high)

    def right_inverse(self, value):
        """What stands for a value that is set: itself."""
        out = ~((value >= self.low) & (value <= self.high))
        if out.any():
            raise InputError(
                f"{self.name} is {value[out].flatten()[0].item():g}, outside its bounds {self.low:g}…"
                f"{self.high:g}; give other bounds or another value"
            )
        return value

    def extra_repr(self):
        """The bounds, for a module that is printed."""
        return f"{self.low:g}…{self.high:g}"


def nearest_within(value, low, high):
    """The nearest values within bounds; beyond one a gradient counts only if its step leads back."""
    return _Nearest.apply(value, low, high)


class _Nearest(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, low, high):
        ctx.save_for_backward(value)
        ctx.low, ctx.high = low, high
        return value.clamp(low, high)

    @staticmethod
    @once_differentiable
    def backward(ctx, change):
        (value,) = ctx.saved_tensors
        # An optimizer steps against the gradient.
        leads_out = ((value <= ctx.low) & (change > 0)) | ((value >= ctx.high) & (change < 0))
        return change.masked_fill(leads_out, 0), None, None
