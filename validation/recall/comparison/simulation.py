"""What one simulator makes of the cues of a comparison."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from wmdelays.scores import Scores, score
from wmdelays.timing.timed_scores import TimedScores, score_times
from wmdelays.validation.recall.simulators import Setup


@dataclass(frozen=True)
class Simulation:
    """What one simulator made of the cues of a comparison.

    Attributes
    ----------
    setup : Setup
        The simulator, and the device and time step with which it ran.
    recalls : list of Recall
        One for each pattern that was cued.
    scores : Scores
        Against the stored patterns.
    seconds : float
        The time it took.
    times : TimedScores or None
        The same where spikes may come a little early or late, for neurons in continuous time.
    """

    setup: Setup
    recalls: list
    scores: Scores
    seconds: float
    times: TimedScores | None = None

    @property
    def shown(self):
        """The simulator's name in sentences."""
        return self.setup.simulator.shown

    @property
    def n_spikes(self):
        """Number of the network's own spikes."""
        return sum(len(recall.own) for recall in self.recalls)

    @property
    def f1(self):
        """How much is recalled, over all patterns: F1, in continuous time that within 1 ms."""
        return self.scores.total.f1 if self.times is None else self.times.within[1].f1

    @property
    def pattern_f1(self):
        """The same of each pattern, a list."""
        if self.times is None:
            return [one.f1 for one in self.scores.patterns]
        return [one.within[1].f1 for one in self.times.patterns]


def simulated(setup, memory, cues, stored, say=None, workers=None):
    """What a simulator makes of cues, scored against the stored patterns."""
    start = time.perf_counter()
    setup = setup.for_cues(memory, cues)
    recalls = setup.recall(memory, cues, say, workers)
    seconds = time.perf_counter() - start
    if memory.neurons is None:
        return Simulation(setup, recalls, score(recalls, stored), seconds)
    times = score_times(recalls, stored)
    exact = Scores(times.exact, tuple(one.exact for one in times.patterns))
    return Simulation(setup, recalls, exact, seconds, times)


def loaded_and_simulated(setup, memory, cues, stored):
    """The same with the simulator imported before, which is no part of its seconds."""
    setup.simulator.load()
    return simulated(setup, memory, cues, stored)


def with_cues(simulation, cues):
    """A simulation by another process, whose cues are copies of these."""
    recalls = [replace(recall, cue=cue) for recall, cue in zip(simulation.recalls, cues)]
    return replace(simulation, recalls=recalls)


def score_values(simulation):
    scores, times = simulation.scores, simulation.times
    return {
        **scores.total.as_dict(),
        "worst_pattern_f1": scores.worst_pattern_f1,
        "n_spikes": simulation.n_spikes,
        **({} if times is None else times.as_dict()),
    }


def pattern_values(simulation, place):
    times = simulation.times
    return {
        "f1": simulation.scores.patterns[place].f1,
        **({} if times is None else times.patterns[place].as_dict()),
    }
