"""What a client of an issuer does, as programs to copy: each runs as it stands, and none holds a secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from ...conf import server_audiences
from ...models import GrantRule, TrustedIssuer
from ...presets import Preset, all_presets, preset_for
from ...service_accounts import GOOGLE_AUDIENCE
from ...trust import listed

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: What may stand in a command without being quoted, whatever surrounds it.
_PLAIN = re.compile(r"[A-Za-z0-9.:/_~@%+-]+")


@dataclass(frozen=True, slots=True)
class Terms:
    """The parameters of a client's request; an empty ``scope`` is not sent."""

    token_url: str
    audience: str
    scope: str
    names_client: bool
    preset: Preset | None


def terms_of(issuer: TrustedIssuer, token_url: str) -> Terms:
    """The terms of the first rule of ``issuer``."""
    rule = issuer.rules.filter(enabled=True).first()
    return Terms(
        token_url,
        audience=next(iter([*listed(issuer, "audiences"), *sorted(server_audiences())]), token_url),
        scope=rule.scopes if rule is not None else "",
        names_client=rule is not None and rule.client_policy != rule.ClientPolicyChoices.ANONYMOUS,
        preset=preset_for(issuer.issuer) or _preset_by_claims(rule),
    )


def curl_example(terms: Terms) -> str:
    """Commands for a shell."""
    options = [
        shlex.quote(terms.token_url),
        f"--data-urlencode grant_type={GRANT_TYPE}",
        '--data-urlencode "assertion=$ASSERTION"',
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
        f"        'grant_type': {GRANT_TYPE!r},",
        "        'assertion': os.environ['ASSERTION'],",
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
