"""What a compiled program leaves, read only if it is whole."""

import os
import signal

import numpy as np

from wmdelays.errors import InputError
from wmdelays.machine.processes import Job, signal_name
from wmdelays.machine.temporary import full_disk, is_full, says_full

# Brian2's own code does not look whether what it writes fits on the disk.
_WRITE = """
auto _write = [](const char *name, const void *values, size_t n_bytes) {
    errno = 0;
    std::ofstream file(brian::results_dir + name, std::ios::binary);
    if (n_bytes) file.write(reinterpret_cast<const char *>(values), n_bytes);
    file.close();
    if (!file) {
        std::cerr << "cannot write " << name << ": " << std::strerror(errno) << std::endl;
        std::exit(1);
    }
    std::cout << "wrote " << name << ' ' << n_bytes << std::endl;
};
if (Network::_globally_stopped) { std::cerr << "stopped before its end" << std::endl; std::exit(1); }
"""
_END = "all is written"


class Outputs:
    """Makes a program write arrays of its network into files and say how long each of them is.

    Parameters
    ----------
    device : brian2.devices.cpp_standalone.device.CPPStandaloneDevice
        The device of `private_device`.
    """

    def __init__(self, device):
        self.device, self._files, self._alike = device, {}, []
        self._insert(_WRITE)

    def _insert(self, code):
        self.device.insert_code("before_end", code)

    def arrays(self, owner, names):
        """Write arrays whose size is part of the program."""
        for name in names:
            variable = owner.variables[name]
            array = self.device.get_array_name(variable, access_data=False)
            n_bytes = variable.size * np.dtype(variable.dtype).itemsize
            self._insert(f'_write("{name}", brian::{array}, {n_bytes});')
            self._files[name] = (np.dtype(variable.dtype), variable.size)

    def vectors(self, owner, names):
        """Write arrays of any size, but of one and the same."""
        for name in names:
            variable = owner.variables[name]
            vector = f"brian::{self.device.get_array_name(variable, access_data=False)}"
            self._insert(
                f'_write("{name}", {vector}.data(), {vector}.size() * sizeof({vector}[0]));'
            )
            # At its end the program writes all arrays that are left, once more.
            self._insert(f"{vector} = {{}};")
            self._files[name] = (np.dtype(variable.dtype), None)
        self._alike.append(tuple(names))

    def end(self):
        """Say that everything is written; comes last."""
        self._insert(f'std::cout << "{_END}" << std::endl;')
        self._insert("if (!std::cout) std::exit(1);")

    def of(self, program, *folders):
        """Run a compiled program in each of some folders, side by side, and read what it leaves.

        Parameters
        ----------
        program : path
        *folders : Path

        Returns
        -------
        list of dict of str to array
            For each folder.

        Raises
        ------
        InputError
            If the disk is full, or a program or what it wrote did not come to its end.
        """
        jobs = []
        try:
            for folder in folders:
                results = os.path.join(folder, "results", "")
                jobs.append(Job([program, "--results_dir", results], folder))
            return [self._left(job, folder) for job, folder in zip(jobs, folders)]
        finally:
            for job in jobs:
                job.end()

    def _left(self, job, folder):
        results = folder / "results"
        status, said, errors = job.finish()
        if status:
            raise why_stopped(status, errors, folder)
        arrays = self._read(results, said.splitlines())
        if arrays is None:
            if is_full(folder):
                raise full_disk(folder)
            raise InputError(
                f"what the compiled simulation wrote to {results} is not whole; was anything removed"
                " from there? Try again"
            )
        return arrays

    def _read(self, results, said):
        """The arrays by name, or None if anything is missing or not as long as was said."""
        if not said or said[-1] != _END:
            return None
        arrays = {}
        for name, (dtype, size) in self._files.items():
            try:
                content = (results / name).read_bytes()
            except OSError:
                return None
            if f"wrote {name} {len(content)}" not in said or len(content) % dtype.itemsize:
                return None
            arrays[name] = np.frombuffer(content, dtype)
            if size not in (None, len(arrays[name])):
                return None
        if any(len({len(arrays[name]) for name in names}) > 1 for names in self._alike):
            return None
        return arrays


def why_stopped(status, errors, folder):
    """The exception that says why a program came to no good end."""
    name = signal_name(status)
    if says_full(errors) or name == signal.SIGXFSZ.name or is_full(folder):
        return full_disk(folder)
    reason = (errors.strip().splitlines() or [f"status {status}"])[-1]
    if "bad_alloc" in errors:
        return InputError("the compiled simulation needs more memory than there is")
    if name is not None:
        hint = " (is there enough memory?)" if name == signal.SIGKILL.name else ""
        return InputError(f"the compiled simulation was ended by {name}{hint}: {reason}")
    return RuntimeError(f"the compiled simulation stopped: {reason}")
