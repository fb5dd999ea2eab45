"""Code that Cython refuses is no result."""

import pytest
from brian2 import prefs
from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager

from wmdelays import InputError
from wmdelays.brian_models import recall
from wmdelays.brian_models.devices.session import in_python
from wmdelays.machine.compiler import compiler


@pytest.mark.skipif(compiler() is None, reason="takes a C++ compiler")
def test_code_that_cython_refuses_is_an_error(
    random_memory, random_cue, monkeypatch, tmp_path, capfd
):
    """Brian2 alone would go on without it: a recall without a spike."""
    monkeypatch.setenv("WMDELAYS_CACHE", str(tmp_path))
    manager, before = type(cython_extension_manager), prefs.as_file
    create = manager.create_extension

    def broken(self, code, *others, **options):
        return create(self, f"{code}\ncdef int one = \n", *others, **options)

    monkeypatch.setattr(manager, "create_extension", broken)
    memory = random_memory(0)
    with pytest.raises(
        InputError, match=r"Cython [\d.]+ refuses .* Brian2 .*; take the device numpy"
    ):
        recall(memory, random_cue(0, memory), device="cython")
    assert "Error compiling Cython file" in capfd.readouterr().err
    assert prefs.as_file == before
    assert "create_extension" not in vars(cython_extension_manager)


def test_other_errors_stay_what_they_are():
    with pytest.raises(ZeroDivisionError), in_python("numpy"):
        1 / 0
