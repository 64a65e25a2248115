"""What an operator would enter in the admin: a user, an application, the issuer and a rule."""

from __future__ import annotations

import secrets

from django.contrib.auth import get_user_model
from oauth2_provider.models import get_application_model

from oauth_jwt_grant.models import ClaimCondition, GrantRule, TrustedIssuer

CLIENT_ID = "deploy-tool"
REPOSITORY = "acme/website"
SCOPES = "deployments:read deployments:write"


def make_admin() -> str:
    """Give the user ``admin`` a new random password, and return it."""
    password = secrets.token_urlsafe(12)
    admin, _ = get_user_model().objects.get_or_create(
        username="admin", defaults={"is_staff": True, "is_superuser": True}
    )
    admin.set_password(password)
    admin.save()
    return password


def trust(url: str, ca: str) -> GrantRule:
    """Trust the issuer at ``url``, whose web server ``ca`` has certified, and say what its JWTs may do.

    Goes through the same validation as the admin. Run again (``--keep``), it brings what
    is there up to date.
    """
    issuer = TrustedIssuer.objects.filter(name="Demo issuer").first() or TrustedIssuer(name="Demo issuer")
    issuer.issuer = url
    issuer.key_source = TrustedIssuer.KeySource.DISCOVERY
    issuer.ca_bundle = ca
    issuer.allow_private_network = True  # it runs on this machine; no public issuer needs this
    issuer.full_clean()
    issuer.save()
    return _rule(issuer)


def _rule(issuer: TrustedIssuer) -> GrantRule:
    user, _ = get_user_model().objects.get_or_create(username="deploy-bot")
    name = f"Jobs of {REPOSITORY}"
    rule = issuer.rules.filter(name=name).first() or GrantRule(issuer=issuer, name=name)
    rule.client_policy = GrantRule.ClientPolicyChoices.LISTED
    rule.subject_policy = GrantRule.SubjectPolicy.SERVICE_USER
    rule.user = user
    rule.scopes = SCOPES
    rule.recorded_claims = ["repository", "run_id"]
    rule.full_clean()
    rule.save()
    rule.applications.set([_application()])
    condition = rule.conditions.first() or ClaimCondition(rule=rule)
    condition.claim, condition.values = "repository", [REPOSITORY]
    condition.full_clean()
    condition.save()
    return rule


def _application() -> object:
    """A public client: it has a ``client_id`` and no secret to keep."""
    model = get_application_model()
    application, _ = model.objects.get_or_create(
        client_id=CLIENT_ID,
        defaults={
            "name": "Deploy tool",
            "client_type": model.CLIENT_PUBLIC,
            "authorization_grant_type": model.GRANT_CLIENT_CREDENTIALS,
        },
    )
    return application
