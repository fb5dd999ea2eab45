"""Many neurons are shown patterns at once and learn from them, each at a pace of its own.

What is learned, and when, is as in `wmdelays.training.rules.timed_margin.teacher_forcing`. In each step every
neuron goes through one tick: its next one, or one that it goes through again since it has learned. So there
are as many steps as the neuron needs that learns most, whenever the others learn.
"""

import numpy as np
import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.on_device.batch import Batch
from wmdelays.training.rules.timed_margin.on_device.lanes import (
    CAPPED,
    HELD,
    LOW_CAP,
    RESET,
    Lanes,
    both_signs,
)
from wmdelays.training.rules.timed_margin.on_device.projection import Projection
from wmdelays.training.rules.timed_margin.on_device.with_upswing import WithUpswing
from wmdelays.training.rules.timed_margin.on_device.without_upswing import WithoutUpswing

# Steps between two looks at who has something to learn; until then such a neuron waits.
_STEPS = 8


def show_each(asked, equations, names, device):
    """Show each of several neurons a pattern, and let it learn from each bound in turn.

    Parameters
    ----------
    asked, device
        See `Batch`; weights and counts are changed in place.
    equations : Equations
    names : dict
        Places among states and constants, see `wmdelays.training.continuous.code.functions_of`.
    """
    with torch.inference_mode():
        shown = NonlinearLanes(Batch(asked, device), equations, names)
        while shown.advance():
            pass
        shown.batch.put_back(shown.counts)


