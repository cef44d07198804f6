"""AuthenticatedData (RFC 5652 section 9), built by hand: the core reads this structure and never writes it."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from smime_core.algorithms import AES_256_CBC, HashName, hash_length
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.attributes import CONTENT_TYPE, MESSAGE_DIGEST, build_attribute
from smime_core.cms.authenticated_data import AuthenticatedData, parse_authenticated_data
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.recipient_info import build_recipient_infos
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from tests.support.envelopes import CONTENT
from tests.support.people import PROVIDER, person

ALICE, BOB = person("alice"), person("bob", NewKey.X25519)
KEK: Final = KeyEncryptionKey(identifier=b"k", key=bytes(range(32)))
HMACS: Final = {
    HashName.SHA1: "1.2.840.113549.2.7",
    HashName.SHA256: "1.2.840.113549.2.9",
    HashName.SHA384: "1.2.840.113549.2.10",
    HashName.SHA512: "1.2.840.113549.2.11",
}
VERSION: Final = der.integer(0)
SHA256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))


def attributes(*, content_type: str = ID_DATA, digest: bytes | None = None, order: int = 1) -> bytes:
    digest = hashlib.sha256(CONTENT).digest() if digest is None else digest
    members = sorted(
        [
            build_attribute(CONTENT_TYPE, der.oid(content_type)),
            build_attribute(MESSAGE_DIGEST, der.octet_string(digest)),
        ]
    )
    return der.element(0xA2, *members[::order])


def build(
    *people: Identity,
    hash_name: HashName = HashName.SHA256,
    oid: str = "",
    auth_attrs: bytes = b"",
    digest_algorithm: bytes | None = None,
    content_type: str = ID_DATA,
    detached: bool = False,
    mac: bytes | None = None,
    unauth_attrs: bytes = b"",
    version: bytes = VERSION,
) -> AuthenticatedData:
    key = PROVIDER.random_bytes(hash_length(hash_name))
    # Only SHA-256 has a KEK recipient. AES key wrap needs a multiple of 64 bits, and HMAC-SHA-1 keys have 160 bits.
    infos = run(
        build_recipient_infos(
            key,
            Encrypting(
                recipients=[someone.certificate for someone in people],
                keks=[KEK] if hash_name is HashName.SHA256 else [],
            ),
            cipher=AES_256_CBC,
            provider=PROVIDER,
        )
    )
    covered = b"\x31" + auth_attrs[1:] if auth_attrs else CONTENT
    inside = b"" if detached else der.explicit(0, der.octet_string(CONTENT))
    if digest_algorithm is None:
        digest_algorithm = b"\xa1" + SHA256[1:] if auth_attrs else b""
    structure = der.sequence(
        version,
        der.set_of(infos),
        der.sequence(der.oid(oid or HMACS[hash_name])),
        digest_algorithm,
        der.sequence(der.oid(content_type), inside),
        auth_attrs,
        der.octet_string(hmac.digest(key, covered, hash_name) if mac is None else mac),
        unauth_attrs,
    )
    return parse_authenticated_data(der.read_one(structure))
