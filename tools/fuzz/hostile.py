"""Hostile inputs of a megabyte for each parser: with more elements, depth or cost than any honest input.

The name of an entry says which part is excessive. `tools.fuzz.measure` measures the cost of an entry for one reader.
"""

from __future__ import annotations

import base64
import functools
import random
import zlib
from collections.abc import Callable
from typing import Final

from smime_core import blocking
from smime_core.algorithms import AES_256_CBC, NULL, RC2_CBC, TRIPLE_DES_CBC, HashName, Pbkdf2
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cms.certificate_id import build_issuer_and_serial
from smime_core.cms.compressed_data import ZLIB_COMPRESS, build_compressed_data
from smime_core.cms.content_info import (
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_DIGESTED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    build_content_info,
    parse_content_info,
)
from smime_core.cms.signed_data_editing import add_countersignature
from smime_core.cms.signing import Signing
from smime_core.identity.pbes import PBES2
from smime_core.keys.kdf import SCRYPT, build_pbkdf2
from smime_core.limits import (
    MAX_PBKDF2_ITERATIONS,
    MAX_PKCS12_KDF_ITERATIONS,
    MAX_RSA_MODULUS_BITS,
    MAX_SCRYPT_BLOCKS,
)
from tests.support.people import MESSAGE, NOW, PROVIDER, anchor, build_revocation_list, person
from tools.fuzz.samples import CONTENT, samples
from tools.fuzz.trust_hostile import TRUST_HOSTILE

MEGABYTE: Final = 1_000_000
_SHA256: Final = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
_AES: Final = der.sequence(der.oid(AES_256_CBC.oid), der.octet_string(bytes(16)))
_TRIPLE_DES: Final = der.sequence(der.oid(TRIPLE_DES_CBC.oid), der.octet_string(bytes(8)))
_RC2: Final = der.sequence(der.oid(RC2_CBC), der.sequence(der.integer(58), der.octet_string(bytes(8))))
_DATA_CONTENT: Final = der.sequence(der.oid(ID_DATA))


def fill(piece: bytes, *, taken: int = 200) -> bytes:
    """Repeat a piece until the pieces and the `taken` bytes around them are a megabyte."""
    return piece * max(1, (MEGABYTE - taken) // len(piece))


def nested(depth: int, tag: int = der.SEQUENCE, core: bytes = b"") -> bytes:
    """`depth` nested elements of definite length, around `core`."""
    heads = []
    length = len(core)
    for _ in range(depth):
        head = der.header(tag, length)
        heads.append(head)
        length += len(head)
    return b"".join(reversed(heads)) + core


def signed(*, digests: bytes = b"", content: bytes = _DATA_CONTENT, after: bytes = b"", signers: bytes = b"") -> bytes:
    """A SignedData with these parts."""
    inside = der.sequence(der.integer(1), der.element(der.SET, digests), content, after, der.element(der.SET, signers))
    return build_content_info(ID_SIGNED_DATA, inside)


def enveloped(recipients: bytes, *, content: bytes = bytes(32), encryption: bytes = _AES) -> bytes:
    """An EnvelopedData with these recipients."""
    encrypted = der.sequence(der.oid(ID_DATA), encryption, der.element(0x80, content))
    inside = der.sequence(der.integer(2), der.element(der.SET, recipients), encrypted)
    return build_content_info(ID_ENVELOPED_DATA, inside)


def opaque(piece: bytes, count: int | None = None) -> bytes:
    """A SignedData by Alice whose eContent is a constructed string of `count` pieces, by default a megabyte of them."""
    pieces = fill(piece) if count is None else piece * count
    content = der.sequence(der.oid(ID_DATA), der.explicit(0, der.element(0x24, pieces)))
    return signed(digests=_SHA256, content=content, signers=_signer_info())


def _signer_info() -> bytes:
    return _part(samples()["cms"][0], -1)


def _part(cms: bytes, *path: int) -> bytes:
    # The content octets of the member at this path of indexes. In a SignedData, -1 is signerInfos.
    tlv = parse_content_info(cms).content
    for step in path:
        tlv = der.read_children(tlv)[step]
    return bytes(tlv.content)


def _flood_signers() -> bytes:
    return signed(digests=_SHA256, content=_opaque_content(), after=_certificates(), signers=fill(_signer_info()))


def _hundred_signers() -> bytes:
    # As many signers as the core accepts, each with a signature that must be checked.
    content = der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(bytes(800_000))))
    return signed(digests=_SHA256, content=content, after=_certificates(), signers=_signer_info() * 100)


