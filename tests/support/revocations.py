"""Authorities, CRLs and OCSP responses for the tests of revocation, built by hand where pyca/cryptography cannot."""

from __future__ import annotations

import datetime
import functools
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smime_core import Certificate
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.pkix import RevocationQuestion, RevocationStatus
from smime_core.pkix.evidence import Evidence, parse_evidence
from smime_core.pkix.revocation import check_revocation
from smime_core.policy import Policy
from smime_core.x509.certificate import parse_certificate
from tests.support.people import NOW, PROVIDER

DAY: Final = datetime.timedelta(days=1)
HOUR: Final = datetime.timedelta(hours=1)
Reason = x509.ReasonFlags


@dataclass(frozen=True, eq=False)
class Holder:
    """A key and its certificate, in the form of pyca/cryptography and of the core."""

    key: ec.EllipticCurvePrivateKey
    x509: x509.Certificate

    @functools.cached_property
    def certificate(self) -> Certificate:
        return parse_certificate(self.der)

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(serialization.Encoding.DER)


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(**flags: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: flags.get(name, False) for name in names})


CA_USAGE: Final = usage(key_cert_sign=True, crl_sign=True)


def issue(
    name: str,
    issuer: Holder | None = None,
    *,
    extensions: Iterable[x509.ExtensionType] = (),
    is_ca: bool = False,
    key_usage: x509.KeyUsage | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    serial_number: int | None = None,
    days: tuple[float, float] = (-365, 365),
) -> Holder:
    """A certificate issued by `issuer`, or a root. `days`: begin and end of its validity, relative to NOW."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(name))
        .issuer_name(issuer.x509.subject if issuer else name_of(name))
        .public_key(own.public_key())
        .serial_number(serial_number or x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if key_usage is not None or is_ca:
        builder = builder.add_extension(key_usage or CA_USAGE, critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Holder(own, builder.sign(issuer.key if issuer else own, hashes.SHA256()))


@functools.cache
def root() -> Holder:
    return issue("Root", is_ca=True)


@functools.cache
def authority() -> Holder:
    """The issuing authority that nearly all tests use."""
    return issue("Authority", root(), is_ca=True)


@functools.cache
def leaf() -> Holder:
    return issue("Leaf", authority(), serial_number=0x1234)


def uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def point(
    *urls: str,
    reasons: Sequence[x509.ReasonFlags] = (),
    crl_issuer: str | None = None,
    relative: str | None = None,
) -> x509.DistributionPoint:
    return x509.DistributionPoint(
        full_name=[uri(url) for url in urls] or None,
        relative_name=relative_name(relative) if relative else None,
        reasons=frozenset(reasons) or None,
        crl_issuer=[x509.DirectoryName(name_of(crl_issuer))] if crl_issuer else None,
    )


def relative_name(text: str) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, text)])


def points(*members: x509.DistributionPoint) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(members)


def scope(
    *urls: str,
    relative: str | None = None,
    users: bool = False,
    authorities: bool = False,
    attributes: bool = False,
    indirect: bool = False,
    reasons: Sequence[x509.ReasonFlags] = (),
) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=[uri(url) for url in urls] or None,
        relative_name=relative_name(relative) if relative else None,
        only_contains_user_certs=users,
        only_contains_ca_certs=authorities,
        only_some_reasons=frozenset(reasons) or None,
        indirect_crl=indirect,
        only_contains_attribute_certs=attributes,
    )


def entry(
    serial_number: int,
    *,
    reason: x509.ReasonFlags | None = None,
    at: datetime.datetime = NOW - DAY,
    invalid_since: datetime.datetime | None = None,
    issuer: str | None = None,
    unknown: bool | None = None,
) -> x509.RevokedCertificate:
    """An entry of a CRL. `unknown` adds an unknown extension: True a critical one, False one that is not critical."""
    builder = x509.RevokedCertificateBuilder(serial_number, at)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    if invalid_since is not None:
        builder = builder.add_extension(x509.InvalidityDate(invalid_since.replace(tzinfo=None)), critical=False)
    if issuer is not None:
        names = x509.CertificateIssuer([x509.DirectoryName(name_of(issuer))])
        builder = builder.add_extension(names, critical=True)
    if unknown is not None:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        builder = builder.add_extension(extension, critical=unknown)
    return builder.build()


def crl(
    signer: Holder,
    *entries: x509.RevokedCertificate,
    issuer: str | None = None,
    this_update: datetime.datetime = NOW - HOUR,
    next_update: datetime.datetime | None = NOW + DAY,
    number: int | None = None,
    base: int | None = None,
    extensions: Iterable[x509.ExtensionType] = (),
    unknown: bool | None = None,
) -> bytes:
    """The DER of a CRL signed by `signer`; with `base`, a delta to the CRL of that number.

    `issuer` replaces the name of the signer in it.
    """
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=name_of(issuer) if issuer else signer.x509.subject,
        last_update=this_update,
        # pyca/cryptography requires the date. If there shall be none, it is cut out below.
        next_update=next_update or this_update + DAY,
    )
    for revocation in entries:
        builder = builder.add_revoked_certificate(revocation)
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    for extension in extensions:
        critical = isinstance(extension, x509.IssuingDistributionPoint)
        builder = builder.add_extension(extension, critical=critical)
    if unknown is not None:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        builder = builder.add_extension(extension, critical=unknown)
    made = builder.sign(signer.key, hashes.SHA256())
    octets = made.public_bytes(serialization.Encoding.DER)
    return octets if next_update is not None else without_next_update(octets, signer)


def without_next_update(list_der: bytes, signer: Holder) -> bytes:
    tbs, algorithm, _ = der.read_sequence(list_der)
    fields = [bytes(field.encoded) for field in der.read_children(tbs)]
    return signed(der.sequence(*fields[:4], *fields[5:]), bytes(algorithm.encoded), signer)


def with_sha1(list_der: bytes, signer: Holder) -> bytes:
    """The CRL signed again by ECDSA with SHA-1, which pyca/cryptography no longer supports for CRLs."""
    tbs, old, _ = der.read_sequence(list_der)
    algorithm = der.sequence(der.oid("1.2.840.10045.4.1"))
    content = bytes(der.expect(tbs, der.SEQUENCE).content).replace(bytes(old.encoded), algorithm, 1)
    tbs_der = der.sequence(content)
    signature = signer.key.sign(tbs_der, ec.ECDSA(hashes.SHA1()))  # noqa: S303  # the core must refuse it
    return der.sequence(tbs_der, algorithm, der.element(0x03, b"\0", signature))


def signed(tbs_der: bytes, algorithm_der: bytes, signer: Holder, *more: bytes) -> bytes:
    """A SEQUENCE of `tbs_der`, the algorithm, the signature by `signer`, and `more`."""
    signature = signer.key.sign(tbs_der, ec.ECDSA(hashes.SHA256()))
    return der.sequence(tbs_der, algorithm_der, der.element(0x03, b"\0", signature), *more)


ECDSA_WITH_SHA256: Final = der.sequence(der.oid("1.2.840.10045.4.3.2"))


def generalized(moment: datetime.datetime) -> bytes:
    return der.element(0x18, f"{moment:%Y%m%d%H%M%S}Z".encode())


GOOD: Final = der.element(0x80)
UNKNOWN: Final = der.element(0x82)


def revoked(at: datetime.datetime = NOW - DAY, reason: int | None = None) -> bytes:
    """The CertStatus of a revoked certificate."""
    own = b"" if reason is None else der.explicit(0, der.element(0x0A, bytes((reason,))))
    return der.element(0xA1, generalized(at), own)


def extension_der(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(oid), b"\x01\x01\xff" if critical else b"", der.octet_string(value))


def certificate_id(
    certificate: Certificate, issuer: Holder, *, hash_name: str = "sha1", serial_number: int | None = None
) -> bytes:
    oid = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1"}[hash_name]
    return der.sequence(
        der.sequence(der.oid(oid), b"\x05\x00"),
        der.octet_string(hashlib.new(hash_name, certificate.issuer_der).digest()),
        der.octet_string(hashlib.new(hash_name, key_octets(issuer)).digest()),
        der.integer(certificate.serial_number if serial_number is None else serial_number),
    )


def key_octets(holder: Holder) -> bytes:
    return holder.key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def single(
    status: bytes = GOOD,
    *,
    about: bytes | None = None,
    this_update: datetime.datetime = NOW - HOUR,
    next_update: datetime.datetime | None = NOW + DAY,
    extensions: Sequence[bytes] = (),
) -> bytes:
    """A SingleResponse about the leaf, or about the CertID `about`."""
    return der.sequence(
        about or certificate_id(leaf().certificate, authority()),
        status,
        generalized(this_update),
        der.explicit(0, generalized(next_update)) if next_update is not None else b"",
        der.explicit(1, der.sequence(*extensions)) if extensions else b"",
    )


def response(
    signer: Holder,
    *singles: bytes,
    certificates: Sequence[Holder] = (),
    by_key: bool = False,
    responder: Holder | None = None,
    produced_at: datetime.datetime = NOW - HOUR,
    extensions: Sequence[bytes] = (),
) -> bytes:
    """The DER of a successful OCSPResponse. It names `responder`, by default the signer."""
    named = responder or signer
    key_hash = der.octet_string(hashlib.sha1(key_octets(named)).digest())  # noqa: S324  # RFC 6960 section 4.2.1
    tbs = der.sequence(
        der.explicit(2, key_hash) if by_key else der.explicit(1, named.x509.subject.public_bytes()),
        generalized(produced_at),
        der.sequence(*(singles or (single(),))),
        der.explicit(1, der.sequence(*extensions)) if extensions else b"",
    )
    carried = der.explicit(0, der.sequence(*(certificate.der for certificate in certificates))) if certificates else b""
    basic = signed(tbs, ECDSA_WITH_SHA256, signer, carried)
    return wrap_response(basic)


def wrap_response(basic: bytes) -> bytes:
    response_bytes = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octet_string(basic))
    return der.sequence(der.element(0x0A, b"\0"), der.explicit(0, response_bytes))


def delegate(
    issuer: Holder,
    *,
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.OCSP_SIGNING,),
    no_check: bool = True,
    days: tuple[float, float] = (-30, 30),
    key_usage: x509.KeyUsage | None = None,
) -> Holder:
    """An OCSP responder that `issuer` has certified."""
    extensions: list[x509.ExtensionType] = [x509.ExtendedKeyUsage(purposes)] if purposes else []
    if no_check:
        extensions.append(x509.OCSPNoCheck())
    return issue("Responder", issuer, extensions=extensions, days=days, key_usage=key_usage)


def pyca_response(certificate: Holder, issuer: Holder, status: ocsp.OCSPCertStatus) -> bytes:
    """An OCSP response written by pyca/cryptography."""
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate.x509, issuer=issuer.x509, algorithm=hashes.SHA256(), cert_status=status,
        this_update=NOW - HOUR, next_update=NOW + DAY, revocation_time=NOW - DAY if is_revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
    )  # fmt: skip
    made = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.x509).sign(issuer.key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


async def nobody(_candidate: Certificate) -> bool:
    return False


async def anybody(_candidate: Certificate) -> bool:
    return True


def ask(
    *lists: bytes,
    responses: Sequence[bytes] = (),
    about: Holder | None = None,
    issuer: Holder | None = None,
    at: datetime.datetime = NOW,
    gathered_at: datetime.datetime | None = None,
    certificates: Sequence[Holder] = (),
    is_valid_crl_issuer: Callable[[Certificate], Any] = nobody,
    policy: Policy = Policy.RECEIVE,
) -> RevocationStatus:
    """The status of the leaf, or of `about`, by these CRLs and OCSP responses. All of them must be readable."""
    evidence = parse_evidence(
        revocation_lists=lists, ocsp_responses=responses, certificates=[certificate.der for certificate in certificates]
    )
    assert evidence.damaged == 0
    return ask_evidence(
        Evidence(
            revocation_lists=evidence.revocation_lists,
            ocsp_responses=evidence.ocsp_responses,
            certificates=evidence.certificates,
            gathered_at=gathered_at,
        ),
        about=about, issuer=issuer, at=at, is_valid_crl_issuer=is_valid_crl_issuer, policy=policy,
    )  # fmt: skip


def ask_evidence(
    evidence: Evidence,
    *,
    about: Holder | Certificate | None = None,
    issuer: Holder | None = None,
    at: datetime.datetime = NOW,
    is_valid_crl_issuer: Callable[[Certificate], Any] = nobody,
    policy: Policy = Policy.RECEIVE,
) -> RevocationStatus:
    anchor = root().certificate
    return run(
        check_revocation(
            RevocationQuestion(
                certificate=about if isinstance(about, Certificate) else (about or leaf()).certificate,
                issuer=(issuer or authority()).certificate,
                anchor=anchor,
                evidence=evidence,
                at=at,
                provider=PROVIDER,
                is_valid_crl_issuer=is_valid_crl_issuer,
                policy=policy,
            )
        )
    )


def outcome(status: RevocationStatus) -> tuple[str, str]:
    """Returns (state, the reason why it is unknown or of the revocation)."""
    return status.state.value, status.why or status.reason
