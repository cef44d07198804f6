"""Further recipients for what is already sealed: the content key is wrapped again, the content is not touched.

Streams take the two halves: `open_with_content_key` of `enveloped_data` for the key, then `build_recipient_infos` of
`recipient_info` and `merge_recipient_infos` for the new set; everything behind the set is copied as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from smime_core import der
from smime_core.algorithms import KeyTransport
from smime_core.certificate import Certificate
from smime_core.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_ENVELOPED_DATA,
    build_content_info,
    parse_content_info,
)
from smime_core.der import Buffer, Tlv
from smime_core.enveloped_data import (
    EnvelopedData,
    find_content_key,
    parse_enveloped_data,
)
from smime_core.errors import MalformedMessage
from smime_core.kekri import KeyEncryptionKey
from smime_core.key_management import KeyHolder
from smime_core.originator_info import ORIGINATOR_INFO
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.recipient_info import build_recipient_infos, default_transport, enveloped_version, is_sealed_for


async def add_recipients(
    cms: Buffer,
    *,
    recipients: Sequence[Certificate],
    holders: Sequence[KeyHolder],
    provider: CryptoProvider,
    passwords: Sequence[bytes] = (),
    keks: Sequence[KeyEncryptionKey] = (),
    new_passwords: Sequence[bytes] = (),
    new_keks: Sequence[KeyEncryptionKey] = (),
    transport: KeyTransport | None = None,
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    """`cms` (EnvelopedData or AuthEnvelopedData in a ContentInfo) for everybody that it was for and the new ones.

    `holders`, `passwords` and `keks` open it; `recipients`, `new_passwords` and `new_keks` are added, certificates that
    it is sealed for already left out. The content is decrypted once, for proof that the key is the right one, and
    copied as it stands. Raises what `open_enveloped_data` and `build_recipient_infos` raise.
    """
    content_info = parse_content_info(cms)
    if content_info.content_type not in (ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA):
        raise MalformedMessage("found nothing that has recipients", where="CMS")
    enveloped = parse_enveloped_data(content_info.content, content_type=content_info.content_type)
    cek = await find_content_key(
        enveloped, holders=holders, provider=provider, passwords=passwords, keks=keks, policy=policy
    )
    infos = await build_recipient_infos(
        cek,
        recipients=[c for c in recipients if not is_sealed_for(enveloped.recipients, c)],
        provider=provider,
        transport=transport or default_transport(enveloped.cipher),
        passwords=new_passwords,
        keks=new_keks,
    )
    fields = der.read_children(content_info.content)
    position = 2 if fields[1].tag == ORIGINATOR_INFO else 1
    head, merged = merge_recipient_infos(enveloped, fields[position], infos)
    pieces: tuple[Buffer, ...] = (
        head,
        *(f.encoded for f in fields[1:position]),
        merged,
        *(f.encoded for f in fields[position + 1 :]),
    )
    length = sum(map(len, pieces))
    return build_content_info(content_info.content_type, der.header(der.SEQUENCE, length), *pieces)


def merge_recipient_infos(
    enveloped: EnvelopedData, recipient_infos: Tlv, added: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """(DER of the version, DER of the SET OF RecipientInfo) with the `added` ones among those that were there.

    RFC 5652 section 6.1 for the version of EnvelopedData; AuthEnvelopedData keeps 0 (RFC 5083 section 2.1).
    """
    where = "recipientInfos"
    infos = [der.to_definite(member, where=where) for member in der.read_children(recipient_infos, where=where)]
    infos += added
    version = 0
    if not enveloped.is_authenticated:
        version = enveloped_version(
            infos,
            originator_info=enveloped.originator_info,
            has_unprotected_attrs=bool(enveloped.unprotected_attrs),
        )
    return der.integer(version), der.set_of(infos)
