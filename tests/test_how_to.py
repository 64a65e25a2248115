"""The recipes of docs/how-to and the texts of docs/troubleshooting.md, run and compared as they stand."""

from __future__ import annotations

import io
import json
import logging
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt
import pytest
import sentry_sdk
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import clear_script_prefix, reverse, set_script_prefix
from django.utils import timezone
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import REGISTRY
from sentry_sdk.integrations.logging import EventHandler

from oauth_jwt_grant import signals
from oauth_jwt_grant.assertion import ANSWERS, Reason
from oauth_jwt_grant.checks.wiring import check_classes, check_classes_of_views
from oauth_jwt_grant.dot import get_access_token_model, get_application_model
from oauth_jwt_grant.models import TrustedIssuer
from oauth_jwt_grant.presets import registry
from oauth_jwt_grant.testing import TestIssuer
from tests.dot import forget_backends
from tests.e2e.test_reports import Kept
from tests.keys.authority import Authority, name_of
from tests.keys.material import ec_key
from tests.support import make_application, make_user

DOCS = Path(__file__).parent.parent / "docs"
TROUBLESHOOTING = (DOCS / "troubleshooting.md").read_text()


def recipes(name: str) -> list[str]:
    """Return the Python blocks of the how-to page ``name``."""
    return re.findall(r"^```python\n(.*?)^```", (DOCS / "how-to" / f"{name}.md").read_text(), re.M | re.S)


def commands(name: str) -> list[list[str]]:
    """Return the arguments of each ``python manage.py`` in the page, without these words."""
    blocks = re.findall(r"^ *```sh\n(.*?)```", (DOCS / "how-to" / f"{name}.md").read_text(), re.M | re.S)
    return [shlex.split(block.replace("\\\n", " "))[2:] for block in blocks]


def run(code: str, **names: Any) -> dict[str, Any]:
    """Run the recipe, and return its names."""
    exec(compile(code, "recipe", "exec"), names)  # noqa: S102 - our own page
    return names


@contextmanager
def received(code: str) -> Iterator[None]:
    """Connect the receivers of the recipe, until the block ends."""
    both = (signals.assertion_accepted, signals.assertion_refused)
    before = [list(signal.receivers) for signal in both]
    names = run(code)
    try:
        yield
    finally:
        for signal, receivers in zip(both, before, strict=True):
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()
        del names


@pytest.mark.django_db
def test_health_endpoint_answers_503_if_an_issuer_cannot_be_accepted():
    code, *_ = recipes("health")
    view = run(code)["issuers"]
    TestIssuer("https://ci.acme.example").trust(scopes="read")
    TrustedIssuer.objects.update(name="Acme CI")
    request = RequestFactory().get("/")
    fine = view(request)
    assert (fine.status_code, json.loads(fine.content)) == (200, {"issuers": {"Acme CI": "fine"}})
    ended = timezone.now() - timedelta(days=1)
    TestIssuer("https://partner.example").trust(scopes="read")
    TrustedIssuer.objects.exclude(name="Acme CI").update(name="Partner", valid_until=ended)
    failing = view(request)
    (shown,) = re.findall(r"^```json\n(.*?)^```", (DOCS / "how-to" / "health.md").read_text(), re.M | re.S)
    assert (failing.status_code, json.loads(failing.content)) == (503, json.loads(shown))
    TrustedIssuer.objects.filter(name="Partner").update(enabled=False)
    assert view(request).status_code == 200


@pytest.mark.django_db
def test_health_check_fails_if_an_issuer_cannot_be_accepted(monkeypatch):
    from health_check.exceptions import ServiceUnavailable

    _, check, urls = recipes("health")
    monkeypatch.setitem(sys.modules, "mysite_health", ModuleType("mysite_health"))
    issuers = run(check, __name__="mysite_health")["Issuers"]()
    TestIssuer("https://partner.example").trust(scopes="read")
    TrustedIssuer.objects.update(name="Partner")
    issuers.run()
    TrustedIssuer.objects.update(valid_until=timezone.now() - timedelta(days=1))
    with pytest.raises(ServiceUnavailable, match="no JWT is accepted of Partner"):
        issuers.run()
    assert run(urls)["urlpatterns"][0].callback


