"""Keys in certificates that come with the assertion: RFC 7515 section 4.1.6, RFC 5280 section 6."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from oauth_jwt_grant.assertion import AssertionRefused, Reason
from oauth_jwt_grant.keys import CertificateKeys, normalise_jwks, parse_trust_anchors
from oauth_jwt_grant.keys.certificates import MAX_CHAIN

from .authority import DAY, NOW, SIGNER, Authority, key_usage, name_of
from .material import START, Clock, b64, ec_jwk, header, large_key, rsa_key, sized_exponent

SUBJECT = "subject=CN=signer,O=Example AS,C=NO"
PATH = "the chain does not lead to a trust anchor, or is not valid now"

root = Authority("Root")
issuing = Authority("Issuing", root)
leaf = issuing.issue(name_of("signer"))


def x5c(*chain: x509.Certificate, alg: str = "ES256", **members: Any) -> dict[str, Any]:
    return header(alg=alg, x5c=[Authority.b64(certificate) for certificate in chain], **members)


def source(anchors: str = root.pem, bindings: Any = (SUBJECT,), clock: Any = None) -> CertificateKeys:
    return CertificateKeys(trust_anchors=anchors, bindings=list(bindings), clock=clock or Clock())


def refusal(keys: CertificateKeys, sent: dict[str, Any]) -> str:
    with pytest.raises(AssertionRefused) as caught:
        keys.candidates(sent)
    assert caught.value.reason == Reason.NO_SUCH_KEY
    return caught.value.detail.removeprefix("x5c: ")


class TestAccepted:
    def accepted(self, keys: CertificateKeys, sent: dict[str, Any]) -> bool:
        [key] = keys.candidates(sent)
        certificate = x509.load_der_x509_certificate(base64.b64decode(sent["x5c"][0]))
        native: Any = key.native.get_op_key("verify")
        numbers: Any = certificate.public_key()
        return bool(native.public_numbers() == numbers.public_numbers())

    def test_chain(self) -> None:
        assert self.accepted(source(), x5c(leaf, issuing.certificate))

    def test_chain_with_the_anchor(self) -> None:
        assert self.accepted(source(), x5c(leaf, issuing.certificate, root.certificate))

    def test_anchor_in_the_middle(self) -> None:
        assert self.accepted(source(issuing.pem), x5c(leaf))
        assert self.accepted(source(issuing.pem), x5c(leaf, issuing.certificate, root.certificate))

    def test_several_anchors(self) -> None:
        other = Authority("Other")
        certificate = other.issue(name_of("signer"))
        anchors = root.pem + "a remark\n" + other.pem
        assert self.accepted(source(anchors), x5c(leaf, issuing.certificate))
        assert self.accepted(source(anchors), x5c(certificate))

    def test_longest_chain(self) -> None:
        chain = [root]
        while len(chain) < MAX_CHAIN - 1:
            chain.append(Authority(f"Number {len(chain)}", chain[-1]))
        signer = chain[-1].issue(name_of("signer"))
        sent = x5c(signer, *(authority.certificate for authority in reversed(chain)))
        assert len(sent["x5c"]) == MAX_CHAIN
        assert self.accepted(source(), sent)

    def test_kid_beside_it_is_of_no_matter(self) -> None:
        assert self.accepted(source(), x5c(leaf, issuing.certificate, kid="whatever"))

    def test_rsa_certificate(self) -> None:
        certificate = issuing.issue(name_of("signer"), key=rsa_key())
        assert self.accepted(source(), x5c(certificate, issuing.certificate, alg="RS256"))
        assert self.accepted(source(), x5c(certificate, issuing.certificate, alg="PS256"))

    def test_certificate_that_says_nothing_of_its_use(self) -> None:
        assert self.accepted(
            source(), x5c(issuing.issue(name_of("signer"), extensions=()), issuing.certificate)
        )

    def test_thumbprints(self) -> None:
        der = leaf.public_bytes(Encoding.DER)
        prints = {
            "x5t#S256": b64(hashlib.sha256(der).digest()),
            "x5t": b64(hashlib.sha1(der, usedforsecurity=False).digest()),
        }
        assert self.accepted(source(), x5c(leaf, issuing.certificate, **prints))


class TestHeader:
    @pytest.mark.parametrize("sent", [{}, {"x5c": None}, {"x5c": []}, {"x5c": "AAAA"}, {"x5c": {"a": 1}}])
    def test_no_list(self, sent: dict[str, Any]) -> None:
        assert refusal(source(), header("kid", **sent)) == "there is no list of certificates"

    @pytest.mark.parametrize(
        ("member", "text"),
        [
            (5, "a certificate (x5c) is not a string"),
            ("AAAA", "a certificate (x5c) is not DER in base64"),
            ("", "a certificate (x5c) is not DER in base64"),
            (root.pem, "a certificate (x5c) is not DER in base64"),
            (b64(leaf.public_bytes(Encoding.DER) + b"\xfb\xff"), "a certificate (x5c) is not DER in base64"),
            (
                Authority.b64(leaf)[:40] + "\n" + Authority.b64(leaf)[40:],
                "a certificate (x5c) is not DER in base64",
            ),
        ],
    )
    def test_malformed_members(self, member: Any, text: str) -> None:
        assert refusal(source(), header(x5c=[member])) == text
        assert refusal(source(), header(x5c=[Authority.b64(leaf), member])) == text

    def test_version_that_does_not_exist(self) -> None:
        der = leaf.public_bytes(Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x08", 1)
        text = base64.b64encode(der).decode()
        assert refusal(source(), header(x5c=[text])) == "a certificate (x5c) is not DER in base64"
        pem = f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"
        with pytest.raises(ValueError, match="Certificate 1 cannot be read"):
            parse_trust_anchors(pem)
        with pytest.raises(ValueError, match="PEM block 1 cannot be used: malformed"):
            normalise_jwks(pem)

    @pytest.mark.parametrize(
        ("key", "why"),
        [
            (lambda: sized_exponent(3072, 3000), "RSA key with an exponent of 3000 bits, allowed are 32"),
            (large_key, "RSA key of 8676 bits, allowed are 2048 to 8192"),
            (lambda: dsa.generate_private_key(2048), "key type is unknown"),
            (lambda: ec.generate_private_key(ec.BrainpoolP512R1()), "key type is unknown"),
        ],
        ids=["exponent", "modulus", "DSA", "curve"],
    )
    def test_an_authority_whose_key_costs_much(self, key: Any, why: str) -> None:
        """It is refused before anything is verified with it; that would take up to 50 ms for each."""
        costly = Authority("Costly", root, key=key())
        signer = costly.issue(name_of("signer"))
        assert refusal(source(), x5c(signer, costly.certificate)) == why
        assert refusal(source(), x5c(signer, costly.certificate, root.certificate)) == why

    def test_too_many(self) -> None:
        assert refusal(source(), x5c(*[leaf] * 7)) == "more than 6 certificates"

    @pytest.mark.parametrize("name", ["x5t", "x5t#S256"])
    @pytest.mark.parametrize("value", ["AAAA", "", 5, None])
    def test_thumbprint_of_something_else(self, name: str, value: Any) -> None:
        sent = x5c(leaf, issuing.certificate, **{name: value})
        assert refusal(source(), sent) == f"{name} is not of the first certificate"

    def test_header_keys_are_ignored(self) -> None:
        """``jwk``, ``jku`` and ``x5u`` are anybody's; so is ``x5c`` for an issuer with other keys."""
        sent = header("a", jwk=ec_jwk("a"), jku="https://evil.example/", x5u="https://evil.example/")
        assert refusal(source(), sent) == "there is no list of certificates"

    def test_algorithm_of_another_kind_of_key(self) -> None:
        for alg in ("RS256", "ES384"):
            with pytest.raises(AssertionRefused, match=f'alg "{alg}".*is of another kind') as caught:
                source().candidates(x5c(leaf, issuing.certificate, alg=alg))
            assert caught.value.reason is Reason.NO_SUCH_KEY


