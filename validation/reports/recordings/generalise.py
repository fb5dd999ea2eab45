"""What `wmdelays generalise` found, in sentences, a table and a page."""

from wmdelays.validation.recall.controls import BASELINES, CONTROLS
from wmdelays.validation.recall.held_out import LEARNED
from wmdelays.validation.reports.pages import as_table, drawn, write_results
from wmdelays.words import counted

# Fewer trials leave no p below 0.05: that of n trials is no less than 2 ** -n.
_FEWEST = 5
# From this F1 on the learned trials count as recalled, and from that on in part.
_WHOLE, _PART = 0.95, 0.5
# Spikes for each one of a trial, below and above which a recall dies out and runs away.
_SILENT, _WILD = 0.1, 3.0


def answers(found):
    """What was found, a list of sentences; the first is the answer.

    Parameters
    ----------
    found : Generalisation

    Returns
    -------
    list of str
    """
    lines = [_answer(found), _how_sure(found), *_beside_guesses(found), _learned(found)]
    spikes = found.as_dict()["held_out"]["spikes_per_stored"]
    if spikes < _SILENT:
        lines.append(
            "After the cue of a held-out trial the network falls silent:"
            f" {spikes:.2g} spikes for each one of the trial."
        )
    elif spikes > _WILD:
        lines.append(
            "After the cue of a held-out trial the network runs away:"
            f" {spikes:.2g} spikes for each one of the trial."
        )
    return lines


def _closest(found):
    """The control that decides: the one that is told apart the least, of these the highest."""
    return max(found.controls, key=lambda kind: (found.p_value(kind), found.f1(kind)), default=None)


def _answer(found):
    f1 = f"F1 within {found.within_s * 1e3:.4g} ms {found.f1():.3f}"
    control = _closest(found)
    if control is None:
        return f"Held-out trials are recalled with {f1}; no control says what chance makes of them."
    against = f"{f1} against {found.f1(control):.3f} for {CONTROLS[control].shown}."
    if len(found.names) < _FEWEST:
        n = len(found.names)
        return f"From {n} trials it cannot be told whether others are recalled: {against}"
    if not found.better and found.trained_f1 < _PART:
        return (
            "Nothing can be said about held-out trials, since the learned ones are not recalled either"
            f" (F1 {found.trained_f1:.3f}): {against}"
        )
    no = "" if found.better else "not "
    return f"Held-out trials are {no}recalled better than chance: {against}"


def _how_sure(found):
    n = len(found.names)
    how = f"each held out by itself, in {n} memories"
    if found.n_folds < n:
        how = f"held out in {found.n_folds} parts, one after another"
    low, high = found.f1_interval()
    text = (
        f"{counted(n, 'trial')}, {how}: F1 from {low:.3f} to {high:.3f} in 95 % of resampled trials"
    )
    control = _closest(found)
    if control is None:
        return f"{text}."
    more, low, high = found.difference(control)
    draws = counted(len(found.counts[control]), "draw")
    return (
        f"{text}; the difference from {CONTROLS[control].shown} is {more:.3f} (from {low:.3f} to"
        f" {high:.3f}), p = {found.p_value(control):.2g} over trials, with {draws} of the control."
    )


def _beside_guesses(found):
    parts = []
    for kind in (one for one in found.counts if one in BASELINES):
        _, low, high = found.difference(kind)
        than = "more than" if low > 0 else "less than" if high < 0 else "about as much as"
        parts.append(f"{than} {BASELINES[kind].shown} ({found.f1(kind):.3f})")
    if not parts:
        return []
    *others, last = parts
    listed = f"{', '.join(others)} and {last}" if others else last
    return [f"That is {listed}, guessed without a network."]


def _learned(found):
    f1 = f"F1 {found.trained_f1:.3f}"
    if found.trained_f1 >= _WHOLE:
        return f"The learned trials themselves are recalled: {f1}."
    if found.trained_f1 >= _PART:
        return f"The learned trials themselves are recalled in part: {f1}."
    return (
        f"The learned trials themselves are not recalled ({f1}): the memory does not hold what it was"
        " to learn, so this says nothing about unseen trials. wmdelays store says what cannot be stored."
    )


