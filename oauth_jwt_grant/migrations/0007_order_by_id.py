# No change in the database: the order of rows, by the keys of other tables and not by their columns

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('oauth_jwt_grant', '0006_registered_becomes_listed'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='claimcondition',
            options={'ordering': ['rule_id', 'pk'], 'verbose_name': 'claim condition', 'verbose_name_plural': 'claim conditions'},
        ),
        migrations.AlterModelOptions(
            name='grantrule',
            options={'ordering': ['issuer_id', 'position', 'pk'], 'verbose_name': 'grant rule', 'verbose_name_plural': 'grant rules'},
        ),
        migrations.AlterModelOptions(
            name='linkedsubject',
            options={'ordering': ['issuer_id', 'subject'], 'verbose_name': 'linked subject', 'verbose_name_plural': 'linked subjects'},
        ),
    ]
