"""What commands and options were called in earlier versions: it is still understood."""

# Of a command: an option, and what it is called now.
OPTIONS = {
    "store": {"--bin": "--step"},
    "find": {"--bin": "--step"},
    "find-unknown": {"--bin": "--step"},
    "groups": {"--layers": "--min-layers"},
    "groups-over-time": {"--layers": "--min-layers", "--shuffle": "--seed"},
}
# An option that made another question of a command, the command that asks it now, and the option
# that takes the value.
COMMANDS = {
    ("find", "--unknown"): ("find-unknown", "--method"),
    ("groups", "--over-time"): ("groups-over-time", None),
}
# Of a command: what was a switch, the value that does the same now, and the other values.
SWITCHES = {"store": {"--prune": ("recall", "damage", "none")}}


def todays(words):
    """A command line as it would be written now.

    Parameters
    ----------
    words : list of str
        The command and what follows it.

    Returns
    -------
    words : list of str
    notes : list of str
        For each word that has changed, what to use.
    """
    command, *rest = words or [""]
    notes = []
    for (former, sign), (now, option) in COMMANDS.items():
        if command == former and any(_name(word) == sign for word in _options(rest)):
            command = now
            rest = [
                word if _name(word) != sign else option and word.replace(sign, option, 1)
                for word in rest
            ]
            rest = [word for word in rest if word is not None]
            notes.append(
                f"{former} {sign} is a command now: {' '.join(filter(None, (now, option)))}"
            )
    for sign, values in SWITCHES.get(command, {}).items():
        for k, word in enumerate(_options(rest)):
            if word == sign and rest[k + 1 : k + 2] not in [[value] for value in values]:
                rest[k] = f"{sign}={values[0]}"
                notes.append(f"{sign} takes a value now: {sign} {values[0]}")
    renamed = OPTIONS.get(command, {})
    for k, word in enumerate(_options(rest)):
        if now := renamed.get(_name(word)):
            notes.append(f"{_name(word)} is called {now} now")
            rest[k] = word.replace(_name(word), now, 1)
    return [command, *rest] if words else [], notes


def _options(words):
    """The words before ``--``, behind which no word is an option."""
    return words[: words.index("--")] if "--" in words else words


def _name(word):
    return word.partition("=")[0]
