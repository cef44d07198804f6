"""Identities and certificates from the files that options name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import read_input
from smime_core import blocking
from smime_core.asn1 import ValueKind, parse_file_values
from smime_core.cms import parse_carried_certificates
from smime_core.errors import WrongPassphrase
from smime_core.x509 import Certificate

if TYPE_CHECKING:
    from sealwax.cli.options.passphrases import PassphraseSource

    # The readers of key files are imported when one is used.
    from smime_core.identity import Identity


def load_all_identities(names: Iterable[str], source: PassphraseSource) -> tuple[Identity, ...]:
    """All identities of all PKCS#12 and PEM files. No passphrase is asked for if a PEM file is unencrypted."""
    passphrase_for = source.reader()
    return tuple(identity for name in names for identity in _load_identities(name, passphrase_for))


def load_each_file(names: Sequence[str], source: PassphraseSource) -> list[tuple[Identity, ...]]:
    """The identities of each file. Raises ClickException for a file without any."""
    passphrase_for = source.reader()
    groups = [_load_identities(name, passphrase_for) for name in names]
    for name, group in zip(names, groups, strict=True):
        if not group:
            raise click.ClickException(f"{name} holds no private key together with its certificate")
    return groups


def first_own(certificates: Sequence[Certificate]) -> Certificate:
    """The first certificate that is not a CA's, or the first of all if each is a CA's."""
    return next((certificate for certificate in certificates if not certificate.is_ca), certificates[0])


def load_certificates(names: Iterable[str]) -> list[Certificate]:
    """All certificates of all files. Raises OSError or MalformedMessage."""
    return [certificate for name in names for certificate in parse_carried_certificates(read_input(name), name)]


def _load_identities(name: str, passphrase_for: Callable[[str], bytes]) -> tuple[Identity, ...]:
    data = read_input(name)
    # A file of another kind is refused here, so that the user is not asked for a passphrase that cannot help.
    if not parse_file_values(data, name).find(ValueKind.PKCS12):
        with contextlib.suppress(WrongPassphrase):
            return blocking.load_identities(data, None, provider=PROVIDER)
    return blocking.load_identities(data, passphrase_for(name), provider=PROVIDER)
