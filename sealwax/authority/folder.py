"""The folder of a CA: `authority.json`, certificates and encrypted keys of its roles, `register.sqlite`.

The keys of root and issuing CA stay the same, and each has its certificate in a file of its own. Key and certificate of
the responder change together: `responder.key` holds both, so that one move replaces them. `responder.pem` is a copy.

Roles whose key is not there can do nothing, and need not: the root's key may stay offline, and a responder on another
machine gets the folder without the keys of root and issuing CA.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from smime_core import blocking
from smime_core.authority.register import Register
from smime_core.ca.profile import Generation, Publication
from smime_core.ca.profile_checks import MAX_SUBSCRIBER_DAYS
from smime_core.certificate import Certificate, parse_certificate
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity
from smime_core.keys import public_key_of
from smime_core.pem import build_pem, find_pem_blocks
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.small_files import read_small
from smime_core.whole_files import write_whole

SETTINGS_FILE: Final = "authority.json"
REGISTER_FILE: Final = "register.sqlite"
REQUEST_FILE: Final = "issuing.csr"
_PRIVATE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_MAX_SETTINGS_BYTES: Final = 65_536


class Role(StrEnum):
    """Whose certificate and key: files are called after it."""

    ROOT = "root"
    ISSUING = "issuing"
    RESPONDER = "responder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was decided when the CA was made.

    `url` is where its responder is reached, without a slash at its end. `keyring_entry` names the entry of the
    system's keyring that has the passphrase of the keys, "" for none.
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
            raise MalformedMessage("certificates for mail alone allow no logging in", where=SETTINGS_FILE)

    @property
    def root_publication(self) -> Publication:
        """Where certificates of the root point to."""
        return Publication(crl_url=f"{self.url}/root.crl", issuer_url=f"{self.url}/root.cer")

    @property
    def issuing_publication(self) -> Publication:
        """Where certificates of people point to."""
        return Publication(
            crl_url=f"{self.url}/issuing.crl", ocsp_url=f"{self.url}/ocsp", issuer_url=f"{self.url}/issuing.cer"
        )


@dataclass(frozen=True, slots=True)
class AuthorityFolder:
    """A CA that is there already."""

    path: Path

    @property
    def register(self) -> Register:
        return Register(self.path / REGISTER_FILE)

    def settings(self) -> Settings:
        """Raises MalformedMessage, LimitExceeded, or OSError where there is no CA."""
        file = self.path / SETTINGS_FILE
        data = read_small(file, max_bytes=_MAX_SETTINGS_BYTES)
        try:
            values: dict[str, Any] = json.loads(data)
            return Settings(**{**values, "generation": Generation(values["generation"])})
        except (ValueError, TypeError, KeyError) as error:
            raise MalformedMessage("the settings of a CA cannot be read", where=SETTINGS_FILE) from error

    def find_certificate(self, role: Role) -> Certificate | None:
        """None where the role is not filled. Raises MalformedMessage or OSError."""
        if role is Role.RESPONDER and self.has_key(role):
            certificate = _find_certificate(read_small(self.path / f"{role}.key"))
            if certificate is not None:
                return certificate
        file = self.path / f"{role}.pem"
        return parse_certificate(read_small(file)) if file.exists() else None

    def certificate(self, role: Role) -> Certificate:
        """Raises MalformedMessage where the role is not filled, or OSError."""
        certificate = self.find_certificate(role)
        if certificate is None:
            raise MalformedMessage(f"there is no {role}.pem", where=str(self.path))
        return certificate

    def has_key(self, role: Role) -> bool:
        return (self.path / f"{role}.key").exists()

    def open_role(self, role: Role, passphrase: bytes, *, provider: CryptoProvider) -> Identity:
        """Certificate and key, which belong together. Raises WrongPassphrase, MalformedMessage or OSError."""
        certificate = self.certificate(role)
        data = read_small(self.path / f"{role}.key")
        if role is Role.RESPONDER:
            # Of the same bytes as the key: another process may have replaced both since.
            certificate = _find_certificate(data) or certificate
        key = blocking.load_private_key(data, passphrase, provider=provider)
        if public_key_of(key).spki_der != certificate.public_key.spki_der:
            remedy = ": `sealwax ca responder` makes both anew" if role is Role.RESPONDER else ""
            text = f"the key in {role}.key is not the key of the certificate in {role}.pem{remedy}"
            raise MalformedMessage(text, where=str(self.path))
        return Identity(certificate=certificate, private_key=key)

    def open_key(self, role: Role, passphrase: bytes, *, provider: CryptoProvider) -> PrivateKey:
        """Raises WrongPassphrase, MalformedMessage, or OSError where the key is elsewhere."""
        data = read_small(self.path / f"{role}.key")
        return blocking.load_private_key(data, passphrase, provider=provider)

    def write_responder(self, responder: Identity, passphrase: bytes, *, provider: CryptoProvider) -> None:
        """Key, encrypted, and certificate in one file, in the place of those that are there. Raises OSError."""
        key_pem = blocking.export_private_key(responder.private_key, passphrase, provider=provider)
        certificate_pem = build_pem("CERTIFICATE", responder.certificate.der)
        # Of two at once, one is the last with both files.
        with self.register.change():
            write_whole(self.path / f"{Role.RESPONDER}.key", key_pem + certificate_pem, mode=_PRIVATE_MODE)
            self.write_certificate(Role.RESPONDER, responder.certificate)

    def write_key(self, role: Role, key: PrivateKey, passphrase: bytes, *, provider: CryptoProvider) -> None:
        """The key, encrypted (PBES2), for its owner's eyes alone."""
        pem = blocking.export_private_key(key, passphrase, provider=provider)
        write_whole(self.path / f"{role}.key", pem, mode=_PRIVATE_MODE)

    def write_certificate(self, role: Role, certificate: Certificate) -> None:
        write_whole(self.path / f"{role}.pem", build_pem("CERTIFICATE", certificate.der))

    def write_settings(self, settings: Settings) -> None:
        text = json.dumps(dataclasses.asdict(settings), indent=2, ensure_ascii=False)
        write_whole(self.path / SETTINGS_FILE, text.encode() + b"\n")


def _find_certificate(data: bytes) -> Certificate | None:
    """The first certificate beside a key in PEM. Raises MalformedMessage or LimitExceeded."""
    certificates = [block.octets for block in find_pem_blocks(data) if block.label == "CERTIFICATE"]
    return parse_certificate(certificates[0]) if certificates else None


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[AuthorityFolder]:
    """A folder that stands under its name, complete, when all went well, and else not at all.

    Raises FileExistsError where something stands there already, but for an empty folder.
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
    """The address of a responder, http alone: lists and OCSP are signed, and TLS would ask about itself.

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
