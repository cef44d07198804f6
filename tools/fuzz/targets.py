"""The fuzzed functions of the core, which take bytes from outside. Each must read the bytes or raise SmimeError."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
from collections.abc import Callable
from typing import Final

from sealwax.lookups.found_certificates import read_certificates
from smime_core import blocking, stream
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.distinguished_name import comparable_name
from smime_core.asn1.file_values import parse_file_values
from smime_core.blocking import run
from smime_core.cades import parse_commitments, parse_mime_type, parse_signature_policy, read_revocation_values
from smime_core.cms.attributes import Attributes
from smime_core.cms.authenticated_data import parse_authenticated_data, verify_authenticated_data
from smime_core.cms.capabilities import OUR_CAPABILITIES, Capabilities, parse_capabilities
from smime_core.cms.carried import parse_carried
from smime_core.cms.certificates_only import parse_certificates_only
from smime_core.cms.compressed_data import decompress, parse_compressed_data
from smime_core.cms.content_info import FIELD, FORM, SIGNED_FIELD, parse_content_info, unarmor
from smime_core.cms.countersignature import find_countersignatures
from smime_core.cms.digested_data import check_digested_data, parse_digested_data
from smime_core.cms.encrypted_data import decrypt_encrypted_data, parse_encrypted_data
from smime_core.cms.later_recipients import add_recipients
from smime_core.cms.layers import find_layer, parse_message
from smime_core.cms.nested_parts import find_nested_layers
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signed_attributes import parse_key_preference, parse_signing_certificate, parse_signing_time
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import parse_signed_data
from smime_core.cms.signed_data_editing import add_countersignature, add_signer
from smime_core.cms.signer_info import SignerInfo
from smime_core.cms.signing import Signing
from smime_core.describe.message import describe_message
from smime_core.errors import SmimeError
from smime_core.ess.hints import parse_content_hints, parse_content_identifier, parse_content_reference
from smime_core.ess.labels import parse_equivalent_labels, parse_security_label
from smime_core.ess.mailing_list import parse_expansion_history
from smime_core.ess.receipt_request import parse_receipt_request
from smime_core.ess.receipts import parse_receipt, verify_receipt
from smime_core.identity import load_private_key
from smime_core.keys import parse_private_key, parse_public_key
from smime_core.mail.header_protection import unprotect_headers
from smime_core.mail.header_replies import reply_headers
from smime_core.mail.html_text import extract_text
from smime_core.mail.reading import read_encrypted_payload, read_entity
from smime_core.mime import Entity, Preparation, decode_body, from_addresses, parse_entity, prepare, split_message
from smime_core.mime.headers import parse_headers
from smime_core.own_content import examine_field, examine_page, verify_form
from smime_core.own_content.forms import Submission
from smime_core.own_content.own_content import ContentKind, build_members, protect_content
from smime_core.parcels import (
    OpenedManifest,
    ParcelKey,
    decrypt_authenticated,
    decrypt_chunk,
    describe_chunk,
    open_manifest,
)
from smime_core.parcels.manifest import read_manifest
from smime_core.pkix import (
    NO_EVIDENCE,
    Lookup,
    LookupKind,
    PathRules,
    Purpose,
    add_answer,
    find_lookups,
    parse_evidence,
)
from smime_core.pkix.constrained_names import find_constrained_names
from smime_core.pkix.extensions import NAME_CONSTRAINTS
from smime_core.pkix.name_constraints import find_violation, parse_name_constraints
from smime_core.pkix.policies import PolicyState
from smime_core.pkix.trust import PolicyRequirements
from smime_core.policy import Policy
from smime_core.provider import NewKey
from smime_core.providers.native_streaming import NativeStreamingProvider
from smime_core.stream.octets import MemoryOctets
from smime_core.stream.structure import split_structure
from smime_core.timestamp import parse_timestamp_response, parse_tst_info, read_timestamp, verify_timestamp
from smime_core.trust.contacts import CertificateSource, Contact, Contacts, KnownCertificate, find_change
from smime_core.trust.contacts_json import build_contacts, parse_contacts
from smime_core.trust.judging import Judging
from smime_core.trust.recipient_choice import FoundCertificate, check_recipient, find_in_contacts
from smime_core.x509.certificate import parse_certificate, parse_certificates
from smime_core.x509.ocsp import parse_ocsp_response
from smime_core.x509.revocation_list import parse_revocation_list
from tests.support import revocations, timestamp_service
from tests.support.people import NOW, PROVIDER, anchor, person, trust
from tools.fuzz.trust_targets import TRUST_TARGETS

STREAMING: Final = NativeStreamingProvider()
FURTHER_KEYS: Final = (NewKey.P256, NewKey.X25519, NewKey.ML_KEM_512)
PASSPHRASE: Final = b"correct horse"
KEK: Final = KeyEncryptionKey(identifier=b"k", key=bytes(32))
CEK: Final = bytes(range(32))
ORIGIN: Final = "https://clinic.example"
_SUBMITTED: Final = Submission(origin=ORIGIN, action=ORIGIN, nonce="n", fields=[("a", "b")])
_PLACE: Final = "where the entries stand"
_FORM: Final = ContentKind(name="form", content_type=FORM)
_FIELD: Final = ContentKind(
    name="form field", content_type=FIELD, encrypted_type=FIELD, encrypted_signed_type=SIGNED_FIELD
)
ATTRIBUTE_OIDS: Final = tuple(
    f"1.2.840.113549.1.9.{end}"
    for end in (
        "3", "4", "5", "15", "52", "16.2.1", "16.2.2", "16.2.3", "16.2.4", "16.2.5", "16.2.7", "16.2.9", "16.2.10",
        "16.2.11", "16.2.12", "16.2.47",
    )
)  # fmt: skip

Reader = Callable[[bytes], object]


@functools.cache
def keys() -> Keys:
    """The keys that decrypt the samples."""
    return Keys(
        identities=[person("bob"), *(person("bob", key) for key in FURTHER_KEYS)],
        passwords=[PASSPHRASE],
    )


def _judging() -> Judging:
    store = dataclasses.replace(trust(), timestamp_anchors=timestamp_service.clock_anchors())
    return Judging(trust_store=store, at=NOW)


PARCEL_ID: Final = "AAAAAAAAAAAAAAAAAAAAAA"
# A fixed key that belongs to no secret, because deriving a key would take long.
PARCEL_KEY: Final = ParcelKey(salt=bytes(16), kek=bytes(range(32)))
_OWN: Final = Judging(trust_store=trust(), at=NOW)


def _find_nested(data: bytes) -> None:
    node = parse_message(data)
    if isinstance(node, Entity):
        list(find_nested_layers(node))


def _examine_stream(data: bytes) -> None:
    report = stream.examine_file(io.BytesIO(data), _judging(), provider=STREAMING, keys=keys(), policy=Policy.ARCHIVE)
    stream.copy_content(report, io.BytesIO())


def _inside(data: bytes) -> Tlv:
    return parse_content_info(unarmor(data)).content


def _decrypt_authenticated(data: bytes) -> object:
    authenticated = parse_authenticated_data(_inside(data))
    return run(verify_authenticated_data(authenticated, dataclasses.replace(keys(), keks=[KEK]), provider=PROVIDER))


def _add_recipients(data: bytes) -> object:
    recipients = [person("bob").certificate]
    return run(add_recipients(data, keys(), Encrypting(recipients=recipients), provider=PROVIDER))


def _read_signers(data: bytes) -> None:
    for signer in parse_signed_data(_inside(data)).signer_infos:
        if isinstance(signer, SignerInfo):
            with contextlib.suppress(SmimeError):
                find_countersignatures(signer)
            for parser in _ATTRIBUTE_PARSERS:
                with contextlib.suppress(SmimeError):
                    parser(signer.attributes)


def _read_attribute(parser: Callable[[Attributes], object], data: bytes) -> None:
    value = bytes(der.read_one(data).encoded)
    for oid in ATTRIBUTE_OIDS:
        parser({oid: (value,)})


def _show(data: bytes) -> None:
    entity = parse_entity(data)
    _ = [field.text for field in entity.headers.fields], entity.filename, entity.content_type
    from_addresses(entity.headers)


def _unprotect(data: bytes) -> None:
    outer, entity = parse_headers(b"From: a@example.test\r\nSubject: [...]\r\n"), parse_entity(data)
    for signed, encrypted in ((True, True), (True, False), (False, True)):
        with contextlib.suppress(SmimeError):
            reply_headers(unprotect_headers(outer, entity, signed=signed, encrypted=encrypted))


def _read_certificates(data: bytes) -> None:
    for certificate in parse_certificates(data):
        _ = certificate.subject, certificate.issuer, certificate.email_addresses, certificate.common_name


def _find_path(data: bytes) -> None:
    certificate = parse_certificate(data)
    blocking.validate_path(certificate, Purpose.SIGN, PathRules(trust(), NOW, known=[certificate]), PROVIDER)


def _read_path_extensions(data: bytes) -> None:
    certificate = parse_certificate(data)
    names = find_constrained_names(certificate)
    comparable_name(certificate.issuer_der)
    state = PolicyState.initial(PolicyRequirements(), 2)
    state.take_policies(certificate, is_last=False)
    state.take_mappings(certificate)
    state.take_constraints(certificate)
    state.finish(certificate)
    for extension in certificate.extensions:
        if extension.oid == NAME_CONSTRAINTS:
            find_violation(names, parse_name_constraints(extension.value, critical=extension.critical))


def _ask_for_revocation(data: bytes) -> None:
    # Takes the bytes as evidence about the leaf. If the bytes are a certificate, its own status is checked too.
    evidence = parse_evidence(revocation_lists=[data], ocsp_responses=[data], certificates=[data])
    revocations.ask_evidence(evidence)
    for certificate in evidence.certificates:
        status = revocations.ask_evidence(evidence, about=certificate)
        path = (certificate, revocations.authority().certificate)
        find_lookups(path, statuses=[status], evidence=evidence, provider=PROVIDER)


def _take_answer(kind: LookupKind, data: bytes) -> None:
    lookup = Lookup(kind=kind, url="http://example.test/", certificate=revocations.leaf().certificate)
    add_answer(NO_EVIDENCE, lookup, data)


def _verify_timestamp(data: bytes) -> object:
    content = OctetsContent(b"", provider=PROVIDER)
    token = read_timestamp(data)
    return run(verify_timestamp(token, content, PathRules(timestamp_service.clock_trust(), NOW), PROVIDER))


def _read_form_entries(entries: bytes) -> object:
    # Sign the hostile entries, because a hostile program may be able to sign as a person.
    alice, when = person("alice", NewKey.P256), "%Y-%m-%dT%H:%M:%SZ"
    members = build_members(
        version="1", purpose="sealwax-form", topOrigin=ORIGIN, origin=ORIGIN, action=ORIGIN, method="POST",
        enctype="application/x-www-form-urlencoded", nonce="n", entries=_PLACE, submitter=["go", "now"],
        certificate=alice.certificate.fingerprint, time=NOW.strftime(when), expires=NOW.strftime(when),
    )  # fmt: skip
    content = members.replace(json.dumps(_PLACE).encode(), entries)
    return _verify_form(
        run(protect_content(content, _FORM, provider=PROVIDER, signing=Signing(identities=[alice], signing_time=NOW)))
    )


def _read_field_members(content: bytes) -> object:
    cms = run(
        protect_content(
            content,
            _FIELD,
            provider=PROVIDER,
            signing=Signing(identities=[person("alice", NewKey.P256)], signing_time=NOW),
            encrypting=Encrypting(recipients=[person("bob", NewKey.P256).certificate]),
        )
    )
    return blocking.run(examine_field(cms, _OWN, origin=ORIGIN, provider=STREAMING, keys=keys()))


def _open_manifest(data: bytes) -> OpenedManifest:
    return blocking.run(
        open_manifest(data, _OWN, STREAMING, parcel=PARCEL_ID, key=PARCEL_KEY, identities=keys().identities)
    )


def _decrypt_chunk(data: bytes) -> bytes:
    # The hash of the input is stated correctly, because other inputs would be refused at once.
    chunk = blocking.run(describe_chunk(data, 1, STREAMING))
    return blocking.run(decrypt_chunk(data, chunk, STREAMING, key=PARCEL_KEY, identities=keys().identities))


def _decrypt_foreign(data: bytes) -> bytes:
    return blocking.run(decrypt_authenticated(data, keys(), STREAMING))


def _verify_form(data: bytes) -> object:
    return blocking.run(verify_form(data, _SUBMITTED, _OWN, provider=STREAMING))


_ATTRIBUTE_PARSERS: Final[tuple[Callable[[Attributes], object], ...]] = (
    parse_signing_time,
    parse_signing_certificate,
    parse_key_preference,
    parse_capabilities,
    parse_content_hints,
    parse_content_identifier,
    parse_content_reference,
    parse_security_label,
    parse_equivalent_labels,
    parse_expansion_history,
    parse_receipt_request,
    parse_signature_policy,
    parse_commitments,
    parse_mime_type,
    read_revocation_values,
)


def _check_recipient(data: bytes) -> None:
    candidate = FoundCertificate(certificate=parse_certificate(data), source=CertificateSource.LDAP)
    judging = Judging(trust_store=trust(), at=NOW, contacts=people_known())
    run(check_recipient(candidate, "alice@example.test", judging, PROVIDER))


def _read_contacts(data: bytes) -> None:
    contacts = parse_contacts(data)
    build_contacts(contacts)
    for contact in contacts.people:
        find_in_contacts(contacts, contact.address)
        find_change(contacts, contact.address, person("bob").certificate)


@functools.cache
def people_known() -> Contacts:
    """Contacts: Alice with two certificates and all optional fields, and Bob."""
    certificates = [person("alice", key).certificate for key in (NewKey.P256, NewKey.ED25519)]
    known = [
        KnownCertificate(
            certificate=certificate,
            source=CertificateSource.HARVEST,
            first_seen=NOW,
            last_seen=NOW,
            intermediates=(anchor(),),
        )
        for certificate in certificates
    ]
    alice = Contact(
        address="alice@example.test",
        certificates=tuple(known),
        capabilities=Capabilities(entries=OUR_CAPABILITIES),
        preferred=certificates[0],
        said_at=NOW,
    )
    return Contacts(people=(alice, Contact(address="bob@example.test")))


TARGETS: Final[dict[str, dict[str, Reader]]] = {
    "structure": {
        "describe": describe_message,
        "find layer": lambda data: find_layer(parse_message(data), detached_content=b"x"),
        "find nested layers": _find_nested,
        "split structure": lambda data: blocking.run(split_structure(MemoryOctets(data))),
    },
    "examine": {
        "examine": lambda data: blocking.examine_message(
            data, _judging(), provider=STREAMING, keys=keys(), policy=Policy.ARCHIVE
        )
    },
    "examine-stream": {"examine stream": _examine_stream},
    "decrypt": {
        "decrypt mail": lambda data: blocking.decrypt_message(data, keys(), provider=STREAMING, policy=Policy.ARCHIVE),
        "open octets": lambda data: blocking.decrypt_bytes(data, keys(), provider=STREAMING, policy=Policy.ARCHIVE),
        "decrypt stream": lambda data: stream.decrypt_mail_file(
            io.BytesIO(data), io.BytesIO(), keys(), provider=STREAMING, policy=Policy.ARCHIVE
        ),
    },
    "cms": {
        "compressed data": lambda data: decompress(parse_compressed_data(_inside(data))),
        "digested data": lambda data: run(check_digested_data(parse_digested_data(_inside(data)), provider=PROVIDER)),
        "encrypted data": lambda data: run(
            decrypt_encrypted_data(parse_encrypted_data(_inside(data)), CEK, provider=PROVIDER, policy=Policy.ARCHIVE)
        ),
        "authenticated data": _decrypt_authenticated,
        "certificates only": parse_certificates_only,
        "add recipients": _add_recipients,
        "add signer": lambda data: run(
            add_signer(data, Signing(identities=[person("bob")], signing_time=NOW), provider=PROVIDER)
        ),
        "add countersignature": lambda data: run(
            add_countersignature(data, person("bob"), signing_time=NOW, provider=PROVIDER)
        ),
        "verify receipt": lambda data: run(verify_receipt(data, parse_signed_data(_inside(data)), provider=PROVIDER)),
        "signers": _read_signers,
    },
    "attributes": {
        **{parser.__name__: functools.partial(_read_attribute, parser) for parser in _ATTRIBUTE_PARSERS},
        "receipt": parse_receipt,
    },
    "mime": {
        "show": _show,
        "read entity": read_entity,
        "read payload": read_encrypted_payload,
        "split message": split_message,
        "decode body": lambda data: decode_body(parse_entity(data)),
        "canonicalise": lambda data: prepare(data, Preparation.CANONICAL),
        "make 7-bit": lambda data: prepare(data, Preparation.SEVEN_BIT),
        "protected headers": _unprotect,
        "HTML": lambda data: extract_text(data.decode("latin-1")),
    },
    "certificates": {
        "certificates": _read_certificates,
        "path": _find_path,
        "path extensions": _read_path_extensions,
        "file values": parse_file_values,
        "carried": parse_carried,
        "CRL": parse_revocation_list,
        "found": read_certificates,
        "recipient": _check_recipient,
    },
    "contacts": {"contacts": _read_contacts},
    "revocation": {
        "OCSP response": parse_ocsp_response,
        "status": _ask_for_revocation,
        **{f"answer {kind}": functools.partial(_take_answer, kind) for kind in LookupKind},
    },
    "timestamps": {
        "answer": parse_timestamp_response,
        "file": read_timestamp,
        "info": parse_tst_info,
        "verify": _verify_timestamp,
    },
    "keys": {
        "key file": lambda data: blocking.run(load_private_key(data, PASSPHRASE, provider=PROVIDER)),
        "private key": parse_private_key,
        "public key": parse_public_key,
    },
    "identities": {
        "identities": lambda data: blocking.load_identities(data, PASSPHRASE, provider=PROVIDER),
        "identities without passphrase": lambda data: blocking.load_identities(data, None, provider=PROVIDER),
    },
    "own-content": {
        "field": lambda data: blocking.run(examine_field(data, _OWN, origin=ORIGIN, provider=STREAMING, keys=keys())),
        "page": lambda data: blocking.run(examine_page(data, _OWN, provider=STREAMING, keys=keys())),
        "form": _verify_form,
    },
    "parcels": {"manifest": _open_manifest, "chunk": _decrypt_chunk, "foreign file": _decrypt_foreign},
    "parcel-manifests": {"members of a manifest": read_manifest},
    "own-members": {"entries of a form": _read_form_entries, "members of a field": _read_field_members},
    **TRUST_TARGETS,
}


def refusal(reader: Reader, data: bytes) -> SmimeError | None:
    """The error with which the reader refuses the bytes; None if it reads them. Other errors are not caught."""
    try:
        reader(data)
    except SmimeError as error:
        return error
    return None


def read_by(target: str, data: bytes) -> None:
    """Read the bytes by all readers of the target. Ignores SmimeError; other errors are not caught."""
    for reader in TARGETS[target].values():
        refusal(reader, data)
