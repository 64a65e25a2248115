"""rclone and restic, by the programs of the manual: a token, and with it what a bucket holds."""

from __future__ import annotations

import json

import pytest

from oauth_jwt_grant.models import Decision, GrantRule

from . import bucket
from .programs import is_pinned
from .sent import SENT, sent
from .tunnel import tunnel

REPORT = {"backup": "done"}


@pytest.fixture
def storage(site, settings, monkeypatch):
    """A site with a bucket, and the scope by which Google names access to it."""
    settings.ROOT_URLCONF = "tests.clients.bucket"
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "storage.googleapis.com"]
    settings.OAUTH2_PROVIDER = settings.OAUTH2_PROVIDER | {"SCOPES": {bucket.SCOPE: "Storage"}}
    monkeypatch.setattr(bucket, "OBJECTS", {})
    (site.folder / "report.json").write_text(json.dumps(REPORT))
    return site


def assert_granted(storage) -> None:
    """One token for the service account, with Google's scope; its assertion has no ``jti``."""
    if is_pinned("sh"):
        assert sent(storage.last) == SENT["restic"]
    decision = Decision.objects.get()
    assert (decision.outcome, decision.scope) == ("accepted", bucket.SCOPE)
    assert decision.subject == "nightly@service-accounts.localhost"
    assert storage.repeat()[0] == 200


def test_rclone(storage, needs):
    needs("$rclone")
    storage.set_up("rclone")
    bucket.OBJECTS["report.json"] = (storage.folder / "report.json").read_bytes()
    assert storage.answer("rclone", "sh") == REPORT
    assert_granted(storage)


def test_restic(storage, needs):
    needs("$restic")
    storage.set_up("restic")
    for arguments in (["init"], ["backup", "report.json"]):
        done = storage.run("restic", "-q", "-r", "here", *arguments, RESTIC_PASSWORD="a secret")
        assert done.returncode == 0, done.stderr
    here = storage.folder / "here"
    files = [path for path in here.rglob("*") if path.is_file()]
    bucket.OBJECTS.update((path.relative_to(here).as_posix(), path.read_bytes()) for path in files)
    with tunnel(storage.port) as proxy:
        done = storage.run_program("restic", "sh", HTTPS_PROXY=proxy)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == REPORT
    assert_granted(storage)


@pytest.mark.parametrize(("title", "command"), [("rclone", "$rclone"), ("restic", "$restic")])
def test_a_refusal_reaches_the_user(storage, needs, title, command):
    """What the user reads is the site's own words."""
    needs(command)
    storage.set_up(title)
    GrantRule.objects.update(enabled=False)
    with tunnel(storage.port) as proxy:
        done = storage.run_program(title, "sh", HTTPS_PROXY=proxy)
    assert done.returncode != 0
    assert "does not entitle its bearer to a token here" in done.stderr
    assert set(Decision.objects.values_list("outcome", flat=True)) == {"refused"}
