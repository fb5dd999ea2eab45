"""What limits on synapses leave of a minute of the hippocampus, and which weights exist at all.

python benchmarks/limits.py hippocampus_linear_track.csv
python benchmarks/limits.py hippocampus_linear_track.csv --exists 15 [--signs dale]
    The largest margin that any weights of one unit reach, by a linear program (minutes): below zero there
    are none that make its spikes, whatever learns them.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import linprog

from wmdelays import store
from wmdelays.files import read_stretch

STEP, DELAYS, BETA, THETA, KAPPA = 0.02, 121, 0.7, 1.0, 0.5
ROWS = [
    {},
    {"max_synapses": 700},
    {"max_synapses": 400},
    {"max_synapses": 400, "damaged_epochs": 0},
    {"max_synapses": 200, "damaged_epochs": 0},
    {"one_delay_per_pair": True},
    {"signs": "dale"},
    {"signs": "dale", "damaged_epochs": 0},
]


def table(pattern):
    """Learn within each limit."""
    for options in ROWS:
        began = time.perf_counter()
        memory = store(pattern, n_delays=DELAYS, step=STEP, **options)
        reached = memory.made["reached"]
        print(
            options or "no limit",
            f"F1 {memory.made['scores']['f1']:.3f}",
            f"wrong {reached['open_loop_errors']} in {reached.get('wrong_neurons', 0)} units",
            f"synapses a unit {memory.n_synapses / memory.n_neurons:.0f}",
            f"{time.perf_counter() - began:.0f} s",
            sep=", ",
            flush=True,
        )


def largest_margin(pattern, unit, signs):
    """The margin, at most KAPPA, that some weights of a unit keep at all steps after the trigger."""
    spikes = pattern.dense(STEP)
    n_steps, n_units = spikes.shape
    context = sparse.hstack(
        [
            sparse.csr_matrix(np.roll(spikes, d, 0) * (np.arange(n_steps) >= d)[:, None])
            for d in range(1, DELAYS + 1)
        ]
    )
    leak, last = sparse.lil_matrix((n_steps, n_steps)), 0
    for t in range(n_steps):
        last = t if t and spikes[t - 1, unit] else last
        for s in range(last, t + 1):
            leak[t, s] = BETA ** (t - s)
    membrane = (leak.tocsr() @ context.tocsr())[DELAYS:].astype(float)
    side = np.where(spikes[DELAYS:, unit], 1.0, -1.0)
    n_weights, bounds = membrane.shape[1], (None, None)
    if signs == "dale":
        # Weights are these signs times what is not negative.
        excitatory = np.arange(n_units) < round(0.8 * n_units)
        membrane = membrane @ sparse.diags(np.tile(np.where(excitatory, 1.0, -1.0), DELAYS))
        bounds = (0, None)
    # side * (u - theta) >= margin at every step; the margin is made as large as it can be.
    rows = sparse.hstack([-sparse.diags(side) @ membrane, np.ones((len(side), 1))]).tocsr()
    cost = np.append(np.zeros(n_weights), -1.0)
    found = linprog(
        cost, rows, -side * THETA, bounds=[bounds] * n_weights + [(None, KAPPA)], method="highs"
    )
    return found.x[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--exists", type=int, metavar="UNIT")
    parser.add_argument("--signs", choices=("free", "dale"), default="free")
    given = parser.parse_args()
    pattern = read_stretch(given.recording, STEP, start=900, stop=960).bin(STEP, merge_spikes=True)
    if given.exists is None:
        table(pattern)
    else:
        print(f"largest margin {largest_margin(pattern, given.exists, given.signs):.3f}")


if __name__ == "__main__":
    main()
