"""The options that choose the signers among the keys in files. They choose by the rules of `smime_core.verdict`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from sealwax.cli.options.identities import load_each_file
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by
from sealwax.cli.streams.files import write_error
from smime_core.errors import NoUsableSigner
from smime_core.mime import Entity, Headers, read_date
from smime_core.text import utc_text

if TYPE_CHECKING:
    # The modules that read key files are imported when the first file is read.
    from smime_core.identity import Identity
    from smime_core.verdict import SignerRules
    from smime_core.x509 import Certificate

HOLDER: Final = click.Option(
    ["--as", "holder"],
    metavar="ADDRESS",
    help="Whose key signs, though the author is somebody else. For a certificate without addresses: its subject.",
)
_DATE_SLACK: Final = datetime.timedelta(hours=1)
_EXPIRED: Final = "certificate-expired"
_WEAK: Final = "weak-key"
_NOT_THE_AUTHOR: Final = frozenset(
    {
        "no-sender",
        "several-senders",
        "sender-mismatch",
        "signed-by-sender-field",
        "no-address-in-certificate",
        "receipt-not-recipient",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerChoice:
    """The user's options about signers: which key signs, and whether expired certificates and weak keys may sign."""

    allow_expired: bool = given_by(
        click.Option(["--allow-expired"], is_flag=True, help="Sign though the certificate has expired.")
    )
    allow_weak: bool = given_by(
        click.Option(["--allow-weak"], is_flag=True, help="Sign though the key is too short to prove much.")
    )
    holder: str | None = given_by(HOLDER)

    def rules(self, at: datetime.datetime, headers: Headers | None = None) -> SignerRules:
        """The rules for signing at this time. If `headers` are given, the author of this mail has to sign."""
        from smime_core.verdict import SignerRules, read_claim

        return SignerRules(
            at=at,
            claimed=None if headers is None else read_claim(headers),
            holder=self.holder,
            allows_expired=self.allow_expired,
            allows_weak=self.allow_weak,
        )


def headers_of(node: Entity | bytes) -> Headers | None:
    """The header fields of a mail, or None for bare CMS."""
    return node.headers if isinstance(node, Entity) else None


def warn_of_date(headers: Headers | None, at: datetime.datetime) -> None:
    """Warn on standard error if the Date of a mail is more than an hour from the time of signing.

    Thunderbird calls the signature of such a mail not valid.
    """
    date = read_date(headers)
    if date is not None and abs(date - at) > _DATE_SLACK:
        write_error(
            f"the mail is dated {utc_text(date)}, more than an hour from now: Thunderbird will call its signature"
            " invalid"
        )


def warn_of_author(headers: Headers | None) -> None:
    """Warn on standard error if a mail names no author, with whom readers' programs compare the signer."""
    from smime_core.verdict import read_claim

    if headers is not None and read_claim(headers) is None:
        write_error("the mail has no From: until it has one, no reader can verify who signed it")


def load_signers(
    names: Sequence[str], source: PassphraseSource, rules: SignerRules, *, beside: Sequence[Certificate] = ()
) -> tuple[Identity, ...]:
    """The signer from each file. `beside` has the certificates of earlier signers.

    A warning about a certificate that is not valid, or a weak key, goes to standard error. Raises NoUsableSigner and
    the errors of reading the files.
    """
    return choose_signers(load_each_file(names, source), rules, beside=beside)


def load_signer(name: str, source: PassphraseSource, rules: SignerRules) -> Identity:
    """The signer from a file. Raises the errors of `load_signers`."""
    return load_signers([name], source, rules)[0]


def choose_signers(
    groups: Sequence[Sequence[Identity]], rules: SignerRules, *, beside: Sequence[Certificate] = ()
) -> tuple[Identity, ...]:
    """The signer from each group, as from `load_signers`. Raises NoUsableSigner."""
    from smime_core import verdict
    from smime_core.pkix import find_validity_fault
    from smime_core.policy import find_weakness

    try:
        chosen = verdict.choose_signers(groups, rules, beside=beside)
    except NoUsableSigner as error:
        raise NoUsableSigner(f"{error}{_hint(error, rules)}", codes=error.codes) from error
    for signer in chosen:
        text = find_validity_fault(signer.certificate, rules.at)
        if text is not None:
            write_error(f"{text}, and signs all the same")
        weakness = find_weakness(signer.certificate.public_key)
        if weakness is not None:
            write_error(f"the key of {signer.certificate.common_name} is short ({weakness}), and signs all the same")
    return chosen


def _hint(error: NoUsableSigner, rules: SignerRules) -> str:
    """The options that would help, if there is an option against each of the reasons."""
    is_foreign = error.why in _NOT_THE_AUTHOR and rules.holder is None
    options = [
        *(["--as ADDRESS"] if is_foreign else []),
        *(["--allow-expired"] if _EXPIRED in error.codes else []),
        *(["--allow-weak"] if _WEAK in error.codes else []),
    ]
    is_enough = len(options) == len(error.codes)
    return f"; to sign all the same give {' and '.join(options)}" if is_enough else ""
