"""Read and write MIME: the parts of RFC 5322 and RFC 2045 to 2049 that the core needs, on bytes, without `email`.

All functions are pure and synchronous. Bulk data is searched and encoded in whole buffers, never line by line in
Python. Readers raise only MalformedMessage or LimitExceeded.
"""

from smime_core.mime.addresses import (
    Mailbox,
    addresses,
    canonical_mailbox,
    find_addresses,
    format_mailbox,
    from_addresses,
    is_read_alike,
)
from smime_core.mime.assemble import build_pkcs7_mime, build_signed, join_message, outer_headers_of, split_message
from smime_core.mime.attachment import Attachment
from smime_core.mime.canonical import EMBEDDED_MESSAGES, has_parts, to_crlf
from smime_core.mime.changes import Preparation
from smime_core.mime.dates import format_date, parse_date, read_date
from smime_core.mime.entity import Entity, decode_body, looks_like_cms_part, parse_entity
from smime_core.mime.filenames import clean_filename
from smime_core.mime.headers import Field, Headers, parse_headers
from smime_core.mime.mail_file import open_mail_file
from smime_core.mime.micalg import find_unannounced_hashes, micalg, parse_micalg
from smime_core.mime.multipart import (
    SignedParts,
    find_signed_parts,
    is_multipart_signed,
    parse_parts,
    split_multipart,
    split_signed,
)
from smime_core.mime.openpgp import OPENPGP_HEAD_BYTES, OpenPgp, find_openpgp
from smime_core.mime.parameters import ContentType, parse_content_type
from smime_core.mime.preparation_scan import prepare

__all__ = [
    "EMBEDDED_MESSAGES",
    "OPENPGP_HEAD_BYTES",
    "Attachment",
    "ContentType",
    "Entity",
    "Field",
    "Headers",
    "Mailbox",
    "OpenPgp",
    "Preparation",
    "SignedParts",
    "addresses",
    "build_pkcs7_mime",
    "build_signed",
    "canonical_mailbox",
    "clean_filename",
    "decode_body",
    "find_addresses",
    "find_openpgp",
    "find_signed_parts",
    "find_unannounced_hashes",
    "format_date",
    "format_mailbox",
    "from_addresses",
    "has_parts",
    "is_multipart_signed",
    "is_read_alike",
    "join_message",
    "looks_like_cms_part",
    "micalg",
    "open_mail_file",
    "outer_headers_of",
    "parse_content_type",
    "parse_date",
    "parse_entity",
    "parse_headers",
    "parse_micalg",
    "parse_parts",
    "prepare",
    "read_date",
    "split_message",
    "split_multipart",
    "split_signed",
    "to_crlf",
]
