"""Below the issuers: who was refused as unknown in the last day."""

from __future__ import annotations

import html
import time

import pytest
from django.core.cache import cache
from django.urls import reverse

from oauth_jwt_grant.decision.unknown_issuers import _KEY, note_unknown
from tests.factories import GRANT_TYPE, ISSUER, ec_key, mint
from tests.support import post

LIST = reverse("admin:oauth_jwt_grant_trustedissuer_changelist")
HEADING = "Refused as unknown in the last day"


def content_of(page):
    return page.get(LIST).content.decode()


def test_without_one_there_is_no_list(page, issuer):
    assert HEADING not in content_of(page)


@pytest.mark.parametrize(
    ("iss", "difference"),
    [
        (f"{ISSUER}/", "a slash at the end"),
        (ISSUER.upper(), "case"),
        (ISSUER.replace("https", "http"), "the scheme"),
    ],
)
def test_a_near_miss_is_named(page, issuer, iss, difference):
    post([("grant_type", GRANT_TYPE), ("assertion", mint(ec_key(), iss=iss))])
    content = html.unescape(content_of(page))
    assert HEADING in content
    assert f'<code>"{iss}"</code>' in content
    assert f"Trusted is {ISSUER}: they differ in {difference} alone." in content


def test_a_near_miss_is_named_in_the_language_of_the_page(page, issuer, settings):
    settings.LANGUAGE_CODE = "de"
    note_unknown(f"{ISSUER}/", time.time())
    assert "sie unterscheiden sich nur im Schr\u00e4gstrich am Ende" in html.unescape(content_of(page))


def test_names_are_text_and_never_lead_to_trust(page, issuer):
    note_unknown('https://evil.example/"><script>alert(1)</script>\u202e', time.time())
    content = content_of(page)
    section = content[content.index(HEADING) :]
    section = section[: section.index("</section>")]
    assert "<script" not in section
    assert "<a " not in section
    assert "&lt;script&gt;" in section
    assert "\\u202e" in section


def test_a_cache_that_cannot_be_read_leaves_the_page(page, issuer):
    cache.set(_KEY, "rubbish")
    assert HEADING not in content_of(page)


def test_only_those_who_see_issuers_see_it(page_of, issuer):
    note_unknown("https://a.example", time.time())
    assert HEADING in content_of(page_of("view_trustedissuer"))
    assert page_of("view_decision").get(LIST).status_code == 403
