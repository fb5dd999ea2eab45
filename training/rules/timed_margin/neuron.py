"""Learning of one neuron."""

import numpy as np

from wmdelays.training.rules.margin.synapse_limits import most_important
from wmdelays.training.rules.timed_margin import teacher_forcing as loops
from wmdelays.training.rules.timed_margin.importance import importance

# How long before a target the membrane may rise, and how long after it it is looked at; the least
# between two ticks in which it is lowered; how far before the end of the trigger bounds hold; in ms.
_AHEAD_MS, AFTER_MS, _GAP_MS, _SINCE_MS = 4.0, 1.0, 0.5, 6.0
# The error of a crossing that is let be, and the most by which one is moved at once, in ms; the part
# of a margin that may be missing.
_TOLERANCE_MS, _MOST_MS, _SLACK = 0.02, 0.3, 0.2
# Epochs without fewer errors after which a neuron gives up.
_PATIENCE = 20
# The part of the way to its bounds by which a neuron learns at once from what is damaged, in the first
# and in the last epoch; and by how much steeper it is to cross its threshold then.
_DAMAGED_RATES, _STEEPER = (0.2, 0.05), 2.0
# The bounds that a neuron which cannot keep them is let off in part.
_BOUNDS = {loops.KAPPA: "kappa", loops.SLOPE: "slope", loops.OVERSHOOT: "overshoot"}
_WRONG = list({*range(loops.N_COUNTS)} - {loops.TARGETS})
# Figures of a neuron: targets it misses, false alarms, epochs, how near its membrane comes to its
# peak from below where no spike is wanted, and from above where one is, and the part of its margins
# with which it has learned.
MISSED, FALSE_ALARMS, EPOCHS, BELOW, ABOVE, PART, N_FIGURES = range(7)


