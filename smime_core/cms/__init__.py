"""The Cryptographic Message Syntax: one module for each content type, and shared modules.

RFC 5652, 5083 (AuthEnvelopedData), 3274 (CompressedData).
"""

from smime_core.cms.authenticated_data import parse_authenticated_data, verify_authenticated_data
from smime_core.cms.capabilities import Capabilities
from smime_core.cms.carried import (
    Carried,
    parse_carried,
    parse_carried_certificates,
    parse_carried_lists,
    parse_every_certificate,
)
from smime_core.cms.certificates_only import CertificatesOnly, build_certificates_only, parse_certificates_only
from smime_core.cms.compressed_data import ZLIB_COMPRESS
from smime_core.cms.content_info import (
    BACKUP,
    ID_AUTH_ENVELOPED_DATA,
    ID_AUTHENTICATED_DATA,
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_DIGESTED_DATA,
    ID_ENCRYPTED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    PARCEL_CHALLENGE,
    RECOVERY_SHARE,
    ContentInfo,
    armor,
    build_content_info,
    is_content_info,
    parse_content_info,
    unarmor,
)
from smime_core.cms.countersignature import Countersignature, find_countersignatures, verify_countersignature
from smime_core.cms.digested_data import check_digested_data, parse_digested_data
from smime_core.cms.encrypted_data import build_encrypted_data, decrypt_encrypted_data, parse_encrypted_data
from smime_core.cms.enveloped_data import parse_enveloped_data
from smime_core.cms.key_holder import KeyHolder, choose_signature_algorithm
from smime_core.cms.later_recipients import add_recipients
from smime_core.cms.layers import (
    CompressedLayer,
    SignedLayer,
    find_any_layer,
    find_cms,
    find_layer,
    find_signed_layer,
    is_cms_part,
    parse_any_layer,
    parse_message,
)
from smime_core.cms.nested_parts import find_nested_layers
from smime_core.cms.recipients.content_keys import Decrypted
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kari import KeyAgreeRecipient
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.kemri import KemRecipient
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.cms.recipients.ktri import KeyTransRecipient
from smime_core.cms.recipients.mixing import has_mixed_readers, mixes_readers
from smime_core.cms.recipients.recipient_info import rsa_oaep
from smime_core.cms.signed_attributes import build_key_preference
from smime_core.cms.signed_content import OctetsContent, SignedContent
from smime_core.cms.signed_data import find_signer_certificates, parse_signed_data
from smime_core.cms.signed_data_editing import add_countersignature, add_signer
from smime_core.cms.signer_info import SignerInfo, verify_signer
from smime_core.cms.signing import (
    AttributesForm,
    SignatureForm,
    SignerIdentifierForm,
    SignerOptions,
    Signing,
    UnsignedAttributes,
)

__all__ = [
    "BACKUP",
    "ID_AUTHENTICATED_DATA",
    "ID_AUTH_ENVELOPED_DATA",
    "ID_COMPRESSED_DATA",
    "ID_DATA",
    "ID_DIGESTED_DATA",
    "ID_ENCRYPTED_DATA",
    "ID_ENVELOPED_DATA",
    "ID_SIGNED_DATA",
    "NO_KEYS",
    "PARCEL_CHALLENGE",
    "RECOVERY_SHARE",
    "ZLIB_COMPRESS",
    "AttributesForm",
    "Capabilities",
    "Carried",
    "CertificatesOnly",
    "CompressedLayer",
    "ContentInfo",
    "Countersignature",
    "Decrypted",
    "Encrypting",
    "KemRecipient",
    "KeyAgreeRecipient",
    "KeyEncryptionKey",
    "KeyHolder",
    "KeyTransRecipient",
    "Keys",
    "OctetsContent",
    "SignatureForm",
    "SignedContent",
    "SignedLayer",
    "SignerIdentifierForm",
    "SignerInfo",
    "SignerOptions",
    "Signing",
    "UnsignedAttributes",
    "add_countersignature",
    "add_recipients",
    "add_signer",
    "armor",
    "build_certificates_only",
    "build_content_info",
    "build_encrypted_data",
    "build_key_preference",
    "check_digested_data",
    "choose_signature_algorithm",
    "decrypt_encrypted_data",
    "find_any_layer",
    "find_cms",
    "find_countersignatures",
    "find_layer",
    "find_nested_layers",
    "find_signed_layer",
    "find_signer_certificates",
    "has_mixed_readers",
    "is_cms_part",
    "is_content_info",
    "mixes_readers",
    "parse_any_layer",
    "parse_authenticated_data",
    "parse_carried",
    "parse_carried_certificates",
    "parse_carried_lists",
    "parse_certificates_only",
    "parse_content_info",
    "parse_digested_data",
    "parse_encrypted_data",
    "parse_enveloped_data",
    "parse_every_certificate",
    "parse_message",
    "parse_signed_data",
    "rsa_oaep",
    "unarmor",
    "verify_authenticated_data",
    "verify_countersignature",
    "verify_signer",
]
