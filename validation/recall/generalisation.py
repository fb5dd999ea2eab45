"""How much of unseen trials a memory recalls, beside chance and plain guesses."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from wmdelays.validation.recall.controls import BASELINES, CONTROLS
from wmdelays.validation.recall.held_out import LEARNED
from wmdelays.validation.recall.resampling import interval, p_of_signs, pooled_f1, resampled
from wmdelays.words import counted, share

# Below this p a difference is no chance.
LEVEL = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class Generalisation:
    """How much of unseen trials a memory recalls, beside what chance and plain guesses make.

    Attributes
    ----------
    names : tuple of str
        Of the trials.
    counts : dict of str to int array, shape (n_draws, n_trials, 3)
        Matched, recalled and stored spikes of each held-out trial, for "learned" (the memory of the
        other trials) and each control and baseline.
    trained : int array, shape (n_trials, 3)
        The same of the trials that the memories have learned, over all memories that learned them.
    within_s : float
        How far from its time a spike may be.
    n_folds : int
    settings : dict
    rows : list of dict
    seed : int
    """

    names: tuple
    counts: dict
    trained: np.ndarray
    within_s: float
    n_folds: int
    settings: dict
    rows: list = field(default_factory=list)
    seed: int = 0

    def __repr__(self):
        n = counted(len(self.names), "trial")
        better = "better than chance" if self.better else "not better than chance"
        return f"<Generalisation: {n}, held-out F1 {share(self.f1())}, {better}>"

    @property
    def controls(self) -> list[str]:
        """The names of the controls, in their order."""
        return [kind for kind in self.counts if kind in CONTROLS]

    def f1(self, kind: str = LEARNED) -> float:
        """F1 over all held-out trials, and all draws."""
        return float(pooled_f1(self.counts[kind].sum(0)))

    def f1_interval(self, kind: str = LEARNED) -> tuple[float, float]:
        """Between which F1 95 % of resampled trials lie."""
        return interval(pooled_f1(self.counts[kind].sum(0)[self._resampled]))

    def trial_f1(self, kind: str = LEARNED) -> np.ndarray:
        """F1 of each held-out trial, over all draws, float array of shape (n_trials,)."""
        return pooled_f1(self.counts[kind].sum(0)[:, None])

    @property
    def trained_trial_f1(self) -> np.ndarray:
        """F1 of each trial where it was learned, float array of shape (n_trials,)."""
        return pooled_f1(self.trained[:, None])

    @property
    def trained_f1(self) -> float:
        """F1 of the trials that were learned, recalled from their own cues."""
        return float(pooled_f1(self.trained))

    def trained_interval(self) -> tuple[float, float]:
        """The interval of `trained_f1` over resampled trials."""
        return interval(pooled_f1(self.trained[self._resampled]))

    def difference(self, kind: str) -> tuple[float, float, float]:
        """How much higher F1 is than of a control or baseline, and the ends of its interval."""
        ours, theirs = (self.counts[one].sum(0) for one in (LEARNED, kind))
        low, high = interval(pooled_f1(ours[self._resampled]) - pooled_f1(theirs[self._resampled]))
        return self.f1() - self.f1(kind), low, high

    def p_value(self, kind: str) -> float:
        """How often chance makes F1 of each trial that much higher than a control's."""
        return p_of_signs(self.trial_f1() - self.trial_f1(kind), self.seed)

    @property
    def better(self) -> bool:
        """Whether held-out trials are recalled better than by every control."""
        return all(self.p_value(kind) < LEVEL for kind in self.controls)

    @cached_property
    def _resampled(self):
        return resampled(len(self.names), self.seed)

    def as_dict(self) -> dict:
        """All of it as plain JSON values."""
        return {
            "generalises": self.better,
            "within_s": self.within_s,
            "n_trials": len(self.names),
            "n_folds": self.n_folds,
            "held_out": self._values(LEARNED),
            "trained": {
                **_parts(self.trained),
                "f1": self.trained_f1,
                "f1_interval": list(self.trained_interval()),
            },
            "controls": {kind: self._compared(kind) for kind in self.controls},
            "baselines": {kind: self._compared(kind) for kind in self.counts if kind in BASELINES},
            "trials": [
                {
                    "name": name,
                    "f1": float(self.trial_f1()[k]),
                    "trained_f1": float(self.trained_trial_f1[k]),
                    "n_stored": int(self.counts[LEARNED][0, k, 2]),
                }
                for k, name in enumerate(self.names)
            ],
            "settings": self.settings,
            "versions": self.rows[0]["versions"] if self.rows else {},
        }

    def _values(self, kind):
        return {
            "f1": self.f1(kind),
            "f1_interval": list(self.f1_interval(kind)),
            **_parts(self.counts[kind]),
            "draws": len(self.counts[kind]),
        }

    def _compared(self, kind):
        more, low, high = self.difference(kind)
        return {
            **self._values(kind),
            "difference": more,
            "difference_interval": [low, high],
            "p_value": self.p_value(kind),
        }


def _parts(counts):
    """Precision, recall and the like over all that was counted; every trial has stored spikes."""
    matched, recalled, stored = counts.reshape(-1, 3).sum(0).tolist()
    return {
        "precision": matched / recalled if recalled else None,
        "recall": matched / stored,
        "spikes_per_stored": recalled / stored,
    }
