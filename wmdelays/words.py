"""Text from elsewhere, made fit to be shown."""

import numpy as np


def printable(text):
    """A text in which nothing steers a terminal: such characters are written as ``\\x1b``.

    Names of files that are no UTF-8 (which Python reads as lone surrogates) become ``\\udce9``.

    Parameters
    ----------
    text : object
        What ``str`` makes of it is shown.

    Returns
    -------
    str
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(character):
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def counted(n, one):
    """A number of things: ``1 spike``, ``1,926 spikes``."""
    return f"{n:,} {one}{'' if n == 1 else 's'}"


def share(value):
    """A number from 0 to 1 with four decimals, more where it would else be rounded to 1.

    A dash where it is not defined: NaN, or None as JSON has it.
    """
    if value is None or value != value:
        return "–"
    for digits in (4, 6, 8):
        text = f"{value:.{digits}f}"
        if value >= 1 or float(text) < 1:
            return text
    return f"{value:.12g}"


def spread(value, form=".6g"):
    """A number, or from which to which numbers those of an array lie: ``0.5 to 0.9 (mean 0.7)``."""
    if np.ndim(value) == 0:
        return f"{value:{form}}"
    return f"{np.min(value):{form}} to {np.max(value):{form}} (mean {np.mean(value):{form}})"


def signed(value):
    """A number with its sign and three digits, such as ``+0.13``; a dash where it is not known."""
    if value != value:
        return "–"
    # What is as good as nought is shown so, without a sign of its own.
    return f"{value:+.3g}" if abs(value) >= 5e-4 else "0"


def metric(value, unit):
    """A quantity with three digits and the prefix of its size: ``2.4 J``, ``37.1 µJ``."""
    value = float(f"{value:.3g}")
    if not value:
        return f"0 {unit}"
    for scale, prefix in ((1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")):
        if abs(value) >= scale:
            break
    return f"{float(f'{value / scale:.3g}'):,.12g} {prefix}{unit}"


def duration(seconds):
    """A time in a few words: ``85 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def called(network, neuron):
    """What a neuron is called in a sentence: ``unit CA1-3``, or ``neuron 7`` where units have no names.

    Parameters
    ----------
    network : Memory or Raster
    neuron : int
    """
    what = "neuron" if network.units is None else "unit"
    return f"{what} {printable(network.unit(int(neuron)))}"


def unit_names(network):
    """The name of each neuron as it is shown: that of its unit in the recording, else its number.

    Parameters
    ----------
    network : Memory or Raster

    Returns
    -------
    list of str
        One for each neuron.
    """
    return [printable(one) for one in network.names()]
