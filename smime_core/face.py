"""The names that `import smime_core` offers. `smime_core.__getattr__` imports this module when a name is first used."""

from smime_core.algorithms import AES_256_CBC, AES_256_GCM
from smime_core.cms import (
    NO_KEYS,
    Decrypted,
    Encrypting,
    Keys,
    SignatureForm,
    Signing,
    add_recipients,
    add_signer,
)
from smime_core.describe import describe_message
from smime_core.errors import SmimeError
from smime_core.identity import Identity, export_identity, load_identities, load_identity
from smime_core.mail import Draft, build_mail
from smime_core.message import (
    compress_message,
    decrypt_bytes,
    decrypt_entity,
    decrypt_message,
    encrypt_bytes,
    encrypt_entity,
    encrypt_message,
    examine_message,
    recipient_ids,
    sign_bytes,
    sign_entity,
    sign_message,
    verify_bytes,
    verify_message,
)
from smime_core.pkix import RevocationPolicy, TrustAnchor, TrustStore, validate_path
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, Reason, State, report_to_json
from smime_core.trust import Judging
from smime_core.verdict import SignerRules, choose_signer
from smime_core.x509 import Certificate, parse_certificate

__all__ = [
    "AES_256_CBC",
    "AES_256_GCM",
    "NO_KEYS",
    "Certificate",
    "CryptoProvider",
    "Decrypted",
    "Draft",
    "Encrypting",
    "Identity",
    "Judging",
    "Keys",
    "MessageReport",
    "Policy",
    "Reason",
    "RevocationPolicy",
    "SignatureForm",
    "SignerRules",
    "Signing",
    "SmimeError",
    "State",
    "TrustAnchor",
    "TrustStore",
    "add_recipients",
    "add_signer",
    "build_mail",
    "choose_signer",
    "compress_message",
    "decrypt_bytes",
    "decrypt_entity",
    "decrypt_message",
    "describe_message",
    "encrypt_bytes",
    "encrypt_entity",
    "encrypt_message",
    "examine_message",
    "export_identity",
    "load_identities",
    "load_identity",
    "parse_certificate",
    "recipient_ids",
    "report_to_json",
    "sign_bytes",
    "sign_entity",
    "sign_message",
    "validate_path",
    "verify_bytes",
    "verify_message",
]
