"""Issuers of agents: programs that act on what people and documents tell them.

Who can put text before an agent steers what it does with its token. Its rule should grant little, and no
person's rights.

Facts: the vendors' documentation of 2026. Both were previews then.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from ..models import ClaimCondition, GrantRule, TrustedIssuer
from ..rules import Pin
from .base import ConditionTemplate, Preset, PresetQuestion
from .shapes import issuer

CLAUDE_TAG = Preset(
    key="claude-tag",
    name=gettext_noop("Claude Tag agents"),
    questions=(
        PresetQuestion(
            name="tenant",
            label=_("Claude organization id"),
            help=_("It begins with org_. Every organization may name this server as audience."),
            pattern=r"org_\w+",
            example="org_01ExampleAcme",
        ),
        PresetQuestion(
            name="agents",
            label=_("Agent ids"),
            help=_("One to a line. A channel has one agent; if it is made again, it has another."),
            pattern=r"cagt_[\w-]+",
            example="cagt_01ExampleBot",
            many=True,
        ),
    ),
    conditions=(
        ConditionTemplate("tenant", ("{tenant}",), pin=True),
        ConditionTemplate("agent_id", ("{agents}",), ClaimCondition.OperatorChoices.IN.value),
    ),
    # The path is part of it: other issuers on this host sign for people.
    issuer="https://identity.anthropic.com/agents",
    shared=True,
    pins=(Pin("tenant"), Pin("sub", "wimse://identity.anthropic.com/org/", "/")),
    algorithms=("ES256",),
    max_lifetime=600,
    # Its requests have no client_id.
    client_policy=GrantRule.ClientPolicyChoices.ANONYMOUS.value,
    docs="https://claude.com/docs/claude-tag/admins/federated-access/token-reference",
    obtain="The token endpoint is entered in Claude's access settings, which post the assertion themselves.",
)
_POOL = (
    r"https://sts\.googleapis\.com/v1/(organizations/([0-9]+)/locations/global/workloadIdentityPools/"
    r"agents\.global\.org-\2|projects/([0-9]+)/locations/global/workloadIdentityPools/"
    r"agents\.global\.proj-\3)\.system\.id\.goog"
)
GOOGLE_AGENT = Preset(
    key="google-agent",
    name=gettext_noop("Google Cloud Agent Identity"),
    questions=(
        issuer(
            _("Of the organization, or of a project without one. It is not https://accounts.google.com."),
            "https://sts.googleapis.com/v1/organizations/100000000001/locations/global/workloadIdentityPools/"
            "agents.global.org-100000000001.system.id.goog",
            _POOL,
        ),
        PresetQuestion(
            name="agent",
            label=_("SPIFFE ID of the agent"),
            help=_("All of it: each agent of the organization has the same issuer."),
            pattern=(
                r"spiffe://agents\.global\.(org|proj)-[0-9]+\.system\.id\.goog/resources/[\w-]+"
                r"/projects/[0-9]+/\S*[^\s/]"
            ),
            example="spiffe://agents.global.org-100000000001.system.id.goog/resources/aiplatform/projects/"
            "200000000002/locations/europe-west4/reasoningEngines/exporter",
        ),
    ),
    conditions=(ConditionTemplate("sub", ("{agent}",), pin=True),),
    replay_policy=TrustedIssuer.ReplayPolicy.REUSABLE.value,
    hosted=_POOL,
    docs="https://docs.cloud.google.com/iam/docs/auth-agent-own-identity-external",
    obtain='google.oauth2.id_token.fetch_id_token_credentials(audience="AUDIENCE")',
)

PRESETS = (CLAUDE_TAG, GOOGLE_AGENT)
