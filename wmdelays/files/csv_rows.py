"""Rows of csv files from elsewhere, and the numbers in them."""

import csv
import gzip
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from wmdelays.errors import InputError, one_line

# Characters of the longest row: what is no table may have one of the whole file's length.
_LONGEST = 1 << 16
# More rows than this are counted before room is asked for them.
OFTEN = 1 << 18


def csv_rows(path, delimiter=",", comments=""):
    """The rows of a csv file, one after another.

    Parameters
    ----------
    path : str or Path
        Where it ends in ``.gz`` it is unpacked on the way.
    delimiter : str
        What stands between cells; any number of spaces where it is one.
    comments : str
        Characters with which a line begins that is none of the table's.

    Yields
    ------
    line : int
        The line in which the row ends, from 1 on.
    row : list of str
        Its cells; none for an empty line.

    Raises
    ------
    InputError
        If a line is no csv, or far longer than a row can be. The error does not name the file.
    OSError
        If the file cannot be read.
    """
    unpacked = gzip.open if str(path).endswith(".gz") else open
    with unpacked(path, "rb") as file:
        if file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE):
            raise InputError("is text in UTF-16; save it in UTF-8")
    left = _LONGEST

    def lines():
        nonlocal left
        while line := file.readline(left):
            left -= len(line)
            if not left:
                raise InputError(f"line {rows.line_num + 1} is longer than any row can be")
            yield "\n" if comments and line.lstrip()[:1] in set(comments) else line

    with unpacked(path, "rt", newline="", encoding="utf-8-sig", errors="replace") as file:
        spaces = delimiter == " "
        rows = csv.reader(lines(), delimiter=delimiter, skipinitialspace=spaces)
        try:
            for row in rows:
                # A cell between quotes may have several lines.
                left = _LONGEST
                # Spaces at the end of a line begin no cell.
                yield rows.line_num, row[:-1] if spaces and row and not row[-1] else row
        except csv.Error as error:
            raise InputError(f"line {rows.line_num} is not csv ({one_line(error)})") from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"is not a whole gz file ({one_line(error)})") from None


def delimiter_of(path, comments="", decimal_comma=False):
    """What stands between the cells of a table, as its first line shows.

    Parameters
    ----------
    path : Path
        One that ends in ``.tsv`` has tabs.
    comments : str
        See `csv_rows`.
    decimal_comma : bool
        Whether numbers are written with a comma, which is then between cells only where nothing else is.

    Returns
    -------
    str
        A tab, a semicolon, a comma or a space.
    """
    if ".tsv" in path.suffixes:
        return "\t"
    for _, row in csv_rows(path, "\n", comments):
        if row:
            text = row[0].strip()
            found = next((one for one in "\t;" if one in text), ",")
            commas = "," in text and not decimal_comma
            return " " if found == "," and not commas and len(text.split()) > 1 else found
    return ","


def plain(text):
    """A number's text as it is, where it is written as other programs write numbers.

    Raises
    ------
    ValueError
        If it has what only Python takes for a part of a number: ``1_000``, digits of other scripts.
    """
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return text
