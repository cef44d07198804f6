"""Changing a CMS structure that exists, whatever it came in: a mail keeps its headers, PEM stays PEM.

Everything is in memory here, up to `limits.MAX_WHOLE_BYTES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import parse_hash_identifier
from smime_core.cli.files import open_input
from smime_core.cli.operations import PROVIDER, read_whole
from smime_core.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    armor,
    is_content_info,
    parse_content_info,
    unarmor,
)
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.layers import is_cms_part, parse_message
from smime_core.mime import (
    Entity,
    build_pkcs7_mime,
    build_signed,
    decode_body,
    is_multipart_signed,
    micalg,
    outer_headers_of,
    split_signed,
    to_crlf,
)
from smime_core.signed_data import parse_signed_data

_SMIME_TYPES: Final = {
    ID_SIGNED_DATA: "signed-data",
    ID_ENVELOPED_DATA: "enveloped-data",
    ID_AUTH_ENVELOPED_DATA: "authEnveloped-data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """CMS octets, what they are detached from (None where the content is inside), and the way back into the file."""

    cms: bytes
    content: Buffer | None
    wrap: Callable[[bytes], bytes]


def load_wrapped(source: str, *, content_file: str | None = None) -> Wrapped:
    """The outermost structure of a mail or of bare CMS. Raises MalformedMessage, LimitExceeded or OSError."""
    with open_input(source) as opened:
        data = read_whole(opened)
    beside = None
    if content_file is not None:
        with open_input(content_file) as opened:
            beside = read_whole(opened)
    return unwrap(data, content=beside)


def unwrap(data: bytes, *, content: bytes | None = None) -> Wrapped:
    """The outermost structure of a mail or of bare CMS, which may have its content beside it.

    Raises MalformedMessage or LimitExceeded.
    """
    node = parse_message(data)
    if not isinstance(node, Entity):
        is_pem = not is_content_info(data)
        return Wrapped(cms=node, content=content, wrap=lambda cms: armor(cms).encode("ascii") if is_pem else cms)
    if content is not None:
        raise MalformedMessage("content beside a mail, which has its own", where="--content")
    if is_multipart_signed(node):
        return _wrapped_signed(node)
    if not is_cms_part(node):
        raise MalformedMessage("found neither a signature nor anything sealed", where="message")
    cms = bytes(unarmor(decode_body(node)))
    smime_type = _SMIME_TYPES.get(parse_content_info(cms).content_type, "signed-data")
    outer_headers = outer_headers_of(node.headers)
    return Wrapped(cms=cms, content=None, wrap=lambda cms: build_pkcs7_mime(outer_headers, cms, smime_type))


def _wrapped_signed(node: Entity) -> Wrapped:
    content, signature = split_signed(node)
    octets = bytes(content)
    # As `layers` hashes it: a copy stored with bare LF throughout is put back into transport form first.
    octets = octets if b"\r\n" in octets else to_crlf(octets)

    def wrap(cms: bytes) -> bytes:
        boundary = f"sealwax-{PROVIDER.random_bytes(16).hex()}"
        return build_signed(outer_headers_of(node.headers), octets, cms, _announce(cms), boundary=boundary)

    return Wrapped(cms=bytes(decode_body(signature)), content=octets, wrap=wrap)


def _announce(cms: bytes) -> str:
    signers = parse_signed_data(parse_content_info(cms).content).signer_infos
    readable = [signer for signer in signers if not isinstance(signer, SmimeError)]
    return micalg(parse_hash_identifier(signer.digest_algorithm_der) for signer in readable)
