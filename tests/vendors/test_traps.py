"""What is peculiar to one vendor, and has been got wrong elsewhere."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from oauth_jwt_grant.presets import apply, get_preset
from tests.admin.conftest import make_user
from tests.admin.forms import fill_in
from tests.factories import DROP, GRANT_TYPE
from tests.jwks_server import Answer

from .agents import CLAUDE_TAG
from .clouds import EKS, GOOGLE, KUBERNETES, pod
from .forges import GITHUB, GITLAB
from .providers import ENTRA, ENTRA_V1, KEYCLOAK, MANAGED_IDENTITY, OKTA_XAA_SAML
from .vendor import other_key, place_of


def trustissuer(vendor, *arguments):
    call_command("trustissuer", "--issuer", vendor.issuer, *arguments, stdout=io.StringIO())


def test_a_cluster_behind_its_own_authority_by_the_admins_forms(site):
    """Preset, then the private network and the CA on the issuer's own page: nothing by hand."""
    KUBERNETES.publish(site.vendors)
    page = Client()
    page.force_login(make_user("operator", is_staff=True, is_superuser=True))
    preset = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["kubernetes"])
    data = fill_in(page.get(preset), "preset_form", **KUBERNETES.answers, rule_scopes="read")
    page.post(preset, {**data, "rule_applications": [site.application.pk]})
    issuer = TrustedIssuer.objects.get()
    assert site.post(KUBERNETES.token()).status_code == 503  # no public address, no public authority
    change = reverse("admin:oauth_jwt_grant_trustedissuer_change", args=[issuer.pk])
    network = {"allow_private_network": "on", "ca_bundle": site.vendors.ca_pem}
    data = fill_in(page.get(change), "trustedissuer_form", **network)
    assert page.post(change, data).status_code == 302
    fetch = reverse("admin:oauth_jwt_grant_trustedissuer_fetch", args=[issuer.pk])
    page.post(fetch, fill_in(page.get(change), "ojg-fetch-keys"))  # at once, not when the failure has cooled
    assert site.outcome(KUBERNETES.token()) == "accepted"
    assert site.outcome(KUBERNETES.token(pod(namespace="billing"))) == "no_rule"


def test_a_cluster_behind_its_own_authority_by_the_preset_alone(site):
    KUBERNETES.publish(site.vendors)
    page = Client()
    page.force_login(make_user("operator", is_staff=True, is_superuser=True))
    url = reverse("admin:oauth_jwt_grant_trustedissuer_preset", args=["kubernetes"])
    answers = {**KUBERNETES.answers, "ca_bundle": "no certificate", "allow_private_network": "on"}
    data = fill_in(page.get(url), "preset_form", **answers, rule_scopes="read")
    data["rule_applications"] = [site.application.pk]
    response = page.post(url, data)
    assert list(response.context["form"].errors) == ["ca_bundle"]
    assert fill_in(response, "preset_form")["allow_private_network"] == ["on"]
    assert page.post(url, {**data, "ca_bundle": site.vendors.ca_pem}).status_code == 302
    assert site.outcome(KUBERNETES.token()) == "accepted"


def test_an_api_server_that_tells_strangers_nothing_has_its_keys_entered(site, tmp_path):
    issuer = site.trust(KUBERNETES)
    keys = site.vendors.answers[place_of(KUBERNETES.jwks_uri)].body
    for url in (KUBERNETES.metadata_url, KUBERNETES.jwks_uri):
        site.vendors.answers[place_of(url)] = Answer(b'{"kind": "Status", "code": 403}', 403)
    answer = site.post(KUBERNETES.token())
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    (tmp_path / "jwks.json").write_bytes(keys)  # kubectl get --raw /openid/v1/jwks
    trustissuer(KUBERNETES, "--jwks", str(tmp_path / "jwks.json"))
    issuer.refresh_from_db()
    assert issuer.key_source == "inline"
    assert site.outcome(KUBERNETES.token()) == "accepted"


