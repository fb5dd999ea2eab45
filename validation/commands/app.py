"""The subcommands of `wmdelays`, one for each question, and what each end of them says.

torch, Brian2 and matplotlib are imported by the commands that need them, so that help and
mistakes on the command line are answered at once.
"""

import _thread
import sys
import threading
import warnings
from contextlib import contextmanager

import typer

from wmdelays import __version__
from wmdelays.errors import InputWarning, RecallWarning, named_as_flags
from wmdelays.machine.ending import fail, failed, unread
from wmdelays.validation.commands import (
    capacity,
    compare,
    find,
    find_unknown,
    groups,
    groups_over_time,
    info,
    izhikevich,
    map,
    motifs,
    periodic,
    retrieve,
    robustness,
    scan,
    store,
)
from wmdelays.validation.commands.continuous import stability
from wmdelays.validation.commands.exports import formats
from wmdelays.validation.commands.hardware import energy, quantise
from wmdelays.validation.commands.imports import weights
from wmdelays.validation.commands.recordings import generalise, spikes
from wmdelays.validation.commands.shared.terminal import begin, print_note
from wmdelays.validation.earlier import todays
from wmdelays.words import printable

# click comes with typer, since 0.16 under a private name.
_CommandLineError = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="Store spike patterns in synaptic delays and check their recall in Brian2.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("store")(store.command)
app.command("import")(weights.command)
app.command("export")(formats.command)
app.command("map")(map.command)
app.command("quantise")(quantise.command)
app.command("info")(info.command)
app.command("compare")(compare.command)
app.command("robustness")(robustness.command)
app.command("generalise")(generalise.command)
app.command("stability")(stability.command)
app.command("energy")(energy.command)
app.command("retrieve")(retrieve.command)
app.command("periodic")(periodic.command)
app.command("scan")(scan.command)
# It says itself that it takes no file.
app.command("capacity", context_settings={"allow_extra_args": True})(capacity.command)
app.command("motifs")(motifs.command)
app.command("spikes")(spikes.command)
app.command("find")(find.command)
app.command("find-unknown")(find_unknown.command)
app.command("groups")(groups.command)
app.command("groups-over-time")(groups_over_time.command)
app.command("izhikevich")(izhikevich.command)


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Print the version and end.")):
    if version:
        print(__version__)
        raise typer.Exit()


def run(arguments, began=None):
    """Run a subcommand; see `cli.main` and `begin`."""
    words, notes = todays(sys.argv[1:] if arguments is None else list(arguments))
    begin(words, began)
    try:
        for note in notes:
            print(f"wmdelays: {printable(note)}", file=sys.stderr)
        with _no_interrupt_lost(), _warnings_told(), named_as_flags():
            status = app(words, prog_name="wmdelays", standalone_mode=False) or 0
        # Newer typers catch the interrupt and say nothing.
        return fail("interrupted", status) if status == 130 else status
    except SystemExit as end:
        # What typer makes of an output that nobody reads.
        if isinstance(end.__context__, BrokenPipeError):
            return unread()
        raise
    except _CommandLineError as error:
        return fail(error.format_message() or "", 2)
    except typer.Abort:
        return fail("interrupted", 130)
    except (KeyboardInterrupt, Exception) as error:
        status = failed(error)
        if status is None:
            raise
        return status


@contextmanager
def _warnings_told():
    """Print what is said of an input, each thing once; other warnings are the software's own."""
    with warnings.catch_warnings():
        shown, told = warnings.showwarning, set()

        def show(message, category, *where):
            if not issubclass(category, InputWarning):
                shown(message, category, *where)
            elif str(message) not in told:
                told.add(str(message))
                print_note(str(message))

        warnings.simplefilter("always", InputWarning)
        # What a recall lacks the commands say themselves.
        warnings.simplefilter("ignore", RecallWarning)
        warnings.showwarning = show
        yield


@contextmanager
def _no_interrupt_lost():
    """Give Ctrl-C again where it came while C code called Python, which cannot pass it on.

    Numba's compiler does so thousands of times; Python would print the exception and go on.
    """
    before, given = sys.unraisablehook, []

    def hook(unraisable):
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            before(unraisable)
            return
        given.append(threading.Timer(0.05, _thread.interrupt_main))
        given[-1].daemon = True
        given[-1].start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in given:
            timer.cancel()
