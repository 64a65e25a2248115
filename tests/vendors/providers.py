"""Identity providers.

Entra ID: https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference.
Keycloak: https://www.keycloak.org/docs/latest/server_admin/.
Auth0: https://auth0.com/docs/secure/tokens/access-tokens.
Entra ID for SCIM: https://github.com/AzureAD/SCIMReferenceCode.
Okta: https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/.
Okta Cross App Access: https://developer.okta.com/docs/guides/xaa-validate-id-jag/main/.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oauth_jwt_grant.assertion import Reason
from tests.factories import DROP, jwk

from .vendor import AUDIENCE, Neighbour, Vendor, certificate_of, no_rule, other_key, uuid4

_TENANT = "72f988bf-1111-4222-8333-000000000001"
_OTHER_TENANT = "c0ffee00-1111-4222-8333-000000000001"
_OBJECT = "9f8e7d6c-1111-4222-8333-000000000003"
_APPLICATION = "6e74172b-1111-4222-8333-000000000001"
_LOGIN = "https://login.microsoftonline.com"


def _of_another_tenant() -> dict[str, Any]:
    """The key of the accounts of private people, which stands in every tenant's set."""
    consumers = f"{_LOGIN}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
    key = replace(other_key(), kid="JDNa_4i4r7FgigL3sHIlI3xV-IU")
    return {**ENTRA.published(key), "issuer": consumers}


