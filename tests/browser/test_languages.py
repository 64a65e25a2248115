"""Every page in a language of our own making: all that a person reads can be translated."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.x509 import load_pem_x509_certificates
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import serializers
from django.utils.text import capfirst

from oauth_jwt_grant.assertion import ALGORITHMS
from oauth_jwt_grant.dot import get_scopes_backend
from oauth_jwt_grant.models import TrustedIssuer
from oauth_jwt_grant.presets import all_presets
from oauth_jwt_grant.presets.traps import TRAPS
from tests.languages.pseudo import LANGUAGE, words_outside, write_catalogue

from .pages import PAGES, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)

#: The text of a page and, one by one, of its attributes. Code, and what is marked as English, stays as it is;
#: Django's scripts have a catalogue of their own.
_READ = """
const quoted = "script, style, pre, code, textarea, body [lang=en], "
    + ".datetimeshortcuts, .calendarbox, .clockbox, .action-counter, .select2";
// Of django-oauth-toolkit's page of an application the part that is ours.
const root = document.querySelector(".model-application fieldset:has(.ojg-keys)") ?? document.documentElement;
const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
const texts = [];
while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest(quoted)) {
        texts.push(walker.currentNode.data);
    }
}
const attributes = [];
for (const element of root.querySelectorAll("*")) {
    if (!element.closest(quoted)) {
        const names = ["title", "aria-label", "alt", "placeholder"];
        if (element.matches("input:is([type=submit], [type=button], [type=reset])")) {
            names.push("value");
        }
        attributes.push(...names.map((name) => element.getAttribute(name)).filter(Boolean));
    }
}
return [texts.join("\\n"), ...attributes];
"""
#: Names that are the same in each language, and what is only in a JWT, a certificate or a posted form.
_NAMES = """
HTTP RFC SHA Python curl typ alg kid jose jwt report.json backup.json JSON
ref_protected job_id sha environment groups
bob carol nobody@example.com https://other.example as.example.com aud true refs/heads/main feature production
project_path:acme/deploy:ref_type:branch:ref:main gitlab.com mona
"""
#: Of Django's own pages: no catalogue of Django has these.
_DJANGO = "Search True False"
#: Rows that no page of ours shows: their names would pass for data.
_UNREAD = (ContentType, Permission, Session)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("locale")
    write_catalogue(folder)
    return folder


@pytest.fixture
def world(browser, settings, catalogue) -> World:
    world = make_world()
    settings.LOCALE_PATHS = [catalogue]
    settings.LANGUAGE_CODE = LANGUAGE
    return world


def _data() -> set[str]:
    """Return the words that are nobody's to translate: of all rows, and of the names that other apps give."""
    told: list[Any] = [_NAMES, _DJANGO, *ALGORITHMS, *get_scopes_backend().get_all_scopes().values()]
    told += [trap.name for trap in TRAPS]
    for preset in all_presets():
        told += [pin.claim for pin in preset.pins] + [question.example for question in preset.questions]
    for config in apps.get_app_configs():
        if config.name != "oauth_jwt_grant":
            told += [config.verbose_name, config.label]
            told += [name for model in config.get_models() for name in _names(model)]
    for issuer in TrustedIssuer.objects.exclude(trust_anchors=""):  # the names in them are random
        anchors = load_pem_x509_certificates(issuer.trust_anchors.encode())
        told += [anchor.subject.rfc4514_string() for anchor in anchors]
    rows = [row for model in apps.get_models() if model not in _UNREAD for row in model._base_manager.all()]
    words = " ".join([*map(str, told), *map(capfirst, map(str, told)), serializers.serialize("json", rows)])
    return set(words_outside(words))


def _names(model: Any) -> list[str]:
    names = [model._meta.object_name, model._meta.verbose_name, model._meta.verbose_name_plural]
    for field in model._meta.get_fields():
        names += [getattr(field, "verbose_name", ""), getattr(field, "help_text", "")]
        names += [label for _value, label in getattr(field, "choices", None) or ()]
    return names


@pytest.mark.parametrize("name", PAGES)
def test_all_that_is_read_can_be_translated(browser, world, name) -> None:
    PAGES[name](browser, world)
    read = browser.driver.execute_script(_READ)
    found = set(words_outside(" ".join(read))) - _data()
    assert not found, [text for text in "\n".join(read).split("\n") if found & set(words_outside(text))]


def test_what_cannot_be_translated_is_found(browser, world) -> None:
    PAGES["issuers"](browser, world)
    spoil = (
        "document.querySelector('h1, h2').insertAdjacentHTML('afterend', '<p title=Wonderful>Marvellous</p>')"
    )
    browser.driver.execute_script(spoil)
    read = browser.driver.execute_script(_READ)
    assert set(words_outside(" ".join(read))) - _data() == {"Marvellous", "Wonderful"}