def _different_signers() -> bytes:
    infos = b"".join(_with_digest(name) for name in ("1", "2", "3", "4", "8", "9", "10") for _ in range(14))
    content = der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(bytes(900_000))))
    return signed(content=content, after=_certificates(), signers=infos)


def _with_digest(number: str) -> bytes:
    return _signer_info().replace(der.oid("2.16.840.1.101.3.4.2.1"), der.oid(f"2.16.840.1.101.3.4.2.{number}"))


def _opaque_content() -> bytes:
    return der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(CONTENT)))


def _certificates() -> bytes:
    return der.element(0xA0, person("alice").certificate.der, anchor().der)


def _flood_attributes(tag: int = 0xA0) -> bytes:
    attribute = der.sequence(der.oid("1.2.3"), der.element(der.SET, NULL))
    info = der.read_children(der.read_one(_signer_info()))
    parts = [bytes(part.encoded) for part in info]
    if tag == 0xA0:
        parts[3] = der.element(0xA0, fill(attribute))
    else:
        parts.append(der.element(0xA1, fill(attribute)))
    return signed(digests=_SHA256, content=_opaque_content(), after=_certificates(), signers=der.sequence(*parts))


def _many_attribute_values() -> bytes:
    attribute = der.sequence(der.oid("1.2.840.113549.1.9.6"), der.element(der.SET, fill(_signer_info())))
    parts = [bytes(child.encoded) for child in der.read_children(der.read_one(_signer_info()))]
    info = der.sequence(*parts, der.element(0xA1, attribute))
    return signed(digests=_SHA256, content=_opaque_content(), after=_certificates(), signers=info)


def _countersigned() -> bytes:
    cms = samples()["cms"][0]
    for number in range(5):
        cms = run(
            add_countersignature(cms, person("alice"), signing_time=NOW, provider=PROVIDER, path=(0,) * (number + 1))
        )
    return cms


def _flood_ktri(*, mine: bool) -> bytes:
    name = person("bob").certificate if mine else person("alice").certificate
    rid = der.sequence(name.issuer_der, der.integer(name.serial_number))
    info = der.sequence(
        der.integer(0), rid, der.sequence(der.oid("1.2.840.113549.1.1.1"), NULL), der.octet_string(bytes(256))
    )
    return enveloped(fill(info))


def _flood_kari() -> bytes:
    info = _part(samples()["cms"][8], 1)
    return enveloped(fill(info))


def _kari_keys() -> bytes:
    # One RecipientInfo with very many encrypted keys, all for the same reader.
    parts = [bytes(child.encoded) for child in der.read_children(der.read_one(_part(samples()["cms"][8], 1)))]
    keys = der.read_one(parts[-1])
    parts[-1] = der.sequence(fill(bytes(keys.content)))
    return enveloped(der.element(0xA1, *parts))


def _wrong_keys(length: int, encryption: bytes) -> bytes:
    # A hundred recipients that name Bob. RSA v1.5 returns a random content key for each of them.
    bob = person("bob").certificate
    head = der.integer(0) + build_issuer_and_serial(bob) + der.sequence(der.oid("1.2.840.113549.1.1.1"), NULL)
    infos = (der.sequence(head, der.octet_string(bytes(254) + bytes([1, n]))) for n in range(100))
    return enveloped(b"".join(infos), content=bytes(length), encryption=encryption)


def _flood_pwri(iterations: int, *, count: int = 1) -> bytes:
    kdf = Pbkdf2(hash_name=HashName.SHA512, salt=bytes(16), iterations=iterations)
    derivation = der.element(0xA0, der.read_one(build_pbkdf2(kdf, key_length=None)).content)
    encryption = der.sequence(der.oid("1.2.840.113549.1.9.16.3.9"), _AES)
    info = der.element(0xA3, der.integer(0), derivation, encryption, der.octet_string(bytes(48)))
    return enveloped(info * count)


def _pkcs12(
    *, mac: bytes = b"", safes: bytes | None = None, bags: bytes = b"", derivation: bytes = b"", count: int = 1
) -> bytes:
    if safes is None:
        if bags:
            safes = _data(der.sequence(bags))
        else:
            scheme = der.sequence(der.oid(PBES2), der.sequence(derivation, _AES))
            safes = _encrypted_safe(scheme) * count
    return der.sequence(der.integer(3), _data(der.sequence(safes)), mac)


