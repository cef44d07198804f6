"""What certificates and signatures are judged by: the options, and the trust store that they make."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from smime_core.certificate import parse_certificates
from smime_core.cli.files import read_input
from smime_core.cli.options import FILE, UtcTime, json_option, now
from smime_core.cli.trust_files import default_decisions_file, default_list_file, load_decisions, load_operator_list
from smime_core.ocsp import parse_ocsp_response
from smime_core.pkix import Evidence, LookupKind, RevocationPolicy, TrustAnchor, TrustStore
from smime_core.pkix.trust import NO_REQUIREMENTS
from smime_core.revocation_list import parse_revocation_list

Function = TypeVar("Function", bound=Callable[..., Any])

# Whom to trust.
_ANCHOR_OPTIONS: Final = (
    click.option(
        "--anchor", "anchors", multiple=True, metavar="CA", type=FILE, help="Certificate to trust. Repeatable."
    ),
    click.option("--mozilla", is_flag=True, help="Trust the roots that Mozilla trusts for e-mail."),
    click.option(
        "--decisions",
        "decisions_file",
        metavar="FILE",
        type=click.Path(),
        help="Your decisions (`sealwax trust accept`), instead of those in your configuration folder.",
    ),
    click.option(
        "--timestamp-anchor",
        "timestamp_anchors",
        multiple=True,
        metavar="CA",
        type=FILE,
        help="Certificate to trust for timestamps on signatures, and for nothing else. Repeatable.",
    ),
)
# Whether a certificate was revoked, and what files say about it.
_REVOCATION_OPTIONS: Final = (
    click.option(
        "--revocation",
        type=click.Choice([policy.value for policy in RevocationPolicy]),
        help="What to do where nobody says whether a certificate was revoked: required (the default) verifies "
        "nothing then, if-known goes on, not-checked does not ask.",
    ),
    click.option("--no-revocation", is_flag=True, help="The same as --revocation not-checked."),
    click.option(
        "--crl", "crl_files", multiple=True, metavar="FILE", type=FILE, help="Revocation list to go by. Repeatable."
    ),
    click.option(
        "--ocsp", "ocsp_files", multiple=True, metavar="FILE", type=FILE, help="OCSP response to go by. Repeatable."
    ),
)
# What may be asked for over the network.
_FETCH_OPTIONS: Final = (
    click.option(
        "--fetch/--offline",
        help="Ask the CAs' servers whether certificates were revoked; they then learn that somebody looks. "
        "--offline (the default) uses what was asked before.",
    ),
    click.option(
        "--fetch-issuers",
        is_flag=True,
        help="Fetch missing certificates of issuers from where certificates say; whoever made the message then "
        "learns that it is read.",
    ),
    click.option(
        "--fetch-host",
        "fetch_hosts",
        multiple=True,
        metavar="HOST[:PORT]",
        help="Fetch from this host though its address is private or its port another than 80 and 443; not for "
        "--fetch-issuers. Repeatable.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustOptions:
    """What --anchor and its neighbours say; `revocation` is None where nobody said anything about it."""

    anchors: tuple[str, ...]
    timestamp_anchors: tuple[str, ...]
    mozilla: bool
    revocation: RevocationPolicy | None
    no_revocation: bool
    crl_files: tuple[str, ...]
    ocsp_files: tuple[str, ...]
    fetch: bool
    fetch_issuers: bool
    fetch_hosts: tuple[str, ...]
    decisions_file: str | None

    @property
    def is_given(self) -> bool:
        """Whether any of the options was."""
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def fetched_kinds(self) -> frozenset[LookupKind]:
        """What may be asked for."""
        revocation = {LookupKind.OCSP, LookupKind.CRL} if self.fetch else set()
        return frozenset(revocation | ({LookupKind.ISSUER} if self.fetch_issuers else set()))

    def load_store(self) -> TrustStore:
        """The trust store, with the evidence that files hold. Raises OSError, MalformedMessage or UsageError.

        The user's own decisions count, and the list of an organisation that is followed, with its policy.
        """
        operator = load_operator_list(default_list_file(), at=now())
        evidence = Evidence(
            revocation_lists=tuple(parse_revocation_list(read_input(name)) for name in self.crl_files),
            ocsp_responses=tuple(parse_ocsp_response(read_input(name)) for name in self.ocsp_files),
            gathered_at=now(),
        )
        policy = self._choose_revocation()
        store = TrustStore(
            anchors=(*self._load_anchors(), *(operator.trust_store.anchors if operator else ())),
            requirements=operator.requirements if operator else NO_REQUIREMENTS,
            evidence=evidence,
            timestamp_anchors=_load_given(self.timestamp_anchors),
        )
        return store.with_revocation(policy) if policy else store

    def _load_anchors(self) -> tuple[TrustAnchor, ...]:
        decisions_file = Path(self.decisions_file) if self.decisions_file else default_decisions_file()
        anchors = _load_given(self.anchors) + load_decisions(decisions_file)
        if not self.mozilla:
            return anchors
        # Imported here: it is large, and most name their own.
        from smime_core.roots import mozilla_anchors

        return anchors + mozilla_anchors()

    def _choose_revocation(self) -> RevocationPolicy | None:
        # What is said here counts for all; otherwise each anchor has its own policy.
        if not self.no_revocation:
            return self.revocation
        if self.revocation not in (None, RevocationPolicy.NOT_CHECKED):
            raise click.UsageError(f"--no-revocation and --revocation {self.revocation} contradict each other")
        return RevocationPolicy.NOT_CHECKED


def _load_given(names: tuple[str, ...]) -> tuple[TrustAnchor, ...]:
    given = [certificate for name in names for certificate in parse_certificates(read_input(name))]
    return tuple(TrustAnchor(certificate=certificate) for certificate in given)


def trust_options(function: Function) -> Function:
    """The options as one argument, `trust`."""

    @functools.wraps(function)
    def collect(*arguments: Any, **options: Any) -> Any:
        own = {field.name: options.pop(field.name) for field in fields(TrustOptions)}
        own["revocation"] = RevocationPolicy(own["revocation"]) if own["revocation"] else None
        return function(*arguments, trust=TrustOptions(**own), **options)

    command: Any = collect
    # What is added last stands first in the help.
    for option in reversed((*_ANCHOR_OPTIONS, *_REVOCATION_OPTIONS, *_FETCH_OPTIONS)):
        command = option(command)
    return command  # type: ignore[no-any-return]


def verdict_options(function: Function) -> Function:
    """What a signature is judged by: `trust`, `sender`, `at` and `as_json`."""
    for option in (
        json_option,
        click.option("--at", type=UtcTime(), metavar="TIME", help="Judge as of this time: 2026-01-31T12:00:00Z."),
        click.option("--from", "sender", metavar="ADDRESS", help="The sender, where the message does not say."),
        trust_options,
    ):
        function = option(function)
    return function
