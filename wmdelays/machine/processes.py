"""Programs that end with the process that started them."""

import os
import signal
import subprocess

# Runs the command in "$@". The pipe on standard input is open for as long as our process lives;
# where it is killed, the whole group goes: a compiler starts others, which its own end would leave.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
job=$!
{ read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 &
guard=$!
wait "$job"
status=$?
kill "$guard"
exit "$status"
"""


class Job:
    """A program that has been started.

    However this process ends, the program and all that it started end with it.

    Parameters
    ----------
    command : list of str
    folder : path
        Where it runs. What it writes to a temporary folder gets there as well.
    environment : dict
        Environment variables that it has besides, or instead of, those of this process.
    """

    def __init__(self, command, folder, environment=None):
        self.command = command
        # Its messages are read by us, who know them in English.
        environment = os.environ | {"LC_ALL": "C", "TMPDIR": str(folder)} | (environment or {})
        pipe = subprocess.PIPE
        ours, self._alive = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "sh", *map(str, command)],
                cwd=folder,
                env=environment,
                stdin=ours,
                stdout=pipe,
                stderr=pipe,
                text=True,
                errors="replace",
                process_group=0,
            )
        except BaseException:
            os.close(self._alive)
            raise
        finally:
            os.close(ours)

    def finish(self):
        """Wait for the end.

        Returns
        -------
        status : int
            The exit status; 128 and the number of the signal where one ended the program.
        output, errors : str
        """
        try:
            output, errors = self._process.communicate()
            return self._process.returncode, output, errors
        finally:
            self.end()

    def end(self):
        """End the program at once, if it still runs."""
        if self._alive is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
        os.close(self._alive)
        self._alive = None


def signal_name(status):
    """The name of the signal that ended a program, or None if none did."""
    try:
        return signal.Signals(status - 128).name
    except ValueError:
        return None
