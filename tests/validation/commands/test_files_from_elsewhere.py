"""A few files of each kind, made wrong at random, and the commands that read them.

``python tests/helpers/fuzz_files.py`` tries as many more as one likes.
"""

import fuzz_files as fuzz
import pytest

# Each number is a case, always the same.
CASES = range(3)
# Of computing: what is compiled once takes its time too.
SECONDS = 200


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    fuzz.prepared(folder)
    return folder


@pytest.fixture(scope="module")
def worker():
    made = fuzz.Worker()
    yield made
    made.end()


@pytest.mark.parametrize("kind", fuzz.COMMANDS)
def test_a_file_made_wrong_ends_no_command_otherwise_than_in_a_line(good, worker, kind):
    wrong = {n: worker(str(good), kind, n, seconds=SECONDS) for n in CASES}
    assert not any(wrong.values()), wrong