@pytest.mark.django_db(transaction=True)
def test_sentry_has_an_event_of_what_could_not_be_decided_and_of_no_refusal():
    client = sentry_sdk.Client("https://key@sentry.example/1", transport=Kept, default_integrations=False)
    logger, handler = logging.getLogger("oauth_jwt_grant"), EventHandler(level=logging.ERROR)
    issuer = TestIssuer()
    issuer.trust(scopes="read")
    logger.addHandler(handler)
    try:
        with sentry_sdk.new_scope() as scope:
            scope.set_client(client)
            assert issuer.post(issuer.mint_expired()).status_code == 400
            assert client.transport.sent == []
            nowhere = {"key_source": "jwks_url", "jwks_url": "https://127.0.0.1:1/jwks", "jwks": {}}
            TrustedIssuer.objects.update(**nowhere)
            assert issuer.post(issuer.mint()).status_code == 503
    finally:
        logger.removeHandler(handler)
    assert "keys_unavailable" in "".join(client.transport.sent)


@pytest.mark.django_db(transaction=True)
def test_prometheus_counts_by_reason_and_issuer():
    issuer, stranger = TestIssuer(), TestIssuer("https://stranger.example")
    issuer.trust(scopes="read")

    def counted(reason: str, name: str) -> float | None:
        return REGISTRY.get_sample_value("jwt_grant_decisions_total", {"reason": reason, "issuer": name})

    with received(recipes("observability")[0]):
        issuer.post(issuer.mint())
        issuer.post(issuer.mint_expired())
        stranger.post(stranger.mint())
    name = TrustedIssuer.objects.get().name
    assert [counted("accepted", name), counted("expired", name)] == [1, 1]
    assert counted("unknown_issuer", "unknown") == 1


@pytest.mark.django_db(transaction=True)
def test_opentelemetry_counts_by_outcome():
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    issuer = TestIssuer()
    issuer.trust(scopes="read")
    with received(recipes("observability")[1]):
        issuer.post(issuer.mint())
        issuer.post(issuer.mint_expired())
    (resource,) = json.loads(reader.get_metrics_data().to_json())["resource_metrics"]
    points = resource["scope_metrics"][0]["metrics"][0]["data"]["data_points"]
    assert {point["attributes"]["outcome"]: point["value"] for point in points} == {
        "accepted": 1,
        "expired": 1,
    }


@pytest.mark.django_db
def test_tokens_by_secret_are_found_beside_those_by_jwt(settings):
    (code,) = recipes("from-client-secrets")
    last_token_by_secret = run(code)["last_token_by_secret"]
    application = get_application_model().objects.create(
        client_id="deploy-tool",
        client_secret="good",
        client_type="public",
        authorization_grant_type="client-credentials",
    )
    issuer = TestIssuer()
    issuer.trust(scopes="read", applications=[application])
    assert issuer.post(issuer.mint(), client_id="deploy-tool").status_code == 200
    assert last_token_by_secret("deploy-tool") is None
    get_application_model().objects.update(client_type="confidential")
    form = {"grant_type": "client_credentials", "client_id": "deploy-tool", "client_secret": "good"}
    assert Client().post(reverse("oauth2_provider:token"), form).status_code == 200
    token = last_token_by_secret("deploy-tool")
    assert token == get_access_token_model().objects.latest("pk")
    assert get_user_model().objects.count() == 0


def test_site_behind_a_prefix_names_its_token_endpoint_with_it(client, settings, db):
    code = run(recipes("servers")[0], OAUTH2_PROVIDER=settings.OAUTH2_PROVIDER.copy(), OAUTH_JWT_GRANT={})
    for name in ("ALLOWED_HOSTS", "FORCE_SCRIPT_NAME", "SECURE_PROXY_SSL_HEADER", "OAUTH2_PROVIDER"):
        setattr(settings, name, code[name])
    settings.OAUTH_JWT_GRANT = code["OAUTH_JWT_GRANT"]
    (path,) = re.findall(r"^location = (\S+)", (DOCS / "how-to" / "servers.md").read_text(), re.M)
    set_script_prefix(
        settings.FORCE_SCRIPT_NAME
    )  # as a server's handler does; that of the test client does not
    try:
        headers = {"host": "as.example.com", "x-forwarded-proto": "https"}
        metadata = client.get(path, headers=headers).json()
    finally:
        clear_script_prefix()
    assert metadata["issuer"] == "https://as.example.com/app"
    assert metadata["token_endpoint"] == "https://as.example.com/app/o/token/"
    settings.ALLOWED_HOSTS = [*code["ALLOWED_HOSTS"], "testserver"]
    issuer = TestIssuer()
    issuer.trust(scopes="read")
    for audience in code["OAUTH_JWT_GRANT"]["AUDIENCES"]:
        assert issuer.post(issuer.mint(aud=audience)).status_code == 200


