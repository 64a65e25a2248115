"""The words of package, tests, docs and example project: none of the list of words that are not used here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLACES = (
    "oauth_jwt_grant",
    "tests",
    "docs",
    "example_project",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
)
KINDS = {".py", ".md", ".html", ".txt", ".js", ".css", ".svg", ".toml", ".po"}

#: Each word that is not plain technical English, and its pattern. "whose ... is": up to six words between.
NEVER = {
    "mend": r"\bmend(?:s|ed|ing)?\b",
    "anew": r"\banew\b",
    "whoever": r"\bwhoever\b",
    "whomever": r"\bwhomever\b",
    "be had": r"\bbe had\b",
    "goes by": r"\bgo(?:es)? by\b",
    "told apart": r"\b(?:told|tells?|telling) apart\b",
    "whose ... is": r"\bwhose(?:[\s,`'\"*]+\w+(?:[.-]\w+)*){1,6}?[\s,`'\"*]+is\b",
}


def files() -> list[Path]:
    """Return the text files at :data:`PLACES`."""
    roots = [ROOT / place for place in PLACES]
    own = Path(__file__)
    found = (path for root in roots for path in (root, *root.rglob("*")) if path.suffix in KINDS)
    # This file has the words themselves.
    return sorted(path for path in found if path.is_file() and path != own)


def running(text: str) -> str:
    """Return ``text`` as one line, without the marks of comments and joined strings at its line breaks."""
    text = re.sub(r"[\"'][ \t]*\n[ \t]*[rbf]?[\"']", " ", text)
    text = re.sub(r"\n[ \t]*(?:#:?|//|\*(?=\s)|>)", " ", text)
    return re.sub(r"\s+", " ", text)


def hits(text: str) -> list[str]:
    """The places in ``text`` with a word of :data:`NEVER`, with some words around."""
    line = running(text)
    return [
        f"{word}: {line[max(0, hit.start() - 30) : hit.end() + 30]}"
        for word, pattern in NEVER.items()
        for hit in re.finditer(pattern, line, re.IGNORECASE)
    ]


def test_no_word_of_the_list_is_anywhere() -> None:
    found = files()
    assert {path.suffix for path in found} >= {".py", ".md", ".html", ".js", ".css"}
    assert len(found) > 200
    assert {path.relative_to(ROOT).as_posix(): hit for path in found for hit in hits(path.read_text())} == {}


@pytest.mark.parametrize(
    "text",
    [
        "the line that mends it",
        "Mended",
        "fetched anew",
        "Whoever asks",
        "for whomever",
        "cannot\n    be had",
        "cannot be\n# had",
        '"cannot be "\n    "had"',
        "the server goes by",
        "rows go by",
        "told\n    #: apart",
        "the issuer whose ``iss`` is ``issuer``",
        "a key whose owner, as far as known, is",
        "an account whose\n    key nobody could see is none",
    ],
)
def test_a_word_of_the_list_is_found(text: str) -> None:
    assert hits(text)


@pytest.mark.parametrize(
    "text", ["recommend", "amended", "amend", "an issuer whose keys it has. This is", "had been"]
)
def test_other_words_are_not_found(text: str) -> None:
    assert not hits(text)
