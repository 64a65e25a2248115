from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('oauth_jwt_grant', '0003_decision_export'),
    ]

    operations = [
        migrations.AddField(
            model_name='grantrule',
            name='require_dpop',
            field=models.BooleanField(default=False, help_text='On: no token without a DPoP proof (RFC 9449), and each is bound to the key of its proof.', verbose_name='bound tokens only'),
        ),
    ]