@pytest.mark.django_db
def test_preset_of_a_site_admits_its_project_and_branch_alone(monkeypatch):
    monkeypatch.setattr(registry, "_presets", dict(registry._presets))
    run(recipes("extend")[0])
    issuer = TestIssuer()
    issuer.trust(preset="acme-builds", answers={"project": "17"}, scopes="read")
    assert issuer.issuer == "https://builds.acme.example"
    assert issuer.post(issuer.mint()).status_code == 200
    for other in ({"project_id": "18"}, {"branch": "feature"}):
        assert issuer.post(issuer.mint(**other)).status_code == 400


@pytest.mark.django_db
def test_provisioner_of_a_site_puts_the_new_user_into_a_group(monkeypatch, settings):
    module = ModuleType("mysite_users")
    _, function, setting, *_ = recipes("extend")
    vars(module).update(run(function))
    monkeypatch.setitem(sys.modules, "mysite.users", module)
    monkeypatch.setitem(sys.modules, "mysite", ModuleType("mysite"))
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | run(setting)["OAUTH_JWT_GRANT"]
    issuer = TestIssuer()
    issuer.trust(scopes="read", subject_policy="provision")
    assert issuer.post(issuer.mint()).status_code == 200
    assert issuer.post(issuer.mint()).status_code == 200
    user = get_user_model().objects.get()
    assert list(user.groups.values_list("name", flat=True)) == ["Programs"]
    assert not user.has_usable_password()


@pytest.mark.django_db
def test_resolver_of_a_site_gives_each_team_its_user_and_leaves_other_rules_alone(monkeypatch, settings):
    function, setting = recipes("extend")[3:]
    monkeypatch.setitem(sys.modules, "mysite", ModuleType("mysite"))
    monkeypatch.setitem(sys.modules, "mysite.users", ModuleType("mysite.users"))
    vars(sys.modules["mysite.users"]).update(run(function))
    settings.OAUTH_JWT_GRANT = settings.OAUTH_JWT_GRANT | run(setting)["OAUTH_JWT_GRANT"]
    web = make_user("team-web")
    issuer, other = TestIssuer("https://teams.example"), TestIssuer("https://other.example")
    issuer.trust(scopes="read", name="teams")
    other.trust(scopes="read")
    assert issuer.post(issuer.mint(team="web")).status_code == 200
    assert get_access_token_model().objects.get().user == web
    for team in ("ops", None, ["web"]):
        assert issuer.post(issuer.mint(team=team)).status_code == 400
    assert other.post(other.mint(team="web")).status_code == 200
    assert get_access_token_model().objects.latest("pk").user is None


@pytest.mark.django_db
def test_partner_signs_with_a_key_that_its_authority_certifies(tmp_path, monkeypatch):
    (sign,) = recipes("certificates")
    (trust,) = commands("certificates")
    now = timezone.now()
    dates = {"start": now - timedelta(days=1), "end": now + timedelta(days=1)}
    root = Authority("Root", **dates)
    issuing = Authority("Issuing", root, **dates)
    key = ec_key("signer")
    (tmp_path / "partner-ca.pem").write_text(root.pem)
    monkeypatch.chdir(tmp_path)
    call_command(*trust, stdout=io.StringIO())
    partner = TestIssuer("https://signer.partner.example", "orders")

    def status(host: str) -> int:
        leaf = issuing.issue(name_of("signer"), key=key, names=[x509.DNSName(host)], **dates)
        chain = leaf.public_bytes(Encoding.PEM) + issuing.pem.encode()
        claims = jwt.decode(partner.mint(), options={"verify_signature": False})
        return partner.post(run(sign)["sign"](claims, key, chain)).status_code

    assert [status("signer.partner.example"), status("other.partner.example")] == [200, 400]


