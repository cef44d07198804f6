"""Opening what is sealed: mail and bare CMS with recipients, and the two kinds that only shared keys open."""

from __future__ import annotations

from typing import BinaryIO, Final

from smime_core import blocking, stream
from smime_core.authenticated_data import open_authenticated_data, parse_authenticated_data
from smime_core.cli.operations import PROVIDER, Input, Keys, read_whole
from smime_core.content_info import (
    ID_AUTHENTICATED_DATA,
    ID_DATA,
    ID_ENCRYPTED_DATA,
    ContentInfo,
    is_content_info,
    parse_content_info,
    unarmor,
)
from smime_core.der import Buffer
from smime_core.encrypted_data import open_encrypted_data, parse_encrypted_data
from smime_core.errors import (
    ContentTypeMismatch,
    DecryptionError,
    NoMatchingRecipient,
    UnsupportedAlgorithm,
)
from smime_core.layers import is_cms_part, parse_message
from smime_core.mime import Entity, decode_body, join_message, outer_headers_of
from smime_core.policy import Policy
from smime_core.stream import Sink

_WHOLE_KINDS: Final = (ID_ENCRYPTED_DATA, ID_AUTHENTICATED_DATA)


def decrypt(data: Input, target: Sink, keys: Keys, *, raw: bool) -> None:
    """Write what was sealed: `raw` as it is, else under the outer headers when it is mail."""
    if not isinstance(data, bytes):
        try:
            _decrypt_stream(data, target, keys, raw=raw)
        except UnsupportedAlgorithm as error:
            # Nothing was written yet: what the streams do not split is taken whole.
            if error.oid not in _WHOLE_KINDS:
                raise
            data = read_whole(data)
        else:
            return
    target.write(_decrypt_whole(data, keys, raw=raw))


def _decrypt_stream(data: BinaryIO, target: Sink, keys: Keys, *, raw: bool) -> None:
    write = stream.open_file if raw else stream.decrypt_file
    write(
        data,
        target,
        identities=keys.identities,
        passwords=keys.passwords,
        keks=keys.shared_keys.named,
        provider=PROVIDER,
        policy=Policy.ARCHIVE,
    )


def _decrypt_whole(data: bytes, keys: Keys, *, raw: bool) -> Buffer:
    node = parse_message(data)
    cms = _find_structure(node)
    content_info = parse_content_info(cms) if is_content_info(cms) else None
    if content_info is not None and content_info.content_type in _WHOLE_KINDS:
        content = _open_with_shared_key(content_info, keys)
        if isinstance(node, Entity) and not raw:
            return join_message(outer_headers_of(node.headers), content)
        return content
    open_it = blocking.open_message if raw else blocking.decrypt_message
    return open_it(
        data,
        identities=keys.identities,
        passwords=keys.passwords,
        keks=keys.shared_keys.named,
        provider=PROVIDER,
        policy=Policy.ARCHIVE,
    )


def _find_structure(node: Entity | bytes) -> Buffer:
    # Bare CMS, or the CMS that a mail is; empty for other mail.
    if isinstance(node, Entity):
        return unarmor(decode_body(node)) if is_cms_part(node) else b""
    return node


def _open_with_shared_key(content_info: ContentInfo, keys: Keys) -> Buffer:
    if content_info.content_type == ID_ENCRYPTED_DATA:
        return _open_encrypted(content_info, keys)
    authenticated = parse_authenticated_data(content_info.content)
    _check_type(authenticated.e_content_type)
    opened = blocking.run(
        open_authenticated_data(
            authenticated,
            holders=keys.identities,
            passwords=keys.passwords,
            keks=keys.shared_keys.named,
            provider=PROVIDER,
            policy=Policy.ARCHIVE,
        )
    )
    return opened.result


def _open_encrypted(content_info: ContentInfo, keys: Keys) -> bytes:
    encrypted = parse_encrypted_data(content_info.content)
    _check_type(encrypted.content_type)
    if not keys.shared_keys.nameless:
        raise NoMatchingRecipient(("whoever has the key itself: --shared-key FILE",))
    for key in keys.shared_keys.nameless:
        try:
            return blocking.run(open_encrypted_data(encrypted, key, provider=PROVIDER, policy=Policy.ARCHIVE))
        except DecryptionError:
            continue
    raise DecryptionError


def _check_type(content_type: str) -> None:
    if content_type != ID_DATA:
        raise ContentTypeMismatch(f"sealed content of type {content_type} does not belong here")
