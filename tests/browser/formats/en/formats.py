"""For English: forms that no other site has."""

from __future__ import annotations

DATE_FORMAT = "|j.n.Y|"
DATETIME_FORMAT = "|j.n.Y G.i|"
