"""What a method says where memory or time do not suffice for its mining."""

from contextlib import contextmanager, nullcontext

from wmdelays.errors import InputError, parameter, with_settings
from wmdelays.find.unknown.mining import Miner, TookTooLong, TooManyPatterns
from wmdelays.machine.free_memory import in_words
from wmdelays.words import duration


@contextmanager
def within_limits(name, instead, miner, seconds):
    """A process that mines; where there are too many patterns, a line that says what to change."""
    instead = with_settings(instead)
    try:
        with nullcontext(miner) if miner else Miner(instead, seconds) as one:
            yield one
    except TooManyPatterns as error:
        raise InputError(
            f"{name} finds more patterns than {in_words(error.n_bytes)} of memory hold; {instead}"
        ) from None
    except TookTooLong:
        raise InputError(
            f"{name} has not come to an end in {duration(seconds)} ({parameter('max_time')}); {instead}"
        ) from None
