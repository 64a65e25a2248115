"""The log is found by subject, key ID, jti, reason and application, each with the newest first."""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("oauth_jwt_grant", "0019_constraints_speak"),
    ]

    operations = [
        # First: MariaDB lets no foreign key be without an index.
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["issuer", "time", "outcome", "reason"], name="oauth_jwt_grant_by_issuer"),
        ),
        migrations.RemoveIndex(model_name="decision", name="oauth_jwt_grant_by_outcome"),
        migrations.RemoveIndex(model_name="decision", name="oauth_jwt_grant_by_subject"),
        migrations.AlterField(
            model_name="decision",
            name="time",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="time"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["time", "accepted_as"], name="oauth_jwt_grant_by_time"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["application", "time"], name="oauth_jwt_grant_by_application"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["reason", "time"], name="oauth_jwt_grant_by_reason"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["kid", "time"], name="oauth_jwt_grant_by_kid"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["jti_digest"], name="oauth_jwt_grant_by_jti"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=["subject", "time"],
                name="oauth_jwt_grant_by_subject",
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="linkedsubject",
            index=models.Index(
                fields=["subject"], name="oauth_jwt_grant_linked", opclasses=["varchar_pattern_ops"]
            ),
        ),
    ]