def _data(content: bytes) -> bytes:
    return der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(content)))


def _encrypted_safe(scheme: bytes, length: int = 64) -> bytes:
    info = der.sequence(der.oid(ID_DATA), scheme, der.element(0x80, bytes(length)))
    return der.sequence(der.oid("1.2.840.113549.1.7.6"), der.explicit(0, der.sequence(der.integer(0), info)))


def _old_scheme(iterations: int, oid: str = "1.2.840.113549.1.12.1.3") -> bytes:
    return der.sequence(der.oid(oid), der.sequence(der.octet_string(bytes(8)), der.integer(iterations)))


def _old_mac(iterations: int, oid: str = "2.16.840.1.101.3.4.2.3") -> bytes:
    digest = der.sequence(der.sequence(der.oid(oid), NULL), der.octet_string(bytes(64)))
    return der.sequence(digest, der.octet_string(bytes(8)), der.integer(iterations))


def _pbkdf2(iterations: int, hash_name: HashName = HashName.SHA512) -> bytes:
    return build_pbkdf2(Pbkdf2(hash_name=hash_name, salt=bytes(16), iterations=iterations), key_length=None)


def _scrypt(cost: int, block_size: int, parallelisation: int) -> bytes:
    numbers = map(der.integer, (cost, block_size, parallelisation))
    return der.sequence(der.oid(SCRYPT), der.sequence(der.octet_string(bytes(16)), *numbers))


def _encrypted_keys(derivation: bytes, count: int) -> bytes:
    scheme = der.sequence(der.oid(PBES2), der.sequence(derivation, _AES))
    key = der.sequence(scheme, der.octet_string(bytes(64)))
    block = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%s\n-----END ENCRYPTED PRIVATE KEY-----\n" % base64.b64encode(key)
    return block * count


def _public_key(bits: int) -> bytes:
    numbers = der.sequence(der.integer((1 << bits) - 159), der.integer((1 << 64) - 59))
    return der.sequence(der.sequence(der.oid("1.2.840.113549.1.1.1"), NULL), der.element(3, b"\0", numbers))


def _certificate_with(spki: bytes) -> bytes:
    fields = [bytes(child.encoded) for child in der.read_children(der.read_children(der.read_one(anchor().der))[0])]
    tbs = der.read_one(anchor().der)
    old = bytes(der.read_children(der.read_children(tbs)[0])[6].encoded)
    fields[fields.index(old)] = spki
    _, algorithm, signature = der.read_children(tbs)
    return der.sequence(der.sequence(*fields), bytes(algorithm.encoded), bytes(signature.encoded))


