"""System checks: each missing or contradicting piece of the installation, with the line that fixes it.

An error reports a contradiction, a warning something that works less well than it could.
Advice that only matters for a site in production comes with ``check --deploy``. One
reads the database, is tagged ``database`` and runs with ``check --database default`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.core import checks
from django.core.checks import CheckMessage, Tags

from ..languages import in_english
from . import (
    configuration,
    dpop,
    endpoints,
    fetching,
    former_migrations,
    metadata,
    own_clients,
    site,
    trust,
    users,
    wiring,
)
from .messages import CheckId

_Check = Callable[..., Sequence[CheckMessage]]


class Registration(NamedTuple):
    """A check, its tag, and whether it runs only with ``--deploy``."""

    check: _Check
    tag: str
    deploy: bool = False


_CHECKS = (
    Registration(wiring.check_installed_apps, Tags.compatibility),
    Registration(wiring.check_classes, Tags.security),
    Registration(wiring.check_classes_of_views, Tags.security),
    Registration(wiring.check_oidc_server, Tags.compatibility),
    Registration(configuration.check_names, Tags.security),
    Registration(configuration.check_values, Tags.security),
    Registration(configuration.check_algorithms, Tags.security),
    Registration(configuration.check_paths, Tags.security),
    Registration(site.check_audiences, Tags.security),
    Registration(site.check_audiences_are_set, Tags.security, deploy=True),
    Registration(site.check_cache_alias, Tags.caches),
    Registration(site.check_cache_is_shared, Tags.caches, deploy=True),
    Registration(site.check_proof_cache, Tags.caches, deploy=True),
    Registration(site.check_one_database, Tags.models),
    Registration(site.check_token_reads, Tags.models),
    Registration(site.check_sqlite, Tags.models),
    Registration(site.check_vendor, Tags.models),
    Registration(site.check_upload_limit, Tags.security),
    Registration(fetching.check_proxy, Tags.security),
    Registration(fetching.check_who_decides, Tags.security, deploy=True),
    Registration(fetching.check_token_files, Tags.security),
    Registration(users.check_provisioner, Tags.models),
    Registration(dpop.check_extra_token, Tags.security),
    Registration(dpop.check_introspection, Tags.security),
    Registration(dpop.check_resource_validator, Tags.security),
    Registration(dpop.check_origins, Tags.security),
    Registration(metadata.check_grant_is_published, Tags.urls),
    Registration(metadata.check_metadata_view, Tags.urls, deploy=True),
    Registration(metadata.check_metadata_is_found, Tags.urls, deploy=True),
    Registration(endpoints.check_token_view, Tags.urls),
    Registration(trust.check_trust, Tags.database),
    Registration(own_clients.check_own_assertions, Tags.database),
    Registration(former_migrations.check_former_migrations, Tags.database),
)

#: Every check of this app, with its messages in English, as all of Django's are.
CHECKS = tuple(one._replace(check=in_english()(one.check)) for one in _CHECKS)

__all__ = ["CHECKS", "CheckId", "Registration", "register_checks"]


def register_checks() -> None:
    """Register :data:`CHECKS` with Django; to be called from ``AppConfig.ready()``."""
    for check, tag, deploy in CHECKS:
        register: Any = checks.register(tag, deploy=deploy)
        register(check)
