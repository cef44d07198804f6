"""Calls of the vault's verbs with the native provider, and arguments for them: identities and trust."""

from __future__ import annotations

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from smime_core.blocking import run
from smime_core.ca.certification_request import open_certification_request
from smime_core.cms.key_holder import KeyHolder
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate, parse_certificate
from tests.support.people import NOW, PROVIDER, anchor, authority
from wasm_build.vault.python.sealed import seal_identity
from wasm_build.vault.python.verbs import run_verb

SEAL_KEY = b"k" * 32
AT = NOW.isoformat()


def call(verb: str, **args: Any) -> Any:
    return run(run_verb(verb, args, provider=NativeProvider()))


def sealed(*identities: KeyHolder) -> dict[str, Any]:
    """The arguments `identities` and `sealKey` of a request."""
    return {
        "identities": [run(seal_identity(identity, SEAL_KEY, provider=PROVIDER)) for identity in identities],
        "sealKey": SEAL_KEY,
    }


def trust() -> dict[str, Any]:
    return {"trust": {"anchors": [{"certificate": anchor().der}], "revocation": "not-checked"}, "at": AT}


def issue_for(request_pem: bytes, *, at: datetime.datetime = NOW) -> Certificate:
    """Issue a certificate by the test authority for the key and addresses of a request."""
    request = run(open_certification_request(request_pem, provider=PROVIDER))
    key = serialization.load_der_public_key(request.public_key.spki_der)
    ca_key = serialization.load_der_private_key(authority().identity.private_key.pkcs8_der, None)
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    assert isinstance(ca_key, rsa.RSAPrivateKey)
    names = [x509.RFC822Name(address) for address in request.addresses]
    certificate = (
        x509.CertificateBuilder()
        .issuer_name(x509.load_der_x509_certificate(anchor().der).subject)
        .subject_name(x509.Name([]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    return parse_certificate(certificate.public_bytes(serialization.Encoding.DER))
