"""The process in which NEST runs; `wmdelays.nest_models.process` starts it and asks.

It takes requests as pickles on standard input and answers with pairs on standard output: ``("progress",
part)`` any number of times, then ``("done", what was asked for)``, or ``("refused", words)`` for what a
user can mend, or ``("failed", traceback)``. It ends when nobody asks any more.
"""

import ctypes
import os
import pickle
import resource
import signal
import sys
import traceback

from wmdelays.errors import InputError, named_as_flags
from wmdelays.nest_models.installation import imported_nest

# See `man prctl`.
_PR_SET_PDEATHSIG = 1


def serve():
    """What the process does."""
    _end_with_who_asks()
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # NEST and what it stands on write to standard output by themselves, and not a word is an answer.
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def tell(*words):
        pickle.dump(words, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()

    played = _Player(lambda part: tell("progress", part))
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        try:
            with named_as_flags(request.pop("flags")):
                answer = "done", played(**request)
        except InputError as error:
            answer = "refused", str(error)
        except BrokenPipeError:
            return
        except Exception:
            answer = "failed", traceback.format_exc()
        tell(*answer)


def _end_with_who_asks():
    """Let the system end this process with the thread that started it, where it can (Linux).

    What asks may be killed, and NEST looks at nothing while it simulates; a neuron whose integrator takes
    ever smaller steps may keep it for hours. A thread that starts it and ends leaves the others to start
    it once more.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Player:
    """Plays cues to the memory that it was given last."""

    def __init__(self, progress):
        self.progress, self.memory, self.network = progress, None, None
        self._nest = None

    def __call__(self, memory, cues, n, threads):
        if self._nest is None:
            self._nest = imported_nest()
        from wmdelays.nest_models.continuous import ContinuousNetwork
        from wmdelays.nest_models.network import Network
        from wmdelays.nest_models.script import needs_gates

        if n is None:
            kind = Network, needs_gates(cues), threads
        else:
            kind = ContinuousNetwork, n, threads
        if memory is not None or self.network is None or self.network[0] != kind:
            self.memory = self.memory if memory is None else memory
            # What was there before is gone with what is built now, and must not be played if that fails.
            self.network = None
            network, *settings = kind
            self.network = kind, network(self.memory, *settings)
        return self.network[1].play(cues, self.progress)
