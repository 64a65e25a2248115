"""Agents: programs that act on what people and documents tell them.

Claude Tag: https://claude.com/docs/claude-tag/admins/federated-access/token-reference.
Google Cloud Agent Identity: https://docs.cloud.google.com/iam/docs/auth-agent-own-identity-external.

Both were previews in 2026. The ``typ`` of the first and the life of the second are not documented.
"""

from __future__ import annotations

from oauth_jwt_grant.assertion import Reason
from tests.factories import ec_key

from .vendor import AUDIENCE, Neighbour, Vendor, no_rule, other_key, uuid4

_AGENTS = "https://identity.anthropic.com/agents"


def _sub(tenant: str = "org_01ExampleAcme", agent: str = "cagt_01ExampleBot") -> str:
    return f"wimse://identity.anthropic.com/org/{tenant}/agent/{agent}"


CLAUDE_TAG = Vendor(
    name="claude-tag",
    preset="claude-tag",
    answers={"tenant": "org_01ExampleAcme", "agents": "cagt_01ExampleBot"},
    issuer=_AGENTS,
    jwks_uri=f"{_AGENTS}/jwks.json",
    key=ec_key,
    kid="agents-example-1",
    members={"use": "sig", "alg": "ES256"},
    lifetime=600,
    nbf=-15,
    jti=uuid4,
    claims={
        "sub": _sub(),
        "aud": ["https://as.example.com"],
        "tenant": "org_01ExampleAcme",
        "agent_id": "cagt_01ExampleBot",
        "profile_id": "capp_01ExampleProfile",
        "platform": "slack",
        "slack_workspace_id": "T0EXAMPLE1",
        "slack_channel_id": "C0EXAMPLE2",
    },
    neighbours={
        "another organization's agent": no_rule(
            tenant="org_01ExampleMallory",
            agent_id="cagt_01Mallory",
            sub=_sub("org_01ExampleMallory", "cagt_01Mallory"),
        ),
        "another organization with the same Slack channel": no_rule(
            tenant="org_01ExampleMallory", sub=_sub("org_01ExampleMallory")
        ),
        "another organization whose id begins so": no_rule(
            tenant="org_01ExampleAcmeEvil", sub=_sub("org_01ExampleAcmeEvil")
        ),
        "another agent of the organization": no_rule(
            agent_id="cagt_01ExampleOther", sub=_sub(agent="cagt_01ExampleOther")
        ),
        "somebody who signs in at the same host": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://identity.anthropic.com/users"}
        ),
        "an ID-JAG of the same host": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://identity.anthropic.com/issuers/acme"}
        ),
        "a token for AWS": Neighbour(Reason.AUDIENCE, {"aud": ["sts.amazonaws.com"]}),
    },
)
_POOL = "agents.global.org-100000000001.system.id.goog"
_ORGANIZATION = (
    f"https://sts.googleapis.com/v1/organizations/100000000001/locations/global/workloadIdentityPools/{_POOL}"
)


def _agent(project: str = "200000000002", name: str = "exporter") -> str:
    place = f"projects/{project}/locations/europe-west4/reasoningEngines/{name}"
    return f"spiffe://{_POOL}/resources/aiplatform/{place}"


GOOGLE_AGENT = Vendor(
    name="google-agent",
    preset="google-agent",
    answers={"issuer": _ORGANIZATION, "agent": _agent()},
    issuer=_ORGANIZATION,
    jwks_uri=f"{_ORGANIZATION}/openid/jwks",
    lifetime=3600,
    reused=True,
    claims={"aud": AUDIENCE, "sub": _agent()},
    neighbours={
        "another agent of the project": no_rule(sub=_agent(name="reporter")),
        "an agent whose name begins so": no_rule(sub=_agent(name="exporter-2")),
        "another project of the organization": no_rule(sub=_agent("2000000000021")),
        "another organization": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": _ORGANIZATION.replace("100000000001", "100000000009")}
        ),
        "another organization that writes our issuer": Neighbour(Reason.BAD_SIGNATURE, key=other_key),
        "a service account": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://accounts.google.com"}),
    },
)

VENDORS = (CLAUDE_TAG, GOOGLE_AGENT)
