"""The catalogues have what the package says, and translations fit."""

from __future__ import annotations

import gettext
import io
from pathlib import Path

import django
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from django.utils.translation import ngettext, override

from .catalogues import compiled, languages, messages, path_of, read, untranslated, wrong

#: The languages that are translated as a whole: nothing may be missing in them any more.
COMPLETE: tuple[str, ...] = ("de", "fr")


def _ids(catalogue: Catalog) -> set[object]:
    return {message.id for message in catalogue if message.id}


def test_there_are_german_and_french() -> None:
    assert languages() == ["de", "fr"]


@pytest.mark.parametrize("language", languages())
def test_a_catalogue_has_all_messages_of_the_package_and_no_others(language: str) -> None:
    """If not: ``python -m tests.languages``."""
    assert _ids(read(language)) ^ set(messages()) == set()


@pytest.mark.parametrize("language", languages())
def test_translations_have_the_places_of_their_messages(language: str) -> None:
    assert wrong(read(language)) == []


@pytest.mark.parametrize("language", languages())
def test_what_django_reads_is_what_is_written(language: str) -> None:
    """If not: ``python -m tests.languages``."""
    with path_of(language, "mo").open("rb") as file:
        stored = list(read_mo(file))[1:]
    fresh = list(read_mo(io.BytesIO(compiled(read(language)))))[1:]
    assert [(one.id, one.string) for one in stored] == [(one.id, one.string) for one in fresh]


def test_nothing_is_missing_in_a_language_that_is_complete() -> None:
    assert {language: found for language in COMPLETE if (found := untranslated(read(language)))} == {}


@pytest.mark.parametrize("language", languages())
def test_a_word_of_djangos_admin_is_djangos_word(language: str) -> None:
    """Catalogues are merged: another word would stand on every page of the site."""
    folder = Path(django.__file__).parent
    theirs: dict[str, set[str]] = {}
    for place in ("conf", "contrib/admin", "contrib/auth"):
        with (folder / place / f"locale/{language}/LC_MESSAGES/django.mo").open("rb") as file:
            catalogue = vars(gettext.GNUTranslations(file))["_catalog"]
        for message, text in catalogue.items():
            theirs.setdefault(message, set()).add(text)
    ours = {message.id: message.string for message in read(language) if isinstance(message.id, str)}
    shared = ours.keys() & theirs.keys() - {""}
    assert {"User", "Home", "Change", "No, take me back"} <= shared
    assert {one: ours[one] for one in shared if ours[one] not in theirs[one]} == {}


@pytest.mark.parametrize(
    ("language", "texts"),
    [("de", ["0 Schl\u00fcssel", "1 Schl\u00fcssel"]), ("fr", ["0 cl\u00e9", "1 cl\u00e9", "2 cl\u00e9s"])],
)
def test_plurals_keep_their_forms_beside_djangos(language: str, texts: list[str]) -> None:
    """Django's French has three forms, ours two."""
    with override(language):
        assert [ngettext("%d key", "%d keys", number) % number for number in range(len(texts))] == texts


@pytest.mark.parametrize(
    ("message", "translation", "is_wrong"),
    [
        ("%d of %s", "%d von %s", False),
        ("%d of %s", "von %s sind es %d", True),
        ("%(name)s of %(place)s", "%(place)s: %(name)s", False),
        ("%(name)s of %(place)s", "%(place)s: %(nmae)s", True),
        ("{name} of {place}", "{place}: {name}", False),
        ("{name} of {place}", "{place}", True),
        ("{name} of {place}", "", False),
        ("100 %", "100 %", False),
    ],
)
def test_a_place_that_a_translation_lacks_is_found(message: str, translation: str, is_wrong: bool) -> None:
    catalogue = Catalog(locale="de")
    catalogue.add(message, translation)
    assert (wrong(catalogue) == [message]) is is_wrong


def test_a_singular_may_leave_out_its_number() -> None:
    catalogue = Catalog(locale="de")
    catalogue.add(("One key", "{number} keys"), ("Ein Schl\u00fcssel", "{number} Schl\u00fcssel"))
    assert wrong(catalogue) == []


@pytest.mark.parametrize(("flags", "translation"), [((), ""), (("fuzzy",), "Ausgang")], ids=["none", "fuzzy"])
def test_what_is_not_translated_is_found(flags: tuple[str, ...], translation: str) -> None:
    catalogue = Catalog(locale="de")
    catalogue.add("Outcome", translation, flags=flags)
    catalogue.add("Reason", "Grund")
    assert untranslated(catalogue) == ["Outcome"]
