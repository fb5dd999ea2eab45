"""Text from elsewhere, made fit to be shown."""


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
