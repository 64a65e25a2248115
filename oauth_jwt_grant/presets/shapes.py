"""Patterns of answers that several presets ask for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .base import PresetQuestion

#: In lower case, as in the tokens: conditions compare exactly.
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
EXAMPLE_UUID = "72f988bf-1111-4222-8333-000000000001"
#: A Git ref. It has no wildcard in it (git check-ref-format), and conditions compare it exactly.
REF = r"refs/[^\s*?\[]+"
#: An issuer identifier without a final slash.
NO_SLASH = r"https://\S*[^\s/]"


def issuer(help: object, example: str, pattern: str = r"https://\S+", default: str = "") -> PresetQuestion:
    """Return the question for the issuer identifier."""
    return PresetQuestion(
        name="issuer", label=_("Issuer"), help=help, pattern=pattern, example=example, default=default
    )