class Neuron:
    """One neuron, its targets and what it is shown.

    Parameters
    ----------
    learner : wmdelays.training.rules.timed_margin.neuron_learner.NeuronLearner
    j : int
        Which of the network.
    """

    def __init__(self, learner, j):
        self.learner, self.sign = learner, learner.sign
        memory = learner.memory
        self.of_class = learner.classes[memory.neurons.members[j]]
        self.targets = [shown.targets[j] for shown in learner.shown]
        self.rng = np.random.default_rng([learner.seed, j])
        self.lengths, self.settings = _rows_of(
            learner, self.of_class.bounds, int(learner.refractory[j])
        )
        self.n_epochs, self.is_good, self.part = 0, False, 1.0
        self._have_all()

    def _have_all(self):
        """Let it have a synapse in every row."""
        self.sign, self.places = self.learner.sign, self.learner.all_places
        self.shown = [self._quiet(shown.place, shown.first) for shown in self.learner.shown]

    def _have(self, rows):
        """Let it have synapses in some rows alone."""
        self.sign = self.learner.sign[rows]
        self.places = np.full(self.learner.n_rows, -1, np.int32)
        self.places[rows] = np.arange(len(rows))
        self.shown = [self._quiet(*shown.of_rows(self.places)) for shown in self.learner.shown]

    def _quiet(self, place, first):
        return place, first, 1.0, self.learner.quiet

    def ease(self, part):
        """Ask for a part of its margin, slope and overshoot alone."""
        self.part = part
        for which, name in _BOUNDS.items():
            self.settings[which] = part * getattr(self.of_class.bounds, name)

    @property
    def has_targets(self):
        """Whether there is any spike to be learned."""
        return any(len(targets) for targets in self.targets)

    def relax(self, weights, epochs):
        """Show all patterns until every bound is met; gives the weights, changed in place."""
        fewest, since = np.inf, 0
        for _ in range(epochs):
            self.n_epochs += 1
            counts = np.zeros(loops.N_COUNTS, np.int64)
            for m in self.rng.permutation(len(self.shown)):
                self._show(weights, m, self.shown[m], self.settings, counts)
            n_wrong = counts[_WRONG].sum()
            since = 0 if n_wrong < fewest else since + 1
            fewest = min(fewest, n_wrong)
            self.is_good = False
            if not n_wrong or since == _PATIENCE:
                figures = self.judge(weights)
                self.is_good = not figures[[MISSED, FALSE_ALARMS]].any()
                if self.is_good or since == _PATIENCE:
                    break
        return weights

    def bear(self, weights, epochs):
        """Show all patterns damaged, each time in another way; gives the weights, changed in place.

        The crossings are to be steeper than they need be: the steeper one is, the less noise moves
        it. Steps are small, so that each becomes as steep as it can.
        """
        settings, (first, last) = self.settings.copy(), _DAMAGED_RATES
        settings[[loops.SLOPE, loops.OVERSHOOT]] *= _STEEPER
        counts = np.zeros(loops.N_COUNTS, np.int64)
        for epoch in range(epochs):
            self.n_epochs += 1
            settings[loops.RATE] = first * (last / first) ** (epoch / max(epochs - 1, 1))
            for m in self.rng.permutation(len(self.shown)):
                self._show(weights, m, self._damaged(m), settings, counts)
        return weights

    def _damaged(self, m):
        learner, rng = self.learner, self.rng
        memory, damage = learner.memory, learner.damage
        n, n_ticks = round(memory.step / memory.tick), len(learner.quiet)
        spikes, tick_ms = learner.followed[m], memory.tick * 1e3
        place, first = damage.arrivals(
            *spikes, self.places, memory.n_delays, n, tick_ms, n_ticks, rng
        )
        noise = self.of_class.noise
        noise = rng.normal(0, noise, n_ticks) if noise else learner.quiet
        return place, first, damage.gain, noise

    def _show(self, weights, m, shown, settings, counts):
        constants, rest = self.of_class.constants, self.of_class.rest
        self.learner.show(
            weights,
            *shown,
            self.targets[m],
            self.sign,
            rest,
            constants,
            settings,
            self.lengths,
            counts,
        )

    def learn(self, weights, epochs, damaged_epochs):
        """Meet every bound, bear damage, and meet every bound again; weights as in `relax`."""
        weights = self.relax(weights, epochs)
        if damaged_epochs:
            weights = self.relax(self.bear(weights, damaged_epochs), epochs)
        return weights

    def cut(self, weights, epochs, damaged_epochs, per_pair, per_neuron):
        """Leave the most important synapses alone and let them learn; gives all weights."""
        kept = most_important(
            self._importance(weights)[:, None],
            self.learner.memory.n_delays,
            per_pair,
            per_neuron,
        )
        rows = np.flatnonzero(kept[:, 0])
        self._have(rows)
        left = self.learn(weights[rows], epochs, damaged_epochs)
        self._have_all()
        whole = np.zeros_like(weights)
        whole[rows] = left
        return whole

    def _importance(self, weights):
        learner = self.learner
        if learner.settings["importance"] == "weight":
            return np.abs(weights).astype(float)
        course = self.of_class.response
        return importance(weights, learner.shown, self.targets, learner.begin, course)

    def judge(self, weights):
        """The figures of the neuron."""
        distance, wrong = np.full(2, np.inf), np.zeros(2)
        for m in range(len(self.shown)):
            missed, false_alarms, _ = self._respond(weights, m, distance)
            wrong += missed, false_alarms
        return np.array([*wrong, self.n_epochs, *distance, self.part])

    def emitted(self, weights, m):
        """The ticks at which the neuron fires when it is shown pattern m."""
        *_, ticks = self._respond(weights, m, np.full(2, np.inf))
        return ticks

    def _respond(self, weights, m, distance):
        emitted = np.empty(len(self.targets[m]) + self.lengths[loops.N_TICKS], np.int64)
        missed, false_alarms, n = self.learner.respond(
            weights,
            *self.shown[m],
            self.targets[m],
            self.of_class.rest,
            self.of_class.constants,
            self.lengths,
            distance,
            emitted,
        )
        return missed, false_alarms, emitted[:n].copy()


def _rows_of(learner, bounds, refractory):
    """The lengths and settings of the loops."""
    memory = learner.memory
    dt, model = memory.tick * 1e3, memory.neurons.model
    after = round(AFTER_MS / dt)
    if not model.has_upswing and not learner.can_rise_on:
        after = 0
    lengths = np.zeros(loops.N_LENGTHS, np.int64)
    lengths[loops.N_TICKS] = learner.n_ticks
    lengths[loops.CLAMP] = learner.begin
    lengths[loops.SINCE] = max(learner.begin - round(_SINCE_MS / dt), 0)
    lengths[loops.REFRACTORY] = refractory
    lengths[loops.AHEAD] = round(max(_AHEAD_MS, model.lead) / dt)
    lengths[loops.BEFORE] = round(model.lead / dt)
    lengths[loops.AFTER] = min(after, refractory - 1)
    lengths[loops.GAP] = round(_GAP_MS / dt)
    lengths[loops.REACH] = round(bounds.reach_ms / dt)
    settings = np.zeros(loops.N_SETTINGS)
    for which, name in _BOUNDS.items():
        settings[which] = getattr(bounds, name)
    settings[loops.TOLERANCE] = _TOLERANCE_MS
    settings[loops.SLACK] = _SLACK
    settings[loops.MOST] = _MOST_MS
    settings[loops.TICK_MS] = dt
    settings[loops.LARGEST] = bounds.largest
    settings[loops.RATE] = 1.0
    return lengths, settings
