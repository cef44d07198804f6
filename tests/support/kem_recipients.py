"""KEMRecipientInfo (RFC 9629) built by hand, so that a test can make each part wrong."""

from __future__ import annotations

from typing import Final

from smime_core.algorithms import HashName, Hkdf
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from tests.support.envelopes import CEK
from tests.support.people import PROVIDER, person

BOB: Final = person("bob", NewKey.ML_KEM_768)
KEM_768: Final = der.sequence(der.oid("2.16.840.1.101.3.4.4.2"))
AES_256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.1.45"))
HKDF: Final = "1.2.840.113549.1.9.16.3."


def kemri(
    *,
    ukm: bytes | None = None,
    hash_name: HashName = HashName.SHA256,
    kdf_arc: int = 28,
    kek_length: int = 32,
    kem: bytes = KEM_768,
    wrap: bytes = AES_256,
    ori: str = "1.2.840.113549.1.9.16.13.3",
    rid: bytes | None = None,
    to: Identity = BOB,
    cek: bytes = CEK,
) -> bytes:
    """A `kemri` as in RFC 9629 sections 3 and 5; the arguments replace single parts."""
    ciphertext, shared = run(PROVIDER.encapsulate(BOB.certificate.public_key))
    tagged = der.explicit(0, der.octet_string(ukm)) if ukm is not None else b""
    info = der.sequence(wrap, der.integer(kek_length), tagged)
    kek = run(PROVIDER.derive_key(Hkdf(hash_name=hash_name, salt=b"", info=info), shared, kek_length))
    value = der.sequence(
        der.integer(0),
        rid or build_issuer_and_serial(to.certificate),
        kem,
        der.octet_string(ciphertext),
        der.sequence(der.oid(f"{HKDF}{kdf_arc}")),
        der.integer(kek_length),
        tagged,
        wrap,
        der.octet_string(run(PROVIDER.wrap_key(kek, cek))),
    )
    return der.element(0xA4, der.oid(ori), value)