class NonlinearLanes(Lanes):
    """`Lanes` each of which is at a tick of its own."""

    def __init__(self, batch, equations, names):
        arrivals = tuple(batch.there(one) for one in equations.arrivals)
        super().__init__(batch, batch.rest, arrivals, names)
        self.equations, self.constants = equations, batch.constants.unbind()
        self.ends = batch.lengths[loops.N_TICKS] + batch.lengths[loops.AFTER]
        # The tick that comes next, and the first one that a neuron has not been to.
        self.next, self.ahead = torch.zeros_like(self.ends), torch.zeros_like(self.ends)
        self.projection = Projection(self)
        self.bounds = (WithUpswing if equations.has_upswing else WithoutUpswing)(self)
        shape = len(self.all), len(self.projection.kinds)
        self.asked = torch.zeros(shape, dtype=torch.bool, device=batch.device)
        self.ticks = torch.zeros_like(self.asked, dtype=torch.int64)
        self.missing = torch.zeros_like(self.asked, dtype=torch.float64)
        self.all_again = False
        self.most = int(np.diff(batch.begins, axis=0).max(initial=0))

    def advance(self):
        """Take some steps, and let those learn that have something to learn; gives whether any goes on."""
        for _ in range(_STEPS):
            self._step()
        waits, after, ahead, ends = _seen(self.asked[:, 0], self.next, self.ahead, self.ends)
        chosen, left = np.flatnonzero(waits), after < ends
        if len(chosen):
            self._learn(chosen, ahead[chosen] - 1)
        # Where those that have just learned go on is not known here.
        self.all_again = not len(chosen) and min((ahead - after)[left], default=0) >= _STEPS
        return len(chosen) > 0 or left.any()

    def _step(self):
        """Go through one tick."""
        goes = (self.next < self.ends) & ~self.asked[:, 0]
        # Who waits or is through goes through the tick behind the last one, and forgets it.
        k = torch.where(goes, self.next, self.batch.n_ticks)
        flags = self.flags_at(k)
        if self.all_again:
            x = self._integrated(k, flags[:, HELD])
            x[:, self.membrane], flags = self._again(x[:, self.membrane], flags)
        else:
            forward = goes & (self.next == self.ahead)
            held = torch.where(forward, self.bounds.held(k), flags[:, HELD])
            x = self._integrated(k, held)
            v, found = self.bounds.spike(k, x[:, self.membrane].clone(), held, forward)
            again, flags = self._again(x[:, self.membrane], flags)
            x[:, self.membrane] = torch.where(forward, v, again)
            flags = torch.where(forward[:, None], torch.stack(found, -1), flags)
        x = torch.where(flags[:, RESET, None], self.equations.spike(x, self.constants), x)
        self.put(k, x, flags)
        self.x = torch.where(goes[:, None], x, self.x)
        self.next = self.next + goes
        if not self.all_again:
            self._ask(k, forward)

    def _integrated(self, k, held):
        """The states in tick k, before any spike."""
        x = self.equations.tick(self.x, self.constants, held)
        # All neurons rest in the first tick.
        x = torch.where((k > 0)[:, None], x, self.x)
        first = self.batch.first
        rows = self.batch.rows_between(
            first[k, self.all], first[k + 1, self.all], self.most, self.all
        )
        return x + self.arriving(*both_signs(self.batch.weights[rows]))

    def _again(self, v, flags):
        """The membranes of those that go through a tick again, kept from rising, and its flags."""
        if self.bounds.caps is None:
            return v, flags
        cap, low_cap = self.bounds.caps
        cap = torch.where(flags[:, LOW_CAP], low_cap, cap)
        capped = ~flags[:, RESET] & (v > cap)
        flags = flags.clone()
        flags[:, CAPPED] = capped
        return torch.where(capped, cap, v), flags

    def _ask(self, k, forward):
        """Keep the bounds of tick k that those which go forward do not meet."""
        asked, ticks, missing = self.bounds.missing(k, forward)
        self.asked = self.asked | asked
        self.ticks = torch.where(forward[:, None], ticks, self.ticks)
        self.missing = torch.where(forward[:, None], missing, self.missing)
        self.ahead = self.ahead + forward

    def _learn(self, chosen, latest):
        """Let lanes meet the bounds of their latest ticks, and go back to the first one that this changes.

        Parameters
        ----------
        chosen, latest : int64 arrays
        """
        batch, lanes = self.batch, self.batch.there(chosen)
        n = min(batch.furthest, int(latest.max()) + 1)
        begin = batch.there(latest - n + 1)
        window = begin + torch.arange(n, device=batch.device)[:, None]
        asked, ticks, missing = self.asked[lanes], self.ticks[lanes], self.missing[lanes]
        rows, at = batch.arrivals(np.maximum(latest - n + 1, 0), latest + 1, chosen)
        moves = self.projection.moves(window, *self._slopes(window, lanes), ticks, lanes)
        changed = self.projection.learn(rows, at - begin, moves, asked, missing, lanes)
        first = torch.where(asked, ticks, batch.n_ticks).amin(1)
        first = (first - batch.lengths[loops.REACH][lanes] + 1).clamp(min=0)
        found = self.history[(first - 1).clamp(min=0), lanes]
        found = torch.where((first > 0)[:, None], found, self.rest[lanes])
        self.x[lanes] = torch.where(changed[:, None], found, self.x[lanes])
        self.next[lanes] = torch.where(changed, first, self.next[lanes])
        self.asked[lanes] = False

    def _slopes(self, window, lanes):
        """What ticks do to the states, without and with what is done to them at the end of each.

        See `Projection.moves`.
        """
        flags = self.flags[window.clamp(min=0), lanes]
        found = self.history[(window - 1).clamp(min=0), lanes]
        constants = [one[lanes] for one in self.constants]
        alone = self.equations.slopes(found, constants, flags[..., HELD])
        one = torch.eye(alone.shape[-1], dtype=alone.dtype, device=alone.device)
        # All neurons rest in the first tick.
        alone = torch.where((window > 0)[..., None, None], alone, one)
        whole = alone.clone()
        # A membrane that is kept from rising stays where it is.
        whole[..., self.membrane, :] *= ~flags[..., CAPPED, None]
        spiked = self.equations.slopes_at_spike(found, constants) @ whole
        return alone, torch.where(flags[..., RESET, None, None], spiked, whole)


def _seen(*of_lanes):
    """Values of the lanes as arrays; the device is waited for."""
    return torch.stack([one.long() for one in of_lanes]).cpu().numpy()
