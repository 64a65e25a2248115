"""Presets that are nobody's in particular: by the command that makes them, to the token."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from cryptography.x509 import DNSName, Name, NameAttribute
from cryptography.x509.oid import NameOID
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.presets import get_preset
from tests.factories import DROP, GRANT_TYPE, ec_key, jwk, mint
from tests.jwks_server import json_answer
from tests.keys.authority import DAY, Authority, name_of
from tests.support import SECRET, make_application, make_user

from .vendor import other_key

PROVIDER = "https://sso.acme.example/op"
LEAF, KEY = ec_key(name="leaf"), ec_key(name="robot")


def trust(preset, *arguments, **answers):
    """Run ``trustissuer`` with the preset and the answers."""
    given = [part for name, value in answers.items() for part in ("--answer", f"{name}={value}")]
    flags = ["--application", "deploy-tool", "--scopes", "read", *arguments]
    call_command("trustissuer", "--preset", preset, *given, *flags, stdout=io.StringIO())
    return TrustedIssuer.objects.get()


def test_service_account_by_its_own_key(site, tmp_path):
    (tmp_path / "robot.pem").write_text(KEY.pem())
    trust("service-account", issuer="robot@acme", jwks=tmp_path / "robot.pem")

    def robot(key=KEY, **claims):
        return mint(key, header={"kid": DROP}, **{"iss": "robot@acme", "sub": "robot@acme", **claims})

    token = robot()
    assert [site.outcome(token), site.outcome(token)] == ["accepted", "replayed"]
    token = robot(jti=DROP)
    assert [site.outcome(token), site.outcome(token)] == ["accepted", "accepted"]
    assert site.outcome(robot(ec_key(name="somebody"))) == "bad_signature"
    assert site.outcome(robot(iss="robot@acme/")) == "unknown_issuer"
    assert site.outcome(robot(exp=int(datetime.now(UTC).timestamp()) + 7200)) == "lifetime"


@pytest.fixture
def authority():
    now = datetime.now(UTC)
    return Authority("Business CA", start=now - DAY, end=now + DAY)


def certified(by, host, *, start=-1, end=1, subject=None, **claims):
    """The assertion of a company whose certificate says ``host``; the validity is in days from now."""
    now = datetime.now(UTC)
    dates = {"start": now + start * DAY, "end": now + end * DAY}
    leaf = by.issue(subject or name_of(host), key=LEAF.private, names=[DNSName(host)], **dates)
    header = {"kid": DROP, "x5c": [by.b64(leaf), by.b64(by.certificate)]}
    issued = int(now.timestamp())
    of_the_client = {"iss": "client-1", "sub": "client-1", "iat": issued, "exp": issued + 120}
    return mint(LEAF, header=header, **{**of_the_client, **claims})


def test_client_with_an_enterprise_certificate(site, tmp_path, authority):
    (tmp_path / "ca.pem").write_text(authority.pem)
    binding = "dns=client.example"
    issuer = trust("x5c", issuer="client-1", trust_anchors=tmp_path / "ca.pem", binding=binding)
    assert (issuer.replay_policy, issuer.max_lifetime) == ("require_jti", 120)
    token = certified(authority, "client.example")
    assert [site.outcome(token), site.outcome(token)] == ["accepted", "replayed"]
    now = datetime.now(UTC)
    stranger = Authority("Business CA", start=now - DAY, end=now + DAY)
    soon = int(now.timestamp())
    refused = {
        "another company of the authority": certified(authority, "other.example"),
        "the company's name by another authority": certified(stranger, "client.example"),
        "a certificate that has ended": certified(authority, "client.example", start=-3, end=-2),
        "no jti": certified(authority, "client.example", jti=DROP),
        "three minutes": certified(authority, "client.example", exp=soon + 180),
        "no certificate": mint(LEAF, iss="client-1", sub="client-1", iat=soon, exp=soon + 120),
    }
    assert {who: site.outcome(token) for who, token in refused.items()} == {
        "another company of the authority": "no_such_key",
        "the company's name by another authority": "no_such_key",
        "a certificate that has ended": "no_such_key",
        "no jti": "missing_claim",
        "three minutes": "lifetime",
        "no certificate": "no_such_key",
    }


def test_client_is_known_by_the_organization_number_in_its_certificate(site, tmp_path, authority):
    (tmp_path / "ca.pem").write_text(authority.pem)
    (binding,) = re.findall(r"subject=CN\S+ AS,C=NO", str(get_preset("x5c").questions[-1].help))
    trust("x5c", issuer="client-1", trust_anchors=tmp_path / "ca.pem", binding=binding)

    def company(number):
        parts = {
            NameOID.COUNTRY_NAME: "NO",
            NameOID.ORGANIZATION_NAME: "Acme AS",
            NameOID.ORGANIZATION_IDENTIFIER: number,
            NameOID.COMMON_NAME: "Acme",
        }
        return Name([NameAttribute(kind, value) for kind, value in parts.items()])

    ours = certified(authority, "client.example", subject=company("NTRNO-999999999"))
    assert site.outcome(ours) == "accepted"
    namesake = certified(authority, "client.example", subject=company("NTRNO-111111111"))
    assert site.outcome(namesake) == "no_such_key"


@pytest.mark.parametrize("preset", ["oidc", "jwks-url"])
def test_provider_whose_tokens_are_told_apart_by_a_claim(site, preset):
    keys = f"{PROVIDER}/keys"
    answers = {"issuer": PROVIDER, "claim": "azp", "value": "exporter"}
    if preset == "jwks-url":
        answers["jwks_url"] = keys
    else:
        metadata = json_answer({"issuer": PROVIDER, "jwks_uri": keys})
        site.vendors.answers["//sso.acme.example/op/.well-known/openid-configuration"] = metadata
    site.vendors.answers["//sso.acme.example/op/keys"] = json_answer({"keys": [jwk(KEY)]})
    site.reach(trust(preset, **answers))

    def token(key=KEY, **claims):
        return mint(key, **{"iss": PROVIDER, "azp": "exporter", **claims})

    assert site.outcome(token()) == "accepted"
    assert site.outcome(token(azp="exporter-2")) == "no_rule"
    assert site.outcome(token(azp=DROP)) == "no_rule"
    assert site.outcome(token(azp=["exporter"])) == "no_rule"
    assert site.outcome(token(other_key(), jti=DROP)) == "no_such_key"
    # A scope claim bounds: what is not one of this server's is refused, until the operator knows better.
    assert site.outcome(token(scope="read")) == "accepted"
    assert site.outcome(token(scope="openid profile")) == "scope"
    trust(preset, "--scope-claim", "ignore", **answers)
    assert site.outcome(token(scope="openid profile")) == "accepted"


def test_id_jag_of_a_provider_with_tenants(site, ca_file):
    metadata = json_answer({"issuer": PROVIDER, "jwks_uri": f"{PROVIDER}/keys"})
    site.vendors.answers["//sso.acme.example/op/.well-known/openid-configuration"] = metadata
    site.vendors.answers["//sso.acme.example/op/keys"] = json_answer({"keys": [jwk(KEY)]})
    wiki = make_application("wiki")
    alice = make_user("alice")
    flags = ["--application", "wiki", "--link", "tenant:acme:00u1=alice"]
    issuer = trust("id-jag", *flags, issuer=PROVIDER, client="wiki", tenant="acme")
    site.reach(issuer)
    assert issuer.rules.get().subject_policy == "linked"

    def outcome(**changes):
        claims = {"iss": PROVIDER, "sub": "00u1", "client_id": "wiki", "tenant": "acme"} | changes
        typ = changes.pop("typ", "oauth-id-jag+jwt")
        claims.pop("typ", None)
        assertion = mint(KEY, header={"typ": typ}, aud="https://as.example.com", **claims)
        url = f"https://localhost:{site.port}/o/token/"
        form = {"grant_type": GRANT_TYPE, "assertion": assertion}
        site.session.post(url, form, auth=("wiki", SECRET), timeout=30)
        decision = Decision.objects.order_by("pk").last()
        return decision.reason or (decision.outcome, decision.user, decision.application)

    assert outcome() == ("accepted", alice, wiki)
    assert outcome(tenant="other") == "no_rule"
    assert outcome(tenant=DROP) == "no_rule"
    assert outcome(client_id="deploy-tool") == "other_client"
    assert outcome(sub="00u2") == "unknown_subject"
    assert outcome(typ="JWT") == "wrong_type"


@pytest.mark.parametrize("preset", ["service-account", "x5c"])
def test_no_rule_without_conditions_for_somebody_else_who_is_trusted(site, tmp_path, authority, preset):
    """In the admin, too: who signs with many keys, or for many, would come under it."""
    page = Client()
    page.force_login(make_user("operator", is_staff=True, is_superuser=True))
    issuer = TrustedIssuer.objects.create(name="Acme", issuer=PROVIDER, key_source="discovery")
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=[preset])
    answers = {
        "service-account": {"jwks": KEY.pem()},
        "x5c": {"trust_anchors": authority.pem, "binding": "dns=client.example"},
    }[preset]
    rule = {"rule_scopes": "read", "rule_client_policy": "listed", "rule_subject_policy": "no_user"}
    response = page.post(url, {"issuer_name": "x", "issuer": PROVIDER, **answers, **rule})
    assert response.context["form"].errors["issuer"] == ["It is trusted already, with other keys."]
    assert not issuer.rules.exists()