#: A service principal. The key's member issuer is a template for all tenants, whose keys are the same.
ENTRA = Vendor(
    name="entra",
    preset="entra-id",
    answers={"tenant": _TENANT, "object": _OBJECT, "audience": _APPLICATION},
    issuer=f"{_LOGIN}/{_TENANT}/v2.0",
    jwks_uri=f"{_LOGIN}/{_TENANT}/discovery/v2.0/keys",
    kid="nOo3ZDrODXEK1jKWhXslHR_KXEg",
    members={"use": "sig", "issuer": f"{_LOGIN}/{{tenantid}}/v2.0"},
    certified=("x5c", "x5t"),
    others=lambda: [_of_another_tenant()],
    metadata={"tenant_region_scope": "EU", "cloud_instance_name": "microsoftonline.com"},
    lifetime=5400,
    nbf=0,
    reused=True,
    claims={
        "aud": _APPLICATION,
        "aio": "E2ZgYExampleOpaque",
        "azp": "2f2a6a10-1111-4222-8333-000000000002",
        "azpacr": "2",
        "idtyp": "app",
        "oid": _OBJECT,
        "rh": "1.ExampleOpaque",
        "roles": ["Assertion.Exchange"],
        "sub": _OBJECT,
        "tid": _TENANT,
        "uti": "sdmF4KgzXUu6N0IKMbQBAA",
        "ver": "2.0",
    },
    neighbours={
        "another application of the tenant": no_rule(
            oid="9f8e7d6c-1111-4222-8333-0000000000ff", sub="9f8e7d6c-1111-4222-8333-0000000000ff"
        ),
        "a person who uses the same application": no_rule(
            oid="9f8e7d6c-1111-4222-8333-0000000000fe", sub="pairwise", scp="access_as_user", idtyp=DROP
        ),
        "another tenant that writes our issuer": no_rule(tid=_OTHER_TENANT),
        "another tenant": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": f"{_LOGIN}/{_OTHER_TENANT}/v2.0", "tid": _OTHER_TENANT}
        ),
        "the template for all tenants": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": f"{_LOGIN}/{{tenantid}}/v2.0"}
        ),
        "a token of version 1": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": f"https://sts.windows.net/{_TENANT}/", "ver": "1.0"}
        ),
        "a token for Microsoft Graph": Neighbour(
            Reason.AUDIENCE, {"aud": "00000003-0000-0000-c000-000000000000"}
        ),
        "a token for this server, named otherwise": Neighbour(
            Reason.AUDIENCE, {"aud": f"api://{_APPLICATION}"}
        ),
        "a private person's account": Neighbour(
            Reason.NO_SUCH_KEY, key=other_key, kid="JDNa_4i4r7FgigL3sHIlI3xV-IU"
        ),
        "somebody who signs in": Neighbour(Reason.ID_TOKEN, {"nonce": "12345"}),
    },
)
#: A managed identity, whose token the platform keeps for a day.
MANAGED_IDENTITY = replace(
    ENTRA,
    name="entra-managed-identity",
    answers={**ENTRA.answers, "managed_identity": "yes"},
    lifetime=86400,
    claims={
        **ENTRA.claims,
        "xms_mirid": "/subscriptions/11111111-1111-4222-8333-000000000004/resourcegroups/rg1"
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/exporter",
    },
    neighbours={"an identity made again under its name": no_rule(oid="9f8e7d6c-1111-4222-8333-0000000000fd")},
)
_PROVISIONED = f"api://{_APPLICATION}"
#: Microsoft's provisioning service: sub is the object of its own application, oid the workload identity's.
ENTRA_SCIM = replace(
    ENTRA,
    name="entra-scim",
    preset="entra-scim",
    is_client=True,
    answers={
        "tenant": _TENANT,
        "object": _OBJECT,
        "application": "2f2a6a10-1111-4222-8333-000000000003",
        "audience": _PROVISIONED,
    },
    lifetime=3900,
    header={"typ": "JWT"},
    claims={
        "aud": _PROVISIONED,
        "appid": "2f2a6a10-1111-4222-8333-000000000003",
        "appidacr": "2",
        "idp": f"https://sts.windows.net/{_TENANT}/",
        "oid": _OBJECT,
        "sub": "5a4b3c2d-1111-4222-8333-000000000005",
        "tid": _TENANT,
        "ver": "2.0",
    },
    neighbours={
        "another workload identity": no_rule(oid="9f8e7d6c-1111-4222-8333-0000000000ff"),
        "another application of the tenant": no_rule(appid="2f2a6a10-1111-4222-8333-0000000000ff"),
        "another tenant that writes our issuer": no_rule(tid=_OTHER_TENANT),
        "another tenant": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": f"{_LOGIN}/{_OTHER_TENANT}/v2.0", "tid": _OTHER_TENANT}
        ),
        "the audience as the portal shows it": Neighbour(
            Reason.AUDIENCE, {"aud": f"{_PROVISIONED}/.default"}
        ),
        "a token for the customer's other supplier": Neighbour(
            Reason.AUDIENCE, {"aud": "api://6e74172b-1111-4222-8333-0000000000ff"}
        ),
    },
)
#: Of a resource application with requestedAccessTokenVersion 1: metadata elsewhere, keys of all tenants.
ENTRA_V1 = replace(
    ENTRA,
    name="entra-v1",
    preset="entra-id-v1",
    answers={**ENTRA.answers, "audience": f"api://{_APPLICATION}"},
    issuer=f"https://sts.windows.net/{_TENANT}/",
    discovery_url=f"{_LOGIN}/{_TENANT}/.well-known/openid-configuration",
    jwks_uri=f"{_LOGIN}/common/discovery/keys",
    members={"use": "sig"},
    header={"typ": "JWT", "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg"},
    claims={
        **{name: value for name, value in ENTRA.claims.items() if name not in ("azp", "azpacr")},
        "aud": f"api://{_APPLICATION}",
        "appid": "2f2a6a10-1111-4222-8333-000000000002",
        "appidacr": "1",
        "idp": f"https://sts.windows.net/{_TENANT}/",
        "ver": "1.0",
    },
    neighbours={
        "another application of the tenant": no_rule(oid="9f8e7d6c-1111-4222-8333-0000000000ff"),
        "the audience in its other spelling": Neighbour(Reason.AUDIENCE, {"aud": _APPLICATION}),
        "a token of version 2": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": ENTRA.issuer, "ver": "2.0"}),
        "the issuer without its slash": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": f"https://sts.windows.net/{_TENANT}"}
        ),
        "a private person's account": Neighbour(
            Reason.NO_SUCH_KEY, key=other_key, kid="JDNa_4i4r7FgigL3sHIlI3xV-IU"
        ),
    },
)


def _encryption_key() -> dict[str, Any]:
    key = replace(other_key(), kid="9Jz3enc")
    return {**jwk(key), "use": "enc", "alg": "RSA-OAEP", **certificate_of(key)}


