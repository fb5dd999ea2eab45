"""Files of weights: what is read, and what is refused without being run."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from wmdelays import InputError, Memory, Raster, import_weights
from wmdelays.training.imports.tables import read_values

N, D = 5, 3
HOW = {"beta": 0.5, "theta": 1.0}
TENSOR = np.round(np.random.default_rng(0).normal(0, 1, (N, N, D)), 3)
TENSOR[np.random.default_rng(1).random(TENSOR.shape) < 0.5] = 0
WANTED = Memory.from_dense(TENSOR, step=1e-3, **HOW)
COLUMNS = np.stack([WANTED.pre, WANTED.post, WANTED.delay, WANTED.weight], 1)


def table(header="pre,post,delay,weight", rows=COLUMNS, between=","):
    lines = [between.join(f"{value:.10g}" for value in row) for row in rows]
    return "\n".join([header.replace(",", between), *lines]) + "\n"


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def columns(**others):
    named = dict(zip(("pre", "post", "delay", "weight"), COLUMNS.T)) | others
    return {name: values for name, values in named.items() if values is not None}


@pytest.mark.parametrize(
    "name, content, options",
    [
        ("w.csv", table(), {}),
        ("w.tsv", table(between="\t"), {}),
        ("w.csv", "# of a tool\n" + table("weight,delay,post,pre", COLUMNS[:, ::-1]), {}),
        ("w.csv", table("PRE;post;delay;Weight", between=";"), {}),
        ("w.npy", npy(COLUMNS), {}),
        ("w.npy", npy(TENSOR), {}),
        ("w.npy", npy(TENSOR.transpose(2, 1, 0)), {"axes": "delay, pre, post"}),
        ("w.npz", npz(weights=TENSOR), {}),
        ("w.npz", npz(**columns()), {}),
    ],
)
def test_tables_and_arrays(tmp_path, name, content, options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert import_weights(path, **HOW, **options).fingerprint() == WANTED.fingerprint()


def test_an_array_is_taken_as_a_file_of_it():
    for array in (TENSOR, COLUMNS):
        assert import_weights(array, **HOW).fingerprint() == WANTED.fingerprint()


def test_neurons_of_an_npz_and_of_the_user(tmp_path):
    beta = np.linspace(0.2, 0.8, N)
    (tmp_path / "w.npz").write_bytes(npz(weights=TENSOR, beta=beta, theta=2.0, reset_by=0.5))
    memory = import_weights(tmp_path / "w.npz", reset="subtract", reset_by=0.5)
    assert np.array_equal(memory.beta, beta) and (memory.theta, memory.reset_by) == (2.0, 0.5)
    assert import_weights(tmp_path / "w.npz", beta=0.3, reset="zero-own").beta == 0.3
    np.savetxt(tmp_path / "beta.txt", beta)
    np.save(tmp_path / "beta.npy", beta)
    for name in ("beta.txt", "beta.npy"):
        assert np.array_equal(read_values(tmp_path / name, "beta"), beta)


def test_larger_than_its_synapses():
    memory = import_weights(COLUMNS, **HOW, n_neurons=9, n_delays=7)
    assert (memory.n_neurons, memory.n_delays) == (9, 7)
    for sizes in ({"n_neurons": 2}, {"n_delays": 1}):
        with pytest.raises(InputError, match="but the weights need"):
            import_weights(COLUMNS, **HOW, **sizes)


def test_a_recall_of_its_own_becomes_the_pattern():
    cue = Raster.from_steps([0, 1, 2, 3], [0, 0, 1, 2], N, 20, 1e-3)
    memory = import_weights(TENSOR, **HOW, reset="subtract", cues=[cue], n_steps=30)
    assert memory.n_steps == 30 and memory.made["scores"]["f1"] == 1.0
    assert len(memory.patterns[0]) > len(cue)
    with pytest.raises(InputError, match="not both"):
        import_weights(TENSOR, **HOW, patterns=memory.patterns, cues=[cue])


class Payload:
    """What runs where a pickle is taken as it is."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def with_pickle(payload):
    """A file of torch's form whose pickle is another one."""
    file = io.BytesIO(saved({"w": torch.ones(2, 2)}))
    changed = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(
                member, pickle.dumps(payload) if member.filename.endswith("data.pkl") else content
            )
    return changed.getvalue()


