"""Every page of ours and the way to it, for the tests that go over all of them: a new one is one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from oauth_jwt_grant.decision.unknown_issuers import note_unknown
from oauth_jwt_grant.models import Decision, GrantRule, LinkedSubject, TrustedIssuer
from oauth_jwt_grant.service_accounts import add_key, create_service_account, find_service_account, key_uses
from tests.admin.conftest import make_user
from tests.factories import ISSUER, ec_key, jwks, mint, rsa_key
from tests.jwks_server import certificate_authority


@dataclass
class World:
    """A site in use, as its operator meets it."""

    issuer: TrustedIssuer
    rule: GrantRule
    certified: TrustedIssuer
    remote: TrustedIssuer
    accepted: Decision
    refused: Decision
    link: LinkedSubject
    application: Any
    token: Any
    account: TrustedIssuer
    lone_account: TrustedIssuer


Way = Callable[[Any, World], None]


def make_world() -> World:
    """Issuers of each kind of keys, healthy and not, with rules, links, decisions and tokens."""
    issuer = TrustedIssuer.objects.create(
        name="Example", issuer=ISSUER, key_source="inline", jwks=jwks(ec_key())
    )
    # Past save(), which refuses it: a key that is left out.
    TrustedIssuer.objects.update(jwks={"keys": [*jwks(ec_key())["keys"], {"kty": "oct", "kid": "old"}]})
    rule = issuer.rules.create(
        name="deploy", client_policy="anonymous", subject_policy="no_user", scopes="read write"
    )
    rule.conditions.create(claim="ref", operator="in", values=["refs/heads/main", "refs/heads/stable"])
    certified = TrustedIssuer.objects.create(
        name="Partner",
        issuer="https://partner.example",
        key_source="certificates",
        trust_anchors=certificate_authority().cert_pem.bytes().decode(),
        certificate_bindings=["dns=partner.example"],
        enabled=False,
    )
    remote = TrustedIssuer.objects.create(
        name="GitHub Actions",
        issuer="https://token.actions.githubusercontent.com",
        key_source="discovery",
        valid_until=timezone.now() + timedelta(days=3),
    )
    remote.rules.create(name="website", scopes="read")
    application = get_application_model().objects.create(
        name="Deploy tool", client_type="public", authorization_grant_type="client-credentials"
    )
    remote.rules.get().applications.add(application)
    LogEntry.objects.create(
        user=make_user("first-operator-of-the-purchasing-department"),
        content_type=ContentType.objects.get_for_model(issuer),
        object_id=str(issuer.pk),
        object_repr=issuer.name,
        action_flag=ADDITION,
        change_message='[{"added": {}}]',
    )
    note_unknown("https://unknown.example", timezone.now().timestamp())
    token = get_access_token_model().objects.create(
        token="a-token", expires=timezone.now() + timedelta(hours=1), scope="read"
    )
    common = {
        "issuer": issuer,
        "iss": ISSUER,
        "rule": rule,
        "subject": "robot",
        "kid": ec_key().kid,
        "alg": "ES256",
    }
    for reason in ("audience", "no_rule", "replayed", "keys_unavailable", "bad_signature", "scope"):
        outcome = "undecided" if reason == "keys_unavailable" else "refused"
        Decision.objects.create(outcome=outcome, reason=reason, application=application, **common)
    return World(
        issuer,
        rule,
        certified,
        remote,
        Decision.objects.create(
            outcome="accepted", scope="read", access_token=token, claims={"ref": "refs/heads/main"}, **common
        ),
        Decision.objects.create(outcome="refused", reason="expired", detail="exp has passed", **common),
        LinkedSubject.objects.create(issuer=issuer, subject="alice", user=make_user("alice")),
        application,
        token,
        _account("backup", keys=3, uses=2),
        _account("nightly"),
    )


def _account(name: str, *, keys: int = 1, uses: int = 0) -> TrustedIssuer:
    """A service account of which the first ``uses`` of its ``keys`` have been used."""
    create_service_account(name, scopes="read")
    made = [use.kid for use in key_uses(name)] + [add_key(name).kid for _ in range(keys - 1)]
    account = find_service_account(name)
    for kid in made[:uses]:
        Decision.objects.create(outcome="accepted", issuer=account, iss=account.issuer, kid=kid)
    return account


def _to(name: str, row: str = "", query: str = "") -> Way:
    """The way to the page called ``name`` of the admin, of the ``row`` of the world if it is about one."""

    def _visit(browser: Any, world: World) -> None:
        args = [getattr(world, row).pk] if row else []
        browser.visit(reverse(f"admin:oauth_jwt_grant_{name}", args=args) + query)

    return _visit


def _to_row(row: str) -> Way:
    """The way to django-oauth-toolkit's own page of the ``row`` of the world, with our part in it."""

    def _visit(browser: Any, world: World) -> None:
        about = getattr(world, row)
        name = f"admin:{about._meta.app_label}_{about._meta.model_name}_change"
        browser.visit(reverse(name, args=[about.pk]))

    return _visit


def _preset(key: str) -> Way:
    return lambda browser, world: browser.visit(
        reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=[key])
    )


def _submitted(way: Way, button: str, **texts: str) -> Way:
    """The page that comes of filling in another one."""

    def _submit(browser: Any, world: World) -> None:
        way(browser, world)
        browser.fill(**texts)
        browser.submit(button)

    return _submit


def _tested(make: Callable[[], str]) -> Way:
    """The report on an assertion that is made when it is asked for, as it soon expires."""
    return lambda browser, world: _submitted(_TEST, "#test_assertion_form [type=submit]", assertion=make())(
        browser, world
    )


