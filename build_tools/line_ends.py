"""Mend the ends of lines and files: no spaces before a newline, one newline at the end.

Takes the names of text files; the status is 1 if one was mended, so that a commit waits for a look.
"""

import sys
from pathlib import Path


def mended(text):
    """The text as it should end its lines."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).rstrip("\n") + "\n" if any(lines) else ""


def main(names):
    status = 0
    for path in map(Path, names):
        before = path.read_bytes().decode()
        after = mended(before)
        if after != before:
            path.write_bytes(after.encode())
            print(f"mended {path}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
