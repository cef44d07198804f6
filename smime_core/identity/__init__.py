"""A private key with its certificates, and the files that hold it under a passphrase.

RFC 7292 (PKCS #12), RFC 5958 and 8018 (PKCS #8 and #5).
"""

from smime_core.identity.certificate_file import load_carried
from smime_core.identity.identity import (
    Identity,
    export_identities,
    export_identity,
    load_identities,
    load_identity,
)
from smime_core.identity.passphrase_strength import PassphraseStrength, measure_passphrase
from smime_core.identity.pkcs12 import Pkcs12Form
from smime_core.identity.private_key_file import export_private_key, load_private_key
from smime_core.identity.shared import as_shared, find_issuers, is_shared, with_own_issuers

__all__ = [
    "Identity",
    "PassphraseStrength",
    "Pkcs12Form",
    "as_shared",
    "export_identities",
    "export_identity",
    "export_private_key",
    "find_issuers",
    "is_shared",
    "load_carried",
    "load_identities",
    "load_identity",
    "load_private_key",
    "measure_passphrase",
    "with_own_issuers",
]
