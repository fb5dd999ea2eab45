"""Figures and report of `wmdelays find`."""

from wmdelays.find.surrogates import surrogate_versions, surrogates_said
from wmdelays.machine.versions import versions
from wmdelays.plots.occurrences import close_figure, maxima_figure, occurrences_figure
from wmdelays.plots.recurring import replay_figure, shuffles_figure
from wmdelays.validation.find.replayed import event_columns, first_spikes
from wmdelays.validation.find.stored import level_columns, occurrence_columns
from wmdelays.validation.reports.pages import as_table, drawn, write_results


def write_report(found, folder, command):
    """Write a report: where templates occur, the clearest of them, and what chance reaches.

    Parameters
    ----------
    found : Found
    folder : str or Path
    command : str
        The command line that makes this report again.

    Returns
    -------
    Path
        The page.
    """
    made, settings = found.findings, found.settings
    texts = [
        "At each step the completeness of a template is the part of its spikes with a spike of the"
        f" same unit at most {settings['jitter_s'] * 1e3:.4g} ms away. The score compares an"
        " occurrence with the best that the template reaches in the surrogates: matched spikes above"
        " their mean, in standard deviations. p is (1 + k) / (1 + n), where in k of n surrogates some"
        " template has at least this score somewhere, so it holds for all templates and times together."
        " Deviation is the root mean square of the matched spikes' distances from their times.",
        surrogates_said(settings["surrogates"], settings["dither_s"]),
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
        as_table("Occurrences", occurrence_columns(found)),
        as_table(
            "How often a completeness is reached, all templates together", level_columns(found)
        ),
    ]
    return write_results(
        folder,
        "Templates in a raster",
        [found.summary, found.tested, *texts],
        [drawn(*one) for one in pictures if one[0] is not None],
        [one for one in tables if one[2]],
        [{"setting": settings, "versions": surrogate_versions()}],
        command,
    )


def write_replay_report(found, folder, command):
    """Write a report: which events keep an order, and how many do by chance.

    Parameters
    ----------
    found : FoundReplay
    folder : str or Path
    command : str
        The command line that makes this report again.

    Returns
    -------
    Path
        The page.
    """
    number, best = found.best
    order = first_spikes(found.templates[number])[0]
    texts = [
        "The correlation is Spearman's, of the units' first spikes in an event with the template's"
        " order: 1 forwards, -1 backwards. p of an event is (1 + k) / (1 + n), where k of n templates"
        " with shuffled units are correlated as much with it, either way. How many events have a p of"
        f" {best.level:g} or less is compared with the same number for each shuffled template.",
    ]
    pictures = [
        (
            replay_figure(order, best, found.raster, found.start),
            "events",
            "Events that keep the order best",
            "Spikes of the template's units, with a circle at the first of each.",
        ),
        (
            shuffles_figure(best),
            "chance",
            "What chance makes",
            "Events that keep the order of the template, and of each shuffled one.",
        ),
    ]
    return write_results(
        folder,
        "The order of a template in a raster",
        [found.summary, found.tested, *texts],
        [drawn(*one) for one in pictures if one[0] is not None],
        [one for one in [as_table("Events that keep the order", event_columns(found))] if one[2]],
        [{"setting": found.settings, "versions": versions()}],
        command,
    )