@pytest.mark.parametrize(
    "name, make",
    [
        ("w.pth", saved),
        ("w.pth", lambda payload: saved({"lin.weight": torch.ones(2, 2), "x": payload})),
        ("w.pth", pickle.dumps),
        ("w.ckpt", with_pickle),
        ("w.npy", lambda payload: npy(np.array([payload], dtype=object))),
        ("w.npz", lambda payload: npz(weights=np.array([payload], dtype=object))),
    ],
)
def test_code_in_a_file_is_not_run(tmp_path, name, make):
    ran = tmp_path / "ran"
    content = make(Payload(ran))
    if name != "w.npz":
        # It would run for whoever unpickles it.
        before = content[content.index(b"\x80\x02") :] if b"\x80\x02" in content else content
        assert b"touch" in content and before
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as told:
        import_weights(tmp_path / name, **HOW)
    assert not ran.exists() and "\n" not in str(told.value)
    assert str(told.value).startswith(str(tmp_path / name))


def stretched():
    """One number that says it is a million."""
    return saved({"lin.weight": torch.ones(1).expand(1000, 1000)})


WHOLE = saved({"weight": torch.ones(40, 40), "delay": torch.ones(40, 40)})


@pytest.mark.parametrize(
    "name, content, reason",
    [
        *(("w.pth", WHOLE[:n], "such as torch.save") for n in (0, 10, 1000, len(WHOLE) - 5)),
        ("w.pth", WHOLE.replace(b"\0\0\x80?" * 50, b"\0\0\x80@" * 50, 1), "was changed since"),
        ("w.pth", stretched(), "more numbers than there are"),
        ("w.pth", saved(torch.ones(3)), "holds a Tensor, not a state dict"),
        ("w.pth", saved({"w": torch.ones(2, 2).to_sparse()}), "sparse"),
        ("w.npy", npy(TENSOR)[:-8], "has not the numbers"),
        ("w.npy", npy(TENSOR[0]), r"has an array of the shape \(5, 3\)"),
        ("w.npy", npy(TENSOR[:4]), "as many post as pre"),
        ("w.npy", npy(TENSOR * 1j), "complex"),
        ("w.npy", npy(np.where(TENSOR > 1, np.nan, TENSOR)), "not a finite number"),
        ("w.npz", npz(weights=TENSOR)[:-30], "is not a readable npz file"),
        ("w.npz", npz(**columns(delay=None)), "it has post, pre, weight"),
        ("w.npz", npz(**columns(pre=np.arange(3))), "columns of different shapes"),
        ("w.npz", npz(weights=TENSOR, beta=np.ones((2, 2))), "has beta of the shape"),
        ("w.csv", b"", "is empty"),
        ("w.csv", b"pre,post,delay,weight\n", "has no synapses"),
        ("w.csv", b"pre,post,weight\n0,1,1\n", "has to name the columns"),
        ("w.csv", b"pre,post,delay,weight\n0,1,1\n", "line 2: weight is '', not a number"),
        ("w.csv", b"pre,post,delay,weight\n0,1,1,1e999\n", "weight inf, not a finite number"),
        ("w.csv", b"pre,post,delay,weight\n0,nan,1,1\n", "post nan, not a finite number"),
        ("w.csv", b"pre,post,delay,weight\n0,1,1.5,1\n", "1.5, not a whole number"),
        ("w.csv", b"pre,post,delay,weight\n0,1,0,1\n", "cannot be|delay 0"),
        ("w.csv", b"pre,post,delay,weight\n-1,1,1,1\n", "-1"),
        ("w.csv", b"pre,post,delay,weight\n0,1e12,1,1\n", "cannot be"),
        ("w.csv", b"pre,post,delay,weight\n0,1,1,1\n0,1,1,2\n", "two synapses from neuron 0 to 1"),
        ("w.mat", b"", "says nothing of weights"),
    ],
)
def test_damaged_and_foreign_files_are_refused_in_a_line(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=reason) as told:
        import_weights(tmp_path / name, **HOW)
    assert "\n" not in str(told.value) and str(tmp_path / name) in str(told.value)


def test_a_file_that_is_not_there_is_told():
    for name in ("none.csv", "none.npy", "none.npz", "none.pth"):
        with pytest.raises(InputError, match=name):
            import_weights(name, **HOW)


def test_files_with_any_bytes_changed_are_read_or_refused_in_a_line(tmp_path):
    rng = np.random.default_rng(0)
    sources = {"w.pth": WHOLE, "w.npz": npz(weights=TENSOR), "w.csv": table().encode()}
    refused = 0
    for k in range(90):
        name = [*sources][k % len(sources)]
        content = bytearray(sources[name])
        if k % 4 == 0:
            del content[rng.integers(len(content)) :]
        # What zip archives say of themselves stands at the end.
        first = max(len(content) - 400, 0) if k % 2 else 0
        for _ in range(3 * bool(content)):
            content[rng.integers(first, len(content))] = rng.integers(256)
        (tmp_path / name).write_bytes(content)
        try:
            import_weights(tmp_path / name, **HOW)
        except InputError as told:
            refused += 1
            assert "\n" not in str(told) and str(told).startswith(str(tmp_path / name))
    assert refused > 30
