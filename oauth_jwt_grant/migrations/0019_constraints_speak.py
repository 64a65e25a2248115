# No change in the database: what a form says where a constraint does not hold

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('oauth_jwt_grant', '0018_subject_claim'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='decision',
            name='oauth_jwt_grant_replay_key_once',
            constraint=models.UniqueConstraint(fields=('replay_key',), name='oauth_jwt_grant_replay_key_once', violation_error_code='assertion_used', violation_error_message='The assertion has already been used.'),
        ),
        migrations.AlterConstraint(
            model_name='grantrule',
            name='oauth_jwt_grant_rule_name_once',
            constraint=models.UniqueConstraint(fields=('issuer', 'name'), name='oauth_jwt_grant_rule_name_once', violation_error_code='rule_name_taken', violation_error_message='The issuer already has a rule with this name.'),
        ),
        migrations.AlterConstraint(
            model_name='linkedsubject',
            name='oauth_jwt_grant_subject_linked_once',
            constraint=models.UniqueConstraint(fields=('issuer', 'subject'), name='oauth_jwt_grant_subject_linked_once', violation_error_code='subject_already_linked', violation_error_message='This subject of the issuer is already linked to a user.'),
        ),
        migrations.AlterConstraint(
            model_name='linkedsubject',
            name='oauth_jwt_grant_subject_not_empty',
            constraint=models.CheckConstraint(condition=models.Q(('subject', ''), _negated=True), name='oauth_jwt_grant_subject_not_empty', violation_error_code='subject_missing', violation_error_message='Enter the subject, the exact value of the claim that names it.'),
        ),
        migrations.AlterConstraint(
            model_name='trustedissuer',
            name='oauth_jwt_grant_issuer_not_empty',
            constraint=models.CheckConstraint(condition=models.Q(('issuer', ''), _negated=True), name='oauth_jwt_grant_issuer_not_empty', violation_error_code='issuer_missing', violation_error_message='Enter the issuer, the exact value of the iss claim.'),
        ),
        migrations.AlterConstraint(
            model_name='trustedissuer',
            name='oauth_jwt_grant_issuer_jwks_url',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('key_source', 'jwks_url'), _negated=True), models.Q(('jwks_url', ''), _negated=True), _connector='OR'), name='oauth_jwt_grant_issuer_jwks_url', violation_error_code='jwks_url_missing', violation_error_message="Enter the URL of the issuer's JWK Set."),
        ),
        migrations.AlterConstraint(
            model_name='trustedissuer',
            name='oauth_jwt_grant_issuer_trust_anchors',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('key_source', 'certificates'), _negated=True), models.Q(('trust_anchors', ''), _negated=True), _connector='OR'), name='oauth_jwt_grant_issuer_trust_anchors', violation_error_code='trust_anchors_missing', violation_error_message='Enter the certificates of the authorities that certify the issuer.'),
        ),
        migrations.AlterConstraint(
            model_name='trustedissuer',
            name='oauth_jwt_grant_issuer_dates',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from')), ('valid_from', None), ('valid_until', None), _connector='OR'), name='oauth_jwt_grant_issuer_dates', violation_error_code='trust_ends_before_it_begins', violation_error_message='The end of the trust must be later than its beginning.'),
        ),
    ]
