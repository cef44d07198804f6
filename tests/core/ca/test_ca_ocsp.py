"""OCSP responses that we write are accepted by OpenSSL and pyca. Requests of others are read within limits."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.ca.ocsp_requests import parse_ocsp_request
from smime_core.ca.ocsp_responding import (
    GOOD,
    Good,
    Responder,
    ResponseError,
    build_ocsp_error,
    build_ocsp_response,
)
from smime_core.ca.revocation_list_building import RevokedCertificate
from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from smime_core.x509.ocsp import OCSP_NONCE
from tests.support.ca_rig import AT, PROVIDER, WEEK, CaRig, build_rig

EARLIER = AT - datetime.timedelta(hours=2)
CLASSIC = [NewKey.RSA_2048, NewKey.P256, NewKey.P384, NewKey.ED25519]


def answer(rig: CaRig, request: bytes, *, signer: Identity | None = None) -> bytes:
    """The response by which Alice's certificate is good, Bob's is revoked, and any other was never issued."""
    revoked = RevokedCertificate(serial_number=rig.bob.serial_number, revoked_at=EARLIER, reason="cessationOfOperation")
    known: dict[int, Good | RevokedCertificate] = {
        rig.alice.serial_number: GOOD,
        rig.bob.serial_number: revoked,
    }
    responder = Responder(issuer=rig.issuing.certificate, signer=signer or rig.responder)
    return run(
        build_ocsp_response(
            parse_ocsp_request(request), responder=responder, find_status=known.get, term=WEEK, provider=PROVIDER
        )
    )


def ask(rig: CaRig, name: str, *, nonce: bytes | None = None, hash_name: hashes.HashAlgorithm | None = None) -> bytes:
    certificate = x509.load_der_x509_certificate(getattr(rig, name).der)
    issuer = x509.load_der_x509_certificate(rig.issuing.certificate.der)
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hash_name or hashes.SHA1())  # noqa: S303
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


@pytest.mark.parametrize("delegated", [True, False], ids=["delegate", "issuer"])
@pytest.mark.parametrize("kind", CLASSIC)
def test_openssl_believes_the_answers(tmp_path: Path, kind: NewKey, delegated: bool) -> None:
    rig = build_rig(kind)
    rig.write(tmp_path)

    def openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["openssl", "ocsp", "-issuer", "issuing.pem", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)

    for name, expected in (("alice", "good"), ("bob", "revoked")):
        assert openssl("-cert", f"{name}.pem", "-reqout", "request.der").returncode == 0
        signer = rig.responder if delegated else rig.issuing
        (tmp_path / "response.der").write_bytes(answer(rig, (tmp_path / "request.der").read_bytes(), signer=signer))
        at = ("-attime", str(int(AT.timestamp())), "-validity_period", "1000000000")
        files = ("-CAfile", "chain.pem", "-respin", "response.der", "-reqin", "request.der", "-resp_text")
        done = openssl(*files, *at)
        assert "Response verify OK" in done.stderr, done.stderr
        assert f"Cert Status: {expected}" in done.stdout
        assert "nonce" not in done.stderr.lower()
    assert "Revocation Reason: cessationOfOperation" in done.stdout


@pytest.mark.parametrize("length", [1, 32, 128])
def test_the_nonce_comes_back_as_it_was(length: int) -> None:
    rig = build_rig()
    nonce = bytes(range(length))
    response = ocsp.load_der_ocsp_response(answer(rig, ask(rig, "alice", nonce=nonce)))
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    assert response.certificate_status == ocsp.OCSPCertStatus.GOOD


def test_without_a_nonce_none_comes_back() -> None:
    rig = build_rig()
    response = ocsp.load_der_ocsp_response(answer(rig, ask(rig, "alice")))
    assert len(response.extensions) == 0
    assert [certificate.subject.rfc4514_string() for certificate in response.certificates] == [
        "CN=Example OCSP,O=Example"
    ]


@pytest.mark.parametrize("length", [0, 129])
def test_a_nonce_beyond_the_bounds_is_refused(length: int) -> None:
    with pytest.raises(MalformedMessage, match="nonce"):
        parse_ocsp_request(request_with(der.octet_string(bytes(length))))


@pytest.mark.parametrize("hash_name", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384()], ids=lambda name: name.name)  # noqa: S303
def test_a_question_may_hash_its_issuer_as_it_likes(hash_name: hashes.HashAlgorithm) -> None:
    rig = build_rig()
    response = ocsp.load_der_ocsp_response(answer(rig, ask(rig, "bob", hash_name=hash_name)))
    assert response.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert response.revocation_time_utc == EARLIER
    assert response.revocation_reason is x509.ReasonFlags.cessation_of_operation
    assert (response.this_update_utc, response.next_update_utc) == (WEEK.this_update, WEEK.next_update)
    assert response.produced_at_utc == WEEK.this_update


def test_a_certificate_that_was_never_issued_is_unknown_and_never_good() -> None:
    rig = build_rig()
    for name in ("responder", "alice"):
        certificate = rig.responder.certificate if name == "responder" else build_rig(NewKey.P384).alice
        question = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            *own_hashes(rig), certificate.serial_number, hashes.SHA256()
        )
        response = ocsp.load_der_ocsp_response(answer(rig, question.build().public_bytes(Encoding.DER)))
        assert response.certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def test_a_number_of_ours_under_another_issuer_is_unknown() -> None:
    rig = build_rig()
    question = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *own_hashes(build_rig(NewKey.P384)), rig.alice.serial_number, hashes.SHA256()
    )
    response = ocsp.load_der_ocsp_response(answer(rig, question.build().public_bytes(Encoding.DER)))
    assert response.certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def own_hashes(rig: CaRig) -> tuple[bytes, bytes]:
    (question,) = parse_ocsp_request(ask(rig, "alice", hash_name=hashes.SHA256())).questions
    return question.issuer_name_hash, question.issuer_key_hash


def test_each_question_of_a_request_has_its_answer() -> None:
    rig = build_rig()
    members = [certificate_request(ask(rig, name)) for name in ("alice", "bob")]
    request = der.sequence(der.sequence(der.sequence(*members)))
    response = ocsp.load_der_ocsp_response(answer(rig, request))
    assert [single.certificate_status for single in response.responses] == [
        ocsp.OCSPCertStatus.GOOD,
        ocsp.OCSPCertStatus.REVOKED,
    ]


@pytest.mark.parametrize("error", ResponseError)
def test_an_error_has_no_answer(error: ResponseError) -> None:
    response = ocsp.load_der_ocsp_response(build_ocsp_error(error))
    assert response.response_status.value == error


def certificate_request(request: bytes) -> bytes:
    """The first Request of an OCSPRequest."""
    return bytes(der.read_sequence(der.read_sequence(der.read_sequence(request)[0].encoded)[0].encoded)[0].encoded)


def request_with(nonce_value: bytes, *, oid: str = OCSP_NONCE, critical: bool = False) -> bytes:
    member = certificate_request(ask(build_rig(), "alice"))
    flag = b"\x01\x01\xff" if critical else b""
    extension = der.sequence(der.oid(oid), flag, der.octet_string(nonce_value))
    return der.sequence(der.sequence(der.sequence(member), der.explicit(2, der.sequence(extension))))


def test_an_unknown_extension_is_passed_over_unless_critical() -> None:
    assert parse_ocsp_request(request_with(b"\x05\x00", oid="1.2.3.4")).nonce is None
    with pytest.raises(MalformedMessage, match=r"unknown critical extension 1\.2\.3\.4"):
        parse_ocsp_request(request_with(b"\x05\x00", oid="1.2.3.4", critical=True))


def test_a_request_names_at_most_twenty_certificates() -> None:
    member = certificate_request(ask(build_rig(), "alice"))
    assert len(parse_ocsp_request(der.sequence(der.sequence(der.sequence(*[member] * 20)))).questions) == 20
    with pytest.raises(LimitExceeded, match="certificates of an OCSP request"):
        parse_ocsp_request(der.sequence(der.sequence(der.sequence(*[member] * 21))))
    with pytest.raises(LimitExceeded, match="bytes of an OCSP request"):
        parse_ocsp_request(bytes(16_385))
    with pytest.raises(MalformedMessage, match="about no certificate"):
        parse_ocsp_request(der.sequence(der.sequence(der.sequence())))


def test_version_and_requestor_are_read_over() -> None:
    member = certificate_request(ask(build_rig(), "alice"))
    requestor = der.explicit(1, der.element(0x81, b"me@example.test"))
    fields = (der.explicit(0, der.integer(0)), requestor, der.sequence(member))
    assert len(parse_ocsp_request(der.sequence(der.sequence(*fields))).questions) == 1
    with pytest.raises(MalformedMessage, match="expected version 1"):
        parse_ocsp_request(der.sequence(der.sequence(der.explicit(0, der.integer(1)), der.sequence(member))))


def test_a_signature_and_harmless_extensions_are_read_over() -> None:
    certificate_id = certificate_id_of(build_rig())
    for member in (
        der.sequence(certificate_id, der.explicit(0, der.sequence(extension_of("1.2.3.4")))),
        der.sequence(certificate_id),
    ):
        body = der.sequence(der.sequence(member))
        for request in (der.sequence(body), der.sequence(body, der.explicit(0, der.sequence()))):
            assert len(parse_ocsp_request(request).questions) == 1


def extension_of(oid: str, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(oid), b"\x01\x01\xff" if critical else b"", der.octet_string(b"\x05\x00"))


def certificate_id_of(rig: CaRig) -> bytes:
    return bytes(der.read_sequence(certificate_request(ask(rig, "alice")))[0].encoded)


def malformed_requests() -> dict[str, tuple[bytes, str]]:
    certificate_id = certificate_id_of(build_rig())
    fields = [bytes(field.encoded) for field in der.read_sequence(certificate_id)]
    member, null = der.sequence(certificate_id), b"\x05\x00"
    members = der.sequence(member)
    as_set = [b"\x31" + structure[1:] for structure in (der.sequence(members), members, member, certificate_id)]
    critical = der.sequence(certificate_id, der.explicit(0, der.sequence(extension_of("1.2.3.4", critical=True))))

    def whole(*requests: bytes) -> bytes:
        return der.sequence(der.sequence(der.sequence(*requests)))

    def with_id(*parts: bytes) -> bytes:
        return whole(der.sequence(der.sequence(*parts)))

    algorithm, name_hash, key_hash, number = fields
    text_hash = b"\x0c" + name_hash[1:]
    return {
        "empty": (der.sequence(), "a request and perhaps its signature"),
        "signature of another tag": (der.sequence(der.sequence(members), null), "a request and perhaps its signature"),
        "three parts": (
            der.sequence(der.sequence(members), der.explicit(0, null), null),
            "a request and perhaps its signature",
        ),
        "no list": (der.sequence(der.sequence()), "a list of certificates"),
        "extensions of another tag": (der.sequence(der.sequence(members, null)), "a list of certificates"),
        "four fields": (der.sequence(der.sequence(members, null, null)), "a list of certificates"),
        "body is no SEQUENCE": (der.sequence(as_set[0]), "expected 0x30"),
        "list is no SEQUENCE": (der.sequence(der.sequence(as_set[1])), "expected 0x30"),
        "Request is no SEQUENCE": (whole(as_set[2]), "expected 0x30"),
        "CertID is no SEQUENCE": (whole(der.sequence(as_set[3])), "expected 0x30"),
        "Request is empty": (whole(der.sequence()), "CertID and perhaps extensions"),
        "Request with another tag": (whole(der.sequence(certificate_id, null)), "CertID and perhaps extensions"),
        "Request is too long": (whole(der.sequence(certificate_id, null, null)), "CertID and perhaps extensions"),
        "Request with a critical extension": (whole(critical), r"unknown critical extension 1\.2\.3\.4"),
        "CertID is cut": (with_id(algorithm, name_hash, key_hash), "a CertID of 3 fields"),
        "CertID is too long": (with_id(*fields, null), "a CertID of 5 fields"),
        "name hash is text": (with_id(algorithm, text_hash, key_hash, number), "expected 0x04"),
        "key hash is text": (with_id(algorithm, name_hash, text_hash, number), "expected 0x04"),
        "nonce is no OCTET STRING": (request_with(b"\x0c\x02ab"), "nonce: found tag 0x0c"),
    }


@pytest.mark.parametrize("name", malformed_requests())
def test_a_request_of_another_structure_is_refused(name: str) -> None:
    data, text = malformed_requests()[name]
    with pytest.raises(MalformedMessage, match=text):
        parse_ocsp_request(data)


def test_every_flipped_bit_of_a_request_is_read_or_an_error_of_ours() -> None:
    rig = build_rig()
    request = ask(rig, "alice", nonce=bytes(32))
    for position in range(8 * len(request)):
        changed = bytearray(request)
        changed[position // 8] ^= 1 << position % 8
        try:
            parse_ocsp_request(bytes(changed))
        except SmimeError:
            continue
