"""The guides: their commands are what the presets make, their files and scripts lead to a token."""

from __future__ import annotations

import ast
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from oauth2_provider.models import get_access_token_model

from oauth_jwt_grant.models import Decision, GrantRule, TrustedIssuer
from oauth_jwt_grant.presets import apply, get_preset
from tests.jwks_server import Answer, JwksServer, json_answer
from tests.support import make_application

from .clouds import GOOGLE, KUBERNETES
from .forges import GITHUB, GITLAB
from .guide import GUIDES, Guide, run_in
from .providers import ENTRA, ENTRA_SCIM, KEYCLOAK, MANAGED_IDENTITY
from .vendor import AUDIENCE, place_of

VENDORS = {
    "github-actions": GITHUB,
    "gitlab-ci": GITLAB,
    "kubernetes": KUBERNETES,
    "google": GOOGLE,
    "entra-id": replace(ENTRA, answers=MANAGED_IDENTITY.answers),
    "keycloak": KEYCLOAK,
}
OWN = {
    "id",
    "created",
    "updated",
    "issuer_id",
    "issuer",
    "scopes",
    "user",
    "ca_bundle",
    "allow_private_network",
}

each_guide = pytest.mark.parametrize(("name", "vendor"), VENDORS.items(), ids=list(VENDORS))
needs_curl = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="not on this machine: no bash, curl or jq"
)


@pytest.fixture
def site(site, settings, tmp_path, monkeypatch):
    """The site, with the scope of the guides; the reader sits in an empty folder."""
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"SCOPES": {"deployments:read": "See deployments"}}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.crt").write_text(site.vendors.ca_pem)
    return site


def columns(row: Any) -> dict[str, Any]:
    """What a row says, but for what is no matter of presets."""
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in OWN
    }


def conditions(rows: Any) -> list[tuple[str, str, list[Any]]]:
    return [(row.claim, row.operator, row.values) for row in rows]


def test_every_guide_is_tested():
    # The guide to ID-JAG is run by tests/e2e/test_id_jag.py.
    assert {path.stem for path in GUIDES.glob("*.md")} == {"id-jag", *VENDORS}


@each_guide
def test_the_guides_command_makes_what_the_preset_makes(site, name, vendor):
    guide = Guide(name)
    assert "created" in guide.trust()
    issuer = TrustedIssuer.objects.get()
    rule = issuer.rules.get()
    applied = apply(get_preset(vendor.preset), vendor.answers)
    applied.rule.subject_policy = "no_user"
    assert issuer.issuer == applied.issuer.issuer
    assert columns(issuer) == columns(applied.issuer)
    assert columns(rule) == columns(applied.rule)
    assert conditions(rule.conditions.order_by("pk")) == conditions(applied.conditions)
    assert list(rule.applications.all()) == [site.application]
    # And may be run again.
    assert "created" not in guide.trust()


@each_guide
def test_the_guide_lets_in_and_refuses_whom_it_says(site, name, vendor):
    """The command is the preset, and what that makes of the neighbours is tried out beside it."""
    guide = trusted_by(guide_of=name, vendor=vendor, site=site)
    refused = guide.refused()
    assert len(refused) > 4
    assert refused == {who: str(vendor.neighbours[who].reason) for who in refused}
    (file, *arguments) = guide.commands("explainassertion")[0]
    Path(file).write_text(vendor.token())
    out = io.StringIO()
    call_command("explainassertion", file, *arguments, stdout=out)
    assert out.getvalue().splitlines()[-1] == "Accepted"
    assert not Decision.objects.filter(outcome="accepted").exists()


def trusted_by(guide_of, vendor, site) -> Guide:
    """The guide, after its command for the server."""
    guide = Guide(guide_of)
    guide.trust()
    vendor.publish(site.vendors)
    site.reach(TrustedIssuer.objects.get())
    return guide


@pytest.mark.parametrize(
    ("name", "vendor", "more"),
    [
        ("google", GOOGLE, ["/google/compute_engine/project_number:=217706947495"]),
        ("google", GOOGLE, ["email=exporter@acme-prod.iam.gserviceaccount.com", "email_verified:=true"]),
    ],
)
def test_further_conditions_that_a_guide_names_hold(site, name, vendor, more):
    guide = trusted_by(guide_of=name, vendor=vendor, site=site)
    for condition in more:
        assert f"--condition {condition}" in guide.text
    rule = [part for text in more for part in ("--condition", text)]
    again = [*guide.commands("trustissuer")[0], *rule]
    call_command("trustissuer", *again, stdout=io.StringIO(), stderr=io.StringIO())
    assert conditions_named(more) <= {row.claim for row in GrantRule.objects.get().conditions.all()}
    assert site.outcome(vendor.token()) == "accepted"


