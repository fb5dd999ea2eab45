"""Memories for neurons in continuous time, recalled in NEST: what is the same, and what its integrators change.

Usage: python benchmarks/nest_neurons.py [--json FILE] [--folder DIR] [--models lif-exp,adex]

For each model that NEST has two patterns of 400 ms are learned in 128 neurons with delays up to 41 ms
(refractory spikes, 4 Hz, intervals of at least 15 ms), and recalled in the compiled loop, in Brian2 at half
of the tick, and in NEST at the tick of 0.1 ms and at a tenth of it. F1 is within 1 ms; the tempo is beside
that of the compiled loop.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

SPECIFICATION = "refractory:neurons=128,steps=400,patterns=2,rate=0.004,interval=15"


def measured(name, file):
    """A row of the table."""
    from wmdelays import compare, read_memory, store, write_memory
    from wmdelays.nest_models.neurons import NEURONS
    from wmdelays.patterns import generate

    if not file.exists():
        write_memory(file, store(generate(SPECIFICATION), neurons=name))
    memory = read_memory(file)
    made = compare(memory, ["compiled", "brian2", "nest"], device="numpy")
    fine = compare(memory, ["compiled", "nest"], dt=memory.tick / 10)
    row = {"model": name, "in_nest": NEURONS[name].name, "agrees": made.agrees, "dt_s": made.dt}
    for key, one in (
        *made.simulations.items(),
        ("brian2_at_half", made.halved),
        ("nest_at_a_tenth", fine.simulations["nest"]),
    ):
        row[key] = one.times.as_dict() | {"seconds": one.seconds, "n_spikes": one.n_spikes}
    same = made.agreement("nest")
    row["same_ticks"], row["stored"] = same.matched, made.simulations["nest"].scores.total.stored
    return row


def table(rows):
    lines = [
        "| memory for | in NEST | at the very tick | F1 | lag followed | tempo"
        " | at a tenth of the tick | Brian2 at half | compiled, NEST: s |",
        "|---" * 9 + "|",
    ]
    for row in rows:
        nest, first = row["nest"], row["compiled"]["tempo_percent"] or 0.0

        def tempo(key):
            found = row[key]["tempo_percent"]
            return "–" if found is None else f"{found - first:+.3f} %"

        cells = [f"`{row['model']}`", f"`{row['in_nest']}`"]
        cells += [f"{row['same_ticks']} of {row['stored']}", f"{nest['f1_1ms']:.4f}"]
        cells += [f"{nest['f1_lag_followed']:.4f}", tempo("nest"), tempo("nest_at_a_tenth")]
        cells += [tempo("brian2_at_half")]
        cells += [f"{row['compiled']['seconds']:.2f}, {nest['seconds']:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="where the results go")
    parser.add_argument("--folder", type=Path, help="where memories are kept")
    parser.add_argument("--models", help="some models, by their names")
    given = parser.parse_args()
    from wmdelays.machine.versions import versions
    from wmdelays.nest_models import check_installed
    from wmdelays.nest_models.neurons import NEURONS

    check_installed()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = given.folder or Path(folder)
        for name in given.models.split(",") if given.models else NEURONS:
            rows.append(measured(name, folder / f"{name}.h5"))
            print(json.dumps(rows[-1]), file=sys.stderr)
    print(table(rows))
    if given.json is not None:
        content = {"rows": rows, "versions": versions("nest")}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