class TestPath:
    def test_other_root(self) -> None:
        impostor = Authority("Root")
        certificate = impostor.issue(name_of("signer"))
        assert refusal(source(), x5c(certificate)) == PATH
        assert refusal(source(), x5c(certificate, impostor.certificate)) == PATH

    def test_missing_intermediate(self) -> None:
        assert refusal(source(), x5c(leaf)) == PATH

    @pytest.mark.parametrize(
        "chain",
        [
            [issuing.certificate, leaf],
            [leaf, root.certificate, issuing.certificate],
            [leaf, issuing.certificate, issuing.certificate],
            [leaf, leaf],
            [leaf, issuing.certificate, Authority("Evil").certificate],
        ],
        ids=["leaf last", "wrong order", "twice", "leaf twice", "foreign root at the end"],
    )
    def test_each_certifies_the_one_before(self, chain: list[x509.Certificate]) -> None:
        assert refusal(source(), x5c(*chain)) == "a certificate does not certify the one before it"

    def test_forged_signature(self) -> None:
        forger = Authority("Forger")
        forged = forger.issue(name_of("signer"), issuer=issuing.name)
        assert refusal(source(), x5c(forged, issuing.certificate)) == (
            "a certificate does not certify the one before it"
        )
        assert refusal(source(issuing.pem), x5c(forged)) == PATH

    @pytest.mark.parametrize("offset", [-31, 31])
    def test_leaf_out_of_its_dates(self, offset: int) -> None:
        keys = source(clock=Clock(START + offset * 86400))
        assert refusal(keys, x5c(leaf, issuing.certificate)) == PATH

    def test_the_time_is_that_of_the_request(self) -> None:
        clock = Clock()
        keys = source(clock=clock)
        assert keys.candidates(x5c(leaf, issuing.certificate))
        clock.now += 31 * 86400
        assert refusal(keys, x5c(leaf, issuing.certificate)) == PATH

    @pytest.mark.parametrize(
        "dates", [{"end": NOW - DAY}, {"start": NOW + DAY}], ids=["expired", "not yet valid"]
    )
    def test_intermediate_out_of_its_dates(self, dates: dict[str, Any]) -> None:
        old = Authority("Old", root, **dates)
        certificate = old.issue(name_of("signer"))
        assert refusal(source(), x5c(certificate, old.certificate)) == PATH

    def test_leaf_as_an_authority(self) -> None:
        pretender = Authority("Pretender")
        pretender.certificate = issuing.issue(pretender.name, key=pretender.key)
        certificate = pretender.issue(name_of("signer"))
        chain = x5c(certificate, pretender.certificate, issuing.certificate)
        assert refusal(source(), chain) == PATH

    def test_path_length(self) -> None:
        short = Authority("Short", root, path_length=0)
        below = Authority("Below", short)
        assert source().candidates(x5c(short.issue(name_of("signer")), short.certificate))
        chain = x5c(below.issue(name_of("signer")), below.certificate, short.certificate)
        assert refusal(source(), chain) == PATH

    def test_name_constraints(self) -> None:
        permitted = x509.NameConstraints([x509.DNSName("good.example")], None)
        bound = Authority("Bound", root, extensions=[(permitted, True)])
        good = bound.issue(name_of("signer"), names=[x509.DNSName("a.good.example")])
        evil = bound.issue(name_of("signer"), names=[x509.DNSName("evil.example")])
        assert source().candidates(x5c(good, bound.certificate))
        assert refusal(source(), x5c(evil, bound.certificate)) == PATH

    def test_unknown_critical_extension(self) -> None:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        critical = issuing.issue(name_of("signer"), extensions=[*SIGNER, (unknown, True)])
        harmless = issuing.issue(name_of("signer"), extensions=[*SIGNER, (unknown, False)])
        assert refusal(source(), x5c(critical, issuing.certificate)) == PATH
        assert source().candidates(x5c(harmless, issuing.certificate))

    @pytest.mark.parametrize("uses", [["key_encipherment"], ["content_commitment"], []])
    def test_key_for_something_else(self, uses: list[str]) -> None:
        certificate = issuing.issue(name_of("signer"), extensions=[(key_usage(*uses), True)])
        assert refusal(source(), x5c(certificate, issuing.certificate)) == PATH

    def test_authority_does_not_sign_assertions(self) -> None:
        assert refusal(
            source(bindings=["subject=CN=Issuing,O=Example AS,C=NO"]), x5c(issuing.certificate)
        ) == ("the first certificate is that of a certificate authority")

    def test_weak_key(self) -> None:
        certificate = issuing.issue(name_of("signer"), key=rsa_key(1024))
        assert "1024" in refusal(source(), x5c(certificate, issuing.certificate, alg="RS256"))

    def test_edwards_key(self) -> None:
        certificate = issuing.issue(name_of("signer"), key=ed25519.Ed25519PrivateKey.generate())
        [key] = source().candidates(x5c(certificate, issuing.certificate, alg="EdDSA"))
        assert (key.kty, key.crv) == ("OKP", "Ed25519")


