"""What is asked of many neurons without an upswing in a tick of each.

As in `wmdelays.training.rules.timed_margin.without_upswing`.
"""

import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.on_device.lanes import HELD, RESET


class WithoutUpswing:
    """Where neurons are in going forward from tick to tick; times are ticks, one for each lane.

    Parameters
    ----------
    lanes : Lanes
    """

    # No membrane is kept from rising.
    caps = None

    def __init__(self, lanes):
        self.lanes = lanes
        s, lengths = lanes.batch.settings, lanes.batch.lengths
        self.clamp, self.after = lengths[loops.CLAMP], lengths[loops.AFTER]
        slack, theta = s[loops.SLACK], lanes.theta
        self.steep = s[loops.SLOPE] * lengths[loops.BEFORE] * s[loops.TICK_MS]
        # Before a crossing, after it and elsewhere: where the membrane is to be, and what may be missing.
        self.slack_before, self.half_steep = -slack * self.steep, self.steep / 2
        self.slack_after, self.flattest = slack * s[loops.OVERSHOOT], 0.3 * s[loops.SLOPE]
        self.most_before, self.least_after = theta - self.steep, theta + s[loops.OVERSHOOT]
        self.most, self.most_let_be = theta - s[loops.KAPPA], theta - s[loops.KAPPA] * (1 - slack)
        self.last = torch.full_like(self.clamp, loops.LONG_AGO)
        self.lowered = self.last.clone()
        self.error, self.rising = torch.zeros_like(self.steep), torch.ones_like(self.steep)

    def held(self, k):
        """Which neurons are held in their tick k, if they go forward."""
        since = k - self.last
        self.rises_on = (since <= self.after) & (self.last >= self.clamp)
        return (since < self.lanes.batch.lengths[loops.REFRACTORY]) & ~self.rises_on

    def spike(self, k, v, held, forward):
        """What becomes of membranes v in tick k of those that go forward.

        Returns
        -------
        v : float64 Tensor
            The membranes, where they are kept from rising.
        flags : list of bool Tensor
            In the order of `wmdelays.training.rules.timed_margin.on_device.lanes`.
        """
        batch, after, clamp = self.lanes.batch, self.after, self.clamp
        since, self.v = k - self.last, v
        is_target = batch.is_target[k, self.lanes.all] & forward
        put_back = ~is_target & (after > 0) & (self.last >= clamp) & (since == after + 1)
        fired = forward & ~(is_target | put_back | held) & (k < batch.lengths[loops.SINCE])
        fired = fired & (v >= self.lanes.peak)
        reset = (is_target & ((after == 0) | (k < clamp))) | put_back | fired
        self.last = torch.where(is_target | fired, k, self.last)
        self.is_target, self.is_free = is_target, ~(held | self.rises_on | is_target | reset)
        none = torch.zeros_like(held)
        return v, [held, reset, none, none]

    def missing(self, k, forward):
        """The bounds of tick k that those which go forward do not meet.

        Returns
        -------
        asked, ticks, missing : Tensors, shape (n_lanes, TOGETHER)
            Whether there is one, of which tick, and what is missing.
        """
        v, last, lanes = self.v, self.last, self.lanes
        s, lengths, theta = lanes.batch.settings, lanes.batch.lengths, lanes.theta
        learns = forward & (k >= lengths[loops.SINCE])
        crosses = learns & self.is_target & (k >= self.clamp)
        below = lanes.membrane_at(k - 1)
        rising = torch.maximum((v - below) / s[loops.TICK_MS], self.flattest)
        self.error = torch.where(crosses, theta - (v + below) / 2, self.error)
        self.rising = torch.where(crosses, rising, self.rising)
        late = (self.error / self.rising).abs() > s[loops.TOLERANCE]
        # How steep the crossing was, and how sure.
        judged = learns & (last >= self.clamp) & (k == last + self.after)
        earlier = torch.minimum((last - lengths[loops.BEFORE]).clamp(min=0), k)
        too_high = self.most_before - lanes.membrane_at(earlier)
        too_low = self.least_after - v
        is_low = judged & (self.after > 0) & (too_low > self.slack_after)
        is_shallow = judged & (too_high < self.slack_before)
        meets = (judged & late) | is_low | is_shallow
        flags = lanes.flags_at(earlier)
        rests = flags[:, HELD] | flags[:, RESET]
        # Elsewhere the membrane is to be low.
        silent = learns & ~judged & self.is_free & (k < lengths[loops.N_TICKS])
        high = silent & (lanes.batch.next_target[k, lanes.all] - k > lengths[loops.AHEAD])
        high = high & (v > self.most)
        lowers = high & (k - self.lowered >= lengths[loops.GAP])
        self.lowered = torch.where(lowers, k, self.lowered)
        lanes.count(
            {
                loops.TARGETS: crosses,
                loops.MISTIMED: crosses & late,
                loops.MISSED: crosses & (v < theta),
                loops.LOW: is_low,
                loops.SHALLOW: is_shallow,
                loops.FALSE_ALARMS: silent & (v >= theta),
                loops.HIGH: high & (v > self.most_let_be),
            }
        )
        asked = (
            meets | lowers,
            meets & (too_high < self.half_steep) & ~rests,
            meets & (self.after > 0),
        )
        return (
            torch.stack(asked, 1),
            torch.stack([torch.where(lowers, k, last), earlier, k], 1),
            torch.stack([torch.where(lowers, self.most - v, self.error), too_high, too_low], 1),
        )
