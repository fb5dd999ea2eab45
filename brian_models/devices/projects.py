"""Empty Brian2 networks as C++ projects, whose program reads the values from files.

Brian2 writes the values of a network into the program: its sizes, parameters and spikes. Here it
writes an empty network instead, and the program reads all of that from files when it starts, so
one that was compiled once serves any values.
"""

import re
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import get_device, reset_device, set_device

from wmdelays.brian_models.devices.programs import Program
from wmdelays.brian_models.devices.session import settings

_READ = """
auto _read = [](auto *values, size_t n, std::ifstream &file, const char *name) {
    file.seekg(0);
    file.read(reinterpret_cast<char *>(values), n * sizeof(*values));
    if (!file) { std::cerr << "cannot read " << name << std::endl; std::exit(1); }
};
auto _size = [](std::ifstream &file) { file.seekg(0, std::ios::end); return (size_t) file.tellg(); };
"""
_HOT = ("network.cpp",)


class Inputs:
    """Makes a program read arrays of its network from the files in its folder ``data``.

    Parameters
    ----------
    device : brian2.devices.cpp_standalone.device.CPPStandaloneDevice
        The device of `private_device`.
    slot : str
        Place in the main program, see Brian2's `insert_code`, where the files are read.
    """

    def __init__(self, device, slot="main"):
        self.device, self.slot = device, slot
        self.insert(_READ)

    def insert(self, code):
        """Put C++ code behind what is there."""
        self.device.insert_code(self.slot, code)

    def array(self, owner, variable):
        """Name of the array that holds a variable."""
        return self.device.get_array_name(owner.variables[variable], access_data=False)

    def number(self, name, kind="double"):
        """Read one number into a C++ variable of this name."""
        self.insert(f"""{kind} {name} = 0;
            {{ std::ifstream file("data/{name}", std::ios::binary);
            _read(&{name}, 1, file, "{name}"); }}""")

    def load(self, name, owner, variable):
        """Read an array whose size is part of the program."""
        target = self.array(owner, variable)
        # With fewer values the others would silently be zero.
        self._load(
            name,
            target,
            f"""if (n != (size_t) _num_{target}) {{
                std::cerr << "wrong number of values of {name}" << std::endl; std::exit(1); }}""",
        )

    def load_vector(self, name, owner, variable):
        """Read an array of any size; gives the name of the vector that holds it."""
        target = self.array(owner, variable)
        # Sizes come from the files, so that they are not part of the program.
        self._load(name, target, f"{target}.resize(n); if (n)")
        return target

    def _load(self, name, target, size):
        self.insert(f"""{{ std::ifstream file("data/{name}", std::ios::binary);
            size_t n = _size(file) / sizeof({target}[0]);
            {size} _read(&{target}[0], n, file, "{name}"); }}""")


def program_of(folder, prefix):
    """The `Program` of the C++ project that Brian2 wrote into a folder.

    Parameters
    ----------
    folder : str or Path
    prefix : str
        Beginning of the names of all Brian2 objects in it.
    """
    folder = Path(folder)
    name_alike(folder, prefix)
    return Program(folder, *_translation_units(folder))


@contextmanager
def private_device():
    """A standalone device of our own, active for a while.

    Brian2 has one that all users share, and a user may still be reading results from it.
    """
    device = CPPStandaloneDevice()
    with settings({"devices.cpp_standalone.openmp_threads": 0}):
        set_device(device, build_on_run=False)
        try:
            yield device
        finally:
            reset_device()
            assert get_device() is not device


def name_alike(folder, prefix):
    """Take the counters out of the names in a project.

    Brian2 numbers the code objects that are alive in the process, so that the same network would
    become another program each time.
    """
    # The first of a kind may have no number.
    numbered = re.compile(rf"({prefix}\w*_codeobject)(?:_(\d+)|\b)")
    paths = sorted(p for p in folder.rglob("*") if p.suffix in (".cpp", ".cu", ".h"))
    texts = [path.read_text() for path in paths]
    found = {match.groups("") for text in texts for match in numbered.finditer(text)}
    names, seen = {}, Counter()
    # Code objects of one kind, such as those that set variables, stay apart.
    for name, number in sorted(found, key=lambda one: (one[0], int(one[1] or 0))):
        names[name, number] = f"{name}_of_its_kind_{seen[name]}" if seen[name] else name
        seen[name] += 1

    def renamed(text):
        return numbered.sub(lambda match: names[match.groups("")], text)

    for path, text in zip(paths, texts):
        path.write_text(renamed(text))
        path.rename(path.with_name(renamed(path.stem) + path.suffix))


def _translation_units(folder):
    """Gather the project's many files into two translation units.

    Most of the time that a C++ compiler takes for a file goes into the headers, which are
    the same for all of them.

    Returns
    -------
    cold, hot : list of str
        The files that are to be compiled.
    """
    code_objects = sorted((folder / "code_objects").glob("*.cpp"))
    hot = [f"#include <{header}>" for header in _HEADERS]
    hot += ['#include "objects.h"', '#include "brianlib/common_math.h"']
    functions = []
    for k, path in enumerate(code_objects):
        # Each file has helper functions of the same names; namespaces keep them apart.
        hot.append(f'namespace unit_{k} {{\n#include "code_objects/{path.name}"\n}}')
        block = path.stem.startswith(("before_run_", "after_run_"))
        function = f"_{path.stem}" if block else f"_run_{path.stem}"
        functions.append(f"void {function}() {{ unit_{k}::{function}(); }}")
    hot += functions + [f'#include "{name}"' for name in _HOT]
    # Brian2 2.10 keeps the queue of spikes in a file of its own there.
    hot += [
        f'#include "brianlib/{path.name}"' for path in sorted((folder / "brianlib").glob("*.cpp"))
    ]
    (folder / "hot.cpp").write_text("\n".join(hot) + "\n")
    others = sorted(
        path.name for path in folder.glob("*.cpp") if path.name not in (*_HOT, "hot.cpp")
    )
    # What our own code in the main program needs besides.
    cold = ["#include <cerrno>", "#include <cstring>", *(f'#include "{name}"' for name in others)]
    (folder / "cold.cpp").write_text("\n".join(cold) + "\n")
    return ["cold.cpp"], ["hot.cpp"]


# All standard headers that Brian2's files use: included before the namespaces are opened, they do
# not end up inside one.
_HEADERS = (
    "algorithm", "cassert", "cerrno", "climits", "cmath", "csignal", "cstdint", "cstdlib", "cstring", "ctime",
    "fstream", "iostream", "iterator", "map", "random", "set", "string", "tuple", "utility", "vector",
)  # fmt: skip
