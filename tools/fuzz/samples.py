"""Small valid inputs of every kind, which fuzzing alters."""

from __future__ import annotations

import base64
import functools
import json
from pathlib import Path
from typing import Final

from smime_core import AES_256_CBC, AES_256_GCM, SignatureForm, blocking
from smime_core.algorithms import CHACHA20_POLY1305, HashName
from smime_core.asn1 import der
from smime_core.asn1.general_names import mail_name
from smime_core.blocking import run
from smime_core.cades import add_validation_data, timestamp_when_signed
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.compressed_data import build_compressed_data
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.digested_data import build_digested_data
from smime_core.cms.encrypted_data import build_encrypted_data
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import build_kekri
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signed_data_editing import add_countersignature, add_signer
from smime_core.cms.signing import AttributesForm, SignerOptions, Signing
from smime_core.ess.hints import ContentHints, build_content_hints
from smime_core.ess.labels import SecurityLabel, build_security_label
from smime_core.ess.receipt_request import AllOrFirstTier, ReceiptRequest, build_receipt_request
from smime_core.identity import export_private_key
from smime_core.identity.pkcs12 import Pkcs12Form
from smime_core.mail.header_protection import ProtectionMode, protect_headers
from smime_core.mime import split_message
from smime_core.own_content import protect_field, protect_page
from smime_core.own_content.own_content import build_members
from smime_core.parcels import Manifest, ParcelChunk, ParcelFile, build_manifest, encrypt_chunk
from smime_core.parcels.manifest import write_manifest
from smime_core.provider import NewKey
from smime_core.trust.contacts_json import build_contacts
from tests.support import revocations, timestamp_service
from tests.support.envelopes import envelope
from tests.support.people import MESSAGE, NOW, PROVIDER, anchor, build_revocation_list, person
from tools.fuzz.alterations import find_tlvs
from tools.fuzz.targets import CEK, FURTHER_KEYS, KEK, ORIGIN, PARCEL_ID, PARCEL_KEY, PASSPHRASE, people_known
from tools.fuzz.trust_samples import TRUST_TARGETS_OF_KIND, trust_samples

ALL_KEYS: Final = (NewKey.RSA_2048, *FURTHER_KEYS, NewKey.ED25519)
CONTENT: Final = b"Content-Type: text/plain\r\n\r\nThe quick brown fox\r\n"
_MIXED: Final = (
    b"From: =?utf-8?Q?J=C3=BCrgen?= <j@example.test>\r\nTo: a:b@example.test, c@example.test;\r\n"
    b"Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\n'
    b"Content-Type: text/html; charset=iso-8859-1; hp-legacy-display=1\r\nContent-Transfer-Encoding: "
    b'quoted-printable\r\n\r\n<div class=3D"x">Gr=FC=DFe <a href=3D"http://x">x</a></div>\r\n--b\r\n'
    b"Content-Type: application/octet-stream; name*0*=utf-8''%c3%a4; name*1=b\r\n"
    b'Content-Disposition: attachment; filename="../a.p7m"\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAGCSq=\r\n'
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
)


@functools.cache
def samples() -> dict[str, tuple[bytes, ...]]:
    """The samples by kind, with those of `trust_samples`. "own" is own content (fields, pages)."""
    return {
        "mail": _mails(),
        "cms": (*_signed(), *_encrypted(), *_others()),
        "certificates": (
            *(person("alice", key).certificate.der for key in ALL_KEYS), anchor().der,
            build_revocation_list(1, 2, 3),
        ),
        "contacts": (build_contacts(people_known()),),
        "revocation": _revocations(),
        "timestamps": _timestamps(),
        "keys": _keys(),
        "identities": _identities(),
        "own": _own(),
        "own-members": _own_members(),
        "attributes": _attribute_values(),
        **trust_samples(),
        "parcels": _parcel_objects(),
        "parcel-manifests": (write_manifest(_manifest()),),
    }  # fmt: skip


def all_samples() -> list[tuple[str, bytes]]:
    """All samples, each with its kind and number as a name."""
    return [(f"{kind}-{number}", sample) for kind, ones in samples().items() for number, sample in enumerate(ones)]


TARGETS_OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    "mail": ("structure", "examine", "examine-stream", "decrypt", "mime"),
    "cms": ("structure", "examine", "examine-stream", "decrypt", "cms", "own-content"),
    "certificates": ("certificates", "structure", "identities", "revocation"),
    "revocation": ("revocation", "certificates"),
    "contacts": ("contacts",),
    "timestamps": ("timestamps", "structure", "examine"),
    "keys": ("keys", "identities"),
    "identities": ("identities",),
    "own": ("own-content", "examine", "examine-stream"),
    "own-members": ("own-members",),
    "attributes": ("attributes",),
    **TRUST_TARGETS_OF_KIND,
    "parcels": ("parcels", "structure", "examine", "examine-stream"),
    "parcel-manifests": ("parcel-manifests",),
}


