"""The other process that does something meanwhile."""

import os

import pytest
from pieces_of_work import end_there, process_and, wrong

from wmdelays.errors import InputError
from wmdelays.validation.work import aside as module
from wmdelays.validation.work.aside import Aside


@pytest.fixture
def aside(processors):
    processors(2)
    with Aside() as one:
        yield one


def test_another_process_does_one_thing_after_the_other(aside):
    large = b"." * 1_000_000
    aside.give(process_and, large)
    first, found = aside.answer()
    aside.give(process_and, "more")
    assert (aside.answer(), found) == ((first, "more"), large)
    assert first != os.getpid()


def test_what_is_wrong_there_is_said_here(aside):
    aside.give(wrong, "a word")
    with pytest.raises(InputError, match="a word cannot be used"):
        aside.answer()


def test_this_process_does_what_the_killed_one_left(aside):
    aside.give(end_there, os.getpid())
    assert aside.answer() == "done here"
    aside.give(process_and, 1)
    assert aside.answer()[0] != os.getpid()


def test_what_cannot_be_sent_is_done_here(aside):
    aside.give(process_and, lambda: None)
    assert aside.answer()[0] == os.getpid()


def test_no_process_is_started_where_none_is_of_use(aside, processors, monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: module.LEAST_BYTES + 9)
    aside.give(process_and, 1, n_bytes=10)
    assert aside.answer() == (os.getpid(), 1)
    processors(1)
    aside.give(process_and, 1)
    assert aside.answer() == (os.getpid(), 1)


def test_it_ends_with_the_context():
    with Aside() as one:
        one.give(process_and, 1)
        number, _ = one.answer()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
