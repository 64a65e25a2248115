"""No reason is lost: of two causes that are easily confused, an operator reads two different texts.

Each cause is brought about in rows and JWT, and decided dry, as the token endpoint decides. Some go through
the page, the command and the export as well, which have to show the same text.
"""

from __future__ import annotations

import csv
import html
import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse

from oauth_jwt_grant.decision import Question, explain
from oauth_jwt_grant.models import GrantRule, TrustedIssuer
from tests.factories import AUDIENCE, DROP, NOW, ec_key, jwk, mint, rsa_key, thumbprint
from tests.support import World, build_world, make_application, make_rule, make_user

JAG: dict[str, Any] = {"typ": "oauth-id-jag+jwt"}
Act = Callable[[World], Any]


@dataclass(frozen=True)
class Cause:
    """What is wrong, in the rows (``act``), the JWT, or the question, and a part of what is said of it."""

    says: str
    act: Act | None = None
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    ask: dict[str, Any] = field(default_factory=dict)
    dpop: bool = False
    signer: Any = None


def with_claims(says: str, act: Act | None = None, **claims: Any) -> Cause:
    return Cause(says, act, claims=claims)


def condition(claim: str, operator: str, *values: Any) -> Act:
    return lambda world: world.rule.conditions.create(claim=claim, operator=operator, values=list(values))


def rule(**fields: Any) -> Act:
    return lambda world: GrantRule.objects.filter(pk=world.rule.pk).update(**fields)


def issuer(**fields: Any) -> Act:
    return lambda world: TrustedIssuer.objects.update(**fields)


def user(**fields: Any) -> Act:
    return lambda world: get_user_model().objects.filter(pk=world.user.pk).update(**fields)


def keys(*jwks: dict[str, Any]) -> Act:
    return lambda world: TrustedIssuer.objects.update(jwks={"keys": list(jwks)})


def all_of(*acts: Act) -> Act:
    return lambda world: [act(world) for act in acts]


def id_jag(world: World) -> None:
    TrustedIssuer.objects.update(profile="id-jag", audiences=[AUDIENCE])


def jag(says: str, act: Act = id_jag, ask: dict[str, Any] | None = None, **claims: Any) -> Cause:
    return Cause(says, act, header=JAG, claims={"client_id": "client", **claims}, ask=ask or {})


def by_field(name: str, claim: str, *acts: Act) -> Act:
    return all_of(rule(subject_policy="user_field", user_field=name, subject_claim=claim), *acts)


def twins(world: World) -> None:
    make_user("one", first_name="Ann")
    make_user("two", first_name="Ann")


def public_client(world: World) -> dict[str, Any]:
    id_jag(world)
    return {"application": make_application("open", client_type="public")}


EQUALS = condition("repository", "equals", "acme/website")
SEVEN = condition("run", "equals", 7)
DEEP = condition("/kubernetes.io/namespace", "equals", "prod")
JKT = {"jkt": thumbprint(ec_key(name="bound"))}