def _timestamps() -> tuple[bytes, ...]:
    # A token, an answer, a TSTInfo with all fields, and a signature with a timestamp and all validation data.
    rich = timestamp_service.tst_info(b"", gen_time=b"20260601120000.25Z", further=(
        der.sequence(der.integer(1), der.element(0x80, b"\x02"), der.element(0x81, b"\x03")), timestamp_service.TRUE,
        der.integer(9), der.explicit(0, der.element(0xA4, timestamp_service.service().certificate.subject_der)),
        der.element(0xA1, der.sequence(der.oid("1.2.3"), der.octet_string(b""))),
    ))  # fmt: skip
    options = SignerOptions(unsigned_attributes=timestamp_when_signed(timestamp_service.answer, provider=PROVIDER))
    signed = blocking.sign_bytes(
        CONTENT, Signing(identities=[person("alice")], signing_time=NOW, options=options), provider=PROVIDER
    )
    return (
        timestamp_service.make_token(b""),
        timestamp_service.response(0, timestamp_service.token_der(rich)),
        rich,
        add_validation_data(signed, crls=[build_revocation_list(1)], ocsp_responses=[der.sequence(b"\x0a\x01\x06")]),
    )


def _revocations() -> tuple[bytes, ...]:
    # CRLs and OCSP responses that are valid for the leaf, and a certificate with a distribution point.
    authority, responder = revocations.authority(), revocations.delegate(revocations.authority())
    listed = [
        revocations.entry(number, reason=revocations.Reason.certificate_hold, invalid_since=NOW, issuer="Authority")
        for number in (1, 0x1234, 2)
    ]
    indirect = [revocations.scope("http://example.test/", relative=None, indirect=True)]
    asking = revocations.issue("Leaf", authority, extensions=[
        revocations.points(revocations.point("http://example.test/", crl_issuer="Lists")),
    ])  # fmt: skip
    return (
        revocations.crl(authority, *listed, number=5, extensions=indirect),
        revocations.crl(authority, revocations.entry(1), number=6, base=5),
        revocations.response(authority, revocations.single(), revocations.single(revocations.revoked(reason=1))),
        revocations.response(responder, certificates=[responder], by_key=True),
        asking.der,
    )


