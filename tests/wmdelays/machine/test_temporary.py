"""Temporary folders that leave nothing behind, and a full disk told in one line."""

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile

import numpy as np
import pytest

from wmdelays import InputError
from wmdelays.machine.temporary import full_disk, temporary_folder, write_array


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder of temporary folders."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_folder_is_the_users_alone_and_gone_at_the_end(place):
    with temporary_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("x")
    with pytest.raises(KeyboardInterrupt), temporary_folder():
        raise KeyboardInterrupt
    assert list(place.iterdir()) == []


def killed_with_a_folder(place):
    """Let another process make a folder and be killed; the folder."""
    code = (
        "import os, signal; from wmdelays.machine.temporary import temporary_folder\n"
        "with temporary_folder() as folder:\n"
        "    (folder / 'left').write_text('x')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "TMPDIR": str(place)}
    done = subprocess.run([sys.executable, "-c", code], env=environment)
    assert done.returncode == -signal.SIGKILL
    (folder,) = place.iterdir()
    assert (folder / "left").exists()
    return folder


def test_the_folder_of_a_killed_process_is_swept_and_that_of_a_living_one_is_not(place):
    killed = killed_with_a_folder(place)
    with temporary_folder() as first:
        assert not killed.exists()
        with temporary_folder() as second:
            assert first.exists() and second.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only the superuser can give a folder away")
def test_the_folder_of_another_user_is_not_swept(place):
    killed = killed_with_a_folder(place)
    os.chown(killed, 12345, 12345)
    with temporary_folder():
        assert killed.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_line_that_says_what_to_do(place, number):
    with pytest.raises(InputError, match=f"temporary folder {place} has no room left; .*TMPDIR"):
        with temporary_folder():
            raise OSError(number, os.strerror(number))
    # However deep in another library's error it lies.
    with pytest.raises(InputError, match="no room left"), temporary_folder():
        try:
            raise OSError(number, os.strerror(number))
        except OSError as error:
            raise RuntimeError("could not build") from error


def test_the_full_disk_of_another_folder_is_not_taken_for_it(place):
    with pytest.raises(OSError, match="elsewhere"), temporary_folder():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/elsewhere/results.jsonl")


def test_an_input_error_goes_through_as_it_is(place):
    with pytest.raises(InputError, match="no such thing"), temporary_folder() as folder:
        raise InputError("no such thing")
    with pytest.raises(InputError, match="no room left"), temporary_folder() as folder:
        raise full_disk(folder)


def test_no_place_for_temporary_folders_is_one_line(place):
    place.rmdir()
    with pytest.raises(InputError, match="no temporary folder can be made: .*TMPDIR"):
        with temporary_folder():
            pass


def test_an_array_is_written_as_its_bytes(tmp_path):
    for values in (
        np.arange(5, dtype=np.int32),
        np.zeros(0),
        np.array([1.5]),
        np.arange(6.0)[::2],
        np.arange(6).reshape(2, 3).T,
    ):
        write_array(tmp_path / "values", values)
        assert np.array_equal(np.fromfile(tmp_path / "values", values.dtype), values.ravel())


@pytest.mark.parametrize("size", [1, 10_000])
def test_an_array_that_does_not_fit_is_an_error(size, tmp_path):
    # In a process of its own, whose files may have no byte.
    code = (
        "import resource, signal, numpy as np; from wmdelays.machine.temporary import write_array\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "try:\n"
        f"    write_array({str(tmp_path / 'values')!r}, np.ones({size}))\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == str(errno.EFBIG), done.stderr
