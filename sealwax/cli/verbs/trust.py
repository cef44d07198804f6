"""`sealwax trust`: the trusted authorities, and the user's own decisions about certificates."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from sealwax.cli.options.parameters import FILE, REPORT_JSON, now
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import lock_file, read_input, write_json, write_line
from sealwax.cli.user_files.trust import (
    default_decisions_file,
    default_list_file,
    load_operator_list,
    read_decisions,
    save_decisions,
)
from sealwax.cli.verbs.trust_lists import follow, publish, show, unfollow
from sealwax.roots import mozilla_anchors
from smime_core import blocking
from smime_core.cms import parse_every_certificate
from smime_core.pkix import RevocationPolicy, TrustAnchor, TrustStore
from smime_core.report import anchor_to_json, certificate_to_json, describe_certificate, fingerprint_text, trust_text
from smime_core.trust import DecisionKind, add_decision, find_decision, make_decision
from smime_core.x509 import Certificate

_DECISIONS: Final = click.Option(
    ["--decisions", "decisions_file"],
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=default_decisions_file,
    help="Where your decisions are kept, instead of your configuration folder.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """A certificate, and the addresses for which it is accepted."""

    source: str = given_by(click.Argument(["source"], metavar="CERT", type=FILE))
    addresses: tuple[str, ...] = given_by(
        click.Option(
            ["--for", "addresses"],
            multiple=True,
            required=True,
            metavar="ADDRESS|@DOMAIN",
            help="Whom it counts for: an address, or a domain as @partner.example. Repeatable.",
        )
    )
    is_authority: bool = given_by(
        click.Option(
            ["--ca", "is_authority"],
            is_flag=True,
            help="Accept an authority and what it issues for these addresses.",
        )
    )
    is_confirmed: bool = given_by(
        click.Option(["--yes", "is_confirmed"], is_flag=True, help="Do not ask: you have compared the fingerprint.")
    )
    decisions_file: Path = given_by(_DECISIONS)


@click.group()
def trust() -> None:
    """Show whom you trust, and decide about certificates that no authority vouches for."""


for command in (follow, publish, show, unfollow):
    trust.add_command(command)


@trust.command(name="list", params=[_DECISIONS, REPORT_JSON])
def list_trust(decisions_file: Path, as_json: bool) -> None:
    """List your own decisions and your organisation's authorities.

    The last line says how many roots Mozilla trusts; `sealwax trust roots` lists them.
    """
    own = tuple(decision.anchor for decision in read_decisions(decisions_file))
    operator = load_operator_list(default_list_file(), at=now())
    anchors = (*own, *(operator.anchors if operator else ()))
    if as_json:
        write_json(_anchors_to_json(anchors))
    else:
        _write_anchors(anchors)
        write_line(f"Mozilla: {len(mozilla_anchors())} roots for e-mail, where --mozilla is given")


@trust.command(params=[REPORT_JSON])
def roots(as_json: bool) -> None:
    """List the roots that Mozilla trusts for e-mail."""
    if as_json:
        write_json(_anchors_to_json(mozilla_anchors()))
    else:
        _write_anchors(mozilla_anchors())


@verb(AcceptRequest, group=trust)
def accept(request: AcceptRequest) -> None:
    """Accept a certificate that no authority you trust vouches for.

    CERT is a person's, or with --ca an authority's. Further certificates in the file may show that an authority vouches
    for CERT after all. Compare the fingerprint with the one that its owner tells you in another way, not with one from
    the same mail.
    """
    certificates = parse_every_certificate(read_input(request.source), request.source)
    certificate = _choose(certificates, is_authority=request.is_authority)
    with lock_file(request.decisions_file):
        decisions = read_decisions(request.decisions_file)
        decision = blocking.run(
            make_decision(
                certificate,
                kind=DecisionKind.AUTHORITY if request.is_authority else DecisionKind.EXACT,
                addresses=request.addresses,
                at=now(),
                trust_store=_everything_trusted(tuple(earlier.anchor for earlier in decisions)),
                provider=PROVIDER,
                intermediates=certificates,
            )
        )
        if not request.is_confirmed:
            _confirm(certificate, decision.anchor)
        save_decisions(request.decisions_file, add_decision(decisions, decision))
    write_line(f"{certificate.common_name}: {trust_text(decision.anchor)}")


@trust.command(params=[click.Argument(["fingerprint"]), _DECISIONS])
def remove(fingerprint: str, decisions_file: Path) -> None:
    """Remove a decision.

    FINGERPRINT is the certificate's SHA-256, or the beginning of it.
    """
    with lock_file(decisions_file):
        decisions = read_decisions(decisions_file)
        decision = find_decision(decisions, fingerprint)
        save_decisions(decisions_file, [other for other in decisions if other is not decision])
    write_line(f"{decision.certificate.common_name}: removed")


def _choose(certificates: Sequence[Certificate], *, is_authority: bool) -> Certificate:
    # Files often contain the chain too. If the file has only certificates of the other kind, `make_decision` refuses
    # the first one with the reason.
    return next((certificate for certificate in certificates if certificate.is_ca is is_authority), certificates[0])


def _everything_trusted(own: tuple[TrustAnchor, ...]) -> TrustStore:
    operator = load_operator_list(default_list_file(), at=now())
    anchors = (*own, *(operator.anchors if operator else ()), *mozilla_anchors())
    # `make_decision` needs only a path to an anchor, so an unknown revocation status is accepted here.
    return TrustStore(anchors=anchors, revocation=RevocationPolicy.IF_KNOWN)


def _confirm(certificate: Certificate, anchor: TrustAnchor) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask: compare the fingerprint, then give --yes")
    for row in describe_certificate(certificate).rows:
        write_line(f"{row.label}: {', '.join(row.texts)}")
    text = f"Did its owner tell you this fingerprint, and is it to count for {', '.join(anchor.addresses)}?"
    if not click.confirm(text, default=False):
        raise click.ClickException("nothing was accepted")


def _write_anchors(anchors: Sequence[TrustAnchor]) -> None:
    for anchor in anchors:
        name, fingerprint = anchor.certificate.common_name, fingerprint_text(anchor.certificate.fingerprint)
        write_line(f"{name}: {trust_text(anchor)}; valid until {anchor.certificate.not_after:%Y-%m-%d}; {fingerprint}")


def _anchors_to_json(anchors: Sequence[TrustAnchor]) -> dict[str, Any]:
    return {
        "anchors": [
            {**anchor_to_json(anchor), "certificate": certificate_to_json(anchor.certificate)} for anchor in anchors
        ]
    }
