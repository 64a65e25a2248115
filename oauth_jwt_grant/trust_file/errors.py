"""What stops a plan or an apply."""

from __future__ import annotations

from collections.abc import Iterable


class TrustFileError(Exception):
    """The trust cannot be read, planned or applied; nothing is written. ``problems``: one line for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the lines."""
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))
