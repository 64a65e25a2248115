"""``refreshkeys`` and ``checkissuers``, against a real HTTPS server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import override_settings
from django.utils import timezone

from oauth_jwt_grant.keys.notes import memory
from oauth_jwt_grant.models import GrantRule, IssuerKeys, TrustedIssuer
from oauth_jwt_grant.trust.sources import _source_of
from tests import factories
from tests.jwks_server import Answer, JwksServer

pytestmark = pytest.mark.django_db

KEY = factories.ec_key()


@pytest.fixture
def server():
    with JwksServer() as server:
        server.publish(factories.jwk(KEY))
        yield server


@pytest.fixture
def remote(server, rule) -> TrustedIssuer:
    """The issuer, with its keys at the server, and a rule."""
    issuer = rule.issuer
    issuer.key_source, issuer.jwks_url = "jwks_url", server.url()
    issuer.ca_bundle, issuer.allow_private_network = server.ca_pem, True
    issuer.save()
    return issuer


def certificate(days: float, name: str = "Anchor") -> str:
    """A certificate authority's certificate in PEM that ends in ``days``."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    end = datetime.now(UTC) + timedelta(days=days)
    builder = (
        x509.CertificateBuilder(subject, subject, KEY.public, x509.random_serial_number())
        .not_valid_before(end - timedelta(days=1000))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(KEY.private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def certified(issuer: TrustedIssuer, *anchors: str) -> None:
    """Let the issuer's keys be certified by ``anchors``."""
    issuer.key_source, issuer.trust_anchors = "certificates", "".join(anchors)
    issuer.certificate_bindings = ["dns=issuer.example"]
    issuer.save()


def check(run, *arguments: str) -> tuple[int, str, list[str]]:
    """``checkissuers`` on the one issuer: exit status, level, texts of the findings."""
    done = run("checkissuers", "--json", *arguments)
    (report,) = json.loads(done.out)["issuers"]
    return done.status, report["level"], [finding["text"] for finding in report["findings"]]


# refreshkeys


def test_refresh_fetches_whatever_the_age(run, server, remote):
    for count in (1, 2):
        done = run("refreshkeys")
        assert done == (0, f"{factories.ISSUER}: 1 key\n", "")
        assert server.count() == count
    assert IssuerKeys.objects.get().document == factories.jwks(KEY)


def test_refreshed_keys_serve_a_request_without_a_fetch(run, server, remote):
    run("refreshkeys")
    server.stop()
    assert run("explainassertion", stdin=factories.mint(KEY)).status == 0


def test_refresh_by_discovery(run, server, remote):
    metadata = {"issuer": factories.ISSUER, "jwks_uri": server.url()}
    server.answers["/metadata"] = Answer(json.dumps(metadata).encode())
    TrustedIssuer.objects.update(key_source="discovery", discovery_url=server.url("/metadata"))
    assert run("refreshkeys").out == f"{factories.ISSUER}: 1 key\n"


def test_refresh_says_what_is_left_out(run, server, remote):
    server.publish(factories.jwk(KEY), {"kty": "oct", "k": "AAAA"})
    assert run("refreshkeys").out == f"{factories.ISSUER}: 1 key, 1 left out\n"


@pytest.mark.django_db(transaction=True)
def test_a_fault_of_one_issuer_is_said_once(manage, server, remote):
    """From a shell, where nobody handles what is logged."""
    server.stop()
    done = manage("refreshkeys", "--issuer", factories.ISSUER)
    assert (done.status, done.out) == (1, "")
    assert done.err.count("Connection refused") == 1
    assert f"{factories.ISSUER}: the keys cannot be fetched: " in done.err


def test_refresh_that_fails_does_not_stop_the_others(run, server, remote):
    TrustedIssuer.objects.create(
        name="A",
        issuer="https://a.example",
        key_source="jwks_url",
        jwks_url=server.url("/nothing"),
        ca_bundle=server.ca_pem,
        allow_private_network=True,
    )
    done = run("refreshkeys")
    assert (done.status, done.out) == (1, f"{factories.ISSUER}: 1 key\n")
    assert done.err.startswith("https://a.example: ")
    assert "404" in done.err
    assert done.err.endswith("The keys of 1 of 2 issuers could not be fetched.")


def test_refresh_leaves_out_the_disabled_unless_named(run, server, remote):
    TrustedIssuer.objects.update(enabled=False)
    assert run("refreshkeys").out == "There are no keys to fetch.\n"
    assert run("refreshkeys", "--issuer", factories.ISSUER).status == 0
    assert server.count() == 1


def test_refresh_of_keys_that_are_not_fetched(run, issuer):
    assert run("refreshkeys", "--issuer", issuer.issuer) == (0, "There are no keys to fetch.\n", "")


@pytest.mark.parametrize("command", ["refreshkeys", "checkissuers"])
@pytest.mark.parametrize("iss", ["https://nobody.example", factories.ISSUER.upper()])
def test_unknown_issuer(run, issuer, command, iss):
    status = 3 if command == "checkissuers" else 2
    assert run(command, "--issuer", iss) == (status, "", f"--issuer: there is no trusted issuer {iss}")


# checkissuers


def test_all_is_fine(run, remote):
    done = run("checkissuers")
    assert done == (0, f"fine     Issuer ({factories.ISSUER}): 1 key, fetched 0 minutes ago\n", "")


def test_report_as_json(run, remote):
    (report,) = json.loads(run("checkissuers", "--json").out)["issuers"]
    (key,) = report["keys"]
    assert (key["kid"], key["kty"], key["bits"], key["alg"]) == (KEY.kid, "EC", 256, None)
    assert len(key["thumbprint"]) == 43
    assert report["next_fetch"] == pytest.approx(report["fetched_at"] + 3600)
    rest = {"issuer": factories.ISSUER, "name": "Issuer", "level": "fine", "findings": [], "certificates": []}
    assert report.items() >= (rest | {"failing_since": None}).items()


def test_no_issuers_are_fine(run):
    assert run("checkissuers") == (0, "", "")
    assert json.loads(run("checkissuers", "--json").out) == {"issuers": []}


def test_disabled_issuer_is_not_looked_at(run, server, remote):
    TrustedIssuer.objects.update(enabled=False)
    assert run("checkissuers") == (0, f"disabled Issuer ({factories.ISSUER})\n", "")
    assert server.count() == 0


def test_out_of_reach_but_kept(run, server, remote):
    run("refreshkeys")
    server.stop()
    status, level, (text,) = check(run)
    assert (status, level) == (1, "warning")
    assert "the last good keys serve until " in text
    done = run("checkissuers", "--no-fetch")
    assert done.status == 1
    assert done.out.splitlines()[1].startswith("         warning: ")


def test_out_of_reach_and_kept_too_long(run, server, remote):
    run("refreshkeys")
    server.stop()
    with override_settings(OAUTH_JWT_GRANT={"KEYS_STALE_IF_ERROR": 0, "AUDIENCES": ["x"]}):
        status, level, (text,) = check(run)
    assert (status, level) == (2, "failing")
    assert text.startswith("has no usable keys: ")


def test_out_of_reach_and_nothing_kept(run, server, remote):
    server.stop()
    assert check(run)[:2] == (2, "failing")


def test_nothing_fetched_yet(run, server, remote):
    text = "its keys were never fetched: the next assertion has them fetched"
    assert check(run, "--no-fetch") == (1, "warning", [text])
    assert server.count() == 0


def test_stale_keys_are_no_fault(run, server, remote):
    run("refreshkeys")
    IssuerKeys.objects.update(fetched_at=1.0, expires_at=2.0)
    cache.clear()
    assert check(run, "--no-fetch") == (0, "fine", [])


def test_a_failure_in_another_process_is_a_finding(run, server, remote):
    """Its cache is its own: what this process knows, it has from the database."""
    server.answers["/jwks"] = Answer(status=500)
    run("refreshkeys")
    cache.clear()
    memory.clear()
    text = "has no usable keys: the answer has the HTTP status 500"
    assert check(run, "--no-fetch") == (2, "failing", [text])
    (report,) = json.loads(run("checkissuers", "--json", "--no-fetch").out)["issuers"]
    assert report["failing_since"] is not None


def test_the_check_of_the_database_says_that_keys_fail(run, server, remote):
    assert not run_checks(tags=["database"], databases=["default"])
    run("refreshkeys")
    server.answers["/jwks"] = Answer(status=500)
    run("refreshkeys")
    # The last good keys serve.
    assert not run_checks(tags=["database"], databases=["default"])
    memory.clear()
    IssuerKeys.objects.update(fetched_at=1.0)
    (message,) = run_checks(tags=["database"], databases=["default"])
    assert message.msg.endswith(": has no usable keys: the answer has the HTTP status 500")
    TrustedIssuer.objects.update(enabled=False)
    assert not run_checks(tags=["database"], databases=["default"])


@pytest.mark.django_db(transaction=True)
def test_another_process_says_that_keys_fail(run, manage, server, remote):
    """It has a cache and a memory of its own, and fetches nothing."""
    server.answers["/jwks"] = Answer(status=500)
    run("refreshkeys")
    done = manage("checkissuers", "--no-fetch")
    assert done.status == 2
    assert "has no usable keys: the answer has the HTTP status 500" in done.out
    assert server.count() == 1


def test_key_that_is_left_out(run, server, remote):
    server.publish(factories.jwk(KEY), {"kty": "oct", "k": "AAAA", "kid": "secret"}, {"kty": "x"})
    status, _, (named, nameless) = check(run)
    assert status == 1
    assert named.startswith("key 2 (secret) is left out: ")
    assert nameless.startswith("key 3 is left out: ")


def test_entered_keys(run, issuer, rule):
    assert check(run) == (0, "fine", [])


def test_entered_keys_that_cannot_be_used(run, issuer, rule):
    TrustedIssuer.objects.update(jwks={"keys": "none"})
    status, _, (text,) = check(run)
    assert (status, text.startswith("has no usable keys: stored keys: ")) == (2, True)


def test_a_rule_that_refuses_everything_while_dpop_is_off(run, issuer, rule, settings):
    GrantRule.objects.update(require_dpop=True)
    status, level, (text, conclusion) = check(run)
    assert (status, level) == (1, "warning")
    assert (
        text
        == f"The rule {rule} requires bound tokens, which the setting DPOP does not allow: it refuses all."
    )
    assert conclusion == "No enabled rule can grant anything, so every assertion is refused."
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | {"DPOP": True}
    assert check(run) == (0, "fine", [])


def test_no_rule(run, issuer):
    expected = (1, "warning", ["No rule is enabled, so every assertion is refused. Add a rule."])
    assert check(run) == expected
    GrantRule.objects.create(issuer=issuer, name="off", scopes="read", enabled=False)
    assert check(run) == expected


@pytest.mark.parametrize(
    ("begins", "ends", "days", "level"),
    [
        (None, 29, 30, "warning"),
        (None, 31, 30, "fine"),
        (None, 31, 60, "warning"),
        (-1, 31, 30, "fine"),
        (None, -1, 30, "failing"),
        (1, None, 30, "failing"),
    ],
)
def test_dates_of_the_trust(run, issuer, rule, begins, ends, days, level):
    now = timezone.now()
    dates = [None if offset is None else now + timedelta(days=offset) for offset in (begins, ends)]
    TrustedIssuer.objects.update(valid_from=dates[0], valid_until=dates[1])
    status, found, texts = check(run, "--warn-days", str(days))
    assert (found, status) == (level, {"fine": 0, "warning": 1, "failing": 2}[level])
    assert all(text.startswith("is trusted only ") for text in texts)
    assert len(texts) == (level != "fine")


@pytest.mark.parametrize(("ahead", "level"), [(25, "fine"), (60, "failing")])
def test_a_limit_that_no_assertion_can_meet_yet(run, issuer, rule, ahead, level):
    """Within the leeway of 30 seconds, an issuer with a clock that is ahead can."""
    TrustedIssuer.objects.update(issued_after=timezone.now() + timedelta(seconds=ahead))
    _status, found, texts = check(run)
    assert (found, len(texts)) == (level, level == "failing")
    assert all(text.startswith("accepts only assertions that are issued from ") for text in texts)


def trust_bundle(run, pem):
    """Have good keys that came when this was the CA bundle."""
    run("refreshkeys")
    TrustedIssuer.objects.update(ca_bundle=pem)
    IssuerKeys.objects.update(source=_source_of(TrustedIssuer.objects.get())._source)


@pytest.mark.parametrize(
    ("ends", "levels"),
    [
        ([400], []),
        ([10], ["warning"]),
        ([-1], ["failing"]),
        ([-1, 400], ["warning"]),
        ([-1, 10], ["warning", "warning"]),
    ],
)
@pytest.mark.parametrize("what", ["trust anchor", "CA bundle"])
def test_certificates_that_end(run, remote, what, ends, levels):
    pem = [certificate(days, f"Authority {days}") for days in ends]
    if what == "CA bundle":
        trust_bundle(run, "".join(pem))
    else:
        certified(remote, *pem)
        TrustedIssuer.objects.update(ca_bundle="")
    done = run("checkissuers", "--json", "--no-fetch")
    (report,) = json.loads(done.out)["issuers"]
    assert [finding["level"] for finding in report["findings"]] == levels
    for finding, days in zip(report["findings"], ends, strict=False):
        assert finding["text"].startswith(f"{what} CN=Authority {days} {'ended' if days < 0 else 'ends'} ")


def test_certificates_in_the_report(run, remote):
    certified(remote, certificate(400))
    assert f"({factories.ISSUER}): 1 trust anchor" in run("checkissuers").out
    (report,) = json.loads(run("checkissuers", "--json").out)["issuers"]
    (anchor,) = report["certificates"]
    assert (anchor["subject"], len(anchor["sha256"])) == ("CN=Anchor", 64)


def test_bindings_that_cannot_be_read(run, remote):
    certified(remote, certificate(400))
    TrustedIssuer.objects.update(certificate_bindings=["nonsense"])
    assert check(run)[:2] == (2, "failing")


def test_bundle_that_cannot_be_read(run, remote):
    trust_bundle(run, "nonsense")
    status, _, (text,) = check(run)
    assert (status, "CA bundle is not PEM" in text) == (1, True)


def test_nothing_names_this_server(run, issuer, rule):
    with override_settings(OAUTH_JWT_GRANT={}, ALLOWED_HOSTS=["*"]):
        status, _, (text,) = check(run)
        assert (status, "no audience" in text) == (2, True)
        TrustedIssuer.objects.update(audiences=["https://as.example.com"])
        assert check(run) == (0, "fine", [])
    TrustedIssuer.objects.update(audiences=[])
    with override_settings(OAUTH_JWT_GRANT={}, ALLOWED_HOSTS=["as.example.com"]):
        assert check(run) == (0, "fine", [])


def test_names_do_not_reach_the_terminal_raw(run, issuer, rule):
    TrustedIssuer.objects.update(name="\x1b[2J")
    assert "\x1b" not in run("checkissuers").out


@pytest.mark.django_db(transaction=True)
def test_exit_status_of_a_process(manage, issuer):
    assert manage("checkissuers").status == 1
