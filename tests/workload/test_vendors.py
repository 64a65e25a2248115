"""For each vendor: the right workload gets a token, over HTTPS and with the preset, and nobody beside it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oauth_jwt_grant.models import Decision
from oauth_jwt_grant.presets import all_presets, get_preset

from .vendor import other_key, place_of
from .vendors import VENDORS

every = pytest.mark.parametrize("vendor", VENDORS, ids=str)


@every
def test_the_right_workload_is_let_in_and_no_neighbour(site, vendor):
    site.trust(vendor)
    assert site.outcome(vendor.token()) == "accepted"
    reasons = {name: site.outcome(vendor.token_of(one)) for name, one in vendor.neighbours.items()}
    assert reasons == {name: str(one.reason) for name, one in vendor.neighbours.items()}
    assert site.outcome(vendor.token()) == "accepted"
    # Metadata and keys were fetched once for all of that, besides what unknown key ids asked for.
    asked = [path for path, _ in site.vendors.requests]
    unknown = any(one.kid and one.kid != vendor.kid for one in vendor.neighbours.values())
    assert len(asked) <= (4 if unknown else 2)
    assert place_of(vendor.metadata_url).partition("//")[2].partition("/")[2] in asked[0]


@every
def test_the_same_token_again_is_as_the_platform_hands_it_out(site, vendor):
    site.trust(vendor)
    token = vendor.token()
    first = site.outcome(token)
    again = site.outcome(token)
    assert (first, again) == ("accepted", "accepted" if vendor.reused else "replayed")
    assert vendor.reused == (get_preset(vendor.preset).replay_policy == "reusable" or not vendor.jti)


@every
def test_a_token_out_of_a_cache_is_good_until_it_ends(site, vendor):
    site.trust(vendor)
    assert site.outcome(vendor.token(age=0.95 * vendor.lifetime)) == "accepted"
    assert site.outcome(vendor.token(age=vendor.lifetime + 60)) == "expired"


@every
def test_a_token_that_lives_longer_than_the_vendor_lets_it_is_refused(site, vendor):
    issuer = site.trust(vendor)
    overlong = replace(vendor, lifetime=(issuer.max_lifetime or 0) + 60)
    assert site.outcome(overlong.token()) == "lifetime"


@every
def test_keys_are_rotated_in_the_middle(site, vendor):
    site.trust(vendor)
    old, new = vendor.signing_key(), vendor.signing_key(_new_key_for(vendor), "key-2")
    assert site.outcome(vendor.token()) == "accepted"
    vendor.publish(site.vendors, old, new)
    assert site.outcome(vendor.token(key=new)) == "accepted"
    assert site.outcome(vendor.token(key=old)) == "accepted"
    assert set(Decision.objects.values_list("kid", flat=True)) == {vendor.kid, "key-2"}


def _new_key_for(vendor):
    """A key of the vendor's kind: what follows an RSA key is an RSA key."""
    return other_key if vendor.key().alg == "RS256" else vendor.key


def test_there_is_a_vendor_for_each_preset_that_has_claims_of_its_own():
    generic = {preset.key for preset in all_presets() if "{" in preset.issuer and preset.pinned_by_keys}
    untested = {"oidc", "jwks-url", "id-jag", "okta", "auth0", "vercel", "fly", "bitbucket"}
    assert {preset.key for preset in all_presets()} - {vendor.preset for vendor in VENDORS} == generic | untested
