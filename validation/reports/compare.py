"""The report of a comparison."""

from wmdelays.plots.rasters import SINGLE_MARKS, overlay_figure
from wmdelays.plots.scores import closest_call_figure, f1_figure
from wmdelays.plots.weights import delays_figure, weights_figure
from wmdelays.validation.reports.memory import memory_facts, unpredictable
from wmdelays.validation.reports.pages import check_folder, drawn, flat, rendered, write_page
from wmdelays.validation.reports.verdict import certainty, joined, verdict

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
    stored = [memory.patterns[k] for k in comparison.patterns]
    rows = _rows(comparison)
    for place in _worst_first(rows)[:MOST_OVERLAYS]:
        yield from _overlays(comparison, place, rows[place])

    width = _f1_width(comparison)
    yield drawn(
        f1_figure({one.shown: one.recalls for one in _ran(comparison)}, stored, width),
        "f1_over_time",
        "F1 over time",
        f"F1 in a window of {width} steps ({width * memory.step * 1e3:.4g} ms) that slides over the"
        " recall, at the middle of the window. Where neither pattern nor recall has a spike in the"
        " window, the line has a gap.",
    )
    name, calls = comparison.closest_calls
    if None not in calls:
        yield drawn(
            closest_call_figure(calls, comparison.rounding_bound, comparison.patterns),
            "closest_calls",
            "Closest calls",
            f"The smallest |u − θ| of each recall in {comparison.simulations[name].shown}, beside the"
            " bound on what the order of floating point operations can change. In the grey below the"
            " line, rounding may decide over a spike.",
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


def _ran(comparison):
    return list(comparison.simulations.values())


def _overlays(comparison, place, row):
    """A pattern with the reference and another recall over it: each that differs, or the last."""
    k, ran = comparison.patterns[place], comparison.simulations
    others = [name for name, same in row["same"].items() if not same.exact] or list(ran)[-1:]
    for name in others:
        two = {ran[one].shown: ran[one].recalls[place] for one in (comparison.reference, name)}
        # One name says enough where there is nothing to choose from.
        title, file = f"Pattern {k}", f"{_OVERLAY}{k:04d}"
        if len(others) > 1:
            title, file = f"{title}, {' and '.join(two)}", f"{file}_{name}"
        figure = overlay_figure(
            comparison.memory.patterns[k], two, title=title[0].lower() + title[1:]
        )
        one = drawn(figure, file, title, _overlay_caption(comparison, row, two))
        yield one | {"pattern": f"{k}"}


def _overlay_caption(comparison, row, two):
    """What an overlay of two recalls, by the names of their simulators, shows in numbers."""
    recalled = [
        f"{one.shown}{' recalls' if n == 0 else ''} {score.recalled:,}"
        for n, (one, score) in enumerate(zip(_ran(comparison), row["scores"]))
    ]
    differ = [
        _differ(same)
        + (f" in {comparison.simulations[name].shown}" if len(row["same"]) > 1 else "")
        for name, same in row["same"].items()
    ]
    text = (
        f"{row['stored']:,} spikes stored after the trigger window; {', '.join(recalled)};"
        f" {', '.join(differ)}."
    )
    if len(recalled) > 2:
        text += f" Drawn: {' and '.join(two)}."
    if max(len(recall.own) for recall in two.values()) > SINGLE_MARKS:
        text += " There are too many spikes to draw each: one mark stands for all in a small cell."
    return text


def _differ(same):
    n = same.only_first + same.only_second
    if not n:
        return "no spike differs"
    return f"{n:,} {'spike differs' if n == 1 else 'spikes differ'}"


def _f1_width(comparison):
    """Length of the sliding window in steps: as long as the delays, and not too short to read."""
    cue = _ran(comparison)[0].recalls[0].cue
    n_scored = cue.n_steps - cue.scored_from
    return min(n_scored, max(comparison.memory.n_delays, -(-n_scored // 20)))


def _rows(comparison):
    """What the tables say of each pattern."""
    return [
        {
            "name": f"{k}",
            "stored": scores[0].stored,
            "scores": scores,
            "same": {name: ones[place] for name, ones in comparison.agreements.items()},
            "exact": all(ones[place].exact for ones in comparison.agreements.values()),
        }
        for place, (k, *scores) in enumerate(
            zip(comparison.patterns, *(one.scores.patterns for one in _ran(comparison)))
        )
    ]


def _worst_first(rows):
    """The rows' places, most differing spikes first, then lowest F1, then as they stand."""

    def badness(place):
        row = rows[place]
        n_differ = sum(same.only_first + same.only_second for same in row["same"].values())
        return -n_differ, min(score.f1 for score in row["scores"]), place

    return sorted(range(len(rows)), key=badness)


def _page(comparison, command, figures):
    rows, made = _rows(comparison), dict(comparison.memory.made)
    made.pop("unpredictable", None)
    scores = [one.scores.total for one in _ran(comparison)]
    total = {
        "name": "all",
        "stored": scores[0].stored,
        "scores": scores,
        "same": {name: comparison.agreement(name) for name in comparison.agreements},
    }
    overlays = [figure for figure in figures if figure["name"].startswith(_OVERLAY)]
    reference, *others = (one.shown for one in _ran(comparison))
    return rendered(
        "report.html.jinja",
        exact=comparison.exact,
        reference=reference,
        names=[reference, *others],
        others=dict(zip(comparison.agreements, others)),
        joined=joined([reference, *others]),
        verdict=verdict(comparison),
        certainty=certainty(comparison),
        unpredictable=unpredictable(comparison.memory),
        memory=memory_facts(comparison.memory),
        rows=rows,
        total=total if len(rows) > 1 else None,
        overlays=overlays,
        first_overlay={one["pattern"]: one["name"] for one in reversed(overlays)},
        pictures=[figure for figure in figures if not figure["name"].startswith(_OVERLAY)],
        left_out=[rows[place]["name"] for place in sorted(_worst_first(rows)[MOST_OVERLAYS:])],
        made=flat(made),
        settings=flat(comparison.settings),
        timing=flat({name: f"{value:.2f} s" for name, value in comparison.timing.items()}),
        versions=flat(comparison.versions),
        command=command,
    )
