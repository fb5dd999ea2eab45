"""Figures and report of `wmdelays find`."""

from wmdelays.find.surrogates import METHODS, surrogate_versions
from wmdelays.plots.occurrences import close_figure, maxima_figure, occurrences_figure
from wmdelays.plots.recurring import MOST_PATTERNS, chance_figure, recurring_figure
from wmdelays.validation.find.stored import Found, level_columns, occurrence_columns
from wmdelays.validation.find.unknown import candidate_columns, pattern_columns
from wmdelays.validation.reports.pages import drawn, write_results


def write_report(result, folder, command):
    """Write a report of a `Found` or a `FoundUnknown`."""
    make = _of_templates if isinstance(result, Found) else _of_unknown
    title, texts, pictures, tables = make(result)
    rows = [{"setting": result.settings, "versions": surrogate_versions()}]
    filled = [
        (name, list(columns), list(zip(*columns.values())))
        for name, columns in tables
        if len(next(iter(columns.values())))
    ]
    return write_results(
        folder,
        title,
        [result.summary, result.tested, *texts],
        [drawn(*one) for one in pictures if one[0] is not None],
        filled,
        rows,
        command,
    )


def _surrogates(settings):
    """How the surrogates were made, in one sentence."""
    return (
        f"Surrogates: {settings['surrogates']} by {settings['dither_s'] * 1e3:.4g} ms"
        f" ({METHODS[settings['surrogates']]})."
    )


def _of_templates(found):
    made, settings = found.search, found.settings
    texts = [
        "At each bin the completeness of a template is the part of its spikes with a spike of the"
        f" same unit at most {settings['jitter_s'] * 1e3:.4g} ms away. The score compares an"
        " occurrence with the best that the template reaches in the surrogates: matched spikes above"
        " their mean, in standard deviations. p is (1 + k) / (1 + n), where in k of n surrogates some"
        " template has at least this score somewhere, so it holds for all templates and times together."
        " Deviation is the root mean square of the matched spikes' distances from their times.",
        _surrogates(settings),
    ]
    pictures = [
        (
            occurrences_figure(made, found.raster, found.start),
            "occurrences",
            "Where templates occur",
            "Above: all spikes, with a triangle at the beginning of each occurrence of any template."
            " Below: completeness of the templates with most occurrences, or else the best matched."
            " The dashed line is what it takes to be listed.",
        ),
        (
            close_figure(made, found.raster, found.start),
            "close",
            "Occurrences with the highest and the lowest scores",
            "Spikes of the template's units, in the order in which the template has them. A circle"
            " is where the template expects a spike and there is one, a cross where there is none.",
        ),
        (
            maxima_figure(made),
            "chance",
            "What chance reaches",
            "The highest score of all templates and times in each surrogate, and the scores in the"
            " raster.",
        ),
    ]
    tables = [
        ("Occurrences", occurrence_columns(found)),
        ("How often a completeness is reached, all templates together", level_columns(found)),
    ]
    return "Templates in a raster", texts, pictures, tables


def _of_unknown(found):
    unknown, settings = found.unknown, found.settings
    n_patterns = len(unknown.patterns)
    texts = [_surrogates(settings)]
    if unknown.tested["method"] == "SPADE":
        texts.append(
            "k of n surrogates hold a pattern with at least as many spikes and occurrences. p is"
            f" (1 + k) / (1 + n); k / n has to be at most {settings['alpha']:g} divided by the number"
            " of pattern sizes. Then parts of other patterns are left out, which elephant tells by their"
            " numbers of occurrences; the surrogates' patterns are counted before that."
        )
    else:
        texts.append(
            "p is the largest of CAD's tests, before its correction for their number. The"
            " surrogates say how many assemblies it finds where there are none."
        )
    pictures = [
        (
            recurring_figure(unknown.patterns, found.raster, found.start),
            "patterns",
            "Recurring patterns",
            "Left: spikes of each pattern, the first at 0. Right: when it occurs. Patterns with most"
            " spikes, then with most occurrences, come first."
            + (
                f" The first {MOST_PATTERNS} of {n_patterns} are drawn."
                * (n_patterns > MOST_PATTERNS)
            ),
        ),
        (
            chance_figure(unknown),
            "chance",
            "What chance makes",
            "Numbers of patterns in the raster and in its surrogates.",
        ),
    ]
    tables = [
        ("Patterns", pattern_columns(found)),
        ("Patterns that recur often enough to be tested", candidate_columns(found)),
    ]
    return "Recurring patterns in a raster", texts, pictures, tables
