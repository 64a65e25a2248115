"""What a client of an issuer has to be told, rule by rule: four values, and a command that sends them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from ...assertion import Door, is_for
from ...conf import issuer_identifier, server_audiences
from ...dot import get_application_model, is_public
from ...models import GrantRule, TrustedIssuer
from ...presets import Preset, all_presets, preset_for
from ...service_accounts import GOOGLE_AUDIENCE, is_service_account
from ...trust import listed

TEMPLATE = "admin/oauth_jwt_grant/trustedissuer/for_clients.html"
#: Applications of a rule that are named.
MOST = 20
#: What may stand in a command without being quoted, whatever surrounds it.
_PLAIN = re.compile(r"[A-Za-z0-9.:/_~@%+-]+")


@dataclass(frozen=True, slots=True)
class Terms:
    """The values of a request that ``rule`` is for, at ``door``; an empty ``scope`` is not sent."""

    rule: GrantRule
    token_url: str
    door: Door
    audience: str
    scope: str
    applications: list[Any]
    preset: Preset | None

    @property
    def is_anonymous(self) -> bool:
        """Whether a request needs to name no client."""
        return self.rule.client_policy == GrantRule.ClientPolicyChoices.ANONYMOUS

    @property
    def client(self) -> str:
        """Which ``client_id`` is for the rule, and whether its secret comes along."""
        if self.door is Door.CLIENT_ASSERTION:
            return _("none: the JWT authenticates %s") % self.rule.default_application
        if self.is_anonymous:
            return _("none is needed")
        if not self.applications:
            return _("no application: nobody can use it")
        names = (
            one.client_id if is_public(one) else _("%s with its secret") % one.client_id
            for one in self.applications[:MOST]
        )
        return _(" or ").join(names)

    @property
    def command(self) -> str:
        """A command for a shell, for the first application."""
        return "\n".join([*_comments(self), "curl " + " \\\n  ".join(self._options())])

    def _options(self) -> Iterator[str]:
        yield shlex.quote(self.token_url)
        for name, value in {"grant_type": self.door.grant_type, **self.door.constants}.items():
            yield f"--data-urlencode {name}={value}"
        yield f'--data-urlencode "{self.door.parameter}=$ASSERTION"'
        if self.applications and not self.is_anonymous and self.door is not Door.CLIENT_ASSERTION:
            yield self._client_option(self.applications[0])
        if self.scope:
            yield f"--data-urlencode {shlex.quote('scope=' + self.scope)}"

    def _client_option(self, application: Any) -> str:
        """RFC 6749 section 2.3.1; a public client has nothing but its name (section 3.2.1)."""
        if is_public(application):
            return f"--data-urlencode {shlex.quote('client_id=' + application.client_id)}"
        name = shlex.quote(quote(application.client_id, safe="") + ":")
        return f'--user {name}"$CLIENT_SECRET"'


def for_clients(issuer: TrustedIssuer, token_url: str) -> str:
    """What the page of ``issuer`` says to those who write its clients."""
    terms = all_terms(issuer, token_url)
    docs = next((each.preset.docs for each in terms if each.preset is not None), "")
    program = ""
    if is_service_account(issuer):  # its programs sign for themselves, with the key file
        program = google_example(issuer, token_url, f"{issuer.issuer.partition('@')[0]}.json")
    return render_to_string(TEMPLATE, {"terms": terms, "program": program, "docs": docs})


def all_terms(issuer: TrustedIssuer, token_url: str) -> list[Terms]:
    """The terms of each enabled rule of ``issuer``, at the first of its doors."""
    in_order = Prefetch("applications", get_application_model().objects.order_by("client_id"))
    rules = issuer.rules.filter(enabled=True).prefetch_related(in_order, "conditions")
    audience = _audience(issuer, token_url)
    return [
        Terms(
            rule,
            token_url,
            next((door for door in Door if is_for(rule.accepted_as, door)), Door.AUTHORIZATION_GRANT),
            audience,
            rule.scopes,
            list(rule.applications.all()),
            preset_for(issuer.issuer) or _preset_by_claims(rule),
        )
        for rule in rules
    ]


def google_example(issuer: TrustedIssuer, token_url: str, key_file: str) -> str:
    """A program for Python with Google's own library, which reads the ``key_file`` of a service account."""
    scopes = next((each.scope.split() for each in all_terms(issuer, token_url)), [])
    lines = [
        "from google.auth.transport.requests import Request",
        "from google.oauth2 import service_account",
        "",
        "credentials = service_account.Credentials.from_service_account_file(",
        f"    {key_file!r}, scopes={scopes!r}",
        ")",
    ]
    if GOOGLE_AUDIENCE not in listed(issuer, "audiences"):
        lines.append(f"credentials = credentials.with_claims({{'aud': {_audience(issuer, token_url)!r}}})")
    return "\n".join([*lines, "credentials.refresh(Request())", "access_token = credentials.token"])


def _audience(issuer: TrustedIssuer, token_url: str) -> str:
    """A name of this server that the issuer may use, best the issuer identifier: each door accepts it."""
    own = filter(None, [issuer_identifier(), *sorted(server_audiences())])
    return next(iter([*listed(issuer, "audiences"), *own]), token_url)


def _comments(terms: Terms) -> Iterator[str]:
    """How to obtain an assertion, as far as the vendor's preset describes it."""
    if terms.preset is None or not terms.preset.obtain:
        yield "# ASSERTION: a JWT that the issuer has signed"
        return
    audience = terms.audience if _PLAIN.fullmatch(terms.audience) else "AUDIENCE"
    yield "# ASSERTION:"
    for line in terms.preset.obtain.replace("AUDIENCE", audience).splitlines():
        yield f"#   {line}"


def _preset_by_claims(rule: GrantRule) -> Preset | None:
    """The preset of a vendor whose software a customer runs under an address of its own, by its claims."""
    claims = {condition.claim for condition in rule.conditions.all()}
    for preset in all_presets():
        pins = {template.claim for template in preset.conditions if template.pin}
        if len(pins) > 1 and pins <= claims:
            return preset
    return None