def test_a_second_cluster_of_the_same_name_does_not_get_the_first_ones_trust(site):
    site.trust(KUBERNETES)
    site.trust(replace(KUBERNETES, answers={**KUBERNETES.answers, "namespace": "other"}))
    assert TrustedIssuer.objects.count() == 1
    stranger = KUBERNETES.signing_key(other_key, "b3RoZXI")
    assert site.outcome(KUBERNETES.token(pod(namespace="other"), key=stranger)) == "no_such_key"


def test_a_pod_that_is_addressed_to_several_is_taken(site):
    site.trust(EKS)
    audiences = ["https://as.example.com", "https://vault.example.com"]
    assert site.outcome(EKS.token({"aud": audiences})) == "accepted"
    assert site.outcome(EKS.token({"aud": audiences[1:]})) == "audience"
    assert site.outcome(EKS.token({"aud": []})) == "malformed_claim"


def test_an_address_counts_for_google_only_if_google_has_verified_it(site):
    """Where it finds the user, beside the number that pins the account."""
    user = make_user("exporter")
    user.email = "exporter@example.com"
    user.save()
    site.trust(GOOGLE)
    GrantRule.objects.update(subject_policy="user_field", subject_claim="email", user_field="email")
    address = {"email": "exporter@example.com"}
    assert site.outcome(GOOGLE.token(address)) == "accepted"
    assert site.outcome(GOOGLE.token({**address, "email_verified": False})) == "unknown_subject"
    assert site.outcome(GOOGLE.token({**address, "email_verified": "true"})) == "unknown_subject"
    assert site.outcome(GOOGLE.token({**address, "email_verified": DROP})) == "unknown_subject"
    assert site.outcome(GOOGLE.token({"email": DROP, "email_verified": DROP})) == "unknown_subject"


@pytest.mark.parametrize("vendor", [GOOGLE, GITLAB, KEYCLOAK], ids=str)
def test_who_signs_in_elsewhere_is_no_workload(site, vendor):
    site.trust(vendor)
    for claim in ("nonce", "at_hash", "c_hash"):
        assert site.outcome(vendor.token({claim: "x"})) == "id_token"
    assert site.outcome(vendor.token()) == "accepted"


def test_both_versions_of_a_tenants_tokens_are_trusted_side_by_side(site):
    site.trust(ENTRA)
    site.trust(ENTRA_V1)
    assert site.outcome(ENTRA.token()) == "accepted"
    assert site.outcome(ENTRA_V1.token()) == "accepted"
    issuers = list(Decision.objects.order_by("pk").values_list("issuer__issuer", flat=True))
    assert issuers == [ENTRA.issuer, ENTRA_V1.issuer]
    # The audience of one is not the other's.
    assert site.outcome(ENTRA.token({"aud": ENTRA_V1.claims["aud"]})) == "audience"


def test_tokens_live_for_a_day_only_where_a_managed_identity_calls(site):
    site.trust(ENTRA)
    assert site.outcome(ENTRA.token()) == "accepted"
    assert site.outcome(MANAGED_IDENTITY.token()) == "lifetime"
    trustissuer(ENTRA, "--max-lifetime", "90000")
    assert site.outcome(MANAGED_IDENTITY.token()) == "accepted"


def test_a_person_of_a_saml_application_is_known_by_the_name_there(site):
    user = make_user("mona")
    site.trust(OKTA_XAA_SAML)
    GrantRule.objects.update(subject_policy="linked")
    assert site.outcome(OKTA_XAA_SAML.token()) == "unknown_subject"
    issuer = TrustedIssuer.objects.get()
    issuer.linked_subjects.create(subject="claim:/sub_id/nameid:mona", user=user)
    assert site.outcome(OKTA_XAA_SAML.token()) == "accepted"
    # sub, which an administrator of the provider's can give to another person there, counts for nothing.
    assert site.outcome(OKTA_XAA_SAML.token({"sub": "00uother"})) == "accepted"
    for name in ("Mona", "mona ", "00u1a2b3c4d5e6f7g8h9"):
        saml = {**OKTA_XAA_SAML.claims["sub_id"], "nameid": name}
        assert site.outcome(OKTA_XAA_SAML.token({"sub_id": saml, "sub": "mona"})) == "unknown_subject"


