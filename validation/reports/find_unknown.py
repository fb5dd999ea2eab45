"""Figures and report of `wmdelays find-unknown`."""

from wmdelays.find.surrogates import surrogate_versions, surrogates_said
from wmdelays.plots.recurring import MOST_PATTERNS, chance_figure, recurring_figure
from wmdelays.validation.find.unknown import candidate_columns, pattern_columns
from wmdelays.validation.reports.pages import as_table, drawn, write_results


def write_report(found, folder, command):
    """Write a report: the patterns that recur, and how many chance makes.

    Parameters
    ----------
    found : FoundUnknown
    folder : str or Path
    command : str
        The command line that makes this report again.

    Returns
    -------
    Path
        The page.
    """
    unknown, settings = found.unknown, found.settings
    n_patterns = len(unknown.patterns)
    texts = [surrogates_said(settings["surrogates"], settings["dither_s"])]
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
        as_table("Patterns", pattern_columns(found)),
        as_table("Patterns that recur often enough to be tested", candidate_columns(found)),
    ]
    return write_results(
        folder,
        "Recurring patterns in a raster",
        [found.summary, found.tested, *texts],
        [drawn(*one) for one in pictures if one[0] is not None],
        [one for one in tables if one[2]],
        [{"setting": settings, "versions": surrogate_versions()}],
        command,
    )
