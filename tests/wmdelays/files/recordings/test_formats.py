"""Every format that is read, in a file that its own package wrote."""

from datetime import UTC, datetime

import h5py
import numpy as np
import pytest

from wmdelays import InputError, InputWarning, read_memory, read_raster
from wmdelays.files.recording import read_stretch
from wmdelays.files.recordings.cell_types import inhibitory_units, types_of
from wmdelays.files.recordings.intervals import read_intervals, trials_of

RATE = 30_000
IDS = (3, 17, 641)
NAMES = ("3", "17", "641")
LATE = 900.0


def trains():
    rng = np.random.default_rng(0)
    # At samples, so that no format can lose anything.
    return [np.sort(rng.choice(10 * RATE, n, False)) / RATE + LATE for n in (12, 9, 15)]


def labels():
    return np.repeat(IDS, [len(one) for one in trains()])


def cells():
    made = np.empty((1, 3), object)
    for k, one in enumerate(trains()):
        made[0, k] = one.reshape(1, -1)
    return made


def nwb(path):
    pynwb = pytest.importorskip("pynwb")
    file = pynwb.NWBFile("session", "id", datetime(2020, 1, 1, tzinfo=UTC))
    file.add_unit_column("quality", "as judged")
    file.add_unit_column("snr", "signal to noise")
    for one, times, quality, snr in zip(IDS, trains(), ("good", "mua", "good"), (1.5, 2.5, 3.5)):
        file.add_unit(id=one, spike_times=times, quality=quality, snr=snr)
    file.add_trial_column("cue", "what was shown")
    for k in range(3):
        file.add_trial(start_time=LATE + 3 * k, stop_time=LATE + 3 * k + 2, cue="ab"[k % 2])
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)


def pynapple(path):
    nap = pytest.importorskip("pynapple")
    nap.TsGroup({one: nap.Ts(times) for one, times in zip(IDS, trains())}).save(path)


def spikeinterface(path):
    core = pytest.importorskip("spikeinterface.core")
    samples = {one: np.rint(times * RATE).astype(int) for one, times in zip(IDS, trains())}
    sorting = core.NumpySorting.from_unit_dict([samples], RATE)
    core.NpzSortingExtractor.write_sorting(sorting, path)


def spikeinterface_folder(path):
    core = pytest.importorskip("spikeinterface.core")
    samples = {one: np.rint(times * RATE).astype(int) for one, times in zip(IDS, trains())}
    core.NumpySorting.from_unit_dict([samples], RATE).save(folder=path)


def nix(path):
    neo, quantities = pytest.importorskip("neo"), pytest.importorskip("quantities")
    pytest.importorskip("nixio")
    block, segment = neo.Block(), neo.Segment()
    block.segments.append(segment)
    for one, times in zip(IDS, trains()):
        train = neo.SpikeTrain(times * quantities.s, t_stop=LATE + 10, name=str(one))
        segment.spiketrains.append(train)
    with neo.NixIO(str(path), "ow") as io:
        io.write_block(block)


def phy(path):
    path.mkdir()
    order = np.argsort(np.concatenate(trains()), kind="stable")
    samples = np.rint(np.concatenate(trains())[order] * RATE).astype(np.uint64)
    np.save(path / "spike_times.npy", samples.reshape(-1, 1))
    np.save(path / "spike_clusters.npy", labels()[order].astype(np.int32))
    (path / "params.py").write_text(f"open('ran', 'w')\nsample_rate = {RATE}.  # Hz\n")


def matlab(name, value):
    def write(path):
        from scipy.io import savemat

        savemat(path, {name: value()})

    return write


def matlab_73(name, value):
    def write(path):
        hdf5storage = pytest.importorskip("hdf5storage")
        hdf5storage.savemat(str(path), {name: value()}, format="7.3")

    return write


def struct():
    return {f"u{one}": times.reshape(1, -1) for one, times in zip(IDS, trains())}


def struct_array():
    made = np.zeros((1, 3), dtype=[("times", object), ("name", object)])
    for k, (one, times) in enumerate(zip(NAMES, trains())):
        made[0, k] = times.reshape(1, -1), one
    return made


