"""The content of a PKCS#12 file, and the identifiers of its parts (RFC 7292 section 4 and appendix D)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smime_core.errors import SmimeError

DATA: Final = "1.2.840.113549.1.7.1"
ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
PBMAC1: Final = "1.2.840.113549.1.5.14"
KEY_BAG: Final = "1.2.840.113549.1.12.10.1.1"
SHROUDED_KEY_BAG: Final = "1.2.840.113549.1.12.10.1.2"
CERT_BAG: Final = "1.2.840.113549.1.12.10.1.3"
SAFE_CONTENTS_BAG: Final = "1.2.840.113549.1.12.10.1.6"
X509_CERTIFICATE: Final = "1.2.840.113549.1.9.22.1"
FRIENDLY_NAME: Final = "1.2.840.113549.1.9.20"
LOCAL_KEY_ID: Final = "1.2.840.113549.1.9.21"
BMP_STRING: Final = 0x1E
PFX_VERSION: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12Key:
    """A private key in the file: its PrivateKeyInfo, decrypted, and the attributes of its bag."""

    pkcs8_der: bytes = field(repr=False)
    friendly_name: str | None = None
    local_key_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12Certificate:
    certificate_der: bytes
    friendly_name: str | None = None
    local_key_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs12Contents:
    """All keys and all X.509 certificates of a file, in the file's order.

    `failures` are the errors of the parts that could not be read, such as a damaged bag or a part with an unknown
    encryption.
    """

    keys: tuple[Pkcs12Key, ...]
    certificates: tuple[Pkcs12Certificate, ...]
    failures: tuple[SmimeError, ...] = ()
