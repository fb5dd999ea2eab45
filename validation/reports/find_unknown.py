"""Figures and report of `wmdelays find-unknown`."""

from wmdelays.find.surrogates import surrogate_versions, surrogates_said
from wmdelays.plots.recurring import MOST_PATTERNS, MOST_TYPES, chance_figure, recurring_figure
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
    texts = [surrogates_said(settings["surrogates"], settings["dither_s"])]
    if unknown.tested["method"] == "SPADE":
        texts.append(
            "k of n surrogates hold a pattern with at least as many spikes and occurrences. p is"
            f" (1 + k) / (1 + n); k / n has to be at most {settings['alpha']:g} divided by the number"
            " of pattern sizes. Then parts of other patterns are left out, which elephant tells by their"
            " numbers of occurrences; the surrogates' patterns are counted before that."
        )
    elif unknown.tested["method"] == "PPSeq":
        texts.append(
            "A type of sequence has a part, a lag and a precision for each of its units; an occurrence"
            " need not be complete. Its score is how much likelier, as a logarithm, the raster is with"
            " it than without, the occurrence that tells most left out. p is (1 + k) / (1 + n), where the"
            " best type of k of n surrogates has such a score. Listed are the units whose spikes at the"
            " occurrences are not by chance, with the standard deviation of their lags."
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
            _recurring_said(unknown),
        ),
        (
            chance_figure(unknown),
            "chance",
            "What chance makes",
            "Scores of the types of sequences in the raster, filled where significant, and of the best"
            " type of each surrogate."
            if unknown.tested["method"] == "PPSeq"
            else "Numbers of patterns in the raster and in its surrogates.",
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


def _recurring_said(unknown):
    """What the picture of recurring patterns shows."""
    n = len(unknown.patterns)
    if unknown.tested["method"] == "PPSeq":
        what, most = (
            "Left: when each unit fires. Right: its spikes, and when the sequence begins. Types",
            MOST_TYPES,
        )
    else:
        what = "Left: spikes of each pattern, the first at 0. Right: when it occurs. Patterns"
        most = MOST_PATTERNS
    drawn_ones = f" The first {most} of {n} are drawn." * (n > most)
    return f"{what} with most spikes, then with most occurrences, come first.{drawn_ones}"
