"""Ctrl-C and the other signals that end a program: one line, whenever they come."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from wmdelays.machine.interrupts import Interrupts
from wmdelays.validation.cli import main

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def run(code, *words, **options):
    """A Python program of its own, in which no signal is ignored."""

    def as_from_a_terminal():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=as_from_a_terminal,
        **options,
    )


# Each gives itself the signal at a moment of its own: an interpreter hook tells of every import.
INSIDE_AN_IMPORT = """
    import os, sys
    number, name = int(sys.argv[1]), sys.argv[2]
    sys.argv[1:] = sys.argv[3:]
    def hook(event, arguments):
        if event == "import" and arguments[0] == name:
            os.kill(os.getpid(), number)
    sys.addaudithook(hook)
    import signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from wmdelays.validation.cli import main
    main()
"""


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("module", ["typer", "numpy", "h5py", "rich.table", "wmdelays.scores"])
def test_a_signal_during_the_first_imports_is_one_line(number, module):
    done = run(INSIDE_AN_IMPORT, int(number), module, "info", "none.h5")
    assert (done.returncode, done.stderr) == (128 + number, "wmdelays: interrupted\n")


@pytest.mark.parametrize("module", ["torch", "numba", "llvmlite.binding", "brian2", "sympy"])
def test_ctrl_c_during_an_import_of_a_command_is_one_line(module, small_memory):
    simulators = ("--simulators", "compiled,torch,brian2", "--device", "numpy")
    words = ("compare", small_memory, *simulators)
    done = run(INSIDE_AN_IMPORT, int(signal.SIGINT), module, *words)
    assert (done.returncode, done.stderr) == (130, "wmdelays: interrupted\n")


FAILING_IMPORT = """
    import sys
    kind, text, name = sys.argv[1:4]
    sys.argv[1:] = sys.argv[4:]
    def hook(event, arguments):
        if event == "import" and arguments[0] == name:
            raise dict(memory=MemoryError, loader=ImportError)[kind](text)
    sys.addaudithook(hook)
    from wmdelays.validation.cli import main
    main()
"""


@pytest.mark.parametrize(
    "kind, text",
    [("memory", ""), ("loader", "libx.so: failed to map segment from shared object")],
)
@pytest.mark.parametrize("module", ["typer", "psutil", "h5py"])
def test_an_import_without_memory_is_one_line(kind, text, module):
    done = run(FAILING_IMPORT, kind, text, module, "info", "none.h5")
    assert done.returncode == 2
    assert (
        done.stderr.startswith("wmdelays: this needs more memory") and done.stderr.count("\n") == 1
    )


def test_an_import_that_fails_otherwise_is_no_want_of_memory():
    done = run(FAILING_IMPORT, "loader", "no such thing", "typer", "info", "none.h5")
    assert done.returncode == 1 and "no such thing" in done.stderr


def test_the_doorway_imports_nothing_that_takes_long():
    code = (
        "import sys; before = set(sys.modules); import wmdelays.validation.cli;"
        "print(*set(sys.modules) - before)"
    )
    loaded = run(code).stdout.split()
    assert "wmdelays.validation.cli" in loaded
    assert not [
        name for name in loaded if name.split(".")[0] in ("numpy", "typer", "h5py", "scipy")
    ]


KILL = "os.kill(os.getpid(), int(sys.argv[1]))"
IN_A_COMMAND = """
    import os, signal, sys, time
    from wmdelays.validation import cli
    from wmdelays.validation.commands import app
    def work(arguments, began):
        from wmdelays.machine.temporary import temporary_folder
        with temporary_folder():
            {then}
    app.run = work
    cli.main()
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_every_signal_is_a_keyboard_interrupt_to_a_command(number, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = run(IN_A_COMMAND.format(then=KILL), int(number), env=environment)
    assert (done.returncode, done.stderr) == (128 + number, "wmdelays: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_became_an_error_of_a_library_is_one_line(tmp_path):
    then = f"""
            try:
                {KILL}
            except KeyboardInterrupt:
                raise ImportError("cannot import name 'x'")
    """
    done = run(IN_A_COMMAND.format(then=then.strip()), int(signal.SIGINT))
    assert (done.returncode, done.stderr) == (130, "wmdelays: interrupted\n")


def test_a_signal_after_the_last_line_changes_nothing():
    code = """
        import atexit, os, signal
        from wmdelays.validation import cli
        from wmdelays.validation.commands import app
        def work(arguments, began):
            print("result")
            return 1
        app.run = work
        atexit.register(os.kill, os.getpid(), signal.SIGINT)
        cli.main()
    """
    done = run(code)
    assert (done.returncode, done.stdout, done.stderr) == (1, "result\n", "")


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_of_a_program_that_calls_us_are_put_back(capsys):
    before = [signal.getsignal(number) for number in SIGNALS]
    assert main(["--version"]) == 0
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_copy_of_the_process_ends_without_a_word():
    code = """
        import multiprocessing, os, signal, time
        from wmdelays.machine.interrupts import Interrupts
        begun, begin = os.pipe()
        def work():
            os.write(begin, b"x")
            time.sleep(60)
        with Interrupts() as interrupts:
            interrupts.imported()
            copy = multiprocessing.get_context("fork").Process(target=work)
            copy.start()
            os.read(begun, 1)  # Python forgets a signal that comes while it makes the copy.
            copy.terminate()
            copy.join()
            print(copy.exitcode)
    """
    done = run(code)
    assert (done.stdout, done.stderr) == (f"{-signal.SIGTERM}\n", "")


@pytest.mark.parametrize("words", [["info", "FILE", "--json", "-"], ["--version"]])
def test_output_that_does_not_fit_is_one_line(small_memory, words):
    words = [small_memory if word == "FILE" else word for word in words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wmdelays.validation.cli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr.endswith("output: No space left on device\n")
    assert done.stderr.count("wmdelays: ") == 1
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
