"""`sealwax trust`: whom the command relies on, and the user's own decisions about that."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from smime_core import blocking
from smime_core.certificate import Certificate, parse_certificates
from smime_core.certificate_page import describe_certificate
from smime_core.certificate_text import fingerprint_text
from smime_core.cli.files import lock_file, read_input, write_line
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE, json_option, now, write_json
from smime_core.cli.trust_files import (
    default_decisions_file,
    default_list_file,
    load_operator_list,
    read_decisions,
    save_decisions,
)
from smime_core.cli.trust_lists import follow, publish, show, unfollow
from smime_core.decisions import DecisionKind, add_decision, find_decision
from smime_core.explanation import trust_text
from smime_core.pkix import RevocationPolicy, TrustAnchor, TrustStore
from smime_core.report_json import anchor_to_json, certificate_to_json
from smime_core.roots import mozilla_anchors

decisions_option = click.option(
    "--decisions",
    "decisions_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=default_decisions_file,
    help="Where your decisions are kept, instead of your configuration folder.",
)


@click.group()
def trust() -> None:
    """Show whom you trust, and decide about certificates that nobody vouches for."""


for command in (follow, publish, show, unfollow):
    trust.add_command(command)


@trust.command(name="list")
@decisions_option
@json_option
def list_trust(decisions_file: Path, as_json: bool) -> None:
    """List your own decisions and your organisation's authorities.

    How many roots Mozilla trusts stands below; `sealwax trust roots` lists them.
    """
    own = tuple(decision.anchor for decision in read_decisions(decisions_file))
    operator = load_operator_list(default_list_file(), at=now())
    _write_anchors((*own, *(operator.anchors if operator else ())), as_json=as_json)
    if not as_json:
        write_line(f"Mozilla: {len(mozilla_anchors())} roots for e-mail, where --mozilla is given")


@trust.command()
@json_option
def roots(as_json: bool) -> None:
    """List the roots that Mozilla trusts for e-mail."""
    _write_anchors(mozilla_anchors(), as_json=as_json)


@trust.command()
@click.argument("source", metavar="CERT", type=FILE)
@click.option(
    "--for",
    "addresses",
    multiple=True,
    required=True,
    metavar="ADDRESS|@DOMAIN",
    help="Whom it counts for: an address, or a domain as @partner.example. Repeatable.",
)
@click.option("--ca", "is_authority", is_flag=True, help="Accept an authority and what it issues for these addresses.")
@click.option("--yes", "is_confirmed", is_flag=True, help="Do not ask: you have compared the fingerprint.")
@decisions_option
def accept(
    source: str, addresses: tuple[str, ...], is_authority: bool, is_confirmed: bool, decisions_file: Path
) -> None:
    """Accept a certificate that nobody you trust vouches for.

    CERT is a person's, or with --ca an authority's; further certificates in the file may show that somebody vouches for
    it after all. Compare the fingerprint with what its owner tells you another way, not with what came in the same
    mail.
    """
    certificates = parse_certificates(read_input(source))
    certificate = _choose(certificates, is_authority=is_authority)
    with lock_file(decisions_file):
        decisions = read_decisions(decisions_file)
        decision = blocking.make_decision(
            certificate,
            kind=DecisionKind.AUTHORITY if is_authority else DecisionKind.EXACT,
            addresses=addresses,
            at=now(),
            trust_store=_everything_trusted(tuple(one.anchor for one in decisions)),
            provider=PROVIDER,
            intermediates=certificates,
        )
        if not is_confirmed:
            _confirm(certificate, decision.anchor)
        save_decisions(decisions_file, add_decision(decisions, decision))
    write_line(f"{certificate.common_name}: {trust_text(decision.anchor)}")


@trust.command()
@click.argument("fingerprint")
@decisions_option
def remove(fingerprint: str, decisions_file: Path) -> None:
    """Take a decision back.

    FINGERPRINT is the certificate's SHA-256, or the beginning of it.
    """
    with lock_file(decisions_file):
        decisions = read_decisions(decisions_file)
        decision = find_decision(decisions, fingerprint)
        save_decisions(decisions_file, [one for one in decisions if one is not decision])
    write_line(f"{decision.certificate.common_name}: removed")


def _choose(certificates: Sequence[Certificate], *, is_authority: bool) -> Certificate:
    # Files often bring the chain along. One of the other kind is refused with its reason further on.
    return next((one for one in certificates if one.is_ca is is_authority), certificates[0])


def _everything_trusted(own: tuple[TrustAnchor, ...]) -> TrustStore:
    operator = load_operator_list(default_list_file(), at=now())
    anchors = (*own, *(operator.anchors if operator else ()), *mozilla_anchors())
    # Whether a path is known to be good is another question than whether there is one.
    return TrustStore(anchors=anchors, revocation=RevocationPolicy.IF_KNOWN)


def _confirm(certificate: Certificate, anchor: TrustAnchor) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to ask: compare the fingerprint, then say --yes")
    for row in describe_certificate(certificate).rows:
        write_line(f"{row.label}: {', '.join(row.texts)}")
    text = f"Did its owner tell you this fingerprint, and is it to count for {', '.join(anchor.addresses)}?"
    if not click.confirm(text, default=False):
        raise click.ClickException("nothing was accepted")


def _write_anchors(anchors: Sequence[TrustAnchor], *, as_json: bool) -> None:
    if as_json:
        write_json({"anchors": [_anchor_with_certificate(anchor) for anchor in anchors]})
        return
    for anchor in anchors:
        name, fingerprint = anchor.certificate.common_name, fingerprint_text(anchor.certificate.fingerprint)
        write_line(f"{name}: {trust_text(anchor)}; valid until {anchor.certificate.not_after:%Y-%m-%d}; {fingerprint}")


def _anchor_with_certificate(anchor: TrustAnchor) -> dict[str, Any]:
    return {**anchor_to_json(anchor), "certificate": certificate_to_json(anchor.certificate)}
