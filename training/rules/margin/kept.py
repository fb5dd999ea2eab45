"""What a checkpoint of the rule `margin` keeps, and how learning goes on from it."""

import msgspec
import numpy as np

from wmdelays.errors import InputError
from wmdelays.files.json_text import Whole
from wmdelays.training.rules.checkpoint import array_of
from wmdelays.training.rules.in_order import type_of_places
from wmdelays.training.rules.margin.presentations import BLOCK
from wmdelays.training.rules.margin.sparse_block import SparseBlock


class _Event(msgspec.Struct):
    """How far learning was after some epochs."""

    epoch: Whole
    stage: str
    wrong: Whole
    f1: float


class State(msgspec.Struct):
    """What a checkpoint keeps beside the arrays, see `state_of`."""

    stage: Whole
    epoch: Whole
    n_epochs: Whole
    n_stages: Whole
    flags: list[tuple[bool, bool]]
    history: list[_Event]
    # Blocks that learn once more, see `Learner.advance`; earlier checkpoints have none.
    again: list[int] = []
    # Blocks that have learned in a round that goes on, and the number of their wrong spikes.
    n_learned: Whole = 0
    wrong: Whole = 0


def state_of(learner):
    """All that changes in a `Learner`, as JSON values and arrays."""
    arrays = {"prunable": learner.prunable}
    named = {"block": learner.blocks, "before": learner.before}
    named = {name: dict(enumerate(blocks)) for name, blocks in named.items()}
    for name, blocks in (named | {"first": learner.first}).items():
        for k, block in blocks.items():
            arrays[f"{name}.place.{k}"], arrays[f"{name}.weight.{k}"] = (
                block.place,
                block.weight,
            )
    flags = [(block.limited, block.clean) for block in learner.blocks]
    names = ("stage", "epoch", "n_epochs", "n_learned", "wrong", "history", "again")
    state = {name: getattr(learner, name) for name in names}
    return {**state, "flags": flags, "n_stages": len(learner.stages)}, arrays


def restore(learner, state, arrays):
    """Let a `Learner` go on from what `state_of` gave, if it fits its settings."""
    if not {*state.again} <= {*learner.busy}:
        raise InputError("learns blocks once more that there are not")
    learner.again = state.again
    if learner.again:
        learner.learn_again()
    _restore_stages(learner, state)
    shape = (len(learner.blocks), BLOCK)
    if len(state.flags) != len(learner.blocks):
        raise InputError(f"has {len(state.flags)} blocks, not {len(learner.blocks)}")
    learner.prunable = array_of(arrays, "prunable", bool, shape) & ~learner.silent[:, None]
    learner.n_epochs = state.n_epochs
    learner.history = [msgspec.structs.asdict(event) for event in state.history]
    learner.blocks = _restored_blocks(learner, "block", arrays, dict(enumerate(state.flags)))
    # Checkpoints of earlier versions have none.
    kept = [k for k in learner.again if f"first.place.{k}" in arrays]
    first = _restored_blocks(learner, "first", arrays, dict.fromkeys(kept, (True, False)))
    learner.first = dict(zip(kept, first))
    # What a stage has cut it may have to give back.
    cut = learner.stages[: learner.stage + (learner.epoch + learner.n_learned > 0)]
    if any(stage.prunes for stage in cut):
        flags = dict.fromkeys(range(len(learner.blocks)), (True, False))
        learner.before = _restored_blocks(learner, "before", arrays, flags)


def _restore_stages(learner, state):
    most = learner.plan.most_stages()
    if state.n_stages > most:
        raise InputError(f"has {state.n_stages} stages; there are {most} at most")
    while len(learner.stages) < state.n_stages:
        learner.stages += learner.plan.pruning()
    if len(learner.stages) != state.n_stages or state.stage > state.n_stages:
        raise InputError(f"is in stage {state.stage} of {state.n_stages}, which there is not")
    epochs = 1 if state.stage == state.n_stages else learner.stages[state.stage].epochs
    if state.epoch >= epochs:
        raise InputError(f"is in epoch {state.epoch} of a stage of {epochs}")
    learner.stage, learner.epoch = state.stage, state.epoch
    n_blocks = 0 if learner.done else len(learner.learning)
    if state.n_learned and state.n_learned >= n_blocks:
        raise InputError(f"has {state.n_learned} blocks of {n_blocks} that have learned")
    learner.n_learned, learner.wrong = state.n_learned, state.wrong


def _restored_blocks(learner, name, arrays, flags):
    blocks = []
    for k, flag in flags.items():
        # Checkpoints of earlier versions have them in 64 bits.
        own = f"{name}.place.{k}"
        wide = own in arrays and arrays[own].dtype == np.int64
        kind = np.int64 if wide else type_of_places(learner.n_rows * BLOCK)
        place = array_of(arrays, own, kind, (None,))
        weight = array_of(arrays, f"{name}.weight.{k}", np.float32, place.shape)
        inside = not place.size or 0 <= place[0] <= place[-1] < learner.n_rows * BLOCK
        if not inside or (place[1:] <= place[:-1]).any():
            raise InputError(f"has places in {own} that there are not")
        blocks.append(SparseBlock(learner.n_rows, place, weight, *flag))
    return blocks
