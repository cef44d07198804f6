"""The recipients of a message: certificates from files and for addresses, checked before anything is written."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from sealwax.cli.judging.choosing import CandidateJudge, source_text
from sealwax.cli.options.directories import DirectoryOptions
from sealwax.cli.options.identities import first_own
from sealwax.cli.options.parameters import FILE, now
from sealwax.cli.options.request import given_by, group_of
from sealwax.cli.options.signers import SignerChoice
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.streams.files import STANDARD_STREAM, read_input, write_error
from smime_core.algorithms import ContentCipher
from smime_core.cms import Capabilities, parse_every_certificate
from smime_core.text import addresses_match
from smime_core.trust import (
    NO_CONTACTS,
    CertificateSource,
    FoundCertificate,
    NoUsableCertificate,
    RecipientCheck,
    check_without_path,
    find_in_contacts,
)
from smime_core.x509 import Certificate

ALLOW_MIXED: Final = click.Option(
    ["--allow-mixed", "allows_mixed"],
    is_flag=True,
    help="One mail for a password or an ML-KEM key beside other certificates, though Thunderbird cannot open it.",
)
_MIXED: Final = "Thunderbird opens no mail that has a password or an ML-KEM key beside its reader's certificate"

_MAX_REFUSALS_SHOWN: Final = 3
# Only these warnings are shown. The user knows the other warnings, because they follow from options.
_SHOWN_WARNINGS: Final = frozenset({"expires-soon", "certificate-changed", "revocation-unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """One certificate for each --to, and the capabilities of each recipient; None if they are unknown."""

    certificates: tuple[Certificate, ...] = ()
    capabilities: tuple[Capabilities | None, ...] = ()

    def all_read(self, cipher: ContentCipher) -> bool:
        """Whether the programs of all recipients read this cipher, according to verified mail from the recipients."""
        known = [
            capability
            for capability in self.capabilities
            if capability is not None and cipher in capability.content_ciphers
        ]
        return bool(known) and len(known) == len(self.certificates)

    @property
    def all_read_header_protection(self) -> bool:
        """Whether the programs of all recipients are known to read protected header fields."""
        known = [
            capability
            for capability in self.capabilities
            if capability is not None and capability.reads_header_protection
        ]
        return bool(known) and len(known) == len(self.certificates)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientOptions:
    """The recipients, and how their certificates are found and judged."""

    to: tuple[str, ...] = given_by(
        click.Option(
            ["--to"],
            multiple=True,
            metavar="CERT|ADDRESS",
            type=FILE,
            help="Whom it is for: a certificate, or an address to find one for. Repeatable.",
        )
    )
    allow_expired: bool = given_by(
        click.Option(["--allow-expired"], is_flag=True, help="Use a given certificate or key though it has expired.")
    )
    allow_weak: bool = given_by(
        click.Option(["--allow-weak"], is_flag=True, help="Use a given certificate or key though it is too short.")
    )
    trust: TrustOptions = group_of(TrustOptions)
    directories: DirectoryOptions = group_of(DirectoryOptions)

    def load(self) -> Recipients:
        """One certificate for each --to, each checked. Warnings about them go to standard error.

        Raises NoUsableCertificate, UsageError, OSError or MalformedMessage.
        """
        if not self.to:
            return Recipients()
        store = self.trust.load_store()
        addresses = [name for name in self.to if _is_address(name)]
        if addresses and not store.anchors:
            raise click.UsageError(f"for {addresses[0]} give --anchor or --mozilla: who says whose a certificate is?")
        contacts = self.directories.load_contacts() if addresses else NO_CONTACTS
        judge = CandidateJudge(store=store, trust=self.trust, at=now(), contacts=contacts)
        certificates = [
            self._find(name, judge) if name in addresses else self._load_given(name, judge) for name in self.to
        ]
        known = [contacts.find(name) if name in addresses else None for name in self.to]
        return Recipients(
            certificates=tuple(certificates),
            capabilities=tuple(contact.capabilities if contact else None for contact in known),
        )

    def signer_choice(self, holder: str | None) -> SignerChoice:
        """The rules for the sender's key, from the same options."""
        return SignerChoice(allow_expired=self.allow_expired, allow_weak=self.allow_weak, holder=holder)

    def _load_given(self, name: str, judge: CandidateJudge) -> Certificate:
        return load_given(name, judge, allow_expired=self.allow_expired, allow_weak=self.allow_weak)

    def _find(self, address: str, judge: CandidateJudge) -> Certificate:
        choice, hint = judge.choose(address, find_in_contacts(judge.contacts, address))
        if choice.chosen is None and self.directories.asks_somebody:
            # A directory learns to whom the user writes, so it is asked only if the contacts have no certificate.
            from sealwax.lookups.search import search

            result = search(address, self.directories.load(judge.contacts, self.trust.fetch_policy()))
            for problem in result.problems:
                write_error(f"{address}: {problem.text}")
            choice, hint = judge.choose(address, result.found)
        return _take(address, choice.checks, hint)


