"""Identities and certificates from the files that options name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import click

from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import read_input, write_error
from smime_core import blocking
from smime_core.asn1 import ValueKind, parse_file_values
from smime_core.cms import Carried, parse_carried, parse_every_certificate
from smime_core.errors import WrongPassphrase
from smime_core.x509 import Certificate

if TYPE_CHECKING:
    from sealwax.cli.options.passphrases import PassphraseSource

    # The modules that read key files are imported when the first file is read.
    from smime_core.identity import Identity


_MAX_UNREADABLE_SHOWN: Final = 3


def load_all_identities(names: Sequence[str], source: PassphraseSource) -> tuple[Identity, ...]:
    """All identities of all PKCS#12 and PEM files. Raises ClickException for a file without identities."""
    return tuple(identity for group in load_each_file(names, source) for identity in group)


def load_each_file(names: Sequence[str], source: PassphraseSource) -> list[tuple[Identity, ...]]:
    """The identities of each file. An unencrypted PEM file needs no passphrase.

    Raises ClickException for a file without identities.
    """
    passphrase_for = source.reader()
    groups = [_load_identities(name, passphrase_for) for name in names]
    for name, group in zip(names, groups, strict=True):
        if not group:
            raise click.ClickException(f"{name} holds no private key together with its certificate")
    return groups


def load_own_certificate(name: str) -> Certificate:
    """The owner's certificate in a file, which often has the certificates of its chain too."""
    return first_own(parse_every_certificate(read_input(name), name))


def first_own(certificates: Sequence[Certificate]) -> Certificate:
    """The first certificate that is not a CA's, or the first of all if all are CA certificates."""
    return next((certificate for certificate in certificates if not certificate.is_ca), certificates[0])


def load_certificates(names: Iterable[str]) -> list[Certificate]:
    """All certificates of all files. Raises OSError or MalformedMessage."""
    return [certificate for name in names for certificate in load_carried_file(name).certificates]


def load_carried_file(name: str) -> Carried:
    """The certificates and revocation lists of a file. Unreadable ones are named on standard error.

    Raises OSError or MalformedMessage.
    """
    carried = parse_carried(read_input(name), name)
    name_unreadable(name, carried)
    return carried


def name_unreadable(name: str, carried: Carried) -> None:
    """Name the unreadable certificates of a file on standard error, at most three."""
    for description in carried.unreadable[:_MAX_UNREADABLE_SHOWN]:
        write_error(f"{name}: a certificate cannot be read, and is left out: {description}")
    if (further := len(carried.unreadable) - _MAX_UNREADABLE_SHOWN) > 0:
        write_error(f"{name}: and {further} more")


def _load_identities(name: str, passphrase_for: Callable[[str], bytes]) -> tuple[Identity, ...]:
    data = read_input(name)
    # A file of another kind is refused here, before the user is asked for a passphrase that it does not need.
    if not parse_file_values(data, name).find(ValueKind.PKCS12):
        with contextlib.suppress(WrongPassphrase):
            return blocking.load_identities(data, None, provider=PROVIDER)
    return blocking.load_identities(data, passphrase_for(name), provider=PROVIDER)
