"""Files made wrong at random: bytes, JSON values, cells, arrays, attributes and members."""

import contextlib
import hashlib
import io
import json
import zipfile

import h5py
import numpy as np

# What stands in the place of a JSON value.
VALUES = [
    None,
    True,
    -1,
    0,
    1,
    1.5,
    -1e300,
    1e300,
    1e-320,
    2**31,
    2**63,
    10**400,
    "",
    "x",
    "a\x1b[31mb\nc",
]

TEXTS = [
    "NaN",
    "Infinity",
    "1e999",
    "9" * 5000,
    "[" * 5000,
    "[" * 400 + "]" * 400,
    '"\x1b"',
    "{",
    "",
]

CELLS = [
    "nan",
    "inf",
    "-1",
    "1e999",
    "9" * 5000,
    "9" * 400,
    "\0",
    "\x1b[31m",
    "",
    "x" * 200_000,
    "1,2,3",
]


def change(path, rng):
    """Change a file at random."""
    how = rng.random()
    if path.suffix == ".h5":
        if how < 0.35:
            change_bytes(path, rng)
        else:
            change_hdf5(path, rng)
        renew(path)
    elif how < 0.2:
        change_bytes(path, rng)
    elif path.suffix == ".npz":
        change_npz(path, rng)
    elif path.suffix == ".csv":
        change_cells(path, rng)
    else:
        change_lines(path, rng)


def renew(path):
    """Renew a checksum, if the file still has a place for it."""
    from wmdelays.files.sealed_file import kind_of, seal

    if kind_of(path):
        seal(path)


def change_bytes(path, rng):
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 3, 20))):
        content[rng.randrange(len(content))] = rng.choice((0, 0xFF, rng.randrange(256)))
    if rng.random() < 0.2:
        del content[rng.randrange(len(content)) :]
    path.write_bytes(content)


def changed_json(text, rng):
    """A JSON text with one value changed, or something else in its place."""
    if rng.random() < 0.15:
        return rng.choice(TEXTS)
    value = json.loads(text)
    places = [(None, None)]

    def walk(inner):
        pairs = inner.items() if isinstance(inner, dict) else enumerate(inner)
        for key, one in pairs:
            places.append((inner, key))
            if isinstance(one, dict | list):
                walk(one)

    if isinstance(value, dict | list):
        walk(value)
    inner, key = rng.choice(places)
    new = rng.choice(VALUES)
    if inner is None:
        value = new
    elif rng.random() < 0.3:
        del inner[key]
    elif isinstance(inner, dict) and rng.random() < 0.2:
        inner[rng.choice(["", "x" * 200, "a\x1b[2J", "../x", "$a$", "\ud800", "new"])] = new
    else:
        inner[key] = new
    made = json.dumps(value)
    return made.replace(json.dumps(new), rng.choice(TEXTS), 1) if rng.random() < 0.1 else made


def change_lines(path, rng):
    lines = path.read_text().splitlines() or [""]
    k = rng.randrange(len(lines))
    try:
        lines[k] = changed_json(lines[k], rng)
    except ValueError:
        lines[k] = rng.choice(TEXTS)
    path.write_text("\n".join(lines) + rng.choice(("\n", "")), errors="surrogateescape")


def change_cells(path, rng):
    lines = path.read_text().splitlines()
    k = rng.randrange(len(lines))
    cells = lines[k].split(",")
    cells[rng.randrange(len(cells))] = rng.choice(CELLS)
    lines[k] = ",".join(cells)
    path.write_text("\n".join(lines))


def change_npz(path, rng):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    how = rng.randrange(6)
    if how == 0:
        del members[name]
    elif how == 1:
        members[name] = rng.choice(
            (b"", b"text", members[name][:-3], members[name] + b"0", b"\x93NUMPY")
        )
    else:
        arrays = [
            np.array([1j]),
            np.array(["x"]),
            np.array([[0.0]]),
            np.array([], int),
            np.zeros(3),
        ]
        arrays += [np.array([np.nan]), np.array([2**63], np.uint64), np.array([-1]), np.array(5)]
        arrays += [np.zeros(2, "M8[s]"), np.zeros(3, [("a", "i4")]), np.array([1e300] * 5)]
        arrays += [np.zeros(10**7, np.uint8), np.arange(5, dtype=">i2")]
        file = io.BytesIO()
        np.save(file, rng.choice(arrays))
        members[name] = file.getvalue()
        if how == 5:
            shape = rng.choice((b"(-1,)", b"(9999999999999,)", b"(1.5,)", b"((),)", b"(2, 2, 2)"))
            members[name] = members[name].replace(b"(3,)", shape)
    with zipfile.ZipFile(path, "w", rng.choice((0, 8, 8, 8, 12, 14))) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
            if rng.random() < 0.05:
                with contextlib.suppress(UserWarning):
                    archive.writestr(name, content)


