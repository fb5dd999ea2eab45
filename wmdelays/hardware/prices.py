"""What an addition, a multiplication and an access to memory cost in energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from wmdelays.hardware.operations import Operations, Traffic

PARTS = ("weights", "targets", "state", "spikes", "arithmetic")


@dataclass(frozen=True)
class Prices:
    """Energy of operations in joules; by default in 45 nm, whole numbers of 32 bits.

    Parameters
    ----------
    add, multiply : float
        Of one operation.
    sram : sequence of (int, float)
        Sizes of memories on the chip in bytes, and the energy of an access to each. Between and
        beyond them counts the straight line that fits best.
    dram : float
        Of an access to memory beside the chip; no access costs more.

    References
    ----------
    M. Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014. N. P. Jouppi
    et al., Ten lessons from three generations shaped Google's TPUv4i, ISCA 2021, table 2. Lemaire et
    al. 2022, arXiv 2210.13107, take the same values and fit the line; the limit is not theirs.
    """

    add: float = 0.1e-12
    multiply: float = 3.1e-12
    sram: tuple[tuple[int, float], ...] = ((2**13, 10e-12), (2**15, 20e-12), (2**20, 100e-12))
    dram: float = 1300e-12

    def access(self, n_bytes: float) -> float:
        """Joules of one access to a memory of so many bytes."""
        slope, start = np.polyfit(*np.transpose(self.sram), 1)
        return float(min(start + slope * n_bytes, self.dram))

    def of(self, operations: Operations) -> dict[str, float]:
        """Joules of each part of some operations, by their names in `PARTS`."""

        def moved(traffic: Traffic) -> float:
            return traffic.n_accesses * self.access(traffic.n_bytes)

        parts = {name: moved(getattr(operations, name)) for name in PARTS[:-1]}
        arithmetic = operations.n_adds * self.add + operations.n_multiplies * self.multiply
        return {**parts, "arithmetic": arithmetic}
