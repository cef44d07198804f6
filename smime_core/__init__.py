"""S/MIME and PKIX: a pure-Python core over asn1crypto, without I/O, clock or global state.

The operations are async, because WebCrypto is; `smime_core.blocking` has the same names as plain functions.
Cryptography comes in as a `CryptoProvider`: `smime_core.providers.native.NativeProvider`, or
`smime_core.providers.webcrypto.WebCryptoProvider` in a browser.

Messages and structures are bytes, times are aware `datetime` values, passwords and passphrases are bytes in UTF-8.
Every error is an `SmimeError`. Structures are read in BER or DER and written in DER.

Beside this list stand `smime_core.errors` (the one error tree), `smime_core.stream` (file to file, any size),
`smime_core.ess` (receipts, labels, mailing lists) and `smime_core.limits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smime_core.lazy import home_finder

if TYPE_CHECKING:
    from smime_core.algorithms import (
        AES_128_CBC,
        AES_128_GCM,
        AES_192_CBC,
        AES_192_GCM,
        AES_256_CBC,
        AES_256_GCM,
        CHACHA20_POLY1305,
        ContentCipher,
        HashName,
        KeyTransport,
        SignatureScheme,
        TransportScheme,
    )
    from smime_core.attribute_description import AttributeDescription
    from smime_core.ca.certification_request import (
        CertificationRequest,
        build_certification_request,
        certification_request_to_pem,
        open_certification_request,
        parse_certification_request,
    )
    from smime_core.certificate import Certificate, parse_certificate, parse_certificates
    from smime_core.certificates_only import CertificatesOnly, build_certificates_only, parse_certificates_only
    from smime_core.compose import Draft, build_mail, build_parts
    from smime_core.countersignature import Countersignature, find_countersignatures, verify_countersignature
    from smime_core.description import Description, LayerDescription, SignerDescription, describe_message
    from smime_core.errors import SmimeError
    from smime_core.ess import build_receipt, verify_receipt
    from smime_core.explanation import Explanation, TreeNode, explain_signer
    from smime_core.fields import open_field, seal_field
    from smime_core.forms import Form, FormEntry, SignedForm, SubmittedFile, file_entry, sign_form, verify_form
    from smime_core.header_policies import hcp_baseline, hcp_no_confidentiality, hcp_shy
    from smime_core.header_protection import (
        FieldProtection,
        HeaderScheme,
        ProtectedHeaders,
        ProtectionMode,
        ShownField,
        protect_headers,
        unprotect_headers,
    )
    from smime_core.header_replies import ReplyHeaders, reply_headers
    from smime_core.identity import (
        Identity,
        export_identities,
        export_identity,
        load_identities,
        load_identities_from_pem,
        load_identity,
    )
    from smime_core.kekri import KeyEncryptionKey
    from smime_core.key_management import KeyHolder
    from smime_core.later_recipients import add_recipients
    from smime_core.layers import SignedLayer, find_signed_layer
    from smime_core.message import (
        Opened,
        SignatureForm,
        compress_message,
        decrypt_message,
        encrypt_entity,
        encrypt_message,
        examine_message,
        open_bytes,
        open_message,
        recipient_ids,
        seal_bytes,
        sign_bytes,
        sign_entity,
        sign_message,
        verify_bytes,
        verify_message,
    )
    from smime_core.mime import Entity, parse_entity, split_message
    from smime_core.mime.attachment import Attachment
    from smime_core.pages import OpenedPage, open_page, seal_page
    from smime_core.parcels import open_parcel, seal_parcel
    from smime_core.pkcs12 import Pkcs12Form
    from smime_core.pkix import (
        CertificateUse,
        Evidence,
        Lookup,
        LookupKind,
        Outcome,
        PathTrail,
        PolicyRequirements,
        Purpose,
        RevocationPolicy,
        RevocationState,
        RevocationStatus,
        Step,
        TrustAnchor,
        TrustSource,
        TrustStore,
        ValidatedPath,
        validate_path,
    )
    from smime_core.policy import Policy
    from smime_core.private_key_file import export_private_key, load_private_key
    from smime_core.provider import CryptoProvider, NewKey, PrivateKey, PublicKey, StreamingProvider
    from smime_core.reading import ReadableEntity, read_encrypted_payload, read_entity
    from smime_core.report import Layer, LayerKind, MessageReport, Reason, RecipientReport, SignerReport, State
    from smime_core.report_json import report_to_json
    from smime_core.roots import mozilla_anchors
    from smime_core.signed_content import OctetsContent, SignedContent
    from smime_core.signed_data_editing import add_countersignature, add_signer
    from smime_core.signer_info import AttributesForm, SignerIdentifierForm, SignerInfo, SignerOptions

_HOMES = {
    "algorithms": (
        "AES_128_CBC",
        "AES_128_GCM",
        "AES_192_CBC",
        "AES_192_GCM",
        "AES_256_CBC",
        "AES_256_GCM",
        "CHACHA20_POLY1305",
        "ContentCipher",
        "HashName",
        "KeyTransport",
        "SignatureScheme",
        "TransportScheme",
    ),
    "attribute_description": ("AttributeDescription",),
    "certificate": ("Certificate", "parse_certificate", "parse_certificates"),
    "certificates_only": ("CertificatesOnly", "build_certificates_only", "parse_certificates_only"),
    "compose": ("Draft", "build_mail", "build_parts"),
    "countersignature": ("Countersignature", "find_countersignatures", "verify_countersignature"),
    "description": ("Description", "LayerDescription", "SignerDescription", "describe_message"),
    "errors": ("SmimeError",),
    "ess": ("build_receipt", "verify_receipt"),
    "explanation": ("Explanation", "TreeNode", "explain_signer"),
    "fields": ("open_field", "seal_field"),
    "forms": ("Form", "FormEntry", "SignedForm", "SubmittedFile", "file_entry", "sign_form", "verify_form"),
    "header_policies": ("hcp_baseline", "hcp_no_confidentiality", "hcp_shy"),
    "header_protection": (
        "FieldProtection",
        "HeaderScheme",
        "ProtectedHeaders",
        "ProtectionMode",
        "ShownField",
        "protect_headers",
        "unprotect_headers",
    ),
    "header_replies": ("ReplyHeaders", "reply_headers"),
    "identity": (
        "Identity",
        "export_identities",
        "export_identity",
        "load_identities",
        "load_identities_from_pem",
        "load_identity",
    ),
    "kekri": ("KeyEncryptionKey",),
    "key_management": ("KeyHolder",),
    "later_recipients": ("add_recipients",),
    "layers": ("SignedLayer", "find_signed_layer"),
    "message": (
        "Opened",
        "SignatureForm",
        "compress_message",
        "decrypt_message",
        "encrypt_entity",
        "encrypt_message",
        "examine_message",
        "open_bytes",
        "open_message",
        "recipient_ids",
        "seal_bytes",
        "sign_bytes",
        "sign_entity",
        "sign_message",
        "verify_bytes",
        "verify_message",
    ),
    "mime": ("Entity", "parse_entity", "split_message"),
    "mime.attachment": ("Attachment",),
    "pages": ("OpenedPage", "open_page", "seal_page"),
    "parcels": ("open_parcel", "seal_parcel"),
    "pkcs12": ("Pkcs12Form",),
    "pkix": (
        "CertificateUse",
        "Evidence",
        "Lookup",
        "LookupKind",
        "Outcome",
        "PathTrail",
        "PolicyRequirements",
        "Purpose",
        "RevocationPolicy",
        "RevocationState",
        "RevocationStatus",
        "Step",
        "TrustAnchor",
        "TrustSource",
        "TrustStore",
        "ValidatedPath",
        "validate_path",
    ),
    "policy": ("Policy",),
    "ca.certification_request": (
        "CertificationRequest",
        "build_certification_request",
        "certification_request_to_pem",
        "open_certification_request",
        "parse_certification_request",
    ),
    "private_key_file": ("export_private_key", "load_private_key"),
    "provider": ("CryptoProvider", "NewKey", "PrivateKey", "PublicKey", "StreamingProvider"),
    "reading": ("ReadableEntity", "read_encrypted_payload", "read_entity"),
    "report": ("Layer", "LayerKind", "MessageReport", "Reason", "RecipientReport", "SignerReport", "State"),
    "report_json": ("report_to_json",),
    "roots": ("mozilla_anchors",),
    "signed_content": ("OctetsContent", "SignedContent"),
    "signed_data_editing": ("add_countersignature", "add_signer"),
    "signer_info": ("AttributesForm", "SignerIdentifierForm", "SignerInfo", "SignerOptions"),
}

__getattr__ = home_finder(__name__, _HOMES)
__all__ = [
    "AES_128_CBC",
    "AES_128_GCM",
    "AES_192_CBC",
    "AES_192_GCM",
    "AES_256_CBC",
    "AES_256_GCM",
    "CHACHA20_POLY1305",
    "Attachment",
    "AttributeDescription",
    "AttributesForm",
    "Certificate",
    "CertificateUse",
    "CertificatesOnly",
    "CertificationRequest",
    "ContentCipher",
    "Countersignature",
    "CryptoProvider",
    "Description",
    "Draft",
    "Entity",
    "Evidence",
    "Explanation",
    "FieldProtection",
    "Form",
    "FormEntry",
    "HashName",
    "HeaderScheme",
    "Identity",
    "KeyEncryptionKey",
    "KeyHolder",
    "KeyTransport",
    "Layer",
    "LayerDescription",
    "LayerKind",
    "Lookup",
    "LookupKind",
    "MessageReport",
    "NewKey",
    "OctetsContent",
    "Opened",
    "OpenedPage",
    "Outcome",
    "PathTrail",
    "Pkcs12Form",
    "Policy",
    "PolicyRequirements",
    "PrivateKey",
    "ProtectedHeaders",
    "ProtectionMode",
    "PublicKey",
    "Purpose",
    "ReadableEntity",
    "Reason",
    "RecipientReport",
    "ReplyHeaders",
    "RevocationPolicy",
    "RevocationState",
    "RevocationStatus",
    "ShownField",
    "SignatureForm",
    "SignatureScheme",
    "SignedContent",
    "SignedForm",
    "SignedLayer",
    "SignerDescription",
    "SignerIdentifierForm",
    "SignerInfo",
    "SignerOptions",
    "SignerReport",
    "SmimeError",
    "State",
    "Step",
    "StreamingProvider",
    "SubmittedFile",
    "TransportScheme",
    "TreeNode",
    "TrustAnchor",
    "TrustSource",
    "TrustStore",
    "ValidatedPath",
    "add_countersignature",
    "add_recipients",
    "add_signer",
    "build_certificates_only",
    "build_certification_request",
    "build_mail",
    "build_parts",
    "build_receipt",
    "certification_request_to_pem",
    "compress_message",
    "decrypt_message",
    "describe_message",
    "encrypt_entity",
    "encrypt_message",
    "examine_message",
    "explain_signer",
    "export_identities",
    "export_identity",
    "export_private_key",
    "file_entry",
    "find_countersignatures",
    "find_signed_layer",
    "hcp_baseline",
    "hcp_no_confidentiality",
    "hcp_shy",
    "load_identities",
    "load_identities_from_pem",
    "load_identity",
    "load_private_key",
    "mozilla_anchors",
    "open_bytes",
    "open_certification_request",
    "open_field",
    "open_message",
    "open_page",
    "open_parcel",
    "parse_certificate",
    "parse_certificates",
    "parse_certificates_only",
    "parse_certification_request",
    "parse_entity",
    "protect_headers",
    "read_encrypted_payload",
    "read_entity",
    "recipient_ids",
    "reply_headers",
    "report_to_json",
    "seal_bytes",
    "seal_field",
    "seal_page",
    "seal_parcel",
    "sign_bytes",
    "sign_entity",
    "sign_form",
    "sign_message",
    "split_message",
    "unprotect_headers",
    "validate_path",
    "verify_bytes",
    "verify_countersignature",
    "verify_form",
    "verify_message",
    "verify_receipt",
]
