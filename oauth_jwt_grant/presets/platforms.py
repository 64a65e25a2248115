"""Issuers of deployment platforms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ..models import GrantRule, TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import NO_SLASH, issuer

_REUSABLE = TrustedIssuer.ReplayPolicy.REUSABLE.value

TERRAFORM = Preset(
    key="hcp-terraform",
    name="HCP Terraform",
    questions=(
        PresetQuestion(
            name="organization_id",
            label=_("Organization id"),
            pattern=r"org-\w+",
            example="org-GRNbCjYNpBB6NEBH",
        ),
        PresetQuestion(
            name="workspace_id", label=_("Workspace id"), pattern=r"ws-\w+", example="ws-mbsd5E3Ktt5Rg2Xm"
        ),
        PresetQuestion(
            name="phase",
            label=_("Run phase"),
            help=_("Blank: plan as well as apply."),
            required=False,
            default="apply",
            pattern="plan|apply",
            example="apply",
        ),
        issuer(
            _("The URL of the instance for Terraform Enterprise, or the host of HCP Terraform in the EU."),
            "https://terraform.example.com",
            NO_SLASH,
            "https://app.terraform.io",
        ),
    ),
    conditions=(
        ConditionTemplate("terraform_organization_id", ("{organization_id}",), pin=True),
        ConditionTemplate("terraform_workspace_id", ("{workspace_id}",), pin=True),
        ConditionTemplate("terraform_run_phase", ("{phase}",)),
    ),
    max_lifetime=7200,
    replay_policy=_REUSABLE,
    hosted=r"https://app\.(eu\.)?terraform\.io",
    shared=True,
    pins=(
        Pin("terraform_organization_id"),
        Pin("terraform_workspace_id"),
        Pin("terraform_organization_name"),
        Pin("sub", "organization:", ":"),
    ),
    docs=(
        "https://developer.hashicorp.com/terraform/cloud-docs/dynamic-provider-credentials/workload-identity-tokens"
    ),
    obtain="TFC_WORKLOAD_IDENTITY_AUDIENCE=AUDIENCE  # then $TFC_WORKLOAD_IDENTITY_TOKEN",
)
_VERCEL = r"https://oidc\.vercel\.com(/[\w.-]+)?"
VERCEL = Preset(
    key="vercel",
    name="Vercel",
    questions=(
        issuer(
            _("Of the team (recommended), or https://oidc.vercel.com."),
            "https://oidc.vercel.com/acme",
            _VERCEL,
        ),
        PresetQuestion(name="owner", label=_("Team id"), pattern=r"team_\w+", example="team_aBcD1234"),
        PresetQuestion(name="project", label=_("Project id"), pattern=r"prj_\w+", example="prj_aBcD1234"),
        PresetQuestion(
            name="environment",
            label=_("Environment"),
            help=_(
                "Previews are built from pull requests. Not development: its tokens live for half a day, "
                "on laptops."
            ),
            default="production",
            pattern=r"(?!development$)[\w-]+",
            example="production",
        ),
    ),
    conditions=(
        ConditionTemplate("owner_id", ("{owner}",), pin=True),
        ConditionTemplate("project_id", ("{project}",), pin=True),
        ConditionTemplate("environment", ("{environment}",)),
    ),
    max_lifetime=7200,
    replay_policy=_REUSABLE,
    # It is Vercel's own (who deployed what), not one of this server's.
    scope_claim=GrantRule.ScopeClaim.IGNORE.value,
    hosted=_VERCEL,
    shared=True,
    of_one_customer=r"https://oidc\.vercel\.com/[\w.-]+",
    pins=(Pin("owner_id"), Pin("project_id"), Pin("owner"), Pin("sub", "owner:", ":")),
    docs="https://vercel.com/docs/oidc/reference",
    obtain='getVercelOidcToken({audience: "AUDIENCE"})',
)
FLY = Preset(
    key="fly",
    name="Fly.io Machines",
    questions=(
        PresetQuestion(
            name="organization",
            label=_("Organization"),
            help=_("As in its URL."),
            pattern=r"[\w-]+",
            example="acme",
        ),
        PresetQuestion(
            name="org_id",
            label=_("Organization id"),
            help=_("The org_id claim of a token."),
            pattern=r"\w+",
            example="22222222",
        ),
        PresetQuestion(
            name="app_id",
            label=_("Application id"),
            help=_("The app_id claim of a token."),
            pattern=r"\w+",
            example="11111111",
        ),
    ),
    conditions=(
        ConditionTemplate("org_id", ("{org_id}",), pin=True),
        ConditionTemplate("app_id", ("{app_id}",), pin=True),
    ),
    issuer="https://oidc.fly.io/{organization}",
    max_lifetime=900,
    docs="https://fly.io/docs/security/openid-connect/",
    obtain=(
        "curl --unix-socket /.fly/api -X POST http://localhost/v1/tokens/oidc "
        """--data '{"aud": "AUDIENCE"}'"""
    ),
)

PRESETS = (TERRAFORM, VERCEL, FLY)
