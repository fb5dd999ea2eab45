"""Cues laid out as one script that Brian2 plays."""

from dataclasses import dataclass

import numpy as np

from wmdelays.errors import InputError

# Brian2 keeps the ticks of a SpikeGeneratorGroup in 32 bits.
_MOST_TICKS = 2**31 - 1


@dataclass(frozen=True)
class Script:
    """What is done to the network, and when, in ticks of the simulation.

    One step of silence, then each trial: its steps, and as many silent steps as the longest delay
    has, in which all spikes still on their way arrive. The membranes are put to rest as a
    trial begins and as it ends.

    Attributes
    ----------
    cells, ticks : int arrays, shape (n_events,)
        Cell of the generator and tick at which it fires, in the order of ticks. Cell i < N forces
        a spike of neuron i, cell N holds the network, cell N + 1 releases it, cell N + 2 + i makes
        neuron i mute, and cell 2 N + 2 + i makes it send its spikes again.
    starts, stops : int arrays, shape (n_trials,)
        Tick of the first step of each trial, and the one after its last step.
    n_ticks : int
        Length of the simulation.
    loses : bool
        Whether neurons are mute at times.
    """

    cells: np.ndarray
    ticks: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    n_ticks: int
    loses: bool

    def parts(self, n):
        """Scripts that together play the same trials, about as long as each other.

        Parameters
        ----------
        n : int
            The most there may be; there are fewer where trials are few or too unequal.

        Yields
        ------
        script : Script
        shift : int
            How many ticks earlier than here its trials come.
        """
        # Where each trial's silence ends, one step before the next.
        ends = np.append(self.starts[1:], self.n_ticks)
        wanted = self.n_ticks * np.arange(1, n) / n
        cuts = np.abs(ends[:, None] - wanted).argmin(axis=0) + 1
        cuts = np.unique([0, *cuts, len(ends)])
        for first, stop in zip(cuts, cuts[1:]):
            shift, trials = self.starts[first] - self.starts[0], slice(first, stop)
            # A cell fires one tick before what it does.
            events = slice(
                *np.searchsorted(self.ticks, [self.starts[first] - 1, ends[stop - 1] - 1])
            )
            yield (
                Script(
                    self.cells[events],
                    self.ticks[events] - shift,
                    self.starts[trials] - shift,
                    self.stops[trials] - shift,
                    int(ends[stop - 1] - shift),
                    self.loses,
                ),
                shift,
            )


def write_script(cues, n_delays, n):
    """The script that plays cues one after another.

    Parameters
    ----------
    cues : sequence of Cue
    n_delays : int
        Longest delay of the network in steps.
    n : int
        Number of ticks in a step.

    Returns
    -------
    Script

    Raises
    ------
    InputError
        If the trials together are too long.
    """
    n_neurons = cues[0].n_neurons
    hold, release = n_neurons, n_neurons + 1
    lengths = np.array([cue.n_steps for cue in cues], dtype=np.int64)
    ends = np.cumsum(lengths + n_delays) + 1
    starts = (ends - lengths - n_delays) * n
    stops = starts + lengths * n
    n_ticks = int(ends[-1]) * n
    if n_ticks > _MOST_TICKS:
        raise InputError(
            f"{n_ticks} ticks are too many for one simulation; take a larger dt or fewer cues"
        )
    cells, ticks = [], []
    for cue, start, stop in zip(cues, starts, stops):
        forced = np.unique(cue.spikes.steps(cue.step) * n_neurons + cue.spikes.neurons)
        cells += [forced % n_neurons, [hold, hold]]
        ticks += [start + forced // n_neurons * n, [start, stop]]
        if cue.clamp < cue.n_steps:
            cells.append([release])
            ticks.append([start + cue.clamp * n])
        if cue.lost is not None:
            lost = np.zeros((cue.n_steps + 2, n_neurons), bool)
            lost[1:-1] = cue.lost.dense(cue.step)
            changes, changed = np.nonzero(lost[1:] != lost[:-1])
            cells.append(
                np.where(lost[1:][changes, changed], 2, 2 + n_neurons) + n_neurons + changed
            )
            ticks.append(start + changes * n)
    cells, ticks = np.concatenate(cells), np.concatenate(ticks)
    order = np.lexsort((cells, ticks))
    # What the generator fires reaches the neurons one tick later.
    loses = any(cue.lost is not None for cue in cues)
    return Script(cells[order], ticks[order] - 1, starts, stops, n_ticks, loses)


def connections(n_neurons):
    """Which cells of the generator reach which neurons: names of pathways, cells and neurons."""
    neurons = np.arange(n_neurons, dtype=np.int32)
    hold = np.full_like(neurons, n_neurons)
    yield "force", neurons, neurons
    yield "hold", hold, neurons
    yield "rest", hold, neurons
    yield "release", hold + 1, neurons
    yield "mute", neurons + np.int32(n_neurons + 2), neurons
    yield "send", neurons + np.int32(2 * n_neurons + 2), neurons
