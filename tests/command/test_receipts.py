"""Forged certificates and signers decide neither who gave a receipt, nor to whom a receipt is sent."""

from __future__ import annotations

import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smime_core import Identity, blocking, ess
from smime_core.cms import SignerInfo, SignerOptions, find_signed_layer
from smime_core.cms.certificate_id import KeyIdentifier
from smime_core.cms.signing import Signing
from smime_core.providers.native import NativeProvider
from tests.support.command.lab import READER, SIGNER, Lab
from tests.support.command.reports import parsed

NOW: Final = datetime.datetime.now(datetime.UTC)


def make_certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *addresses: str,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
) -> x509.Certificate:
    """A certificate for the addresses, or of an authority when there are none; self-signed without an issuer."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=not addresses, path_length=None), critical=True)
    )
    if addresses:
        names = x509.SubjectAlternativeName([x509.RFC822Name(address) for address in addresses])
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(names, critical=False).add_extension(purpose, critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def test_a_receipt_is_held_against_the_addresses_that_somebody_vouches_for(lab: Lab) -> None:
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = make_certificate("Other CA", authority_key)
    addresses = ("mallory@other.test", "bob@example.test")
    certificate = make_certificate("Bob", key, *addresses, issuer=(authority, authority_key))
    pem = serialization.Encoding.PEM
    key_pem = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    lab.write("other_ca.pem", authority.public_bytes(pem))
    lab.write("not_bob.pem", certificate.public_bytes(pem) + key_pem)
    decisions = ("--decisions", "receipt_decisions.json")
    accept = ("trust", "accept", "other_ca.pem", "--ca", "--for", "@other.test", "--yes", *decisions)
    assert lab.sealwax(*accept).code == 0

    lab.made("sign", "mail.eml", *SIGNER, "--ask-receipt", "-o", "asking.eml")
    assert lab.sealwax("receipt", "make", "asking.eml", "--identity", "not_bob.pem", "-o", "not_bobs.eml").code == 0
    verify = ("receipt", "verify", "not_bobs.eml", "--original", "asking.eml", "--no-revocation", *decisions)
    as_bob = lab.sealwax(*verify, "--from", "bob@example.test")
    assert (as_bob.code, as_bob.stdout, "address-not-covered" in as_bob.line) == (1, b"", True)
    as_json = lab.sealwax(*verify, "--from", "bob@example.test", "--json")
    assert (as_json.code, parsed(as_json)["state"]) == (1, "signed-unverified")
    assert lab.sealwax(*verify, "--from", "mallory@other.test").code == 0


def test_a_forged_signer_does_not_say_to_whom_a_receipt_goes(lab: Lab) -> None:
    lab.made("sign", "mail.eml", *SIGNER, "--ask-receipt", "--opaque", "--der", "-o", "asking.der")
    provider = NativeProvider()
    mallory = blocking.load_identity(lab.read("ids/bob.p12"), lab.read("ids/passphrase.txt").strip(), provider=provider)
    assert isinstance(mallory, Identity)
    policy = ess.ReceiptPolicy(
        kind=ess.ReceiptPolicyKind.INSTEAD_OF, entities=((ess.mail_name("mallory@other.test"),),)
    )
    expansion = ess.Expansion(
        mail_list=KeyIdentifier(value=b"a list"), expansion_time=NOW.replace(microsecond=0), receipt_policy=policy
    )
    cms = blocking.add_signer(
        lab.read("asking.der"),
        Signing(
            identities=[mallory],
            signing_time=NOW,
            options=SignerOptions(further_attributes=(ess.build_expansion_history(None, expansion),)),
        ),
        provider=provider,
    )
    (forged,) = [
        info
        for info in find_signed_layer(cms).signed_data.signer_infos
        if isinstance(info, SignerInfo) and ess.find_expansion_history([info])
    ]
    damaged = cms.replace(forged.signature, bytes(len(forged.signature)))
    made = lab.sealwax("receipt", "make", lab.write("forged.der", damaged), *READER, "-o", "never_sent.eml")
    assert (made.code, made.line) == (0, "sealwax: the receipt goes to alice@example.test")
