"""What `wmdelays energy` says, in sentences and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.hardware.prices import PARTS
from wmdelays.words import metric, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wmdelays.validation.recall.energy import Energy

TITLES = {
    "weights": "weights",
    "targets": "targets of synapses",
    "state": "membranes and currents",
    "spikes": "spikes",
    "arithmetic": "adding and multiplying",
}


def factor(value: float) -> str:
    """How many times: ``6.4``, ``4,210``."""
    return f"{float(f'{value:.3g}'):,.12g}"


def answer(result: Energy) -> str:
    """The answer in one line."""
    cost = f"{metric(result.total, 'J')}, {factor(result.ratio)} times less than the dense network"
    missing = "" if result.f1 == 1 else f"; it is not complete, F1 {share(result.f1)}"
    return f"A recall costs {cost} ({metric(result.dense_total, 'J')}){missing}"


def counts(result: Energy) -> str:
    """What was counted, in one line."""
    return (
        f"a recall of {result.memory.n_steps:,} steps: {result.n_spikes:,.0f} spikes,"
        f" {result.n_events:,.0f} synaptic events, {result.n_updates:,.0f} updates of membranes"
    )


def basis(result: Energy) -> str:
    """Which prices the energies are made of, in one line."""
    prices = result.prices
    sizes = ", ".join(f"{n_bytes // 1024} KiB {_pj(value)}" for n_bytes, value in prices.sram)
    return (
        f"by published costs of 45 nm (Horowitz 2014, Jouppi et al. 2021), as Lemaire et al. 2022 count:"
        f" adding {_pj(prices.add)}, multiplying {_pj(prices.multiply)}, an access to a memory of"
        f" {sizes}, on the line through these, at most {_pj(prices.dram)} (DRAM)"
    )


def _pj(joules):
    return f"{joules * 1e12:g} pJ"


def part_columns(result: Energy) -> dict[str, list[str]]:
    """The energy of each part, of both networks."""
    return {
        "energy of": [*(TITLES[name] for name in PARTS), "all"],
        "event-driven": [
            metric(value, "J") for value in (*(result.joules[n] for n in PARTS), result.total)
        ],
        "dense": [
            metric(value, "J")
            for value in (*(result.dense_joules[n] for n in PARTS), result.dense_total)
        ],
    }


def memory_columns(results: Sequence[Energy], names: Sequence[str]) -> dict[str, list[str]]:
    """A line for each memory."""
    return {
        "memory": list(names),
        "patterns": [f"{one.memory.n_patterns:,}" for one in results],
        "synapses": [f"{one.memory.n_synapses:,}" for one in results],
        "F1": [share(one.f1) for one in results],
        "spikes": [f"{one.n_spikes:,.0f}" for one in results],
        "synaptic events": [f"{one.n_events:,.0f}" for one in results],
        "energy": [metric(one.total, "J") for one in results],
        "dense": [metric(one.dense_total, "J") for one in results],
        "times less": [factor(one.ratio) for one in results],
    }
