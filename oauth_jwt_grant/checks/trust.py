"""Whether what is stored can grant anything. It reads the database, so it runs with ``check --database``."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Warning
from django.db import Error, router, transaction
from django.db.models import prefetch_related_objects

from .messages import CheckId

#: Issuers that are examined at once, and findings that are reported.
_BATCH, _MOST = 200, 100


def check_trust(
    app_configs: Any = None, databases: Collection[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Each enabled issuer, and each of its enabled rules, can grant what it says, and has keys."""
    if not databases or not apps.is_installed("oauth2_provider"):
        return []
    alias = router.db_for_write(apps.get_model("oauth_jwt_grant.TrustedIssuer"))
    if alias not in databases:
        return []
    try:
        with transaction.atomic(using=alias):
            found = list(_findings())
    except Error:  # before the first `migrate`, which runs this check, there are no tables
        return []
    more = [_warning(f"{len(found) - _MOST} more findings.")] if len(found) > _MOST else []
    return [*map(_warning, found[:_MOST]), *more]


def _findings() -> Iterator[str]:
    # Without django-oauth-toolkit these cannot be imported, and another check says so.
    from ..models import TrustedIssuer, written
    from ..trust import failing_keys, obstacles_of_each

    now = time.time()
    issuers = list(written(TrustedIssuer).filter(enabled=True).order_by("pk"))
    for start in range(0, len(issuers), _BATCH):
        batch = issuers[start : start + _BATCH]
        prefetch_related_objects(batch, "fetched_keys")
        for issuer, obstacles in zip(batch, obstacles_of_each(batch), strict=True):
            texts = (*(obstacle.text for obstacle in obstacles), *failing_keys(issuer, now))
            yield from (f"{issuer} ({issuer.issuer}): {text}" for text in texts)


def _warning(text: str) -> CheckMessage:
    hint = "The page of the issuer in the admin and `manage.py checkissuers` say the same."
    return Warning(text, hint=hint, id=CheckId.DEAD_TRUST)
