"""The report of a comparison: one HTML page, and its figures as files."""

import base64
import errno
import importlib.resources
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import jinja2
import numpy as np

from wmdelays.contexts import unpredictable_spikes
from wmdelays.errors import InputError
from wmdelays.figures import figure_bytes
from wmdelays.plots import SINGLE_MARKS, overlay_figure
from wmdelays.score_plots import closest_call_figure, f1_figure
from wmdelays.validation.verdict import certainty, share, verdict
from wmdelays.weight_plots import delays_figure, weights_figure

MOST_OVERLAYS = 16
_PAGE, _FIGURES, _OVERLAY = "report.html", "figures", "overlay_pattern_"
# An SVG picture stays sharp on paper; above this size the page takes the PNG one.
_LARGEST_SVG = 120_000


def write_report(comparison, folder, command):
    """Write the report of a comparison.

    Parameters
    ----------
    comparison : Comparison
    folder : str or Path
        Gets ``report.html``, which needs no other file, and every figure as PNG and SVG in
        ``figures``. It is made if it is missing. What else it holds stays as it is, apart from an
        earlier report.
    command : str
        The command line that makes this report again.

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
    try:
        with _staging(folder) as staging:
            figures = list(_figures(comparison))
            content = {Path(_PAGE): _page(comparison, command, figures).encode()}
            for figure in figures:
                content[Path(_FIGURES, f"{figure['name']}.png")] = figure["png"]
                content[Path(_FIGURES, f"{figure['name']}.svg")] = figure["svg"]
            _install(content, staging, folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return folder / _PAGE


def check_folder(folder):
    """Raise an InputError unless a report can be written to this folder.

    For use before long work; it makes nothing.
    """
    folder = Path(folder)
    for place in (folder / _FIGURES, folder):
        if os.path.lexists(place) and not place.is_dir():
            raise InputError(f"{place}: is no folder; name another one for the report")
    if (folder / _PAGE).is_dir():
        raise InputError(f"{folder / _PAGE}: is a folder; name another one for the report")
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


def _install(content, staging, folder):
    """Write all files aside, then give them their names, the page last."""
    (staging / _FIGURES).mkdir()
    for name, data in content.items():
        (staging / name).write_bytes(data)
    (folder / _FIGURES).mkdir(exist_ok=True)
    for name in sorted(content, key=lambda name: name == Path(_PAGE)):
        os.replace(staging / name, folder / name)
    # An earlier report may have shown other patterns.
    for old in (folder / _FIGURES).glob(f"{_OVERLAY}[0-9]*.*"):
        if old.suffix in (".png", ".svg") and old.relative_to(folder) not in content:
            old.unlink()


def _figures(comparison):
    """Every figure: its name, title and caption, and its content as PNG and SVG."""
    memory = comparison.memory
    recalls = {"torch": comparison.torch, "Brian2": comparison.brian2}
    stored = [memory.patterns[k] for k in comparison.patterns]
    rows = _rows(comparison)
    for place in _worst_first(rows)[:MOST_OVERLAYS]:
        k = comparison.patterns[place]
        ones = {name: many[place] for name, many in recalls.items()}
        figure = overlay_figure(stored[place], ones, title=f"pattern {k}")
        caption = _overlay_caption(rows[place], ones)
        yield _drawn(figure, f"{_OVERLAY}{k:04d}", f"Pattern {k}", caption)

    width = _f1_width(comparison)
    yield _drawn(
        f1_figure(recalls, stored, width),
        "f1_over_time",
        "F1 over time",
        f"F1 in a window of {width} steps ({width * memory.step * 1e3:.4g} ms) that slides over the"
        " recall, at the middle of the window. Where neither pattern nor recall has a spike in the"
        " window, the line has a gap.",
    )
    calls = [recall.closest_call for recall in comparison.torch]
    if None not in calls:
        yield _drawn(
            closest_call_figure(calls, comparison.rounding_bound, comparison.patterns),
            "closest_calls",
            "Closest calls",
            "The smallest |u − θ| of each torch recall, beside the bound on what the order of"
            " floating point operations can change. In the grey below the line, rounding may decide"
            " over a spike.",
        )
    yield _drawn(
        delays_figure(memory),
        "weights_by_delay",
        "Weights by delay",
        "Number (left) and mean weight (right) of the synapses of each delay; excitatory ones above"
        " the axis, inhibitory ones below.",
    )
    yield _drawn(
        weights_figure(memory),
        "weight_distribution",
        "Distribution of weights",
        "Number of synapses, on a logarithmic scale, by weight. Weights are in units of the"
        " threshold θ.",
    )


def _drawn(figure, name, title, caption):
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


def _overlay_caption(row, recalls):
    text = (
        f"{row['stored']:,} spikes stored after the trigger window; torch recalls"
        f" {row['torch'].recalled:,}, Brian2 {row['brian2'].recalled:,}; {_differ(row['same'])}."
    )
    if max(len(recall.own) for recall in recalls.values()) > SINGLE_MARKS:
        text += " There are too many spikes to draw each: one mark stands for all in a small cell."
    return text


def _differ(same):
    n = same.only_first + same.only_second
    if not n:
        return "no spike differs"
    return f"{n:,} {'spike differs' if n == 1 else 'spikes differ'}"


def _f1_width(comparison):
    """Length of the sliding window in steps: as long as the delays, and not too short to read."""
    cue = comparison.torch[0].cue
    n_scored = cue.n_steps - cue.scored_from
    return min(n_scored, max(comparison.memory.n_delays, -(-n_scored // 20)))


def _rows(comparison):
    """What the table says of each pattern."""
    scores = zip(comparison.torch_scores.patterns, comparison.brian2_scores.patterns)
    return [
        {"name": f"{k}", "stored": torch.stored, "torch": torch, "brian2": brian2, "same": same}
        for k, (torch, brian2), same in zip(comparison.patterns, scores, comparison.agreements)
    ]


def _worst_first(rows):
    """The rows' places, most differing spikes first, then lowest F1, then as they stand."""

    def badness(place):
        row = rows[place]
        n_differ = row["same"].only_first + row["same"].only_second
        return -n_differ, min(row["torch"].f1, row["brian2"].f1), place

    return sorted(range(len(rows)), key=badness)


