"""The folder of what was compiled, in which nobody else can put anything."""

import os
import subprocess
import sys

import pytest

from wmdelays.machine import cache_folder as module
from wmdelays.machine.cache_folder import cache_folder, is_own_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path / "cache"))
    module._tell_once.cache_clear()
    return tmp_path / "cache"


def mode(path):
    return path.stat().st_mode & 0o777


def is_temporary(path):
    return path.parent.name.startswith(".wmdelays-") and mode(path) == 0o700


def test_it_is_made_for_this_user_alone(folder):
    assert cache_folder("programs") == folder / "programs"
    assert mode(folder) == mode(folder / "programs") == 0o700


@pytest.mark.parametrize("others", [0o777, 0o770, 0o702])
@pytest.mark.parametrize("where", [".", "programs"])
def test_one_that_others_may_write_to_is_not_used(folder, others, where, capsys):
    cache_folder("programs")
    (folder / where).chmod(others)
    assert is_temporary(cache_folder("programs"))
    line = f"wmdelays: {folder / where}: other users may write to it; what is compiled is not kept"
    assert capsys.readouterr().err.startswith(line)
    assert is_temporary(cache_folder("programs"))
    assert capsys.readouterr().err == ""
    # Nobody's folder is changed.
    assert mode(folder / where) == others


def test_one_that_others_may_move_away_is_not_used(folder, capsys):
    cache_folder("programs")
    folder.parent.chmod(0o777)
    assert is_temporary(cache_folder("programs"))
    assert f"everybody may write to {folder.parent}" in capsys.readouterr().err
    folder.parent.chmod(0o1777)
    assert cache_folder("programs") == folder / "programs"


def test_one_of_another_user_is_not_used(folder, monkeypatch, capsys):
    cache_folder("programs")
    monkeypatch.setattr(module.os, "geteuid", lambda: 12345)
    assert is_temporary(cache_folder("programs"))
    assert "belongs to another user" in capsys.readouterr().err


def test_one_from_which_no_program_may_run_is_not_used(folder, monkeypatch, capsys):
    monkeypatch.setattr(module, "may_run", lambda folder: False)
    assert is_temporary(cache_folder("programs"))
    assert "programs may not be run from it (noexec)" in capsys.readouterr().err


def test_a_relative_name_is_one_from_here(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WMDELAYS_CACHE", "near")
    assert cache_folder("programs") == tmp_path / "near" / "programs"


def test_without_a_home_it_is_temporary_and_nothing_is_said(folder, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WMDELAYS_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    # What Python makes of it for a user whom the system does not know.
    monkeypatch.setattr(module.os.path, "expanduser", lambda path: path)
    assert is_temporary(cache_folder("programs"))
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert is_temporary(cache_folder("programs"))
    assert capsys.readouterr().err == "" and list(tmp_path.iterdir()) == []


def test_a_temporary_one_goes_with_its_process(tmp_path):
    code = "from wmdelays.machine.cache_folder import cache_folder; print(cache_folder('programs'))"
    environment = {**os.environ, "WMDELAYS_CACHE": "/proc/none", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert str(tmp_path) in done.stdout and list(tmp_path.iterdir()) == []


def test_a_file_is_ones_own_if_nobody_else_can_have_written_it(tmp_path, monkeypatch):
    path = tmp_path / "program"
    assert not is_own_file(path)
    path.touch(0o700)
    assert is_own_file(path)
    (tmp_path / "link").symlink_to(path)
    assert not is_own_file(tmp_path / "link") and not is_own_file(tmp_path)
    path.chmod(0o720)
    assert not is_own_file(path)
    path.chmod(0o700)
    monkeypatch.setattr(module.os, "geteuid", lambda: 12345)
    assert not is_own_file(path)
