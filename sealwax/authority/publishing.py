"""Publish a CA's certificates: as a folder of PEM files, or as LDIF for an LDAP server (RFC 2849)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sealwax.authority.register import Entry
from sealwax.files.whole import write_whole
from smime_core.asn1 import build_pem
from smime_core.text import build_binary_ldif_line, build_ldif_line, escape_dn_value


def write_directory(folder: Path, entries: Sequence[Entry], valid: Sequence[Entry]) -> None:
    """Write a PEM file for each valid certificate, named by its serial number. Delete those of other entries.

    Files of other CAs stay as they are. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in valid:
        file = _file(folder, entry)
        if not file.exists():
            write_whole(file, build_pem("CERTIFICATE", entry.certificate.der))
    valid_numbers = {entry.certificate.serial_number for entry in valid}
    for entry in entries:
        if entry.certificate.serial_number not in valid_numbers:
            _file(folder, entry).unlink(missing_ok=True)


def build_ldif(entries: Sequence[Entry], valid: Sequence[Entry], *, base: str) -> bytes:
    """Changes for `ldapmodify -c`: an entry below `base` for each address, with exactly its valid certificates.

    Each LDAP entry is first added, and then its certificates are replaced. If the entry exists already, adding fails,
    but `-c` makes ldapmodify continue. Addresses beyond ASCII are left out, because `mail` is ASCII (RFC 4524 section
    2.16).
    """
    valid_numbers = {entry.certificate.serial_number for entry in valid}
    by_address: dict[str, list[bytes]] = defaultdict(list)
    for entry in entries:
        for address in filter(str.isascii, entry.addresses):
            by_address[address] += [entry.certificate.der] if entry.certificate.serial_number in valid_numbers else []
    return b"".join(_changes(address, certificates, base) for address, certificates in by_address.items())


def _changes(address: str, certificates: list[bytes], base: str) -> bytes:
    name = build_ldif_line("dn", f"mail={escape_dn_value(address)},{base}")
    added = (
        name,
        b"changetype: add\n",
        b"objectClass: inetOrgPerson\n",
        build_ldif_line("cn", address),
        build_ldif_line("sn", address),
        build_ldif_line("mail", address),
    )
    values = (build_binary_ldif_line("userCertificate;binary", certificate) for certificate in certificates)
    replaced = (name, b"changetype: modify\n", b"replace: userCertificate;binary\n", *values, b"-\n")
    return b"".join((*added, b"\n", *replaced, b"\n"))


def _file(folder: Path, entry: Entry) -> Path:
    return folder / f"{entry.certificate.serial_number:x}.pem"
