"""The synapses of blocks of neurons while they do not learn."""

import numpy as np
import pytest

from wmdelays import Memory
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.sparse_block import SparseBlock, synapses

N, D = 3 * BLOCK, 7


def learned_blocks(part, rng):
    """Blocks with weights at a part of their places, of which some are zero."""
    blocks = []
    for _ in range(N // BLOCK):
        weights = rng.normal(size=(N * D, BLOCK)).astype(np.float32)
        block = SparseBlock(N * D)
        block.limit(weights, rng.random(weights.shape) < part)
        block.weight[rng.random(len(block.weight)) < 0.2] = 0
        blocks.append(block)
    return blocks


@pytest.mark.parametrize("part", [0, 0.01, 0.5])
def test_all_synapses_are_in_the_order_of_a_memory_without_those_of_weight_zero(part):
    blocks = learned_blocks(part, np.random.default_rng(0))
    columns = synapses(blocks, D)
    dense = np.concatenate([block.dense()[0] for block in blocks], axis=1).astype(float)
    weights = dense.reshape(N, D, N).transpose(2, 0, 1)
    memory = Memory.from_dense(weights, step=1e-3, beta=0.5, theta=1.0)
    for name, column in columns.items():
        assert np.array_equal(column, getattr(memory, name))
        assert column.dtype == getattr(memory, name).dtype, "a memory takes it as it is"


@pytest.mark.parametrize("n_rows, kind", [(2**32 // BLOCK, np.uint32), (2**32, np.int64)])
def test_places_take_four_bytes_where_those_hold_all(n_rows, kind):
    last = n_rows * BLOCK - 1
    block = SparseBlock(n_rows, np.array([0, last]), np.ones(2, np.float32))
    assert block.place.dtype == kind and block.place[-1] == last
    assert synapses([SparseBlock(N * D, np.array([5]), np.ones(1, np.float32))], D)["post"] == 5
