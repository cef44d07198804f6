"""A CA's certificates in the places where others look: a folder of PEM files, LDIF for an LDAP server (RFC 2849)."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from smime_core.authority.register import Entry
from smime_core.pem import build_pem
from smime_core.whole_files import write_whole

_LINE_LENGTH: Final = 76
# RFC 2849: such a value stands as it is, any other in base64.
_SAFE: Final = re.compile(r"[!-9;=-~][ -~]*(?<! )")
# RFC 4514 section 2.4, with what stands at either end.
_SPECIAL: Final = re.compile(r'["+,;<>\\=#\x00]|^ | $')


def write_directory(folder: Path, entries: Sequence[Entry], valid: Sequence[Entry]) -> None:
    """One PEM file for each valid certificate, called after its number; files of the others go. Raises OSError.

    Files that are not of this CA stay as they are.
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
    """Changes for `ldapmodify -c`: a person for each address below `base`, and exactly the certificates that hold now.

    Adding somebody who is there already fails and is passed over by -c; the replacing that follows counts. Addresses
    beyond ASCII are left out: `mail` holds none (RFC 4524 section 2.16).
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
    return _SPECIAL.sub(lambda match: "".join(f"\\{octet:02x}" for octet in match[0].encode()), text)


def _line(name: str, value: str) -> str:
    if _SAFE.fullmatch(value):
        return _fold(f"{name}: {value}")
    return _fold(f"{name}:: {base64.b64encode(value.encode()).decode('ascii')}")


def _fold(line: str) -> str:
    """A line of any length, continued by a blank."""
    first, rest = line[:_LINE_LENGTH], line[_LINE_LENGTH:]
    step = _LINE_LENGTH - 1
    return "\n ".join((first, *(rest[start : start + step] for start in range(0, len(rest), step)))) + "\n"


def _file(folder: Path, entry: Entry) -> Path:
    return folder / f"{entry.certificate.serial_number:x}.pem"