def _page(comparison, command, figures):
    source = importlib.resources.files("wmdelays.validation").joinpath("report.html.jinja")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["share"] = share
    rows, made = _rows(comparison), dict(comparison.memory.made)
    made.pop("unpredictable", None)
    same, n = comparison.agreement, len(comparison.patterns)
    total = {
        "name": "all",
        "stored": comparison.torch_scores.total.stored,
        "torch": comparison.torch_scores.total,
        "brian2": comparison.brian2_scores.total,
        "same": same,
    }
    return environment.from_string(source.read_text(encoding="utf-8")).render(
        exact=same.exact,
        verdict=verdict(comparison),
        certainty=certainty(comparison),
        unpredictable=unpredictable(comparison.memory),
        memory=_memory_facts(comparison.memory),
        rows=rows,
        total=total if n > 1 else None,
        overlays=[figure for figure in figures if figure["name"].startswith(_OVERLAY)],
        others={f["name"]: f for f in figures if not f["name"].startswith(_OVERLAY)},
        left_out=[rows[place]["name"] for place in sorted(_worst_first(rows)[MOST_OVERLAYS:])],
        made=_flat(made),
        settings=_flat(comparison.settings),
        timing=_flat({name: f"{value:.2f} s" for name, value in comparison.timing.items()}),
        versions=_flat(comparison.versions),
        command=command,
    )


def unpredictable(memory):
    """How many stored spikes cannot be predicted, and why, as a list of sentences."""
    found = unpredictable_spikes(memory.patterns, memory.n_delays, memory.step, memory.periodic)
    n, none, twice = found.n_spikes, len(found.empty), len(found.ambiguous)
    window = f"{memory.n_delays} steps ({memory.n_delays * memory.step * 1e3:.4g} ms)"
    if not none + twice:
        return [
            f"Each of the {n:,} stored spikes after the trigger window can be predicted from its"
            f" context, the {window} before it: none is empty, and none is followed by something"
            " else elsewhere."
        ]
    return [
        f"Of the {n:,} stored spikes after the trigger window, {none + twice:,}"
        f" ({100 * (none + twice) / max(n, 1):.2g} %) cannot be predicted from their context, the"
        f" {window} before them, whatever the weights:",
        f"{none:,} have an empty context: no neuron spikes in it, so no current arrives.",
        f"{twice:,} have a context that is followed by something else elsewhere: the same spikes"
        " occur at another place, and there the neuron stays silent. Only what is left on its"
        " membrane from before could tell the two apart.",
    ]


def _memory_facts(memory):
    step = f"{memory.step * 1e3:.6g} ms"
    return [
        ("neurons", f"{memory.n_neurons:,}"),
        ("synapses", f"{memory.n_synapses:,}"),
        ("delays", f"1 to {memory.n_delays} steps of {step}"),
        (
            "stored patterns",
            f"{memory.n_patterns} of {memory.n_steps} steps"
            + (", periodic" if memory.periodic else ""),
        ),
        (
            "membrane",
            f"beta = {memory.beta:.6g}, a time constant of"
            f" {-memory.step / np.log(memory.beta) * 1e3:.4g} ms",
        ),
        ("threshold", f"θ = {memory.theta:.6g}"),
    ]


def _flat(values, prefix=""):
    """Nested settings as rows of a name and a text."""
    rows = []
    for name, value in values.items():
        name = prefix + re.sub(" s$", " (s)", str(name).replace("_", " "))
        if isinstance(value, dict):
            rows += _flat(value, f"{name}: ")
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
