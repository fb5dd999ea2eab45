"""What is asked of many neurons with an upswing in a tick of each.

As in `wmdelays.training.rules.timed_margin.with_upswing`.
"""

import torch

from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.on_device.lanes import CAPPED, HELD, RESET


class WithUpswing:
    """See `wmdelays.training.rules.timed_margin.on_device.without_upswing.WithoutUpswing`.

    Attributes
    ----------
    caps : tuple of float64 Tensor, shape (n_lanes,)
        From where on a membrane does not rise, and where it does not even rise to its peak.
    """

    def __init__(self, lanes):
        self.lanes = lanes
        s, lengths = lanes.batch.settings, lanes.batch.lengths
        self.clamp, self.before = lengths[loops.CLAMP], lengths[loops.BEFORE]
        self.caps = lanes.peak, lanes.theta + 1.0
        length = (self.before * s[loops.TICK_MS] - 1.5).clamp(min=0)
        self.lowest = s[loops.SLOPE] * length
        slack, theta = s[loops.SLACK], lanes.theta
        # As of a neuron without an upswing, but that nothing is asked after a spike that there is.
        self.slack_before, self.most_before = -slack * self.lowest, theta - self.lowest
        self.most, self.most_let_be = theta - s[loops.KAPPA], theta - s[loops.KAPPA] * (1 - slack)
        self.least_after = theta + s[loops.OVERSHOOT]
        self.last = torch.full_like(self.clamp, loops.LONG_AGO)
        self.lowered, self.crossed = self.last.clone(), torch.full_like(self.clamp, -1)
        self.owed = torch.zeros_like(self.clamp, dtype=torch.bool)
        self.moment, self.v_before = torch.zeros_like(length), torch.zeros_like(length)
        self.steep = torch.ones_like(length)

    def held(self, k):
        """Which neurons are held in their tick k, if they go forward."""
        return (k - self.last < self.lanes.batch.lengths[loops.REFRACTORY]) & ~self.owed

    def spike(self, k, v, held, forward):
        """What becomes of membranes in tick k; see `WithoutUpswing.spike`."""
        batch, (peak, low_cap) = self.lanes.batch, self.caps
        lengths, h = batch.lengths, batch.settings[loops.TICK_MS]
        is_target = batch.is_target[k, self.lanes.all] & forward
        forced = is_target & (k < self.clamp)
        early = forward & ~forced & (k < lengths[loops.SINCE])
        fired = early & ~held & (v >= peak)
        free = forward & ~(forced | early | held)
        begins = free & is_target
        self.v_before = torch.where(begins, self.lanes.membrane_at(k - self.before), self.v_before)
        owed = self.owed | begins
        self.last = torch.where(begins | forced | fired, k, self.last)
        crossed = torch.where(forced, -1, self.crossed)
        ahead = batch.next_target[k, self.lanes.all] - k
        may_rise = owed | (ahead <= lengths[loops.AHEAD])
        # The membrane waits at its peak for the target.
        waits = free & may_rise & (v >= peak)
        starts = waits & (crossed < 0)
        crossed = torch.where(starts, k, crossed)
        steep = (v - self.lanes.membrane_at(k - 1)) / h
        self.moment = torch.where(starts, k - (v - peak) / (steep * h), self.moment)
        self.steep = torch.where(starts, steep, self.steep)
        low = free & ~may_rise & (k < lengths[loops.N_TICKS])
        kept_low = low & (v > low_cap)
        high = low & (v > self.most)
        self.lowers = high & (k - self.lowered >= lengths[loops.GAP])
        self.lowered = torch.where(self.lowers, k, self.lowered)
        self.lower_by = self.most - v
        self.crossed = crossed
        self.judged = free & owed & ((crossed >= 0) | (k >= self.last + lengths[loops.AFTER]))
        self.owed = owed & ~self.judged
        self.happened = {
            loops.TARGETS: begins,
            loops.FALSE_ALARMS: low & (v >= low_cap),
            loops.HIGH: high & (v > self.most_let_be),
        }
        v = torch.where(waits, peak, torch.where(kept_low, low_cap, v))
        return v, [held, forced | fired | self.judged, waits | kept_low, low]

    def missing(self, k, forward):
        """The bounds that are not met in tick k; see `WithoutUpswing.missing`."""
        lanes, last, judged, lowers = self.lanes, self.last, self.judged, self.lowers
        s = lanes.batch.settings
        spiked, most = self.crossed >= 0, s[loops.MOST]
        late = torch.where(spiked, (self.moment - (last - 0.5)) * s[loops.TICK_MS], 2.0)
        too_late = late.abs() > s[loops.TOLERANCE]
        # Where there was no spike.
        too_low = self.least_after - lanes.membrane_at(last)
        too_low = torch.where(k > last, too_low.clamp(min=0.5), 0.5)
        missing = torch.where(
            spiked, torch.minimum(torch.maximum(late, -most), most) * self.steep, too_low
        )
        too_high = self.most_before - self.v_before
        is_shallow = judged & (too_high < self.slack_before)
        meets = (judged & too_late) | is_shallow
        earlier = (last - self.before).clamp(min=0)
        flags = lanes.flags_at(earlier)
        rests = flags[:, HELD] | flags[:, RESET] | flags[:, CAPPED]
        tick = torch.where(spiked, self.crossed - 1, last)
        self.crossed = torch.where(judged, -1, self.crossed)
        lanes.count(
            self.happened
            | {
                loops.MISSED: judged & ~spiked,
                loops.MISTIMED: judged & too_late,
                loops.SHALLOW: is_shallow,
            }
        )
        return (
            torch.stack(
                [meets | lowers, meets & (too_high < 2.0) & ~rests, torch.zeros_like(meets)], 1
            ),
            torch.stack([torch.where(lowers, k, tick), earlier, k], 1),
            torch.stack([torch.where(lowers, self.lower_by, missing), too_high, too_high], 1),
        )
