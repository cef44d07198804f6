"""A root, an issuing CA, an OCSP responder and two people's certificates, for tests of structures that a CA signs."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.profile import (
    Generation,
    Publication,
    Term,
    authority_name,
    issuing_template,
    responder_template,
    root_template,
    subscriber_template,
)
from smime_core.ca.revocation_list_building import ListTerm
from smime_core.identity.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate

PROVIDER: Final = NativeProvider()
AT: Final = datetime.datetime(2026, 6, 1, 12, 0, tzinfo=datetime.UTC)
WEEK: Final = ListTerm(this_update=AT, next_update=AT + datetime.timedelta(days=7))
PUBLICATION: Final = Publication(crl_url="http://pki.example.test/issuing.crl", ocsp_url="http://pki.example.test/ocsp")


@dataclass(frozen=True, kw_only=True)
class CaRig:
    root: Identity
    issuing: Identity
    responder: Identity
    alice: Certificate
    bob: Certificate

    def write(self, folder: Path) -> None:
        """Write root.pem, issuing.pem, responder.pem, alice.pem, bob.pem, and chain.pem with both authorities."""
        named = {"root": self.root.certificate, "issuing": self.issuing.certificate, "alice": self.alice}
        named |= {"bob": self.bob, "responder": self.responder.certificate}
        for name, certificate in named.items():
            (folder / f"{name}.pem").write_bytes(build_pem("CERTIFICATE", certificate.der))
        (folder / "chain.pem").write_bytes((folder / "root.pem").read_bytes() + (folder / "issuing.pem").read_bytes())


@functools.cache
def build_rig(kind: NewKey = NewKey.P256) -> CaRig:
    """Build a CA whose root, issuing CA and responder have keys of this kind."""
    root_key, issuing_key, responder_key = (run(PROVIDER.generate_key(kind)) for _ in range(3))
    root_der = authority_name("Example Root CA", organization="Example")
    root = sign(
        root_template(new_serial_number(PROVIDER), root_der, public_key_of(root_key), term=Term(at=AT, days=7300)),
        root_der,
        root_key,
    )
    issuing = sign(
        issuing_template(
            new_serial_number(PROVIDER),
            authority_name("Example Issuing CA", organization="Example"),
            public_key_of(issuing_key),
            root=root,
            publication=Publication(crl_url="http://pki.example.test/root.crl"),
            term=Term(at=AT, days=3650),
        ),
        root_der,
        root_key,
    )
    responder = sign(
        responder_template(
            new_serial_number(PROVIDER),
            authority_name("Example OCSP", organization="Example"),
            public_key_of(responder_key),
            issuer=issuing,
            term=Term(at=AT, days=30),
        ),
        issuing.subject_der,
        issuing_key,
    )
    people = [
        sign(
            subscriber_template(
                new_serial_number(PROVIDER),
                (address,),
                public_key_of(run(PROVIDER.generate_key(NewKey.P256))),
                issuer=issuing,
                publication=PUBLICATION,
                term=Term(at=AT, days=365),
                generation=Generation.STRICT,
            ),
            issuing.subject_der,
            issuing_key,
        )
        for address in ("alice@example.test", "bob@example.test")
    ]
    return CaRig(
        root=Identity(certificate=root, private_key=root_key),
        issuing=Identity(certificate=issuing, private_key=issuing_key, chain=(root,)),
        responder=Identity(certificate=responder, private_key=responder_key, chain=(issuing, root)),
        alice=people[0],
        bob=people[1],
    )


def sign(template: CertificateTemplate, issuer_der: bytes, key: PrivateKey) -> Certificate:
    return run(build_certificate(template, issuer_der=issuer_der, signing_key=key, provider=PROVIDER))
