"""Figures and report of `wmdelays motifs`."""

import numpy as np

from wmdelays.machine.versions import versions
from wmdelays.plots.motifs import (
    motif_figure,
    motif_sizes_figure,
    shared_figure,
    synapse_use_figure,
    typical_spike,
)
from wmdelays.validation.reports.motif_tables import pattern_columns, sentences, synapse_columns
from wmdelays.validation.reports.pages import drawn, write_results


def write_report(analysis, values, folder, command, said=()):
    """Write a report: sizes and contexts, one motif, what patterns share, synapses in use.

    Parameters
    ----------
    analysis : MotifAnalysis
    values : dict
        Its `as_dict`.
    folder : str or Path
    command : str
        The command line that makes this report again.
    said : sequence of str
        Further sentences.

    Returns
    -------
    Path
        The page.
    """
    memory, motifs = analysis.memory, analysis.motifs
    texts = [
        "The motif of a spike is the fewest excitatory contributions that hold its membrane at"
        " or above theta together with all inhibitory ones, the largest first. A contribution is what is"
        " left, at the spike, of the weight that one presynaptic spike brought over one synapse since"
        " the neuron's last spike. The links of a motif are its contributions; its context reaches back"
        " to the earliest presynaptic spike.",
        "A spike hangs on one synapse if taking away that synapse alone would leave its membrane below"
        " theta. The parts are the groups of spikes that links join, directly or over others.",
        "An excitatory synapse is used if it contributes to the membrane of any spike of the recalls;"
        " an inhibitory one if it contributes to a membrane that would reach theta without inhibition"
        " where no spike is. Without all the others the recalls are the same.",
        *sentences(values),
        *said,
    ]
    pictures = [
        drawn(
            motif_sizes_figure(motifs, memory.step, memory.n_delays),
            "motifs",
            "Sizes and contexts of motifs",
            "Above: all spikes after the trigger window. Below, where there are several patterns:"
            " median, and from 5 % to 95 % of the spikes of each.",
        )
    ]
    one = next((one for one in motifs if typical_spike(one) is not None), None)
    if one is not None:
        pictures.append(
            drawn(
                motif_figure(memory, one, typical_spike(one)),
                "motif",
                "One motif",
                "The first spike with a motif of median size. Left: each line leads from a presynaptic"
                " spike to its arrival, its width is the contribution. Right: the membrane with all"
                " inhibitory contributions and one link after the other.",
            )
        )
    if len(motifs) > 1:
        pictures.append(
            drawn(
                shared_figure(
                    np.array(values["shared_neurons"]),
                    np.array(values["shared_synapses"]),
                    [one.pattern for one in motifs],
                ),
                "shared",
                "What patterns share",
                "Neurons that take part in motifs of both patterns, and synapses (pre, post, delay) in"
                " motifs of both.",
            )
        )
    pictures.append(
        drawn(
            synapse_use_figure(memory, analysis.use, analysis.in_motif),
            "use",
            "Synapses in use",
            "Left: synapses that are used in the recalls, and those that stand in a motif. Right:"
            " delays of the synapses in motifs.",
        )
    )
    tables = [
        (title, list(columns), list(zip(*columns.values())))
        for title, columns in (
            ("Patterns", pattern_columns(values)),
            ("Synapses", synapse_columns(values)),
        )
    ]
    rows = [{"setting": analysis.settings, "versions": versions()}]
    return write_results(
        folder, "Motifs of stored patterns", texts, pictures, tables, rows, command
    )
