"""The client policy ``registered`` goes: its rules list the applications that an operator has registered."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.db.models.signals import post_migrate, pre_migrate
from oauth2_provider.settings import oauth2_settings

# Django gives a migration neither. The command `migrate` sends them with its signals, after it has loaded
# this module and before it runs it.
_DEFAULTS: dict[str, Any] = {"verbosity": 1, "stdout": None}
_command = dict(_DEFAULTS)


def _note_command(verbosity: int, stdout: Any = None, **kwargs: Any) -> None:
    _command.update(verbosity=verbosity, stdout=stdout)


def _forget_command(**kwargs: Any) -> None:
    _command.update(_DEFAULTS)


pre_migrate.connect(_note_command)
post_migrate.connect(_forget_command)


def registered_becomes_listed(apps: Any, schema_editor: Any) -> None:
    """Give the rules with the policy ``registered`` the policy ``listed`` and its applications."""
    alias = schema_editor.connection.alias
    rule_model = apps.get_model("oauth_jwt_grant", "GrantRule")
    registered = rule_model._base_manager.using(alias).filter(client_policy="registered")
    rules = list(registered.select_related("issuer").order_by("pk"))
    if not rules:
        return
    applications = list(_applications_of_operators(apps, alias))
    listing = rule_model._meta.get_field("applications")
    # Not by the rule's own manager: that asks the site's routers which database is meant.
    rows = listing.remote_field.through._base_manager.using(alias)
    # What these rules listed before had no effect under their old policy, so it gets none now.
    rows.filter(**{f"{listing.m2m_field_name()}__in": rules}).delete()
    names = f"{listing.m2m_field_name()}_id", f"{listing.m2m_reverse_field_name()}_id"
    pairs = ((rule.pk, application.pk) for rule in rules for application in applications)
    rows.bulk_create([rows.model(**dict(zip(names, pair, strict=True))) for pair in pairs], batch_size=1000)
    registered.update(client_policy="listed")
    for rule in rules:
        _say(rule, applications)


def _applications_of_operators(apps: Any, alias: str) -> Any:
    """The applications without an owner, or with one who is staff or superuser, but none that registered itself.

    The owner counts because django-oauth-toolkit marks what its users make on its pages as ``manual`` too.
    """
    model = apps.get_model(oauth2_settings.APPLICATION_MODEL)
    owned = Q(user=None)
    for flag in {"is_staff", "is_superuser"} & _columns(apps.get_model(settings.AUTH_USER_MODEL)):
        owned |= Q(**{f"user__{flag}": True})
    found = model._base_manager.using(alias).filter(owned)
    if "registration_source" in _columns(model):
        found = found.filter(registration_source="manual")
    return found.order_by("client_id")


def _columns(model: Any) -> set[str]:
    return {field.name for field in model._meta.concrete_fields}


def _say(rule: Any, applications: list[Any]) -> None:
    if _command["verbosity"] < 1:
        return
    # Escaped: these names may hold what a terminal obeys or its encoding lacks.
    names = ", ".join(ascii(application.client_id) for application in applications) or "no application"
    out = _command["stdout"] or sys.stdout
    out.write(f"\n    The rule {rule.name!a} of {rule.issuer.issuer!a} lists from now on: {names}\n")


class Migration(migrations.Migration):
    """Data, then the choices of the field."""

    dependencies = [
        ('oauth_jwt_grant', '0005_exact_key_id'),
        # It adds the column registration_source.
        ('oauth2_provider', '0019_application_registration_source'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        migrations.swappable_dependency(oauth2_settings.APPLICATION_MODEL),
    ]

    operations = [
        # Which applications a rule listed before is not kept, so there is nothing to go back to.
        migrations.RunPython(registered_becomes_listed, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name='grantrule',
            name='client_policy',
            field=models.CharField(choices=[('listed', 'the applications listed below'), ('anonymous', 'anybody, also without an application')], default='listed', max_length=16, verbose_name='clients'),
        ),
    ]