class TestBinding:
    """One of the bindings must hold: a CA has other customers too."""

    sent = x5c(
        issuing.issue(
            name_of("signer"),
            names=[
                x509.DNSName("Signer.Example"),
                x509.UniformResourceIdentifier("spiffe://example/Signer"),
                x509.RFC822Name("Signer@Example.com"),
            ],
        ),
        issuing.certificate,
    )
    digest = hashlib.sha256(base64.b64decode(sent["x5c"][0])).hexdigest()

    @pytest.mark.parametrize(
        "binding",
        [
            SUBJECT,
            "subject=2.5.4.3=signer,2.5.4.10=Example AS,2.5.4.6=NO",
            "dns=signer.example",
            "dns=SIGNER.EXAMPLE",
            "uri=spiffe://example/Signer",
            "email=Signer@example.COM",
            pytest.param(f"sha256={digest}", id="sha256"),
            pytest.param("sha256=" + bytes.fromhex(digest).hex(":").upper(), id="SHA256 with colons"),
        ],
    )
    def test_holds(self, binding: str) -> None:
        assert source(bindings=[binding]).candidates(self.sent)
        assert source(bindings=["dns=other.example", binding]).candidates(self.sent)

    @pytest.mark.parametrize(
        "binding",
        [
            "subject=CN=other,O=Example AS,C=NO",
            "subject=CN=signer",
            "subject=C=NO,O=Example AS,CN=signer",
            "subject=CN=Signer,O=Example AS,C=NO",
            "dns=example",
            "dns=*.example",
            "dns=a.signer.example",
            "uri=spiffe://example/signer",
            "uri=spiffe://example/",
            "email=signer@example.com",
            "email=Example.com",
            f"sha256={'0' * 64}",
            "dns=spiffe://example/Signer",
            # The intermediate's: it certifies its other customers, too.
            "subject=CN=Issuing,O=Example AS,C=NO",
        ],
    )
    def test_does_not_hold(self, binding: str) -> None:
        assert refusal(source(bindings=[binding]), self.sent) == "the certificate is not bound to the issuer"

    @pytest.mark.parametrize("binding", ["dns=signer.example", "uri=a:b", "email=a@b"])
    def test_certificate_without_alternative_names(self, binding: str) -> None:
        assert refusal(source(bindings=[binding]), x5c(leaf, issuing.certificate)) == (
            "the certificate is not bound to the issuer"
        )

    def test_wildcard_in_the_certificate_is_a_name_like_any_other(self) -> None:
        certificate = issuing.issue(name_of("x"), names=[x509.DNSName("*.example")])
        sent = x5c(certificate, issuing.certificate)
        assert refusal(source(bindings=["dns=signer.example"]), sent)
        assert source(bindings=["dns=*.example"]).candidates(sent)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("bindings", "text"),
        [
            ([], "There must be a list of what ties the certificates to the issuer."),
            (None, "There must be a list of what ties the certificates to the issuer."),
            ("dns=a", "There must be a list of what ties the certificates to the issuer."),
            (["other=a"], "Not KIND=VALUE with a kind among dns, email, sha256, subject, uri: 'other=a'."),
            (["dns"], "Not KIND=VALUE with a kind among dns, email, sha256, subject, uri: 'dns'."),
            (["dns="], "Not KIND=VALUE with a kind among dns, email, sha256, subject, uri: 'dns='."),
            ([5], "Not KIND=VALUE with a kind among dns, email, sha256, subject, uri: '5'."),
            (["subject=signer"], "Not a distinguished name as in RFC 4514: 'signer'."),
            (["sha256=abc"], "sha256 needs 64 hexadecimal digits."),
        ],
    )
    def test_bindings(self, bindings: Any, text: str) -> None:
        keys = CertificateKeys(trust_anchors=root.pem, bindings=bindings)
        with pytest.raises(AssertionRefused) as caught:
            keys.candidates(x5c(leaf))
        assert (caught.value.reason, caught.value.detail) == (Reason.ISSUER_MISCONFIGURED, text)
        assert keys.status().last_error == text

    @pytest.mark.parametrize(
        ("pem", "text"),
        [
            ("", "Not PEM text with one or more certificates."),
            ("x", "Not PEM text with one or more certificates."),
            (root.pem.replace("MII", "AAA"), "Certificate 1 cannot be read."),
            (root.pem + root.pem.replace("MII", "A\u00e9A"), "Certificate 2 cannot be read."),
            (
                root.pem + leaf.public_bytes(Encoding.PEM).decode(),
                "Certificate 2 is not that of a certificate authority (basicConstraints).",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\n" + root.pem,
                "There is a private key beside the certificates: enter certificates alone.",
            ),
        ],
    )
    def test_anchors(self, pem: str, text: str) -> None:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared below
            parse_trust_anchors(pem)
        assert str(caught.value) == text
        with pytest.raises(AssertionRefused) as refused:
            source(pem).candidates(x5c(leaf))
        assert (refused.value.reason, refused.value.detail) == (Reason.ISSUER_MISCONFIGURED, text)

    def test_status(self) -> None:
        status = source(root.pem + issuing.pem).status()
        assert [info.subject for info in status.certificates] == [
            "CN=Root,O=Example AS,C=NO",
            "CN=Issuing,O=Example AS,C=NO",
        ]
        assert status.certificates[0].not_after == NOW + 30 * DAY
        assert status.certificates[0].not_before == NOW - 30 * DAY
        assert (
            status.certificates[0].sha256
            == hashlib.sha256(root.certificate.public_bytes(Encoding.DER)).hexdigest()
        )
        source().refresh()

    def test_unreadable_basic_constraints(self) -> None:
        """An extension that does not decode makes no authority."""
        broken = x509.UnrecognizedExtension(x509.BasicConstraints.oid, b"\xff")
        certificate = issuing.issue(name_of("signer"), extensions=[(broken, False)])
        pem = certificate.public_bytes(Encoding.PEM).decode()
        with pytest.raises(ValueError, match="is not that of a certificate authority"):
            parse_trust_anchors(pem)
        assert refusal(source(), x5c(certificate, issuing.certificate)) == "a certificate is malformed"


def test_organisation_number_in_the_subject() -> None:
    """As Maskinporten-like schemes have it: the number of the enterprise is an attribute of the subject."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NO"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example AS, Oslo"),
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "NTRNO-974760673"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Example"),
        ]
    )
    certificate = issuing.issue(subject)
    bindings = [r"subject=CN=Example,2.5.4.97=NTRNO-974760673,O=Example AS\, Oslo,C=NO"]
    assert source(bindings=bindings).candidates(x5c(certificate, issuing.certificate))
