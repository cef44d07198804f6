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
        AES_128_CBC as AES_128_CBC,
    )
    from smime_core.algorithms import (
        AES_128_GCM as AES_128_GCM,
    )
    from smime_core.algorithms import (
        AES_192_CBC as AES_192_CBC,
    )
    from smime_core.algorithms import (
        AES_192_GCM as AES_192_GCM,
    )
    from smime_core.algorithms import (
        AES_256_CBC as AES_256_CBC,
    )
    from smime_core.algorithms import (
        AES_256_GCM as AES_256_GCM,
    )
    from smime_core.algorithms import (
        CHACHA20_POLY1305 as CHACHA20_POLY1305,
    )
    from smime_core.algorithms import (
        ContentCipher as ContentCipher,
    )
    from smime_core.algorithms import (
        HashName as HashName,
    )
    from smime_core.algorithms import (
        KeyTransport as KeyTransport,
    )
    from smime_core.algorithms import (
        SignatureScheme as SignatureScheme,
    )
    from smime_core.algorithms import (
        TransportScheme as TransportScheme,
    )
    from smime_core.certificate import (
        Certificate as Certificate,
    )
    from smime_core.certificate import (
        parse_certificate as parse_certificate,
    )
    from smime_core.certificate import (
        parse_certificates as parse_certificates,
    )
    from smime_core.certificates_only import (
        CertificatesOnly as CertificatesOnly,
    )
    from smime_core.certificates_only import (
        build_certificates_only as build_certificates_only,
    )
    from smime_core.certificates_only import (
        parse_certificates_only as parse_certificates_only,
    )
    from smime_core.compose import (
        Draft as Draft,
    )
    from smime_core.compose import (
        build_mail as build_mail,
    )
    from smime_core.compose import (
        build_parts as build_parts,
    )
    from smime_core.countersignature import (
        Countersignature as Countersignature,
    )
    from smime_core.countersignature import (
        find_countersignatures as find_countersignatures,
    )
    from smime_core.countersignature import (
        verify_countersignature as verify_countersignature,
    )
    from smime_core.description import (
        Description as Description,
    )
    from smime_core.description import (
        describe_message as describe_message,
    )
    from smime_core.errors import (
        SmimeError as SmimeError,
    )
    from smime_core.ess import (
        build_receipt as build_receipt,
    )
    from smime_core.ess import (
        verify_receipt as verify_receipt,
    )
    from smime_core.fields import (
        open_field as open_field,
    )
    from smime_core.fields import (
        seal_field as seal_field,
    )
    from smime_core.forms import (
        Form as Form,
    )
    from smime_core.forms import (
        FormEntry as FormEntry,
    )
    from smime_core.forms import (
        SignedForm as SignedForm,
    )
    from smime_core.forms import (
        SubmittedFile as SubmittedFile,
    )
    from smime_core.forms import (
        file_entry as file_entry,
    )
    from smime_core.forms import (
        sign_form as sign_form,
    )
    from smime_core.forms import (
        verify_form as verify_form,
    )
    from smime_core.header_policies import (
        hcp_baseline as hcp_baseline,
    )
    from smime_core.header_policies import (
        hcp_no_confidentiality as hcp_no_confidentiality,
    )
    from smime_core.header_policies import (
        hcp_shy as hcp_shy,
    )
    from smime_core.header_protection import (
        FieldProtection as FieldProtection,
    )
    from smime_core.header_protection import (
        HeaderScheme as HeaderScheme,
    )
    from smime_core.header_protection import (
        ProtectedHeaders as ProtectedHeaders,
    )
    from smime_core.header_protection import (
        ProtectionMode as ProtectionMode,
    )
    from smime_core.header_protection import (
        ShownField as ShownField,
    )
    from smime_core.header_protection import (
        protect_headers as protect_headers,
    )
    from smime_core.header_protection import (
        unprotect_headers as unprotect_headers,
    )
    from smime_core.header_replies import (
        ReplyHeaders as ReplyHeaders,
    )
    from smime_core.header_replies import (
        reply_headers as reply_headers,
    )
    from smime_core.identity import (
        Identity as Identity,
    )
    from smime_core.identity import (
        export_identities as export_identities,
    )
    from smime_core.identity import (
        export_identity as export_identity,
    )
    from smime_core.identity import (
        load_identities as load_identities,
    )
    from smime_core.identity import (
        load_identities_from_pem as load_identities_from_pem,
    )
    from smime_core.identity import (
        load_identity as load_identity,
    )
    from smime_core.kekri import (
        KeyEncryptionKey as KeyEncryptionKey,
    )
    from smime_core.key_management import (
        KeyHolder as KeyHolder,
    )
    from smime_core.later_recipients import (
        add_recipients as add_recipients,
    )
    from smime_core.layers import (
        SignedLayer as SignedLayer,
    )
    from smime_core.layers import (
        find_signed_layer as find_signed_layer,
    )
    from smime_core.message import (
        Opened as Opened,
    )
    from smime_core.message import (
        SignatureForm as SignatureForm,
    )
    from smime_core.message import (
        compress_message as compress_message,
    )
    from smime_core.message import (
        decrypt_message as decrypt_message,
    )
    from smime_core.message import (
        encrypt_entity as encrypt_entity,
    )
    from smime_core.message import (
        encrypt_message as encrypt_message,
    )
    from smime_core.message import (
        examine_message as examine_message,
    )
    from smime_core.message import (
        open_bytes as open_bytes,
    )
    from smime_core.message import (
        open_message as open_message,
    )
    from smime_core.message import (
        recipient_ids as recipient_ids,
    )
    from smime_core.message import (
        seal_bytes as seal_bytes,
    )
    from smime_core.message import (
        sign_bytes as sign_bytes,
    )
    from smime_core.message import (
        sign_entity as sign_entity,
    )
    from smime_core.message import (
        sign_message as sign_message,
    )
    from smime_core.message import (
        verify_bytes as verify_bytes,
    )
    from smime_core.message import (
        verify_message as verify_message,
    )
    from smime_core.mime.attachment import (
        Attachment as Attachment,
    )
    from smime_core.pages import (
        OpenedPage as OpenedPage,
    )
    from smime_core.pages import (
        open_page as open_page,
    )
    from smime_core.pages import (
        seal_page as seal_page,
    )
    from smime_core.parcels import (
        open_parcel as open_parcel,
    )
    from smime_core.parcels import (
        seal_parcel as seal_parcel,
    )
    from smime_core.pkcs12 import (
        Pkcs12Form as Pkcs12Form,
    )
    from smime_core.pkix import (
        Purpose as Purpose,
    )
    from smime_core.pkix import (
        RevocationPolicy as RevocationPolicy,
    )
    from smime_core.pkix import (
        TrustStore as TrustStore,
    )
    from smime_core.pkix import (
        ValidatedPath as ValidatedPath,
    )
    from smime_core.pkix import (
        validate_path as validate_path,
    )
    from smime_core.policy import (
        Policy as Policy,
    )
    from smime_core.private_key_file import (
        export_private_key as export_private_key,
    )
    from smime_core.private_key_file import (
        load_private_key as load_private_key,
    )
    from smime_core.provider import (
        CryptoProvider as CryptoProvider,
    )
    from smime_core.provider import (
        NewKey as NewKey,
    )
    from smime_core.provider import (
        PrivateKey as PrivateKey,
    )
    from smime_core.provider import (
        PublicKey as PublicKey,
    )
    from smime_core.provider import (
        StreamingProvider as StreamingProvider,
    )
    from smime_core.reading import (
        ReadableEntity as ReadableEntity,
    )
    from smime_core.reading import (
        read_encrypted_payload as read_encrypted_payload,
    )
    from smime_core.reading import (
        read_entity as read_entity,
    )
    from smime_core.report import (
        Layer as Layer,
    )
    from smime_core.report import (
        LayerKind as LayerKind,
    )
    from smime_core.report import (
        MessageReport as MessageReport,
    )
    from smime_core.report import (
        Reason as Reason,
    )
    from smime_core.report import (
        RecipientReport as RecipientReport,
    )
    from smime_core.report import (
        SignerReport as SignerReport,
    )
    from smime_core.report import (
        State as State,
    )
    from smime_core.report_json import (
        report_to_json as report_to_json,
    )
    from smime_core.signed_data_editing import (
        add_countersignature as add_countersignature,
    )
    from smime_core.signed_data_editing import (
        add_signer as add_signer,
    )
    from smime_core.signer_info import (
        AttributesForm as AttributesForm,
    )
    from smime_core.signer_info import (
        SignerIdentifierForm as SignerIdentifierForm,
    )
    from smime_core.signer_info import (
        SignerInfo as SignerInfo,
    )
    from smime_core.signer_info import (
        SignerOptions as SignerOptions,
    )

