"""Names of a package that are imported when they are first asked for.

They stand in the stub beside the package's ``__init__.py``, where editors and type checkers read them
as well: ``from .storing import store as store``.
"""

import ast
import sys
from importlib import import_module
from pathlib import Path


def lazy(package, file, load=import_module):
    """What a package needs to import the names of its stub lazily.

    Parameters
    ----------
    package, file : str
        Its ``__name__`` and ``__file__``.
    load : callable
        Imports a module; by default `importlib.import_module`.

    Returns
    -------
    tuple
        Its ``__getattr__``, ``__dir__`` and ``__all__``.
    """
    homes = _homes(Path(file).with_suffix(".pyi"))

    def __getattr__(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(load(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__():
        return sorted({*vars(sys.modules[package]), *homes})

    return __getattr__, __dir__, sorted(homes)


def _homes(stub):
    """The module of each name that a stub imports, from the package on."""
    imports = [one for one in ast.parse(stub.read_text()).body if isinstance(one, ast.ImportFrom)]
    return {alias.name: one.module for one in imports if one.level == 1 for alias in one.names}
