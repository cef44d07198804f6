"""MIME in and out: what the core needs of RFC 5322 and RFC 2045 to 2049, on bytes, without the stdlib's `email`.

Pure and synchronous. Bulk data is searched and encoded in whole buffers, never line by line in Python. Every reader
returns or raises MalformedMessage.
"""

from smime_core.mime.addresses import Mailbox, addresses, from_addresses
from smime_core.mime.assemble import build_pkcs7_mime, build_signed, join_message, outer_headers_of, split_message
from smime_core.mime.canonical import canonicalise, to_crlf
from smime_core.mime.entity import Entity, decode_body, looks_like_cms_part, parse_entity
from smime_core.mime.filenames import clean_filename
from smime_core.mime.headers import Field, Headers
from smime_core.mime.multipart import is_multipart_signed, split_multipart, split_signed
from smime_core.mime.parameters import ContentType

__all__ = [
    "ContentType",
    "Entity",
    "Field",
    "Headers",
    "Mailbox",
    "addresses",
    "build_pkcs7_mime",
    "build_signed",
    "canonicalise",
    "clean_filename",
    "decode_body",
    "from_addresses",
    "is_multipart_signed",
    "join_message",
    "looks_like_cms_part",
    "outer_headers_of",
    "parse_entity",
    "split_message",
    "split_multipart",
    "split_signed",
    "to_crlf",
]