CAUSES: dict[str, Cause] = {
    "too long": with_claims("must have at most 16384 characters", pad="x" * 20000),
    "crit": Cause('crit must be absent; the JWT has the array ["exp"]', header={"crit": ["exp"]}),
    "b64": Cause("b64 must be absent; the JWT has the boolean false", header={"b64": False}),
    "iss absent": with_claims("iss is required", iss=DROP),
    "iss a number": with_claims("iss must be a string that is not empty; the JWT has the number 7", iss=7),
    "iss unknown": with_claims("iss must be that of a trusted issuer", iss="https://issuer.example/"),
    "issuer disabled": Cause("the issuer must be enabled; it is disabled", issuer(enabled=False)),
    "issuer not yet trusted": Cause(
        "the issuer is trusted from 2030", issuer(valid_from=datetime(2030, 1, 1, tzinfo=UTC))
    ),
    "issuer no longer trusted": Cause(
        "is trusted before 2020", issuer(valid_until=datetime(2020, 1, 1, tzinfo=UTC))
    ),
    "issued before the limit": Cause(
        "iat must be at or after 2030-01-01 00:00:00 UTC (issued_after of the issuer); the JWT has 1",
        issuer(issued_after=datetime(2030, 1, 1, tzinfo=UTC)),
    ),
    "limit, and no iat": with_claims(
        "(issued_after of the issuer); the JWT does not have it",
        issuer(issued_after=datetime(2020, 1, 1, tzinfo=UTC)),
        iat=DROP,
    ),
    "limit beyond the calendar": Cause(
        "iat must be at or after 9999-12-31 23:59:59 UTC",
        issuer(issued_after=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ),
    "typ of an access token": Cause('typ must be "jose", "jwt" or absent', header={"typ": "at+jwt"}),
    "typ of an ID-JAG": Cause('the JWT has "oauth-id-jag+jwt"', header=JAG),
    "typ absent for an ID-JAG": Cause("the JWT does not have it", id_jag, header={"typ": DROP}),
    "alg none": Cause('the JWT has "none"', header={"alg": "none"}),
    "alg in lower case": Cause("(they differ in case alone)", header={"alg": "es256"}),
    "kid unknown": Cause('with kid "k7"', header={"kid": "k7"}),
    "kid in other case": Cause("another key ID (they differ in case alone)", header={"kid": "EC-p-256"}),
    "kid absent, key of another kind": Cause(
        "without a kid must be there", keys(jwk(rsa_key())), header={"kid": DROP}
    ),
    "key of another kind": Cause("is of another kind", keys(jwk(rsa_key(), kid=ec_key().kid))),
    "key for another algorithm": Cause(
        "is for alg RS512 alone", keys(jwk(rsa_key(), alg="RS512")), header={"alg": "RS256", "kid": "rsa"}
    ),
    "key left out: curve": Cause(
        "but left out: curve (crv) is unknown", keys(jwk(ec_key(), crv="P-1"), jwk(ec_key(name="b")))
    ),
    "key left out: use": Cause(
        "but left out: key is not for signatures (use)", keys(jwk(ec_key(), use="enc"), jwk(ec_key(name="b")))
    ),
    "key left out: key_ops": Cause(
        "(key_ops)", keys(jwk(ec_key(), key_ops=["sign"], use=DROP), jwk(ec_key(name="b")))
    ),
    "key left out: kty": Cause("(kty) is unknown", keys(jwk(ec_key(), kty="AKP"), jwk(ec_key(name="b")))),
    "no key at all": Cause("there is none at all", keys()),
    "signature by a stranger": Cause("is not by the key", signer=ec_key(name="thief")),
    "signature by a stranger, two keys": Cause(
        "without a key ID",
        keys(jwk(ec_key(name="a"), kid=DROP), jwk(ec_key(name="b"), kid=DROP)),
        header={"kid": DROP},
    ),
    "sub absent": with_claims("sub is required; the JWT does not have it", sub=DROP),
    "sub null": with_claims("the JWT has null", sub=None),
    "sub a number": with_claims("the JWT has the number 7", sub=7),
    "sub empty": with_claims('the JWT has the string ""', sub=""),
    "sub too long": with_claims("(513 characters)", sub="x" * 513),
    "aud absent": with_claims("aud is required", aud=DROP),
    "aud a number": with_claims("the JWT has the number 1", aud=1),
    "aud an empty array": with_claims("the JWT has the array []", aud=[]),
    "aud with a number": with_claims(f'the JWT has the array ["{AUDIENCE}", 1]', aud=[AUDIENCE, 1]),
    "aud of another server": with_claims('the JWT has "https://other.example"', aud="https://other.example"),
    "aud in other case": with_claims("(they differ in case alone)", aud=AUDIENCE.upper()),
    "aud with a slash": with_claims("(they differ in a slash at the end alone)", aud=f"{AUDIENCE}/"),
    "aud with http": with_claims("(they differ in the scheme alone)", aud=AUDIENCE.replace("https", "http")),
    "aud with a space": with_claims("white space or invisible characters", aud=f"{AUDIENCE} "),
    "aud of several others": with_claims('the array ["a", "b"]', aud=["a", "b"]),
    "exp absent": with_claims("exp is required", exp=DROP),
    "exp a string": with_claims('the JWT has the string "1800000300"', exp=str(NOW + 300)),
    "exp a boolean": with_claims("the JWT has the boolean true", exp=True),
    "exp in milliseconds": with_claims("the number 1800000300000", exp=(NOW + 300) * 1000),
    "exp just over": with_claims("31 seconds ago", exp=NOW - 31),
    "exp long over": with_claims("86400 seconds ago", exp=NOW - 86400),
    "exp too far": with_claims("exp must be at most 3600 seconds from now", exp=NOW + 7200),
    "nbf a string": with_claims(
        'nbf must be a number of seconds since 1970; the JWT has the string "x"', nbf="x"
    ),
    "nbf ahead": with_claims("nbf must not be in the future", nbf=NOW + 60),
    "iat a string": with_claims("iat must be a number", iat="x"),
    "iat null": with_claims("since 1970; the JWT has null", iat=None),
    "iat ahead": with_claims("60 seconds from now", iat=NOW + 60),
    "iat too old": with_claims("iat must be at most 3600 seconds ago", iat=NOW - 86400),
    "jti absent": with_claims(
        "jti is required", lambda world: TrustedIssuer.objects.update(replay_policy="require_jti"), jti=DROP
    ),
    "jti a number": with_claims("the JWT has a number", jti=7),
    "jti an array": with_claims("the JWT has an array", jti=["x"]),
    "nonce": with_claims("nonce must be absent", nonce="n"),
    "at_hash": with_claims("at_hash must be absent", at_hash="h"),
    "cnf without DPoP": with_claims("cnf must be absent while the setting DPOP is off", cnf=JKT),
    "cnf with more than jkt": Cause(
        "cnf must be an object with jkt alone", claims={"cnf": {"kid": "k"}}, dpop=True
    ),
    "cnf without a proof": Cause("and the request no proof", claims={"cnf": JKT}, dpop=True),
    "cnf with the proof of another key": Cause(
        "the key of the proof", claims={"cnf": JKT}, ask={"proof_key": "another"}, dpop=True
    ),
    "proof demanded by the rule": Cause("requires a DPoP proof (require_dpop)", rule(require_dpop=True)),
    "client_id absent": jag("client_id is required of an ID-JAG", client_id=DROP),
    "client_id of another": jag('client_id must equal "client"', client_id="other"),
    "client_id in other case": jag("(they differ in case alone)", client_id="Client"),
    "client_id a number": jag("the JWT has the number 7", client_id=7),
    "client absent for an ID-JAG": jag("the request has no client", ask={"application": None}),
    "client public for an ID-JAG": jag(
        "exp must be at most 600 s after iat for a public client; it is 700 s",
        public_client,
        client_id="open",
        iat=NOW,
        exp=NOW + 700,
    ),
    "tenant a number": jag("tenant must be a string", tenant=7),
    "tenant in no condition": jag("a condition must be on the claim tenant", tenant="acme"),
    "sub like a tenant's": jag("must not look like a subject in a tenant", sub="tenant:a:b"),
    "authorization_details": jag(
        "authorization_details must be absent; the JWT has", authorization_details=[{}]
    ),
    "authorization_details malformed": jag("must be absent, or an array of objects", authorization_details=1),
    "no rule": Cause("it has none", rule(enabled=False)),
    "equals: absent": with_claims("the JWT does not have it", EQUALS),
    "equals: null": with_claims("the JWT has null", EQUALS, repository=None),
    "equals: near miss": with_claims('the JWT has "acme/websites"', EQUALS, repository="acme/websites"),
    "equals: other case": with_claims("(they differ in case alone)", EQUALS, repository="acme/Website"),
    "equals: homoglyph": with_claims('"\\u0430cme/website"', EQUALS, repository="\u0430cme/website"),
    "equals: array of it": with_claims('the array ["acme/website"]', EQUALS, repository=["acme/website"]),
    "equals: number as a string": with_claims(
        'must equal the number 7; the JWT has the string "7"', SEVEN, run="7"
    ),
    "equals: another number": with_claims("must equal the number 7; the JWT has 8", SEVEN, run=8),
    "equals: boolean for a number": with_claims(
        "must equal the number 1; the JWT has the boolean true", condition("run", "equals", 1), run=True
    ),
    "in: none of them": with_claims(
        'one of "a", "b"; the JWT has "c"', condition("ref", "in", "a", "b"), ref="c"
    ),
    "in: other case": with_claims('"A" (they differ', condition("ref", "in", "a", "b"), ref="A"),
    "contains: a string": with_claims('the string "a"', condition("groups", "contains", "a"), groups="a"),
    "contains: lacks it": with_claims(
        'the JWT has the array ["b"]', condition("groups", "contains", "a"), groups=["b"]
    ),
    "glob: does not match": with_claims(
        'a string that matches "v*"; the JWT has "main"', condition("ref", "glob", "v*"), ref="main"
    ),
    "glob: a number": with_claims("the JWT has the number 1", condition("ref", "glob", "v*"), ref=1),
    "exists: absent": with_claims("there and not null; the JWT does not", condition("env", "exists")),
    "exists: null": with_claims("there and not null; the JWT has null", condition("env", "exists"), env=None),
    "pointer: absent": with_claims("/kubernetes.io/namespace must equal", DEEP),
    "pointer: another": with_claims('the JWT has "test"', DEEP, **{"kubernetes.io": {"namespace": "test"}}),
    "two conditions": with_claims(" and run must equal", all_of(EQUALS, SEVEN), repository="x", run=9),
    "two rules": with_claims(
        'Rule "rule 1"',
        all_of(
            EQUALS,
            lambda world: condition("ref", "equals", "main")(
                World(world.issuer, make_rule(world.issuer, world.application), world.application, world.user)
            ),
        ),
        repository="y",
    ),
    "condition that cannot hold": with_claims("can never hold", condition("ref", "in")),
    "client absent": Cause("the request must have a client", ask={"application": None}),
    "client of no rule": Cause('it is "tool"', lambda world: {"application": make_application("tool")}),
    "client policy unknown": Cause(
        'the client policy "registered" admits nobody', rule(client_policy="registered")
    ),
    "subject not linked": with_claims('the subject "bob" must be linked', sub="bob"),
    "subject linked in other case": with_claims('the subject "Alice" must be linked', sub="Alice"),
    "fixed user gone": Cause(
        "the rule must name a user who exists", rule(subject_policy="service_user", user=None)
    ),
    "user field: nobody": with_claims(
        'the first_name "Ann"; none has it', by_field("first_name", "name"), name="Ann"
    ),
    "user field: two": with_claims(
        '"Ann"; two or more have it', by_field("first_name", "name", twins), name="Ann"
    ),
    "user field: claim absent": with_claims(
        "name must be a string that is not empty; the JWT does not", by_field("first_name", "name")
    ),
    "user field: claim a number": with_claims(
        "empty; the JWT has the number 7", by_field("first_name", "name"), name=7
    ),
    "user field: claim empty": with_claims(
        'empty; the JWT has the string ""', by_field("first_name", "name"), name=""
    ),
    "user field: not comparable": with_claims(
        "cannot be compared", by_field("last_login", "name"), name="Ann"
    ),
    "e-mail not said to be verified": with_claims(
        "email_verified must be true; the JWT does not", by_field("email", "email"), email="a@b.example"
    ),
    "e-mail not verified": with_claims(
        "must be true; the JWT has the boolean false",
        by_field("email", "email"),
        email="a@b.example",
        email_verified=False,
    ),
    "e-mail verified, by a string": with_claims(
        'must be true; the JWT has the string "true"',
        by_field("email", "email"),
        email="a@b.example",
        email_verified="true",
    ),
    "user inactive": Cause("the user must be active", user(is_active=False)),
    "user staff": Cause("is staff", user(is_staff=True)),
    "user superuser": Cause("is superuser", user(is_superuser=True)),
    "user staff and superuser": Cause("is staff and superuser", user(is_staff=True, is_superuser=True)),
    "scope beyond the rule": Cause('not so "introspection": the rule has', ask={"scope": "introspection"}),
    "scope in other case": Cause('"Read" (they differ in case alone)', ask={"scope": "Read"}),
    "scope malformed": Cause("RFC 6749 section 3.3", ask={"scope": 'a"b'}),
    "scope claim a number": with_claims(
        "scope must be a string of scopes", rule(scope_claim="ceiling"), scope=7
    ),
    "scope beyond the claim": Cause(
        'the scope claim has "read"',
        rule(scope_claim="ceiling"),
        claims={"scope": "read"},
        ask={"scope": "write"},
    ),
    "scope of the rule not of the site": Cause("none in common", rule(scopes="gone")),
    "resource not allowed": Cause('it is "https://x.example"', ask={"resources": ["https://x.example"]}),
    "resource nearly allowed": Cause(
        "(they differ in a slash at the end alone)",
        rule(resources=["https://x.example/"]),
        ask={"resources": ["https://x.example"]},
    ),
    "resource claim of another": with_claims(
        'the JWT has "https://y"', rule(resources=["https://x"]), resource="https://y"
    ),
    "resource claim a number": with_claims("resource must be a string or an array", resource=7),
    "only the leeway is left": with_claims("without leeway", rule(limit_to_assertion=True), exp=NOW - 5),
}


def among(what: str, *kinds: str) -> Iterator[tuple[str, str]]:
    """Yield all pairs of the causes of one thing."""
    return itertools.combinations([what + kind for kind in kinds], 2)


#: Two causes each that one may take for the other: an operator must not.
PAIRS: list[tuple[str, str]] = [
    *among("sub ", "absent", "null", "a number", "empty", "too long"),
    *among("aud ", "in other case", "with a slash", "with http", "with a space"),
    *among("exp ", "absent", "a string", "a boolean", "in milliseconds"),
    *among("key left out: ", "curve", "use", "key_ops", "kty"),
    *among("equals: ", "absent", "null", "near miss", "other case", "homoglyph"),
    *among("user field: ", "nobody", "two", "claim absent", "claim a number"),
    ("crit", "b64"),
    ("iss absent", "iss a number"),
    ("iss unknown", "issuer disabled"),
    ("issuer not yet trusted", "issuer no longer trusted"),
    ("typ of an access token", "typ of an ID-JAG"),
    ("alg none", "alg in lower case"),
    ("kid unknown", "kid in other case"),
    ("kid unknown", "key left out: curve"),
    ("key of another kind", "key for another algorithm"),
    ("no key at all", "kid unknown"),
    ("signature by a stranger", "kid unknown"),
    ("aud absent", "aud an empty array"),
    ("aud a number", "aud with a number"),
    ("aud of another server", "aud of several others"),
    ("exp just over", "exp long over"),
    ("exp too far", "exp in milliseconds"),
    ("iat ahead", "nbf ahead"),
    ("iat a string", "nbf a string"),
    ("iat null", "iat too old"),
    ("jti absent", "jti a number"),
    ("nonce", "at_hash"),
    ("cnf without DPoP", "cnf without a proof"),
    ("cnf with more than jkt", "cnf with the proof of another key"),
    ("cnf without a proof", "proof demanded by the rule"),
    ("client_id absent", "client_id of another"),
    ("client_id in other case", "client_id a number"),
    ("client absent for an ID-JAG", "client public for an ID-JAG"),
    ("tenant a number", "tenant in no condition"),
    ("authorization_details", "authorization_details malformed"),
    ("no rule", "condition that cannot hold"),
    ("equals: number as a string", "equals: another number"),
    ("equals: boolean for a number", "equals: number as a string"),
    ("in: none of them", "in: other case"),
    ("contains: a string", "contains: lacks it"),
    ("glob: does not match", "glob: a number"),
    ("exists: absent", "exists: null"),
    ("pointer: absent", "pointer: another"),
    ("two conditions", "two rules"),
    ("client absent", "client of no rule"),
    ("client of no rule", "client policy unknown"),
    ("subject not linked", "subject linked in other case"),
    ("subject not linked", "fixed user gone"),
    ("e-mail not verified", "e-mail not said to be verified"),
    ("e-mail verified, by a string", "e-mail not verified"),
    ("user inactive", "user staff"),
    ("user superuser", "user staff and superuser"),
    ("scope beyond the rule", "scope in other case"),
    ("scope malformed", "scope claim a number"),
    ("scope beyond the claim", "scope of the rule not of the site"),
    ("resource not allowed", "resource nearly allowed"),
    ("resource claim of another", "resource claim a number"),
    ("only the leeway is left", "exp just over"),
]

#: What goes through the page, the command and the export, too.
SAMPLE = [
    "equals: near miss", "equals: homoglyph", "key left out: curve", "aud with a slash", "user field: two",
    "exp a string", "scope beyond the claim", "user staff", "resource nearly allowed", "sub absent",
]  # fmt: skip


def assertion_of(cause: Cause, now: float | None = None) -> str:
    # Another alg in the header is a fault of its own: the signature is made as usual.
    signer = rsa_key() if cause.header.get("alg") == "RS256" else cause.signer or ec_key()
    return mint(signer, now=now, header={"kid": ec_key().kid, **cause.header}, **cause.claims)


def text_of(world: World, cause: Cause) -> str:
    """Return the text of the refusal for ``cause``; the rows are as before afterwards."""
    ours = {**django_settings.OAUTH_JWT_GRANT, "DPOP": cause.dpop}
    with transaction.atomic(), override_settings(OAUTH_JWT_GRANT=ours):
        found = cause.act(world) if cause.act else None
        ask = {"application": world.application, **cause.ask, **(found if isinstance(found, dict) else {})}
        proof_key = ask.pop("proof_key", None)
        question = Question(assertion=assertion_of(cause, NOW), audiences=[AUDIENCE], now=NOW, **ask)
        explanation = explain(question, proof_key)
        transaction.set_rollback(True)
    assert explanation.refused is not None, "it was accepted"
    return explanation.refused.explanation


@pytest.fixture(scope="module")
def texts(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, str]]:
    """The text of each cause."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = build_world()
        yield {name: text_of(world, cause) for name, cause in CAUSES.items()}
        transaction.set_rollback(True)


def test_each_cause_is_named(texts: dict[str, str]) -> None:
    assert {name: text for name, text in texts.items() if CAUSES[name].says not in text} == {}
    assert {name: text for name, text in texts.items() if not text.isprintable() or len(text) > 500} == {}


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{one} / {other}" for one, other in PAIRS])
def test_two_causes_have_two_texts(texts: dict[str, str], one: str, other: str) -> None:
    assert texts[one] != texts[other]


def test_no_two_of_all_causes_share_a_text(texts: dict[str, str]) -> None:
    assert len(PAIRS) >= 60
    assert len(set(texts.values())) == len(CAUSES)


@pytest.mark.django_db
@pytest.mark.parametrize("name", SAMPLE)
def test_page_command_and_export_say_the_same(name: str, client: Client, monkeypatch: Any) -> None:
    cause, world = CAUSES[name], build_world()
    if cause.act:
        cause.act(world)
    scope, resources = cause.ask.get("scope", ""), cause.ask.get("resources", [])
    assertion = assertion_of(cause)
    client.force_login(get_user_model().objects.create_superuser("root", "root@site.example", "x"))

    answer = world.post(assertion=assertion, scope=scope, resource=resources)
    assert answer.status_code == 400
    assert cause.says not in answer.content.decode()
    exported = client.post(reverse("admin:oauth_jwt_grant_decision_export"))
    content = b"".join(exported.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert cause.says in row["detail"]

    posted = {
        "assertion": assertion,
        "client_id": "client",
        "scope": scope,
        "resources": "\n".join(resources),
    }
    page = client.post(reverse("admin:oauth_jwt_grant_trustedissuer_test"), posted)
    assert row["detail"] in html.unescape(page.content.decode())

    out, more = io.StringIO(), [f"--resource={resource}" for resource in resources]
    monkeypatch.setattr("sys.stdin", io.StringIO(assertion))
    with pytest.raises(SystemExit):
        call_command(
            "explainassertion", "--json", "--client-id=client", f"--scope={scope}", *more, stdout=out
        )
    assert json.loads(out.getvalue())["detail"] == row["detail"]
