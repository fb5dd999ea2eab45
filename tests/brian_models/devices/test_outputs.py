"""What a compiled program leaves is read only if it is whole."""

import shutil
import signal
from types import SimpleNamespace

import brian2
import numpy as np
import pytest

from wmdelays import InputError
from wmdelays.brian_models import recall
from wmdelays.brian_models.devices import outputs
from wmdelays.brian_models.devices.outputs import Outputs

SAID = "{ echo wrote i 12; echo wrote t 24; echo wrote v 16; echo all is written; }"
WRITTEN = "cd results; head -c 12 /dev/zero >i; head -c 24 /dev/zero >t; head -c 16 /dev/zero >v"


@pytest.fixture
def left(tmp_path):
    """left(script): the arrays that are read after a program that does this."""

    def variable(dtype, size=0):
        return SimpleNamespace(dtype=dtype, size=size)

    device = SimpleNamespace(
        insert_code=lambda slot, code: None, get_array_name=lambda variable, access_data: ""
    )
    owner = SimpleNamespace(
        variables={"i": variable(np.int32), "t": variable(float), "v": variable(float, 2)}
    )
    wanted = Outputs(device)
    wanted.vectors(owner, ("i", "t"))
    wanted.arrays(owner, ("v",))
    (tmp_path / "results").mkdir()

    def left(script):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        (arrays,) = wanted.of(program, tmp_path)
        return arrays

    return left


@pytest.mark.parametrize("failing", [0, 1])
def test_where_one_program_fails_or_ctrl_c_comes_the_others_end(tmp_path, monkeypatch, failing):
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        folder.mkdir()
    (folders[failing] / "fails").touch()
    program = tmp_path / "program"
    program.write_text(
        "#!/bin/sh\n[ -e fails ] && { echo bad luck >&2; exit 1; }\nexec sleep 600\n"
    )
    program.chmod(0o700)
    jobs = []

    class Noted(outputs.Job):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            jobs.append(self)

        def finish(self):
            if self is jobs[0] and failing:
                raise KeyboardInterrupt
            return super().finish()

    monkeypatch.setattr(outputs, "Job", Noted)
    wanted = Outputs(SimpleNamespace(insert_code=lambda slot, code: None))
    with pytest.raises(
        KeyboardInterrupt if failing else RuntimeError, match=None if failing else "bad"
    ):
        wanted.of(program, *folders)
    assert len(jobs) == 3
    assert all(job._process.returncode is not None and job._alive is None for job in jobs)


def test_what_is_whole_is_read(left):
    arrays = left(f"{WRITTEN}; {SAID}")
    assert arrays["i"].tolist() == [0, 0, 0] and arrays["i"].dtype == np.int32
    assert arrays["t"].tolist() == [0.0, 0.0, 0.0] and len(arrays["v"]) == 2


@pytest.mark.parametrize(
    "script",
    [
        f"{WRITTEN}; truncate -s 8 i; {SAID}",
        f"{WRITTEN}; truncate -s 16 i; {SAID}",
        f"{WRITTEN}; rm t; {SAID}",
        WRITTEN,
        f"{WRITTEN}; {SAID} | head -n 3",
        f"{WRITTEN}; {SAID} | sed '/wrote i/d'",
        # As many bytes as were said, but of fewer records than beside it, and of none at all.
        f"{WRITTEN}; truncate -s 8 i; {SAID} | sed s/12/8/",
        f"{WRITTEN}; truncate -s 11 i; {SAID} | sed s/12/11/",
        f"{WRITTEN}; truncate -s 8 v; {SAID} | sed s/16/8/",
    ],
)
def test_what_is_not_whole_is_refused(left, script):
    with pytest.raises(InputError, match="is not whole"):
        left(script)


@pytest.mark.parametrize(
    "script",
    [
        "echo cannot write i: No space left on device >&2; exit 1",
        "echo cannot write i: Disk quota exceeded >&2; exit 1",
        "kill -XFSZ $$",
    ],
)
def test_a_full_disk_is_one_line_that_says_what_to_do(left, script):
    with pytest.raises(InputError, match="no room left.*TMPDIR"):
        left(f"{WRITTEN}; {SAID}; {script}")


def test_a_cut_output_on_a_full_disk_is_told_as_that(left, monkeypatch):
    monkeypatch.setattr(outputs, "is_full", lambda folder: True)
    for script in (f"{WRITTEN}; truncate -s 8 i; {SAID}", "kill -BUS $$"):
        with pytest.raises(InputError, match="no room left.*TMPDIR"):
            left(script)


def test_a_program_that_was_ended_is_one_line(left):
    with pytest.raises(InputError, match="ended by SIGKILL .is there enough memory"):
        left(f"{WRITTEN}; {SAID}; kill -KILL $$")
    with pytest.raises(InputError, match="needs more memory than there is"):
        left("echo terminate called, what: std::bad_alloc >&2; kill -ABRT $$")
    with pytest.raises(RuntimeError, match="cannot read weight"):
        left(f"{WRITTEN}; {SAID}; echo cannot read weight >&2; exit 1")


@pytest.mark.parametrize("n_bytes", [0, 1, 1000])
def test_the_compiled_program_looks_whether_its_files_fit(
    n_bytes, random_memory, random_cue, monkeypatch
):
    memory = random_memory(3, kind="exploding")
    cue = random_cue(0, memory, n_steps=300)
    whole = recall(memory, cue, device="cpp_standalone")
    assert len(whole.emitted.times) > 1000
    sh = shutil.which("sh")

    class Short(outputs.Job):
        """Its files end early; more is as on a full disk, no signal."""

        def __init__(self, command, folder):
            limit = f'trap "" XFSZ; ulimit -f {-(-n_bytes // 512)}; exec "$@"'
            super().__init__([sh, "-c", limit, "sh", *command], folder)

    monkeypatch.setattr(outputs, "Job", Short)
    with pytest.raises(InputError, match="no room left"):
        recall(memory, cue, device="cpp_standalone")
    monkeypatch.undo()
    assert recall(memory, cue, device="cpp_standalone").emitted == whole.emitted


def test_ctrl_c_does_not_make_a_simulation_short(random_memory, random_cue):
    """Brian2 ends a simulation early where it may, and goes on as if that were all of it."""
    memory = random_memory(0)
    cue = random_cue(0, memory, n_steps=1500)
    handler = brian2._InterruptHandler(signal.default_int_handler)
    before = signal.signal(signal.SIGINT, handler)
    while_running = []

    def interrupted(stage, part):
        if brian2.Network._globally_running and not while_running:
            while_running.append(part)
            signal.raise_signal(signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            recall(memory, cue, device="numpy", progress=interrupted)
    finally:
        signal.signal(signal.SIGINT, before)
    assert while_running
