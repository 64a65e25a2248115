"""What a client of an issuer does, as programs to copy: each runs as it stands, and none holds a secret."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from ...assertion import Door, is_for
from ...conf import issuer_identifier, server_audiences
from ...models import GrantRule, TrustedIssuer
from ...presets import Preset, all_presets, preset_for
from ...service_accounts import GOOGLE_AUDIENCE, ServiceAccountError, credential_file, exchange_rule
from ...trust import listed

#: What may stand in a command without being quoted, whatever surrounds it.
_PLAIN = re.compile(r"[A-Za-z0-9.:/_~@%+-]+")


@dataclass(frozen=True, slots=True)
class Terms:
    """The parameters of a client's request at ``door``; an empty ``scope`` is not sent."""

    token_url: str
    door: Door
    audience: str
    scope: str
    names_client: bool
    preset: Preset | None

    @property
    def constants(self) -> dict[str, str]:
        """The parameters that are the same in each request."""
        return {"grant_type": self.door.grant_type, **self.door.constants}


def terms_of(issuer: TrustedIssuer, token_url: str) -> Terms:
    """The terms of the first rule of ``issuer``."""
    rule = issuer.rules.filter(enabled=True).first()
    door = next(
        (door for door in Door if rule is not None and is_for(rule.accepted_as, door)),
        Door.AUTHORIZATION_GRANT,
    )
    is_anonymous = rule is None or rule.client_policy == rule.ClientPolicyChoices.ANONYMOUS
    return Terms(
        token_url,
        door,
        audience=next(iter([*listed(issuer, "audiences"), *_own_names()]), token_url),
        scope=rule.scopes if rule is not None else "",
        names_client=door is not Door.CLIENT_ASSERTION and not is_anonymous,
        preset=preset_for(issuer.issuer) or _preset_by_claims(rule),
    )


def curl_example(terms: Terms) -> str:
    """Commands for a shell."""
    options = [
        shlex.quote(terms.token_url),
        *(f"--data-urlencode {name}={value}" for name, value in terms.constants.items()),
        f'--data-urlencode "{terms.door.parameter}=$ASSERTION"',
    ]
    if terms.names_client:
        options.append('--user "$CLIENT_ID:$CLIENT_SECRET"')
    if terms.scope:
        options.append(f"--data-urlencode {shlex.quote('scope=' + terms.scope)}")
    return "\n".join([*_comments(terms), "curl " + " \\\n  ".join(options)])


def python_example(terms: Terms) -> str:
    """A program for Python with the library requests."""
    scope = [f"        'scope': {terms.scope!r},"] if terms.scope else []
    auth = ["    auth=(os.environ['CLIENT_ID'], os.environ['CLIENT_SECRET']),"] if terms.names_client else []
    lines = [
        *_comments(terms),
        "import os",
        "",
        "import requests",
        "",
        "answer = requests.post(",
        f"    {terms.token_url!r},",
        "    data={",
        *(f"        {name!r}: {value!r}," for name, value in terms.constants.items()),
        f"        {terms.door.parameter!r}: os.environ['ASSERTION'],",
        *scope,
        "    },",
        *auth,
        "    timeout=10,",
        ")",
        "if not answer.ok:",
        "    raise SystemExit(answer.text)",
        "access_token = answer.json()['access_token']",
    ]
    return "\n".join(lines)


def google_example(issuer: TrustedIssuer, terms: Terms, key_file: str) -> str:
    """A program for Python with Google's own library, which reads the ``key_file`` of a service account."""
    lines = [
        "from google.auth.transport.requests import Request",
        "from google.oauth2 import service_account",
        "",
        "credentials = service_account.Credentials.from_service_account_file(",
        f"    {key_file!r}, scopes={terms.scope.split()!r}",
        ")",
    ]
    if GOOGLE_AUDIENCE not in listed(issuer, "audiences"):
        lines.append(f"credentials = credentials.with_claims({{'aud': {terms.audience!r}}})")
    return "\n".join([*lines, "credentials.refresh(Request())", "access_token = credentials.token"])


def external_account_example(issuer: TrustedIssuer, token_url: str) -> str | None:
    """The credential file of Google's libraries for token exchange, if a rule of ``issuer`` is for that."""
    rule = exchange_rule(issuer)
    if rule is None:
        return None
    audience = next(_own_names(), token_url)
    try:
        return json.dumps(credential_file(rule, "token.jwt", token_url, audience), indent=2)
    except ServiceAccountError:  # it admits no client, of which other parts of the page tell
        return None


def _own_names() -> Iterator[str]:
    """The names of this server: the issuer identifier first, which is the one name that each door accepts."""
    yield from filter(None, [issuer_identifier(), *sorted(server_audiences())])


def _comments(terms: Terms) -> Iterator[str]:
    """How to obtain an assertion, as far as the vendor's preset describes it."""
    if terms.preset is None or not terms.preset.obtain:
        yield "# ASSERTION: a JWT that the issuer has signed"
        return
    audience = terms.audience if _PLAIN.fullmatch(terms.audience) else "AUDIENCE"
    yield f"# ASSERTION: {terms.preset.docs}"
    for line in terms.preset.obtain.replace("AUDIENCE", audience).splitlines():
        yield f"#   {line}"


def _preset_by_claims(rule: GrantRule | None) -> Preset | None:
    """The preset of a vendor whose software a customer runs under an address of its own, by its claims."""
    claims = set() if rule is None else set(rule.conditions.values_list("claim", flat=True))
    for preset in all_presets():
        pins = {template.claim for template in preset.conditions if template.pin}
        if len(pins) > 1 and pins <= claims:
            return preset
    return None
