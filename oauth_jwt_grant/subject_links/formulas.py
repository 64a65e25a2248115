"""Keeps what others have chosen from being a formula in a CSV file that is opened as a spreadsheet.

An issuer chooses subjects, and anybody chooses a key ID: a refusal is stored with nothing verified. Programs
for tables calculate a cell that starts with ``=``, ``+``, ``-`` or ``@``, and an apostrophe prevents that.
Where a cell begins depends on the delimiter that the program expects, so each delimiter counts. Behind those
that our files do not have, a quotation mark is guarded too: it would decide where the program sees cells end.
"""

from __future__ import annotations

import re

#: End a cell or a line for some reader. At the beginning of a cell they are dropped, and what follows counts.
_BREAKS = "\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029"
#: ``=+-@``, and the characters that are the same to Unicode (NFKC): in full width, small, raised, lowered.
_STARTS = rf"=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207c\u207a\u208c\u208a\ufb29{_BREAKS}"
#: Dropped or not seen: apostrophes, spaces, control and invisible characters. It has none of ``_BREAKS``, so
#: that the time of a search grows with the length of the text, and no faster.
_SKIPPED = (
    "' \0-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u034f\u061c\u1680\u180e"
    "\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff"
)
_FORMULA = f'(?=["{_SKIPPED}]*[{_STARTS}])'
_FORMULA_OR_QUOTE = f'(?=[{_SKIPPED}]*(?:["{_STARTS}]|\\Z))'

_AT_START, _GUARDED_AT_START = re.compile(_FORMULA), re.compile(f"'{_FORMULA}")
_INSIDE = re.compile(f"[,;{_BREAKS}](?:(?<=,){_FORMULA}|(?<!,){_FORMULA_OR_QUOTE})")
_GUARDED_INSIDE = re.compile(f"([,;{_BREAKS}])(?:(?<=,)'{_FORMULA}|(?<!,)'{_FORMULA_OR_QUOTE})")


def guard_cell(text: str) -> str:
    """Return ``text`` with an apostrophe wherever a program might take what follows for a formula."""
    # A function, as a template costs more than the search.
    guarded = _INSIDE.sub(lambda delimiter: f"{delimiter[0]}'", text)
    return f"'{guarded}" if _AT_START.match(guarded) else guarded


def unguard_cell(text: str) -> str:
    """Return ``text`` without the apostrophes of :func:`guard_cell`: the very text that was guarded.

    Apostrophes are among the characters that are skipped, so one that was there before has another before it.
    """
    bare = _GUARDED_INSIDE.sub(lambda delimiter: delimiter[1], text)
    return bare[1:] if _GUARDED_AT_START.match(bare) else bare
