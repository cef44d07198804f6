"""Decryption of mail and of bare CMS, including EncryptedData and AuthenticatedData, which are read into memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealwax.cli.messages.operations import Message, read_whole
from sealwax.cli.options.keys import ReaderKeys
from sealwax.cli.provider import PROVIDER
from smime_core import blocking, stream
from smime_core.asn1 import Buffer
from smime_core.cms import (
    ID_AUTHENTICATED_DATA,
    ID_DATA,
    ID_ENCRYPTED_DATA,
    ContentInfo,
    decrypt_encrypted_data,
    is_cms_part,
    is_content_info,
    parse_authenticated_data,
    parse_content_info,
    parse_encrypted_data,
    parse_message,
    unarmor,
    verify_authenticated_data,
)
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
)
from smime_core.mime import Entity, decode_body, join_message, outer_headers_of
from smime_core.policy import Policy
from smime_core.stream import Sink

_WHOLE_KINDS: Final = (ID_ENCRYPTED_DATA, ID_AUTHENTICATED_DATA)


def decrypt(data: Message, target: Sink, reader: ReaderKeys, *, raw: bool) -> None:
    """Write the decrypted content: under the headers of the mail, or without headers if `raw` or for bare CMS."""
    if not isinstance(data, bytes):
        try:
            write = stream.decrypt_file if raw else stream.decrypt_mail_file
            write(data, target, reader.keys, provider=PROVIDER, policy=Policy.ARCHIVE)
        except UnsupportedAlgorithm as error:
            # Nothing was written yet. So a content type that cannot be streamed can still be read into memory.
            if error.oid not in _WHOLE_KINDS:
                raise
            data = read_whole(data)
        else:
            return
    target.write(_decrypt_whole(data, reader, raw=raw))


def _decrypt_whole(data: bytes, reader: ReaderKeys, *, raw: bool) -> Buffer:
    node = parse_message(data)
    cms = _find_structure(node)
    content_info = parse_content_info(cms) if is_content_info(cms) else None
    if content_info is not None and content_info.content_type in _WHOLE_KINDS:
        content = _decrypt_rare_type(content_info, reader)
        if isinstance(node, Entity) and not raw:
            return join_message(outer_headers_of(node.headers), content)
        return content
    decrypt_it = blocking.decrypt_entity if raw else blocking.decrypt_message
    return decrypt_it(data, reader.keys, provider=PROVIDER, policy=Policy.ARCHIVE)


def _find_structure(node: Entity | bytes) -> Buffer:
    # Returns the bytes of bare CMS, or of the CMS part of a mail; empty for other mail.
    if isinstance(node, Entity):
        return unarmor(decode_body(node)) if is_cms_part(node) else b""
    return node


def _decrypt_rare_type(content_info: ContentInfo, reader: ReaderKeys) -> Buffer:
    if content_info.content_type == ID_ENCRYPTED_DATA:
        return _decrypt_encrypted_data(content_info, reader.content_keys)
    authenticated = parse_authenticated_data(content_info.content)
    _check_type(authenticated.e_content_type)
    opened = verify_authenticated_data(authenticated, reader.keys, provider=PROVIDER, policy=Policy.ARCHIVE)
    return blocking.run(opened).content


def _decrypt_encrypted_data(content_info: ContentInfo, content_keys: Sequence[bytes]) -> bytes:
    encrypted = parse_encrypted_data(content_info.content)
    _check_type(encrypted.content_type)
    if not content_keys:
        raise NoMatchingRecipient(("the holders of the key itself: --shared-key FILE",))
    for key in content_keys:
        try:
            return blocking.run(decrypt_encrypted_data(encrypted, key, provider=PROVIDER, policy=Policy.ARCHIVE))
        except DecryptionError:
            continue
    raise DecryptionError


def _check_type(content_type: str) -> None:
    if content_type != ID_DATA:
        raise ContentTypeMismatch(f"encrypted content of type {content_type} does not belong here")