# What each name is imported from when somebody asks for it: most programs use a few, and all of them together take
# longer to import than a small message takes to verify.
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
    "certificate": (
        "Certificate",
        "parse_certificate",
        "parse_certificates",
    ),
    "certificates_only": (
        "CertificatesOnly",
        "build_certificates_only",
        "parse_certificates_only",
    ),
    "compose": (
        "Draft",
        "build_mail",
        "build_parts",
    ),
    "countersignature": (
        "Countersignature",
        "find_countersignatures",
        "verify_countersignature",
    ),
    "description": (
        "Description",
        "describe_message",
    ),
    "errors": ("SmimeError",),
    "ess": (
        "build_receipt",
        "verify_receipt",
    ),
    "fields": (
        "open_field",
        "seal_field",
    ),
    "forms": (
        "Form",
        "FormEntry",
        "SignedForm",
        "SubmittedFile",
        "file_entry",
        "sign_form",
        "verify_form",
    ),
    "header_policies": (
        "hcp_baseline",
        "hcp_no_confidentiality",
        "hcp_shy",
    ),
    "header_protection": (
        "FieldProtection",
        "HeaderScheme",
        "ProtectedHeaders",
        "ProtectionMode",
        "ShownField",
        "protect_headers",
        "unprotect_headers",
    ),
    "header_replies": (
        "ReplyHeaders",
        "reply_headers",
    ),
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
    "layers": (
        "SignedLayer",
        "find_signed_layer",
    ),
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
    "mime.attachment": ("Attachment",),
    "pages": (
        "OpenedPage",
        "open_page",
        "seal_page",
    ),
    "parcels": (
        "open_parcel",
        "seal_parcel",
    ),
    "pkcs12": ("Pkcs12Form",),
    "pkix": (
        "Purpose",
        "RevocationPolicy",
        "TrustStore",
        "ValidatedPath",
        "validate_path",
    ),
    "policy": ("Policy",),
    "private_key_file": (
        "export_private_key",
        "load_private_key",
    ),
    "provider": (
        "CryptoProvider",
        "NewKey",
        "PrivateKey",
        "PublicKey",
        "StreamingProvider",
    ),
    "reading": (
        "ReadableEntity",
        "read_encrypted_payload",
        "read_entity",
    ),
    "report": (
        "Layer",
        "LayerKind",
        "MessageReport",
        "Reason",
        "RecipientReport",
        "SignerReport",
        "State",
    ),
    "report_json": ("report_to_json",),
    "signed_data_editing": (
        "add_countersignature",
        "add_signer",
    ),
    "signer_info": (
        "AttributesForm",
        "SignerIdentifierForm",
        "SignerInfo",
        "SignerOptions",
    ),
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
    "AttributesForm",
    "Certificate",
    "CertificatesOnly",
    "ContentCipher",
    "Countersignature",
    "CryptoProvider",
    "Description",
    "Draft",
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
    "LayerKind",
    "MessageReport",
    "NewKey",
    "Opened",
    "OpenedPage",
    "Pkcs12Form",
    "Policy",
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
    "ShownField",
    "SignatureForm",
    "SignatureScheme",
    "SignedForm",
    "SignedLayer",
    "SignerIdentifierForm",
    "SignerInfo",
    "SignerOptions",
    "SignerReport",
    "SmimeError",
    "State",
    "StreamingProvider",
    "SubmittedFile",
    "TransportScheme",
    "TrustStore",
    "ValidatedPath",
    "add_countersignature",
    "add_recipients",
    "add_signer",
    "build_certificates_only",
    "build_mail",
    "build_parts",
    "build_receipt",
    "compress_message",
    "decrypt_message",
    "describe_message",
    "encrypt_entity",
    "encrypt_message",
    "examine_message",
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
    "open_bytes",
    "open_field",
    "open_message",
    "open_page",
    "open_parcel",
    "parse_certificate",
    "parse_certificates",
    "parse_certificates_only",
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
    "unprotect_headers",
    "validate_path",
    "verify_bytes",
    "verify_countersignature",
    "verify_form",
    "verify_message",
    "verify_receipt",
]
