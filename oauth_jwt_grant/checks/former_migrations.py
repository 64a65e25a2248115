"""Whether the tables were made by the migrations from before 0.1.0, of which one is left."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.db import Error as DatabaseFailed
from django.db import connections, router, transaction
from django.db.migrations.recorder import MigrationRecorder

from .messages import CheckId

APP = "oauth_jwt_grant"
#: What the main branch had before 0.1.0 besides ``0001_initial``, which has everything now. No other
#: migration may ever have one of these names.
FORMER = frozenset(
    {
        "0002_key_first_seen",
        "0003_decision_export",
        "0004_grantrule_require_dpop",
        "0005_exact_key_id",
        "0006_registered_becomes_listed",
        "0007_order_by_id",
        "0008_accepted_as",
        "0009_plain_labels",
        "0010_scope_claim_name",
        "0011_key_failure",
        "0012_condition_operators",
        "0013_database_defaults",
        "0014_issued_after",
        "0015_shared_issuers",
        "0016_rules_stay",
        "0017_created_users",
        "0018_subject_claim",
        "0019_constraints_speak",
        "0020_indexes_of_the_log",
        "0021_names_of_relations",
    }
)
#: The last commit that has them.
LAST_COMMIT = "77863fcd750df1699bb8d1e26ee9e70a8b4c78de"
#: The last column that one of them has added: a database without it has not had all of them.
_LAST_COLUMN = ("oauth_jwt_grant_grantrule", "require_resource")


def check_former_migrations(
    app_configs: Any = None, databases: Collection[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Each database has had all migrations from before 0.1.0, or none, and says so.

    To Django, ``0001_initial`` is applied where the former migration of that name is.
    """
    if not databases or not apps.is_installed("oauth2_provider"):
        return []
    model = apps.get_model(APP, "GrantRule")
    found = (_look(alias) for alias in sorted(databases) if router.allow_migrate_model(alias, model))
    return [message for message in found if message is not None]


def _look(alias: str) -> CheckMessage | None:
    try:
        with transaction.atomic(using=alias):
            recorded = MigrationRecorder(connections[alias]).applied_migrations()
            applied = {name for app, name in recorded if app == APP}
            if not applied:
                return None
            whole = _has_last_column(alias)
    except DatabaseFailed:  # it cannot be reached, or lacks tables that it says it has: `migrate` fails too
        return None
    former = applied & FORMER
    if whole and former in (frozenset(), FORMER):
        return _prunable(alias) if former else None
    return _incomplete(alias, max(former, default="0001_initial"))


def _has_last_column(alias: str) -> bool:
    table, wanted = _LAST_COLUMN
    connection = connections[alias]
    with connection.cursor() as cursor:
        return wanted in {
            column.name for column in connection.introspection.get_table_description(cursor, table)
        }


def _prunable(alias: str) -> CheckMessage:
    return Warning(
        f"The tables of the database {alias!r} are up to date; it still lists migrations from before 0.1.0.",
        hint=f"manage.py migrate {APP} --prune --database {alias}",
        id=CheckId.FORMER_MIGRATIONS,
    )


def _incomplete(alias: str, last: str) -> CheckMessage:
    return Error(
        f"The database {alias!r} has the migrations from before 0.1.0 up to {last} alone. It lacks what the "
        "later ones did, and this version cannot add it.",
        hint=f"Run manage.py migrate with the commit {LAST_COMMIT}, then come back to this version. The page "
        '"From main to 0.1.0" of the documentation has each step.',
        id=CheckId.INCOMPLETE_MIGRATIONS,
    )
