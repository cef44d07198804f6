"""A folder with people and an authority of today, and structures that other programs write, built by hand."""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smime_core.algorithms import (
    HashName,
    SignatureAlgorithm,
    SignatureScheme,
    build_hash_identifier,
    build_signature_identifier as identify,
)
from smime_core.asn1 import der
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.cms.content_info import ID_DATA, ID_SIGNED_DATA, build_content_info
from tests.support.command.lab import QuickLab

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

TODAY: Final = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
ENTITY: Final = b"Content-Type: text/plain\r\n\r\nWe meet at eight.\r\n"
HEAD: Final = b"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: Supper\r\nMIME-Version: 1.0\r\n"
DETACHED: Final = b'multipart/signed; protocol="application/pkcs7-signature"; micalg="sha-256"'
TRUST: Final = ("--anchor", "root.pem", "--no-revocation")
FROM_ALICE: Final = ("--from", "alice@example.test")
RSA: Final = SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=HashName.SHA256)
SIGNING_TIME: Final = build_attribute("1.2.840.113549.1.9.5", der.element(0x17, f"{TODAY:%y%m%d%H%M%S}Z".encode()))
_ROOT: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
_USAGES: Final = [
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
]


@functools.cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@functools.cache
def curve_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pkcs8(private: Key) -> bytes:
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def key_usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in _USAGES})


