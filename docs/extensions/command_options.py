"""The directive `command-options`: what each command takes, from the program itself."""

import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles


class CommandOptions(SphinxDirective):
    """A section for each command: its usage, what it does, its arguments and options."""

    def run(self):
        holder = nodes.section()
        holder.document = self.state.document
        nested_parse_with_titles(self.state, StringList(list(_lines()), source="wmdelays"), holder)
        return holder.children


def _lines():
    from typer.main import get_command

    from wmdelays.validation.commands.app import app

    group = get_command(app)
    context = group.context_class(group, info_name="wmdelays")
    for name, command in group.commands.items():
        if command.hidden:
            continue
        inner = type(context)(command, info_name=name, parent=context)
        yield from [f"## `wmdelays {name}`", "", "```text"]
        yield from command.get_usage(inner).removeprefix("Usage: ").split("\n")
        yield from ["```", "", *(command.help or "").split("\n"), ""]
        yield from ["| option | meaning |", "|---|---|"]
        for parameter in command.params:
            record = parameter.get_help_record(inner)
            if record is not None:
                names, text = record
                yield f"| {_code(names)} | {_cell(text)} |"
        yield ""


def _code(names):
    # What an argument is called says what it is.
    return f"`{_cell(re.sub(r' <list.*>$', '', names))}`"


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def setup(app):
    app.add_directive("command-options", CommandOptions)
    return {"parallel_read_safe": True}
