"""What an API learns of the JWT behind a token, and how it asks for more than a scope."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oauthlib.common import Request
from rest_framework.permissions import IsAuthenticated

from oauth_jwt_grant import resources
from oauth_jwt_grant.dot import get_access_token_model
from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.resources import HasClaim, claim_required, claims_of
from oauth_jwt_grant.rules import InvalidCondition
from tests.dot import OAUTHLIB_CORE
from tests.factories import ec_key, mint, proof
from tests.resources.urls import PLAIN, REST
from tests.support import SECRET, World, assert_granted, cases, post

KEY = ec_key(name="client")
HOST = "https://as.example.com"
CLAIMS = {"repository": "acme/website", "ref": "main", "/k8s/pod": "web", "groups": ["a", "b"]}
MISSING = 'The access token does not have the required value of the claim "{}".'


@pytest.fixture(autouse=True)
def api(settings: Any) -> Any:
    settings.ROOT_URLCONF = "tests.resources.urls"
    return settings


@pytest.fixture
def record(world: World) -> World:
    """A rule that records claims."""
    world.change(world.rule, recorded_claims=[*CLAIMS, "k8s"])
    return world


def token_for(world: World, *, headers: dict[str, str] | None = None, **claims: Any) -> str:
    """An access token for a JWT with ``claims``."""
    response = world.post(assertion=mint(ec_key(), **claims), headers=headers)
    return str(assert_granted(response, kind="DPoP" if headers else "Bearer")["access_token"])


def other_token(world: World) -> str:
    """An access token of the client credentials grant."""
    form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": SECRET}
    return str(post(list(form.items())).json()["access_token"])


def row_of(token: str) -> Any:
    return get_access_token_model().objects.get(token_checksum=hashlib.sha256(token.encode()).hexdigest())


def get(path: str, token: str | None = None, **headers: str) -> Any:
    named = {"Authorization": f"Bearer {token}"} if token else {}
    client = Client(raise_request_exception=False)
    return client.get(path, secure=True, headers={"Host": "as.example.com", **named, **headers})


GOOD = {"repository": "acme/website", "ref": "main"}


def test_the_claims_of_a_token(record: World) -> None:
    row = row_of(token_for(record, **GOOD, k8s={"pod": "web"}))

    with CaptureQueriesContext(connection) as statements:
        claims = claims_of(row)
        claims["repository"] = "changed"
        again = claims_of(row)

    assert again == {**GOOD, "k8s": {"pod": "web"}, "/k8s/pod": "web"}
    assert len(statements) == 1


def test_a_robot_user_is_authenticated(record: World) -> None:
    rule = ("trustissuer", "--issuer", record.issuer.issuer, "--rule", record.rule.name)
    call_command(*rule, "--no-user")
    assert get("/rest-list/", token_for(record, **GOOD)).status_code in (401, 403)
    call_command(*rule, "--robot-user")
    assert get("/rest-list/", token_for(record, **GOOD)).status_code == 200


def test_the_token_of_another_grant_has_none(world: World) -> None:
    row = row_of(other_token(world))

    with CaptureQueriesContext(connection) as statements:
        assert claims_of(row) == claims_of(row) == {}
    assert len(statements) == 1


def test_a_token_without_its_decision_has_none(record: World) -> None:
    row = row_of(token_for(record, **GOOD))
    Decision.objects.update(access_token=None)

    assert claims_of(row) == {}


@pytest.mark.parametrize("claims", [None, [], "repository", 1])
def test_claims_of_another_kind_are_none(record: World, claims: Any) -> None:
    row = row_of(token_for(record, **GOOD))
    row.jwt_bearer_decision.claims = claims

    assert claims_of(row) == {}


def test_what_is_no_token_has_none(world: World) -> None:
    posted = Request("/", body="auth=x&access_token=y&jwt_bearer_decision=z")

    with CaptureQueriesContext(connection) as statements:
        for source in (None, "a token", {"auth": "x"}, posted, world.user, get_access_token_model()()):
            assert claims_of(source) == {}
    assert len(statements) == 0


@pytest.mark.parametrize("path", ["/open/", "/reading/", "/protected-resource/"])
def test_the_claims_of_a_request(record: World, path: str) -> None:
    assert get(path, token_for(record, **GOOD)).json()["claims"] == GOOD
    assert get(path, other_token(record)).json()["claims"] == {}


def reads(statements: CaptureQueriesContext) -> list[str]:
    """The statements that read: ATOMIC_REQUESTS adds savepoints."""
    return [each["sql"] for each in statements if each["sql"].startswith("SELECT")]


@pytest.mark.parametrize("path", ["/reading/", "/plain/", "/two/", "/rest/", "/rest-and/", "/protected/"])
def test_claims_cost_a_statement(record: World, path: str) -> None:
    token = token_for(record, **GOOD)

    with CaptureQueriesContext(connection) as statements:
        assert get(path, token).status_code == 200

    tables = [Decision._meta.db_table in sql for sql in reads(statements)]
    assert tables == [False, True]


def test_a_request_without_a_good_token_has_no_claims(record: World) -> None:
    token = token_for(record, **GOOD)
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(seconds=1))

    for found in (get("/open/"), get("/open/", "unknown"), get("/open/", token)):
        assert found.json() == {"claims": {}, "user": "None"}


@pytest.mark.parametrize("path", [f"/{name}/" for name in PLAIN])
def test_a_view_that_requires_a_claim(record: World, path: str) -> None:
    good, wrong = token_for(record, **GOOD), token_for(record, repository="acme/evil")

    answer = get(path, good)
    assert (answer.status_code, answer.json()) == (200, {"claims": GOOD, "user": str(record.user)})
    for token in (wrong, token_for(record), other_token(record)):
        refused = get(path, token)
        assert (refused.status_code, refused.json()) == (403, {"detail": MISSING.format("repository")})
    for token in (None, "unknown"):
        assert get(path, token).status_code == (403 if path == "/protected/" else 401)


@pytest.mark.django_db(transaction=True)
def test_an_async_view_under_asgi(record: World) -> None:
    token = token_for(record, **GOOD)

    def ask(token: str) -> HttpResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return async_to_sync(AsyncClient().get)("/async/", headers=headers)

    assert ask(token).json()["claims"] == GOOD  # type: ignore[attr-defined]
    assert ask("unknown").status_code == 401


def test_two_decorators_must_both_be_met(record: World) -> None:
    assert get("/two/", token_for(record, **GOOD)).status_code == 200
    assert get("/two/", token_for(record, repository="acme/website")).json() == {
        "detail": MISSING.format("ref")
    }


@pytest.mark.parametrize("path", ["/scopes/", "/more-scopes/"])
def test_a_view_that_requires_scopes_too(record: World, path: str) -> None:
    refused = get(path, token_for(record, **GOOD))

    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused["WWW-Authenticate"]
    record.change(record.rule, scopes="read write admin")
    assert get(path, token_for(record, **GOOD)).status_code == 200


def test_a_refusal_is_a_challenge(record: World) -> None:
    unknown, without = get("/plain/", "unknown"), get("/plain/")

    assert 'error="invalid_token"' in unknown["WWW-Authenticate"]
    assert unknown.json() == {"detail": "The access token is invalid."}
    assert without["WWW-Authenticate"].startswith("Bearer")
    assert without.status_code == unknown.status_code == 401


def test_a_query_that_cannot_be_read_is_the_clients_error(record: World) -> None:
    token = token_for(record, **GOOD)

    assert get("/plain/?a=%zz", token).status_code == get("/open/?a=%zz", token).status_code == 400


@pytest.mark.filterwarnings("ignore:Presenting an OAuth 2.0 access token")
@pytest.mark.parametrize(("strict", "status"), [(True, 401), (False, 200)])
def test_a_token_in_the_query(record: World, api: Any, strict: bool, status: int) -> None:
    api.OAUTH2_PROVIDER = api.OAUTH2_PROVIDER | {"COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": strict}
    token = token_for(record, **GOOD)

    assert get(f"/plain/?access_token={token}").status_code == status


def test_posted_parameters_are_no_token(record: World) -> None:
    posted = Client().post("/plain/", {"client": "x", "oauth2_error": "y", "jwt_bearer_decision": "z"})

    assert posted.status_code == 401


def test_a_backend_of_the_sites_own(record: World, api: Any) -> None:
    token = token_for(record, **GOOD)
    api.OAUTH2_PROVIDER = api.OAUTH2_PROVIDER | {"OAUTH2_BACKEND_CLASS": OAUTHLIB_CORE}

    assert get("/two/", token).json()["claims"] == GOOD
    assert get("/protected/", token).json()["claims"] == GOOD


@pytest.mark.parametrize(
    "path", ["/plain/", "/async/", "/class/", "/protected/", "/two/", "/reading/", "/rest-and/"]
)
def test_a_token_that_is_bound_to_a_key(record: World, api: Any, path: str) -> None:
    api.OAUTH_JWT_GRANT = api.OAUTH_JWT_GRANT | {"DPOP": True}
    token = token_for(record, headers={"DPoP": proof(KEY)}, **GOOD)
    evidence = proof(KEY, method="GET", url=f"{HOST}{path}", token=token)

    proven = get(path, Authorization=f"DPoP {token}", DPoP=evidence)

    assert proven.status_code == 200
    assert proven.json()["claims"] == GOOD
    assert get(path, Authorization=f"DPoP {token}", DPoP=evidence).status_code in (401, 403)
    assert get(path, token).status_code in (401, 403)
    assert get("/open/", token).json()["claims"] == {}


ONE, BOTH = {"repository": "acme/website"}, GOOD
OTHER = {"repository": "acme/evil", "ref": "main"}
R, B = MISSING.format("repository"), MISSING.format("ref")
PLAIN_403 = "You do not have permission to perform this action."


@pytest.mark.parametrize(
    ("path", "claims", "told"),
    [
        ("rest", ONE, None),
        ("rest", OTHER, R),
        ("rest", {}, R),
        ("rest-list", ONE, None),
        ("rest-list", OTHER, R),
        ("rest-after", ONE, None),
        ("rest-after", OTHER, R),
        ("rest-before", ONE, None),
        ("rest-before", OTHER, R),
        ("rest-or", ONE, None),
        ("rest-or", OTHER, None),
        ("rest-or", {"ref": "other"}, f"{R} {B}"),
        ("rest-and", BOTH, None),
        ("rest-and", ONE, B),
        ("rest-and", OTHER, R),
        ("rest-or-after", ONE, None),
        ("rest-nested", BOTH, None),
        ("rest-nested", ONE, B),
        ("rest-three", BOTH, None),
        ("rest-three", OTHER, R),
        ("rest-not", ONE, PLAIN_403),
        ("rest-not", OTHER, None),
        ("rest-object", ONE, PLAIN_403),
        ("rest-object?object=own", ONE, None),
        ("rest-object?object=own", OTHER, R),
        ("rest-object-or", ONE, None),
        ("rest-object-or", OTHER, R),
        ("rest-object-or?object=own", OTHER, None),
    ],
)
def test_a_permission_of_rest_framework(record: World, path: str, claims: Any, told: str | None) -> None:
    name, _, query = path.partition("?")

    answer = get(f"/{name}/?{query}", token_for(record, **claims))

    if told is None:
        assert answer.json() == {"claims": claims}
    else:
        assert (answer.status_code, answer.json()) == (403, {"detail": told})


@pytest.mark.parametrize("name", ["rest-or-after", "rest-or-message", "rest-others"])
def test_messages_that_are_no_text_are_kept(record: World, name: str) -> None:
    answer = get(f"/{name}/", token_for(record, **OTHER))

    assert answer.status_code == 403
    assert answer.json() == {"detail": R} if name == "rest-or-message" else {"required": "much"}


@cases("name", sorted(REST.keys() - {"rest-elsewhere"}))
def test_without_a_token_rest_framework_asks_for_one(world: World, name: str) -> None:
    answer = get(f"/{name}/")

    # ~HasClaim lets in what has no claims, as ~IsAuthenticated lets in what is not authenticated.
    assert answer.status_code == (200 if name == "rest-not" else 401)


@pytest.mark.parametrize("name", ["rest", "rest-before", "rest-and", "rest-or"])
def test_the_token_of_another_grant_does_not_get_in(world: World, name: str) -> None:
    with CaptureQueriesContext(connection) as statements:
        token = other_token(world)
        before = len(reads(statements))
        assert get(f"/{name}/", token).status_code == 403
    assert len(reads(statements)) - before == 2


def test_another_authentication_has_no_claims(world: World) -> None:
    assert get("/rest-elsewhere/", **{"X-Auth": "token"}).status_code == 403


@cases(
    ("arguments", "operator", "holds"),
    [
        (("repository",), None, True),
        (("absent",), None, False),
        (("repository", "x", "acme/website"), None, True),
        (("repository", "acme"), None, False),
        (("repository", "acme/*"), "glob", True),
        (("repository", "acme/*"), None, False),
        (("groups", "a"), "contains", True),
        (("groups", "c"), "contains", False),
        (("groups", "a"), None, False),
        (("number", 1), None, True),
        (("number", "1"), None, False),
        (("number", True), None, False),
        (("/k8s/pod", "web"), None, True),
        (("/k8s/node", "one"), None, True),
        (("/k8s/node", "two"), None, False),
    ],
)
def test_values_are_compared_as_by_a_rule(arguments: Any, operator: Any, holds: bool) -> None:
    claims = {**CLAIMS, "number": 1, "k8s": {"node": "one"}}
    row = get_access_token_model()()
    row.jwt_bearer_decision = Decision(claims=claims)
    request = type("Request", (), {"auth": row})()

    assert HasClaim(*arguments, operator=operator)().has_permission(request, None) is holds


@cases("make", [HasClaim, claim_required])
@cases(
    ("arguments", "operator"),
    [
        (("",), None),
        (("/",), None),
        (("a", ""), None),
        (("a", None), None),
        (("a", "*"), "glob"),
        (("a",), "in"),
    ],
)
def test_a_demand_that_makes_no_sense_is_an_error_at_once(make: Any, arguments: Any, operator: Any) -> None:
    with pytest.raises(InvalidCondition):
        make(*arguments, operator=operator)


def test_an_unknown_operator_is_an_error_at_once() -> None:
    with pytest.raises(ValueError, match="like"):
        HasClaim("a", "b", operator="like")


def test_scopes_are_a_list() -> None:
    with pytest.raises(TypeError, match="list of strings"):
        claim_required("a", scopes="read")


def test_rest_framework_is_loaded_when_it_is_needed() -> None:
    script = (
        "import sys, django; sys.modules['rest_framework'] = None; django.setup();"
        "from oauth_jwt_grant.resources import claim_required, claims_of"
    )
    for more, code in (("", 0), ("; from oauth_jwt_grant.resources import HasClaim", 1)):
        done = subprocess.run(
            [sys.executable, "-c", script + more], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
    assert "rest_framework" in done.stderr


def test_the_room_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="HasNothing"):
        resources.HasNothing  # noqa: B018


def test_a_combination_is_a_permission_of_rest_framework() -> None:
    """Tools compare permissions and put them into sets."""
    one, other = HasClaim("a"), HasClaim("b")
    assert (one & other) == (one & other) != (one | other)
    assert len({one & other, IsAuthenticated & one}) == 2


def example(page: str, name: str) -> Any:
    """What an example in the docs calls ``name``."""
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    code = next(block for block in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S) if name in block)
    module: dict[str, Any] = {}
    exec(compile(code, page, "exec"), module)  # noqa: S102
    return module[name]


def test_the_docs_read_a_claim(record: World, rf: Any) -> None:
    repository_of = example("resources.md", "repository_of")

    for token, expected in ((token_for(record, **GOOD), "acme/website"), (other_token(record), None)):
        request = rf.get("/", headers={"Authorization": f"Bearer {token}"})
        assert repository_of(request) == expected


@pytest.mark.parametrize("name", ["deployments", "Deployments"])
def test_the_docs_protect_an_api(record: World, api: Any, rf: Any, name: str) -> None:
    if name == "Deployments" and connection.settings_dict["ATOMIC_REQUESTS"]:
        pytest.skip("not on ATOMIC_REQUESTS: REST framework rolls back the transaction of the test")
    api.OAUTH2_PROVIDER = api.OAUTH2_PROVIDER | {"SCOPES": {"deployments:read": "See", "write": "Write"}}
    record.change(record.rule, scopes="deployments:read write")
    view = example("resources.md", name)
    view = view if name == "deployments" else view.as_view()

    def status(token: str) -> int:
        return int(view(rf.get("/", headers={"Authorization": f"Bearer {token}"})).status_code)

    assert status(token_for(record, **GOOD)) == 200
    assert status(token_for(record, repository="acme/evil")) == 403
    assert status("unknown") == 401
