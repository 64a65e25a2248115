"""Service accounts as their pages make them, and assertions that their key files sign."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.urls import reverse

from oauth_jwt_grant.models import TrustedIssuer
from tests.admin.forms import fill_in
from tests.factories import DROP, GRANT_TYPE, Key, mint
from tests.support import post

ADD = reverse("admin:oauth_jwt_grant_trustedissuer_add_account")
IDENTIFIER = "bot@service-accounts.as.example.com"
_AREA = re.compile(r'<textarea id="ojg-key-file"[^>]*>(.*?)</textarea>', re.DOTALL)


def url_of(view: str, account: TrustedIssuer, **query: str) -> str:
    """The page called ``view`` of an account."""
    url = reverse(f"admin:oauth_jwt_grant_trustedissuer_{view}", args=[account.pk])
    return url + "".join(f"?{name}={value}" for name, value in query.items())


def key_file_in(response: Any) -> dict[str, str] | None:
    """The key file that a page holds, if it does."""
    found = _AREA.search(response.content.decode())
    return json.loads(html.unescape(found[1])) if found else None


def make(page: Any, name: str = "bot", scopes: str = "read", **changes: Any) -> Any:
    """The answer to the form of a new account."""
    return page.post(ADD, fill_in(page.get(ADD), "account_form", name=name, scopes=scopes, **changes))


def add_key(page: Any, account: TrustedIssuer) -> Any:
    """The answer to the wish for a further key."""
    url = url_of("add_key", account)
    return page.post(url, fill_in(page.get(url), "add_key_form"))


def withdraw(page: Any, account: TrustedIssuer, kid: str, do: str = "withdraw", **options: Any) -> Any:
    """The answer to a button of the page of a key."""
    url = url_of("withdraw_key", account, kid=kid)
    return page.post(url, {**fill_in(page.get(url), "withdraw_key_form"), "do": do}, **options)


def ask(key_file: dict[str, str]) -> Any:
    """Post to the token endpoint what Google's libraries post."""
    private = load_pem_private_key(key_file["private_key"].encode(), None)
    key = Key(key_file["private_key_id"], "RS256", private)
    claims = {"iss": key_file["client_email"], "sub": DROP, "jti": DROP, "aud": key_file["token_uri"]}
    return post([("grant_type", GRANT_TYPE), ("assertion", mint(key, **claims))])
