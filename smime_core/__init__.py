"""S/MIME and PKIX: a pure-Python core over asn1crypto, without I/O, clock or global state.

The operations are async, because WebCrypto is; `smime_core.blocking` has the same names as plain functions.
Cryptography comes in as a `CryptoProvider`: `smime_core.providers.native.NativeProvider`, or
`smime_core.providers.webcrypto.WebCryptoProvider` in a browser.
"""

from smime_core.algorithms import (
    AES_128_CBC,
    AES_128_GCM,
    AES_192_CBC,
    AES_192_GCM,
    AES_256_CBC,
    AES_256_GCM,
    HashName,
    KeyTransport,
    SignatureScheme,
    TransportScheme,
)
from smime_core.certificate import Certificate, parse_certificate, parse_certificates
from smime_core.description import Description, describe_message
from smime_core.fields import open_field, seal_field
from smime_core.forms import Form, FormEntry, SignedForm, SubmittedFile, file_entry, sign_form, verify_form
from smime_core.identity import (
    Identity,
    export_identities,
    export_identity,
    load_identities,
    load_identities_from_pem,
    load_identity,
)
from smime_core.message import (
    Opened,
    SignatureForm,
    decrypt_message,
    encrypt_message,
    examine_message,
    open_bytes,
    recipient_ids,
    seal_bytes,
    sign_bytes,
    sign_message,
    verify_bytes,
    verify_message,
)
from smime_core.pages import OpenedPage, open_page, seal_page
from smime_core.parcels import open_parcel, seal_parcel
from smime_core.pkcs12 import Pkcs12Form
from smime_core.pkix import Purpose, RevocationPolicy, TrustStore, ValidatedPath, validate_path
from smime_core.private_key_file import export_private_key, load_private_key
from smime_core.provider import CryptoProvider
from smime_core.report import Layer, LayerKind, MessageReport, Reason, RecipientReport, SignerReport, State

__all__ = [
    "AES_128_CBC",
    "AES_128_GCM",
    "AES_192_CBC",
    "AES_192_GCM",
    "AES_256_CBC",
    "AES_256_GCM",
    "Certificate",
    "CryptoProvider",
    "Description",
    "Form",
    "FormEntry",
    "HashName",
    "Identity",
    "KeyTransport",
    "Layer",
    "LayerKind",
    "MessageReport",
    "Opened",
    "OpenedPage",
    "Pkcs12Form",
    "Purpose",
    "Reason",
    "RecipientReport",
    "RevocationPolicy",
    "SignatureForm",
    "SignatureScheme",
    "SignedForm",
    "SignerReport",
    "State",
    "SubmittedFile",
    "TransportScheme",
    "TrustStore",
    "ValidatedPath",
    "decrypt_message",
    "describe_message",
    "encrypt_message",
    "examine_message",
    "export_identities",
    "export_identity",
    "export_private_key",
    "file_entry",
    "load_identities",
    "load_identities_from_pem",
    "load_identity",
    "load_private_key",
    "open_bytes",
    "open_field",
    "open_page",
    "open_parcel",
    "parse_certificate",
    "parse_certificates",
    "recipient_ids",
    "seal_bytes",
    "seal_field",
    "seal_page",
    "seal_parcel",
    "sign_bytes",
    "sign_form",
    "sign_message",
    "validate_path",
    "verify_bytes",
    "verify_form",
    "verify_message",
]
