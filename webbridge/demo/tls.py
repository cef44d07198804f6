"""A certification authority for TLS on the loopback address, which each start of the demonstration makes anew."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=30)
BACKDATED = timedelta(hours=1)


def write_tls_files(folder: Path, at: datetime, *, names: Sequence[str] = ("localhost",)) -> Path:
    """Write `tls_ca.pem` and `tls_server.pem` (certificate and key) for 127.0.0.1 and `names`. Return the former.

    The authority's key is never written, so no other certificate can be issued with it.
    """
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Sealwax demonstration TLS authority")
    ca = _builder(ca_name, ca_name, ca_key.public_key(), at, is_authority=True).sign(ca_key, SHA256())
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = (
        _builder(ca_name, _name("127.0.0.1"), server_key.public_key(), at, is_authority=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), *map(x509.DNSName, names)]),
            critical=False,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, SHA256())
    )
    key_pem = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    server_file = folder / "tls_server.pem"
    server_file.touch(mode=0o600)
    server_file.write_bytes(server.public_bytes(Encoding.PEM) + key_pem)
    ca_file = folder / "tls_ca.pem"
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    return ca_file


def server_context(folder: Path) -> ssl.SSLContext:
    """Return the context of a server with the certificate in `folder`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls_server.pem")
    return context


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, *, is_authority: bool
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - BACKDATED)
        .not_valid_after(at + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )
