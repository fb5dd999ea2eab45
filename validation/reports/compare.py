"""The report of a comparison."""

from itertools import chain

import numpy as np

from wmdelays.files.recording import begins_at
from wmdelays.plots.continuous_time import membranes_figure, timing_figure
from wmdelays.plots.rasters import SINGLE_MARKS, overlay_figure
from wmdelays.plots.scores import closest_call_figure, f1_figure
from wmdelays.plots.weights import delays_figure, time_constants_figure, weights_figure
from wmdelays.validation.reports.comparison.methods import methods
from wmdelays.validation.reports.comparison.part import raster_part
from wmdelays.validation.reports.memory import memory_facts, time_constants_text, unpredictable
from wmdelays.validation.reports.pages import check_folder, drawn, flat, rendered, write_page
from wmdelays.validation.reports.verdict import (
    agreement_mark,
    certainty,
    headline,
    joined,
    verdict,
)
from wmdelays.words import called, counted, share, signed

MOST_OVERLAYS = 16
_OVERLAY = "overlay_pattern_"
# So few figures are drawn before another process is ready.
_FEW = 5
# How many membranes are drawn, and how much of them, in seconds.
_MEMBRANES, _STRETCH = 4, 0.12


def write_report(comparison, folder, command, aside=None, progress=None):
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
    aside : Aside, optional
        Another process, see `wmdelays.validation.work.aside`, which draws half of many figures.
    progress : callable, optional
        Takes what is being done (str) and the part of it that is done (float).

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
    figures = _figures(comparison, aside, progress or (lambda stage, part: None))
    # An earlier report may have shown other patterns.
    return write_page(folder, figures, _page(comparison, command, figures), f"{_OVERLAY}[0-9]*.*")


def _figures(comparison, aside, progress):
    """Every figure: its name, title and caption, and its content as PNG and SVG."""
    rows = _rows(comparison)
    overlays = [
        one
        for place in _worst_first(rows)[:MOST_OVERLAYS]
        for one in _overlays(comparison, place, rows[place])
    ]
    # The other figures and the page are as much work as a few overlays.
    n_aside = (len(overlays) + 4) // 2 if aside is not None and len(overlays) > _FEW else 0
    if n_aside:
        aside.give(_drawn, overlays[:n_aside])
    drawn_here, n = [], len(overlays) - n_aside + 4
    for figure in chain(_each_drawn(overlays[n_aside:]), _other_figures(comparison, rows)):
        drawn_here.append(figure)
        progress("drawing the report", min(len(drawn_here) / n, 1.0))
    return (aside.answer() if n_aside else []) + drawn_here


def _drawn(overlays):
    return list(_each_drawn(overlays))


def _each_drawn(overlays):
    """Figures of what `_overlays` describes."""
    for about, (pattern, recalls, options), number in overlays:
        yield drawn(overlay_figure(pattern, recalls, **options), *about) | {"pattern": number}


def _other_figures(comparison, rows):
    memory = comparison.memory
    stored = [memory.patterns[k] for k in comparison.patterns]
    if memory.neurons is None:
        yield _f1_over_time(comparison, stored)
    else:
        yield _timing(comparison)
        yield _membranes(comparison, _worst_first(rows)[0])
    name, calls = comparison.closest_calls
    if None not in calls:
        yield _closest_calls(comparison, calls, comparison.simulations[name].shown)
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
        "Number of synapses, on a logarithmic scale, by weight."
        + (" Weights are in units of the threshold θ." if memory.neurons is None else ""),
    )
    if (differ := time_constants_text(memory)) is not None:
        yield drawn(
            time_constants_figure(memory),
            "time_constants",
            "Time constants of the membranes",
            f"Number of neurons by the time constant of their membrane: {differ}.",
        )


def _f1_over_time(comparison, stored):
    memory, width = comparison.memory, _f1_width(comparison)
    return drawn(
        f1_figure(_each_once(comparison), stored, width, _begin_of_all(comparison)),
        "f1_over_time",
        "F1 over time",
        f"F1 in a window of {width} steps ({width * memory.step * 1e3:.4g} ms) that slides over the"
        " recall, at the middle of the window. Where neither pattern nor recall has a spike in the"
        " window, the line has a gap.",
    )


def _begin_of_all(comparison):
    """When in the recording the patterns begin that are drawn together; None if at several times."""
    begins = {begins_at(comparison.memory, k) for k in comparison.patterns}
    return begins.pop() if len(begins) == 1 else None


def _each_once(comparison):
    """The recalls of each simulator by its name; of those that emit the same spikes by all names."""
    ran = comparison.simulations
    same = [comparison.reference]
    same += [name for name, ones in comparison.agreements.items() if all(o.exact for o in ones)]
    recalls = {joined([ran[name].shown for name in same]): ran[same[0]].recalls}
    return recalls | {one.shown: one.recalls for name, one in ran.items() if name not in same}


def _timing(comparison):
    cue = _ran(comparison)[0].recalls[0].cue
    start, stop = (n * cue.step for n in (cue.scored_from - cue.onset, cue.n_steps - cue.onset))
    shown = [
        comparison.simulations[comparison.reference],
        comparison.halved or _ran(comparison)[-1],
    ]
    names = [f"{one.shown}, dt = {one.setup.dt * 1e3:.6g} ms" for one in shown]
    lags = {name: [each.lag for each in one.times.patterns] for name, one in zip(names, shown)}
    return drawn(
        timing_figure(lags, comparison.patterns, start, stop, _begin_of_all(comparison)),
        "lag_and_tempo",
        "Lag and tempo",
        f"{joined(names)}, a line for each pattern. Left: how much later than stored the spikes come,"
        " in windows of 40 ms (longer ones where the pattern has few spikes); there is a gap where too"
        " little is recalled to tell. Middle: F1 within 1 ms in each window once the lag is taken out."
        " Right: the tempo, the slope of the lag; above nought the recall is slower than the pattern."
        " The trigger window is shaded.",
    )


def _membranes(comparison, place):
    """The membranes of a few neurons of a pattern, around what is most worth a look."""
    from wmdelays.training.continuous.membranes import membranes

    memory, k = comparison.memory, comparison.patterns[place]
    one = comparison.simulations[comparison.reference]
    recall, times = one.recalls[place], one.times.patterns[place]
    stored, own = memory.patterns[k], recall.own
    start = (recall.cue.scored_from - recall.cue.onset) * recall.cue.step
    if times.n_lost:
        start = max(start, times.first_lost_s - _STRETCH / 2)
    stop = min(start + _STRETCH, stored.duration)
    # Those that fire most in the stretch, the one that loses the first spike before all.
    inside = (stored.times >= start) & (stored.times < stop)
    counts = np.bincount(stored.neurons[inside], minlength=memory.n_neurons)
    if times.n_lost:
        counts[stored.neurons[np.searchsorted(stored.times, times.first_lost_s - 1e-9)]] += len(
            inside
        )
    neurons = np.argsort(-counts, kind="stable")[: min(_MEMBRANES, memory.n_neurons)]
    found = membranes(memory, recall, neurons, one.setup.dt)
    figure = membranes_figure(
        found.times - recall.cue.onset * recall.cue.step,
        dict(zip(neurons.tolist(), found.values)),
        found.bounds,
        stored,
        own,
        start=start,
        stop=stop,
        title=f"pattern {k}, {one.shown}",
        begins=begins_at(memory, k),
    )
    spikes = (
        f", around the first spike that is lost, of {called(stored, neurons[0])}"
        if times.n_lost
        else ""
    )
    return drawn(
        figure,
        "membranes",
        "Membranes",
        f"The membranes of {counted(len(neurons), 'neuron')} of pattern {k}{spikes}. Circles above"
        " them are stored spikes, ticks those that are recalled; where the dashed line is crossed,"
        " the neuron cannot but fire.",
    )


def _closest_calls(comparison, calls, name):
    if comparison.memory.neurons is None:
        unit, smallest = "", "|u − θ|"
    else:
        unit, smallest = "mV", "distance of a membrane from where it fires"
    bound = comparison.rounding_bound
    caption = f"The smallest {smallest} of each recall in {name}"
    if bound is not None:
        caption += (
            ", beside the bound on what the order of floating point operations can change. In the"
            " grey below the line, rounding may decide over a spike"
        )
    return drawn(
        closest_call_figure(calls, bound, comparison.patterns, unit),
        "closest_calls",
        "Closest calls",
        f"{caption}.",
    )


def _ran(comparison):
    return list(comparison.simulations.values())


