"""Reports: one HTML page that needs no other file, and its figures as files."""

import base64
import errno
import hashlib
import os
import re
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path

import jinja2

from wmdelays.errors import InputError, one_line
from wmdelays.files.file_kinds import REPORT, check_kind
from wmdelays.files.output import keep_owner
from wmdelays.machine.unfinished import unfinished_folder
from wmdelays.words import printable, share

PAGE, _FIGURES = "report.html", "figures"
# An SVG picture stays sharp on paper; above this size the page takes the PNG one.
_LARGEST_SVG = 120_000
_PICTURES = (".png", ".svg")
_LONGEST_NAME = 60


def drawn(figure, name, title, caption):
    """A figure as a page shows it: its name, title and caption, and its content as PNG and SVG."""
    # Commands import this module for help, too, which does not wait for matplotlib.
    from wmdelays.plots.figures import figure_bytes

    name = _file_name(name)
    png, svg = figure_bytes(figure, "png"), figure_bytes(figure, "svg")
    kind, data = ("svg+xml", svg) if len(svg) <= _LARGEST_SVG else ("png", png)
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return {
        "name": name,
        "title": title,
        "caption": caption,
        "png": png,
        "svg": svg,
        "source": source,
    }


def _file_name(name):
    """The name of a figure as that of a file in its folder, whatever a setting is called."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:_LONGEST_NAME]
    if safe == name:
        return name
    # Two names may have become one.
    return f"{safe}_{hashlib.sha256(os.fsencode(name)).hexdigest()[:6]}"


def rendered(template, **values):
    """The page that a template makes of values."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wmdelays.validation.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["share"] = share
    # What comes from a file or is a file's name may hold anything, also what is no text.
    environment.finalize = _shown
    return environment.get_template(template).render(**values)


def _shown(value):
    return printable(value) if type(value) is str else value


def write_page(folder, figures, page, earlier=None):
    """Write a report.

    Parameters
    ----------
    folder : str or Path
        Gets ``report.html`` and every figure as PNG and SVG in ``figures``. It is made if it is
        missing. What else it holds stays as it is.
    figures : sequence of dict
        From `drawn`.
    page : str
        The page.
    earlier : str, optional
        Names of figures (with wildcards) that an earlier report may have left; they go.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If the folder cannot be made or written to; then nothing is left of the report.
    """
    folder = Path(folder)
    check_folder(folder)
    content = {}
    for figure in figures:
        for kind in ("png", "svg"):
            content[Path(_FIGURES, f"{figure['name']}.{kind}")] = figure[kind]
    content[Path(PAGE)] = page.encode()
    try:
        with _staging(folder) as staging:
            _install(content, staging, folder, earlier)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return folder / PAGE


