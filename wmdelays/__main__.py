"""The program `wmdelays` as ``python -m wmdelays``."""

from importlib import import_module

if __name__ == "__main__":
    # The program is above this room, so it is asked for by name.
    import_module("wmdelays.validation.cli").main()
