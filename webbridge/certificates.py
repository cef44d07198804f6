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
from cryptography.x509.oid import NameOID

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
        self._by_address: dict[str, list[bytes]] = {}

    def find(self, address: str) -> list[bytes]:
        """Return the certificates (DER) for an address, the domain compared without case (RFC 5321 section 2.4).

        The local part too: no mail server in use tells people apart by it.
        """
        if self._folder is None:
            return []
        with self._lock:
            changed_ns = self._folder.stat().st_mtime_ns
            if changed_ns != self._read_at_ns:
                self._by_address = _index(self._folder)
                self._read_at_ns = changed_ns
            return list(self._by_address.get(address.casefold(), ()))


def _index(folder: Path) -> dict[str, list[bytes]]:
    by_address: dict[str, list[bytes]] = defaultdict(list)
    for path in sorted(folder.glob("*.pem")):
        try:
            certificates = x509.load_pem_x509_certificates(path.read_bytes())
            entries = [(address, c.public_bytes(Encoding.DER)) for c in certificates for address in _addresses(c)]
        except (OSError, ValueError, x509.DuplicateExtension) as error:
            # One bad file must not hide the other people.
            _log.warning("directory: %s is not read: %s", path.name, type(error).__name__)
            continue
        for address, certificate_der in entries:
            by_address[address.casefold()].append(certificate_der)
    return dict(by_address)


def _addresses(certificate: x509.Certificate) -> set[str]:
    """Return the addresses of a certificate (RFC 8550 section 3): rfc822Name and the legacy emailAddress."""
    names = {str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)}
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    return names | set(alternative.value.get_values_for_type(x509.RFC822Name))
