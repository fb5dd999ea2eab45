"""Damaged contexts: what a network is shown so that it learns to put errors right."""

from dataclasses import dataclass, fields

import numpy as np

# Presentations with noise for each pattern and epoch.
_NOISY = 3


@dataclass(frozen=True)
class Damage:
    """How much the contexts are damaged while the network learns.

    Parameters
    ----------
    lost : float
        Part of the spikes of the trigger window that are left out.
    added : float
        Random spikes in the trigger window, as a part of the spikes that are expected there.
    silenced : float
        Part of the neurons that are silent in the trigger window.
    jitter : float
        Standard deviation in steps by which each spike of the trigger window is moved; it is rounded
        to whole steps, and a spike that leaves the window is lost.
    noise : float
        Damage that goes on through the whole recall: this part of the spikes is lost and as many
        random ones are added. Each epoch shows every pattern three times with it.
    presentations : int
        Number of damaged trigger windows for each pattern and epoch. They have in turn lost and
        added spikes, silenced neurons and jittered spikes, of which those come that are asked for.
    throughout : int
        Number of sequences for each pattern and epoch whose spikes are all jittered, to the end.
    """

    lost: float = 0.0
    added: float = 0.0
    silenced: float = 0.0
    jitter: float = 0.0
    noise: float = 0.0
    presentations: int = 8
    throughout: int = 0

    @classmethod
    def of(cls, settings, throughout=0):
        """What settings ask for, among others."""
        named = [field.name for field in fields(cls) if field.name in settings]
        return cls(**{name: settings[name] for name in named}, throughout=throughout)

    @property
    def of_trigger(self):
        """Whether trigger windows are damaged."""
        return self.presentations > 0 and bool(self._kinds)

    @property
    def _kinds(self):
        """The kinds of damaged trigger windows."""
        asked = {
            "replaced": max(self.lost, self.added) > 0,
            "silenced": self.silenced > 0,
            "jittered": self.jitter > 0,
        }
        return [kind for kind, wanted in asked.items() if wanted]

    def __bool__(self):
        return self.of_trigger or self.noise > 0

    def sequences(self, patterns, n_steps, n_neurons, n_delays, rng, n_latent=0):
        """Draw the damaged sequences of one epoch.

        Parameters
        ----------
        patterns : sequence of (steps, neurons)
            The stored spikes of each pattern, ordered by step.
        n_steps, n_neurons, n_delays : int
            Length of the patterns, number of neurons, and length of the trigger window.
        rng : numpy.random.Generator
        n_latent : int
            How many neurons, the last ones, are latent: no cue has spikes of them.

        Yields
        ------
        (steps, neurons, n_steps, pattern, start, damaged)
            See `wmdelays.training.rules.margin.presentations.presentations`. Where only the trigger window
            is damaged, the sequence ends when it has left the context.
        """
        n_recorded = n_neurons - n_latent
        n_spikes = sum(int((neurons < n_recorded).sum()) for _, neurons in patterns)
        rate = n_spikes / (len(patterns) * n_steps * n_recorded)
        added = self.noise * rate
        short = min(2 * n_delays, n_steps)
        for m, (steps, neurons) in enumerate(patterns):
            for _ in range(_NOISY if self.noise else 0):
                spikes = _damaged(
                    steps, neurons, n_delays, n_steps, n_neurons, self.noise, added, rng
                )
                yield *spikes, n_steps, m, n_delays, True
            for _ in range(self.throughout):
                spikes = _jittered(steps, neurons, n_steps, n_neurons, self.jitter, rng)
                yield *spikes, n_steps, m, n_delays, True
            if not self.of_trigger:
                continue
            begin = slice(0, np.searchsorted(steps, short))
            for k in range(self.presentations):
                spikes = steps[begin], neurons[begin]
                if self.noise:
                    spikes = _damaged(*spikes, n_delays, short, n_neurons, self.noise, added, rng)
                kind = self._kinds[k % len(self._kinds)]
                if kind == "silenced":
                    silent = rng.random(n_neurons) < self.silenced
                    kept = ~silent[spikes[1]] | (spikes[0] >= n_delays)
                    spikes = spikes[0][kept], spikes[1][kept]
                elif kind == "jittered":
                    spikes = _jittered(*spikes, n_delays, n_neurons, self.jitter, rng)
                else:
                    spikes = _damaged(
                        *spikes, 0, n_delays, n_neurons, self.lost, self.added * rate, rng, n_latent
                    )
                yield *spikes, short, m, n_delays, True


def _jittered(steps, neurons, end, n_neurons, spread, rng):
    """Move the spikes before step `end`, each by itself; those that leave these steps are lost."""
    moved = steps + np.where(steps < end, np.rint(rng.normal(0, spread, len(steps))), 0)
    kept = (steps >= end) | ((moved >= 0) & (moved < end))
    place = np.unique(moved[kept].astype(np.int64) * n_neurons + neurons[kept])
    return place // n_neurons, place % n_neurons


def _damaged(steps, neurons, begin, end, n_neurons, lost, rate, rng, n_spared=0):
    """Lose and add spikes in the steps from `begin` to `end`; the last neurons may be spared."""
    kept = (rng.random(len(steps)) >= lost) | (steps < begin) | (steps >= end)
    n_hit = n_neurons - n_spared
    n_added = rng.binomial((end - begin) * n_hit, min(rate, 1.0))
    place = rng.integers(begin * n_hit, end * n_hit, n_added)
    place = place // n_hit * n_neurons + place % n_hit
    # A random spike where there is one already changes nothing.
    place = np.union1d(place, steps[kept].astype(np.int64) * n_neurons + neurons[kept])
    return place // n_neurons, place % n_neurons
