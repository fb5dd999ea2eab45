"""One synapse for each pair of neurons: delays that are learned beside those that `margin` chooses.

python benchmarks/learned_delays.py [--patterns 2,4,6] [--json FILE]
    Stores Bernoulli patterns of 200 steps in 64 neurons with 20 delays in three ways, one after the other:
    `margin` with one_delay_per_pair; delays and strengths learned by gradients, by the module RecurrentLIF;
    strengths alone, with delays drawn at random. The last two take the same loss, steps and learning rates.
"""

import argparse
import json
import math
import time
import warnings
from pathlib import Path

import torch

from wmdelays import RecallWarning, bernoulli, store
from wmdelays.training import RecurrentLIF, learn_delays, round_delays, spike_tensor

N, STEPS, DELAYS, RATE = 64, 200, 20, 0.02
EPOCHS, KAPPA = 400, 0.5
# Of strengths, in units of theta, and of delays, in steps.
RATES = 0.03, 0.3
# Over how many steps a weight is spread, at first and from four fifths of the epochs on.
WIDE, NARROW = DELAYS / 4, 0.1


def f1(layer, wanted):
    """F1 of the recalls from the trigger windows."""
    cue = wanted.clone()
    cue[DELAYS:] = False
    with torch.no_grad():
        own = layer(cue, clamp=DELAYS)[0][DELAYS:].bool()
    wanted = wanted[DELAYS:]
    return 2 * (own & wanted).sum().item() / (own.sum() + wanted.sum()).item()


def wrong(layer, wanted):
    """Missed and additional spikes of the neurons while they are shown the patterns."""
    with torch.no_grad():
        _, membrane = layer(wanted, clamp=STEPS)
    return int(((membrane >= 1) != wanted)[DELAYS:].sum())


def trained(wanted, learn, seed):
    """A layer whose membranes were kept KAPPA from threshold while it was shown the patterns."""
    torch.manual_seed(seed)
    weights = torch.zeros(N, N, DELAYS)
    weights.scatter_(2, torch.randint(DELAYS, (N, N, 1)), 0.1 * torch.randn(N, N, 1))
    layer = RecurrentLIF.from_dense(weights)
    delays = learn_delays(layer, WIDE if learn else NARROW / 2)
    chosen = list(zip(layer.parametrizations.weight.parameters(), RATES))[: 1 + learn]
    optimizer = torch.optim.Adam([{"params": [one], "lr": rate} for one, rate in chosen])
    side = torch.where(wanted[DELAYS:], 1.0, -1.0)
    for epoch in range(EPOCHS):
        done = epoch / EPOCHS
        if learn:
            delays.spread = WIDE * (NARROW / WIDE) ** min(1, done / 0.8)
        decay = 1 if done < 0.5 else (1 + math.cos(math.pi * (2 * done - 1))) / 2
        for group, (_, rate) in zip(optimizer.param_groups, chosen):
            group["lr"] = rate * decay
        optimizer.zero_grad()
        _, membrane = layer(wanted, clamp=STEPS)
        (KAPPA - side * (membrane[DELAYS:] - 1)).relu().square().sum().backward()
        optimizer.step()
    return layer


def by_gradients(wanted, learn, seed=0):
    """F1 before and after rounding, what rounding moved, seconds."""
    began = time.perf_counter()
    layer = trained(wanted, learn, seed)
    seconds = time.perf_counter() - began
    rounded = round_delays(layer)
    return {
        "f1": f1(rounded.layer, wanted),
        "f1_before_rounding": f1(layer, wanted),
        "wrong": wrong(rounded.layer, wanted),
        "wrong_before_rounding": wrong(layer, wanted),
        "moved": rounded.moved,
        "synapses": rounded.layer.weight.numel(),
        "seconds": seconds,
    }


def by_margin(patterns):
    """The same of `margin`."""
    began = time.perf_counter()
    memory = store(patterns, n_delays=DELAYS, one_delay_per_pair=True)
    return {
        "f1": memory.made["scores"]["f1"],
        "wrong": memory.made["reached"]["open_loop_errors"],
        "synapses": memory.n_synapses,
        "seconds": time.perf_counter() - began,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patterns", default="2,3,4,5,6")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    given = parser.parse_args()
    warnings.simplefilter("ignore", RecallWarning)
    torch.set_num_threads(1)
    rows = {}
    columns = ["M", "way", "F1", "wrong spikes", "F1 before rounding", "moved", "seconds"]
    print("|", " | ".join(columns), "|")
    print("|" + "---|" * len(columns))
    for m in map(int, given.patterns.split(",")):
        patterns = bernoulli(N, STEPS, m, RATE)
        wanted = spike_tensor(patterns)
        one = {
            "margin": by_margin(patterns),
            "learned": by_gradients(wanted, True),
            "random": by_gradients(wanted, False),
        }
        rows[m] = one
        for way, row in one.items():
            cells = [str(m), way, f"{row['f1']:.4g}", str(row["wrong"])]
            cells += (
                [f"{row['f1_before_rounding']:.4g}", f"{row['moved']:.2%}"]
                if "moved" in row
                else ["", ""]
            )
            print("|", " | ".join([*cells, f"{row['seconds']:.0f}"]), "|", flush=True)
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
