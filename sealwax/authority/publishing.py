"""A CA's certificates published for others: as a folder of PEM files, as LDIF for an LDAP server (RFC 2849)."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sealwax.authority.register import Entry
from sealwax.files.whole import write_whole
from smime_core.asn1 import build_pem

_LINE_LENGTH: Final = 76
# RFC 2849: a value that matches is written as it is, any other value in base64.
_SAFE: Final = re.compile(r"[!-9;=-~][ -~]*(?<! )")
# RFC 4514 section 2.4, including characters that are special only at the start or the end.
_SPECIAL: Final = re.compile(r'["+,;<>\\=#\x00]|^ | $')


def write_directory(folder: Path, entries: Sequence[Entry], valid: Sequence[Entry]) -> None:
    """Write a PEM file for each valid certificate, named by its serial number. Delete the files of the other entries.

    Files of other CAs stay as they are. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in valid:
        file = _file(folder, entry)
        if not file.exists():
            write_whole(file, build_pem("CERTIFICATE", entry.certificate.der))
    kept = {entry.certificate.serial_number for entry in valid}
    for entry in entries:
        if entry.certificate.serial_number not in kept:
            _file(folder, entry).unlink(missing_ok=True)


def build_ldif(entries: Sequence[Entry], valid: Sequence[Entry], *, base: str) -> bytes:
    """Changes for `ldapmodify -c`: an entry below `base` for each address, with exactly its valid certificates.

    Each entry is first added, then its certificates are replaced. If the entry exists, adding fails, and `-c` makes
    ldapmodify continue. Addresses beyond ASCII are left out, because `mail` is ASCII (RFC 4524 section 2.16).
    """
    kept = {entry.certificate.serial_number for entry in valid}
    by_address: dict[str, list[bytes]] = defaultdict(list)
    for entry in entries:
        for address in filter(str.isascii, entry.addresses):
            by_address[address] += [entry.certificate.der] if entry.certificate.serial_number in kept else []
    return "".join(_changes(address, certificates, base) for address, certificates in by_address.items()).encode()


def _changes(address: str, certificates: list[bytes], base: str) -> str:
    name = f"mail={escape_dn_value(address)},{base}"
    added = (
        _line("dn", name),
        "changetype: add\n",
        "objectClass: inetOrgPerson\n",
        _line("cn", address),
        _line("sn", address),
        _line("mail", address),
    )
    values = (_fold(f"userCertificate;binary:: {base64.b64encode(one).decode('ascii')}") for one in certificates)
    replaced = (_line("dn", name), "changetype: modify\n", "replace: userCertificate;binary\n", *values, "-\n")
    return "".join((*added, "\n", *replaced, "\n"))


def escape_dn_value(text: str) -> str:
    """A value inside a DN (RFC 4514 section 2.4)."""
    return _SPECIAL.sub(lambda match: "".join(f"\\{byte:02x}" for byte in match[0].encode()), text)


def _line(name: str, value: str) -> str:
    if _SAFE.fullmatch(value):
        return _fold(f"{name}: {value}")
    return _fold(f"{name}:: {base64.b64encode(value.encode()).decode('ascii')}")


def _fold(line: str) -> str:
    """The line in parts of at most `_LINE_LENGTH` characters. Each continuation begins with a blank."""
    first, rest = line[:_LINE_LENGTH], line[_LINE_LENGTH:]
    step = _LINE_LENGTH - 1
    return "\n ".join((first, *(rest[start : start + step] for start in range(0, len(rest), step)))) + "\n"


def _file(folder: Path, entry: Entry) -> Path:
    return folder / f"{entry.certificate.serial_number:x}.pem"
