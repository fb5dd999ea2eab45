"""What starts a recall."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from wmdelays.draws import drawn_below
from wmdelays.errors import InputError
from wmdelays.raster import Raster
from wmdelays.words import counted

# Farther than any spike can be moved, in steps.
_FAR = 2**40


@dataclass(frozen=True, repr=False)
class Cue:
    """What starts a recall: spikes forced on the network, and for how long it is clamped.

    While the cue clamps the network (step t < `clamp`) the neurons emit the cue's spikes and no
    others, e(t) = c(t). After that a neuron fires when its membrane reaches threshold or when
    the cue still forces it to, e(t) = s(t) or c(t).

    Parameters
    ----------
    spikes : Raster
        The forced spikes c, at whole steps; time 0 is the start of the recall and the raster's
        duration is the recall's.
    step : float
        Training time step in seconds.
    clamp : int
        Number of steps, from the start, in which the network emits the cue alone.
    onset : int
        Step of the recall at which the cued pattern begins.
    scored_from : int
        Step of the recall from which it is compared with the pattern: the end of the trigger
        window, also where the cue shows less than all of it.
    lost : Raster, optional
        Entries (neuron, step) in which an emitted spike is lost to all its synapses. It resets its
        neuron and is recorded all the same. By default none is lost.

    Raises
    ------
    InputError
        If the steps do not lie inside the recall, or the lost spikes are those of another.
    """

    spikes: Raster
    step: float
    clamp: int
    onset: int = 0
    scored_from: int = 0
    lost: Raster | None = None

    def __repr__(self):
        parts = [
            f"{counted(len(self.spikes), 'spike')} of {counted(self.n_neurons, 'neuron')}",
            f"{self.clamp:,} of {counted(self.n_steps, 'step')} of {self.step * 1e3:g} ms clamped",
        ]
        if self.lost is not None:
            parts.append(f"spikes lost in {counted(len(self.lost), 'place')}")
        return f"<Cue: {', '.join(parts)}>"

    def __post_init__(self):
        if self.lost is not None and (
            self.lost.n_neurons != self.n_neurons or self.lost.n_steps(self.step) != self.n_steps
        ):
            raise InputError("a cue's lost spikes need as many neurons and steps as its spikes")
        for place in (self.clamp, self.onset, self.scored_from):
            if place != int(place):
                raise InputError(f"a cue's steps are whole numbers, not {place}")
        if not 0 <= self.clamp <= self.n_steps:
            raise InputError(f"a cue cannot clamp {self.clamp} of {self.n_steps} steps")
        if not (0 <= self.onset <= self.n_steps and 0 <= self.scored_from <= self.n_steps):
            raise InputError("a cue's onset and first scored step have to lie inside the recall")
        if self.scored_from < self.onset:
            raise InputError("a recall cannot be scored before the cued pattern begins")

    @classmethod
    def from_pattern(
        cls, pattern: Raster, n_trigger: int, step: float, n_steps: int | None = None
    ) -> Cue:
        """The undamaged cue of a pattern: its first steps, clamped.

        Parameters
        ----------
        pattern : Raster
            The stored pattern.
        n_trigger : int
            Length of the trigger window in steps; for a memory, its `n_delays`.
        step : float
            Training time step in seconds.
        n_steps : int, optional
            Length of the recall in steps; by default the pattern's.
        """
        n_steps = pattern.n_steps(step) if n_steps is None else n_steps
        steps = pattern.steps(step)
        shown = steps < n_trigger
        spikes = Raster.from_steps(
            pattern.neurons[shown],
            steps[shown],
            pattern.n_neurons,
            n_steps,
            step,
            n_latent=pattern.n_latent,
        )
        return cls(spikes, step, clamp=n_trigger, onset=0, scored_from=n_trigger)

    @property
    def n_steps(self) -> int:
        """Length of the recall in steps."""
        return self.spikes.n_steps(self.step)

    @property
    def n_neurons(self) -> int:
        """Number of neurons of the network."""
        return self.spikes.n_neurons

    @property
    def n_recorded(self) -> int:
        """Number of neurons that can be cued: those that are not latent."""
        return self.spikes.n_recorded

    def shortened(self, n_trigger: int) -> Cue:
        """The cue with only the first `n_trigger` steps of the pattern shown and clamped.

        From there on the network runs freely; it is scored from the same step as before. Spikes
        forced after the clamp stay.
        """
        if not 0 <= n_trigger <= self.clamp - self.onset:
            raise InputError(
                f"the trigger of {self.clamp - self.onset} steps cannot be cut to {n_trigger} steps"
            )
        clamp = self.onset + n_trigger
        steps = self.spikes.steps(self.step)
        kept = (steps < clamp) | (steps >= self.clamp)
        return replace(self, spikes=self._spikes_where(kept), clamp=clamp)

    def silenced(self, n_neurons: int, rng: np.random.Generator) -> Cue:
        """The cue with `n_neurons` neurons, drawn at random, silent in its clamped part."""
        if not 0 <= n_neurons <= self.n_recorded:
            raise InputError(f"cannot silence {n_neurons} of {self.n_recorded} neurons")
        silent = rng.choice(self.n_recorded, size=n_neurons, replace=False)
        hit = np.isin(self.spikes.neurons, silent)
        hit &= self.spikes.steps(self.step) < self.clamp
        return replace(self, spikes=self._spikes_where(~hit))

    def replaced(self, probability: float, rng: np.random.Generator) -> Cue:
        """The cue with entries of its clamped part replaced by chance ones.

        Every entry (neuron, step) of the clamped part, what comes before the pattern included, is
        replaced with the given probability by a fresh draw: a spike with the probability that
        an entry of that part is one, as the reference's protocol has it.
        """
        _check_probability("the probability of a replaced entry", probability)
        clamped, later = self._entries_by_clamp()
        n_clamped = self.clamp * self.n_recorded
        hit = self._drawn(probability, self.clamp, rng)
        fresh = self._drawn(len(clamped) / n_clamped if n_clamped else 0.0, self.clamp, rng)
        kept = np.setdiff1d(clamped, hit, assume_unique=True)
        fresh = np.intersect1d(fresh, hit, assume_unique=True)
        return replace(self, spikes=self._raster(np.concatenate([kept, fresh, later])))

    def flipped(self, probability: float, rng: np.random.Generator) -> Cue:
        """The cue with entries of its clamped part turned over.

        Every entry (neuron, step) of the clamped part, what comes before the pattern included, is
        turned over with the given probability: a spike is lost where there is one, and added
        where there is none. This is what "bit flip" says; `replaced` is what the reference does.
        """
        _check_probability("the probability of a flipped entry", probability)
        clamped, later = self._entries_by_clamp()
        hit = self._drawn(probability, self.clamp, rng)
        clamped = np.setxor1d(clamped, hit, assume_unique=True)
        return replace(self, spikes=self._raster(np.concatenate([clamped, later])))

    def jittered(self, spread: float, rng: np.random.Generator) -> Cue:
        """The cue with each spike of its clamped part moved in time.

        Parameters
        ----------
        spread : float
            Standard deviation in steps of the normal distribution that is drawn from and rounded
            to whole steps. A spike that leaves the clamped part is lost.
        rng : numpy.random.Generator
        """
        if not (np.isfinite(spread) and spread >= 0):
            raise InputError(f"the spread of the jitter cannot be {spread} steps")
        steps, neurons = self.spikes.steps(self.step), self.spikes.neurons
        clamped = steps < self.clamp
        # No number of steps is as large as a spread may be.
        by = np.clip(np.rint(rng.normal(0.0, spread, len(steps))), -_FAR, _FAR)
        moved = steps + np.where(clamped, by, 0).astype(np.int64)
        kept = ~clamped | ((moved >= 0) & (moved < self.clamp))
        entries = np.unique(moved[kept] * self.n_neurons + neurons[kept])
        return replace(self, spikes=self._raster(entries))

    def preceded_by_noise(self, n_steps: int, rate: float, rng: np.random.Generator) -> Cue:
        """The cue after `n_steps` clamped steps of independent random spikes.

        `rate` is the probability of a spike for each neuron and step.
        """
        _check_probability("the rate of random spikes", rate)
        if n_steps < 0:
            raise InputError(f"{n_steps} steps of noise cannot come before the pattern")
        noise = self._drawn(rate, n_steps, rng)
        later, n_all = n_steps * self.n_neurons, self.n_steps + n_steps
        lost = None
        if self.lost is not None:
            lost = self._raster(self._entries(self.lost) + later, n_all)
        return Cue(
            self._raster(np.concatenate([noise, self._entries(self.spikes) + later]), n_all),
            self.step,
            clamp=self.clamp + n_steps,
            onset=self.onset + n_steps,
            scored_from=self.scored_from + n_steps,
            lost=lost,
        )

    def with_ongoing_noise(self, rate: float, rng: np.random.Generator) -> Cue:
        """The cue with independent random spikes forced through the rest of the recall.

        `rate` is the probability of a spike for each neuron and step after the clamped part; here
        latent neurons are neurons as all others.
        """
        _check_probability("the rate of random spikes", rate)
        noise = drawn_below(rate, (self.n_steps - self.clamp, self.n_neurons), rng)
        noise += self.clamp * self.n_neurons
        entries = np.union1d(self._entries(self.spikes), noise)
        return replace(self, spikes=self._raster(entries))

    def losing_spikes(self, probability: float, rng: np.random.Generator) -> Cue:
        """The cue with every emitted spike lost to all its synapses with the given probability.

        Through the whole recall, the clamped part included.
        """
        _check_probability("the probability of a lost spike", probability)
        lost = drawn_below(probability, (self.n_steps, self.n_neurons), rng)
        if self.lost is not None:
            lost = np.union1d(lost, self._entries(self.lost))
        return replace(self, lost=self._raster(lost))

    def _drawn(self, probability, n_steps, rng):
        """Entries of so many steps of the neurons that can be cued, each drawn with a probability."""
        entries = drawn_below(probability, (n_steps, self.n_recorded), rng)
        if not self.spikes.n_latent:
            return entries
        steps, neurons = np.divmod(entries, self.n_recorded)
        return steps * self.n_neurons + neurons

    def _entries(self, raster):
        """The entries (neuron, step) that hold spikes, numbered by step and neuron, ascending."""
        return np.unique(raster.steps(self.step) * self.n_neurons + raster.neurons)

    def _entries_by_clamp(self):
        """Those of the cue's clamped part, and the others."""
        entries = self._entries(self.spikes)
        return np.split(entries, [np.searchsorted(entries, self.clamp * self.n_neurons)])

    def _raster(self, entries, n_steps=None):
        steps, neurons = np.divmod(entries, self.n_neurons)
        n_steps = self.n_steps if n_steps is None else n_steps
        return Raster.from_steps(
            neurons,
            steps,
            self.n_neurons,
            n_steps,
            self.step,
            n_latent=self.spikes.n_latent,
        )

    def _spikes_where(self, kept):
        spikes = self.spikes
        return replace(spikes, neurons=spikes.neurons[kept], times=spikes.times[kept])


def _check_probability(name, value):
    if not 0 <= value <= 1:
        raise InputError(f"{name} has to lie from 0 to 1, not {value}")
