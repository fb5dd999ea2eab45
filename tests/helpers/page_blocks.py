"""The blocks of code on the pages of the docs, and the command lines in them."""

import re
import shlex
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Block:
    """A block of code: its page, the number of its first line, language and text; whether it is run."""

    page: Path
    line: int
    language: str
    text: str
    is_run: bool

    def compiled(self):
        """Python code that names the page and the line where it fails."""
        return compile("\n" * (self.line - 1) + self.text, str(self.page), "exec")

    def commands(self):
        """Each command line after a `$`, joined where it goes on, and the output shown below it.

        Returns
        -------
        list of (int, str, list of str)
            The line on the page, the command, lines of output.
        """
        found, goes_on = [], False
        for number, line in enumerate(self.text.splitlines(), self.line):
            if goes_on:
                found[-1][1] += " " + line.strip().removesuffix("\\").strip()
            elif line.startswith("$ "):
                found.append([number, line[2:].removesuffix("\\").strip(), []])
            elif found and line.strip():
                found[-1][2].append(line)
            goes_on = line.endswith("\\") and (goes_on or line.startswith("$ "))
        return [tuple(one) for one in found]


def pages():
    """README and all pages of the docs."""
    written = [page for page in (ROOT / "docs").rglob("*.md") if not _is_made(page)]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(written)]


def _is_made(page):
    return {"_build", "gallery", "generated"} & set(page.relative_to(ROOT).parts)


def blocks(page):
    """The fenced blocks of a page, those within lists and boxes too."""
    return list(_blocks(page, page.read_text(), 0))


def _blocks(page, text, above):
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence":
            first = above + token.map[0] + 2
            # What stands after the language says what is not done with a block: `not-run`.
            # And what has to be installed for it: `needs-nest`.
            language, *marks = token.info.split() or [""]
            is_run = "not-run" not in marks and all(
                find_spec(mark.removeprefix("needs-"))
                for mark in marks
                if mark.startswith("needs-")
            )
            yield Block(page, first, language, token.content, is_run)
        elif token.type == "code_block":
            yield Block(page, above + token.map[0] + 1, "indented", token.content, False)


def words(command):
    """The words of a command line, with what a shell makes of it: up to a pipe or a redirection."""
    return shlex.split(re.split(r" [|>] ", command)[0], comments=True)


def name_of(page):
    return str(page.relative_to(ROOT))
