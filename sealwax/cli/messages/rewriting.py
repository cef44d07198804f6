"""Change a CMS structure inside its file. A mail keeps its header fields, and PEM stays PEM.

The whole file is in memory, up to `limits.MAX_WHOLE_BYTES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sealwax.cli.messages.operations import load_whole
from sealwax.cli.provider import PROVIDER
from smime_core.algorithms import parse_hash_identifier
from smime_core.asn1 import Buffer
from smime_core.cms import (
    ID_AUTH_ENVELOPED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    armor,
    is_cms_part,
    is_content_info,
    parse_content_info,
    parse_message,
    parse_signed_data,
    unarmor,
)
from smime_core.errors import MalformedMessage, OpenPgpContent, SmimeError
from smime_core.mime import (
    Entity,
    Headers,
    build_pkcs7_mime,
    build_signed,
    decode_body,
    find_openpgp,
    is_multipart_signed,
    micalg,
    outer_headers_of,
    split_signed,
    to_crlf,
)

_SMIME_TYPES: Final = {
    ID_SIGNED_DATA: "signed-data",
    ID_ENVELOPED_DATA: "enveloped-data",
    ID_AUTH_ENVELOPED_DATA: "authEnveloped-data",
}


class Wrapped(NamedTuple):
    """A CMS structure in its file.

    `cms` has the bytes of the structure, `content` its detached content if any, and `wrap` puts new bytes into the
    file. `headers` are the header fields of a mail.
    """

    cms: bytes
    content: Buffer | None
    wrap: Callable[[bytes], bytes]
    headers: Headers | None = None


def load_wrapped(source: str, content_file: str | None = None) -> Wrapped:
    """The outermost structure of a mail or of bare CMS. Raises MalformedMessage, LimitExceeded or OSError."""
    return unwrap(load_whole(source), None if content_file is None else load_whole(content_file))


def unwrap(data: bytes, content: bytes | None = None) -> Wrapped:
    """The outermost structure of a mail or of bare CMS. `content` is the detached content of bare CMS.

    Raises MalformedMessage or LimitExceeded.
    """
    node = parse_message(data)
    if not isinstance(node, Entity):
        is_pem = not is_content_info(data)
        return Wrapped(node, content, lambda cms: armor(cms).encode("ascii") if is_pem else cms)
    if content is not None:
        raise MalformedMessage("a mail contains its content: --content is only for bare CMS", where="--content")
    if is_multipart_signed(node):
        return _wrapped_signed(node)
    if not is_cms_part(node) and find_openpgp(node) is not None:
        raise OpenPgpContent
    if not is_cms_part(node):
        raise MalformedMessage("found neither a signature nor anything encrypted", where="message")
    cms = bytes(unarmor(decode_body(node)))
    smime_type = _SMIME_TYPES.get(parse_content_info(cms).content_type, "signed-data")
    outer_headers = outer_headers_of(node.headers)
    return Wrapped(cms, None, lambda cms: build_pkcs7_mime(outer_headers, cms, smime_type), node.headers)


def _wrapped_signed(node: Entity) -> Wrapped:
    part, signature = split_signed(node)
    content = bytes(part)
    # If all lines of the stored content end with a bare LF, they get CR LF before hashing, because signed mail has CR
    # LF.
    content = content if b"\r\n" in content else to_crlf(content)

    def wrap(cms: bytes) -> bytes:
        boundary = f"sealwax-{PROVIDER.random_bytes(16).hex()}"
        return build_signed(outer_headers_of(node.headers), content, cms, _micalg_of(cms), boundary)

    return Wrapped(bytes(decode_body(signature)), content, wrap, node.headers)


def _micalg_of(cms: bytes) -> str:
    signers = parse_signed_data(parse_content_info(cms).content).signer_infos
    readable = [signer for signer in signers if not isinstance(signer, SmimeError)]
    return micalg(parse_hash_identifier(signer.digest_algorithm_der) for signer in readable)
