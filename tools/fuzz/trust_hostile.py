"""Hostile inputs of a megabyte for code that decides about trust: names, policies, CRLs, answers, timestamps, JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final

from smime_core.algorithms import NULL
from smime_core.asn1 import der
from smime_core.ca.certification_request import EXTENSION_REQUEST
from smime_core.cades import add_validation_data
from smime_core.cms.attributes import CERTIFICATE_VALUES, REVOCATION_VALUES, SIGNATURE_TIME_STAMP, build_attribute
from smime_core.cms.content_info import ID_SIGNED_DATA, build_content_info
from smime_core.cms.signed_data_editing import add_unsigned_attribute
from smime_core.limits import MAX_CERTIFICATION_REQUEST_BYTES, MAX_OCSP_REQUEST_BYTES
from smime_core.pkix.extensions import NAME_CONSTRAINTS
from smime_core.provider import NewKey
from smime_core.trust.certificate_member import certificate_text
from tests.support import revocations, timestamp_service
from tests.support.people import anchor, build_revocation_list, person
from tools.fuzz.trust_samples import trust_samples

MEGABYTE: Final = 1_000_000
_POLICY: Final = der.sequence(der.oid("1.2.3"))
_MAPPING: Final = der.sequence(der.oid("1.2.3"), der.oid("1.2.4"))
_WEB: Final = der.element(0x86, b"http://example.test/")
_TIME: Final = "2026-06-01T12:00:00Z"


def _fill(piece: bytes, *, octets: int = MEGABYTE - 2_000) -> bytes:
    return piece * (octets // len(piece))


def _numbered(count: int, build: Callable[[int], bytes]) -> bytes:
    return b"".join(build(number) for number in range(count))


def _certificate(oid: str, value: bytes, of: bytes = b"") -> bytes:
    # A certificate whose extensions are replaced by this one. Its signature is not valid any more.
    whole = of or anchor().der
    tbs, algorithm, signature = der.read_children(der.read_one(whole))
    fields = [bytes(field.encoded) for field in der.read_children(tbs)]
    fields[-1] = der.explicit(3, der.sequence(der.sequence(der.oid(oid), der.octet_string(value))))
    return der.sequence(der.sequence(*fields), bytes(algorithm.encoded), bytes(signature.encoded))


def _constraints(build: Callable[[int], bytes], count: int, *, tag: int = 0xA0) -> bytes:
    subtrees = der.element(tag, _numbered(count, lambda number: der.sequence(build(number))))
    return _certificate(NAME_CONSTRAINTS, der.sequence(subtrees))


def _mailbox(number: int) -> bytes:
    return der.element(0x81, b"a%d@example.test" % number)


def _directory_name(number: int) -> bytes:
    attribute = der.sequence(der.oid("2.5.4.3"), der.element(0x0C, b"x%d" % number))
    return der.element(0xA4, der.sequence(der.element(der.SET, attribute)))


def _network(number: int) -> bytes:
    return der.element(0x87, number.to_bytes(16, "big") + b"\xff" * 16)


def _points(point: bytes) -> bytes:
    return _certificate("2.5.29.31", der.sequence(_fill(point)))


def _point(*names: bytes) -> bytes:
    return der.sequence(der.element(0xA0, der.element(0xA0, *names)))


def _list(entries: bytes = b"", extension: tuple[str, bytes] | None = None) -> bytes:
    tbs, algorithm, signature = der.read_children(der.read_one(build_revocation_list(1)))
    fields = [bytes(field.encoded) for field in der.read_children(tbs)][:5]
    fields.append(der.sequence(entries) if entries else b"")
    if extension is not None:
        member = der.sequence(der.oid(extension[0]), b"\x01\x01\xff", der.octet_string(extension[1]))
        fields.append(der.explicit(0, der.sequence(member)))
    return der.sequence(der.sequence(*fields), bytes(algorithm.encoded), bytes(signature.encoded))


def _entry(number: int) -> bytes:
    # An entry of an indirect CRL, with a different issuer for each number.
    issuer = der.sequence(
        der.oid("2.5.29.29"), b"\x01\x01\xff", der.octet_string(der.sequence(_directory_name(number)))
    )
    return der.sequence(der.integer(number), b"\x17\x0d260601120000Z", der.sequence(issuer))


def _request(extensions: bytes) -> bytes:
    info, algorithm, signature = der.read_children(der.read_one(trust_samples()["requests"][0]))
    fields = [bytes(field.encoded) for field in der.read_children(info)]
    attribute = build_attribute(EXTENSION_REQUEST, der.sequence(extensions))
    return der.sequence(
        der.sequence(*fields[:3], der.element(0xA0, attribute)), bytes(algorithm.encoded), bytes(signature.encoded)
    )


def _token(imprinted: bytes = b"", *, further: bytes = b"", certificates: bytes = b"") -> bytes:
    extensions = (der.element(0xA1, further),) if further else ()
    info = timestamp_service.tst_info(imprinted, further=extensions)
    token = timestamp_service.token_der(info)
    if not certificates:
        return token
    fields = der.read_children(der.read_one(der.read_sequence(token)[1].content))
    parts = [bytes(field.encoded) for field in fields]
    parts[3] = der.element(0xA0, certificates)
    return build_content_info(ID_SIGNED_DATA, der.sequence(*parts))


def _lasting(oid: str, value: bytes) -> bytes:
    return add_unsigned_attribute(trust_samples()["lasting"][0], build_attribute(oid, value), number=0)


def _stamped_often() -> bytes:
    cms = trust_samples()["lasting"][0]
    for _ in range(100):
        cms = add_unsigned_attribute(cms, build_attribute(SIGNATURE_TIME_STAMP, _token()), number=0)
    return cms


def _json(name: str, **members: object) -> bytes:
    return json.dumps({"version": f"sealwax-{name}-1", **members}).encode()


def _decisions(count: int) -> bytes:
    decision = {
        "certificate": certificate_text(anchor()),
        "kind": "authority",
        "addresses": [f"@d{number}.example" for number in range(100)],
        "acceptedAt": _TIME,
    }
    return _json("decisions", decisions=[decision] * count)


def _contacts(count: int) -> bytes:
    known = {"certificate": 0, "source": "harvest", "firstSeen": _TIME, "lastSeen": _TIME, "intermediates": []}
    nothing = {"capabilities": None, "preferred": None, "saidAt": None}
    people = [{"address": f"a{number}@example.test", "certificates": [known], **nothing} for number in range(count)]
    return _json("contacts", certificates=[certificate_text(person("bob").certificate)], contacts=people)


def _people(begin: bytes, line: bytes, end: bytes) -> bytes:
    entry = begin + line % base64.b64encode(person("bob", NewKey.P256).certificate.der) + end
    return _fill(entry)


def _operators_list() -> bytes:
    members = json.loads(trust_samples()["operators-list"][0])
    members["anchors"] = members["anchors"][:1] * 600
    return json.dumps(members).encode()


TRUST_HOSTILE: Final[dict[str, Callable[[], bytes]]] = {
    "permitted mailboxes": lambda: _constraints(_mailbox, 40_000),
    "excluded mailboxes": lambda: _constraints(_mailbox, 40_000, tag=0xA1),
    "permitted directory names": lambda: _constraints(_directory_name, 40_000),
    "permitted networks": lambda: _constraints(_network, 25_000),
    "policies": lambda: _certificate("2.5.29.32", der.sequence(_fill(_POLICY))),
    "different policies": lambda: _certificate(
        "2.5.29.32", der.sequence(_numbered(90_000, lambda number: der.sequence(der.oid(f"1.2.{number}"))))
    ),
    "qualifiers of a policy": lambda: _certificate(
        "2.5.29.32", der.sequence(der.sequence(der.oid("1.2.3"), der.sequence(_fill(_POLICY))))
    ),
    "policy mappings": lambda: _certificate("2.5.29.33", der.sequence(_fill(_MAPPING))),
    "different policy mappings": lambda: _certificate(
        "2.5.29.33",
        der.sequence(_numbered(50_000, lambda number: der.sequence(der.oid("1.2.3"), der.oid(f"1.2.{number}")))),
    ),
    "a huge path length": lambda: _certificate(
        "2.5.29.19", der.sequence(b"\x01\x01\xff", der.element(2, _fill(b"\x7f")))
    ),
    "distribution points": lambda: _points(_point(_WEB)),
    "names of one distribution point": lambda: _certificate("2.5.29.31", der.sequence(_point(_fill(_WEB)))),
    "places to ask": lambda: _certificate(
        "1.3.6.1.5.5.7.1.1", der.sequence(_fill(der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), _WEB)))
    ),
    "one long place to ask": lambda: _certificate(
        "1.3.6.1.5.5.7.1.1",
        der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), der.element(0x86, b"http://" + _fill(b"a")))),
    ),
    "an indirect list": lambda: _list(_numbered(12_000, _entry)),
    "names of a list's scope": lambda: _list(
        extension=("2.5.29.28", der.sequence(der.element(0xA0, der.element(0xA0, _fill(_WEB)))))
    ),
    "single responses": lambda: revocations.response(
        revocations.authority(), *[revocations.single()] * (MEGABYTE // 130)
    ),
    "responders' certificates": lambda: revocations.response(
        revocations.authority(), certificates=[revocations.leaf()] * 1_500
    ),
    "extensions of a request": lambda: _request(
        _fill(der.sequence(der.oid("1.2.3"), der.octet_string(b"")), octets=MAX_CERTIFICATION_REQUEST_BYTES - 1_000)
    ),
    "addresses of a request": lambda: _request(
        der.sequence(
            der.oid("2.5.29.17"),
            der.octet_string(
                der.sequence(_fill(der.element(0x81, b"a@b.test"), octets=MAX_CERTIFICATION_REQUEST_BYTES - 1_000))
            ),
        )
    ),
    "questions to a responder": lambda: der.sequence(
        der.sequence(
            der.sequence(
                _fill(
                    der.sequence(revocations.certificate_id(revocations.leaf().certificate, revocations.authority())),
                    octets=MAX_OCSP_REQUEST_BYTES - 100,
                )
            )
        )
    ),
    "extensions of a timestamp": lambda: _token(further=_fill(der.sequence(der.oid("1.2.3"), der.octet_string(b"")))),
    "certificates of a timestamp": lambda: _token(certificates=_fill(anchor().der)),
    "a hundred timestamps": _stamped_often,
    "revocation values": lambda: _lasting(
        REVOCATION_VALUES, der.sequence(der.explicit(0, der.sequence(_fill(build_revocation_list(1)))))
    ),
    "empty revocation values": lambda: _lasting(
        REVOCATION_VALUES, der.sequence(der.explicit(0, der.sequence(_fill(NULL))))
    ),
    "certificate values": lambda: _lasting(CERTIFICATE_VALUES, der.sequence(_fill(anchor().der))),
    "lists beside a signature": lambda: add_validation_data(
        trust_samples()["lasting"][0],
        crls=[revocations.crl(revocations.authority(), number=number) for number in range(400)],
    ),
    "decisions": lambda: _decisions(300),
    "contacts": lambda: _contacts(4_000),
    "certificates of contacts": lambda: _json("contacts", certificates=[certificate_text(anchor())] * 800, contacts=[]),
    "anchors of a list": _operators_list,
    "JSON in one another": lambda: b'{"version":' + b"[" * (MEGABYTE - 20),
    "numbers in JSON": lambda: b'{"version": [' + b"1e9," * 240_000 + b"1]}",
    "one long number in JSON": lambda: b'{"version": ' + b"9" * MEGABYTE + b"}",
    "entries of LDIF": lambda: (
        b"version: 1\n" + _numbered(40_000, lambda number: b"dn: a\nmail: %d@b.test\n\n" % number)
    ),
    "certificates of LDIF": lambda: _people(b"dn: a\n", b"userCertificate;binary:: %b\n", b"\n"),
    "empty certificates of LDIF": lambda: b"dn: a\n" + _fill(b"userCertificate:<\n"),
    "blank lines of LDIF": lambda: b"dn: a\n" + _fill(b"\n"),
    "folds of LDIF": lambda: b"dn: a\nmail: " + _fill(b"\n "),
    "certificates of vCards": lambda: _people(b"BEGIN:VCARD\n", b"KEY;ENCODING=b:%b\n", b"END:VCARD\n"),
    "cards": lambda: _fill(b"BEGIN:VCARD\nEND:VCARD\n"),
    "parameters of a vCard": lambda: b"BEGIN:VCARD\nKEY" + _fill(b';A="b"') + b":x\nEND:VCARD\n",
    "soft line ends of a vCard": lambda: b"BEGIN:VCARD\nA;QUOTED-PRINTABLE:" + _fill(b"=\n") + b"\nEND:VCARD\n",
    "escapes of a vCard": lambda: b"BEGIN:VCARD\nFN:" + _fill(b"\\n") + b"\nEND:VCARD\n",
    "members of JSON": lambda: b"{" + b",".join(b'"%d":0' % number for number in range(90_000)) + b"}",
}
