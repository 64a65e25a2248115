CREATE TABLE `auth_group` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(150) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `name` (`name`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `auth_group` (`id`, `name`) VALUES (1,'robots');
CREATE TABLE `auth_group_permissions` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `group_id` int(11) NOT NULL,
  `permission_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_group_permissions_group_id_permission_id_0cd325b0_uniq` (`group_id`,`permission_id`),
  KEY `auth_group_permissio_permission_id_84c5c92e_fk_auth_perm` (`permission_id`),
  CONSTRAINT `auth_group_permissio_permission_id_84c5c92e_fk_auth_perm` FOREIGN KEY (`permission_id`) REFERENCES `auth_permission` (`id`),
  CONSTRAINT `auth_group_permissions_group_id_b120cbf9_fk_auth_group_id` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `auth_permission` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(255) NOT NULL,
  `content_type_id` int(11) NOT NULL,
  `codename` varchar(100) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_permission_content_type_id_codename_01ab375a_uniq` (`content_type_id`,`codename`),
  CONSTRAINT `auth_permission_content_type_id_2f476e4b_fk_django_co` FOREIGN KEY (`content_type_id`) REFERENCES `django_content_type` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=76 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (1,'Can add log entry',1,'add_logentry');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (2,'Can change log entry',1,'change_logentry');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (3,'Can delete log entry',1,'delete_logentry');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (4,'Can view log entry',1,'view_logentry');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (5,'Can add permission',2,'add_permission');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (6,'Can change permission',2,'change_permission');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (7,'Can delete permission',2,'delete_permission');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (8,'Can view permission',2,'view_permission');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (9,'Can add group',3,'add_group');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (10,'Can change group',3,'change_group');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (11,'Can delete group',3,'delete_group');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (12,'Can view group',3,'view_group');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (13,'Can add user',4,'add_user');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (14,'Can change user',4,'change_user');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (15,'Can delete user',4,'delete_user');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (16,'Can view user',4,'view_user');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (17,'Can add content type',5,'add_contenttype');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (18,'Can change content type',5,'change_contenttype');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (19,'Can delete content type',5,'delete_contenttype');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (20,'Can view content type',5,'view_contenttype');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (21,'Can add session',6,'add_session');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (22,'Can change session',6,'change_session');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (23,'Can delete session',6,'delete_session');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (24,'Can view session',6,'view_session');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (25,'Can add application',7,'add_application');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (26,'Can change application',7,'change_application');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (27,'Can delete application',7,'delete_application');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (28,'Can view application',7,'view_application');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (29,'Can add access token',8,'add_accesstoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (30,'Can change access token',8,'change_accesstoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (31,'Can delete access token',8,'delete_accesstoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (32,'Can view access token',8,'view_accesstoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (33,'Can add grant',9,'add_grant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (34,'Can change grant',9,'change_grant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (35,'Can delete grant',9,'delete_grant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (36,'Can view grant',9,'view_grant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (37,'Can add refresh token',10,'add_refreshtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (38,'Can change refresh token',10,'change_refreshtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (39,'Can delete refresh token',10,'delete_refreshtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (40,'Can view refresh token',10,'view_refreshtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (41,'Can add id token',11,'add_idtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (42,'Can change id token',11,'change_idtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (43,'Can delete id token',11,'delete_idtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (44,'Can view id token',11,'view_idtoken');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (45,'Can add device grant',12,'add_devicegrant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (46,'Can change device grant',12,'change_devicegrant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (47,'Can delete device grant',12,'delete_devicegrant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (48,'Can view device grant',12,'view_devicegrant');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (49,'Can add trusted issuer',13,'add_trustedissuer');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (50,'Can change trusted issuer',13,'change_trustedissuer');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (51,'Can delete trusted issuer',13,'delete_trustedissuer');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (52,'Can view trusted issuer',13,'view_trustedissuer');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (53,'Can test an assertion',13,'test_assertion');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (54,'Can revoke the tokens of an issuer',13,'revoke_tokens');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (55,'Can add linked subject',14,'add_linkedsubject');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (56,'Can change linked subject',14,'change_linkedsubject');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (57,'Can delete linked subject',14,'delete_linkedsubject');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (58,'Can view linked subject',14,'view_linkedsubject');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (59,'Can add grant rule',15,'add_grantrule');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (60,'Can change grant rule',15,'change_grantrule');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (61,'Can delete grant rule',15,'delete_grantrule');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (62,'Can view grant rule',15,'view_grantrule');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (63,'Can add decision',16,'add_decision');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (64,'Can change decision',16,'change_decision');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (65,'Can delete decision',16,'delete_decision');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (66,'Can view decision',16,'view_decision');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (67,'Can export decisions',16,'export_decision');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (68,'Can add claim condition',17,'add_claimcondition');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (69,'Can change claim condition',17,'change_claimcondition');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (70,'Can delete claim condition',17,'delete_claimcondition');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (71,'Can view claim condition',17,'view_claimcondition');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (72,'Can add fetched keys',18,'add_issuerkeys');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (73,'Can change fetched keys',18,'change_issuerkeys');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (74,'Can delete fetched keys',18,'delete_issuerkeys');
INSERT INTO `auth_permission` (`id`, `name`, `content_type_id`, `codename`) VALUES (75,'Can view fetched keys',18,'view_issuerkeys');
CREATE TABLE `auth_user` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `password` varchar(128) NOT NULL,
  `last_login` datetime(6) DEFAULT NULL,
  `is_superuser` tinyint(1) NOT NULL,
  `username` varchar(150) NOT NULL,
  `first_name` varchar(150) NOT NULL,
  `last_name` varchar(150) NOT NULL,
  `email` varchar(254) NOT NULL,
  `is_staff` tinyint(1) NOT NULL,
  `is_active` tinyint(1) NOT NULL,
  `date_joined` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `username` (`username`)
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `auth_user` (`id`, `password`, `last_login`, `is_superuser`, `username`, `first_name`, `last_name`, `email`, `is_staff`, `is_active`, `date_joined`) VALUES (1,'!pIySpp7DYoRfxVqD2ilw88tH4gSVqBiVKCPRJZIW',NULL,0,'alice','','','',0,1,'2026-11-30 03:17:37.903821');
INSERT INTO `auth_user` (`id`, `password`, `last_login`, `is_superuser`, `username`, `first_name`, `last_name`, `email`, `is_staff`, `is_active`, `date_joined`) VALUES (2,'!8uN9mnkCD9JotsYDBy3Twa3fu74ODBccSo9n55Xe',NULL,0,'robot','','','',0,1,'2026-11-30 03:17:37.908437');
INSERT INTO `auth_user` (`id`, `password`, `last_login`, `is_superuser`, `username`, `first_name`, `last_name`, `email`, `is_staff`, `is_active`, `date_joined`) VALUES (3,'!jp9FX7HsA4i2hgo5wTHg1GLcDku8f1KMWaXovpe9',NULL,1,'root','','','',1,1,'2026-11-30 03:17:37.909067');
INSERT INTO `auth_user` (`id`, `password`, `last_login`, `is_superuser`, `username`, `first_name`, `last_name`, `email`, `is_staff`, `is_active`, `date_joined`) VALUES (4,'!uzEnuqI7Pr66sYiu2wHvlPC8421QrH5fZLvaBU8t',NULL,0,'backup@service-accounts.as.example.com','','','',0,1,'2026-11-30 03:17:38.023242');
CREATE TABLE `auth_user_groups` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` int(11) NOT NULL,
  `group_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_user_groups_user_id_group_id_94350c0c_uniq` (`user_id`,`group_id`),
  KEY `auth_user_groups_group_id_97559544_fk_auth_group_id` (`group_id`),
  CONSTRAINT `auth_user_groups_group_id_97559544_fk_auth_group_id` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`),
  CONSTRAINT `auth_user_groups_user_id_6a12ed8b_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `auth_user_groups` (`id`, `user_id`, `group_id`) VALUES (1,4,1);
CREATE TABLE `auth_user_user_permissions` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` int(11) NOT NULL,
  `permission_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_user_user_permissions_user_id_permission_id_14a6b632_uniq` (`user_id`,`permission_id`),
  KEY `auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm` (`permission_id`),
  CONSTRAINT `auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm` FOREIGN KEY (`permission_id`) REFERENCES `auth_permission` (`id`),
  CONSTRAINT `auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `django_admin_log` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `action_time` datetime(6) NOT NULL,
  `object_id` longtext DEFAULT NULL,
  `object_repr` varchar(200) NOT NULL,
  `action_flag` smallint(5) unsigned NOT NULL CHECK (`action_flag` >= 0),
  `change_message` longtext NOT NULL,
  `content_type_id` int(11) DEFAULT NULL,
  `user_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `django_admin_log_content_type_id_c4bce8eb_fk_django_co` (`content_type_id`),
  KEY `django_admin_log_user_id_c564eba6_fk_auth_user_id` (`user_id`),
  CONSTRAINT `django_admin_log_content_type_id_c4bce8eb_fk_django_co` FOREIGN KEY (`content_type_id`) REFERENCES `django_content_type` (`id`),
  CONSTRAINT `django_admin_log_user_id_c564eba6_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `django_admin_log` (`id`, `action_time`, `object_id`, `object_repr`, `action_flag`, `change_message`, `content_type_id`, `user_id`) VALUES (1,'2026-11-30 03:17:38.089543','1','CI',1,'[]',13,3);
CREATE TABLE `django_content_type` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `app_label` varchar(100) NOT NULL,
  `model` varchar(100) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `django_content_type_app_label_model_76bd3d3b_uniq` (`app_label`,`model`)
) ENGINE=InnoDB AUTO_INCREMENT=19 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (1,'admin','logentry');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (3,'auth','group');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (2,'auth','permission');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (4,'auth','user');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (5,'contenttypes','contenttype');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (8,'oauth2_provider','accesstoken');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (7,'oauth2_provider','application');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (12,'oauth2_provider','devicegrant');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (9,'oauth2_provider','grant');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (11,'oauth2_provider','idtoken');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (10,'oauth2_provider','refreshtoken');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (17,'oauth_jwt_grant','claimcondition');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (16,'oauth_jwt_grant','decision');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (15,'oauth_jwt_grant','grantrule');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (18,'oauth_jwt_grant','issuerkeys');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (14,'oauth_jwt_grant','linkedsubject');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (13,'oauth_jwt_grant','trustedissuer');
INSERT INTO `django_content_type` (`id`, `app_label`, `model`) VALUES (6,'sessions','session');
CREATE TABLE `django_migrations` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `app` varchar(255) NOT NULL,
  `name` varchar(255) NOT NULL,
  `applied` datetime(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=40 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (1,'contenttypes','0001_initial','2026-11-30 03:17:35.656514');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (2,'auth','0001_initial','2026-11-30 03:17:35.739852');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (3,'admin','0001_initial','2026-11-30 03:17:35.761365');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (4,'admin','0002_logentry_remove_auto_add','2026-11-30 03:17:35.768423');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (5,'admin','0003_logentry_add_action_flag_choices','2026-11-30 03:17:35.855917');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (6,'contenttypes','0002_remove_content_type_name','2026-11-30 03:17:35.891616');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (7,'auth','0002_alter_permission_name_max_length','2026-11-30 03:17:35.906220');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (8,'auth','0003_alter_user_email_max_length','2026-11-30 03:17:35.918245');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (9,'auth','0004_alter_user_username_opts','2026-11-30 03:17:35.925921');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (10,'auth','0005_alter_user_last_login_null','2026-11-30 03:17:35.935917');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (11,'auth','0006_require_contenttypes_0002','2026-11-30 03:17:35.936730');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (12,'auth','0007_alter_validators_add_error_messages','2026-11-30 03:17:35.950815');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (13,'auth','0008_alter_user_username_max_length','2026-11-30 03:17:35.969331');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (14,'auth','0009_alter_user_last_name_max_length','2026-11-30 03:17:36.045399');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (15,'auth','0010_alter_group_name_max_length','2026-11-30 03:17:36.101074');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (16,'auth','0011_update_proxy_permissions','2026-11-30 03:17:36.105803');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (17,'auth','0012_alter_user_first_name_max_length','2026-11-30 03:17:36.117795');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (18,'oauth2_provider','0001_initial','2026-11-30 03:17:36.264932');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (19,'oauth2_provider','0002_auto_20190406_1805','2026-11-30 03:17:36.320777');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (20,'oauth2_provider','0003_auto_20201211_1314','2026-11-30 03:17:36.338970');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (21,'oauth2_provider','0004_auto_20200902_2022','2026-11-30 03:17:36.489690');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (22,'oauth2_provider','0005_auto_20211222_2352','2026-11-30 03:17:36.542685');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (23,'oauth2_provider','0006_alter_application_client_secret','2026-11-30 03:17:36.566478');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (24,'oauth2_provider','0007_application_post_logout_redirect_uris','2026-11-30 03:17:36.581478');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (25,'oauth2_provider','0008_alter_accesstoken_token','2026-11-30 03:17:36.652366');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (26,'oauth2_provider','0009_add_hash_client_secret','2026-11-30 03:17:36.671776');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (27,'oauth2_provider','0010_application_allowed_origins','2026-11-30 03:17:36.698829');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (28,'oauth2_provider','0011_refreshtoken_token_family','2026-11-30 03:17:36.814122');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (29,'oauth2_provider','0012_add_token_checksum','2026-11-30 03:17:36.903429');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (30,'oauth2_provider','0013_alter_application_authorization_grant_type_device','2026-11-30 03:17:36.968223');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (31,'oauth2_provider','0014_alter_help_text','2026-11-30 03:17:36.977187');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (32,'oauth2_provider','0015_refreshtoken_token_checksum','2026-11-30 03:17:37.082265');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (33,'oauth2_provider','0016_alter_devicegrant_scope','2026-11-30 03:17:37.107700');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (34,'oauth2_provider','0017_application_dcr_created','2026-11-30 03:17:37.120915');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (35,'oauth2_provider','0018_resource_indicators','2026-11-30 03:17:37.161400');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (36,'oauth2_provider','0019_application_registration_source','2026-11-30 03:17:37.194601');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (37,'oauth2_provider','0020_cimd_application_fields','2026-11-30 03:17:37.294908');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (38,'oauth_jwt_grant','0001_initial','2026-11-30 03:17:37.845233');
INSERT INTO `django_migrations` (`id`, `app`, `name`, `applied`) VALUES (39,'sessions','0001_initial','2026-11-30 03:17:37.852912');
CREATE TABLE `django_session` (
  `session_key` varchar(40) NOT NULL,
  `session_data` longtext NOT NULL,
  `expire_date` datetime(6) NOT NULL,
  PRIMARY KEY (`session_key`),
  KEY `django_session_expire_date_a5c62663` (`expire_date`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `oauth2_provider_accesstoken` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `token` longtext NOT NULL,
  `expires` datetime(6) NOT NULL,
  `scope` longtext NOT NULL,
  `application_id` bigint(20) DEFAULT NULL,
  `user_id` int(11) DEFAULT NULL,
  `created` datetime(6) NOT NULL,
  `updated` datetime(6) NOT NULL,
  `source_refresh_token_id` bigint(20) DEFAULT NULL,
  `id_token_id` bigint(20) DEFAULT NULL,
  `token_checksum` varchar(64) NOT NULL,
  `resource` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`resource`)),
  PRIMARY KEY (`id`),
  UNIQUE KEY `oauth2_provider_accesstoken_token_checksum_85319a26_uniq` (`token_checksum`),
  UNIQUE KEY `source_refresh_token_id` (`source_refresh_token_id`),
  UNIQUE KEY `id_token_id` (`id_token_id`),
  KEY `oauth2_provider_acce_application_id_b22886e1_fk_oauth2_pr` (`application_id`),
  KEY `oauth2_provider_accesstoken_user_id_6e4c9a65_fk_auth_user_id` (`user_id`),
  CONSTRAINT `oauth2_provider_acce_application_id_b22886e1_fk_oauth2_pr` FOREIGN KEY (`application_id`) REFERENCES `oauth2_provider_application` (`id`),
  CONSTRAINT `oauth2_provider_acce_id_token_id_85db651b_fk_oauth2_pr` FOREIGN KEY (`id_token_id`) REFERENCES `oauth2_provider_idtoken` (`id`),
  CONSTRAINT `oauth2_provider_acce_source_refresh_token_e66fbc72_fk_oauth2_pr` FOREIGN KEY (`source_refresh_token_id`) REFERENCES `oauth2_provider_refreshtoken` (`id`),
  CONSTRAINT `oauth2_provider_accesstoken_user_id_6e4c9a65_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth2_provider_accesstoken` (`id`, `token`, `expires`, `scope`, `application_id`, `user_id`, `created`, `updated`, `source_refresh_token_id`, `id_token_id`, `token_checksum`, `resource`) VALUES (1,'access-token-of-0.1.0','2090-01-01 00:00:00.000000','read',1,NULL,'2026-11-30 03:17:38.052337','2026-11-30 03:17:38.087706',NULL,NULL,'bc18a8ad3c9ba2cbae26fd93103d8edea8bf31231e1bccf3d39a766815d74823','[]');
CREATE TABLE `oauth2_provider_application` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `client_id` varchar(255) NOT NULL,
  `redirect_uris` longtext NOT NULL,
  `client_type` varchar(32) NOT NULL,
  `authorization_grant_type` varchar(44) NOT NULL,
  `client_secret` varchar(255) NOT NULL,
  `name` varchar(255) NOT NULL,
  `user_id` int(11) DEFAULT NULL,
  `skip_authorization` tinyint(1) NOT NULL,
  `created` datetime(6) NOT NULL,
  `updated` datetime(6) NOT NULL,
  `algorithm` varchar(5) NOT NULL,
  `post_logout_redirect_uris` longtext NOT NULL,
  `hash_client_secret` tinyint(1) NOT NULL,
  `allowed_origins` longtext NOT NULL,
  `registration_source` varchar(32) NOT NULL,
  `cimd_expires_at` datetime(6) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `client_id` (`client_id`),
  KEY `oauth2_provider_application_user_id_79829054_fk_auth_user_id` (`user_id`),
  KEY `oauth2_provider_application_client_secret_53133678` (`client_secret`),
  CONSTRAINT `oauth2_provider_application_user_id_79829054_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth2_provider_application` (`id`, `client_id`, `redirect_uris`, `client_type`, `authorization_grant_type`, `client_secret`, `name`, `user_id`, `skip_authorization`, `created`, `updated`, `algorithm`, `post_logout_redirect_uris`, `hash_client_secret`, `allowed_origins`, `registration_source`, `cimd_expires_at`) VALUES (1,'client','','confidential','client-credentials','md5$USZw3Ydq3ARgiJiciQweau$4fcd1837bfc0906a1e8806de86f3bc69','client',NULL,0,'2026-11-30 03:17:37.911476','2026-11-30 03:17:37.911492','','',1,'','manual',NULL);
INSERT INTO `oauth2_provider_application` (`id`, `client_id`, `redirect_uris`, `client_type`, `authorization_grant_type`, `client_secret`, `name`, `user_id`, `skip_authorization`, `created`, `updated`, `algorithm`, `post_logout_redirect_uris`, `hash_client_secret`, `allowed_origins`, `registration_source`, `cimd_expires_at`) VALUES (2,'jobs','','confidential','client-credentials','md5$94WFkAWRUNB56t8dVomU5i$1a832e242072ca6c69e22441188b3e6e','jobs',NULL,0,'2026-11-30 03:17:37.940844','2026-11-30 03:17:37.940860','','',1,'','manual',NULL);
CREATE TABLE `oauth2_provider_devicegrant` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `device_code` varchar(100) NOT NULL,
  `user_code` varchar(100) NOT NULL,
  `scope` longtext NOT NULL,
  `interval` int(11) NOT NULL,
  `expires` datetime(6) NOT NULL,
  `status` varchar(64) NOT NULL,
  `client_id` varchar(100) NOT NULL,
  `last_checked` datetime(6) NOT NULL,
  `user_id` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `oauth2_provider_devicegrant_unique_device_code` (`device_code`),
  KEY `oauth2_provider_devicegrant_user_id_1cec5156_fk_auth_user_id` (`user_id`),
  KEY `oauth2_provider_devicegrant_client_id_229dd06d` (`client_id`),
  CONSTRAINT `oauth2_provider_devicegrant_user_id_1cec5156_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `oauth2_provider_grant` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `code` varchar(255) NOT NULL,
  `expires` datetime(6) NOT NULL,
  `redirect_uri` longtext NOT NULL,
  `scope` longtext NOT NULL,
  `application_id` bigint(20) NOT NULL,
  `user_id` int(11) NOT NULL,
  `created` datetime(6) NOT NULL,
  `updated` datetime(6) NOT NULL,
  `code_challenge` varchar(128) NOT NULL,
  `code_challenge_method` varchar(10) NOT NULL,
  `nonce` varchar(255) NOT NULL,
  `claims` longtext NOT NULL,
  `resource` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`resource`)),
  PRIMARY KEY (`id`),
  UNIQUE KEY `code` (`code`),
  KEY `oauth2_provider_gran_application_id_81923564_fk_oauth2_pr` (`application_id`),
  KEY `oauth2_provider_grant_user_id_e8f62af8_fk_auth_user_id` (`user_id`),
  CONSTRAINT `oauth2_provider_gran_application_id_81923564_fk_oauth2_pr` FOREIGN KEY (`application_id`) REFERENCES `oauth2_provider_application` (`id`),
  CONSTRAINT `oauth2_provider_grant_user_id_e8f62af8_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `oauth2_provider_idtoken` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `jti` uuid NOT NULL,
  `expires` datetime(6) NOT NULL,
  `scope` longtext NOT NULL,
  `created` datetime(6) NOT NULL,
  `updated` datetime(6) NOT NULL,
  `application_id` bigint(20) DEFAULT NULL,
  `user_id` int(11) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `jti` (`jti`),
  KEY `oauth2_provider_idto_application_id_08c5ff4f_fk_oauth2_pr` (`application_id`),
  KEY `oauth2_provider_idtoken_user_id_dd512b59_fk_auth_user_id` (`user_id`),
  CONSTRAINT `oauth2_provider_idto_application_id_08c5ff4f_fk_oauth2_pr` FOREIGN KEY (`application_id`) REFERENCES `oauth2_provider_application` (`id`),
  CONSTRAINT `oauth2_provider_idtoken_user_id_dd512b59_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `oauth2_provider_refreshtoken` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `token` longtext NOT NULL,
  `access_token_id` bigint(20) DEFAULT NULL,
  `application_id` bigint(20) NOT NULL,
  `user_id` int(11) NOT NULL,
  `created` datetime(6) NOT NULL,
  `updated` datetime(6) NOT NULL,
  `revoked` datetime(6) DEFAULT NULL,
  `token_family` uuid DEFAULT NULL,
  `token_checksum` varchar(64) NOT NULL,
  `resource` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`resource`)),
  PRIMARY KEY (`id`),
  UNIQUE KEY `access_token_id` (`access_token_id`),
  UNIQUE KEY `oauth2_provider_refresht_token_checksum_revoked_46c81d1d_uniq` (`token_checksum`,`revoked`),
  KEY `oauth2_provider_refr_application_id_2d1c311b_fk_oauth2_pr` (`application_id`),
  KEY `oauth2_provider_refreshtoken_user_id_da837fce_fk_auth_user_id` (`user_id`),
  CONSTRAINT `oauth2_provider_refr_access_token_id_775e84e8_fk_oauth2_pr` FOREIGN KEY (`access_token_id`) REFERENCES `oauth2_provider_accesstoken` (`id`),
  CONSTRAINT `oauth2_provider_refr_application_id_2d1c311b_fk_oauth2_pr` FOREIGN KEY (`application_id`) REFERENCES `oauth2_provider_application` (`id`),
  CONSTRAINT `oauth2_provider_refreshtoken_user_id_da837fce_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `oauth_jwt_grant_claimcondition` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `claim` varchar(255) NOT NULL,
  `operator` varchar(16) NOT NULL,
  `values` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`values`)),
  `rule_id` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `oauth_jwt_grant_clai_rule_id_d02ac4f4_fk_oauth_jwt` (`rule_id`),
  CONSTRAINT `oauth_jwt_grant_clai_rule_id_d02ac4f4_fk_oauth_jwt` FOREIGN KEY (`rule_id`) REFERENCES `oauth_jwt_grant_grantrule` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (1,'repository','equals','[\"acme/website\"]',1);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (2,'ref','glob','[\"refs/tags/*\"]',1);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (3,'attempt','at_most','[3]',1);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (4,'amr','contains_any','[\"hwk\", \"mfa\"]',3);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (5,'sub','equals','[\"job\"]',5);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (6,'repository_id','equals','[\"123456\"]',6);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (7,'event_name','in','[\"push\", \"workflow_dispatch\"]',6);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (8,'ref','equals','[\"refs/heads/main\"]',6);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (9,'actor_id','none_of','[\"1\", \"2\"]',6);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (10,'aud_tenant','equals','[\"acme\"]',7);
