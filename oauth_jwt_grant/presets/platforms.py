"""Issuers of deployment platforms.

Facts: the vendors' documentation of 2026.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ..models import ClaimCondition, GrantRule, TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import INSIDE, NO_SLASH, OWN_NETWORK, issuer, number

_REUSABLE = TrustedIssuer.ReplayPolicy.REUSABLE.value
_REUSED = _("Chosen by its author, and free again after it is deleted: limit who may make one.")

TERRAFORM = Preset(
    key="hcp-terraform",
    name=gettext_noop("HCP Terraform"),
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
    name=gettext_noop("Vercel"),
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
    name=gettext_noop("Fly.io Machines"),
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

_ORGANIZATION = "3f1c2b7a-1111-4222-8333-000000000001"
PULUMI = Preset(
    key="pulumi-esc",
    name=gettext_noop("Pulumi ESC"),
    questions=(
        PresetQuestion(
            name="organization_id",
            label=_("Organization id"),
            help=_("The https://pulumi.com/org_id claim of a token."),
            pattern=r"[\w-]+",
            example=_ORGANIZATION,
        ),
        PresetQuestion(
            name="environment_id",
            label=_("Environment id"),
            help=_("The https://pulumi.com/current_env_id claim of a token."),
            pattern=r"[\w-]+",
            example="7d2e3179-1111-4222-8333-000000000002",
        ),
        issuer(
            _("That of Pulumi Cloud signs for all its customers; an installation of your own has its own."),
            "https://api.pulumi.example.com/oidc/v2",
            NO_SLASH,
            "https://api.pulumi.com/oidc/v2",
        ),
    ),
    conditions=(
        ConditionTemplate("https://pulumi.com/org_id", ("{organization_id}",), pin=True),
        ConditionTemplate("https://pulumi.com/current_env_id", ("{environment_id}",), pin=True),
        # Another environment that imports this one has its own as root.
        ConditionTemplate("https://pulumi.com/root_env_id", ("{environment_id}",)),
    ),
    shared=True,
    pins=(
        Pin("https://pulumi.com/org_id"),
        Pin("https://pulumi.com/current_env_id"),
        Pin("https://pulumi.com/root_env_id"),
        Pin("https://pulumi.com/org"),
        Pin("sub", "pulumi:org:", ":"),
    ),
    docs="https://www.pulumi.com/docs/esc/",
)
_HARNESS = r"https://[^\s/]+/ng/api/oidc/account/[\w-]+"
HARNESS = Preset(
    key="harness",
    name=gettext_noop("Harness (connector)"),
    questions=(
        issuer(
            _("Of the account: the host, /ng/api/oidc/account/ and the account id."),
            "https://app.harness.io/ng/api/oidc/account/aBcD1234eFgH5678",
            _HARNESS,
        ),
        *(
            PresetQuestion(name=f"{name}_id", label=label, help=help, pattern=r"[\w-]+", example=example)
            for name, label, help, example in (
                ("account", _("Account id"), "", "aBcD1234eFgH5678"),
                ("organization", _("Organization identifier"), _REUSED, "default"),
                ("project", _("Project identifier"), _REUSED, "deploy"),
                ("pipeline", _("Pipeline identifier"), _REUSED, "release"),
            )
        ),
    ),
    conditions=(
        ConditionTemplate("account_id", ("{account_id}",), pin=True),
        ConditionTemplate("organization_id", ("{organization_id}",), pin=True),
        ConditionTemplate("project_id", ("{project_id}",), pin=True),
        ConditionTemplate("pipeline_id", ("{pipeline_id}",)),
        # The test of a connector makes a token as well, without any pipeline.
        ConditionTemplate("context", ("PIPELINE_EXECUTION",)),
    ),
    replay_policy=TrustedIssuer.ReplayPolicy.ONCE_IF_JTI.value,
    hosted=_HARNESS,
    docs="https://developer.harness.io/docs/platform/",
)
ANSIBLE = Preset(
    key="ansible",
    name=gettext_noop("Ansible Automation Platform"),
    questions=(
        issuer(
            _("The URL of the gateway with /o, from version 2.7 on."),
            "https://aap.example.org/o",
            r"https://[^\s/]+/o",
        ),
        number("organization_id", _("Organization id"), _("A number; its name can be changed."), example="3"),
        number("template_id", _("Job template id"), _("A number; its name can be changed."), example="41"),
        number(
            "project_id",
            _("Project id"),
            _("Where the playbooks come from. Blank: whichever project the template has."),
            example="12",
            required=False,
        ),
        *OWN_NETWORK,
    ),
    conditions=(
        ConditionTemplate("aap_controller_organization_id", ("{organization_id}",), pin=True),
        ConditionTemplate("aap_controller_job_template_id", ("{template_id}",), pin=True),
        ConditionTemplate("aap_controller_project_id", ("{project_id}",)),
        # The same issuer signs for people who log in.
        ConditionTemplate("aap_controller_job_id", (), ClaimCondition.OperatorChoices.EXISTS.value),
    ),
    # Without the slash it is a redirect, which is not followed.
    fields={**INSIDE, "discovery_url": "{issuer}/.well-known/openid-configuration/"},
    max_lifetime=900,
    docs="https://docs.redhat.com/en/documentation/red_hat_ansible_automation_platform/2.7",
)

PRESETS = (TERRAFORM, VERCEL, FLY, PULUMI, HARNESS, ANSIBLE)
