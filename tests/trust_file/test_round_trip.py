"""Export followed by apply changes nothing, and builds the same trust in an empty database."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from datetime import timezone as zone

import pytest
from django.utils import timezone

from oauth_jwt_grant.models import ClaimCondition, GrantRule, TrustedIssuer
from oauth_jwt_grant.trust_file.reading import filled_in
from oauth_jwt_grant.trust_file.schema import CONDITIONS, ISSUERS, LINKS, RULES
from oauth_jwt_grant.trust_file.writing import toml
from tests.trust_file.conftest import HARD


@pytest.fixture
def exported(run, filled, tmp_path):
    result = run("exporttrust", "--links")
    assert result.status == 0
    path = tmp_path / "trust.toml"
    path.write_text(result.out, encoding="utf-8", newline="")
    return path


def test_every_column_is_filled_and_written(filled, exported):
    """A new column has to be filled in ``conftest``: else its way into the file is not tested."""
    document = tomllib.loads(exported.read_text(encoding="utf-8"))
    issuer = document["issuers"][0]
    rule = next(rule for rule in issuer["rules"] if rule["name"] == "all of it")
    assert issuer.keys() >= ISSUERS.columns.keys()
    assert rule.keys() >= RULES.columns.keys()
    assert {key for condition in rule["conditions"] for key in condition} == CONDITIONS.columns.keys()
    assert issuer["links"][0].keys() == LINKS.columns.keys()


def test_an_apply_of_the_export_changes_nothing(run, exported):
    result = run("applytrust", str(exported), "--prune", "--dry-run")
    assert (result.status, result.out) == (0, "0 to add, 0 to change, 0 to remove.\n")


def test_the_export_is_stable(run, exported):
    assert run("exporttrust", "--links").out == exported.read_text(encoding="utf-8")


def test_an_export_builds_the_same_trust_elsewhere(run, filled, exported):
    # What is not valid on purpose in this database would be refused as a row that changes.
    TrustedIssuer.objects.update(trust_anchors="", ca_bundle="", certificate_bindings=[])
    text = run("exporttrust", "--links").out
    exported.write_text(text, encoding="utf-8", newline="")
    TrustedIssuer.objects.all().delete()
    result = run("applytrust", str(exported))
    assert (result.status, result.err) == (0, result.err)
    assert run("exporttrust", "--links").out == text
    assert ClaimCondition.objects.count() == 3
    assert GrantRule.objects.get(name="all of it").applications.count() == 2
    assert run("applytrust", str(exported), "--dry-run").status == 0


@pytest.mark.parametrize(
    "value",
    [
        HARD,
        "\t\u2028\x7f",
        "",
        "\n",
        "a\nb",
        '"""\n"""',
        "\r\n",
        "\\",
        True,
        0,
        -1,
        10**30,
        1.5,
        1e22,
        [],
        {},
        {"a.b": [{}]},
    ],
    ids=repr,
)
def test_toml_is_read_back_as_it_was(value):
    read = tomllib.loads(f"key = {toml(value)}")["key"]
    assert repr(filled_in(read)) == repr(value)


@pytest.mark.parametrize("value", [None, [None], {"a": None}, float("nan"), "\ud800", "a\0"], ids=ascii)
def test_what_no_file_can_have_is_refused(value):
    with pytest.raises(ValueError, match="has no"):
        toml(value)


NOON = datetime(2030, 1, 31, 12)
EAST = zone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("use_tz", "given", "stored"),
    [
        (True, NOON, NOON.replace(tzinfo=EAST)),
        (True, NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=UTC)),
        (False, NOON, NOON),
        (False, NOON.replace(tzinfo=UTC), NOON.replace(hour=14)),
    ],
)
def test_a_moment_is_in_the_time_zone_of_the_site_unless_it_says_another(settings, use_tz, given, stored):
    settings.USE_TZ = use_tz
    with timezone.override(EAST):
        assert ISSUERS.columns["valid_until"].parsed(given) == stored