def columns(found):
    """Titles of the table and what stands beneath."""
    values, known = found.as_dict(), CONTROLS | BASELINES
    lines = {"held-out trials": values["held_out"], "learned trials, own cues": values["trained"]}
    lines |= {known[k].shown: one for k, one in (values["controls"] | values["baselines"]).items()}
    ones = list(lines.values())
    return {
        "recall of": list(lines),
        f"F1 within {found.within_s * 1e3:.4g} ms": [_number(one["f1"]) for one in ones],
        "95 %": [" – ".join(map(_number, one["f1_interval"])) for one in ones],
        "precision": [_number(one["precision"]) for one in ones],
        "recall": [_number(one["recall"]) for one in ones],
        "spikes per stored": [f"{one['spikes_per_stored']:.3g}" for one in ones],
        "held-out minus this": [_number(one.get("difference")) for one in ones],
        "p": [f"{one['p_value']:.2g}" if "p_value" in one else "" for one in ones],
        "draws": [str(one["draws"]) if "draws" in one else "" for one in ones],
    }


def _number(value):
    return "" if value is None else f"{value:.3f}"


def trial_columns(found):
    """A line for each trial."""
    trials = found.as_dict()["trials"]
    return {
        "trial": [one["name"] for one in trials],
        "F1, held out": [_number(one["f1"]) for one in trials],
        "F1, learned": [_number(one["trained_f1"]) for one in trials],
        "spikes after the cue": [str(one["n_stored"]) for one in trials],
    }


def figure(found):
    """F1 of held-out trials beside the learned ones, the controls and the guesses.

    Parameters
    ----------
    found : Generalisation

    Returns
    -------
    matplotlib.figure.Figure
    """
    from wmdelays.plots.scores import ScoreLine, score_lines_figure

    def line(kind, label, marked=False):
        each = found.trial_f1(kind)
        return ScoreLine(label, found.f1(kind), *found.f1_interval(kind), each, marked)

    guesses = [kind for kind in found.counts if kind in BASELINES]
    lines = [
        line(LEARNED, "held-out trials", True),
        ScoreLine(
            "learned trials, own cues",
            found.trained_f1,
            *found.trained_interval(),
            found.trained_trial_f1,
        ),
        None,
        *(line(kind, CONTROLS[kind].shown) for kind in found.controls),
        None,
        *(line(kind, BASELINES[kind].shown) for kind in guesses),
    ]
    return score_lines_figure(lines, f"F1 within {found.within_s * 1e3:.4g} ms")


def write_report(found, folder, command):
    """Write a report: the answer, the figure, and the tables.

    Parameters
    ----------
    found : Generalisation
    folder : str or Path
    command : str
        The command line that makes this report again.

    Returns
    -------
    Path
        The page.
    """
    how = (
        "Trials are held out in turn. A memory learns the others, is cued with the real first spikes of"
        " a held-out trial, and what it emits from there on is compared with the rest of that trial."
        " Intervals hold 95 % of scores over trials drawn with replacement; p is that of a sign-flip"
        " test over trials, one-sided. Trials are not independent, since memories share what they"
        " learned. "
    )
    kinds = [kind for kind in found.counts if kind != LEARNED]
    what = ". ".join(
        f"{one.shown[0].upper()}{one.shown[1:]}: {one.help}"
        for one in ((CONTROLS | BASELINES)[kind] for kind in kinds)
    )
    caption = (
        "Large markers: F1 over all trials, with the interval. Small ones: each trial. Above the first"
        " line what the memory makes of trials; then memories of something else, recalled from the same"
        " cues; beneath the second line guesses without a network."
    )
    picture = drawn(figure(found), "generalisation", "F1 of unseen trials", caption)
    tables = [as_table("Scores", columns(found)), as_table("Trials", trial_columns(found))]
    first, *others = answers(found)
    # By its key a task finds its results again; it says nothing to a reader.
    rows = [
        row | {"setting": {name: one for name, one in row["setting"].items() if name != "task"}}
        for row in found.rows
    ]
    return write_results(
        folder,
        "Recall of unseen trials",
        [first, " ".join(others), how + what + "."],
        [picture],
        tables,
        rows,
        command,
    )