def _signed_by_giant() -> bytes:
    # Alice's certificate with a key of the greatest allowed size, which makes each verification expensive.
    fields = der.read_children(der.read_children(der.read_one(person("alice").certificate.der))[0])
    parts = [bytes(field.encoded) for field in fields]
    parts[6] = _public_key(MAX_RSA_MODULUS_BITS)
    _, algorithm, signature = der.read_children(der.read_one(person("alice").certificate.der))
    certificate = der.sequence(der.sequence(*parts), bytes(algorithm.encoded), bytes(signature.encoded))
    info = [bytes(child.encoded) for child in der.read_children(der.read_one(_signer_info()))]
    info[5] = der.octet_string(b"\x01" + bytes(MAX_RSA_MODULUS_BITS // 8 - 1))
    signers = der.sequence(*info) * 100
    return signed(digests=_SHA256, content=_opaque_content(), after=der.element(0xA0, certificate), signers=signers)


def _path_flood() -> bytes:
    # Many certificates of issuers with the same name, all of which are candidates at every step of a path.
    fields = [bytes(child.encoded) for child in der.read_children(der.read_children(der.read_one(anchor().der))[0])]
    _, algorithm, signature = (bytes(child.encoded) for child in der.read_children(der.read_one(anchor().der)))
    certificates = []
    for number in range(900):
        fields[1] = der.integer(number + 1000)
        certificates.append(der.sequence(der.sequence(*fields), algorithm, signature))
    return signed(
        digests=_SHA256,
        content=_opaque_content(),
        after=der.element(0xA0, person("alice").certificate.der, *certificates),
        signers=_signer_info(),
    )


def _different_names() -> bytes:
    fields = [bytes(child.encoded) for child in der.read_children(der.read_children(der.read_one(anchor().der))[0])]
    _, algorithm, signature = (bytes(child.encoded) for child in der.read_children(der.read_one(anchor().der)))
    names = der.sequence(*(_rdn(number) for number in range(20)))
    fields[3] = fields[5] = names
    certificate = der.sequence(der.sequence(*fields), algorithm, signature)
    return signed(
        digests=_SHA256, content=_opaque_content(), after=der.element(0xA0, fill(certificate)), signers=_signer_info()
    )


def _rdn(number: int) -> bytes:
    return der.element(der.SET, der.sequence(der.oid("2.5.4.3"), der.element(0x0C, b"x%d" % number)))


def _huge_name() -> bytes:
    fields = [bytes(child.encoded) for child in der.read_children(der.read_children(der.read_one(anchor().der))[0])]
    _, algorithm, signature = (bytes(child.encoded) for child in der.read_children(der.read_one(anchor().der)))
    fields[3] = fields[5] = der.sequence(fill(_rdn(1), taken=600_000))
    return der.sequence(der.sequence(*fields), algorithm, signature)


def _extensions(extension: bytes) -> bytes:
    fields = [bytes(child.encoded) for child in der.read_children(der.read_children(der.read_one(anchor().der))[0])]
    _, algorithm, signature = (bytes(child.encoded) for child in der.read_children(der.read_one(anchor().der)))
    fields[-1] = der.explicit(3, der.sequence(extension))
    return der.sequence(der.sequence(*fields), algorithm, signature)


def _names_extension(oid: str, name: bytes) -> bytes:
    return _extensions(der.sequence(der.oid(oid), der.octet_string(der.sequence(fill(name)))))


def _layers(count: int) -> bytes:
    cms = CONTENT
    for _ in range(count):
        cms = signed(
            digests=_SHA256,
            content=der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(cms))),
            signers=_signer_info(),
        )
        if len(cms) > MEGABYTE:
            break
    return cms


def _compressed(compressed: bytes) -> bytes:
    content = der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(compressed)))
    return build_content_info(
        ID_COMPRESSED_DATA, der.sequence(der.integer(0), der.sequence(der.oid(ZLIB_COMPRESS)), content)
    )


def _nested_bombs() -> bytes:
    octets = bytes(60_000_000)
    for _ in range(3):
        octets = build_compressed_data(octets, content_type=ID_DATA)
    return octets


def _ratio_bomb() -> bytes:
    # Expands a megabyte 63 times, just below the ratio that the core refuses.
    dice = random.Random(1)  # noqa: S311 (the same bytes every time)
    blocks = [dice.randbytes(15) + bytes(1500) for _ in range(40_000)]
    return _compressed(zlib.compress(b"".join(blocks), 9)[:MEGABYTE])


def _signed_parts(count: int) -> bytes:
    part = blocking.sign_message(MESSAGE, Signing(identities=[person("alice")], signing_time=NOW), provider=PROVIDER)
    return _multipart(b"Content-Type: message/rfc822\r\n\r\n" + part, count)


def _multipart(part: bytes, count: int | None = None) -> bytes:
    piece = b"--b\r\n" + part + b"\r\n"
    body = fill(piece) if count is None else piece * count
    return b"From: a@example.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body + b"--b--\r\n"


def _mail(head: bytes, piece: bytes, tail: bytes = b"") -> bytes:
    return head + fill(piece, taken=len(head + tail)) + tail


def _nested_multiparts() -> bytes:
    lines = [b"From: a@example.test"]
    for number in range(15_000):
        lines += [b'Content-Type: multipart/mixed; boundary="%d"' % number, b"", b"--%d" % number]
    return b"\r\n".join(lines)[:MEGABYTE]


def _crl(entries: bytes) -> bytes:
    whole = der.read_one(build_revocation_list(1))
    tbs, algorithm, signature = der.read_children(whole)
    fields = [bytes(child.encoded) for child in der.read_children(tbs)]
    fields[5] = der.sequence(entries)
    return der.sequence(der.sequence(*fields), bytes(algorithm.encoded), bytes(signature.encoded))


