"""The README's walk and the tutorials: their steps, and what needs no process of its own, word for word."""

from __future__ import annotations

import io
import json
import re
import shlex
from pathlib import Path

import pytest
from django.core.management import call_command

from oauth_jwt_grant.grant import GRANT_TYPE
from oauth_jwt_grant.models import Decision, TrustedIssuer
from oauth_jwt_grant.testing import TestIssuer
from tests.walk import blocks_of

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TUTORIALS = ROOT / "docs" / "tutorials"
FIRST_TOKEN = (TUTORIALS / "first-token.md").read_text()
GITHUB = (TUTORIALS / "github-actions.md").read_text()
#: From the first step to the links.
WALK = README.partition("\n## Ten minutes to a protected API call\n")[2].partition("\n## Next\n")[0]


def test_walk_has_its_steps():
    languages = [language for _, language, _ in blocks_of(WALK)]
    assert languages.count("python") == 2
    assert [json.loads(block) for _, language, block in blocks_of(WALK) if language == "json"]


def test_first_tutorial_has_the_readmes_walk():
    start, end = re.findall(r'^:(?:start-after|end-before): "(.+)"$', FIRST_TOKEN, re.M)
    assert README.partition(f"\n{start}\n")[2].partition(f"\n{end}\n")[0] == WALK


def test_readme_is_short():
    assert len(README.split()) <= 900


@pytest.mark.django_db
def test_github_tutorial_gives_main_a_token_and_explains_why_a_branch_gets_none(client, settings):
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"SCOPES": {"deployments:read": "See deployments"}}
    application, trust, feature = (block for _, language, block in blocks_of(GITHUB) if language == "sh")
    call(application)
    call(trust)
    issuer = TestIssuer(
        "https://token.actions.githubusercontent.com", "repo:acme-org/deploy:ref:refs/heads/main"
    )
    TrustedIssuer.objects.update(
        key_source="inline", discovery_url="", jwks=issuer.jwks, algorithms=["ES256"]
    )
    claims = {"repository_owner_id": "90210", "repository_id": "770123456", "event_name": "push"}
    (request,) = re.findall(r"^ +curl -sS (https.*\n(?: .*\n)+)", GITHUB, re.M)
    form = dict(re.findall(r'-d (\w+)="?([^"\s]+)', request))

    def ask(ref: str) -> dict[str, str]:
        protected = "true" if ref == "refs/heads/main" else "false"
        assertion = issuer.mint(ref=ref, ref_protected=protected, **claims)
        return issuer.post(assertion, client_id=form["client_id"]).json()

    assert form == {"grant_type": GRANT_TYPE, "client_id": "deploy-tool", "assertion": "$JWT"}
    assert ask("refs/heads/main")["scope"] == "deployments:read"
    (answer,) = (json.loads(block) for _, language, block in blocks_of(GITHUB) if language == "json")
    assert ask("refs/heads/feature")["error_description"] == answer
    (detail,) = re.findall(r"^```text\n(.*)\n```", GITHUB, re.M)
    assert Decision.objects.latest("pk").detail == detail
    call(feature)
    assert ask("refs/heads/feature")["scope"] == "deployments:read"


def call(block: str) -> None:
    """Run the block's one command, ``python manage.py ...``."""
    _, _, *arguments = shlex.split(block.replace("\\\n", " "))
    call_command(*arguments, stdout=io.StringIO())
