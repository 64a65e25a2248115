"""What the dump holds: invented, with something of each kind. Decisions and tokens come from the endpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import override_settings
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.assertion import Door
from oauth_jwt_grant.models import Decision, GrantRule, IssuerKeys, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.service_accounts import create_service_account
from oauth_jwt_grant.trust.sources import _source_of
from tests.factories import jwks, mint
from tests.support import make_application, make_issuer, make_user, pairs_of, post

from .database import KEY, SPENT, TOKEN

#: Nothing in the dumps may end before the tests do.
FAR = datetime(2090, 1, 1, tzinfo=UTC)
#: The settings of a site that uses all that the dumps hold, and whose fetched keys stay fresh.
SETTINGS = {
    "AUDIENCES": ["https://as.example.com", "https://as.example.com/o/token/"],
    "ACCEPTED_AS": list(Door),
    "KEYS_MAX_AGE": 2**31 - 1,
}
CI, PEOPLE, FETCHED, CLOUD = (f"https://{name}.example" for name in ("ci", "people", "fetched", "cloud"))
GITHUB = "https://token.actions.githubusercontent.com"


def fill() -> None:
    """Fill an empty database."""
    with override_settings(OAUTH_JWT_GRANT=SETTINGS):
        people = {name: make_user(name) for name in ("alice", "robot")}
        root = make_user("root", is_staff=True, is_superuser=True)
        robots = Group.objects.create(name="robots")
        application = make_application()
        ci(application)
        persons(application, people["alice"])
        fetched(people["robot"])
        cloud()
        shared(robots)
        enterprise(application)
        create_service_account("backup", scopes="read", groups=[robots])
        decisions(root)


def rule(issuer: TrustedIssuer, name: str, *conditions: tuple[str, str, list[Any]], **fields: Any) -> Any:
    """A rule of ``issuer`` with ``conditions``."""
    row = GrantRule(issuer=issuer, name=name, **{"scopes": "read", "subject_policy": "no_user", **fields})
    row.full_clean()
    row.save()
    for claim, operator, values in conditions:
        row.conditions.create(claim=claim, operator=operator, values=values)
    return row


def ci(application: Any) -> None:
    """Jobs: each field with a value of its own."""
    issuer = make_issuer(
        KEY,
        name="CI",
        issuer=CI,
        algorithms=["ES256"],
        max_lifetime=1800,
        leeway=60,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        valid_until=FAR,
        issued_after=datetime(2020, 1, 1, tzinfo=UTC),
        replay_policy="require_jti",
        conditions=[{"claim": "environment", "operator": "in", "values": ["production", "staging"]}],
    )
    deploy = rule(
        issuer,
        "deploy",
        ("repository", "equals", ["acme/website"]),
        ("ref", "glob", ["refs/tags/*"]),
        ("attempt", "at_most", [3]),
        position=1,
        scopes="read write",
        default_scopes="read",
        scope_claim_name="scp",
        access_token_lifetime=600,
        limit_to_assertion=True,
        recorded_claims=["repository"],
    )
    deploy.applications.set([application])
    rule(issuer, "old", position=2, client_policy="anonymous", enabled=False, require_dpop=True)


def persons(application: Any, alice: Any) -> None:
    """People who are linked, at two doors; the resource of the token is theirs to name."""
    issuer = make_issuer(KEY, name="People", issuer=PEOPLE, subject_fallback=True)
    row = rule(
        issuer,
        "linked",
        ("amr", "contains_any", ["hwk", "mfa"]),
        subject_policy="linked",
        accepted_as=["authorization_grant", "subject_token"],
        resources=["https://api.example.com/"],
    )
    row.applications.set([application])
    LinkedSubject.objects.create(issuer=issuer, subject="Alice", user=alice)
    LinkedSubject.objects.create(issuer=issuer, subject="z\xfcrich \U0001f511", user=alice)


def fetched(robot: Any) -> None:
    """Keys that were fetched and are still fresh: nothing is fetched for them."""
    issuer = TrustedIssuer(
        name="Fetched", issuer=FETCHED, key_source="jwks_url", jwks_url="https://fetched.example/jwks"
    )
    issuer.full_clean()
    issuer.save()
    IssuerKeys.objects.create(
        issuer=issuer,
        source=_source_of(issuer)._source,
        document=jwks(KEY),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC).timestamp(),
        expires_at=FAR.timestamp(),
        etag='"1"',
        first_seen={"x": 1.5},
    )
    rule(issuer, "robot", client_policy="anonymous", subject_policy="service_user", user=robot)


def cloud() -> None:
    """A federated credential: the JWT authenticates the client."""
    issuer = make_issuer(KEY, name="Cloud", issuer=CLOUD, audiences=["https://as.example.com"])
    rule(
        issuer,
        "jobs",
        ("sub", "equals", ["job"]),
        accepted_as=["client_assertion"],
        default_application=make_application("jobs"),
    )


def shared(robots: Group) -> None:
    """An issuer of many customers, disabled, whose users are created."""
    issuer = TrustedIssuer.objects.create(name="GitHub", issuer=GITHUB, enabled=False)
    row = rule(
        issuer,
        "website",
        ("repository_id", "equals", ["123456"]),
        ("event_name", "in", ["push", "workflow_dispatch"]),
        ("ref", "equals", ["refs/heads/main"]),
        ("actor_id", "none_of", ["1", "2"]),
        client_policy="anonymous",
        subject_policy="provision",
        subject_claim="actor_id",
        user_fields={"email": "email"},
    )
    row.groups.set([robots])


def enterprise(application: Any) -> None:
    """The ID-JAGs of an identity provider."""
    issuer = make_issuer(KEY, name="IdP", issuer="https://idp.example", profile="id-jag")
    row = rule(
        issuer,
        "agents",
        ("aud_tenant", "equals", ["acme"]),
        ("email_verified", "equals", [True]),
        subject_policy="user_field",
        subject_claim="email",
        user_field="email",
        require_resource=True,
        resources=["https://api.example.com/"],
    )
    row.applications.set([application])


def deploy_assertion(**claims: Any) -> str:
    """An assertion that the rule ``deploy`` admits."""
    good = {"repository": "acme/website", "ref": "refs/tags/v1", "attempt": 1, "environment": "production"}
    return mint(KEY, **{"iss": CI, "sub": "job", **good, **claims})


def decisions(root: Any) -> None:
    """A token, a replay, two refusals, a revoked token, and an entry in the admin's history."""
    door = Door.AUTHORIZATION_GRANT
    answers = [
        post(pairs_of(door, deploy_assertion(jti=SPENT))),
        post(pairs_of(door, deploy_assertion(jti=SPENT))),
        post(pairs_of(door, deploy_assertion(repository="acme/other"))),
        post(pairs_of(door, mint(KEY, iss=PEOPLE, sub="Alice", amr=["mfa"]))),
        post(pairs_of(door, deploy_assertion()[:-8] + "AAAAAAAA")),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 400, 200, 400], answers
    first, second = Decision.objects.filter(outcome="accepted").order_by("pk")
    Decision.objects.filter(outcome="accepted").update(replay_until=FAR)
    get_access_token_model().objects.get(pk=second.access_token_id).delete()
    token = first.access_token
    token.token, token.expires = TOKEN, FAR
    token.save()
    LogEntry.objects.create(
        user=root,
        content_type=ContentType.objects.get_for_model(TrustedIssuer),
        object_id=str(TrustedIssuer.objects.get(issuer=CI).pk),
        object_repr="CI",
        action_flag=ADDITION,
        change_message="[]",
    )
