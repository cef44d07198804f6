"""Add recipients to an encrypted message: the content key is wrapped for them, and the content stays unchanged.

Streams do this in two steps: `use_content_key` of `enveloped_data` finds the key, then `build_recipient_infos` of
`recipient_info` and `merge_recipient_infos` make the new set. All bytes after the set are copied.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_ENVELOPED_DATA,
    build_content_info,
    parse_content_info,
)
from smime_core.cms.enveloped_data import (
    EnvelopedData,
    find_content_key,
    parse_enveloped_data,
)
from smime_core.cms.originator_info import ORIGINATOR_INFO
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.recipients.recipient_info import (
    build_recipient_infos,
    enveloped_version,
    is_encrypted_for,
)
from smime_core.errors import MalformedMessage
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider


async def add_recipients(
    cms: Buffer, keys: Keys, added: Encrypting, provider: CryptoProvider, *, policy: Policy = Policy.RECEIVE
) -> bytes:
    """`cms` (EnvelopedData or AuthEnvelopedData in a ContentInfo), also encrypted for the recipients of `added`.

    One of `keys` must decrypt it. Certificates that are recipients already are not added again. The cipher stays the
    same. The content is decrypted once, to check the content key. The encrypted content is copied unchanged. Raises the
    errors of `decrypt_enveloped_data` and `build_recipient_infos`.
    """
    content_info = parse_content_info(cms)
    if content_info.content_type not in (ID_ENVELOPED_DATA, ID_AUTH_ENVELOPED_DATA):
        raise MalformedMessage("found nothing that has recipients", where="CMS")
    enveloped = parse_enveloped_data(content_info.content, content_type=content_info.content_type)
    cek = await find_content_key(enveloped, keys, provider, policy)
    recipients = [c for c in added.recipients if not is_encrypted_for(enveloped.recipients, c)]
    added = dataclasses.replace(added, recipients=recipients)
    infos = await build_recipient_infos(cek, added, provider, cipher=enveloped.cipher)
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
    """Returns (DER of the version, DER of the SET OF RecipientInfo) with the existing and the `added` recipients.

    RFC 5652 section 6.1 determines the version of EnvelopedData; AuthEnvelopedData keeps 0 (RFC 5083 section 2.1).
    """
    where = "recipientInfos"
    infos = [der.to_definite(member, where) for member in der.read_children(recipient_infos, where)]
    infos += added
    version = 0
    if not enveloped.is_authenticated:
        version = enveloped_version(
            infos,
            originator_info=enveloped.originator_info,
            has_unprotected_attrs=bool(enveloped.unprotected_attrs),
        )
    return der.integer(version), der.set_of(infos)
