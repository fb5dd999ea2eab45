"""What `wmdelays motifs` says: its tables and its sentences."""

import numpy as np


def pattern_columns(values):
    """Titles of the table of patterns and what stands beneath, all patterns together last.

    `values` are those of `MotifAnalysis.as_dict`, here and below.
    """
    rows = [(str(row["pattern"]), row) for row in values["patterns"]]
    if len(rows) > 1:
        rows.append(("all", values["total"]))
    scale = 1e3

    def cells(make):
        return [make(row) for _, row in rows]

    def spread(row, name, key, factor=1.0):
        return "" if row[name] is None else f"{row[name][key] * factor:.6g}"

    columns = {
        "pattern": [name for name, _ in rows],
        "spikes": cells(lambda row: f"{row['n_spikes']}"),
        "held": cells(lambda row: f"{row['held']}"),
        "links": cells(lambda row: f"{row['n_links']}"),
        "motif: median": cells(lambda row: spread(row, "motif_size", "median")),
        "most": cells(lambda row: spread(row, "motif_size", "most")),
        "context (ms): median": cells(lambda row: spread(row, "context_s", "median", scale)),
        "longest": cells(lambda row: spread(row, "context_s", "longest", scale)),
        "hang on one synapse": cells(lambda row: f"{row['hang_on_one_synapse']}"),
        "parts": cells(lambda row: f"{row['n_parts']}"),
        "largest": cells(lambda row: f"{row['largest_part']}"),
    }
    if columns["held"] == columns["spikes"]:
        del columns["held"]
    return columns


def synapse_columns(values):
    """Titles of the table of synapses and what stands beneath."""
    counts = values["synapses"]
    return {
        "synapses": list(counts),
        "all": [f"{one['n_synapses']}" for one in counts.values()],
        "used": [f"{one['used']}" for one in counts.values()],
        "never used": [f"{one['unused']}" for one in counts.values()],
        "in a motif": [
            f"{one['in_a_motif']}" if "in_a_motif" in one else "" for one in counts.values()
        ],
    }


def sentences(values):
    """What has to be said beside the tables."""
    memory, patterns = values["memory"], values["patterns"]
    steps, step = memory["n_delays"], memory["step_s"]
    lines = [f"A context was given {steps} steps ({steps * step * 1e3:.6g} ms), the longest delay."]
    if len(patterns) > 1:
        apart = ~np.eye(len(patterns), dtype=bool)
        neurons, synapses = (np.array(values[f"shared_{n}"]) for n in ("neurons", "synapses"))
        own = np.diagonal(neurons)
        chance = (np.outer(own, own) / memory["n_neurons"])[apart].mean()
        lines.append(
            f"Two patterns share {neurons[apart].mean():,.1f} neurons and {synapses[apart].mean():,.1f}"
            " synapses of their motifs, in the mean; neurons chosen independently would be"
            f" {chance:,.1f}."
        )
    inexact = [row["pattern"] for row in patterns if not row["exact_recall"]]
    if inexact:
        lines.append(
            f"The recall differs from the stored spikes in {len(inexact)} of {len(patterns)} patterns"
            f" ({', '.join(map(str, inexact[:5]))}{', …' if len(inexact) > 5 else ''}), and"
            f" {values['total']['n_spikes'] - values['total']['held']} stored spikes are not held even"
            " after the stored ones. Motifs are those of the stored spikes, use is that of the recalls."
        )
    return lines


def cut_sentence(analysis, result, path):
    """What became of the cut."""
    before, after = analysis.memory, result.memory
    if result.different:
        why = ""
        if result.keep == "motifs" and not all(analysis.exact):
            why = (
                " Motifs hold the stored spikes, and the recall has others; --keep used keeps them."
            )
        return (
            f"{path} is not written: without {before.n_synapses - after.n_synapses} synapses the recall"
            f" of pattern {result.different[0]} differs.{why}"
        )
    calls = ""
    if result.closest_call is not None:
        calls = f" Closest call: {analysis.closest_call:.3g} before, {result.closest_call:.3g} now."
    return (
        f"{path}: {after.n_synapses} of {before.n_synapses} synapses recall every pattern with the"
        f" same spikes.{calls}"
    )