def _overlays(comparison, place, row):
    """A pattern with the reference and another recall over it: each that differs, or the last.

    What is needed to draw it: its name, title and caption, what is drawn, and the pattern's number.
    """
    k, ran = comparison.patterns[place], comparison.simulations
    others = [name for name, same in row["same"].items() if not same.exact] or list(ran)[-1:]
    for name in others:
        two = {ran[one].shown: ran[one].recalls[place] for one in (comparison.reference, name)}
        # One name says enough where there is nothing to choose from.
        title, file = f"Pattern {k}", f"{_OVERLAY}{k:04d}"
        if len(others) > 1:
            title, file = f"{title}, {' and '.join(two)}", f"{file}_{name}"
        lags = {ran[n].shown: ran[n].times for n in (comparison.reference, name)}
        options = {
            "title": title[0].lower() + title[1:],
            "zoom_steps": 100 * round(comparison.memory.step / comparison.memory.tick),
            "lags": {
                shown: times.patterns[place].lag
                for shown, times in lags.items()
                if times is not None
            },
            "begins": begins_at(comparison.memory, k),
        }
        about = file, title, _overlay_caption(comparison, row, two)
        yield about, (comparison.memory.patterns[k], two, options), f"{k}"


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
    if comparison.memory.neurons is not None:
        text += " The strip beneath the raster is how much later than stored the spikes come."
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


def _timed_tables(comparison):
    """A table of how well and how late each pattern is recalled, by who recalled it.

    Simulators that emit the same spikes as the reference are in its table.
    """
    ran = comparison.simulations
    same = [name for name in ran if all(one.exact for one in comparison.agreements.get(name, []))]
    shown = {joined([ran[name].shown for name in same]): ran[comparison.reference]}
    shown |= {one.shown: one for name, one in ran.items() if name not in same}
    tables = {f"{name}, dt = {one.setup.dt * 1e3:.6g} ms": one for name, one in shown.items()}
    if comparison.halved is not None:
        one = comparison.halved
        tables[f"{one.shown} at half of dt, {one.setup.dt * 1e3:.6g} ms"] = one
    return {
        title: [
            *(_timed_row(f"{k}", one) for k, one in zip(comparison.patterns, ones.times.patterns)),
            *([_timed_row("all", ones.times)] if len(comparison.patterns) > 1 else []),
        ]
        for title, ones in tables.items()
    }


def _timed_row(name, times):
    wobble, first = times.wobble_ms, times.first_lost_s
    return [
        name,
        *(share(times.within[ms].f1) for ms in times.within),
        share(times.f1_lag_followed),
        signed(times.tempo_percent),
        f"{wobble:.2g}" if wobble == wobble else "–",
        signed(times.lag_end_ms),
        f"{times.n_lost:,}",
        f"{first:.6g}" if first == first else "–",
        f"{times.n_too_many:,}",
    ]


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
        agrees=comparison.agrees,
        reference=reference,
        names=[reference, *others],
        others=dict(zip(comparison.agreements, others)),
        joined=joined([reference, *others]),
        headline=headline(comparison),
        verdict=verdict(comparison),
        same=agreement_mark(comparison),
        continuous=comparison.memory.neurons is not None,
        timed=_timed_tables(comparison) if comparison.memory.neurons is not None else {},
        certainty=certainty(comparison),
        unpredictable=unpredictable(comparison.memory) if comparison.memory.neurons is None else [],
        memory=memory_facts(comparison.memory),
        rows=rows,
        total=total if len(rows) > 1 else None,
        raster=raster_part(comparison),
        worst=rows[_worst_first(rows)[0]]["name"],
        overlays=overlays,
        first_overlay={one["pattern"]: one["name"] for one in reversed(overlays)},
        pictures=[figure for figure in figures if not figure["name"].startswith(_OVERLAY)],
        left_out=[rows[place]["name"] for place in sorted(_worst_first(rows)[MOST_OVERLAYS:])],
        methods=methods(comparison),
        made=flat(made),
        settings=flat(comparison.settings),
        timing=flat(_seconds(comparison.timing)),
        versions=flat(comparison.versions),
        command=command,
    )


def _seconds(timing):
    return {
        name: _seconds(value) if isinstance(value, dict) else f"{value:.2f} s"
        for name, value in timing.items()
    }
