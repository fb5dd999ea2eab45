"""What `wmdelays quantise` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wmdelays.words import share

if TYPE_CHECKING:
    from wmdelays.memory import Memory


def answer(memory: Memory) -> str:
    """The answer in one line: whether weights of so few bits recall."""
    bits, f1 = memory.made["quantised"]["bits"], memory.made["scores"]["f1"]
    if f1 == 1:
        return f"Weights of {bits} bits recall all patterns whole: F1 {share(f1)}"
    return f"Weights of {bits} bits do not recall all: F1 {share(f1)}; more bits recall more"


def beside(before: Memory, after: Memory, size_before: str, size: str) -> str:
    """What became smaller, in one line."""
    worst, reached = after.made["scores"]["worst_pattern_f1"], after.made["reached"]
    return (
        f"worst pattern {share(worst)}; {reached['open_loop_errors']:,} wrong spikes in open loop,"
        f" margin {reached['margin']:.3g}; synapses {before.n_synapses:,} before,"
        f" {after.n_synapses:,} now; file {size_before} before, {size} now"
    )
