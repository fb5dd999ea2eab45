"""The polychronization network, simulated with checkpoints."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wmdelays.brian_models.devices.names import IN_STRETCHES
from wmdelays.errors import InputError
from wmdelays.files.file_kinds import NETWORK
from wmdelays.files.output import check_writable
from wmdelays.machine.versions import versions
from wmdelays.polychrony.activity import (
    DELTA,
    GAMMA,
    SPECTRUM_S,
    Activity,
    Ceiling,
    activity,
    ceiling,
)
from wmdelays.polychrony.network_file import read_run, write_run
from wmdelays.polychrony.network_state import KEPT_S, NetworkRun, extended, new_run
from wmdelays.quantities import whole
from wmdelays.words import duration, share

if TYPE_CHECKING:
    from collections.abc import Callable

SNAPSHOT_S = 60
_LARGEST = 2**31 - 1
# Milliseconds are counted in 32 bits.
_LONGEST = _LARGEST // 1000 - 1
_MOST_ROWS = 10
# So long a stretch is simulated in one go, which takes a second or a few.
_STRETCH_S, _STRETCH_IN_PYTHON_S = 60, 5


def simulate_polychronization(
    path: str | Path,
    seconds: int,
    *,
    seed: int | None = None,
    snapshot_s: int | None = None,
    checkpoint_s: int = 60,
    record_s: int = KEPT_S,
    device: str = "cpp_standalone",
    progress: Callable[[str, float | None], None] | None = None,
) -> NetworkRun:
    """Simulate the polychronization network, or go on with a file that is there.

    Parameters
    ----------
    path : str or Path
        The network file. If it is there, the simulation goes on from its end; what comes is what an
        uninterrupted simulation gives.
    seconds : int
        Length of the whole simulation.
    seed : int, optional
        Of the wiring and the random input; by default 0, or what the file has.
    snapshot_s : int, optional
        Time between snapshots of the weights in seconds; by default 60, or what the file has.
    checkpoint_s : int
        Time in seconds after which the file is written.
    record_s : int
        The file keeps the spikes of so many seconds at the end.
    device : str
        Where Brian2 runs: numpy, cython or cpp_standalone.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    NetworkRun

    Raises
    ------
    InputError
        If a setting makes no sense or is not the file's; before any work starts.
    """
    seconds = whole("seconds", seconds, 1, _LONGEST)
    checkpoint_s = whole("checkpoint", checkpoint_s, 1)
    record_s = whole("record", record_s, KEPT_S)
    seed = None if seed is None else whole("seed", seed, 0, _LARGEST)
    snapshot_s = None if snapshot_s is None else whole("snapshot", snapshot_s, 1, _LARGEST)
    if device not in IN_STRETCHES:
        raise InputError(f"there is no device {device!r}; there is {', '.join(IN_STRETCHES)}")
    check_writable(path, NETWORK)
    run = read_run(path) if Path(path).exists() else None
    if run is not None:
        _check_same(path, run, seconds, seed, snapshot_s, record_s)
        if run.state.seconds == seconds:
            return run
    from wmdelays.brian_models import NetworkSimulation, check_device, wire

    check_device(device)
    say = progress or (lambda stage, part: None)
    if run is None:
        network = wire(seed or 0)
        run = new_run(network, seed or 0, snapshot_s or SNAPSHOT_S, {"versions": versions()})
    first = run.state.seconds
    stretch = _STRETCH_S if device == "cpp_standalone" else _STRETCH_IN_PYTHON_S
    with NetworkSimulation(run.state.network, run.seed, device, say) as simulation:
        begin = time.perf_counter()
        while run.state.seconds < seconds:
            done = run.state.seconds
            say(*_progress(done, seconds, first, time.perf_counter() - begin))
            ends = (_next(done, k) for k in (run.snapshot_s, checkpoint_s, stretch))
            stop = min(*ends, seconds)
            state, neurons, times = simulation.run(run.state, stop - done)
            run = extended(run, state, neurons, times, record_s)
            if stop == seconds or stop % checkpoint_s == 0:
                write_run(path, run)
    return run


def _next(done, interval):
    return (done // interval + 1) * interval


def _progress(done, seconds, first, elapsed):
    text = f"simulated {done} of {seconds} s"
    if done > first:
        left = elapsed / (done - first) * (seconds - done)
        text += f", {duration(left)} left"
    return text, done / seconds


def _check_same(path, run, seconds, seed, snapshot_s, record_s):
    for name, wanted, found in (
        ("seed", seed, run.seed),
        ("snapshot", snapshot_s, run.snapshot_s),
    ):
        if wanted not in (None, found):
            raise InputError(
                f"{path}: its {name} is {found}, not {wanted}; leave --{name} away to go on, or"
                " name another file"
            )
    if run.state.seconds > seconds:
        raise InputError(
            f"{path}: holds {run.state.seconds} s already; name another file for {seconds} s"
        )
    if run.spikes_from_s > max(0, seconds - record_s):
        raise InputError(
            f"{path}: its spikes were recorded from {run.spikes_from_s} s on, not from"
            f" {max(0, seconds - record_s)} s; simulate for longer, or name another file"
        )


@dataclass(frozen=True)
class Outcome:
    """What a simulated network shows.

    Attributes
    ----------
    run : NetworkRun
    activity : Activity
    ceiling : Ceiling
    """

    run: NetworkRun
    activity: Activity
    ceiling: Ceiling

    @property
    def summary(self):
        """The end in one sentence."""
        run, (strong, top) = self.run, self.ceiling.to_excitatory[:, -1]
        rates = self.activity.rates[:, -1] if len(self.activity.times) else run_rates(run)
        said = [
            f"{whose} at {rate:.1f} Hz"
            for whose, rate in zip(("excitatory neurons fire", "inhibitory ones"), rates)
            if np.isfinite(rate)
        ]
        line = f"At {run.state.seconds} s {' and '.join(said)}"
        if np.isfinite(top):
            line += (
                f"; {share(top)} of the weights between excitatory neurons are at the maximum,"
                f" {share(strong)} above 0.95 of it"
            )
        return f"{line}."

    def as_dict(self):
        """The outcome as plain JSON values."""
        run, active = self.run, self.activity
        shares = {
            f"{name}_{level}": _listed(values)
            for name in ("to_excitatory", "to_inhibitory", "all")
            for level, values in zip(("strong", "at_maximum"), getattr(self.ceiling, name))
        }
        return {
            "seconds": run.state.seconds,
            "seed": run.seed,
            "windows": {
                "end_s": active.times.tolist(),
                "rate_excitatory_hz": _listed(active.rates[0]),
                "rate_inhibitory_hz": _listed(active.rates[1]),
                "delta_hz": active.strength(DELTA).tolist(),
                "gamma_hz": active.strength(GAMMA).tolist(),
                "gamma_peak_hz": active.gamma_peak().tolist(),
            },
            "weights": {"time_s": run.snapshot_times.tolist(), **shares},
            "versions": versions(),
        }


def _listed(values):
    """A list for JSON, in which what there is none of is null: a rate of no neurons."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _shown(value, text):
    """A cell of a table: the text of a number, or a dash if there is none."""
    return text(value) if np.isfinite(value) else "–"


