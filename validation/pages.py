"""Reports: one HTML page that needs no other file, and its figures as files."""

import base64
import errno
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import jinja2

from wmdelays.errors import InputError
from wmdelays.figures import figure_bytes
from wmdelays.validation.verdict import share

PAGE, _FIGURES = "report.html", "figures"
# An SVG picture stays sharp on paper; above this size the page takes the PNG one.
_LARGEST_SVG = 120_000


def drawn(figure, name, title, caption):
    """A figure as a page shows it: its name, title and caption, and its content as PNG and SVG."""
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


def rendered(template, **values):
    """The page that a template makes of values."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wmdelays.validation", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["share"] = share
    return environment.get_template(template).render(**values)


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
    content = {Path(PAGE): page.encode()}
    for figure in figures:
        content[Path(_FIGURES, f"{figure['name']}.png")] = figure["png"]
        content[Path(_FIGURES, f"{figure['name']}.svg")] = figure["svg"]
    try:
        with _staging(folder) as staging:
            _install(content, staging, folder, earlier)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return folder / PAGE


def check_folder(folder):
    """Raise an InputError unless a report can be written to this folder.

    For use before long work; it makes nothing.
    """
    folder = Path(folder)
    for place in (folder / _FIGURES, folder):
        if os.path.lexists(place) and not place.is_dir():
            raise InputError(f"{place}: is no folder; name another one for the report")
    if (folder / PAGE).is_dir():
        raise InputError(f"{folder / PAGE}: is a folder; name another one for the report")
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        raise InputError(f"{folder}: cannot be made, since {existing} is no folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(f"{folder}: cannot be written: {existing} {os.strerror(errno.EACCES)}")


@contextmanager
def _staging(folder):
    """A folder inside `folder` for unfinished files; what was made for it goes if work fails."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    staging = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".report-", dir=folder))
        yield staging
    except BaseException:
        _remove(staging)
        for place in missing:
            _remove_empty(place / _FIGURES)
            _remove_empty(place)
        raise
    _remove(staging)


def _remove(staging):
    if staging is not None:
        shutil.rmtree(staging, ignore_errors=True)


def _remove_empty(place):
    try:
        place.rmdir()
    except OSError:
        pass  # it was never made, or something else is in it


def _install(content, staging, folder, earlier):
    """Write all files aside, then give them their names, the page last."""
    (staging / _FIGURES).mkdir()
    for name, data in content.items():
        (staging / name).write_bytes(data)
    (folder / _FIGURES).mkdir(exist_ok=True)
    for name in sorted(content, key=lambda name: name == Path(PAGE)):
        os.replace(staging / name, folder / name)
    for old in (folder / _FIGURES).glob(earlier) if earlier else ():
        if old.suffix in (".png", ".svg") and old.relative_to(folder) not in content:
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
        Title, columns and lines of each.
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
