"""The folder of a CA: `authority.json`, `register.sqlite`, and the certificates and encrypted keys of its roles.

The keys of the root and the issuing CA never change, and their certificates are in separate files. The key and the
certificate of the responder change together. So `responder.key` has both, and one move replaces both. `responder.pem`
is a copy of the certificate.

A folder need not have the keys of all roles. The root's key may stay offline, and a responder on another machine gets
the folder without the keys of root and issuing CA.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sealwax.authority.register import Register
from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from smime_core import blocking
from smime_core.asn1 import ValueKind, build_pem, parse_file_values
from smime_core.ca.profile import Generation, Publication
from smime_core.ca.profile_checks import MAX_SUBSCRIBER_DAYS
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity, export_private_key, load_private_key
from smime_core.keys import public_key_of
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.providers.native import NativeProvider
from smime_core.x509 import Certificate, parse_certificate

SETTINGS_FILE: Final = "authority.json"
REGISTER_FILE: Final = "register.sqlite"
REQUEST_FILE: Final = "issuing.csr"
_PRIVATE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_MAX_SETTINGS_BYTES: Final = 65_536


class Role(StrEnum):
    """The roles that have a certificate and a key in the folder. The names of both files begin with the role."""

    ROOT = "root"
    ISSUING = "issuing"
    RESPONDER = "responder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The decisions that were made when the CA was created.

    `url` is the address of its responder, without a slash at the end. `keyring_entry` names the entry of the system
    keyring that has the passphrase of the keys; "" means no entry.
    """

    name: str
    url: str
    country: str = ""
    generation: Generation = Generation.MULTIPURPOSE
    allows_login: bool = False
    subscriber_days: int = 365
    list_days: int = 7
    keyring_entry: str = ""

    def __post_init__(self) -> None:
        check_url(self.url)
        if not self.name or not 1 <= self.subscriber_days <= MAX_SUBSCRIBER_DAYS or not 1 <= self.list_days <= 365:
            raise MalformedMessage("expected a name, days of a certificate and days of a list", where=SETTINGS_FILE)
        if self.allows_login and self.generation is Generation.STRICT:
            raise MalformedMessage("certificates only for mail allow no logging in", where=SETTINGS_FILE)

    @property
    def root_publication(self) -> Publication:
        """The addresses that the root writes into certificates."""
        return Publication(crl_url=f"{self.url}/root.crl", issuer_url=f"{self.url}/root.cer")

    @property
    def issuing_publication(self) -> Publication:
        """The addresses that the issuing CA writes into certificates."""
        return Publication(
            crl_url=f"{self.url}/issuing.crl", ocsp_url=f"{self.url}/ocsp", issuer_url=f"{self.url}/issuing.cer"
        )