def _signed() -> tuple[bytes, ...]:
    alice, rich = person("alice"), person("alice", NewKey.P256)
    options = SignerOptions(further_attributes=tuple(_further_attributes()))
    plain = blocking.sign_bytes(CONTENT, Signing(identities=[alice], signing_time=NOW), provider=PROVIDER)
    rich_signed = run(
        build_signed_data(
            CONTENT,
            Signing(identities=[rich], signing_time=NOW, options=options),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )
    bare = run(
        build_signed_data(
            CONTENT,
            Signing(
                identities=[person("alice", NewKey.ED25519)],
                signing_time=NOW,
                options=SignerOptions(attributes=AttributesForm.NONE),
                crls=[build_revocation_list(7)],
            ),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )
    twice = run(add_signer(plain, Signing(identities=[rich], signing_time=NOW), provider=PROVIDER))
    countersigned = run(add_countersignature(plain, rich, signing_time=NOW, provider=PROVIDER))
    triple = blocking.sign_bytes(
        blocking.encrypt_bytes(plain, Encrypting(recipients=[person("bob").certificate]), provider=PROVIDER),
        Signing(identities=[alice], signing_time=NOW),
        provider=PROVIDER,
    )
    return plain, rich_signed, bare, twice, countersigned, triple, build_certificates_only([anchor()])


def _further_attributes() -> list[bytes]:
    request = ReceiptRequest(
        signed_content_identifier=b"id",
        receipts_from=AllOrFirstTier.ALL_RECEIPTS,
        receipts_to=((mail_name("alice@example.test"),),),
    )
    return [
        build_receipt_request(request),
        build_content_hints(ContentHints(description="x", content_type=ID_DATA)),
        build_security_label(SecurityLabel(policy="1.2.3", classification=3, privacy_mark="x")),
    ]


def _encrypted() -> tuple[bytes, ...]:
    ciphers = (AES_256_CBC, AES_256_GCM, CHACHA20_POLY1305, AES_256_GCM)
    return (
        *(
            blocking.encrypt_bytes(
                CONTENT, Encrypting(recipients=[recipient.certificate], cipher=cipher), provider=PROVIDER
            )
            for recipient, cipher in zip(
                (person("bob"), *(person("bob", key) for key in FURTHER_KEYS)), ciphers, strict=True
            )
        ),
        envelope(run(build_kekri(KEK, CEK, provider=PROVIDER)), cipher=AES_256_GCM),
    )


def _others() -> tuple[bytes, ...]:
    return (
        run(build_encrypted_data(CONTENT, CEK, content_type=ID_DATA, cipher=AES_256_CBC, provider=PROVIDER)),
        run(build_digested_data(CONTENT, content_type=ID_DATA, provider=PROVIDER, hash_name=HashName.SHA256)),
        build_compressed_data(CONTENT * 5, content_type=ID_DATA),
    )


def _attribute_values() -> tuple[bytes, ...]:
    rich = _signed()[1]
    spans = (span for span in find_tlvs(rich) if rich[span.start] in (der.SEQUENCE, der.OCTET_STRING))
    return tuple(rich[span.start : span.end] for span in spans if span.end - span.start < 300)


def _mails() -> tuple[bytes, ...]:
    alice, bob = person("alice"), person("bob").certificate
    signed = {
        form: blocking.sign_message(
            MESSAGE, Signing(identities=[alice], signing_time=NOW, form=form), provider=PROVIDER
        )
        for form in SignatureForm
    }
    outer, entity = protect_headers(*split_message(MESSAGE), mode=ProtectionMode.CIPHER)
    encrypted = blocking.encrypt_message(
        signed[SignatureForm.DETACHED], Encrypting(recipients=[bob]), provider=PROVIDER
    )
    forwarded = (
        b"From: a@example.test\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822"
        b"\r\n\r\n" + signed[SignatureForm.DETACHED] + b"\r\n--x--\r\n"
    )
    return (*signed.values(), encrypted, outer + entity, forwarded, _MIXED)


def _keys() -> tuple[bytes, ...]:
    people = [person("alice", key).private_key for key in ALL_KEYS]
    encrypted = blocking.run(export_private_key(people[1], PASSPHRASE, provider=PROVIDER, iterations=10))
    return (*(key.pkcs8_der for key in people), encrypted, der_of_pem(encrypted))


def der_of_pem(pem: bytes) -> bytes:
    """The bytes of one PEM block."""
    return base64.b64decode(b"".join(line for line in pem.splitlines() if not line.startswith(b"-----")))


def _identities() -> tuple[bytes, ...]:
    alice = person("alice", NewKey.P256)
    return tuple(
        blocking.export_identity(alice, PASSPHRASE, provider=PROVIDER, iterations=10, form=form) for form in Pkcs12Form
    )


def _own() -> tuple[bytes, ...]:
    alice, bob = person("alice"), person("bob").certificate
    signing, encrypting = Signing(identities=[alice], signing_time=NOW), Encrypting(recipients=[bob])
    field = blocking.run(
        protect_field("text", origin=ORIGIN, provider=PROVIDER, signing=signing, encrypting=encrypting)
    )
    page, signed_page = (
        blocking.run(
            protect_page(
                b"<p>",
                address="https://x.example/",
                media_type="text/html",
                provider=PROVIDER,
                signing=signing,
                encrypting=readers,
            )
        )
        for readers in (encrypting, None)
    )
    return field.encode(), page, signed_page


def _manifest() -> Manifest:
    chunk = ParcelChunk(cms_bytes=900, content_bytes=1, sha256="a" * 64)
    return Manifest(
        parcel=PARCEL_ID,
        sender="alice@example.test",
        recipients=("bob@example.test",),
        created=NOW,
        files=(
            ParcelFile(name="empty", size_bytes=0, chunks=()),
            ParcelFile(name="one", size_bytes=1, chunks=(chunk,)),
        ),
    )


def _parcel_objects() -> tuple[bytes, ...]:
    signing, readers = Signing(identities=[person("alice")], signing_time=NOW), [person("bob").certificate]
    return (
        blocking.run(build_manifest(_manifest(), PROVIDER, key=PARCEL_KEY, certificates=readers, signing=signing)),
        blocking.run(build_manifest(_manifest(), PROVIDER, key=PARCEL_KEY)),
        blocking.run(encrypt_chunk(b"x", PROVIDER, key=PARCEL_KEY, certificates=readers)),
    )


def _own_members() -> tuple[bytes, ...]:
    entries = [["text", "a", "b", "Name", "visible"], ["file", "f", "x.txt", "3", "00", "File", "hidden"]]
    return json.dumps(entries).encode(), build_members(version="1", origin=ORIGIN, text="Hello")


def vector_files(root: Path, *, at_most_bytes: int = 1_000_000) -> list[Path]:
    """The files of the published sets of test vectors. Larger files are left out, because they only take time."""
    return [path for path in sorted(root.rglob("*")) if path.is_file() and 0 < path.stat().st_size <= at_most_bytes]