_REALM = "https://sso.acme.example/realms/production"
_SUBJECT = "ecbbd65d-1111-4222-8333-000000000002"
KEYCLOAK = Vendor(
    name="keycloak",
    preset="keycloak",
    answers={"issuer": _REALM, "client": "exporter", "subject": _SUBJECT},
    issuer=_REALM,
    jwks_uri=f"{_REALM}/protocol/openid-connect/certs",
    kid="weLczjdEl67i4hvg_example",
    certified=("x5c", "x5t", "x5t#S256"),
    others=lambda: [_encryption_key()],
    lifetime=300,
    jti=lambda: f"trrtcc:{uuid4()}",
    reused=True,
    claims={
        "aud": [AUDIENCE, "account"],
        "sub": _SUBJECT,
        "typ": "Bearer",
        "azp": "exporter",
        "acr": "1",
        "realm_access": {"roles": ["offline_access", "uma_authorization"]},
        "resource_access": {"account": {"roles": ["view-profile"]}},
        "scope": "profile email",
        "email_verified": False,
        "client_id": "exporter",
        "preferred_username": "service-account-exporter",
        "clientHost": "10.0.0.5",
        "clientAddress": "10.0.0.5",
    },
    neighbours={
        "another client of the realm": no_rule(sub="ecbbd65d-1111-4222-8333-0000000000ff", azp="reporter"),
        "the client made again under its name": no_rule(sub="ecbbd65d-1111-4222-8333-0000000000fe"),
        "the same account through another client": no_rule(azp="reporter"),
        "an ID Token": no_rule(typ="ID", aud=AUDIENCE),
        "an ID Token of somebody who signs in": Neighbour(
            Reason.ID_TOKEN, {"typ": "ID", "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q"}
        ),
        "no audience mapper": Neighbour(Reason.AUDIENCE, {"aud": "account"}),
        "no audience at all": Neighbour(Reason.MISSING_CLAIM, {"aud": DROP}),
        "another realm": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://sso.acme.example/realms/test"}),
        "another realm's key": Neighbour(Reason.NO_SUCH_KEY, key=other_key, kid="other-realm"),
        "the key for encryption": Neighbour(Reason.NO_SUCH_KEY, key=other_key, kid="9Jz3enc"),
    },
)
_CLIENT = "Zk3mPq7RtXw2Yb9Lc4Nd8Vf1Hg6Js0Ae"
AUTH0 = Vendor(
    name="auth0",
    preset="auth0",
    answers={"issuer": "https://acme.eu.auth0.com/", "client": _CLIENT},
    issuer="https://acme.eu.auth0.com/",
    jwks_uri="https://acme.eu.auth0.com/.well-known/jwks.json",
    certified=("x5c", "x5t"),
    lifetime=86400,
    reused=True,
    claims={
        "sub": f"{_CLIENT}@clients",
        "aud": AUDIENCE,
        "scope": "assertion:exchange",
        "gty": "client-credentials",
        "azp": _CLIENT,
    },
    neighbours={
        "another client of the tenant": no_rule(azp="other", sub="other@clients"),
        "a person who uses the client": no_rule(sub="auth0|5f7c8ec7c33c6c004bbafe82", gty=DROP),
        "somebody who signs in": Neighbour(Reason.ID_TOKEN, {"nonce": "12345", "gty": DROP}),
        "another tenant": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://mallory.eu.auth0.com/"}),
        "the issuer without its slash": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://acme.eu.auth0.com"}
        ),
    },
)
_SERVER = "https://acme.okta.com/oauth2/aus1a2b3c4d5e6f7g8h9"
OKTA = Vendor(
    name="okta",
    preset="okta",
    answers={"issuer": _SERVER, "client": "0oa1b2c3d4E5f6G7h8i9"},
    issuer=_SERVER,
    jwks_uri=f"{_SERVER}/v1/keys",
    header={},
    lifetime=3600,
    jti=lambda: f"AT.{uuid4()}",
    reused=True,
    claims={
        "ver": 1,
        "aud": AUDIENCE,
        "cid": "0oa1b2c3d4E5f6G7h8i9",
        "scp": ["read"],
        "sub": "0oa1b2c3d4E5f6G7h8i9",
    },
    neighbours={
        "another application": no_rule(cid="0oaother", sub="0oaother"),
        "another application that calls itself so": no_rule(cid="0oaother"),
        "a person who uses the application": no_rule(sub="mona@acme.example", uid="00u1a2b3c4d5"),
        "the server of the same company for itself": Neighbour(
            Reason.UNKNOWN_ISSUER, {"iss": "https://acme.okta.com"}
        ),
    },
)

