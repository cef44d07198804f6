"""Certificates in PEM files: the operator's trust anchors, and a folder as the directory of people.

The bridge believes nothing about them: it hands out bytes, and the vault validates.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from smime_core.certificate import parse_certificates
from smime_core.errors import SmimeError
from smime_core.mail_address import address_key

_log = logging.getLogger(__name__)


def read_certificates(path: Path) -> tuple[bytes, ...]:
    """Return every certificate of a PEM file as DER.

    Raises OSError or ValueError.
    """
    return tuple(
        certificate.public_bytes(Encoding.DER) for certificate in x509.load_pem_x509_certificates(path.read_bytes())
    )


class CertificateFolder:
    """`*.pem` files, looked up by the addresses that their certificates name; read again when a file comes or goes."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read_at_ns = -1
        self._by_address: dict[tuple[str, str], list[bytes]] = {}

    def find(self, address: str) -> list[bytes]:
        """Return the certificates (DER) for an address, compared as the vault compares it."""
        if self._folder is None:
            return []
        with self._lock:
            changed_ns = self._folder.stat().st_mtime_ns
            if changed_ns != self._read_at_ns:
                self._by_address = _index(self._folder)
                self._read_at_ns = changed_ns
            return list(self._by_address.get(address_key(address), ()))


def _index(folder: Path) -> dict[tuple[str, str], list[bytes]]:
    by_address: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    for path in sorted(folder.glob("*.pem")):
        try:
            certificates = parse_certificates(path.read_bytes())
        except (OSError, SmimeError) as error:
            # One bad file must not hide the other people.
            _log.warning("directory: %s is not read: %s", path.name, type(error).__name__)
            continue
        for certificate in certificates:
            for key in dict.fromkeys(map(address_key, certificate.email_addresses)):
                by_address[key].append(certificate.der)
    return dict(by_address)