def load_given(name: str, judge: CandidateJudge, *, allow_expired: bool, allow_weak: bool = False) -> Certificate:
    """The recipient's certificate in a file, checked. If there is any trust anchor, its path is checked too.

    Raises NoUsableCertificate, OSError or MalformedMessage.
    """
    candidate = _read_given(name)
    judge = replace(judge, at=_judged_at(candidate, judge.at, allow_expired=allow_expired))
    if judge.store.anchors:
        check, hint = judge.check(candidate)
    else:
        check, hint = check_without_path(candidate, None, at=judge.at), ""
    return _take(name, [_without_weakness(check) if allow_weak else check], hint)


def load_preferred(name: str, signer: Certificate, choice: SignerChoice) -> Certificate:
    """The certificate that the signer wants for replies, checked like a recipient's, except for its path.

    Raises NoUsableCertificate, OSError or MalformedMessage.
    """
    candidate = _read_given(name)
    own = signer.email_addresses
    shared = (
        address
        for address in own
        if any(addresses_match(address, other) for other in candidate.certificate.email_addresses)
    )
    at = _judged_at(candidate, now(), allow_expired=choice.allow_expired)
    check = check_without_path(candidate, next(shared, own[0] if own else None), at=at)
    return _take(name, [_without_weakness(check) if choice.allow_weak else check])


def confirm_mixed() -> None:
    """Ask on the terminal. Raises UsageError without a terminal, or ClickException if the answer is no."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{_MIXED}: encrypt it once for each kind, or give --allow-mixed")
    if not click.confirm(f"{_MIXED}. Write one mail for all the same?", default=False):
        raise click.ClickException("nothing was written")


def _judged_at(candidate: FoundCertificate, at: datetime.datetime, *, allow_expired: bool) -> datetime.datetime:
    end = candidate.certificate.not_after
    if not allow_expired or at <= end:
        return at
    write_error(f"{candidate.detail}: the certificate has expired on {end:%Y-%m-%d} and is used all the same")
    return end


def _without_weakness(check: RecipientCheck) -> RecipientCheck:
    reasons = tuple(reason for reason in check.reasons if reason.code != "weak-key")
    if reasons != check.reasons:
        write_error(f"{check.found.detail}: the key is short and is used all the same")
    return replace(check, reasons=reasons)


def _read_given(name: str) -> FoundCertificate:
    """The recipient's certificate in a file. Files often contain the chain too, which becomes its intermediates."""
    certificates = parse_every_certificate(read_input(name), name)
    own = first_own(certificates)
    others = tuple(certificate for certificate in certificates if certificate != own)
    return FoundCertificate(certificate=own, source=CertificateSource.GIVEN, detail=name, intermediates=others)


def _is_address(name: str) -> bool:
    return name != STANDARD_STREAM and "@" in name and not Path(name).exists()


def _take(name: str, checks: Sequence[RecipientCheck], hint: str = "") -> Certificate:
    chosen = next((check for check in checks if check.is_usable), None)
    if chosen is None:
        raise NoUsableCertificate("; ".join(filter(None, (f"{name}: {_refusal(checks)}", hint))))
    for warning in chosen.warnings:
        if warning.code in _SHOWN_WARNINGS:
            write_error(f"{name}: {warning.sentence}")
    return chosen.found.certificate


def _refusal(checks: Sequence[RecipientCheck]) -> str:
    if not checks:
        return "no certificate was found"
    shown = "; ".join(map(_refusal_of, checks[:_MAX_REFUSALS_SHOWN]))
    further = len(checks) - _MAX_REFUSALS_SHOWN
    return f"{shown}; and {further} more" if further > 0 else shown


def _refusal_of(check: RecipientCheck) -> str:
    sentences = " ".join(reason.sentence for reason in check.reasons)
    return sentences if check.found.source is CertificateSource.GIVEN else f"{source_text(check.found)}: {sentences}"