def run_rates(run):
    """Mean rates in Hz of excitatory and inhibitory neurons over a whole run; NaN without any."""
    network = run.state.network
    sizes = np.array([network.n_excitatory, network.n_neurons - network.n_excitatory])
    return run.counts.sum(axis=1) / np.where(sizes > 0, sizes, np.nan) / run.state.seconds


def analyse_run(run: NetworkRun) -> Outcome:
    """What a NetworkRun shows, as an Outcome."""
    network = run.state.network
    n_inhibitory = network.n_neurons - network.n_excitatory
    # In a long run the windows end with snapshots; each is long enough for a spectrum.
    n_snapshots = run.state.seconds // run.snapshot_s
    each = max(-(-n_snapshots // 60), -(-SPECTRUM_S // run.snapshot_s))
    window_s = run.snapshot_s * each if n_snapshots >= 10 else None
    active = activity(run.counts, network.n_excitatory, n_inhibitory, window_s)
    return Outcome(run, active, ceiling(run))


def columns(outcome, most=_MOST_ROWS):
    """Titles of the table of the activity over time and what stands beneath."""
    active, run, n = outcome.activity, outcome.run, len(outcome.activity.times)
    rows = []
    for k in np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int)):
        end = int(active.times[k])
        # The weights are those of the last snapshot until then.
        snapshot = end // run.snapshot_s
        strong, top = outcome.ceiling.to_excitatory[:, snapshot]
        rows.append(
            (
                f"{end}",
                *(_shown(rate, "{:.2f}".format) for rate in active.rates[:, k]),
                f"{active.strength(DELTA)[k]:.2f}",
                f"{active.strength(GAMMA)[k]:.2f}",
                f"{active.gamma_peak()[k]:g}",
                *(
                    _shown(part, share)
                    for part in (strong, top, outcome.ceiling.to_inhibitory[1, snapshot])
                ),
            )
        )
    titles = (
        "until (s)",
        "exc (Hz)",
        "inh (Hz)",
        "delta (Hz)",
        "gamma (Hz)",
        "peak (Hz)",
        "E→E > 0.95",
        "E→E = max",
        "E→I = max",
    )
    return dict(zip(titles, zip(*rows))) if rows else {}