INSERT INTO `oauth_jwt_grant_claimcondition` (`id`, `claim`, `operator`, `values`, `rule_id`) VALUES (11,'email_verified','equals','[true]',7);
CREATE TABLE `oauth_jwt_grant_decision` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `time` datetime(6) NOT NULL,
  `outcome` varchar(16) NOT NULL,
  `reason` varchar(40) NOT NULL,
  `detail` varchar(500) NOT NULL,
  `iss` varchar(255) NOT NULL,
  `subject` varchar(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `kid` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `alg` varchar(16) NOT NULL,
  `jti_digest` varchar(64) NOT NULL,
  `scope` longtext NOT NULL,
  `client_address` char(39) DEFAULT NULL,
  `accepted_as` varchar(32) NOT NULL DEFAULT 'authorization_grant',
  `claims` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`claims`)),
  `replay_key` varchar(64) DEFAULT NULL,
  `replay_until` datetime(6) DEFAULT NULL,
  `access_token_id` bigint(20) DEFAULT NULL,
  `application_id` bigint(20) DEFAULT NULL,
  `user_id` int(11) DEFAULT NULL,
  `rule_id` bigint(20) DEFAULT NULL,
  `issuer_id` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `access_token_id` (`access_token_id`),
  UNIQUE KEY `oauth_jwt_grant_replay_key_once` (`replay_key`),
  KEY `oauth_jwt_grant_by_time` (`time`,`accepted_as`),
  KEY `oauth_jwt_grant_by_issuer` (`issuer_id`,`time`,`outcome`,`reason`),
  KEY `oauth_jwt_grant_by_application` (`application_id`,`time`),
  KEY `oauth_jwt_grant_by_reason` (`reason`,`time`),
  KEY `oauth_jwt_grant_by_kid` (`kid`,`time`),
  KEY `oauth_jwt_grant_by_jti` (`jti_digest`),
  KEY `oauth_jwt_grant_by_subject` (`subject`,`time`),
  KEY `oauth_jwt_grant_decision_user_id_0b308764_fk_auth_user_id` (`user_id`),
  KEY `oauth_jwt_grant_deci_rule_id_401d2e86_fk_oauth_jwt` (`rule_id`),
  CONSTRAINT `oauth_jwt_grant_deci_access_token_id_c1be1eb1_fk_oauth2_pr` FOREIGN KEY (`access_token_id`) REFERENCES `oauth2_provider_accesstoken` (`id`),
  CONSTRAINT `oauth_jwt_grant_deci_application_id_191b2f2c_fk_oauth2_pr` FOREIGN KEY (`application_id`) REFERENCES `oauth2_provider_application` (`id`),
  CONSTRAINT `oauth_jwt_grant_deci_issuer_id_5bd46b92_fk_oauth_jwt` FOREIGN KEY (`issuer_id`) REFERENCES `oauth_jwt_grant_trustedissuer` (`id`),
  CONSTRAINT `oauth_jwt_grant_deci_rule_id_401d2e86_fk_oauth_jwt` FOREIGN KEY (`rule_id`) REFERENCES `oauth_jwt_grant_grantrule` (`id`),
  CONSTRAINT `oauth_jwt_grant_decision_user_id_0b308764_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_decision` (`id`, `time`, `outcome`, `reason`, `detail`, `iss`, `subject`, `kid`, `alg`, `jti_digest`, `scope`, `client_address`, `accepted_as`, `claims`, `replay_key`, `replay_until`, `access_token_id`, `application_id`, `user_id`, `rule_id`, `issuer_id`) VALUES (1,'2026-11-30 03:17:38.043470','accepted','','','https://ci.example','job','key of 0.1.0','ES256','293e18ea47bfbe2b75416a15ae1048e25a43af1d47e7b51dd81f7c964ba6ae88','read','127.0.0.1','authorization_grant','{\"repository\": \"acme/website\"}','01800a6f879e67e6639bd96259d147fa86509435df8dafc5063cdc6ada869772','2090-01-01 00:00:00.000000',1,1,NULL,1,1);
