"""What an operator does before the first JWT comes: users, an application, a trusted issuer and a rule."""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management import call_command
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import TrustedIssuer

from .show import Out

CLIENT_ID = "deploy-tool"
REPOSITORY = "acme/website"
_NAME = "Demo issuer"


def make_admin() -> str:
    """Give the user ``admin`` a new random password, and return it."""
    password = secrets.token_urlsafe(12)
    admin, _ = get_user_model().objects.get_or_create(
        username="admin", defaults={"is_staff": True, "is_superuser": True}
    )
    admin.set_password(password)
    admin.save()
    return password


def make_client_and_user() -> None:
    """The public client that posts the JWTs (no secret to keep), and the user whose tokens these will be."""
    get_user_model().objects.get_or_create(username="deploy-bot")
    model = get_application_model()
    model.objects.get_or_create(
        client_id=CLIENT_ID,
        defaults={
            "name": "Deploy tool",
            "client_type": model.CLIENT_PUBLIC,
            "authorization_grant_type": model.GRANT_CLIENT_CREDENTIALS,
        },
    )


def trust(url: str, ca: Path, out: Out) -> None:
    """Trust the issuer at ``url``, and show how; ``ca`` holds the certificate of its web server."""
    # In a database of an earlier run: the issuer of that run, which had another port.
    TrustedIssuer.objects.filter(name=_NAME).exclude(issuer=url).delete()
    lines = [
        ["trustissuer", "--issuer", url, "--name", _NAME, "--discovery"],
        # These two only because the issuer runs on this machine; a public one needs neither.
        ["--ca-bundle", str(ca), "--allow-private-network"],
        ["--rule", f"Jobs of {REPOSITORY}", "--condition", f"repository={REPOSITORY}"],
        ["--application", CLIENT_ID, "--service-user", "deploy-bot"],
        ["--scopes", "deployments:read deployments:write"],
        ["--record-claim", "repository", "--record-claim", "run_id"],
    ]
    out("    manage.py " + " \\\n        ".join(map(shlex.join, lines)))
    out("")
    call_command(*(word for line in lines for word in line), stdout=_Indented(out))
    out("")


class _Indented:
    """Passes on what a command prints, line by line."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def write(self, text: str) -> None:
        """What a command prints at once: one line or several."""
        for line in text.splitlines():
            self._out(f"    {line}")
