"""Links to pages that a site may have left out of its admin."""

from __future__ import annotations

from django.contrib import admin

from oauth_jwt_grant.admin.shared import list_url
from oauth_jwt_grant.models import Decision, IssuerKeys


def test_list_that_is_not_in_the_admin_has_no_url():
    assert list_url(admin.site, IssuerKeys) is None
    assert list_url(admin.site, Decision) == "/admin/oauth_jwt_grant/decision/"