INSERT INTO `oauth_jwt_grant_decision` (`id`, `time`, `outcome`, `reason`, `detail`, `iss`, `subject`, `kid`, `alg`, `jti_digest`, `scope`, `client_address`, `accepted_as`, `claims`, `replay_key`, `replay_until`, `access_token_id`, `application_id`, `user_id`, `rule_id`, `issuer_id`) VALUES (3,'2026-11-30 03:17:38.057720','refused','replayed','the assertion must not have been used before; its jti has been, at 2026-11-30 03:17:38+00:00 (decision 1)','https://ci.example','job','key of 0.1.0','ES256','293e18ea47bfbe2b75416a15ae1048e25a43af1d47e7b51dd81f7c964ba6ae88','read','127.0.0.1','authorization_grant','{}',NULL,NULL,NULL,1,NULL,1,1);
INSERT INTO `oauth_jwt_grant_decision` (`id`, `time`, `outcome`, `reason`, `detail`, `iss`, `subject`, `kid`, `alg`, `jti_digest`, `scope`, `client_address`, `accepted_as`, `claims`, `replay_key`, `replay_until`, `access_token_id`, `application_id`, `user_id`, `rule_id`, `issuer_id`) VALUES (4,'2026-11-30 03:17:38.066815','refused','no_rule','Rule \"deploy\": repository must equal \"acme/website\"; the JWT has \"acme/other\"','https://ci.example','job','key of 0.1.0','ES256','11ca822bfcb3027b0a2d2475ee2fc3f63c8a29201e7bf4ba6268a0c473bb07e3','','127.0.0.1','authorization_grant','{}',NULL,NULL,NULL,1,NULL,NULL,1);
INSERT INTO `oauth_jwt_grant_decision` (`id`, `time`, `outcome`, `reason`, `detail`, `iss`, `subject`, `kid`, `alg`, `jti_digest`, `scope`, `client_address`, `accepted_as`, `claims`, `replay_key`, `replay_until`, `access_token_id`, `application_id`, `user_id`, `rule_id`, `issuer_id`) VALUES (5,'2026-11-30 03:17:38.072088','accepted','','','https://people.example','Alice','key of 0.1.0','ES256','50b20e2ce56de230429aec409cc102ce68526c750dfd428abbd4894c18445129','read','127.0.0.1','authorization_grant','{}','5c1dc59388c3194ae7c4f5c894772216b940e3b5a25425f70b750ed71df0ab44','2090-01-01 00:00:00.000000',NULL,1,1,3,2);
INSERT INTO `oauth_jwt_grant_decision` (`id`, `time`, `outcome`, `reason`, `detail`, `iss`, `subject`, `kid`, `alg`, `jti_digest`, `scope`, `client_address`, `accepted_as`, `claims`, `replay_key`, `replay_until`, `access_token_id`, `application_id`, `user_id`, `rule_id`, `issuer_id`) VALUES (6,'2026-11-30 03:17:38.078156','refused','bad_signature','the signature must be made with a key of the issuer; it is not by the key \"key of 0.1.0\" (EC P-256)','https://ci.example','','key of 0.1.0','ES256','','','127.0.0.1','authorization_grant','{}',NULL,NULL,NULL,1,NULL,NULL,1);
CREATE TABLE `oauth_jwt_grant_grantrule` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `name` varchar(100) NOT NULL,
  `enabled` tinyint(1) NOT NULL,
  `refuses` tinyint(1) NOT NULL DEFAULT 0,
  `position` int(10) unsigned NOT NULL CHECK (`position` >= 0),
  `accepted_as` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '[]' CHECK (json_valid(`accepted_as`)),
  `allow_any_tenant` tinyint(1) NOT NULL DEFAULT 0,
  `client_policy` varchar(16) NOT NULL,
  `require_dpop` tinyint(1) NOT NULL DEFAULT 0,
  `subject_policy` varchar(16) NOT NULL,
  `subject_claim` varchar(255) NOT NULL,
  `user_field` varchar(100) NOT NULL,
  `user_fields` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '{}' CHECK (json_valid(`user_fields`)),
  `allow_privileged_users` tinyint(1) NOT NULL,
  `scopes` longtext NOT NULL,
  `default_scopes` longtext NOT NULL,
  `scope_claim` varchar(16) NOT NULL,
  `scope_claim_name` varchar(255) NOT NULL DEFAULT 'scope',
  `access_token_lifetime` int(10) unsigned DEFAULT NULL CHECK (`access_token_lifetime` >= 0),
  `limit_to_assertion` tinyint(1) NOT NULL,
  `resources` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`resources`)),
  `require_resource` tinyint(1) NOT NULL DEFAULT 0,
  `recorded_claims` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`recorded_claims`)),
  `default_application_id` bigint(20) DEFAULT NULL,
  `user_id` int(11) DEFAULT NULL,
  `issuer_id` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `oauth_jwt_grant_rule_name_once` (`issuer_id`,`name`),
  KEY `oauth_jwt_grant_gran_default_application__1b5e56ac_fk_oauth2_pr` (`default_application_id`),
  KEY `oauth_jwt_grant_grantrule_user_id_0d405e8f_fk_auth_user_id` (`user_id`),
  CONSTRAINT `oauth_jwt_grant_gran_default_application__1b5e56ac_fk_oauth2_pr` FOREIGN KEY (`default_application_id`) REFERENCES `oauth2_provider_application` (`id`),
  CONSTRAINT `oauth_jwt_grant_gran_issuer_id_1f0e6839_fk_oauth_jwt` FOREIGN KEY (`issuer_id`) REFERENCES `oauth_jwt_grant_trustedissuer` (`id`),
  CONSTRAINT `oauth_jwt_grant_grantrule_user_id_0d405e8f_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (1,'deploy',1,0,1,'[]',0,'listed',0,'no_user','sub','','{}',0,'read write','read','ceiling','scp',600,1,'[]',0,'[\"repository\"]',NULL,NULL,1);
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (2,'old',0,0,2,'[]',0,'anonymous',1,'no_user','sub','','{}',0,'read','','ceiling','scope',3600,0,'[]',0,'[]',NULL,NULL,1);
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (3,'linked',1,0,0,'[\"authorization_grant\", \"subject_token\"]',0,'listed',0,'linked','sub','','{}',0,'read','','ceiling','scope',3600,0,'[\"https://api.example.com/\"]',0,'[]',NULL,NULL,2);
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (4,'robot',1,0,0,'[]',0,'anonymous',0,'service_user','sub','','{}',0,'read','','ceiling','scope',3600,0,'[]',0,'[]',NULL,2,3);
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (5,'jobs',1,0,0,'[\"client_assertion\"]',0,'listed',0,'no_user','sub','','{}',0,'read','','ceiling','scope',3600,0,'[]',0,'[]',2,NULL,4);
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (6,'website',1,0,0,'[]',0,'anonymous',0,'provision','actor_id','','{\"email\": \"email\"}',0,'read','','ceiling','scope',3600,0,'[]',0,'[]',NULL,NULL,5);
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (7,'agents',1,0,0,'[]',0,'listed',0,'user_field','email','email','{}',0,'read','','ceiling','scope',3600,0,'[\"https://api.example.com/\"]',1,'[]',NULL,NULL,6);
INSERT INTO `oauth_jwt_grant_grantrule` (`id`, `name`, `enabled`, `refuses`, `position`, `accepted_as`, `allow_any_tenant`, `client_policy`, `require_dpop`, `subject_policy`, `subject_claim`, `user_field`, `user_fields`, `allow_privileged_users`, `scopes`, `default_scopes`, `scope_claim`, `scope_claim_name`, `access_token_lifetime`, `limit_to_assertion`, `resources`, `require_resource`, `recorded_claims`, `default_application_id`, `user_id`, `issuer_id`) VALUES (8,'service account',1,0,0,'[]',0,'anonymous',0,'linked','sub','','{}',0,'read','','ceiling','scope',3600,0,'[]',0,'[]',NULL,NULL,7);
CREATE TABLE `oauth_jwt_grant_grantrule_applications` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `grantrule_id` bigint(20) NOT NULL,
  `application_id` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `oauth_jwt_grant_grantrul_grantrule_id_application_c0d8d8f3_uniq` (`grantrule_id`,`application_id`),
  KEY `oauth_jwt_grant_gran_application_id_d1e8e4b1_fk_oauth2_pr` (`application_id`),
  CONSTRAINT `oauth_jwt_grant_gran_application_id_d1e8e4b1_fk_oauth2_pr` FOREIGN KEY (`application_id`) REFERENCES `oauth2_provider_application` (`id`),
  CONSTRAINT `oauth_jwt_grant_gran_grantrule_id_407707e0_fk_oauth_jwt` FOREIGN KEY (`grantrule_id`) REFERENCES `oauth_jwt_grant_grantrule` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_grantrule_applications` (`id`, `grantrule_id`, `application_id`) VALUES (1,1,1);
