from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('oauth_jwt_grant', '0002_key_first_seen'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='decision',
            options={'ordering': ['-time', '-pk'], 'permissions': [('export_decision', 'Can export decisions')], 'verbose_name': 'decision', 'verbose_name_plural': 'decisions'},
        ),
    ]
