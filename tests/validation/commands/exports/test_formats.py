"""The command `wmdelays export`."""

import json

import pytest
from exported_memories import of_few_bits

from wmdelays import read_memory, write_memory


def test_a_circuit_is_written_and_what_it_recalls_is_said_first(wmdelays, small_memory):
    done = wmdelays(
        "export", "sonata", small_memory, "circuit", "--patterns", "all", "--json", "e.json"
    )
    assert done.returncode == 0, done.said
    first = done.stdout.splitlines()[0]
    n = sum(len(pattern) for pattern in read_memory(small_memory).patterns)
    assert first.startswith(
        f"Exact: cued with patterns 0, 1, 2 one after another, it emits the memory's {n} "
    )
    assert done.stderr.startswith("SONATA cannot hold other neurons than those of eq. 1")
    found = json.loads((wmdelays.folder / "e.json").read_text())
    assert found["exact"] is True and found["patterns"] == [0, 1, 2]
    back = wmdelays("import", "sonata", "circuit", "-o", "back.h5")
    assert back.returncode == 0, back.said
    assert back.stdout.startswith("Imported: the memory that was exported, bit for bit.")
    assert (wmdelays.folder / "back.h5").read_bytes() == small_memory.read_bytes()


def test_csv_files_are_written_and_read_back(wmdelays, small_memory):
    assert wmdelays("export", "csv", small_memory, "tables").returncode == 0
    assert wmdelays("import", "csv", "tables", "-o", "back.h5").returncode == 0
    assert (wmdelays.folder / "back.h5").read_bytes() == small_memory.read_bytes()


@pytest.mark.parametrize("form, step", [("sonata", "33.3333"), ("pynn", "33.3333"), ("csv", None)])
def test_what_a_step_is_called_there_is_said(wmdelays, form, step):
    write_memory(wmdelays.folder / "m.h5", of_few_bits())
    done = wmdelays("export", form, "m.h5", "out")
    assert done.returncode == 0, done.said
    said = f"A step of {step} ms is called 1 ms there" in done.stdout
    assert said == (step is not None)


@pytest.mark.parametrize(
    "words, reason",
    [
        ("export svg {memory} out", "there is no format 'svg'; there is sonata, pynn, nir, csv"),
        ("export csv {memory} out --patterns 1", "cues no patterns; --patterns chooses none"),
        ("export sonata {memory} out --patterns 3", "has no pattern 3"),
        ("export sonata {memory} out --patterns x", "--patterns is all or numbers"),
        ("export sonata none.h5 out", "none.h5"),
        ("export sonata {memory} none/out", "there is no folder"),
        ("export sonata {memory} {memory}", "is there and no folder"),
        ("import pickle out -o m.h5", "there is no format 'pickle'; there is sonata, csv"),
        ("import sonata none -o m.h5", "none: there is no such file or folder"),
        ("import sonata a b -o m.h5", "import takes one file"),
    ],
)
def test_mistakes_are_told_in_a_line(wmdelays, small_memory, words, reason):
    done = wmdelays(*words.format(memory=small_memory).split())
    assert done.returncode == 2 and not done.stdout
    line = done.stderr.strip().splitlines()[-1]
    assert reason in line, done.stderr
    assert not list(wmdelays.folder.iterdir())