def _pem(label: bytes, body: bytes) -> bytes:
    return b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, body, label)


def _receipt_names() -> bytes:
    names = der.sequence(der.sequence(der.element(0x81, b"a@b.test")) * 1)
    return der.sequence(der.octet_string(b"x"), der.element(0xA1, fill(names)), der.sequence(names))


def _base64_mail(cms: bytes) -> bytes:
    head = b"From: a@example.test\r\nContent-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(cms[: MEGABYTE * 3 // 4]).replace(b"\n", b"\r\n")


_MIME_HEAD: Final = b"From: a@example.test\r\nMIME-Version: 1.0\r\n"
_SIGNED_HEAD: Final = _MIME_HEAD + (
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\r\n\r\n'
)

HOSTILE: Final[dict[str, Callable[[], bytes]]] = {
    # TLVs
    "NULLs in a SEQUENCE": lambda: build_content_info(ID_SIGNED_DATA, der.sequence(fill(NULL))),
    "NULLs in a ContentInfo": lambda: der.sequence(der.oid(ID_SIGNED_DATA), fill(NULL)),
    "one-byte elements": lambda: build_content_info(ID_SIGNED_DATA, der.sequence(fill(b"\x02\x01\x00"))),
    "elements in one another": lambda: build_content_info(ID_SIGNED_DATA, nested(200_000)),
    "indefinite lengths": lambda: b"\x30\x80\x06\x09" + bytes.fromhex("2a864886f70d010702") + fill(b"\xa0\x80"),
    "indefinite siblings": lambda: b"\x30\x80\x06\x09" + bytes.fromhex("2a864886f70d010702") + b"\xa0\x80\x30\x80"
    + fill(b"\x30\x80\0\0") + bytes(6),
    "indefinite siblings in a ladder": lambda: b"\x30\x80\x06\x09" + bytes.fromhex("2a864886f70d010702")
    + b"\xa0\x80" + b"\x30\x80" * 35 + fill(b"\x30\x80\0\0") + bytes(74),
    "a long OID": lambda: der.sequence(der.element(der.OID, b"\x2a" + fill(b"\x81") + b"\x01"), der.explicit(0, NULL)),
    "a huge INTEGER": lambda: build_content_info(
        ID_SIGNED_DATA,
        der.sequence(der.element(2, fill(b"\x7f")), der.element(der.SET, _SHA256), _DATA_CONTENT, der.element(der.SET)),
    ),
    "one-byte pieces": lambda: opaque(b"\x04\x01x"),
    "empty pieces": lambda: opaque(b"\x04\0"),
    "pieces in one another": lambda: opaque(nested(30, 0x24, b"\x04\x01x")),
    "indefinite pieces": lambda: opaque(b"\x24\x80\0\0"),
    # SignedData
    "digest algorithms": lambda: signed(digests=fill(_SHA256)),
    "signers": _flood_signers,
    "a hundred signers of much": _hundred_signers,
    "signers with different hashes": _different_signers,
    "signers with keys of 16,384 bits": _signed_by_giant,
    "damaged signers": lambda: signed(signers=fill(der.sequence(der.integer(1)))),
    "signed attributes": _flood_attributes,
    "unsigned attributes": lambda: _flood_attributes(0xA1),
    "countersignatures": _many_attribute_values,
    "countersignatures in one another": _countersigned,
    "certificates": lambda: signed(after=der.element(0xA0, fill(anchor().der)), signers=_signer_info()),
    "empty certificates": lambda: signed(after=der.element(0xA0, fill(b"\x30\0"))),
    "other certificates": lambda: signed(after=der.element(0xA0, fill(b"\xa1\0"))),
    "issuers of one name": _path_flood,
    "certificates with long names": _different_names,
    "CRLs": lambda: signed(after=der.element(0xA1, fill(build_revocation_list(1)))),
    "layers": lambda: _layers(500),
    "layers in mail": lambda: _base64_mail(_layers(300)),
    # Encrypted
    "recipients": lambda: _flood_ktri(mine=False),
    "recipients that are me": lambda: _flood_ktri(mine=True),
    "damaged recipients": lambda: enveloped(fill(der.sequence(der.integer(0)))),
    "key agreements": _flood_kari,
    "keys in a key agreement": _kari_keys,
    "wrong content keys over 3DES": lambda: _wrong_keys(950_000, _TRIPLE_DES),
    "wrong content keys over RC2": lambda: _wrong_keys(100_000, _RC2),
    "a password of the most iterations": lambda: _flood_pwri(MAX_PBKDF2_ITERATIONS),
    "passwords": lambda: _flood_pwri(1_000, count=5_000),
    "unprotected attributes": lambda: build_content_info(
        ID_ENVELOPED_DATA,
        der.sequence(
            der.integer(2), der.element(der.SET, _part(samples()["cms"][7], 1)),
            der.sequence(der.oid(ID_DATA), _AES, der.element(0x80, bytes(32))), der.element(0xA1, fill(b"\x30\0")),
        ),
    ),
    "a zlib bomb": lambda: _compressed(zlib.compress(bytes(200_000_000), 9)),
    "a zlib bomb below the ratio": _ratio_bomb,
    "zlib bombs in one another": _nested_bombs,
    "digested data": lambda: build_content_info(ID_DIGESTED_DATA, der.sequence(fill(NULL))),
    # Keys and identities
    "PKCS#12 safes": lambda: _pkcs12(safes=fill(_data(der.sequence()))),
    "PKCS#12 empty bags": lambda: _pkcs12(bags=fill(b"\x30\0")),
    "PKCS#12 bags in one another": lambda: _pkcs12(bags=nested(100_000)),
    "PKCS#12 old MAC of the most iterations": lambda: _pkcs12(
        mac=_old_mac(MAX_PKCS12_KDF_ITERATIONS), safes=_data(der.sequence())
    ),
    "PKCS#12 old MAC with SHA-1": lambda: _pkcs12(
        mac=_old_mac(MAX_PKCS12_KDF_ITERATIONS, "1.3.14.3.2.26"), safes=_data(der.sequence())
    ),
    "PKCS#12 safes with RC2": lambda: _pkcs12(
        safes=_encrypted_safe(_old_scheme(1, "1.2.840.113549.1.12.1.6"), 96_000) * 10
    ),
    "PKCS#12 safes with PBKDF2 at the limit": lambda: _pkcs12(derivation=_pbkdf2(MAX_PBKDF2_ITERATIONS), count=50),
    "PKCS#12 safes with much PBKDF2": lambda: _pkcs12(derivation=_pbkdf2(200_000), count=90),
    "PKCS#12 safes with scrypt at the limit": lambda: _pkcs12(
        derivation=_scrypt(131_072, 8, MAX_SCRYPT_BLOCKS // 131_072 // 8), count=50
    ),
    "PKCS#12 safes with 3DES": lambda: _pkcs12(safes=_encrypted_safe(_old_scheme(MAX_PKCS12_KDF_ITERATIONS)) * 90),
    "encrypted keys": lambda: _encrypted_keys(_pbkdf2(1_000_000), 1_000),
    "encrypted keys with scrypt": lambda: _encrypted_keys(_scrypt(131_072, 8, 1), 1_000),
    "a public key of 16,384 bits": lambda: _public_key(MAX_RSA_MODULUS_BITS),
    "a public key of a million bits": lambda: _public_key(7_900_000),
    "a certificate with a huge key": lambda: _certificate_with(_public_key(MAX_RSA_MODULUS_BITS)),
    "a certificate with a huge name": _huge_name,
    "a certificate with many extensions": lambda: _extensions(
        fill(der.sequence(der.oid("1.2.3"), der.octet_string(b"")))
    ),
    "a certificate with many addresses": lambda: _names_extension("2.5.29.17", der.element(0x81, b"a@b.test")),
    "a certificate with many purposes": lambda: _names_extension("2.5.29.37", der.oid("1.2.3")),
    "a CRL with many entries": lambda: _crl(fill(der.sequence(der.integer(7), b"\x17\x0d260601120000Z"))),
    "a CRL with empty entries": lambda: _crl(fill(b"\x30\0")),
    "PEM begins": lambda: fill(b"-----BEGIN CERTIFICATE-----\n"),
    "PEM certificates": lambda: fill(_pem(b"CERTIFICATE", b"MAA=")),
    "whole PEM certificates": lambda: fill(_pem(b"CERTIFICATE", base64.b64encode(anchor().der))),
    "PEM keys": lambda: fill(_pem(b"PRIVATE KEY", b"MAA=")),
    "one long PEM block": lambda: _pem(b"CMS", fill(b"A")),
    "PEM of CMS begins": lambda: fill(b"-----BEGIN CMS-----\n"),
    "PEM with headers": lambda: b"-----BEGIN RSA PRIVATE KEY-----\n" + fill(b"A: b\n") + b"\nMAA=\n",
    # Attributes
    "names of receipts": _receipt_names,
    "label categories": lambda: der.element(der.SET, der.oid("1.2.3"), der.element(der.SET, fill(b"\x30\0"))),
    "capabilities": lambda: der.sequence(fill(der.sequence(der.oid("1.2.3")))),
    "expansions": lambda: der.sequence(fill(b"\x30\0")),
    # MIME
    "base64 junk": lambda: _mail(_MIME_HEAD + b"Content-Type: application/pkcs7-mime\r\n"
                                 b"Content-Transfer-Encoding: base64\r\n\r\n", b"MIA*"),
    "bare base64 junk": lambda: fill(b"MIAGCSqGSIb3DQEHAqCA"),
    "base64 in short lines": lambda: _mail(_MIME_HEAD + b"Content-Type: application/pkcs7-mime\r\n"
                                           b"Content-Transfer-Encoding: base64\r\n\r\n", b"M\r\n"),
    "header fields": lambda: _mail(b"", b"A: b\r\n", b"\r\nx"),
    "one long header field": lambda: _mail(b"From: ", b"x", b"\r\n\r\nx"),
    "addresses": lambda: _mail(b"From: ", b"a@b.test, ", b"a@b.test\r\n\r\nx"),
    "comments": lambda: _mail(b"From: ", b"(", b"\r\n\r\nx"),
    "encoded words": lambda: _mail(b"From: ", b"=?utf-8?B?eA==?= ", b"<a@b.test>\r\n\r\nx"),
    "groups": lambda: _mail(b"From: ", b"a:", b";\r\n\r\nx"),
    "parameter sections": lambda: b"Content-Type: a/b"
    + b"".join(b"; n*%d*=%%41" % n for n in range(70_000)) + b"\r\n\r\n",
    "boundaries": lambda: _multipart(b""),
    "boundaries of one another": _nested_multiparts,
    "parts": lambda: _multipart(b"\r\nx", 900),
    "signed parts": lambda: _signed_parts(45),
    "damaged signed parts": lambda: _multipart(
        b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAqCA"
    ),
    "messages in one another": lambda: _mail(b"", b"Content-Type: message/rfc822\r\n\r\n"),
    "base64 messages in one another": lambda: _mail(
        b"", b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    ),
    "lines of a signed part": lambda: _mail(_SIGNED_HEAD + b"--b\r\n\r\n", b"\n", b"\r\n--b\r\n\r\nx\r\n--b--\r\n"),
    "soft line breaks": lambda: _mail(_MIME_HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"=\r\n"),
    "HTML tags": lambda: _mail(_MIME_HEAD + b"Content-Type: text/html\r\n\r\n", b"<a href='x'>"),
    "open HTML tags": lambda: _mail(_MIME_HEAD + b"Content-Type: text/html\r\n\r\n", b"<a "),
    "HTML comments": lambda: _mail(_MIME_HEAD + b"Content-Type: text/html\r\n\r\n", b"<!--"),
    "HTML entities": lambda: _mail(_MIME_HEAD + b"Content-Type: text/html\r\n\r\n", b"&amp"),
    "HTML styles": lambda: _mail(_MIME_HEAD + b"Content-Type: text/html\r\n\r\n", b"<style>"),
    "protected fields": lambda: _mail(
        b'Content-Type: text/plain; hp="cipher"\r\n', b"HP-Outer: Subject: x\r\n", b"\r\nx"
    ),
    "different protected fields": lambda: b'Content-Type: text/plain; hp="cipher"\r\n'
    + b"".join(b"A%d: x\r\nHP-Outer: A%d: y\r\n" % (n, n) for n in range(28_000)) + b"\r\nx",
    "JSON in a field": lambda: fill(b"["),
    "zeros": lambda: bytes(MEGABYTE),
    "line feeds": lambda: fill(b"\n"),
    "letters": lambda: fill(b"A"),
    "colons": lambda: fill(b":"),
    **TRUST_HOSTILE,
}  # fmt: skip


@functools.cache
def hostile(name: str) -> bytes:
    """The bytes of one entry."""
    return HOSTILE[name]()
