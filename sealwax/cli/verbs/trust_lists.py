"""`sealwax trust publish`, `show`, `follow` and `unfollow`: an organisation's signed list of what it trusts."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import click

from sealwax.cli.options.parameters import FILE, OUTPUT, REPORT_JSON, ValueChoice, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import SignerChoice, load_signer
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import lock_file, read_input, write_json, write_line, write_output
from sealwax.cli.user_files.trust import default_list_file, read_followed_list, save_followed_list
from sealwax.roots import mozilla_anchors
from smime_core import blocking
from smime_core.cms import armor, parse_every_certificate
from smime_core.own_content import (
    TrustList,
    find_operator,
    follow_trust_list,
    renew_trust_list,
    sign_trust_list,
    trust_list_to_json,
    verify_trust_list,
)
from smime_core.pkix import RevocationPolicy, TrustAnchor
from smime_core.report import fingerprint_text, time_to_json, trust_text
from smime_core.x509 import parse_certificate

_DAYS: Final = 30
_LIST: Final = click.Argument(["source"], metavar="LIST", type=FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """The contents of an organisation's list, and its signer."""

    target: str = given_by(OUTPUT)
    identity_file: str = given_by(
        click.Option(
            ["--identity", "identity_file"],
            required=True,
            metavar="P12",
            type=FILE,
            help="The operator's identity.",
        )
    )
    name: str = given_by(
        click.Option(["--name"], required=True, help="The organisation's name, as its people know it.")
    )
    serial: int | None = given_by(
        click.Option(
            ["--serial"],
            type=click.IntRange(min=1),
            help="Number of the list, by default the seconds since 1970.",
        )
    )
    days: int = given_by(
        click.Option(
            ["--days"],
            type=click.IntRange(1, 366),
            default=_DAYS,
            show_default=True,
            help="How long the list counts.",
        )
    )
    anchors: tuple[str, ...] = given_by(
        click.Option(
            ["--anchor", "anchors"],
            multiple=True,
            metavar="CA",
            type=FILE,
            help="Trusted for everybody. Repeatable.",
        )
    )
    limited: tuple[tuple[str, str], ...] = given_by(
        click.Option(
            ["--limited-anchor", "limited"],
            multiple=True,
            type=(FILE, str),
            metavar="CA ADDRESS[,ADDRESS]",
            help="Trusted for these addresses or domains, as @partner.example, only. Repeatable.",
        )
    )
    mozilla: bool = given_by(
        click.Option(["--mozilla"], is_flag=True, help="Trust the roots that Mozilla trusts for e-mail, too.")
    )
    revocation: RevocationPolicy = given_by(
        click.Option(
            ["--revocation"],
            type=ValueChoice(RevocationPolicy),
            default=RevocationPolicy.REQUIRED.value,
            show_default=True,
            help="What to do if it is unknown whether a certificate was revoked.",
        )
    )
    directories: tuple[str, ...] = given_by(
        click.Option(
            ["--directory", "directories"], multiple=True, metavar="URL", help="Where certificates are. Repeatable."
        )
    )
    choice: SignerChoice = group_of(SignerChoice)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def load_list(self, at: datetime.datetime) -> TrustList:
        """The list to sign, issued at `at`. Raises OSError or MalformedMessage."""
        trusted = [anchor for source in self.anchors for anchor in _load_anchors(source, ())]
        trusted += [anchor for source, words in self.limited for anchor in _load_anchors(source, words.split(","))]
        return TrustList(
            name=self.name,
            serial_number=self.serial if self.serial is not None else int(at.timestamp()),
            issued=at,
            expires=at + datetime.timedelta(days=self.days),
            anchors=(*trusted, *(mozilla_anchors() if self.mozilla else ())),
            revocation=self.revocation,
            directories=self.directories,
        )


@verb(PublishRequest)
def publish(request: PublishRequest) -> None:
    """Sign your organisation's list of the authorities that its people trust.

    People who follow the list accept only lists with a higher number, and none that has ended: publish in time.
    """
    at = now()
    signer = load_signer(request.identity_file, request.passphrases, request.choice.rules(at))
    cms = blocking.run(sign_trust_list(request.load_list(at), identity=signer, provider=PROVIDER, signing_time=at))
    write_output(request.target, armor(cms).encode("ascii"))


@click.command(
    params=[
        _LIST,
        click.Option(["--operator", "operator_file"], metavar="CERT", type=FILE, help="Whose list it has to be."),
        REPORT_JSON,
    ]
)
def show(source: str, operator_file: str | None, as_json: bool) -> None:
    """Show a list: who signed it, until when it counts, and what is in it.

    Without --operator anybody may have signed the list. Compare the shown fingerprint before you follow the list.
    """
    cms = read_input(source)
    operator = parse_certificate(read_input(operator_file)) if operator_file else find_operator(cms)
    trust_list = blocking.run(verify_trust_list(cms, PROVIDER, operator, now()))
    if as_json:
        write_json(trust_list_to_json(trust_list, operator))
        return
    write_line(f"list of {trust_list.name}, number {trust_list.serial_number}")
    write_line(f"signed by {operator.common_name}; {fingerprint_text(operator.fingerprint)}")
    write_line(f"counts from {time_to_json(trust_list.issued)} to {time_to_json(trust_list.expires)}")
    write_line(f"revocation: {trust_list.revocation}")
    for url in trust_list.directories:
        write_line(f"directory: {url}")
    for anchor in trust_list.anchors:
        fingerprint = fingerprint_text(anchor.certificate.fingerprint)
        write_line(f"{anchor.certificate.common_name}: {trust_text(anchor)}; {fingerprint}")


@click.command(
    params=[
        _LIST,
        click.Option(
            ["--operator", "operator_file"],
            metavar="CERT",
            type=FILE,
            help="Whose list it is, given once: pinned from then on.",
        ),
    ]
)
def follow(source: str, operator_file: str | None) -> None:
    """Trust what your organisation's list says, or accept a newer one.

    You follow one list at a time. A newer list needs no --operator: the operator that was pinned must have signed it.
    """
    path, cms = default_list_file(), read_input(source)
    with lock_file(path):
        before = read_followed_list(path)
        if operator_file is not None:
            operator = parse_certificate(read_input(operator_file))
            if before is not None and before.operator != operator:
                raise click.ClickException(f"you follow a list of {before.operator.common_name}: unfollow it first")
            followed = blocking.run(follow_trust_list(cms, PROVIDER, operator, now()))
        elif before is None:
            raise click.UsageError("say whose list it is: --operator")
        if before is not None:
            followed = blocking.run(renew_trust_list(before, cms, PROVIDER, now()))
        save_followed_list(path, followed)
    write_line(f"following the list of {followed.operator.common_name}, number {followed.serial_number}")


@click.command()
def unfollow() -> None:
    """Stop trusting your organisation's list."""
    path = default_list_file()
    with lock_file(path):
        if read_followed_list(path) is None:
            raise click.ClickException("you follow no list")
        path.unlink()
    write_line("no list is followed any more")


def _load_anchors(source: str, addresses: Sequence[str]) -> list[TrustAnchor]:
    own = tuple(address.strip() for address in addresses)
    return [
        TrustAnchor(certificate=certificate, addresses=own, is_exact=not certificate.is_ca)
        for certificate in parse_every_certificate(read_input(source), source)
    ]
