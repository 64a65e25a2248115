"""A database with every field of the trust filled, and the commands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group

from oauth_jwt_grant.models import ClaimCondition, GrantRule, LinkedSubject, TrustedIssuer
from tests import factories
from tests.management.conftest import manage, run  # noqa: F401
from tests.support import make_application, make_user

#: Text that a careless writer would break.
HARD = 'a "b" \\ é ${TRUST_X} $${ # ='


@pytest.fixture
def filled(db) -> TrustedIssuer:
    """An issuer and a rule in which no column is as by default, and a second rule with blanks."""
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    issuer = TrustedIssuer.objects.create(
        name=HARD,
        issuer="https://filled.example/a b",
        enabled=False,
        valid_from=datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        valid_until=datetime(2031, 1, 1, tzinfo=UTC),
        issued_after=datetime(2030, 6, 1, tzinfo=UTC),
        profile="id-jag",
        key_source="inline",
        jwks_url="https://keys.example/jwks",
        discovery_url="https://keys.example/discovery",
        jwks=factories.jwks(factories.ec_key()),
        algorithms=["ES256"],
        audiences=["https://as.example.com", HARD],
        max_lifetime=600,
        leeway=0,
        replay_policy="require_jti",
        subject_fallback=True,
        conditions=[{"claim": HARD, "operator": "in", "values": [HARD, 1.5, True]}],
        allow_private_network=True,
    )
    TrustedIssuer.objects.filter(pk=issuer.pk).update(
        trust_anchors=pem, ca_bundle=pem, certificate_bindings=["dns=a"]
    )
    applications = [make_application("one"), make_application(HARD)]
    rule = GrantRule.objects.create(
        issuer=issuer,
        name="all of it",
        enabled=False,
        refuses=True,
        position=3,
        accepted_as=["authorization_grant"],
        allow_any_tenant=True,
        client_policy="anonymous",
        default_application=applications[0],
        require_dpop=True,
        subject_policy="service_user",
        subject_claim="/a~1b",
        user_field="email",
        user=make_user("bot"),
        allow_privileged_users=True,
        scopes="read write",
        default_scopes="read",
        scope_claim="ignore",
        scope_claim_name="/scp",
        access_token_lifetime=None,
        limit_to_assertion=True,
        resources=["https://api.example.com/"],
        require_resource=True,
        recorded_claims=["sub"],
        user_fields={"first_name": "given_name"},
    )
    rule.applications.set(applications)
    rule.groups.set([Group.objects.create(name=HARD)])
    values = [["acme"], [1, 1.5, 1e22, True, {"a b": {"c": [HARD]}, "": "\n'''\"\"\""}], ["x*"]]
    for operator, members in zip(("equals", "in", "glob"), values, strict=True):
        ClaimCondition.objects.create(rule=rule, claim="/a~1b", operator=operator, values=members)
    GrantRule.objects.create(issuer=issuer, name="blank", scopes="read")
    LinkedSubject.objects.create(issuer=issuer, subject=HARD, user=make_user("alice"))
    return issuer