INSERT INTO `oauth_jwt_grant_grantrule_applications` (`id`, `grantrule_id`, `application_id`) VALUES (2,3,1);
INSERT INTO `oauth_jwt_grant_grantrule_applications` (`id`, `grantrule_id`, `application_id`) VALUES (3,7,1);
CREATE TABLE `oauth_jwt_grant_grantrule_groups` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `grantrule_id` bigint(20) NOT NULL,
  `group_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `oauth_jwt_grant_grantrul_grantrule_id_group_id_e17fa804_uniq` (`grantrule_id`,`group_id`),
  KEY `oauth_jwt_grant_gran_group_id_7ffc57e4_fk_auth_grou` (`group_id`),
  CONSTRAINT `oauth_jwt_grant_gran_grantrule_id_3271f9b2_fk_oauth_jwt` FOREIGN KEY (`grantrule_id`) REFERENCES `oauth_jwt_grant_grantrule` (`id`),
  CONSTRAINT `oauth_jwt_grant_gran_group_id_7ffc57e4_fk_auth_grou` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_grantrule_groups` (`id`, `grantrule_id`, `group_id`) VALUES (1,6,1);
CREATE TABLE `oauth_jwt_grant_issuerkeys` (
  `issuer_id` bigint(20) NOT NULL,
  `source` varchar(64) NOT NULL,
  `document` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`document`)),
  `fetched_at` double NOT NULL,
  `expires_at` double NOT NULL,
  `etag` varchar(255) NOT NULL,
  `first_seen` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '{}' CHECK (json_valid(`first_seen`)),
  `failure` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`failure`)),
  PRIMARY KEY (`issuer_id`),
  CONSTRAINT `oauth_jwt_grant_issu_issuer_id_8b6e756d_fk_oauth_jwt` FOREIGN KEY (`issuer_id`) REFERENCES `oauth_jwt_grant_trustedissuer` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_issuerkeys` (`issuer_id`, `source`, `document`, `fetched_at`, `expires_at`, `etag`, `first_seen`, `failure`) VALUES (3,'46ff2aacffc6d2991f0f867c487013bf45a04129','{\"keys\": [{\"kid\": \"key of 0.1.0\", \"use\": \"sig\", \"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"dqlNE4prQYWLghximDYxX80oOS7_bKA4petHh-EnfG4\", \"y\": \"qYX-YTQfJg5ssKG14R6HIIWZoAQPx4uqDp3dckuMURA\"}]}',1767225600,3786912000,'\"1\"','{\"x\": 1.5}',NULL);
CREATE TABLE `oauth_jwt_grant_linkedsubject` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `subject` varchar(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `created` datetime(6) NOT NULL,
  `issuer_id` bigint(20) NOT NULL,
  `user_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `oauth_jwt_grant_subject_linked_once` (`issuer_id`,`subject`),
  KEY `oauth_jwt_grant_linkedsubject_user_id_76abef7b_fk_auth_user_id` (`user_id`),
  KEY `oauth_jwt_grant_linked` (`subject`),
  CONSTRAINT `oauth_jwt_grant_link_issuer_id_97d0f056_fk_oauth_jwt` FOREIGN KEY (`issuer_id`) REFERENCES `oauth_jwt_grant_trustedissuer` (`id`),
  CONSTRAINT `oauth_jwt_grant_linkedsubject_user_id_76abef7b_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`),
  CONSTRAINT `oauth_jwt_grant_subject_not_empty` CHECK (`subject` <> '')
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_linkedsubject` (`id`, `subject`, `created`, `issuer_id`, `user_id`) VALUES (1,'Alice','2026-11-30 03:17:37.929428',2,1);
INSERT INTO `oauth_jwt_grant_linkedsubject` (`id`, `subject`, `created`, `issuer_id`, `user_id`) VALUES (2,'zürich 🔑','2026-11-30 03:17:37.930003',2,1);
INSERT INTO `oauth_jwt_grant_linkedsubject` (`id`, `subject`, `created`, `issuer_id`, `user_id`) VALUES (3,'backup@service-accounts.as.example.com','2026-11-30 03:17:38.027856',7,4);
CREATE TABLE `oauth_jwt_grant_trustedissuer` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `name` varchar(100) NOT NULL,
  `issuer` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL,
  `enabled` tinyint(1) NOT NULL,
  `valid_from` datetime(6) DEFAULT NULL,
  `valid_until` datetime(6) DEFAULT NULL,
  `issued_after` datetime(6) DEFAULT NULL,
  `profile` varchar(16) NOT NULL,
  `key_source` varchar(16) NOT NULL,
  `jwks_url` varchar(500) NOT NULL,
  `discovery_url` varchar(500) NOT NULL,
  `jwks` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`jwks`)),
  `trust_anchors` longtext NOT NULL,
  `certificate_bindings` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`certificate_bindings`)),
  `ca_bundle` longtext NOT NULL,
  `allow_private_network` tinyint(1) NOT NULL,
  `algorithms` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`algorithms`)),
  `audiences` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL CHECK (json_valid(`audiences`)),
  `max_lifetime` int(10) unsigned DEFAULT NULL CHECK (`max_lifetime` >= 0),
  `leeway` int(10) unsigned DEFAULT NULL CHECK (`leeway` >= 0),
  `replay_policy` varchar(16) NOT NULL,
  `subject_fallback` tinyint(1) NOT NULL,
  `conditions` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '[]' CHECK (json_valid(`conditions`)),
  `created` datetime(6) NOT NULL,
  `updated` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `issuer` (`issuer`),
  CONSTRAINT `oauth_jwt_grant_issuer_not_empty` CHECK (`issuer` <> ''),
  CONSTRAINT `oauth_jwt_grant_issuer_jwks_url` CHECK (`key_source` <> 'jwks_url' or `jwks_url` <> ''),
  CONSTRAINT `oauth_jwt_grant_issuer_trust_anchors` CHECK (`key_source` <> 'certificates' or `trust_anchors` <> ''),
  CONSTRAINT `oauth_jwt_grant_issuer_dates` CHECK (`valid_until` > `valid_from` or `valid_from` is null or `valid_until` is null)
) ENGINE=InnoDB AUTO_INCREMENT=8 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `oauth_jwt_grant_trustedissuer` (`id`, `name`, `issuer`, `enabled`, `valid_from`, `valid_until`, `issued_after`, `profile`, `key_source`, `jwks_url`, `discovery_url`, `jwks`, `trust_anchors`, `certificate_bindings`, `ca_bundle`, `allow_private_network`, `algorithms`, `audiences`, `max_lifetime`, `leeway`, `replay_policy`, `subject_fallback`, `conditions`, `created`, `updated`) VALUES (1,'CI','https://ci.example',1,'2020-01-01 00:00:00.000000','2090-01-01 00:00:00.000000','2020-01-01 00:00:00.000000','jwt-bearer','inline','','','{\"keys\": [{\"kid\": \"key of 0.1.0\", \"use\": \"sig\", \"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"dqlNE4prQYWLghximDYxX80oOS7_bKA4petHh-EnfG4\", \"y\": \"qYX-YTQfJg5ssKG14R6HIIWZoAQPx4uqDp3dckuMURA\"}]}','','[]','',0,'[\"ES256\"]','[]',1800,60,'require_jti',0,'[{\"claim\": \"environment\", \"operator\": \"in\", \"values\": [\"production\", \"staging\"]}]','2026-11-30 03:17:37.913021','2026-11-30 03:17:37.913029');
INSERT INTO `oauth_jwt_grant_trustedissuer` (`id`, `name`, `issuer`, `enabled`, `valid_from`, `valid_until`, `issued_after`, `profile`, `key_source`, `jwks_url`, `discovery_url`, `jwks`, `trust_anchors`, `certificate_bindings`, `ca_bundle`, `allow_private_network`, `algorithms`, `audiences`, `max_lifetime`, `leeway`, `replay_policy`, `subject_fallback`, `conditions`, `created`, `updated`) VALUES (2,'People','https://people.example',1,NULL,NULL,NULL,'jwt-bearer','inline','','','{\"keys\": [{\"kid\": \"key of 0.1.0\", \"use\": \"sig\", \"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"dqlNE4prQYWLghximDYxX80oOS7_bKA4petHh-EnfG4\", \"y\": \"qYX-YTQfJg5ssKG14R6HIIWZoAQPx4uqDp3dckuMURA\"}]}','','[]','',0,'[]','[]',NULL,NULL,'once',1,'[]','2026-11-30 03:17:37.923267','2026-11-30 03:17:37.923289');
INSERT INTO `oauth_jwt_grant_trustedissuer` (`id`, `name`, `issuer`, `enabled`, `valid_from`, `valid_until`, `issued_after`, `profile`, `key_source`, `jwks_url`, `discovery_url`, `jwks`, `trust_anchors`, `certificate_bindings`, `ca_bundle`, `allow_private_network`, `algorithms`, `audiences`, `max_lifetime`, `leeway`, `replay_policy`, `subject_fallback`, `conditions`, `created`, `updated`) VALUES (3,'Fetched','https://fetched.example',1,NULL,NULL,NULL,'jwt-bearer','jwks_url','https://fetched.example/jwks','','{}','','[]','',0,'[]','[]',NULL,NULL,'once',0,'[]','2026-11-30 03:17:37.935279','2026-11-30 03:17:37.935295');
INSERT INTO `oauth_jwt_grant_trustedissuer` (`id`, `name`, `issuer`, `enabled`, `valid_from`, `valid_until`, `issued_after`, `profile`, `key_source`, `jwks_url`, `discovery_url`, `jwks`, `trust_anchors`, `certificate_bindings`, `ca_bundle`, `allow_private_network`, `algorithms`, `audiences`, `max_lifetime`, `leeway`, `replay_policy`, `subject_fallback`, `conditions`, `created`, `updated`) VALUES (4,'Cloud','https://cloud.example',1,NULL,NULL,NULL,'jwt-bearer','inline','','','{\"keys\": [{\"kid\": \"key of 0.1.0\", \"use\": \"sig\", \"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"dqlNE4prQYWLghximDYxX80oOS7_bKA4petHh-EnfG4\", \"y\": \"qYX-YTQfJg5ssKG14R6HIIWZoAQPx4uqDp3dckuMURA\"}]}','','[]','',0,'[]','[\"https://as.example.com\"]',NULL,NULL,'once',0,'[]','2026-11-30 03:17:37.939718','2026-11-30 03:17:37.939734');
INSERT INTO `oauth_jwt_grant_trustedissuer` (`id`, `name`, `issuer`, `enabled`, `valid_from`, `valid_until`, `issued_after`, `profile`, `key_source`, `jwks_url`, `discovery_url`, `jwks`, `trust_anchors`, `certificate_bindings`, `ca_bundle`, `allow_private_network`, `algorithms`, `audiences`, `max_lifetime`, `leeway`, `replay_policy`, `subject_fallback`, `conditions`, `created`, `updated`) VALUES (5,'GitHub','https://token.actions.githubusercontent.com',0,NULL,NULL,NULL,'jwt-bearer','discovery','','','{}','','[]','',0,'[]','[]',NULL,NULL,'once',0,'[]','2026-11-30 03:17:37.944114','2026-11-30 03:17:37.944128');
INSERT INTO `oauth_jwt_grant_trustedissuer` (`id`, `name`, `issuer`, `enabled`, `valid_from`, `valid_until`, `issued_after`, `profile`, `key_source`, `jwks_url`, `discovery_url`, `jwks`, `trust_anchors`, `certificate_bindings`, `ca_bundle`, `allow_private_network`, `algorithms`, `audiences`, `max_lifetime`, `leeway`, `replay_policy`, `subject_fallback`, `conditions`, `created`, `updated`) VALUES (6,'IdP','https://idp.example',1,NULL,NULL,NULL,'id-jag','inline','','','{\"keys\": [{\"kid\": \"key of 0.1.0\", \"use\": \"sig\", \"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"dqlNE4prQYWLghximDYxX80oOS7_bKA4petHh-EnfG4\", \"y\": \"qYX-YTQfJg5ssKG14R6HIIWZoAQPx4uqDp3dckuMURA\"}]}','','[]','',0,'[]','[]',NULL,NULL,'once',0,'[]','2026-11-30 03:17:37.950092','2026-11-30 03:17:37.950110');
INSERT INTO `oauth_jwt_grant_trustedissuer` (`id`, `name`, `issuer`, `enabled`, `valid_from`, `valid_until`, `issued_after`, `profile`, `key_source`, `jwks_url`, `discovery_url`, `jwks`, `trust_anchors`, `certificate_bindings`, `ca_bundle`, `allow_private_network`, `algorithms`, `audiences`, `max_lifetime`, `leeway`, `replay_policy`, `subject_fallback`, `conditions`, `created`, `updated`) VALUES (7,'backup','backup@service-accounts.as.example.com',1,NULL,NULL,NULL,'jwt-bearer','inline','','','{\"keys\": [{\"kty\": \"RSA\", \"n\": \"tnPr1DWFSUZIYF2fNpKbA_5_j9gFUAE2UX3MmRDN7Pjw2GFhxHncaeU1FaRbyvKkCWeo8zgfjVvqar3Z638c3YHIIBmR7BOY9G25f4xURCXOBGRAcr_mY_5ffCkGDHNz1fg4TMTiHVvibmsttfKOXzd7ENKv_jid9cWyjZ6AbXZlSIi1QuoVBMOt5y94bWYFnm6k91boe72g1voS4McZUdAq0VTDZ1Cy4-DaY7YiARju0JgGdEVN24gAu2w7B5mR6I-UrsFX8rQs_wK3fH_HSy_y2ST4mPUp9cSlRjpMTgYk2Ni3qlcZGrWfuAOpmphKsq8PhRKj12vdBCYIy8xRuQ\", \"e\": \"AQAB\", \"kid\": \"495662714aa8d04e36e831130dbd25e10eaa0fdee9e565b79e6017c786c016df\", \"use\": \"sig\", \"alg\": \"RS256\", \"iat\": 1796008658}]}','','[]','',0,'[\"RS256\"]','[\"https://as.example.com/o/token/\", \"https://as.example.com\", \"https://oauth2.googleapis.com/token\"]',3600,NULL,'once_if_jti',1,'[]','2026-11-30 03:17:38.026757','2026-11-30 03:17:38.026779');
