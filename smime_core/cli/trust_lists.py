"""`sealwax trust publish`, `show`, `follow` and `unfollow`: an organisation's signed list of what it trusts."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import click

from smime_core import blocking
from smime_core.certificate import parse_certificate, parse_certificates
from smime_core.certificate_text import fingerprint_text
from smime_core.cli.files import lock_file, read_input, write_line, write_output
from smime_core.cli.operations import PROVIDER
from smime_core.cli.options import FILE, json_option, load_signers, now, output_option, write_json
from smime_core.cli.passphrases import PassphraseSource, passphrase_options
from smime_core.cli.trust_files import default_list_file, read_followed_list, save_followed_list
from smime_core.content_info import armor
from smime_core.explanation import trust_text
from smime_core.pkix import RevocationPolicy, TrustAnchor
from smime_core.report_json import time_to_json
from smime_core.roots import mozilla_anchors
from smime_core.trust_list import TrustList, find_operator
from smime_core.trust_list_json import trust_list_to_json

_DAYS = 30


@click.command()
@output_option
@click.option("--identity", "identity_file", required=True, metavar="P12", type=FILE, help="The operator's identity.")
@click.option("--name", required=True, help="The organisation's name, as its people know it.")
@click.option(
    "--serial", type=click.IntRange(min=1), help="Number of the list; the seconds since 1970 where it is not given."
)
@click.option("--days", type=click.IntRange(1, 366), default=_DAYS, show_default=True, help="How long the list counts.")
@click.option("--anchor", "anchors", multiple=True, metavar="CA", type=FILE, help="Trusted for everybody. Repeatable.")
@click.option(
    "--limited-anchor",
    "limited",
    multiple=True,
    nargs=2,
    metavar="CA ADDRESS[,ADDRESS]",
    help="Trusted for these addresses or domains, as @partner.example, only. Repeatable.",
)
@click.option("--mozilla", is_flag=True, help="Trust the roots that Mozilla trusts for e-mail, too.")
@click.option(
    "--revocation",
    type=click.Choice([policy.value for policy in RevocationPolicy]),
    default=RevocationPolicy.REQUIRED.value,
    show_default=True,
    help="What to do where nobody says whether a certificate was revoked.",
)
@click.option("--directory", "directories", multiple=True, metavar="URL", help="Where certificates are. Repeatable.")
@passphrase_options
def publish(
    target: str,
    identity_file: str,
    name: str,
    serial: int | None,
    days: int,
    anchors: tuple[str, ...],
    limited: tuple[tuple[str, str], ...],
    mozilla: bool,
    revocation: str,
    directories: tuple[str, ...],
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Sign your organisation's list of whom its people trust.

    Whoever follows the list takes only newer ones, by their number, and none that has ended: publish in time.
    """
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    (signer,) = load_signers([identity_file], passphrases)
    at = now()
    trusted = [anchor for source in anchors for anchor in _load_anchors(source, ())]
    trusted += [anchor for source, words in limited for anchor in _load_anchors(source, words.split(","))]
    trust_list = TrustList(
        name=name,
        serial_number=serial if serial is not None else int(at.timestamp()),
        issued=at,
        expires=at + datetime.timedelta(days=days),
        anchors=(*trusted, *(mozilla_anchors() if mozilla else ())),
        revocation=RevocationPolicy(revocation),
        directories=directories,
    )
    cms = blocking.sign_trust_list(trust_list, identity=signer, provider=PROVIDER, signing_time=at)
    write_output(target, armor(cms).encode("ascii"))


@click.command()
@click.argument("source", metavar="LIST", type=FILE)
@click.option("--operator", "operator_file", metavar="CERT", type=FILE, help="Whose list it has to be.")
@json_option
def show(source: str, operator_file: str | None, as_json: bool) -> None:
    """Show a list: whose it is, until when it counts, and what is in it.

    Without --operator anybody may have signed it: compare the fingerprint that is shown before you follow it.
    """
    cms = read_input(source)
    operator = parse_certificate(read_input(operator_file)) if operator_file else find_operator(cms)
    trust_list = blocking.open_trust_list(cms, operator=operator, provider=PROVIDER, at=now())
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


@click.command()
@click.argument("source", metavar="LIST", type=FILE)
@click.option(
    "--operator",
    "operator_file",
    metavar="CERT",
    type=FILE,
    help="Whose list it is, given once: pinned from then on.",
)
def follow(source: str, operator_file: str | None) -> None:
    """Trust what your organisation's list says, or take a newer one.

    One list is followed at a time. Newer ones need no --operator: they have to be by the one that was pinned.
    """
    path, cms, at = default_list_file(), read_input(source), now()
    with lock_file(path):
        before = read_followed_list(path)
        if operator_file is not None:
            operator = parse_certificate(read_input(operator_file))
            if before is not None and before.operator != operator:
                raise click.ClickException(f"you follow a list of {before.operator.common_name}: unfollow it first")
            followed = blocking.follow_trust_list(cms, operator=operator, provider=PROVIDER, at=at)
        elif before is None:
            raise click.UsageError("say whose list it is: --operator")
        if before is not None:
            followed = blocking.renew_trust_list(before, cms, provider=PROVIDER, at=at)
        save_followed_list(path, followed)
    write_line(f"following the list of {followed.operator.common_name}, number {followed.serial_number}")


@click.command()
def unfollow() -> None:
    """Trust your organisation's list no more."""
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
        for certificate in parse_certificates(read_input(source))
    ]
