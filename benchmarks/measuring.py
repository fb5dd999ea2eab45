"""What the benchmarks share: timing, peak memory, and the dense peer in snnTorch."""

import os
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager

import psutil


def timed(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def measured(words, environment=None):
    """Run a command; its output, wall time and peak memory in bytes, children included."""
    start = time.perf_counter()
    environment = {**os.environ, **(environment or {})}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(words, stdout=output, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        errors.seek(0)
        if status:
            raise SystemExit(f"{' '.join(map(str, words))} failed:\n{errors.read()}")
        return output.read(), seconds, usage.ru_maxrss * 1024


@contextmanager
def taken():
    """How much memory this process takes at most beside pages of files: the last of what it yields.

    Pages of files are given back where the system needs room. Looked at twenty times a second.
    """
    process, found, ended = psutil.Process(), [0], threading.Event()

    def look():
        while not ended.wait(0.05):
            memory = process.memory_info()
            found.append(max(found.pop(), memory.rss - memory.shared))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def dense_network(memory):
    """The dense network of the reference: a step function in snnTorch, and its weights.

    At every step the context of the last D steps, flattened, is multiplied by the dense matrix of
    N x (N D) weights, for all patterns side by side. The step takes the forced spikes, membrane
    and window, and gives the network's own spikes, membrane and window.
    """
    import snntorch
    import torch
    from snntorch import surrogate

    n_neurons, n_delays = memory.n_neurons, memory.n_delays
    # The reference's window runs from the oldest step to the newest: delay d at position D - d.
    dense = torch.zeros(n_neurons, n_neurons * n_delays)
    column = memory.pre.astype("int64") * n_delays + n_delays - memory.delay
    dense[torch.from_numpy(memory.post).long(), torch.from_numpy(column)] = torch.from_numpy(
        memory.weight
    ).float()
    neuron = snntorch.Leaky(
        beta=memory.beta,
        threshold=memory.theta,
        reset_mechanism="subtract",
        spike_grad=surrogate.fast_sigmoid(slope=15),
    )

    def step(forced, membrane, window):
        spikes, membrane = neuron(window.flatten(1) @ dense.T, membrane)
        emitted = torch.maximum(spikes, forced)
        return spikes, membrane, torch.cat([window[:, :, 1:], emitted[:, :, None]], dim=2)

    start = neuron.reset_mem(), torch.zeros(memory.n_patterns, n_neurons, n_delays)
    return step, start, dense


def dense_cues(memory):
    """The cues of all patterns as a float tensor, shape (n_steps, n_patterns, n_neurons)."""
    import torch

    forced = torch.zeros(memory.n_steps, memory.n_patterns, memory.n_neurons)
    for b, cue in enumerate(memory.cues()):
        steps = torch.from_numpy(cue.spikes.steps(cue.step))
        forced[steps, b, torch.from_numpy(cue.spikes.neurons)] = 1
    return forced


def dense_forward(memory):
    """Seconds for one dense forward pass of all patterns."""
    import torch

    step, state, _ = dense_network(memory)
    forced = dense_cues(memory)

    def forward():
        now = state
        with torch.no_grad():
            for t in range(memory.n_steps):
                _, *now = step(forced[t], *now)

    return timed(forward)[0]
