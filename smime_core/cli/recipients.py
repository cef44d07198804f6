"""For whom something is sealed: certificates from files and for addresses, checked before anything is written."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from smime_core.algorithms import ContentCipher
from smime_core.capabilities import Capabilities
from smime_core.certificate import Certificate, parse_certificates
from smime_core.cli.choosing import check_certificate, choose_certificate, place_of
from smime_core.cli.directory_options import DirectoryOptions, directory_options
from smime_core.cli.files import STANDARD_STREAM, read_input, write_error
from smime_core.cli.looking_up import fetch_policy
from smime_core.cli.options import FILE, now
from smime_core.cli.verdict_options import TrustOptions, trust_options
from smime_core.contacts import NO_CONTACTS, CertificateSource, Contacts
from smime_core.pkix import TrustStore
from smime_core.recipient_choice import (
    FoundCertificate,
    NoUsableCertificate,
    RecipientCheck,
    check_without_path,
    find_in_contacts,
)

Function = TypeVar("Function", bound=Callable[..., Any])

_MAX_REFUSALS_TOLD: Final = 3
# What the user has chosen by an option is not repeated for each recipient.
_TOLD_WARNINGS: Final = frozenset({"expires-soon", "certificate-changed", "revocation-unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """One certificate for each --to, and what each reader is known to read; None where nothing is known."""

    certificates: tuple[Certificate, ...] = ()
    capabilities: tuple[Capabilities | None, ...] = ()

    def all_read(self, cipher: ContentCipher) -> bool:
        """Whether every one of them has said, in verified mail, that this cipher can be read."""
        known = [one for one in self.capabilities if one is not None and cipher in one.content_ciphers]
        return bool(known) and len(known) == len(self.certificates)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientOptions:
    """What --to and its neighbours say."""

    to: tuple[str, ...]
    allow_expired: bool
    trust: TrustOptions
    places: DirectoryOptions

    def load(self) -> Readers:
        """One certificate for each --to, each checked; what is to be known about it is told on standard error.

        Raises NoUsableCertificate, UsageError, OSError or MalformedMessage.
        """
        if not self.to:
            return Readers()
        store, at = self.trust.load_store(), now()
        addresses = [name for name in self.to if _is_address(name)]
        if addresses and not store.anchors:
            raise click.UsageError(f"for {addresses[0]} give --anchor or --mozilla: who says whose a certificate is?")
        contacts = self.places.load_contacts() if addresses else NO_CONTACTS
        certificates = [
            self._find(name, store, contacts, at) if name in addresses else self._load(name, store, at)
            for name in self.to
        ]
        known = [contacts.find(name) if name in addresses else None for name in self.to]
        return Readers(
            certificates=tuple(certificates),
            capabilities=tuple(contact.capabilities if contact else None for contact in known),
        )

    def _load(self, name: str, store: TrustStore, at: datetime.datetime) -> Certificate:
        found = load_given(name)
        if self.allow_expired and at > found.certificate.not_after:
            at = found.certificate.not_after
            write_error(f"{name}: the certificate has expired on {at:%Y-%m-%d} and is used all the same")
        if not store.anchors:
            return _take(name, [check_without_path(found, None, at=at)])
        check, hint = check_certificate(found, store=store, trust=self.trust, at=at)
        return _take(name, [check], hint=hint)

    def _find(self, address: str, store: TrustStore, contacts: Contacts, at: datetime.datetime) -> Certificate:
        found = find_in_contacts(contacts, address)
        choose = functools.partial(choose_certificate, store=store, trust=self.trust, at=at, contacts=contacts)
        choice, hint = choose(address, found)
        if choice.chosen is None and self.places.asks_somebody:
            # Contacts ask nobody: directories learn whom a message is for only when those do not do.
            from smime_core.lookups.search import search

            directories = self.places.load(contacts=contacts, fetch_policy=fetch_policy(self.trust))
            result = search(address, directories)
            for problem in result.problems:
                write_error(f"{address}: {problem.text}")
            choice, hint = choose(address, result.found)
        return _take(address, choice.checks, hint=hint)


def recipient_options(function: Function) -> Function:
    """The options as one argument, `readers`."""

    @functools.wraps(function)
    def collect(
        *arguments: Any,
        to: tuple[str, ...],
        allow_expired: bool,
        trust: TrustOptions,
        places: DirectoryOptions,
        **options: Any,
    ) -> Any:
        readers = RecipientOptions(to=to, allow_expired=allow_expired, trust=trust, places=places)
        return function(*arguments, readers=readers, **options)

    command: Any = collect
    for option in (
        directory_options,
        trust_options,
        click.option("--allow-expired", is_flag=True, help="Seal for a given certificate though it has expired."),
        click.option(
            "--to",
            multiple=True,
            metavar="CERT|ADDRESS",
            type=FILE,
            help="Whom it is for: a certificate, or an address to find one for. Repeatable.",
        ),
    ):
        command = option(command)
    return command  # type: ignore[no-any-return]


def load_given(name: str) -> FoundCertificate:
    """The certificate in a file: the first that is no CA's, since files often bring the chain along."""
    certificates = parse_certificates(read_input(name))
    own = next((certificate for certificate in certificates if not certificate.is_ca), certificates[0])
    others = tuple(certificate for certificate in certificates if certificate != own)
    return FoundCertificate(certificate=own, source=CertificateSource.GIVEN, detail=name, intermediates=others)


def _is_address(name: str) -> bool:
    return name != STANDARD_STREAM and "@" in name and not Path(name).exists()


def _take(name: str, checks: Sequence[RecipientCheck], *, hint: str = "") -> Certificate:
    chosen = next((check for check in checks if check.is_usable), None)
    if chosen is None:
        raise NoUsableCertificate("; ".join(filter(None, (f"{name}: {_refusal(checks)}", hint))))
    for warning in chosen.warnings:
        if warning.code in _TOLD_WARNINGS:
            write_error(f"{name}: {warning.sentence}")
    return chosen.found.certificate


def _refusal(checks: Sequence[RecipientCheck]) -> str:
    if not checks:
        return "no certificate was found"
    told = (
        f"{place_of(check.found)}: {' '.join(reason.sentence for reason in check.reasons)}"
        if check.found.source is not CertificateSource.GIVEN
        else " ".join(reason.sentence for reason in check.reasons)
        for check in checks[:_MAX_REFUSALS_TOLD]
    )
    further = len(checks) - _MAX_REFUSALS_TOLD
    return "; ".join(told) + (f"; and {further} more" if further > 0 else "")
