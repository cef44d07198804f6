"""Envelopes built by hand: with any RecipientInfos, any content, and altered fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from smime_core.algorithms import AES_256_CBC, KEY_AGREEMENTS, TAG_LENGTH, ContentCipher
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.blocking import run
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.content_encryption import ContentEncryption
from smime_core.cms.content_info import ID_DATA, build_content_info, parse_content_info
from smime_core.cms.enveloped_data import Envelope, EnvelopedData, decrypt_enveloped_data, parse_enveloped_data
from smime_core.cms.recipients.kari import derive_kek
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.keys import Keys
from smime_core.identity.identity import Identity
from smime_core.keys import public_point
from smime_core.policy import Policy
from smime_core.x509.certificate import Certificate
from tests.support.people import PROVIDER

CONTENT: Final = b"The quick brown fox\r\n" * 20
CEK: Final = bytes(range(32))
# Elements that must be refused as a version. A SEQUENCE is among them, because the reader of streams finds the content
# by counting the SEQUENCEs before it.
NO_VERSIONS: Final = (der.sequence(), der.octet_string(b""))


def envelope(
    *infos: bytes,
    cipher: ContentCipher = AES_256_CBC,
    cek: bytes = CEK,
    content: bytes = CONTENT,
    auth_attrs_der: bytes = b"",
    content_type: str = ID_DATA,
) -> bytes:
    """The DER of a ContentInfo with `content` encrypted under `cek`, and with these RecipientInfos."""
    tag_length = TAG_LENGTH if cipher.is_authenticated else 0
    iv = PROVIDER.random_bytes(cipher.iv_length)
    made = Envelope(
        content_type=content_type,
        encryption=ContentEncryption(cipher=cipher, iv=iv, tag_length=tag_length),
        cek=cek,
        recipient_infos=infos,
        auth_attrs_der=auth_attrs_der,
    )
    encrypted = run(PROVIDER.encrypt_content(cipher, cek, iv, content, aad=auth_attrs_der))
    end = len(encrypted) - tag_length
    return made.prefix(end) + encrypted[:end] + made.suffix(encrypted[end:])


def parse(cms: bytes) -> EnvelopedData:
    content_info = parse_content_info(cms)
    return parse_enveloped_data(content_info.content, content_type=content_info.content_type)


def decrypt(
    cms: bytes,
    *people: Identity,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    originators: Sequence[Certificate] = (),
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    opened = decrypt_enveloped_data(
        parse(cms),
        Keys(identities=people, passwords=passwords, keks=keks, originators=originators),
        provider=PROVIDER,
        policy=policy,
    )
    return run(opened).content


def version_of(cms: bytes) -> int:
    return der.parse_integer(der.read_children(parse_content_info(cms).content)[0])


def edit(cms: bytes, change: Callable[[list[bytes]], object]) -> bytes:
    """The structure after `change` has altered the list of its fields."""
    content_info = parse_content_info(cms)
    fields = [bytes(field.encoded) for field in der.read_children(content_info.content)]
    change(fields)
    return build_content_info(content_info.content_type, der.sequence(*fields))


def with_originator_info(cms: bytes, *certificates: Certificate) -> bytes:
    info = der.element(0xA0, der.element(0xA0, *(certificate.der for certificate in certificates)))
    return edit(cms, lambda fields: fields.insert(1, info))


def flip(cms: Buffer, position: int) -> bytes:
    altered = bytearray(cms)
    altered[position] ^= 1
    return bytes(altered)


def originator_key(point: bytes, *parameters: bytes, oid: str = "1.2.840.10045.2.1") -> bytes:
    """An OriginatorPublicKey, as `originatorKey` [1]."""
    return der.element(0xA1, der.sequence(der.oid(oid), *parameters), der.element(0x03, b"\0", point))


def kari(
    recipient: Identity,
    *,
    originator: bytes,
    shared: bytes,
    agreement: str = "1.3.132.1.11.1",
    wrap_der: bytes | None = None,
    kek_length: int = 32,
    wrap: Callable[[bytes], bytes] | None = None,
    ukm: bytes | None = None,
    rid: bytes | None = None,
) -> bytes:
    """A `kari`. `wrap` computes the encrypted key from the KEK; if None, by AES key wrap of CEK."""
    wrap_der = wrap_der or der.sequence(der.oid("2.16.840.1.101.3.4.1.45"))
    kek = run(
        derive_kek(KEY_AGREEMENTS[agreement], shared, wrap_der, kek_length=kek_length, ukm=ukm, provider=PROVIDER)
    )
    wrapped = wrap(kek) if wrap else run(PROVIDER.wrap_key(kek, CEK))
    named = rid or build_issuer_and_serial(recipient.certificate)
    return der.element(
        0xA1,
        der.integer(3),
        der.explicit(0, originator),
        der.explicit(1, der.octet_string(ukm)) if ukm is not None else b"",
        der.sequence(der.oid(agreement), wrap_der),
        der.sequence(der.sequence(named, der.octet_string(wrapped))),
    )


def agreed_with(originator: Identity, recipient: Identity) -> bytes:
    """The shared secret of two identities with keys on the same curve."""
    point = public_point(recipient.certificate.public_key)
    return run(PROVIDER.agree(originator.private_key, point))
