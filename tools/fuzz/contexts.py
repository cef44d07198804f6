"""The places where attackers can write long runs of tokens. The cost of a run must be proportional to its length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sealwax.lookups.answers import host_of
from sealwax.lookups.ldap import address_filter, parse_ldap_url
from sealwax.lookups.smimea import owner_name
from smime_core.asn1.distinguished_name import prepare_text
from smime_core.asn1.pem import find_pem_blocks
from smime_core.cms.content_info import parse_content_info, unarmor
from smime_core.describe.file import detect_kind
from smime_core.mail.html_text import extract_text, link_target
from smime_core.mail.reading import read_encrypted_payload, read_entity
from smime_core.mime import addresses, clean_filename, decode_body, parse_date, parse_entity, split_message, to_crlf
from smime_core.mime.encoded_words import decode_words
from smime_core.mime.parameters import parse_content_type
from smime_core.pkix import Lookup, LookupKind
from smime_core.text.mail_address import addresses_match, is_condition, parse_address
from smime_core.trust.contacts_json import parse_contacts
from smime_core.trust.decisions_json import parse_decisions
from smime_core.x509.certificate import parse_certificates
from tests.support.people import anchor
from tools.fuzz.server_contexts import SERVER_PLACES
from tools.fuzz.targets import TARGETS, Reader

Around = tuple[bytes, bytes]


def _text(read: Callable[[str], object]) -> Reader:
    return lambda data: read(data.decode("utf-8", "replace"))


_PUNCTUATION: Final = [bytes([octet]) for octet in b"\t\n !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\r\0\x7f\xff"]
_WORDS: Final = [
    b"a", b"9", b"0", "ä".encode(), "\u202e".encode(), "\u3000".encode(), "\u0301\u0323".encode(), "\u0345".encode(),
    b"\r\n", b"\r\n ", b"=\r\n", b"=41", b"=?", b"?=", b"=?utf-8?Q?a?= ", b"=?utf-8?B?w6Q=?=", b"=?x?b?", b"--b",
    b"\n--b", b"--b\r\n", b"--b--\r\n", b"&#", b"&#9", b"&amp;", b"<a ", b"<!--", b"-->", b"</", b"<script>", b"</div>",
    b"<pre>", b"<a href=x>", b"a@b", b"<a@b>,", b"a: b\r\n", b";a=b", b";a*0=b", b"*0*=", b"\\\"", b"()", b"a.",
    b"-----BEGIN ", b"-----BEGIN CERTIFICATE-----", b"-----END", b'{"a":', b"begin 644 a\n", b"From ", b"%c3%a4", b"(a",
    b"[a]", b"http://", b"Fwd: ", b"xn--",
]  # fmt: skip
TOKENS: Final[tuple[bytes, ...]] = (*_PUNCTUATION, *_WORDS)

_BODY: Final = b"\r\n\r\nx\r\n"
_HTML: Final = b"Content-Type: text/html\r\n\r\n"
_CMS: Final = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
_MAIL: Final[dict[str, Around]] = {
    "whole": (b"", b""),
    "field name": (b"X", b": x" + _BODY),
    "field": (b"X: ", _BODY),
    "From": (b"From: ", _BODY),
    "From, in a name": (b'From: "', b'" <a@b.test>' + _BODY),
    "From, in a comment": (b"From: (", b") a@b.test" + _BODY),
    "To": (b"From: a@b.test\r\nTo: ", _BODY),
    "Subject": (b"Subject: ", _BODY),
    "encoded-word": (b"Subject: =?utf-8?Q?", b"?=" + _BODY),
    "encoded-word of base64": (b"Subject: =?utf-8?B?", b"?=" + _BODY),
    "Date": (b"Date: ", _BODY),
    "Content-Type": (b"Content-Type: ", _BODY),
    "parameter": (b"Content-Type: text/plain; name=", _BODY),
    "parameter in quotes": (b'Content-Type: text/plain; name="', b'"' + _BODY),
    "parameter in pieces": (b"Content-Type: text/plain; name*0*=utf-8''", _BODY),
    "boundary": (b'Content-Type: multipart/mixed; boundary="', b'"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'),
    "Content-Disposition": (b"Content-Disposition: attachment; filename=", _BODY),
    "transfer encoding": (b"Content-Transfer-Encoding: ", _BODY),
    "parts": (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", b"\r\n--b--\r\n"),
    "signed parts": (b"Content-Type: multipart/signed; boundary=b\r\n\r\n", b"\r\n--b--\r\n"),
    "text": (b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n", b""),
    "base64": (b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA", b""),
    "base64 of CMS": (_CMS + b"MIAGCSqGSIb3DQEHAqCA", b""),
    "base64 of CMS, padded": (_CMS + b"MIAGCSqGSIb3DQEHAqA=", b"x"),
    "quoted-printable": (b"Content-Transfer-Encoding: quoted-printable\r\n\r\nx", b"x"),
    "uuencode": (b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\n", b""),
    "HTML": (_HTML, b""),
    "HTML, in a tag": (_HTML + b"<a ", b">x</a>"),
    "HTML, in an attribute": (_HTML + b'<a href="', b'">x</a>'),
    "HTML, in a comment": (_HTML + b"<!--", b"-->x"),
    "HTML, in a script": (_HTML + b"<script>", b"</script>x"),
    "message inside": (b"Content-Type: message/rfc822\r\n\r\n", b""),
}
_PEM: Final[dict[str, Around]] = {
    "whole": (b"", b""),
    "block": (b"-----BEGIN CERTIFICATE-----\n", b"\n-----END CERTIFICATE-----\n"),
    "label": (b"-----BEGIN ", b"-----\nAAAA\n-----END CMS-----\n"),
    "headers": (b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: ", b"\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
}
_JSON: Final[dict[str, Around]] = {
    "whole": (b"", b""),
    "text": (b'{"version": "', b'"}'),
    "number": (b'{"version": ', b"}"),
    "list": (b'{"version": [', b"]}"),
    "text of an entry": (b'[["text", "a", "', b'", "Name", "visible"]]'),
    "text of a field": (b'{"version": "1", "origin": "https://clinic.example", "text": "', b'"}'),
}
_ADDRESS_BOOK: Final[dict[str, Around]] = {
    "LDIF": (b"dn: cn=a\n", b"\n"),
    "attribute of LDIF": (b"dn: cn=a\n", b": a\n"),
    "mail of LDIF": (b"dn: cn=a\nmail: ", b"\n"),
    "certificate of LDIF": (b"dn: cn=a\nuserCertificate;binary:: ", b"\n"),
    "vCard": (b"BEGIN:VCARD\n", b"\nEND:VCARD\n"),
    "property of a vCard": (b"BEGIN:VCARD\nA", b":a\nEND:VCARD\n"),
    "parameter of a vCard": (b'BEGIN:VCARD\nKEY;A="', b'":a\nEND:VCARD\n'),
    "quoted-printable of a vCard": (b"BEGIN:VCARD\nNOTE;QUOTED-PRINTABLE:", b"\nEND:VCARD\n"),
    "FN of a vCard": (b"BEGIN:VCARD\nFN:", b"\nEND:VCARD\n"),
    "KEY of a vCard": (b"BEGIN:VCARD\nKEY:", b"\nEND:VCARD\n"),
    "data of a vCard": (b"BEGIN:VCARD\nKEY:data:a;base64,", b"\nEND:VCARD\n"),
}
_TEXT: Final[dict[str, Around]] = {
    "whole": (b"", b""),
    "address": (b"a@", b".test"),
    "quotes": (b'"', b'"@b.test'),
    "URL": (b"ldaps://a", b".test/dc=a"),
}


def _show(data: bytes) -> None:
    TARGETS["mime"]["show"](data)
    entity = parse_entity(data)
    parse_date(entity.headers.get_unfolded("Date") or "")
    addresses(entity.headers.get_unfolded("To") or "")


# For each kind of input: the places for a run of tokens, with the bytes around the run, and the readers of the input.
PLACES: Final[dict[str, tuple[dict[str, Around], dict[str, Reader]]]] = {
    "mail": (
        _MAIL,
        {
            "show": _show,
            "read entity": read_entity,
            "read payload": read_encrypted_payload,
            "decode body": lambda data: decode_body(parse_entity(data)),
            "split message": split_message,
            **{name: TARGETS["mime"][name] for name in ("canonicalise", "make 7-bit", "protected headers")},
            "describe": TARGETS["structure"]["describe"],
            "find nested layers": TARGETS["structure"]["find nested layers"],
            "split structure": TARGETS["structure"]["split structure"],
            "examine": TARGETS["examine"]["examine"],
            "examine stream": TARGETS["examine-stream"]["examine stream"],
            "decrypt": TARGETS["decrypt"]["decrypt mail"],
        },
    ),
    "files": (
        _PEM,
        {
            "blocks": find_pem_blocks,
            "unarmor": lambda data: parse_content_info(unarmor(data)),
            "certificates": parse_certificates,
            "kind": detect_kind,
            **TARGETS["keys"],
            **TARGETS["identities"],
            "field": TARGETS["own-content"]["field"],
            "page": TARGETS["own-content"]["page"],
            "foreign file": TARGETS["parcels"]["foreign file"],
            "form": TARGETS["own-content"]["form"],
            **TARGETS["timestamps"],
            **TARGETS["revocation"],
        },
    ),
    "JSON": (
        _JSON,
        {
            "contacts": parse_contacts,
            "decisions": parse_decisions,
            **TARGETS["operators-list"],
            **TARGETS["discovery"],
            **TARGETS["own-members"],
            **TARGETS["parcel-manifests"],
        },
    ),
    "address books": (_ADDRESS_BOOK, TARGETS["people-files"]),
    "text": (
        _TEXT,
        {
            "addresses": _text(addresses),
            "words": _text(decode_words),
            "date": _text(parse_date),
            "parameters": _text(parse_content_type),
            "file name": _text(clean_filename),
            "HTML": _text(extract_text),
            "link": _text(link_target),
            "condition": _text(is_condition),
            "address": _text(parse_address),
            "addresses alike": _text(lambda text: addresses_match(text, text + "x")),
            "name": _text(prepare_text),
            "line ends": to_crlf,
            "directory": _text(parse_ldap_url),
            "directory's filter": _text(address_filter),
            "owner in DNS": _text(owner_name),
            "host of a URL": _text(lambda url: host_of(Lookup(kind=LookupKind.CRL, url=url, certificate=anchor()))),
        },
    ),
    **SERVER_PLACES,
}