def test_github_environment_in_the_place_of_the_ref(site):
    guide = trusted_by("github-actions", GITHUB, site)
    answers = ["--answer environment=production", "--answer refs= --answer protected="]
    for answer in answers:
        assert f"`{answer}`" in guide.text
    answers = " ".join(answers).split()
    call_command(
        "trustissuer", *guide.commands("trustissuer")[0], *answers, stdout=io.StringIO(), stderr=io.StringIO()
    )
    elsewhere = {"ref": "refs/heads/feature", "ref_protected": "false"}
    assert site.outcome(GITHUB.token(elsewhere)) == "no_rule"
    assert site.outcome(GITHUB.token({**elsewhere, "environment": "production"})) == "accepted"


def test_github_releases_and_a_reusable_workflow(site):
    guide = trusted_by("github-actions", GITHUB, site)
    (workflow,) = re.findall(r"`--answer (workflow=\S+)`", guide.text)
    assert "`--answer refs=`" in guide.text
    answers = ["--answer", "refs=", "--answer", workflow]
    arguments = [*guide.commands("trustissuer")[0], *answers]
    call_command("trustissuer", *arguments, stdout=io.StringIO(), stderr=io.StringIO())
    tag = {"event_name": "release", "ref": "refs/tags/v1", "ref_type": "tag"}
    assert site.outcome(GITHUB.token(tag)) == "no_rule"
    called = {**tag, "job_workflow_ref": workflow.removeprefix("workflow=")}
    assert site.outcome(GITHUB.token(called)) == "accepted"
    assert site.outcome(GITHUB.token({**called, "ref_protected": "false"})) == "no_rule"


def test_entra_the_provisioning_service_authenticates(site):
    make_application("acme-provisioning")
    ENTRA_SCIM.publish(site.vendors)
    call_command("trustissuer", *Guide("entra-id").commands("trustissuer")[1], stdout=io.StringIO())
    site.reach(TrustedIssuer.objects.get())
    assert site.outcome(ENTRA_SCIM.token(), is_client=True) == "accepted"
    token = get_access_token_model().objects.get()
    assert (token.application.client_id, token.user) == ("acme-provisioning", None)


def conditions_named(texts: list[str]) -> set[str]:
    return {text.partition("=")[0].rstrip(":") for text in texts}


# The other side: its files are read and its scripts run, by bash and curl that find the hosts here.


class PlainServer(JwksServer):
    """A server without TLS, as metadata servers are."""

    def _secured(self, listener: Any) -> Any:
        return listener


@pytest.fixture
def metadata_server() -> Iterator[JwksServer]:
    with PlainServer() as server:
        yield server


@pytest.fixture
def reader(site, ca_file, tmp_path, metadata_server):
    """A folder where curl finds the hosts of the guides on this machine."""
    places = {
        "as.example.com:443": site.port,
        "sso.acme.example:443": site.vendors.port,
        "pipelines.actions.githubusercontent.com:443": site.vendors.port,
        "metadata.google.internal:80": metadata_server.port,
        "169.254.169.254:80": metadata_server.port,
    }
    lines = [f'connect-to = "{host}:127.0.0.1:{port}"' for host, port in places.items()]
    (tmp_path / ".curlrc").write_text("\n".join([f'cacert = "{ca_file}"', 'noproxy = "*"', *lines]))
    return tmp_path


def assert_one_token(scope: str = "deployments:read") -> None:
    assert get_access_token_model().objects.get().scope == scope
    assert Decision.objects.get().outcome == "accepted"


@needs_curl
def test_github_the_workflow_gets_a_token(site, reader):
    guide = trusted_by("github-actions", GITHUB, site)
    job = guide.yaml()["jobs"]["deploy"]
    assert job["permissions"] == {"id-token": "write"}
    assert guide.yaml()["permissions"] == {}
    # Just this audience: any other request finds nothing.
    place = f"//pipelines.actions.githubusercontent.com/42/idtoken?api-version=2.0&audience={AUDIENCE}"
    site.vendors.answers[place] = json_answer({"count": 1, "value": GITHUB.token()})
    (step,) = job["steps"]
    told = run_in(
        reader,
        step["run"],
        ACTIONS_ID_TOKEN_REQUEST_URL="https://pipelines.actions.githubusercontent.com/42/idtoken?api-version=2.0",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="of the job",
    )
    assert_one_token()
    assert told.startswith("::add-mask::")
    assert len(told.strip()) > len("::add-mask::")
    assert site.vendors.requests[0][1]["Authorization"] == "bearer of the job"


@needs_curl
def test_gitlab_the_job_gets_a_token(site, reader):
    guide = trusted_by("gitlab-ci", GITLAB, site)
    job = guide.yaml()["deploy"]
    token = GITLAB.token({"aud": job["id_tokens"]["ASSERTION"]["aud"]})
    run_in(reader, "\n".join(job["script"]), ASSERTION=token)
    assert_one_token()
    assert json.loads((reader / "token.json").read_text())["token_type"] == "Bearer"


