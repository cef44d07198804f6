"""The options with which certificates and signatures are judged, and the trust store made from them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealwax.cli.options.identities import load_certificates
from sealwax.cli.options.parameters import AT, FILE, REPORT_JSON, SENDER, ValueChoice, now
from sealwax.cli.options.request import given_by, group_of
from sealwax.cli.streams.files import read_input
from sealwax.cli.user_files.trust import (
    default_decisions_file,
    default_list_file,
    load_decisions,
    load_operator_list,
)
from smime_core.cms import parse_carried_lists
from smime_core.pkix import NO_REQUIREMENTS, Evidence, LookupKind, RevocationPolicy, TrustAnchor, TrustStore
from smime_core.trust import NO_CONTACTS, Contacts, Judging
from smime_core.x509 import RevocationList, parse_ocsp_response, parse_revocation_list

if TYPE_CHECKING:
    from sealwax.lookups.fetch import FetchPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustOptions:
    """Trusted certificates, revocation, and the permitted look-ups over the network.

    If `revocation` is None, each trust anchor's own policy applies.
    """

    anchors: tuple[str, ...] = given_by(
        click.Option(
            ["--anchor", "anchors"], multiple=True, metavar="CA", type=FILE, help="Certificate to trust. Repeatable."
        )
    )
    mozilla: bool = given_by(
        click.Option(["--mozilla"], is_flag=True, help="Trust the roots that Mozilla trusts for e-mail.")
    )
    decisions_file: str | None = given_by(
        click.Option(
            ["--decisions", "decisions_file"],
            metavar="FILE",
            type=click.Path(),
            help="Your decisions (`sealwax trust accept`), instead of those in your configuration folder.",
        )
    )
    timestamp_anchors: tuple[str, ...] = given_by(
        click.Option(
            ["--timestamp-anchor", "timestamp_anchors"],
            multiple=True,
            metavar="CA",
            type=FILE,
            help="Certificate to trust for timestamps on signatures, and for nothing else. Repeatable.",
        )
    )
    revocation: RevocationPolicy | None = given_by(
        click.Option(
            ["--revocation"],
            type=ValueChoice(RevocationPolicy),
            help="What to do if it is unknown whether a certificate was revoked: required (the default) verifies "
            "nothing then, if-known goes on, not-checked does not ask.",
        )
    )
    no_revocation: bool = given_by(
        click.Option(["--no-revocation"], is_flag=True, help="The same as --revocation not-checked.")
    )
    crl_files: tuple[str, ...] = given_by(
        click.Option(
            ["--crl", "crl_files"],
            multiple=True,
            metavar="FILE",
            type=FILE,
            help="Revocation list to go by. Repeatable.",
        )
    )
    ocsp_files: tuple[str, ...] = given_by(
        click.Option(
            ["--ocsp", "ocsp_files"],
            multiple=True,
            metavar="FILE",
            type=FILE,
            help="OCSP response to go by. Repeatable.",
        )
    )
    certificate_files: tuple[str, ...] = given_by(
        click.Option(
            ["--certificates", "certificate_files"],
            multiple=True,
            metavar="FILE",
            type=FILE,
            help="Certificates that a message may lack: its signer's, or those of authorities. They are not trusted. "
            "Repeatable.",
        )
    )
    fetch: bool = given_by(
        click.Option(
            ["--fetch/--offline"],
            help="Ask the CAs' servers whether certificates were revoked. They then learn that someone looks. "
            "--offline (the default) uses what was asked before.",
        )
    )
    fetch_issuers: bool = given_by(
        click.Option(
            ["--fetch-issuers"],
            is_flag=True,
            help="Fetch missing certificates of issuers from the addresses in certificates. The sender of the message "
            "then learns that it is read.",
        )
    )
    fetch_hosts: tuple[str, ...] = given_by(
        click.Option(
            ["--fetch-host", "fetch_hosts"],
            multiple=True,
            metavar="HOST[:PORT]",
            help="Fetch from this host though its address is private or its port is not 80 or 443. It does not count "
            "for --fetch-issuers. Repeatable.",
        )
    )

    @property
    def is_given(self) -> bool:
        """Whether any of the options was given."""
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def fetched_kinds(self) -> frozenset[LookupKind]:
        """The kinds of look-ups that may go over the network."""
        revocation = {LookupKind.OCSP, LookupKind.CRL} if self.fetch else set()
        return frozenset(revocation | ({LookupKind.ISSUER} if self.fetch_issuers else set()))

    def fetch_policy(self) -> FetchPolicy:
        """The limits for fetching, with the hosts of --fetch-host."""
        # Imported here because HTTP takes as long to import as everything else.
        from sealwax.lookups.fetch import FetchPolicy

        return FetchPolicy(allowed_hosts=frozenset(self.fetch_hosts))

    def load_store(self) -> TrustStore:
        """The trust store, with CRLs and other evidence from files. Raises OSError, MalformedMessage or UsageError.

        It includes the user's own decisions, and the list and policy of the organisation that the user follows.
        """
        operator = load_operator_list(default_list_file(), at=now())
        evidence = Evidence(
            revocation_lists=self._load_lists(),
            ocsp_responses=tuple(parse_ocsp_response(read_input(name)) for name in self.ocsp_files),
            certificates=tuple(load_certificates(self.certificate_files)),
            gathered_at=now(),
        )
        policy = self._choose_revocation()
        store = TrustStore(
            anchors=(*self._load_anchors(), *(operator.trust_store.anchors if operator else ())),
            requirements=operator.requirements if operator else NO_REQUIREMENTS,
            evidence=evidence,
            timestamp_anchors=_load_anchors(self.timestamp_anchors),
        )
        return store.with_revocation(policy) if policy else store

    def _load_lists(self) -> tuple[RevocationList, ...]:
        lists = (crl for name in self.crl_files for crl in parse_carried_lists(read_input(name), name))
        return tuple(map(parse_revocation_list, lists))

    def _load_anchors(self) -> tuple[TrustAnchor, ...]:
        decisions_file = Path(self.decisions_file) if self.decisions_file else default_decisions_file()
        anchors = _load_anchors(self.anchors) + load_decisions(decisions_file)
        if not self.mozilla:
            return anchors
        # Imported here because Mozilla's list is large, and most users name their own trust anchors.
        from sealwax.roots import mozilla_anchors

        return anchors + mozilla_anchors()

    def _choose_revocation(self) -> RevocationPolicy | None:
        # Returns the revocation policy for all anchors, or None if each anchor's own policy applies.
        if not self.no_revocation:
            return self.revocation
        if self.revocation not in (None, RevocationPolicy.NOT_CHECKED):
            raise click.UsageError(f"--no-revocation and --revocation {self.revocation} contradict each other")
        return RevocationPolicy.NOT_CHECKED


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictOptions:
    """The options of a verb that gives a verdict: trust, the expected sender, the time, and JSON."""

    trust: TrustOptions = group_of(TrustOptions)
    sender: str | None = given_by(SENDER)
    at: datetime.datetime | None = given_by(AT)
    as_json: bool = given_by(REPORT_JSON)

    @property
    def is_given(self) -> bool:
        """Whether any of the options was given."""
        return bool(self.trust.is_given or self.sender or self.at or self.as_json)

    @property
    def moment(self) -> datetime.datetime:
        """The time of --at, or else the current time."""
        return self.at or now()

    def judging(self, trust_store: TrustStore, contacts: Contacts = NO_CONTACTS) -> Judging:
        """The trust store and the time for judging a message."""
        return Judging(trust_store=trust_store, at=self.moment, contacts=contacts)


def _load_anchors(names: tuple[str, ...]) -> tuple[TrustAnchor, ...]:
    return tuple(TrustAnchor(certificate=certificate) for certificate in load_certificates(names))
