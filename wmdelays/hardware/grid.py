"""Weights as whole numbers of a few bits times a scale for each neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from wmdelays.memory import Memory

LEAST_BITS, MOST_BITS = 2, 8
# Bits of a scale: a scale times a level is exact also in single precision.
_OF_A_SCALE = 14
# Weights of a neuron are taken as multiples of 2^-30 of the largest.
_FINEST = 30


def largest_level(bits: int) -> int:
    """The largest whole number of so many bits, with a sign: levels go from minus this to this."""
    return 2 ** (bits - 1) - 1


def short(scale: np.ndarray) -> np.ndarray:
    """Scales with so few digits that all their levels are exact."""
    part, exponent = np.frexp(scale)
    return np.ldexp(np.rint(np.ldexp(part, _OF_A_SCALE)), exponent - _OF_A_SCALE)


def levels_of(memory: Memory) -> tuple[np.ndarray, np.ndarray] | None:
    """The weights of a memory as levels of at most 8 bits, if they are exactly that.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    scale : float64 array, shape (n_neurons,)
        Of each postsynaptic neuron; 1 without synapses.
    level : int8 array, shape (n_synapses,)
        ``level * scale[memory.post]`` are the weights, bit for bit.

    None if there are no such levels.
    """
    largest = np.zeros(memory.n_neurons)
    np.maximum.at(largest, memory.post, np.abs(memory.weight))
    _, exponent = np.frexp(largest)
    parts = np.ldexp(memory.weight, _FINEST - exponent[memory.post])
    if not np.array_equal(parts, np.rint(parts)):
        return None
    parts = parts.astype(np.int64)
    divisor = np.zeros(memory.n_neurons, np.int64)
    np.gcd.at(divisor, memory.post, parts)
    divisor[divisor == 0] = 1
    level = parts // divisor[memory.post]
    scale = np.where(largest > 0, np.ldexp(divisor.astype(float), exponent - _FINEST), 1.0)
    small = np.abs(level).max(initial=0) <= largest_level(MOST_BITS)
    if not small or not np.array_equal(level * scale[memory.post], memory.weight):
        return None
    return scale, level.astype(np.int8)


def grid_of(memory: Memory) -> tuple[int, np.ndarray, np.ndarray] | None:
    """The grid that a memory's weights were learned on, if they are still there.

    Parameters
    ----------
    memory : Memory

    Returns
    -------
    bits : int
        As ``made["quantised"]`` says.
    scale, level : arrays
        See `levels_of`.

    None for all other memories.
    """
    said = memory.made.get("quantised")
    bits = said.get("bits") if isinstance(said, dict) else None
    if type(bits) is not int or not LEAST_BITS <= bits <= MOST_BITS or memory.neurons is not None:
        return None
    levels = levels_of(memory)
    if levels is None or np.abs(levels[1].astype(int)).max(initial=0) > largest_level(bits):
        return None
    return bits, *levels


def bits_of(memory: Memory) -> int | None:
    """The bits of the grid that a memory's weights were learned on; None for all other memories."""
    grid = grid_of(memory)
    return None if grid is None else grid[0]


def packed(level: np.ndarray, bits: int) -> np.ndarray:
    """Levels in bytes: two in each if they have four bits at most."""
    if bits > 4:
        return level.view(np.uint8)
    half = (level & 0xF).astype(np.uint8)
    half = np.append(half, np.zeros(len(half) % 2, np.uint8))
    return half[::2] | (half[1::2] << 4)


def unpacked(content: np.ndarray, bits: int, n: int) -> np.ndarray:
    """`n` levels from the bytes that `packed` made of them."""
    if bits > 4:
        return content.view(np.int8)
    half = np.empty(2 * len(content), np.uint8)
    half[::2], half[1::2] = content & 0xF, content >> 4
    level = half[:n].astype(np.int8)
    return np.where(level > 7, level - 16, level).astype(np.int8)