@needs_curl
def test_kubernetes_the_pod_gets_a_token(site, reader):
    guide = trusted_by("kubernetes", KUBERNETES, site)
    pod = guide.yaml()
    (container,), (volume,) = pod["spec"]["containers"], pod["spec"]["volumes"]
    (mount,), (source,) = container["volumeMounts"], volume["projected"]["sources"]
    assert mount["name"] == volume["name"]
    projected = source["serviceAccountToken"]
    account = f"system:serviceaccount:{pod['metadata']['namespace']}:{pod['spec']['serviceAccountName']}"
    life = projected["expirationSeconds"]
    assert life == KUBERNETES.lifetime
    (reader / projected["path"]).write_text(
        KUBERNETES.token({"aud": [projected["audience"]], "sub": account})
    )
    script = container["args"][0]
    assert f"{mount['mountPath']}/{projected['path']}" in script
    answer = run_in(reader, script.replace(mount["mountPath"], str(reader)))
    assert json.loads(answer)["scope"] == "deployments:read"
    assert_one_token()


def test_kubernetes_keys_are_reached_from_outside_the_cluster(site):
    guide = trusted_by("kubernetes", KUBERNETES, site)
    del site.vendors.answers[place_of(KUBERNETES.metadata_url)]
    assert site.post(KUBERNETES.token()).status_code == 503
    call_command("trustissuer", *guide.commands("trustissuer")[1], stdout=io.StringIO())
    assert site.outcome(KUBERNETES.token()) == "accepted"


def test_kubernetes_keys_are_shown_to_a_service_account_alone(site, settings, tmp_path):
    guide = trusted_by("kubernetes", KUBERNETES, site)
    call_command("trustissuer", *guide.commands("trustissuer")[1], stdout=io.StringIO())
    keys = place_of(KUBERNETES.jwks_uri)
    public = site.vendors.answers[keys]
    site.vendors.answers[keys] = lambda sent: (
        public if sent.get("Authorization") == "Bearer abc" else Answer(status=401)
    )
    with pytest.raises(CommandError):
        call_command("refreshkeys", stdout=io.StringIO(), stderr=io.StringIO())
    setting = ast.literal_eval(guide.block("python").partition("OAUTH_JWT_GRANT = ")[2])
    ((origin, _),) = setting["FETCH_TOKEN_FILES"].items()
    (tmp_path / "token").write_text("abc\n")
    files = {origin: str(tmp_path / "token")}
    settings.OAUTH_JWT_GRANT = {**settings.OAUTH_JWT_GRANT, "FETCH_TOKEN_FILES": files}
    call_command("refreshkeys", stdout=io.StringIO())
    assert site.outcome(KUBERNETES.token()) == "accepted"


def test_kubernetes_keys_are_given_where_the_api_server_is_out_of_reach(site, tmp_path):
    guide = trusted_by("kubernetes", KUBERNETES, site)
    (tmp_path / "jwks.json").write_text(
        json.dumps({"keys": [KUBERNETES.published(KUBERNETES.signing_key())]})
    )
    call_command("trustissuer", *guide.commands("trustissuer")[2], stdout=io.StringIO())
    site.vendors.answers.clear()
    assert site.outcome(KUBERNETES.token()) == "accepted"


@needs_curl
def test_google_the_machine_gets_a_token(site, reader, metadata_server):
    guide = trusted_by("google", GOOGLE, site)
    query = urlencode({"audience": AUDIENCE, "format": "full"}, safe=":/")
    place = f"/computeMetadata/v1/instance/service-accounts/default/identity?{query}"
    token = GOOGLE.token().encode()
    metadata_server.answers[place] = lambda headers: google_metadata(headers, token)
    assert json.loads(run_in(reader, guide.block("sh")))["scope"] == "deployments:read"
    assert_one_token()


def google_metadata(headers, token):
    return Answer(token) if headers.get("Metadata-Flavor") == "Google" else Answer(status=403)


@needs_curl
def test_entra_the_managed_identity_gets_a_token(site, reader, metadata_server):
    guide = trusted_by("entra-id", ENTRA, site)
    resource = f"api://{ENTRA.claims['aud']}"
    place = f"/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}"
    metadata_server.answers[place] = json_answer({"access_token": ENTRA.token(), "resource": resource})
    assert json.loads(run_in(reader, guide.block("sh")))["scope"] == "deployments:read"
    assert_one_token()
    assert metadata_server.requests[0][1]["Metadata"] == "true"


@needs_curl
def test_keycloak_the_client_gets_a_token(site, reader):
    guide = trusted_by("keycloak", KEYCLOAK, site)
    client = guide.json()
    assert client["serviceAccountsEnabled"] is True
    assert client["clientId"] == KEYCLOAK.answers["client"]
    (mapper,) = client["protocolMappers"]
    audience = mapper["config"]["included.custom.audience"]
    place = "//sso.acme.example/realms/production/protocol/openid-connect/token"
    site.vendors.answers[place] = json_answer(
        {"access_token": KEYCLOAK.token({"aud": [audience, "account"]})}
    )
    answer = run_in(reader, guide.block("sh"), SECRET="of the client")
    assert json.loads(answer)["scope"] == "deployments:read"
    assert_one_token()
