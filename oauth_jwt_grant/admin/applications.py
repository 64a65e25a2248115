"""The admin class of applications for sites that have none of their own.

Nothing of this package imports this module: django-oauth-toolkit does, while its own admin is being loaded,
if ``APPLICATION_ADMIN_CLASS`` names the class. A class of the site's own takes
:class:`~.application_trust.ApplicationTrustMixin`, which can be imported at any time.
"""

from __future__ import annotations

from ..dot import ApplicationAdmin
from .application_trust import ApplicationTrustMixin


class JWTBearerApplicationAdmin(ApplicationTrustMixin, ApplicationAdmin):  # type: ignore[misc]
    """django-oauth-toolkit's page of an application, and which issuers' assertions it may present."""

    # Without one, the search for applications would be paged through in no order.
    ordering = ("name", "pk")
