"""The command `wmdelays motifs`: which spikes of a stored pattern make which, and by which synapses."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from wmdelays.errors import InputError
from wmdelays.file_kinds import MEMORY, MOTIFS
from wmdelays.memory import Memory
from wmdelays.memory_file import read_memory, write_memory
from wmdelays.motif_files import write_motifs
from wmdelays.motifs import find_motifs, looked_at, shared, stored_spikes
from wmdelays.synapse_use import SynapseUse, synapse_use
from wmdelays.validation.info import sizes
from wmdelays.validation.motif_tables import (
    cut_sentence,
    pattern_columns,
    pattern_values,
    sentences,
    synapse_columns,
)
from wmdelays.validation.options import (
    JsonFile,
    Report,
    check_outputs,
    chosen_patterns,
    put_json,
)
from wmdelays.validation.results import versions
from wmdelays.validation.synapse_cut import check_keep, closest_call, cut, emitted, recalls_of
from wmdelays.validation.terminal import command_line, console, print_columns, progress_bar


@dataclass(frozen=True)
class MotifAnalysis:
    """The motifs of stored patterns, and which synapses the recalls of the patterns use.

    Attributes
    ----------
    memory : Memory
    motifs : list of Motifs
        One for each pattern that was looked at.
    recalls : list of Recall
        Their undamaged recalls in torch; of a periodic pattern, over several cycles.
    exact : list of bool
        Whether each recall has the stored spikes and no others.
    use : SynapseUse
        Which synapses these recalls use.
    in_motif : bool array, shape (n_synapses,)
        The synapses of all links.
    settings : dict
    timing : dict
        Seconds spent in each part.
    """

    memory: Memory
    motifs: list
    recalls: list
    exact: list
    use: SynapseUse
    in_motif: np.ndarray
    settings: dict
    timing: dict

    def as_dict(self):
        """The outcome as plain JSON values; times are in seconds, membranes in units of theta."""
        memory = self.memory
        neurons, synapses = shared(self.motifs)
        return {
            "memory": sizes(memory),
            "patterns": [
                pattern_values(memory, [one]) | {"pattern": one.pattern, "exact_recall": exact}
                for one, exact in zip(self.motifs, self.exact)
            ],
            "total": pattern_values(memory, self.motifs),
            "shared_neurons": neurons.tolist(),
            "shared_synapses": synapses.tolist(),
            "synapses": self.synapse_counts(),
            "closest_call": self.closest_call,
            "settings": self.settings,
            "timing_s": self.timing,
            "versions": versions(),
        }

    @property
    def closest_call(self):
        """The smallest abs(u - theta) of the recalls, or None."""
        return closest_call(self.recalls)

    def synapse_counts(self):
        """Number of synapses of each sign: all, those used, and those in a motif."""
        counts = self.use.counts()
        counts["excitatory"]["in_a_motif"] = int(self.in_motif.sum())
        for one in counts.values():
            one["unused"] = one["n_synapses"] - one["used"]
        return counts


def analyse(memory, patterns=None, progress=None):
    """Find the motifs of stored patterns and the synapses that their recalls use.

    Parameters
    ----------
    memory : Memory
    patterns : sequence of int, optional
        Which patterns; by default all.
    progress : callable, optional
        Called now and then with what is being done (str) and the part of it that is done (float,
        or None where that is not known).

    Returns
    -------
    MotifAnalysis

    Raises
    ------
    InputError
        If the memory has no such pattern, or a pattern is named twice.
    """
    say = progress or (lambda stage, part: None)
    chosen = looked_at(memory, patterns)
    start = time.perf_counter()
    say("recalling", None)
    recalls = recalls_of(memory, chosen)
    recalled = time.perf_counter()
    motifs = find_motifs(memory, chosen, lambda part: say("looking for motifs", part))
    found = time.perf_counter()
    use = synapse_use(memory, emitted(recalls), None, lambda part: say("synapses in use", part))
    in_motif = np.zeros(memory.n_synapses, bool)
    in_motif[np.concatenate([one.synapse for one in motifs])] = True
    return MotifAnalysis(
        memory=memory,
        motifs=motifs,
        recalls=recalls,
        exact=[one.emitted == stored_spikes(memory, k) for one, k in zip(recalls, chosen)],
        use=use,
        in_motif=in_motif,
        settings={"patterns": chosen},
        timing={
            "recall": recalled - start,
            "motifs": found - recalled,
            "use": time.perf_counter() - found,
        },
    )


def command(
    memory: Annotated[Path, typer.Argument(metavar="FILE", help="A memory file.")],
    patterns: Annotated[
        str, typer.Option(metavar="all|0,3,5", help="Patterns to look at.")
    ] = "all",
    motifs_file: Annotated[
        Path | None,
        typer.Option("--motifs", metavar="FILE", help="Write each spike's links here (.jsonl)."),
    ] = None,
    cut_file: Annotated[
        Path | None,
        typer.Option(
            "--cut", metavar="FILE", help="Write a memory without the synapses never used (.h5)."
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(
            metavar="used|motifs",
            help="--cut: keep all synapses that are used, or of the excitatory ones those in motifs"
            " alone.",
        ),
    ] = "used",
    report: Report = None,
    json_file: JsonFile = None,
):
    """Find which spikes of a stored pattern make which, and which synapses a recall needs.

    Ends with status 0, 1 if a memory without the unused synapses recalls otherwise and was not
    written, 2 if the input cannot be used.
    """
    check_outputs(json_file, report, memory, written=[(motifs_file, MOTIFS), (cut_file, MEMORY)])
    check_keep(keep)
    chosen = chosen_patterns(patterns)
    if cut_file is not None and chosen is not None:
        raise InputError("a memory is cut for all its patterns; leave out --patterns")
    if cut_file is None and keep != "used":
        raise InputError("--keep says what --cut keeps; name a file with --cut")
    smaller = page = None
    with progress_bar() as say:
        analysis = analyse(read_memory(memory), chosen, say)
        analysis.settings["memory_file"] = str(memory)
        values = analysis.as_dict()
        if cut_file is not None:
            smaller = cut(analysis, keep, say)
            values["cut"] = smaller.as_dict()
        if report is not None:
            say("drawing the report", None)
            from wmdelays.validation.motifs_report import write_report

            said = [] if smaller is None else [cut_sentence(analysis, smaller, cut_file)]
            page = write_report(analysis, values, report, command_line(), said)
        if motifs_file is not None:
            say("writing the motifs", None)
            write_motifs(motifs_file, analysis.memory, analysis.motifs)
        if smaller is not None and not smaller.different:
            say("writing the memory", None)
            write_memory(cut_file, smaller.memory)
    put_json(json_file, values)
    print_columns(pattern_columns(values))
    print_columns(synapse_columns(values))
    lines = sentences(values)
    if smaller is not None:
        lines.append(cut_sentence(analysis, smaller, cut_file))
    if page is not None:
        lines.append(f"report: {page}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1 if smaller is not None and smaller.different else 0)