def sonata(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/cortex")
        group["timestamps"] = np.concatenate(trains()) * 1e3
        group["timestamps"].attrs["units"] = "ms"
        group["node_ids"] = labels().astype(np.uint64)


def table(separator, header, line):
    def write(path):
        rows = [header, *(line(u, t) for u, t in zip(labels(), np.concatenate(trains()).tolist()))]
        text = "".join(separator.join(row) + "\n" for row in rows)
        if path.suffix == ".gz":
            import gzip

            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text)

    return write


def npz(path):
    np.savez(path, **dict(zip(NAMES, trains())))


def npy(path):
    np.save(path, np.column_stack([labels(), np.concatenate(trains())]))


AS_THEY_ARE = NAMES
COUNTED = ("1", "2", "3")
FORMATS = {
    "a.nwb": (nwb, AS_THEY_ARE, {}),
    "pynapple.npz": (pynapple, AS_THEY_ARE, {}),
    "spikeinterface.npz": (spikeinterface, AS_THEY_ARE, {}),
    "spikeinterface": (spikeinterface_folder, AS_THEY_ARE, {}),
    "neo.nix": (nix, AS_THEY_ARE, {}),
    "phy": (phy, AS_THEY_ARE, {}),
    "cells.mat": (matlab("spikes", cells), COUNTED, {}),
    "cells_73.mat": (matlab_73("spikes", cells), COUNTED, {}),
    "struct.mat": (matlab("units", struct), ("u3", "u17", "u641"), {}),
    "struct_73.mat": (matlab_73("units", struct), ("u3", "u17", "u641"), {}),
    "struct_array.mat": (matlab("units", struct_array), AS_THEY_ARE, {}),
    "struct_array_73.mat": (matlab_73("units", struct_array), AS_THEY_ARE, {}),
    "spikes.h5": (sonata, AS_THEY_ARE, {}),
    "units.npz": (npz, AS_THEY_ARE, {}),
    "table.npy": (npy, AS_THEY_ARE, {}),
    "names.csv": (
        table(",", ("", "time_ms", "cell"), lambda u, t: ("0", repr(t * 1e3), f"{u}.0")),
        AS_THEY_ARE,
        {},
    ),
    "samples.tsv": (
        table("\t", ("sample", "cluster_id"), lambda u, t: (str(round(t * RATE)), str(u))),
        AS_THEY_ARE,
        {"sampling_rate": RATE},
    ),
    "spaces.txt": (
        table("   ", ("unit", "time_s"), lambda u, t: (str(u), f"{t!r} ")),
        AS_THEY_ARE,
        {},
    ),
    "no_header.txt": (
        table(" ", ("# unit time",), lambda u, t: (f" {u}", repr(t).replace(".", ","))),
        AS_THEY_ARE,
        {"columns": ("1", "2"), "decimal_comma": True},
    ),
    "comments.csv.gz": (
        table(",", ("# made by hand\nneuron", "t [s]"), lambda u, t: (str(u), repr(t))),
        AS_THEY_ARE,
        {},
    ),
    "excel.csv": (
        table(";", ("Einheit", "Zeit"), lambda u, t: (str(u), repr(t).replace(".", ","))),
        AS_THEY_ARE,
        {"columns": ("Einheit", "Zeit"), "decimal_comma": True},
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_recording_of_this_format_is_read_in_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write, units, how = FORMATS[name]
    write(tmp_path / name)
    raster = read_raster(tmp_path / name, **how)
    assert raster.units == units
    for k, times in enumerate(trains()):
        found = raster.times[raster.neurons == k]
        # To the last bit but one: milliseconds and samples are divided.
        assert np.all(np.abs(found - times) <= np.spacing(times))
    assert not (tmp_path / "ran").exists()


def test_samples_of_shd_are_trials(tmp_path):
    rng = np.random.default_rng(1)
    with h5py.File(tmp_path / "shd.h5", "w") as file:
        times = file.create_dataset("spikes/times", (4,), h5py.vlen_dtype(np.float16))
        units = file.create_dataset("spikes/units", (4,), h5py.vlen_dtype(np.uint16))
        for k in range(4):
            times[k] = np.sort(rng.random(20)).astype(np.float16)
            units[k] = rng.integers(0, 700, 20)
        file["labels"] = np.array([9, 8, 7, 6], np.uint16)
        third = np.asarray(times[2], float)
    samples = read_intervals(tmp_path / "shd.h5", "samples")
    assert samples.columns["label"] == ("9", "8", "7", "6")
    piece = read_stretch(tmp_path / "shd.h5", 1e-3, start=samples.starts[2], stop=samples.stops[2])
    assert piece.n_neurons == 700 and np.allclose(np.sort(third), piece.times, atol=1e-9)


def test_a_stretch_of_nwb_is_read_alone(tmp_path, monkeypatch):
    nwb(tmp_path / "a.nwb")
    whole = read_stretch(tmp_path / "a.nwb", 1e-3, start=LATE + 2, stop=LATE + 6)
    import wmdelays.files.recordings.hdf5_reading as reading

    found = []
    with h5py.File(tmp_path / "a.nwb") as file:
        monkeypatch.setattr(reading, "_WHOLE", 0)
        values, arrays = reading.read(file, found.append, start=LATE + 2, stop=LATE + 6)
    inside = [one[(one >= LATE + 2) & (one < LATE + 6)] for one in trains()]
    assert arrays["times"].tolist() == np.concatenate(inside).tolist()
    assert arrays["counts"].tolist() == [len(one) for one in inside]
    assert values["length"] == max(one[-1] for one in trains())
    assert len(whole) == len(arrays["times"]) and whole.start == LATE + 2


@pytest.mark.parametrize("where", [(), ("quality=good",)])
def test_a_stretch_of_nwb_falls_into_steps_as_it_does_in_the_whole(where, tmp_path, monkeypatch):
    """The times are frames, rounded to 10 ms but for the first second, from which they are as measured."""
    from wmdelays.files.recordings import hdf5, hdf5_reading

    pynwb = pytest.importorskip("pynwb")
    rng = np.random.default_rng(0)
    file = pynwb.NWBFile("session", "id", datetime(2020, 1, 1, tzinfo=UTC))
    file.add_unit_column("quality", "as judged")
    for one, quality in zip(IDS, ("good", "mua", "good")):
        frames = np.round(np.sort(rng.choice(np.arange(31, 900), 300, False)) / 30, 2)
        file.add_unit(
            id=one, spike_times=np.concatenate([np.sort(rng.random(5)), frames]), quality=quality
        )
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "w") as io:
        io.write(file)
    stretch = {"start": 0.0, "stop": 1.0, "where": where}
    whole = read_stretch(tmp_path / "a.nwb", 1 / 30, **stretch)

    def of_a_long_file(path, **wanted):
        with h5py.File(path) as file:
            monkeypatch.setattr(hdf5_reading, "_WHOLE", 0)
            return hdf5_reading.read(file, lambda seconds: None, **wanted)

    monkeypatch.setattr(hdf5, "read_recording", of_a_long_file)
    alone = read_stretch(tmp_path / "a.nwb", 1 / 30, **stretch)
    assert alone == whole and whole.binning(1 / 30).rule == "nearest"
    assert alone.binning(1 / 30) == whole.binning(1 / 30)
    assert alone.bin(1 / 30, merge_spikes=True) == whole.bin(1 / 30, merge_spikes=True)
    # And of lists that are too long to be looked at whole.
    monkeypatch.setattr(hdf5_reading, "_BLOCKS", 20)
    monkeypatch.setattr(hdf5_reading, "_BLOCK", 4)
    some = read_stretch(tmp_path / "a.nwb", 1 / 30, **stretch)
    assert some.binning(1 / 30).rule == "nearest" and some.recording.times.size <= 80


def test_units_are_chosen_by_columns(tmp_path):
    nwb(tmp_path / "a.nwb")
    for where, units in (
        (["quality=good"], ("3", "641")),
        (["quality!=good"], ("17",)),
        (["quality=good,mua", "snr>=2"], ("17", "641")),
        (["id=17"], ("17",)),
    ):
        assert read_raster(tmp_path / "a.nwb", where=where).units == units
    for where, line in (
        ("depth=3", "no column depth of units; it has"),
        ("quality=great", "no unit has quality=great; its quality is good, mua"),
        ("spike_times=3", "no column spike_times of units; it has id, quality, snr$"),
        ("quality", "is no condition"),
        ("quality>good", "compares numbers"),
    ):
        with pytest.raises(InputError, match=line):
            read_raster(tmp_path / "a.nwb", where=[where])
    with pytest.raises(InputError, match="is a table, to which where= does not apply"):
        FORMATS["names.csv"][0](tmp_path / "names.csv")
        read_raster(tmp_path / "names.csv", where=["quality=good"])


def test_clusters_of_noise_are_left_out_unless_asked_for(tmp_path):
    phy(tmp_path / "phy")
    (tmp_path / "phy/cluster_group.tsv").write_text("cluster_id\tgroup\n3\tgood\n641\tnoise\n")
    with pytest.warns(InputWarning, match="1 cluster labelled noise is left out"):
        assert read_raster(tmp_path / "phy").units == ("3", "17")
    assert read_raster(tmp_path / "phy", where=["group=noise"]).units == ("641",)
    (tmp_path / "phy/params.py").write_text("sample_rate = __import__('os').getpid()\n")
    with pytest.raises(InputError, match="how many samples make a second"):
        read_raster(tmp_path / "phy", where=["group=good"])
    assert len(read_raster(tmp_path / "phy", where=["group=good"], sampling_rate=RATE)) == 12


def test_types_of_clusters_are_a_column_of_phys_table(tmp_path):
    phy(tmp_path / "phy")
    table = "cluster_id\tgroup\tcell_type\n3\tgood\tE\n17\tgood\tinterneuron\n641\tgood\tE\n"
    (tmp_path / "phy/cluster_info.tsv").write_text(table)
    assert types_of("cell_type", tmp_path / "phy") == dict(zip(NAMES, ("E", "interneuron", "E")))
    with pytest.raises(InputError, match="phy: has no column kind of clusters; it has .*cell_type"):
        types_of("kind", tmp_path / "phy")


@pytest.mark.parametrize("part", ["spike_times.npy", "params.py", "cluster_info.tsv"])
def test_a_file_out_of_a_folder_is_no_recording(part, tmp_path):
    phy(tmp_path / "phy")
    (tmp_path / "phy/cluster_info.tsv").write_text("cluster_id\tgroup\n3\tgood\n")
    with pytest.raises(InputError, match="a part of a recording that is a folder: name the folder"):
        read_raster(tmp_path / "phy" / part)


def test_intervals_of_nwb_are_trials(tmp_path):
    nwb(tmp_path / "a.nwb")
    trials = trials_of("trials", tmp_path / "a.nwb")
    assert trials.starts.tolist() == [900.0, 903.0, 906.0]
    assert trials.columns["cue"] == ("a", "b", "a")
    with pytest.raises(InputError, match="no table of intervals laps; it has trials"):
        read_intervals(tmp_path / "a.nwb", "laps")


@pytest.mark.parametrize(
    "times, given, line",
    [
        (np.arange(40) * 100, {}, "all 40 times are whole numbers up to 3,900"),
        (np.arange(40.0) / 1e5, {}, "fires .* times a second"),
    ],
)
def test_times_in_another_unit_are_noticed(times, given, line, tmp_path):
    if line.startswith("fires"):
        times = np.arange(30_000) / 30_000
    np.savez(tmp_path / "t.npz", cell=times)
    with pytest.raises(InputError, match=line):
        read_raster(tmp_path / "t.npz", **given)
    if line.startswith("all"):
        assert read_raster(tmp_path / "t.npz", time_unit="ms").duration == 3.9
        assert read_raster(tmp_path / "t.npz", time_unit="s").duration == 3900


def test_what_is_no_recording_is_told_apart(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    with pynwb.NWBHDF5IO(tmp_path / "empty.nwb", "w") as io:
        io.write(pynwb.NWBFile("session", "id", datetime(2020, 1, 1, tzinfo=UTC)))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["weights"] = np.ones(3)
    for name, line in (
        ("empty.nwb", "an NWB file without a table of units"),
        ("other.h5", "of no kind that is known; it holds weights"),
    ):
        with pytest.raises(InputError, match=line):
            read_raster(tmp_path / name)


def test_what_neo_would_run_is_not_read(tmp_path):
    import pickle

    (tmp_path / "a.pkl").write_bytes(pickle.dumps([1]))
    with pytest.raises(InputError, match="of no format that is read") as refused:
        read_raster(tmp_path / "a.pkl")
    assert "np.savez" in refused.value.more


def test_what_neo_might_read_and_what_is_no_recording_say_so_without_it(tmp_path, monkeypatch):
    import subprocess
    import sys

    for name in ("a.pkl", "a.xyz"):
        (tmp_path / name).write_bytes(bytes(range(200)))
    program = (
        "import sys; sys.modules['neo'] = sys.modules['neo.io'] = None\n"
        "from pathlib import Path\n"
        "from wmdelays.files.recordings import by_neo\n"
        "print(by_neo.read_by_neo(Path('a.pkl')))\n"
        "by_neo.read_here(Path('a.xyz'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "None\n"
    assert "of no format that is read without neo; what neo reads takes: pip install" in done.stderr


def test_a_damaged_folder_of_spikeinterface_is_told(tmp_path):
    spikeinterface_folder(tmp_path / "s")
    info = tmp_path / "s" / "numpysorting_info.json"
    whole = info.read_text()
    for text, line in (
        (whole.replace("30000.0", "0"), "sampling_frequency has to be one number above zero"),
        (whole.replace(", 641", ""), "has spikes of units that it does not list"),
        (whole.replace("641", "17"), "two of its units have the same name"),
        (whole.replace('"num_segments": 1', '"num_segments": 2'), "has several segments; save one"),
        (whole[:-9], "its numpysorting_info.json is not JSON"),
    ):
        assert text != whole
        info.write_text(text)
        with pytest.raises(InputError, match=line):
            read_raster(tmp_path / "s")
    info.write_text(whole)
    np.save(tmp_path / "s" / "spikes.npy", np.ones(3))
    with pytest.raises(InputError, match="its spikes.npy has not the fields sample_index"):
        read_raster(tmp_path / "s")


def test_a_variable_that_is_not_there_is_refused(tmp_path):
    sonata(tmp_path / "s.h5")
    assert read_raster(tmp_path / "s.h5", variable="cortex").units == AS_THEY_ARE
    with pytest.raises(InputError, match="has no population thalamus; it has cortex"):
        read_raster(tmp_path / "s.h5", variable="thalamus")
    nwb(tmp_path / "a.nwb")
    with pytest.raises(InputError, match="has no variables that variable= could choose from"):
        read_raster(tmp_path / "a.nwb", variable="units")


def test_no_reader_of_neo_that_runs_text_of_a_file_is_taken():
    """Held against neo's own code, so that a newer neo cannot bring another one unseen."""
    import inspect
    import re

    neo_io = pytest.importorskip("neo.io")
    from wmdelays.files.recordings import by_neo

    runs = re.compile(r"(?<![\w.])(eval|exec)\(|\bpickle\.load|allow_pickle=True")
    unsafe = {
        one.__name__
        for one in neo_io.iolist
        if any(
            runs.search(inspect.getsource(inspect.getmodule(part)))
            for part in one.__mro__[:-1]
            if part.__module__.startswith("neo")
        )  # fmt: skip
    }
    assert {"PickleIO", "ElphyIO"} <= unsafe <= {*by_neo._UNSAFE}


def test_the_types_of_cells_are_a_column_of_the_units(tmp_path, refused, wmdelays):
    pynwb = pytest.importorskip("pynwb")
    file = pynwb.NWBFile("session", "id", datetime(2020, 1, 1, tzinfo=UTC))
    file.add_unit_column("cell_type", "putative")
    for one, times, word in zip(IDS, trains(), ("Pyramidal Cell", "interneuron", "E")):
        file.add_unit(id=one, spike_times=times - LATE, cell_type=word)
    with pynwb.NWBHDF5IO(tmp_path / "typed.nwb", "w") as io:
        io.write(file)
    common = "store typed.nwb --step 20ms --delays 10 --merge-spikes --epochs 5 --damaged-epochs 0".split()
    wmdelays(*common, "-o", "m.h5", "--signs", "dale", "--cell-types", "cell_type")
    memory = read_memory(tmp_path / "m.h5")
    assert memory.units == AS_THEY_ARE and memory.made["settings"]["inhibitory"] == [1]
    assert (memory.weight[memory.pre == 1] <= 0).all() and (
        memory.weight[memory.pre != 1] >= 0
    ).all()
    line = refused(*common, "-o", "n.h5", "--signs", "dale", "--cell-types", "celltype")
    assert "typed.nwb: has no column celltype of units; it has" in line and "cell_type" in line
    # Units of which nothing is wanted may be of any type.
    assert inhibitory_units({"a": "unsure", "b": "I"}, ["b"]) == [0]
    with pytest.raises(InputError, match="the type of unit a is 'unsure'; it has to be E"):
        inhibitory_units({"a": "unsure", "b": "I"}, ["a", "b"])
