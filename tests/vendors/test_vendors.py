"""For each vendor: the right workload gets a token, over HTTPS and by the preset, and nobody beside it."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial

import pytest
from django.core.management import call_command

from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.presets import all_presets, apply, get_preset
from oauth_jwt_grant.rules import condition_of
from oauth_jwt_grant.trust import obstacles_of
from tests.factories import DROP

from .every import VENDORS
from .vendor import other_key, place_of

#: Issuers of the same preset with other keys, names or lives; what is refused is tried on the first.
VARIANTS = {"eks", "aks", "entra-managed-identity", "entra-v1"}
every = pytest.mark.parametrize("vendor", VENDORS, ids=str)
one_of_each = pytest.mark.parametrize(
    "vendor", {vendor.preset: vendor for vendor in VENDORS}.values(), ids=str
)


@pytest.mark.standard("H-13", "H-14")
@every
def test_the_right_workload_is_let_in_and_no_neighbour(site, vendor):
    issuer, outcome = site.trust(vendor), partial(site.outcome, is_client=vendor.is_client)
    assert not obstacles_of(issuer)
    assert outcome(vendor.token()) == "accepted"
    reasons = {name: outcome(vendor.token_of(one)) for name, one in vendor.neighbours.items()}
    assert reasons == {name: str(one.reason) for name, one in vendor.neighbours.items()}
    assert outcome(vendor.token()) == "accepted"
    # Metadata and keys were fetched once for all of that, besides what unknown key IDs asked for.
    asked = [path for path, _ in site.vendors.requests]
    unknown = any(one.kid and one.kid != vendor.kid for one in vendor.neighbours.values())
    assert len(asked) <= (4 if unknown else 2)
    assert place_of(vendor.metadata_url).partition("//")[2].partition("/")[2] in asked[0]


@every
def test_a_token_is_good_as_often_and_as_long_as_the_platform_hands_it_out(site, vendor):
    issuer, outcome = site.trust(vendor), partial(site.outcome, is_client=vendor.is_client)
    token = vendor.token()
    assert outcome(token) == "accepted"
    assert outcome(token) == ("accepted" if vendor.reused else "replayed")
    assert outcome(vendor.token(age=0.95 * vendor.lifetime)) == "accepted"
    assert outcome(vendor.token(age=vendor.lifetime + 60)) == "expired"
    overlong = replace(vendor, lifetime=(issuer.max_lifetime or 0) + 60)
    assert outcome(overlong.token()) == "lifetime"


@one_of_each
def test_keys_are_rotated_in_the_middle(site, vendor):
    issuer, outcome = site.trust(vendor), partial(site.outcome, is_client=vendor.is_client)
    old, new = vendor.signing_key(), vendor.signing_key(_new_key_for(vendor), "key-2")
    assert outcome(vendor.token()) == "accepted"
    vendor.publish(site.vendors, old, new)
    assert outcome(vendor.token(key=new)) == "accepted"
    assert outcome(vendor.token(key=old)) == "accepted"
    assert set(Decision.objects.values_list("kid", flat=True)) == {vendor.kid, "key-2"}
    # And the old one withdrawn.
    vendor.publish(site.vendors, new)
    call_command("refreshkeys", issuer=issuer.issuer, stdout=io.StringIO())
    assert outcome(vendor.token(key=old)) == "no_such_key"
    assert outcome(vendor.token(key=new)) == "accepted"


@pytest.mark.parametrize("vendor", [one for one in VENDORS if one.name not in VARIANTS], ids=str)
def test_each_condition_of_a_preset_keeps_somebody_out_by_itself(vendor):
    """So that none is idle, and none could be lost unseen."""
    rows = apply(get_preset(vendor.preset), vendor.answers).conditions
    asked = [condition_of(row.claim, row.operator, row.values) for row in rows]
    failing = []
    for neighbour in vendor.neighbours.values():
        claims = {**vendor.claims, **neighbour.claims}
        claims = {name: value for name, value in claims.items() if value is not DROP}
        failing.append([condition.claim for condition in asked if not condition.holds(claims)])
    alone = {claims[0] for claims in failing if len(claims) == 1}
    assert alone == {condition.claim for condition in asked}


def _new_key_for(vendor):
    """A key of the vendor's kind: what follows an RSA key is an RSA key."""
    return other_key if vendor.key().alg == "RS256" else vendor.key


def test_every_preset_with_claims_of_its_own_has_a_look_alike_but_these():
    generic = {"service-account", "x5c", "oidc", "jwks-url"}
    assert {preset.key for preset in all_presets()} - {vendor.preset for vendor in VENDORS} == generic
