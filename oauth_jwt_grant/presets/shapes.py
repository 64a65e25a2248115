"""Patterns of answers that several presets ask for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .base import PresetQuestion

#: In lower case, as in the tokens: conditions compare exactly.
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
EXAMPLE_UUID = "72f988bf-1111-4222-8333-000000000001"
#: A Git ref. It has no wildcard in it (git check-ref-format), and conditions compare it exactly.
REF = r"refs/[^\s*?\[]+"
#: A file in a repository that holds a workflow, at a ref or a commit.
WORKFLOW = rf"[\w.-]+/[\w.-]+/[^\s@*?]+\.ya?ml@({REF}|[0-9a-f]{{40}})"
#: An issuer identifier without a final slash.
NO_SLASH = r"https://\S*[^\s/]"


def issuer(help: object, example: str, pattern: str = r"https://\S+", default: str = "") -> PresetQuestion:
    """Return the question for the issuer identifier."""
    return PresetQuestion(
        name="issuer", label=_("Issuer"), help=help, pattern=pattern, example=example, default=default
    )


def number(
    name: str, label: object, help: object = "", *, example: str = "90210", required: bool = True
) -> PresetQuestion:
    """Return the question for an id of decimal digits."""
    return PresetQuestion(
        name=name, label=label, help=help, pattern=r"[0-9]+", example=example, required=required
    )


def uuid(name: str, label: object, help: object = "") -> PresetQuestion:
    """Return the question for an id that is a UUID."""
    return PresetQuestion(name=name, label=label, help=help, pattern=UUID, example=EXAMPLE_UUID)


def refs(help: object, *, name: str = "refs", required: bool = False) -> PresetQuestion:
    """Return the question for the Git refs of a build."""
    return PresetQuestion(
        name=name,
        label=_("Refs"),
        help=help,
        required=required,
        default="refs/heads/main",
        pattern=REF,
        example="refs/heads/main",
        many=True,
    )


def tick(name: str, label: object, help: object = "", *, ticked: bool = False) -> PresetQuestion:
    """Return the question for yes or no."""
    return PresetQuestion(
        name=name,
        label=label,
        help=help,
        required=False,
        default="yes" if ticked else "",
        pattern="yes",
        example="yes",
        tick=True,
    )


def inside(help_ca: object, help_network: object) -> tuple[PresetQuestion, PresetQuestion]:
    """Return the questions for an issuer that may be inside the operator's network."""
    return (
        PresetQuestion(
            name="ca_bundle",
            label=_("CA of the issuer"),
            help=help_ca,
            required=False,
            multiline=True,
        ),
        tick("allow_private_network", _("The issuer is inside your network"), help_network),
    )


#: The columns that the answers to :func:`inside` set.
INSIDE = {"ca_bundle": "{ca_bundle}", "allow_private_network": "{allow_private_network}"}
#: The questions of :func:`inside` for an installation of one's own, of whatever kind.
OWN_NETWORK = inside(
    _("In PEM, where its certificate is of an authority of your own."),
    _("Blank: its keys are fetched from public addresses alone."),
)
