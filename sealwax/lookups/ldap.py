"""Certificates of an address from an LDAP directory (RFC 4511, RFC 4523 section 2.1, RFC 2798 section 2.8).

`ldap_query` runs libldap in a separate process, which can be limited and ended, because a server can make libldap wait,
resolve names and allocate memory. The connection is TLS, or StartTLS on ldap://, unless the operator allowed plain
LDAP. Referrals are not followed. No answer is trusted.
"""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from sealwax.lookups.directory_failure import UNREADABLE_OR_TOO_LARGE, DirectoryFailed, DirectoryProblem
from sealwax.lookups.found_certificates import found_in
from smime_core.limits import DIRECTORY_SECONDS, MAX_DIRECTORY_ENTRIES, MAX_DIRECTORY_URL_CHARACTERS
from smime_core.text import parse_address
from smime_core.trust import CertificateSource, FoundCertificate

ATTRIBUTES: Final = (
    "userCertificate;binary",
    "userCertificate",
    "userSMIMECertificate;binary",
    # OpenLDAP's schema has no ;binary for this attribute.
    "userSMIMECertificate",
)

_PORTS: Final = {"ldap": 389, "ldaps": 636}
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")
_PLAIN_BYTES: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.-_+"
# RFC 4515 section 3: some bytes must be escaped, and any other may be.
_ESCAPED: Final = [chr(byte) if byte in _PLAIN_BYTES else f"\\{byte:02x}" for byte in range(256)]


class LdapSecurity(StrEnum):
    """The protection of the connection to the directory."""

    ENCRYPTED = "encrypted"
    """TLS from the start on ldaps://, StartTLS on ldap://. The server's certificate must be valid."""
    PLAIN_ALLOWED = "plain-allowed"
    """ldap:// is not encrypted: for a server on the same machine or in a network that the operator controls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapDirectory:
    """One LDAP server. Entries below `base` are searched, anonymously unless there is a `bind_name`.

    `ca_file` replaces the system's authorities for TLS.
    """

    host: str
    port: int
    base: str
    is_tls: bool
    security: LdapSecurity = LdapSecurity.ENCRYPTED
    bind_name: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeout_seconds: float = DIRECTORY_SECONDS

    @property
    def is_plain(self) -> bool:
        """Whether questions and answers are not encrypted."""
        return not self.is_tls and self.security is LdapSecurity.PLAIN_ALLOWED


def parse_ldap_url(
    url: str,
    *,
    security: LdapSecurity = LdapSecurity.ENCRYPTED,
    bind_name: str = "",
    password: str = "",
    ca_file: Path | None = None,
) -> LdapDirectory:
    """The directory of ldap://host[:port]/base or ldaps://…; other parts of RFC 4516 URLs are refused.

    Raises DirectoryFailed.
    """
    try:
        parts = urlsplit(url if len(url) <= MAX_DIRECTORY_URL_CHARACTERS else "")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    is_good = (
        url.isprintable()
        and parts.scheme in _PORTS
        and _HOST.fullmatch(host) is not None
        and "@" not in parts.netloc
        and not (parts.query or parts.fragment)
    )
    if not is_good:
        raise DirectoryFailed(DirectoryProblem.BAD_URL, "expected a directory as ldaps://host/dc=example,dc=org")
    return LdapDirectory(
        host=host,
        port=port or _PORTS[parts.scheme],
        base=unquote(parts.path.removeprefix("/")),
        is_tls=parts.scheme == "ldaps",
        security=security,
        bind_name=bind_name,
        password=password,
        ca_file=ca_file,
    )


def find_in_ldap(address: str, directory: LdapDirectory) -> tuple[FoundCertificate, ...]:
    """The certificates of the entries whose `mail` is this address. Raises DirectoryFailed or LimitExceeded."""
    return found_in(_ask(directory, address_filter(address)), CertificateSource.LDAP, directory.host)


def address_filter(address: str) -> str:
    """The only search filter that is sent: `mail` is exactly this text (RFC 4515 section 3).

    A domain beyond ASCII is searched both in UTF-8 and as its A-labels. In most directories `mail` is ASCII (RFC 4524
    section 2.16), but some have UTF-8.
    """
    parsed = None if address.isascii() else parse_address(address)
    as_written = f"(mail={_escape(address)})"
    if parsed is None or address.endswith(f"@{parsed.domain}"):
        return as_written
    return f"(|(mail={_escape(address.rpartition('@')[0])}@{_escape(parsed.domain)}){as_written})"


def _escape(text: str) -> str:
    return "".join([_ESCAPED[byte] for byte in text.encode("utf-8", "surrogatepass")])


def _ask(directory: LdapDirectory, search_filter: str) -> list[bytes]:
    question = {
        "url": f"{'ldaps' if directory.is_tls else 'ldap'}://{_url_host(directory.host)}:{directory.port}",
        "startTls": not directory.is_tls and not directory.is_plain,
        "caFile": str(directory.ca_file or ssl.get_default_verify_paths().cafile or ""),
        "bindName": directory.bind_name,
        "password": directory.password,
        "base": directory.base,
        "filter": search_filter,
        "attributes": list(ATTRIBUTES),
        "maxEntries": MAX_DIRECTORY_ENTRIES,
        "timeoutSeconds": directory.timeout_seconds,
    }
    try:
        done = subprocess.run(
            # Without -P Python imports modules from the current folder, where strangers may put files.
            [sys.executable, "-P", "-m", "sealwax.lookups.ldap_query"],
            input=json.dumps(question).encode("ascii"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=directory.timeout_seconds,
            check=False,
            # LDAPNOINIT keeps libldap from reading ldap.conf and ~/.ldaprc, because the question sets every option.
            env=os.environ | {"LDAPNOINIT": "1"},
        )
    except subprocess.TimeoutExpired:
        raise DirectoryFailed(DirectoryProblem.TIMEOUT, f"{directory.host} did not answer in time") from None
    return _read_answer(done.stdout, directory.host)


def _read_answer(stdout: bytes, host: str) -> list[bytes]:
    try:
        answer = json.loads(stdout)
    except ValueError:
        # The process ended before its answer was complete, because of its memory limit or because libldap failed.
        raise DirectoryFailed(DirectoryProblem.REFUSED, f"{host}: {UNREADABLE_OR_TOO_LARGE}") from None
    if "problem" in answer:
        raise DirectoryFailed(DirectoryProblem(answer["problem"]), f"{host}: {answer['text']}")
    return [base64.b64decode(value) for value in answer["values"]]


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
