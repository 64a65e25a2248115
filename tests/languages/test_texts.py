"""What rooms without Django say is marked, so that catalogues have it, and is English where it is stored."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import override

from oauth_jwt_grant.admin.shared.reasons import REASONS, reason_in_words
from oauth_jwt_grant.assertion import Clause, Reason, Text, ngettext, verbatim
from oauth_jwt_grant.languages import in_english, translated

from .catalogues import PACKAGE
from .pseudo import LANGUAGE, words_outside, write_catalogue

#: Faults of a programmer, or of a certificate that nobody is shown: no operator reads these.
UNREAD = {"keyUsage lacks digitalSignature"}
_WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}")
ROOMS = ("assertion", "keys", "rules", "dpop", "trust", "decision", "service_accounts")


def _calls(room: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls in the files of ``room``, each with its place."""
    for path in sorted((PACKAGE / room).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _names(template: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name}


def misfits(place: str, call: ast.Call) -> list[str]:
    """Return what is wrong with a call that makes a text: no literal, or other names than its values have."""
    name = ast.unparse(call.func)
    if name not in ("_", "ngettext", "Text"):
        return []
    templates = [_literal(arg) for arg in call.args[: 2 if name == "ngettext" else 1]]
    if None in templates:
        return [f"{place}: the template is no literal"]
    given = {str(keyword.arg) for keyword in call.keywords} | ({"number"} if name == "ngettext" else set())
    found = []
    for template in map(str, templates):
        if given and not _names(template) <= given:
            found.append(f"{place}: no value for {sorted(_names(template) - given)}")
        if name == "Text" and _WORDS.search(re.sub(r"\{\w*\}", "", template)):
            found.append(f"{place}: {template!r} is not marked by _()")
    return found + (
        [f"{place}: values without a place"] if given - set().union(*map(_names, map(str, templates))) else []
    )


@pytest.mark.parametrize("room", ROOMS)
def test_each_text_has_a_literal_template_and_its_values(room: str) -> None:
    assert [misfit for place, call in _calls(room) for misfit in misfits(place, call)] == []


@pytest.mark.parametrize(
    ("call", "is_wrong"),
    [
        ('_("in {place}", place=here)', False),
        ('_("in {place}")', False),
        ('_("in {place}", plaice=here)', True),
        ('_("in {place}", place=here, time=now)', True),
        ("_(template)", True),
        ('_(f"in {place}")', True),
        ('ngettext("{number} key", "{number} keys", 2)', False),
        ('ngettext("one key", "{numbers} keys", 2)', True),
        ('Text("x5c: {why}", why=why)', False),
        ('Text("a text that nobody translates")', True),
        ("print(anything)", False),
    ],
)
def test_a_text_that_cannot_be_translated_is_found(call: str, is_wrong: bool) -> None:
    (node,) = (node for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Call))
    assert bool(misfits("here", node)) is is_wrong


@pytest.mark.parametrize("room", ROOMS)
def test_no_refusal_or_fault_is_a_plain_sentence(room: str) -> None:
    found = []
    for path in sorted((PACKAGE / room).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            found += [f"{path.name}: {ast.unparse(text)}" for text in _said(node) if _is_sentence(text)]
    assert found == []


def _said(node: ast.AST) -> list[ast.expr]:
    """Return what is raised or given back as a fault, or gets a name that stands for one."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return [*node.exc.args, *(keyword.value for keyword in node.exc.keywords)]
    if isinstance(node, ast.Return) and node.value is not None:
        return [node.value]
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("detail", "demand", "fault", "why"):
        return [node.value]
    return []


def _is_sentence(text: ast.expr) -> bool:
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    words = "".join(str(_literal(part) or "") for part in parts)
    return words not in UNREAD and _WORDS.search(words) is not None


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ('raise Refused("this is a sentence")', True),
        ('raise Refused(detail=f"{name} is no key")', True),
        ('detail = "this is a sentence"', True),
        ('return f"no key {kid}"', True),
        ('raise Refused(_("this is a sentence"))', False),
        ('name = "any other name"', False),
        ('return "one"', False),
    ],
)
def test_a_plain_sentence_is_found(code: str, is_found: bool) -> None:
    (node,) = ast.parse(code).body
    assert any(map(_is_sentence, _said(node))) is is_found


@pytest.fixture
def language(tmp_path: Path, settings) -> str:
    write_catalogue(tmp_path)
    settings.LOCALE_PATHS = [tmp_path]
    return LANGUAGE


def test_a_text_is_translated_with_all_that_is_in_it(language: str) -> None:
    text = Text("{why}", why=Clause(ngettext("{number} second", "{number} seconds", 2)))
    with override(language):
        assert words_outside(translated(text)) == []
        assert translated(text).startswith("2 ")
    with override("en"):
        assert translated(text) == "2 seconds"


@pytest.mark.parametrize(
    "text", ["as it is", verbatim("as it is"), ValueError("as it is")], ids=["str", "verbatim", "error"]
)
def test_what_is_no_text_stays_as_it_is(language: str, text: object) -> None:
    with override(language):
        assert translated(text) == "as it is"


def test_nothing_is_nothing_in_each_language(language: str) -> None:
    """The translation of an empty message is the header of the catalogue."""
    with override(language):
        assert translated(Text("")) == ""


def test_english_is_english_in_each_language(language: str) -> None:
    text = Text("the issuer must be enabled; it is disabled")
    with override(language), in_english():
        assert translated(text) == text


def test_each_reason_has_words() -> None:
    assert REASONS.keys() == set(Reason)
    assert reason_in_words("no_such_key") == "no such key"
    assert reason_in_words("of_another_release") == "of_another_release"
