"""The verbs that describe certificates, judge them, and read them from a file."""

from __future__ import annotations

from typing import Final

from smime_core.cms import parse_certificates_only
from smime_core.errors import PathError, SmimeError
from smime_core.pkix import PathRules, Purpose, check_end_entity, validate_path
from smime_core.provider import CryptoProvider
from smime_core.report import certificate_to_json, describe_certificate, page_to_json, reasons_to_json
from smime_core.trust import explain_path_error, has_receiving_key
from smime_core.x509 import Certificate, parse_certificate
from smime_core.x509 import parse_certificates as parse_certificate_file
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import group_of, parse_certificates, request_class
from wasm_build.vault.python.trust import GivenJudging, read_store

_PURPOSES: Final = {"sign": Purpose.SIGN, "seal": Purpose.ENCRYPT}


@request_class
class DescribeCertificates:
    certificates: tuple[bytes, ...]
    judging: GivenJudging = group_of(GivenJudging)


@request_class
class ShowCertificate:
    certificate: bytes


@request_class
class ReadCertificates:
    file: bytes


async def describe_certificates(request: DescribeCertificates, provider: CryptoProvider) -> Reply:
    """Returns `{certificates}`: the facts of each; `usable`, whether mail can be encrypted to it; `reason`, why not."""
    certificates = parse_certificates(request.certificates)
    store = await read_store(request.judging, provider)
    rules = PathRules(store, request.judging.at, known=certificates)
    described: list[Reply] = []
    for certificate in certificates:
        reason: Reply | None = None
        try:
            await validate_path(certificate, Purpose.ENCRYPT, rules, provider)
        except PathError as error:
            (reason,) = reasons_to_json((explain_path_error(error, certificate, rules.at),))
        described.append({**describe(certificate), "usable": reason is None, "reason": reason})
    return {"certificates": described}


async def show_certificate(request: ShowCertificate, _: CryptoProvider) -> Reply:
    """Returns `{title, rows}`: all facts of a certificate."""
    return page_to_json(describe_certificate(parse_certificate(request.certificate)))


async def read_certificate_file(request: ReadCertificates, _: CryptoProvider) -> Reply:
    """Returns `{certificates}` of a file in PEM, DER or a certs-only message, each with its purposes."""
    return {"certificates": [describe(one) for one in dict.fromkeys(read_certificates(request.file))]}


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """The certificates of a file in PEM, DER or a certs-only message. Raises SmimeError."""
    try:
        return parse_certificate_file(data)
    except SmimeError as error:
        try:
            return parse_certificates_only(data).certificates
        except SmimeError:
            raise error from None


def describe(certificate: Certificate) -> Reply:
    """The facts of a certificate, its bytes, and its `purposes`: "sign", "seal" (encryption to it), both or none."""
    return {
        **describe_shortly(certificate),
        "purposes": [word for word, purpose in _PURPOSES.items() if _may(certificate, purpose)],
    }


def describe_shortly(certificate: Certificate) -> Reply:
    """The facts of a certificate, and its bytes."""
    return {**certificate_to_json(certificate), "certificate": certificate.der}


def may_receive(certificate: Certificate) -> bool:
    """Whether mail can be encrypted to this certificate."""
    return _may(certificate, Purpose.ENCRYPT)


def _may(certificate: Certificate, purpose: Purpose) -> bool:
    try:
        check_end_entity(certificate, purpose)
    except SmimeError:
        # Some certificates have extensions that cannot be parsed.
        return False
    return purpose is Purpose.SIGN or has_receiving_key(certificate)
