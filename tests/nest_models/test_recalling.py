"""What NEST is told: threads, gates and leaks."""

import math
from pathlib import Path

import numpy as np
import pytest
from random_networks import CUES

from wmdelays import InputError
from wmdelays.nest_models import recall
from wmdelays.nest_models.script import needs_gates

pytest.importorskip("nest")

HELPERS = Path(__file__).parents[1] / "helpers"


def test_the_leak_is_beta_to_the_last_bit_where_that_can_be():
    from wmdelays.nest_models.leak import time_constant

    betas = np.random.default_rng(0).uniform(0.5, 1, 2000)
    missed = [beta for beta in betas if math.exp(-1 / time_constant(beta)) != beta]
    assert not missed
    for beta in (1e-300, 1e-12, 0.01, 0.3):
        assert abs(math.exp(-1 / time_constant(beta)) / beta - 1) < 800 * np.finfo(float).eps
    assert math.exp(-1 / time_constant(1 - 2**-53)) == 1 - 2**-53


@pytest.mark.parametrize("threads", [0, -1, 1.5, 10_000, math.nan, math.inf])
def test_threads_are_one_to_the_number_of_processors(random_memory, random_cue, threads):
    memory = random_memory(0)
    with pytest.raises(InputError, match=f"NEST cannot run in {threads} threads; take 1 to .*=.$"):
        recall(memory, random_cue(0, memory), threads=threads)


def test_gates_are_for_lost_spikes_and_for_spikes_that_are_forced_on_a_free_network(
    random_memory, random_cue
):
    memory = random_memory(0)
    gated = {kind for kind in CUES if needs_gates([random_cue(0, memory, kind)])}
    assert gated == {"free", "ongoing", "losing spikes"}


_MEMBRANES = """
import numpy as np
import nest
from random_networks import _random_cue, _random_memory
from wmdelays.nest_models import network
from wmdelays.training.discrete.compiled import recall

differ = [0, 0]
for seed in range(2):
    memory = _random_memory(seed, 40, 8, "busy", 1e-3, 0.83)
    cue = _random_cue(seed, memory, "clamped", 40)
    emitted = recall(memory, cue).emitted.dense(memory.step)
    u, arrives = np.zeros(40), np.zeros((48, 40))
    for t in range(40):
        u = 0.83 * np.where(emitted[t - 1], 0, u) + arrives[t]
        for i in np.flatnonzero(emitted[t]):
            of = memory.pre == i
            np.add.at(arrives, (t + memory.delay[of], memory.post[of]), memory.weight[of])
    u[emitted[39]] = 0
    for threads in (1, 2):
        made, at_rest = network.Network(memory, False, threads), []
        class Clock(network.Clock):
            def run_to(self, tick):
                super().run_to(tick)
                at_rest.append(np.array(made._neurons.V_m))
        network.Clock, before = Clock, network.Clock
        made.play([cue], lambda part: None)
        network.Clock = before
        assert np.allclose(at_rest[1], u, rtol=1e-12, atol=0)
        differ[threads - 1] += int((at_rest[1] != u).sum())
print(differ[0], differ[1] > 0)
"""


def test_with_one_thread_membranes_are_those_of_the_compiled_loop_to_the_last_bit(wmdelays):
    """That it can fail is seen with two threads, which add in another order."""
    helpers = f"import sys; sys.path.insert(0, {str(HELPERS)!r})\n"
    done = wmdelays.in_a_process("-c", helpers + _MEMBRANES)
    assert done.stdout.splitlines()[-1] == "0 True", done.stderr
