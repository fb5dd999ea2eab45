"""The one error that is the user's to mend."""


class InputError(ValueError):
    """What was asked for cannot be done with this input.

    Its message is one line that says what is wrong, where, and what would be right. The
    commands print it and end with status 2; every other exception is a defect of the software.
    """


def one_line(error):
    """The text of another library's error in one line."""
    return " ".join(str(error).split())
