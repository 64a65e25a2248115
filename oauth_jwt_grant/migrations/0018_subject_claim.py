"""Rules for linked subjects read ``subject_claim``; it had no effect for them before, so it becomes ``sub``."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

import oauth_jwt_grant.fields


def linked_by_sub(apps: Any, schema_editor: Any) -> None:
    """Have the rules that look for a linked subject look for ``sub``, as until now."""
    rules = apps.get_model("oauth_jwt_grant", "GrantRule")._base_manager.using(schema_editor.connection.alias)
    rules.filter(subject_policy__in=["linked", "provision"]).exclude(subject_claim="sub").update(subject_claim="sub")


class Migration(migrations.Migration):
    dependencies = [
        ("oauth_jwt_grant", "0017_created_users"),
    ]

    operations = [
        migrations.AddField(
            model_name="grantrule",
            name="require_resource",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="If on, an assertion without the claim resource is refused, as in MCP's enterprise profile. The token is bound to what the claim names of the resources.",
                verbose_name="require a resource in the assertion",
            ),
        ),
        migrations.AlterField(
            model_name="grantrule",
            name="subject_claim",
            field=models.CharField(
                blank=True,
                default="sub",
                help_text="What names the person: a name or a JSON Pointer. A subject is linked as claim:NAME:VALUE if this is not sub.",
                max_length=255,
                verbose_name="claim",
            ),
        ),
        migrations.AlterField(
            model_name="linkedsubject",
            name="subject",
            field=oauth_jwt_grant.fields.ExactCharField(
                help_text="The exact value of sub. Where a rule reads another claim: claim:NAME:VALUE.",
                max_length=512,
                verbose_name="subject",
            ),
        ),
        migrations.RunPython(linked_by_sub, migrations.RunPython.noop),
    ]