_OKTA = "https://acme.okta.com"
#: Cross App Access: the organization's own server signs. Without a path, and for ID-JAGs alone here.
OKTA_XAA = Vendor(
    name="okta-xaa",
    preset="okta-xaa",
    answers={"issuer": _OKTA, "client": "deploy-tool"},
    issuer=_OKTA,
    jwks_uri=f"{_OKTA}/oauth2/v1/keys",
    header={"typ": "oauth-id-jag+jwt"},
    lifetime=300,
    # Okta advises to send it again while it lasts; here the second one is refused.
    jti=lambda: f"IDAAG.{uuid4()}",
    claims={
        "sub": "00u1a2b3c4d5e6f7g8h9",
        "aud": "https://as.example.com",
        "client_id": "deploy-tool",
        "scope": "read",
        "email": "mona@acme.example",
    },
    neighbours={
        "another client of this server": Neighbour(Reason.OTHER_CLIENT, {"client_id": "reporter"}),
        "another customer's Okta": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://mallory.okta.com"}),
        "another customer's Okta that writes our issuer": Neighbour(Reason.BAD_SIGNATURE, key=other_key),
        "a tenant of this server that no rule names": no_rule(aud_tenant="mallory"),
        "an ID-JAG for another service": Neighbour(Reason.AUDIENCE, {"aud": "https://other.example.com"}),
        "the token endpoint as audience": Neighbour(Reason.AUDIENCE, {"aud": AUDIENCE}),
    },
)
_SAML = {
    "format": "saml-nameid",
    "issuer": "http://www.okta.com/exk1example",
    "nameid": "mona",
    "nameid_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "sp_name_qualifier": "https://app.example.net/saml",
}
#: The same for people who sign in by SAML, as Okta sends it since July 2026.
OKTA_XAA_SAML = replace(
    OKTA_XAA,
    name="okta-xaa-saml",
    preset="okta-xaa-saml",
    answers={
        **OKTA_XAA.answers,
        "entity_id": "http://www.okta.com/exk1example",
        "service_provider": "https://app.example.net/saml",
        "aud_tenant": "ours",
    },
    claims={**OKTA_XAA.claims, "aud_tenant": "ours", "sub_id": _SAML},
    neighbours={
        "another client of this server": Neighbour(Reason.OTHER_CLIENT, {"client_id": "reporter"}),
        "the name in another customer's SAML": no_rule(
            sub_id={**_SAML, "issuer": "http://www.okta.com/exk9mallory"}
        ),
        "the name in another application": no_rule(
            sub_id={**_SAML, "sp_name_qualifier": "https://other.example.net/saml"}
        ),
        "another tenant of this server": no_rule(aud_tenant="mallory"),
        "nobody in SAML": no_rule(sub_id=DROP),
        "another customer's Okta": Neighbour(Reason.UNKNOWN_ISSUER, {"iss": "https://mallory.okta.com"}),
    },
)
#: A provider with customers of its own under one issuer.
ID_JAG = replace(
    OKTA_XAA,
    name="id-jag",
    preset="id-jag",
    answers={
        "issuer": "https://idp.example",
        "client": "deploy-tool",
        "tenant": "acme",
        "aud_tenant": "ours",
    },
    issuer="https://idp.example",
    jwks_uri="https://idp.example/keys",
    jti=uuid4,
    claims={**OKTA_XAA.claims, "sub": "U019488227", "tenant": "acme", "aud_tenant": "ours"},
    neighbours={
        "another client of this server": Neighbour(Reason.OTHER_CLIENT, {"client_id": "reporter"}),
        "another customer of the provider": no_rule(tenant="mallory"),
        "nobody's customer": no_rule(tenant=DROP),
        "another tenant of this server": no_rule(aud_tenant="mallory"),
    },
)

VENDORS = (
    *(ENTRA, MANAGED_IDENTITY, ENTRA_V1, ENTRA_SCIM),
    *(KEYCLOAK, AUTH0),
    *(OKTA, OKTA_XAA, OKTA_XAA_SAML, ID_JAG),
)