def check_folder(folder):
    """Raise an InputError unless a report can be written to this folder.

    For use before long work; it leaves nothing. What other programs made stays theirs: a page that
    is none of ours, and pictures that lie beside none of our pages.
    """
    folder = Path(folder)
    try:
        _check_places(folder)
        existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        if not existing.is_dir():
            raise InputError(f"{folder}: cannot be made, since {existing} is no folder")
        for place in {existing, folder / _FIGURES}:
            if place.exists():
                if not os.access(place, os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
                with unfinished_folder(place):
                    pass
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = one_line(getattr(error, "strerror", None) or error)
        raise InputError(f"{folder}: cannot be written: {reason}") from None


def _check_places(folder):
    """Raise an InputError unless what a report has may take these places."""
    another = "name another folder for the report"
    page, pictures = folder / PAGE, folder / _FIGURES
    for place in (pictures, folder):
        if os.path.lexists(place) and not place.is_dir():
            raise InputError(f"{place}: is no folder; {another}")
    if page.is_dir():
        raise InputError(f"{page}: is a folder; {another}")
    if os.path.lexists(page) and not page.is_file():
        raise InputError(f"{page}: is a device, a pipe or a link to nothing; {another}")
    check_kind(page, REPORT, another)
    drawn = [one for one in pictures.glob("*") if one.suffix in _PICTURES]
    if drawn and not page.exists():
        raise InputError(f"{pictures}: holds pictures that belong to no report; {another}")
    for one in (page, *drawn):
        if one.is_file() and not (one.stat().st_mode & 0o222 and os.access(one, os.W_OK)):
            raise InputError(f"{one}: is read-only; make it writable, or {another}")


@contextmanager
def _staging(folder):
    """A folder inside `folder` for unfinished files; what was made for it goes if work fails."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(folder) as staging:
            yield staging
    except BaseException:
        for place in missing:
            _remove_empty(place / _FIGURES)
            _remove_empty(place)
        raise


def _remove_empty(place):
    try:
        place.rmdir()
    except OSError:
        pass  # it was never made, or something else is in it


def _install(content, staging, folder, earlier):
    """Write all files aside, then give them their names, the page first: it needs no other file."""
    (staging / _FIGURES).mkdir()
    for name, data in content.items():
        (staging / name).write_bytes(data)
        if (folder / name).is_file():
            with open(staging / name, "rb") as file:
                keep_owner(file.fileno(), (folder / name).stat())
    (folder / _FIGURES).mkdir(exist_ok=True)
    # Pictures beside no page would be taken for another program's.
    for name in sorted(content, key=lambda name: name != Path(PAGE)):
        os.replace(staging / name, folder / name)
    for old in (folder / _FIGURES).glob(earlier) if earlier else ():
        if old.suffix in _PICTURES and old.relative_to(folder) not in content:
            old.unlink()


def flat(values, prefix=""):
    """Nested settings as rows of a name and a text."""
    rows = []
    for name, value in values.items():
        name = prefix + re.sub(" s$", " (s)", str(name).replace("_", " "))
        if isinstance(value, dict):
            rows += flat(value, f"{name}: ")
        elif value is not None:
            rows.append((name, _text(value)))
    return rows


def _text(value):
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        if len(value) > 8:
            return f"{len(value)} values, the last {_text(value[-1])}"
        return ", ".join(_text(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(one)}" for name, one in value.items())
    return str(value)


def as_table(title, columns):
    """A table as `write_results` takes it, from its columns: a title each and what stands beneath."""
    return title, list(columns), list(zip(*columns.values()))


def write_results(folder, title, texts, figures, tables, rows, command, earlier=None):
    """Write the report of rows of results.

    Parameters
    ----------
    folder : str or Path
    title : str
    texts : sequence of str
        Paragraphs that say what is shown.
    figures : sequence of dict
        From `drawn`.
    tables : sequence of (str, list of str, list of list of str)
        Title, columns and lines of each, see `as_table`.
    rows : sequence of dict
        Of a results file; what their settings and versions have in common is shown.
    command : str
        The command line that makes this report again.
    earlier : str, optional
        See `write_page`.

    Returns
    -------
    Path
        The page.
    """
    page = rendered(
        "curves.html.jinja",
        title=title,
        texts=texts,
        figures=figures,
        tables=[(name, _columns(columns, lines), lines) for name, columns, lines in tables],
        settings=flat(_common([row["setting"] for row in rows])),
        versions=flat(_common([row["versions"] for row in rows])),
        command=command,
    )
    return write_page(folder, figures, page, earlier)


def _columns(titles, lines):
    """The columns of a table: words stand at the left, numbers at the right."""
    return [
        {"title": title, "text": all(cell[:1].isalpha() for cell in cells)}
        for title, cells in zip(titles, zip(*lines))
    ]


def _common(settings):
    first = settings[0]
    return {
        name: value
        for name, value in first.items()
        if all(one.get(name) == value for one in settings)
    }


def command_line():
    """The command line of this run."""
    return shlex.join(["wmdelays", *sys.argv[1:]])