def certify(
    name: str,
    *addresses: str,
    private: Key | None = None,
    usages: Sequence[str] = ("digital_signature", "key_encipherment"),
    names: Sequence[x509.GeneralName] = (),
    is_own: bool = False,
) -> x509.Certificate:
    """A certificate of today by the authority, or with `is_own` by its own key, for name@example.test or others."""
    private = private or key(name)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    general = names or [x509.RFC822Name(address) for address in addresses or (f"{name}@example.test",)]
    built = (
        x509.CertificateBuilder(subject if is_own else _ROOT, subject, private.public_key(), _number_of(name))
        .not_valid_before(TODAY - datetime.timedelta(days=1))
        .not_valid_after(TODAY + datetime.timedelta(days=100))
        .add_extension(key_usage(*usages), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectAlternativeName(general), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
    )
    return built.sign(private if is_own else key("root"), hashes.SHA256())


@functools.cache
def root() -> x509.Certificate:
    built = (
        x509.CertificateBuilder(_ROOT, _ROOT, key("root").public_key(), 1)
        .not_valid_before(TODAY - datetime.timedelta(days=1))
        .not_valid_after(TODAY + datetime.timedelta(days=100))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    return built.sign(key("root"), hashes.SHA256())


@functools.cache
def alice() -> x509.Certificate:
    return certify("alice")


@functools.cache
def bob() -> x509.Certificate:
    return certify("bob")


def _number_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") | 1


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def spki_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def with_field(certificate: x509.Certificate, field: int, value: bytes) -> bytes:
    """The DER of a certificate of which one field of its TBSCertificate is another, signed by the authority again."""
    tbs, identifier, _ = der.read_sequence(der_of(certificate))
    fields = [bytes(child.encoded) for child in der.read_children(tbs)]
    fields[field] = value
    altered = der.sequence(*fields)
    signature = key("root").sign(altered, padding.PKCS1v15(), hashes.SHA256())
    return der.sequence(altered, bytes(identifier.encoded), der.element(0x03, b"\0", signature))


def signed_attributes(content: bytes, *more: bytes, content_type: str = ID_DATA) -> list[bytes]:
    return [
        build_attribute(CONTENT_TYPE, der.oid(content_type)),
        build_attribute(MESSAGE_DIGEST, der.octet_string(hashlib.sha256(content).digest())),
        SIGNING_TIME,
        *more,
    ]


def signed_by_alice(
    content: bytes | None,
    attributes: Sequence[bytes],
    *,
    covered: Sequence[bytes] | None = None,
    certificate_der: bytes | None = None,
) -> bytes:
    """SignedData by Alice with these attributes in this order. The signature covers them, or others in their order."""
    signed = der.element(der.SET, b"".join(attributes if covered is None else covered))
    signer = der.sequence(
        der.integer(1),
        der.sequence(alice().issuer.public_bytes(), der.integer(alice().serial_number)),
        build_hash_identifier(HashName.SHA256),
        der.element(0xA0, b"".join(attributes)),
        identify(RSA),
        der.octet_string(key("alice").sign(signed, padding.PKCS1v15(), hashes.SHA256())),
    )
    inside = () if content is None else (der.explicit(0, der.octet_string(content)),)
    return build_content_info(
        ID_SIGNED_DATA,
        der.sequence(
            der.integer(1),
            der.set_of([build_hash_identifier(HashName.SHA256)]),
            der.sequence(der.oid(ID_DATA), *inside),
            der.element(0xA0, certificate_der or der_of(alice())),
            der.set_of([signer]),
        ),
    )


def clear(
    signature: bytes,
    entity: bytes = ENTITY,
    *,
    label: bytes = DETACHED,
    head: bytes = HEAD,
    part: bytes = b"application/pkcs7-signature",
    after: bytes = b"",
    gap: bytes = b"",
    is_binary: bool = False,
) -> bytes:
    """A multipart/signed mail, whose frame can be another one in each place."""
    body = signature if is_binary else base64.encodebytes(signature).replace(b"\n", b"\r\n")
    encoding = b"binary" if is_binary else b"base64"
    signed = b"--xyz\r\n" + entity + gap + b"\r\n--xyz\r\nContent-Type: " + part + b"; name=smime.p7s\r\n"
    signed += b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body + b"\r\n--xyz--\r\n"
    return head + b"Content-Type: " + label + b'; boundary="xyz"\r\n' + after + b"\r\n" + signed


@dataclass(frozen=True)
class ReportLab(QuickLab):
    """A folder with the authority, Alice and Bob, in which the command and openssl run."""

    def people(self) -> None:
        self.write("root.pem", pem.armor("CERTIFICATE", der_of(root())))
        for name, certificate in (("alice", alice()), ("bob", bob())):
            self.identity(name, certificate, key(name))
        self.write("letter.eml", HEAD + ENTITY)
        self.write("pw", b"secret-word1\n")

    def identity(self, name: str, certificate: x509.Certificate | bytes, private: Key | bytes) -> str:
        """Write NAME.pem, NAME.key and NAME.both. Returns the name of the last, which the command takes."""
        octets = certificate if isinstance(certificate, bytes) else der_of(certificate)
        encoded = private if isinstance(private, bytes) else pkcs8(private)
        self.write(f"{name}.pem", pem.armor("CERTIFICATE", octets))
        self.write(f"{name}.key", pem.armor("PRIVATE KEY", encoded))
        return self.write(f"{name}.both", self.read(f"{name}.pem") + self.read(f"{name}.key"))

    def detached(self, content: bytes, signer: str = "alice", *options: str) -> bytes:
        """A detached signature by openssl over exactly these bytes."""
        self.write("content", content)
        signing = ("-signer", f"{signer}.pem", "-inkey", f"{signer}.key", "-outform", "DER", *options)
        return self.openssl("cms", "-sign", "-binary", "-in", "content", *signing)

    def verdict(self, octets: bytes, *options: str, name: str = "input") -> str:
        """The first line of `sealwax verify`, up to the reasons' sentences."""
        done = self.sealwax("verify", self.write(name, octets), *TRUST, *options)
        line = (done.stdout.decode() if done.code == 0 else done.stderr).splitlines()[0].removeprefix("sealwax: ")
        assert (done.code == 0) == line.startswith("verified")
        return line

    def openssl_verifies(self, octets: bytes, *options: str) -> bool:
        form = ("-inform", "DER", "-binary") if octets[:1] == b"\x30" else ()
        verifying = ("-in", self.write("input", octets), *form, "-CAfile", "root.pem", "-purpose", "any", *options)
        return self.openssl_or_none("cms", "-verify", *verifying) is not None

    def run(self, *command: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, cwd=self.folder, input=data, capture_output=True, timeout=60, check=False)