def _way_on(make: Callable[[], str]) -> Way:
    """What is proposed for a JWT of an issuer that is not trusted, or that no rule is for."""
    return _submitted(_tested(make), "#way_on_form button")


def _scoped(browser: Any, world: World) -> None:
    _way_on(_feature)(browser, world)
    browser.tick(rule_scopes="read")


def _disabled(name: str) -> Way:
    """The page that asks whether all of a list shall be disabled."""

    def _visit(browser: Any, world: World) -> None:
        PAGES[name](browser, world)
        browser.find("#action-toggle").click()
        browser.choose("action", "disable_and_revoke")
        browser.submit('button[name="index"]')

    return _visit


def _withdraw(row: str) -> Way:
    """The way to the page that asks whether the first key of an account shall be withdrawn."""

    def _visit(browser: Any, world: World) -> None:
        account = getattr(world, row)
        kid = account.jwks["keys"][0]["kid"]
        _to("trustedissuer_withdraw_key", row, f"?kid={kid}")(browser, world)

    return _visit


def _links(*lines: str) -> Way:
    """What an import of these lines would do, or what is wrong with them."""
    text = "\n".join(["issuer,subject,user", *(f"{ISSUER},{line}" for line in lines)])
    return _submitted(_to("linkedsubject_import"), "#import_form [type=submit]", text=text)


def _gitlab() -> str:
    return mint(
        rsa_key(),
        iss="https://gitlab.com",
        sub="project_path:acme/deploy:ref_type:branch:ref:main",
        project_id="4711",
        project_path="acme/deploy",
        namespace_id="12",
        namespace_path="acme",
        ref_protected="true",
        ref_path="refs/heads/main",
        pipeline_id="99",
        job_id="100",
        sha="4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        user_login="mona",
    )


def _feature() -> str:
    return mint(ec_key(), ref="refs/heads/feature", environment="production")


_TEST = _to("trustedissuer_test")
_ADD_ACCOUNT = _to("trustedissuer_add_account")
PAGES: dict[str, Way] = {
    "issuers": _to("trustedissuer_changelist"),
    "presets": _to("trustedissuer_add"),
    "preset": _preset("github-actions"),
    "preset-with-keys": _preset("service-account"),
    "preset-with-errors": _submitted(_preset("kubernetes"), "#preset_form [type=submit]"),
    "add-issuer": _to("trustedissuer_add", query="?enabled=on"),
    "issuer": _to("trustedissuer_change", "issuer"),
    "issuer-by-discovery": _to("trustedissuer_change", "remote"),
    "issuer-by-certificates": _to("trustedissuer_change", "certified"),
    "add-account": _ADD_ACCOUNT,
    "add-account-with-errors": _submitted(_ADD_ACCOUNT, "#account_form [type=submit]", name="No name"),
    "key-file": _submitted(_ADD_ACCOUNT, "#account_form [type=submit]", name="report", scopes="read write"),
    "account": _to("trustedissuer_change", "account"),
    "add-key": _to("trustedissuer_add_key", "account"),
    "further-key-file": _submitted(_to("trustedissuer_add_key", "account"), "#add_key_form [type=submit]"),
    "withdraw-key": _withdraw("account"),
    "withdraw-last-key": _withdraw("lone_account"),
    "delete-account": _to("trustedissuer_delete", "account"),
    "issuer-with-errors": _submitted(
        _to("trustedissuer_add", query="?enabled=on"), '[name="_save"]', issuer="http://x.example"
    ),
    "revoke": _to("trustedissuer_revoke", "issuer"),
    "revoke-counted": _submitted(_to("trustedissuer_revoke", "issuer"), "#revoke_tokens_form [type=submit]"),
    "from-now-on": _to("trustedissuer_from_now_on", "issuer"),
    "disable-and-revoke": _disabled("issuers"),
    "disable-and-revoke-rules": _disabled("rules"),
    "delete-issuer": _to("trustedissuer_delete", "issuer"),
    "history": _to("trustedissuer_history", "issuer"),
    "test": _TEST,
    "test-refused": _tested(lambda: mint(ec_key(), ref="refs/heads/main", aud="https://other.example")),
    "test-accepted": _tested(lambda: mint(ec_key(), ref="refs/heads/main")),
    "test-malformed": _tested(lambda: "a.b"),
    "trust-jwt": _way_on(_gitlab),
    "trust-jwt-of-nobody": _way_on(lambda: mint(ec_key(), iss="robot@g\u0456tlab.com", groups=["a", "b"])),
    "rule-for-jwt": _way_on(_feature),
    "rule-for-jwt-confirm": _submitted(_scoped, '[value="verify"]'),
    "rules": _to("grantrule_changelist"),
    "add-rule": _to("grantrule_add"),
    "rule": _to("grantrule_change", "rule"),
    "decisions": _to("decision_changelist"),
    "decisions-of-a-reason": _to("decision_changelist", query="?reason=audience&when=24h"),
    "decisions-of-an-empty-day": _to("decision_changelist", query="?when=2026-01-01"),
    "decision-accepted": _to("decision_change", "accepted"),
    "decision-refused": _to("decision_change", "refused"),
    "links": _to("linkedsubject_changelist"),
    "add-link": _to("linkedsubject_add"),
    "link": _to("linkedsubject_change", "link"),
    "import-links": _to("linkedsubject_import"),
    "import-preview": _links("bob,alice@example.com", "carol,alice@example.com"),
    "import-with-errors": _links("bob,nobody@example.com", "carol"),
    "application": _to_row("application"),
    "access-token": _to_row("token"),
}
