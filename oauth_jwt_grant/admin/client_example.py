"""What a client of an issuer does, as commands to copy."""

from __future__ import annotations

import shlex

from ..audiences import server_audiences
from ..models import TrustedIssuer
from ..presets import preset_for

_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def client_example(issuer: TrustedIssuer, token_url: str) -> str:
    """How a client of ``issuer`` comes by an assertion, if that is known, and how it posts it."""
    rule = issuer.rules.filter(enabled=True).first()
    lines = [
        f"curl {shlex.quote(token_url)} \\",
        f"  --data-urlencode grant_type={_GRANT_TYPE} \\",
        '  --data-urlencode "assertion=$ASSERTION"',
    ]
    if rule is not None and rule.client_policy != rule.ClientPolicyChoices.ANONYMOUS:
        lines[-1] += " \\"
        lines.append("  --user CLIENT_ID:CLIENT_SECRET")
    if rule is not None:
        lines[-1] += " \\"
        lines.append(f"  --data-urlencode {shlex.quote('scope=' + rule.scopes)}")
    return "\n".join([*_assertion(issuer, token_url), *lines])


def _assertion(issuer: TrustedIssuer, token_url: str) -> list[str]:
    preset = preset_for(issuer.issuer)
    if preset is None or not preset.obtain:
        return []
    audience = next(iter([*issuer.audiences, *sorted(server_audiences())]), token_url)
    obtain = preset.obtain.replace("AUDIENCE", audience)
    return [f"# ASSERTION: {preset.docs}", *(f"#   {line}" for line in obtain.splitlines())]