@pytest.mark.django_db
def test_trust_of_dots_draft_is_taken_over(tmp_path, monkeypatch):
    by_url, by_file, _ = commands("from-dots-draft")
    make_user("alice")
    make_application("deploy-tool", client_type="public")
    issuer = TestIssuer("deploy-tool", "alice")
    (tmp_path / "deploy-tool.json").write_text(json.dumps(issuer.jwks))
    monkeypatch.chdir(tmp_path)
    field = get_user_model().USERNAME_FIELD  # a site of the tests has none called username
    for command in (by_url, by_file):
        call_command(*(field if word == "username" else word for word in command), stdout=io.StringIO())
    assert TrustedIssuer.objects.get(issuer="https://sts.example.com").jwks_url
    assert issuer.post(issuer.mint(), client_id="deploy-tool").status_code == 200
    assert get_access_token_model().objects.get().user.get_username() == "alice"
    assert issuer.post(issuer.mint(jti=None), client_id="deploy-tool").status_code == 400


# In DOT's next release the modules that the page names are aliases, which say so.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.django_db
def test_site_with_four_classes_of_its_own_issues_tokens(monkeypatch, settings):
    classes, setting, urls, _ = recipes("own-classes")
    monkeypatch.setitem(sys.modules, "mysite", ModuleType("mysite"))
    monkeypatch.setitem(sys.modules, "mysite.oauth", ModuleType("mysite.oauth"))
    vars(sys.modules["mysite.oauth"]).update(run(classes, __name__="mysite.oauth"))
    site = {name: value for name, value in settings.OAUTH2_PROVIDER.items() if not name.startswith("OIDC")}
    settings.OAUTH2_PROVIDER = run(setting, OAUTH2_PROVIDER=site)["OAUTH2_PROVIDER"]
    settings.ROOT_URLCONF = ModuleType("urls")
    vars(settings.ROOT_URLCONF).update(run(urls))
    forget_backends()
    issuer = TestIssuer()
    issuer.trust(scopes="read")
    answer = issuer.post(issuer.mint())
    forget_backends()
    assert (answer.status_code, answer.json()["scope"], answer.json()["site"]) == (200, "read", "eu")
    assert [*check_classes(), *check_classes_of_views()] == []


def test_admin_site_of_a_site_has_our_pages():
    site = run(recipes("own-classes")[3])["site"]
    assert {model.__name__ for model in site._registry} == {
        model.__name__ for model in admin.site._registry if model._meta.app_label == "oauth_jwt_grant"
    }


def test_troubleshooting_has_the_texts_that_clients_are_sent():
    sent = {answer.text.replace("{name}", "assertion") for answer in ANSWERS.values()}
    quoted = set(re.findall(r"`((?:The|This|Client) [^`]+\.)`", TROUBLESHOOTING))
    assert len(quoted) >= 12
    assert quoted <= sent


def test_troubleshooting_quotes_what_the_log_and_checkissuers_say_before_migrate():
    package = DOCS.parent / "oauth_jwt_grant"
    source = "".join(path.read_text() for path in package.rglob("*.py"))
    section = TROUBLESHOOTING.partition("## A deploy without migrate")[2].partition("\n## ")[0]
    for text in ("A table or column is missing: run migrate.", "cannot be examined"):
        assert f"`{text}`" in section
        assert text in source


def test_troubleshooting_names_reasons_that_exist():
    named = re.findall(r"reasons? ((?:`\w+`(?:, )?)+)", TROUBLESHOOTING)
    assert {name for names in named for name in re.findall(r"\w+", names)} <= set(Reason)
    assert len(named) >= 4


def test_troubleshooting_quotes_what_a_failed_fetch_says():
    package = DOCS.parent / "oauth_jwt_grant" / "keys"
    source = "".join(path.read_text() for path in package.glob("*.py"))
    table = TROUBLESHOOTING.partition("## A firewall")[2].partition("\n## ")[0]
    quoted = re.findall(r"`((?:cannot|no complete|name res|which is not|TLS)[^`]+)`", table)
    assert len(quoted) == 5
    assert [text for text in quoted if text.replace(" 5 s", "") not in source] == []
