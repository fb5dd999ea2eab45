"""The report of a comparison."""

from wmdelays.plots.rasters import SINGLE_MARKS, overlay_figure
from wmdelays.plots.scores import closest_call_figure, f1_figure
from wmdelays.plots.weights import delays_figure, weights_figure
from wmdelays.validation.reports.memory import _memory_facts, unpredictable
from wmdelays.validation.reports.pages import check_folder, drawn, flat, rendered, write_page
from wmdelays.validation.reports.verdict import certainty, verdict

MOST_OVERLAYS = 16
_OVERLAY = "overlay_pattern_"


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
    check_folder(folder)
    figures = list(_figures(comparison))
    # An earlier report may have shown other patterns.
    return write_page(folder, figures, _page(comparison, command, figures), f"{_OVERLAY}[0-9]*.*")


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
        yield drawn(figure, f"{_OVERLAY}{k:04d}", f"Pattern {k}", caption)

    width = _f1_width(comparison)
    yield drawn(
        f1_figure(recalls, stored, width),
        "f1_over_time",
        "F1 over time",
        f"F1 in a window of {width} steps ({width * memory.step * 1e3:.4g} ms) that slides over the"
        " recall, at the middle of the window. Where neither pattern nor recall has a spike in the"
        " window, the line has a gap.",
    )
    calls = [recall.closest_call for recall in comparison.torch]
    if None not in calls:
        yield drawn(
            closest_call_figure(calls, comparison.rounding_bound, comparison.patterns),
            "closest_calls",
            "Closest calls",
            "The smallest |u − θ| of each torch recall, beside the bound on what the order of"
            " floating point operations can change. In the grey below the line, rounding may decide"
            " over a spike.",
        )
    yield drawn(
        delays_figure(memory),
        "weights_by_delay",
        "Weights by delay",
        "Number (left) and mean weight (right) of the synapses of each delay; excitatory ones above"
        " the axis, inhibitory ones below.",
    )
    yield drawn(
        weights_figure(memory),
        "weight_distribution",
        "Distribution of weights",
        "Number of synapses, on a logarithmic scale, by weight. Weights are in units of the"
        " threshold θ.",
    )


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
    return rendered(
        "report.html.jinja",
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
        made=flat(made),
        settings=flat(comparison.settings),
        timing=flat({name: f"{value:.2f} s" for name, value in comparison.timing.items()}),
        versions=flat(comparison.versions),
        command=command,
    )