@dataclass(frozen=True, slots=True)
class AuthorityFolder:
    """The folder of a CA, and the provider of cryptography."""

    path: Path
    provider: CryptoProvider = field(default_factory=NativeProvider, repr=False, compare=False)

    @property
    def register(self) -> Register:
        """The register in the folder."""
        return Register(self.path / REGISTER_FILE)

    def settings(self) -> Settings:
        """The settings. Raises MalformedMessage, LimitExceeded, or OSError if there is no CA."""
        data = read_small(self.path / SETTINGS_FILE, max_bytes=_MAX_SETTINGS_BYTES)
        try:
            values: dict[str, Any] = json.loads(data)
            return Settings(**{**values, "generation": Generation(values["generation"])})
        except (ValueError, TypeError, KeyError) as error:
            raise MalformedMessage("the settings of a CA cannot be read", where=SETTINGS_FILE) from error

    def find_certificate(self, role: Role) -> Certificate | None:
        """The certificate of a role, or None if the folder has none. Raises MalformedMessage or OSError."""
        if role is Role.RESPONDER and self.has_key(role):
            certificate = _find_certificate(read_small(self.path / f"{role}.key"))
            if certificate is not None:
                return certificate
        file = self.path / f"{role}.pem"
        return parse_certificate(read_small(file)) if file.exists() else None

    def certificate(self, role: Role) -> Certificate:
        """The certificate of a role. Raises MalformedMessage if the folder has none, or OSError."""
        certificate = self.find_certificate(role)
        if certificate is None:
            raise MalformedMessage(f"there is no {role}.pem", where=str(self.path))
        return certificate

    def has_key(self, role: Role) -> bool:
        """Whether the folder has the key of a role."""
        return (self.path / f"{role}.key").exists()

    def open_role(self, role: Role, passphrase: bytes) -> Identity:
        """The certificate and the key of a role, after a check that they belong together.

        Raises WrongPassphrase, MalformedMessage or OSError.
        """
        certificate = self.certificate(role)
        data = read_small(self.path / f"{role}.key")
        if role is Role.RESPONDER:
            # The certificate is from the same bytes as the key, because another process may replace the file between
            # two readings.
            certificate = _find_certificate(data) or certificate
        key = blocking.run(load_private_key(data, passphrase, provider=self.provider))
        if public_key_of(key).spki_der != certificate.public_key.spki_der:
            remedy = ": `sealwax ca responder` makes both again" if role is Role.RESPONDER else ""
            raise MalformedMessage(
                f"the key in {role}.key is not the key of the certificate in {role}.pem{remedy}", where=str(self.path)
            )
        return Identity(certificate=certificate, private_key=key)

    def open_key(self, role: Role, passphrase: bytes) -> PrivateKey:
        """The key of a role. Raises WrongPassphrase, MalformedMessage, or OSError if the folder does not have it."""
        data = read_small(self.path / f"{role}.key")
        return blocking.run(load_private_key(data, passphrase, provider=self.provider))

    def write_responder(self, responder: Identity, passphrase: bytes) -> None:
        """Replace the responder's encrypted key and its certificate, which are in one file. Raises OSError."""
        key_pem = blocking.run(export_private_key(responder.private_key, passphrase, provider=self.provider))
        certificate_pem = build_pem("CERTIFICATE", responder.certificate.der)
        # This transaction makes two simultaneous commands write one after the other, so that their files are not mixed.
        with self.register.change():
            write_whole(self.path / f"{Role.RESPONDER}.key", key_pem + certificate_pem, mode=_PRIVATE_MODE)
            self.write_certificate(Role.RESPONDER, responder.certificate)

    def write_key(self, role: Role, key: PrivateKey, passphrase: bytes) -> None:
        """Write the key, encrypted (PBES2) and readable only by its owner."""
        pem = blocking.run(export_private_key(key, passphrase, provider=self.provider))
        write_whole(self.path / f"{role}.key", pem, mode=_PRIVATE_MODE)

    def write_certificate(self, role: Role, certificate: Certificate) -> None:
        write_whole(self.path / f"{role}.pem", build_pem("CERTIFICATE", certificate.der))

    def write_settings(self, settings: Settings) -> None:
        text = json.dumps(asdict(settings), indent=2, ensure_ascii=False)
        write_whole(self.path / SETTINGS_FILE, text.encode() + b"\n")


def _find_certificate(data: bytes) -> Certificate | None:
    """The first certificate in the file of a key. Raises MalformedMessage or LimitExceeded."""
    values = parse_file_values(data).find(ValueKind.CERTIFICATE)
    return parse_certificate(values[0].der) if values else None


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[AuthorityFolder]:
    """A new folder under a temporary name. It is renamed to `path` at the end, or deleted after an error.

    Raises FileExistsError if `path` exists and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(None, "is there already: choose another folder", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:100]}."))
    try:
        yield AuthorityFolder(draft)
        draft.chmod(_FOLDER_MODE)
        draft.replace(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def check_url(url: str) -> str:
    """Check the address of a responder, which must be http.

    CRLs and OCSP responses are signed, so they need no TLS. With https, clients might need these answers to check the
    certificate of the very server that has them.

    Raises MalformedMessage.
    """
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "http" and bool(parts.hostname) and not (parts.query or parts.fragment or "@" in url)
        is_good = is_good and url.isascii() and url.isprintable() and " " not in url and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or url.endswith("/"):
        raise MalformedMessage(
            "expected an address such as http://pki.example.org, without a slash at its end", where="url"
        )
    return url
