"""CSV (RFC 4180) with the columns ``issuer``, ``subject`` and ``user``, written so that it can be read back.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it. Reading the cell
removes the apostrophe (:mod:`.formulas`).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ..assertion.strict_json import is_storable
from .formulas import guard_cell, unguard_cell

COLUMNS = ("issuer", "subject", "user")
#: The limit of a file in bytes; a larger one is not read.
MAX_BYTES = 1_000_000
#: Of links in a file.
MAX_LINES = 10_000

#: How many written lines are sent together.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class TableRow:
    """One link of the file, and the number of its first line."""

    line: int
    issuer: str
    subject: str
    user: str


@dataclass(frozen=True, slots=True)
class Problem:
    """An error or a warning about a line; line 0 is the file as a whole."""

    line: int
    text: str


def read_table(data: bytes | str) -> tuple[list[TableRow], list[Problem]]:
    """Return the rows of ``data`` that can be read, and the errors of the others. Never raises.

    Comma or semicolon, with or without a byte order mark; bytes are UTF-8. The first line names the
    columns, in any order. Empty lines are skipped. Where the quotation marks are wrong the reading
    ends: what follows could be anything.
    """
    text = decode(data)
    if isinstance(text, Problem):
        return [], [text]
    lines = _lines(text)
    head = next(lines, None)
    if head is None or isinstance(head, Problem):
        return [], [head or Problem(0, _("There is nothing in it."))]
    number, cells = head
    names = [cell.strip().lower() for cell in cells]
    if sorted(names) != sorted(COLUMNS):
        wanted, found = ", ".join(COLUMNS), ", ".join(names)
        return [], [
            Problem(
                number,
                _("The first line must name the columns %(wanted)s, and no others. It is: %(found)s")
                % {"wanted": wanted, "found": shown(found)},
            )
        ]
    return _read_rows(lines, names)


def write_table(links: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """CSV for ``links`` (issuer, subject, user), a piece at a time; :func:`read_table` gives back just these.

    Starts with a byte order mark: without it spreadsheets do not read UTF-8.
    """
    buffer = io.StringIO(newline="")
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for number, link in enumerate(links, 1):
        writer.writerow([guard_cell(cell) for cell in link])
        if number % _BATCH == 0:
            yield _take(buffer)
    yield _take(buffer)


def shown(text: str, length: int = 100) -> str:
    """``text`` for a message: not too long, and with nothing in it that cannot be seen."""
    short = text if len(text) <= length else f"{text[: length - 1]}\u2026"
    return short if short.isprintable() else ascii(short)


def decode(data: bytes | str) -> str | Problem:
    """Return the text of ``data`` without a byte order mark, or the reason why it is not text."""
    if len(data if isinstance(data, bytes) else data.encode(errors="surrogatepass")) > MAX_BYTES:
        return Problem(0, _("It is larger than %d bytes. Split it.") % MAX_BYTES)
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return Problem(before.count(b"\n") + 1, _("It is not UTF-8. Save it as CSV in UTF-8."))


def _lines(text: str) -> Iterator[tuple[int, list[str]] | Problem]:
    """The cells of each line that has any, with its number; a problem where the reading ends early."""
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    # Line breaks as they are: one within quotation marks is a part of its cell.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(number, _("It is not CSV, and is not read from here on: %s.") % error)
            return
        if any(cells):
            yield number, [unguard_cell(cell) for cell in cells]


def _read_rows(
    lines: Iterator[tuple[int, list[str]] | Problem], names: list[str]
) -> tuple[list[TableRow], list[Problem]]:
    rows: list[TableRow] = []
    problems: list[Problem] = []
    for line in lines:
        if len(rows) + len(problems) >= MAX_LINES:
            return [], [Problem(0, _("It has more than %d lines. Split it.") % MAX_LINES)]
        read = line if isinstance(line, Problem) else _row(*line, names)
        if isinstance(read, TableRow):
            rows.append(read)
        else:
            problems.append(read)
    return rows, problems


def _row(number: int, cells: list[str], names: list[str]) -> TableRow | Problem:
    if len(cells) != len(names):
        text = _("%(wanted)d cells are needed; there are %(found)d.")
        return Problem(number, text % {"wanted": len(names), "found": len(cells)})
    for name, cell in zip(names, cells, strict=True):
        if not cell:
            return Problem(number, _("The column %s is empty.") % name)
        if not is_storable(cell):
            return Problem(number, _("The column %s has a NUL or half a character.") % name)
    return TableRow(number, **dict(zip(names, cells, strict=True)))


def _take(buffer: io.StringIO) -> str:
    """Return the content of ``buffer`` and empty it."""
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