def change_hdf5(path, rng):
    with h5py.File(path, "r+") as file:
        things = []
        file.visititems(lambda name, thing: things.append(name))
        groups = [file, *(file[one] for one in things if isinstance(file[one], h5py.Group))]
        attributes = [(group, name) for group in groups for name in group.attrs]
        checkpoint = "state" in file
        if attributes and rng.random() < 0.5:
            change_attribute(*rng.choice(attributes), rng)
        elif checkpoint and rng.random() < 0.5:
            text = changed_json(file["state"].asstr()[()], rng)
            del file["state"]
            file["state"] = text.replace("\0", "")
        else:
            change_member(file, rng.choice(things), rng)
        if checkpoint and rng.random() < 0.95:
            with contextlib.suppress(Exception):
                renew_digest(file)


def change_attribute(group, name, rng):
    value = group.attrs[name]
    new = rng.choice(
        [*VALUES[1:11], np.arange(3), np.bytes_(b"x"), h5py.Empty("f8"), np.nan, np.inf]
    )
    if isinstance(value, str) and rng.random() < 0.8:
        with contextlib.suppress(ValueError):
            new = changed_json(value, rng).replace("\0", "")
    del group.attrs[name]
    if rng.random() < 0.9:
        with contextlib.suppress(Exception):
            group.attrs[name] = new


def change_member(file, name, rng):
    thing = file[name]
    values = thing[()] if isinstance(thing, h5py.Dataset) else np.arange(3)
    values = np.asarray(values)
    if values.dtype == object:
        values = np.arange(3)
    how = rng.randrange(16)
    if how < 5 and values.size and isinstance(thing, h5py.Dataset) and thing.dtype.kind in "iufb":
        with np.errstate(all="ignore"):
            flat = values.reshape(-1)
            new = np.array(rng.choice((-1, 0, 1e9, np.nan, np.inf, 1e300, 2.0**40, 0.5)))
            with contextlib.suppress(ValueError, OverflowError):
                flat[rng.randrange(len(flat))] = new.astype(flat.dtype)
            thing[...] = values
        return
    del file[name]
    if how == 5:
        return
    if how == 6:
        file[name] = rng.choice(
            (h5py.SoftLink(f"/{name}"), h5py.SoftLink("/"), h5py.ExternalLink("/dev/zero", "x"))
        )
    elif how == 7:
        file.create_dataset(name, (10**12,), dtype="f8", chunks=(1024,))
    elif how == 8:
        n = 8 * values.size
        file.create_dataset(
            name, (max(values.size, 1),), dtype="f8", external=[("/dev/zero", 0, max(n, 8))]
        )
    elif how == 9:
        file.create_dataset(name, data=np.zeros(10**6), compression="gzip")
    elif how == 10:
        file[name] = values.astype(rng.choice(("f4", "i2", "u8", "S", "c8", "b1")))
    elif how == 11:
        file[name] = rng.choice((values[..., None], values.reshape(-1)[:1], values.reshape(-1)[:0]))
    elif how == 12:
        file.create_group(name).attrs["x"] = 1
    elif how == 13:
        file.create_dataset(name, data=["x"] * 3, dtype=h5py.string_dtype())
    elif how == 14:
        file[name] = file["/"]
    else:
        file[name] = np.dtype("i4")


def renew_digest(file):
    state = file["state"].asstr()[()]
    digest = hashlib.sha256(state.encode())
    for name, array in sorted((name, one[()]) for name, one in file["arrays"].items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    file.attrs["digest"] = digest.hexdigest()
