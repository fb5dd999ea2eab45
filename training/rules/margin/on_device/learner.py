"""The rule `margin` on a device of torch: as many blocks of neurons at once as there is memory for."""

import numpy as np
import torch

from wmdelays.training.discrete.devices import how_many_fit
from wmdelays.training.discrete.threads import one_thread
from wmdelays.training.rules.margin.block_learner import BlockLearner, wrong_of
from wmdelays.training.rules.margin.learner import Learner
from wmdelays.training.rules.margin.on_device.room import bytes_of_a_block
from wmdelays.training.rules.margin.on_device.teacher_forcing import present
from wmdelays.training.rules.margin.presentations import BLOCK, Targets


class DeviceLearner(Learner):
    """A `Learner` whose blocks learn, and are checked, on a device; all else is done by this process.

    Parameters
    ----------
    of_blocks : DeviceBlockLearner
    progress : callable or None
        See `margin`.

    Raises
    ------
    InputError
        If the device has no memory for one block.
    """

    def __init__(self, of_blocks, progress):
        super().__init__(of_blocks, progress)
        what = f"a block of {BLOCK} neurons"
        self._n_together = how_many_fit(
            bytes_of_a_block(of_blocks), len(self.busy), of_blocks.device, what
        )

    @property
    def n_together(self):
        """How many blocks learn at once."""
        return self._n_together

    def _learned(self, ks, now, n_done):
        def learn(some, *others):
            nonlocal n_done

            def told(part):
                self._tell(now, n_done + part * len(some))

            found = self.of_blocks.learn_together(some, *others, now, told)
            n_done += len(some)
            return found

        return self._in_groups(learn, ks, [self.blocks[k] for k in ks])

    def _checked(self, ks, blocks=None):
        blocks = [self.blocks[k] for k in ks] if blocks is None else blocks
        return self._in_groups(self.of_blocks.check_together, ks, blocks)

    def _in_groups(self, work, ks, blocks):
        """What ``work(ks, blocks, again)`` gives, for so many blocks at a time and those alike."""
        found = {}
        for again in (False, True):
            alike = [pair for pair in zip(ks, blocks) if (pair[0] in self.again) == again]
            for n in range(0, len(alike), self.n_together):
                some = tuple(zip(*alike[n : n + self.n_together]))
                found |= dict(zip(some[0], work(*some, again)))
        return [found[k] for k in ks]


class DeviceBlockLearner(BlockLearner):
    """A `BlockLearner` that lets several blocks learn side by side on a device.

    Parameters
    ----------
    memory, settings, seed
        See `BlockLearner`.
    device : torch.device
    """

    def __init__(self, memory, settings, seed, device):
        super().__init__(memory, settings, seed)
        self.device = device
        if self.sign is not None:
            self.sign_there = torch.from_numpy(self.sign).to(device)

    def learn_together(self, ks, blocks, again, now, told):
        """Let some blocks learn, see `BlockLearner.learn`; a list of what that gives.

        After each epoch ``told(part)`` is called with the part of them that is over.
        """
        with one_thread(), torch.inference_mode():
            weights, allowed = self._dense(blocks)
            clean = np.zeros(len(ks), bool)
            for n, (shown, order, rate, kappa) in enumerate(self._epochs(now), 1):
                counts, _ = self._show(ks, weights, again, shown, rate, kappa, order, allowed)
                weights.clamp_(-self.largest.item(), self.largest.item())
                if not now.stage.damaged:
                    # Those that are clean meet all bounds of the epochs to come, and stay as they are.
                    clean |= [not own.any() for own in counts]
                    if clean.all():
                        break
                told(n / now.n_epochs)
            of_each = np.split(weights.cpu().numpy(), len(ks), axis=1)
        found = []
        for block, own, is_clean, count in zip(blocks, of_each, clean, counts):
            block = block.copy()
            block.clean = bool(is_clean)
            block.keep(np.ascontiguousarray(own))
            found.append((block, wrong_of(count)))
        return found

    def check_together(self, ks, blocks, again):
        """How some blocks stand to the undamaged contexts, a list of what `present` gives of each."""
        with one_thread(), torch.inference_mode():
            weights, _ = self._dense(blocks)
            kappa = self.settings["kappa"]
            return list(zip(*self._show(ks, weights, again, self.undamaged, 0.0, kappa)))

    def _dense(self, blocks):
        """The weights of some blocks and where there may be any, on the device; see `SparseBlock.dense`."""
        shape = self.n_rows, len(blocks) * BLOCK
        weights = torch.empty(shape, dtype=torch.float32, device=self.device)
        allowed = None
        if any(block.limited for block in blocks):
            allowed = torch.ones(shape, dtype=torch.bool, device=self.device)
        for n, block in enumerate(blocks):
            lanes = slice(n * BLOCK, (n + 1) * BLOCK)
            own, where = block.dense()
            weights[:, lanes] = torch.from_numpy(own).to(self.device)
            if where is not None:
                allowed[:, lanes] = torch.from_numpy(where).to(self.device)
        return weights, allowed

    def _show(self, ks, weights, again, shown, rate, kappa, order=None, allowed=None):
        """What `present` gives of each of some blocks, as arrays: a list of counts and one of margins."""
        each = [self._neurons(k, kappa) for k in ks]
        own = {
            name: np.concatenate([one[name] for one in each]) for name in ("beta", "theta", "kappa")
        }
        counts, margin = present(
            weights,
            shown,
            np.arange(len(shown)) if order is None else order,
            side_by_side([self.wanted[k] for k in ks]),
            n_delays=self.memory.n_delays,
            **own,
            rate=rate,
            compensate=self.compensate or again,
            exact=bool(self.limits) and again,
            allowed=allowed,
            sign=None if self.sign is None else self.sign_there,
        )
        counts, margin = counts.cpu().numpy(), margin.cpu().numpy()
        return np.split(counts, len(ks), axis=1), np.split(margin, len(ks))


def side_by_side(wanted):
    """The targets of several blocks as of one with all their lanes."""
    pattern = np.concatenate(
        [np.repeat(np.arange(len(one.begin) - 1), np.diff(one.begin)) for one in wanted]
    )
    step = np.concatenate([one.step for one in wanted])
    lane = np.concatenate([one.lane + n * BLOCK for n, one in enumerate(wanted)])
    order = np.argsort(pattern, kind="stable")
    begin = np.searchsorted(pattern[order], np.arange(len(wanted[0].begin)))
    return Targets(begin, step[order], lane[order])