def test_an_agent_has_no_client_of_its_own(site):
    """Claude Tag posts neither client_id nor secret."""
    site.trust(CLAUDE_TAG)
    form = {"grant_type": GRANT_TYPE, "assertion": CLAUDE_TAG.token()}
    answer = site.session.post(f"https://localhost:{site.port}/o/token/", form, timeout=30)
    assert (answer.status_code, answer.json()["scope"]) == (200, "read")
    # The cache of its tokens asks for it.
    assert answer.json()["expires_in"] >= 300


def test_a_job_that_may_run_for_hours_has_a_token_that_lives_as_long(site):
    site.trust(GITLAB)
    hours = replace(GITLAB, lifetime=3 * 3600)
    assert site.outcome(hours.token()) == "lifetime"
    trustissuer(GITLAB, "--max-lifetime", str(3 * 3600))
    assert site.outcome(hours.token()) == "accepted"


def test_a_refused_request_leaves_a_jobs_only_token_usable(site):
    site.trust(GITLAB)
    token = GITLAB.token()
    GrantRule.objects.update(scopes="write", default_scopes="write")
    wrong = site.session.post(
        f"https://localhost:{site.port}/o/token/",
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": token, "scope": "read"},
        timeout=30,
    )
    assert wrong.status_code == 401  # no client: the rule wants the application
    GrantRule.objects.update(scopes="read", default_scopes="")
    assert site.outcome(token) == "accepted"


def test_githubs_subject_may_have_any_form(site):
    """A repository's administrator sets it, so nothing hangs on it."""
    site.trust(GITHUB)
    for sub in (
        "repo:acme-org@90210/deploy@770123456:environment:production",
        "repo:acme-org/deploy:pull_request",
        "repository_owner:acme-org:repository_visibility:private",
        "job_workflow_ref:acme-org/ci/.github/workflows/deploy.yml@refs/heads/main",
    ):
        assert site.outcome(GITHUB.token({"sub": sub})) == "accepted"
        assert site.outcome(GITHUB.token({"sub": sub, "repository_id": "880000001"})) == "no_rule"


def test_an_enterprises_own_issuer_is_another_one(site):
    """With the enterprise's name in ``iss``, metadata lies below it."""
    iss = "https://token.actions.githubusercontent.com/acme"
    ours = replace(GITHUB, issuer=iss, answers={**GITHUB.answers, "issuer": iss})
    site.trust(ours)
    assert site.outcome(ours.token()) == "accepted"
    assert site.outcome(GITHUB.token()) == "unknown_issuer"


def test_an_exchange_is_recorded_with_what_it_stands_for(site):
    site.trust(GITHUB)
    GrantRule.objects.update(recorded_claims=["repository", "run_id"])
    assert site.outcome(GITHUB.token()) == "accepted"
    assert Decision.objects.get().claims == {"repository": "acme-org/deploy", "run_id": "12000000001"}


def test_a_keys_own_issuer_binds_it_though_its_set_is_another_tenants(site):
    """Entra ID: the consumers' key is in every tenant's set, and must not sign for the tenant."""
    site.trust(ENTRA)
    consumers = ENTRA.signing_key(other_key, "JDNa_4i4r7FgigL3sHIlI3xV-IU")
    assert site.outcome(ENTRA.token(key=consumers)) == "no_such_key"
    served = json.loads(site.vendors.answers[place_of(ENTRA.jwks_uri)].body)["keys"]
    assert [key["kid"] for key in served] == [consumers.kid, ENTRA.kid]


@pytest.mark.parametrize("answer", ["72F988BF-1111-4222-8333-000000000001", "common", "organizations"])
def test_a_tenant_is_named_by_its_id_as_tokens_write_it(answer):
    with pytest.raises(Exception, match="looks like"):
        apply(get_preset("entra-id"), {**ENTRA.answers, "tenant": answer})
