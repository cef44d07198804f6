"""`sealwax countersign` and `sealwax add-signer`: further signatures on signed content."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from sealwax.cli.messages.rewriting import load_wrapped
from sealwax.cli.options.parameters import CONTENT, SIGNER_NUMBER, SIGNERS, InputToOutput, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.signers import SignerChoice, load_signers
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import mode_like, write_error, write_output
from smime_core import blocking
from smime_core.cms import (
    SignerInfo,
    Signing,
    add_countersignature,
    find_signer_certificates,
    parse_content_info,
    parse_signed_data,
)
from smime_core.errors import SmimeError
from smime_core.mime import parse_entity
from smime_core.verdict import goes_before
from smime_core.x509 import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CountersignRequest(InputToOutput):
    """A signed message, the signature to sign, and the signers."""

    identity_files: tuple[str, ...] = given_by(SIGNERS)
    number: int = given_by(SIGNER_NUMBER)
    choice: SignerChoice = group_of(SignerChoice)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSignerRequest(InputToOutput):
    """A signed message, its content if it is detached, and the further signers."""

    identity_files: tuple[str, ...] = given_by(SIGNERS)
    content_file: str | None = given_by(CONTENT)
    choice: SignerChoice = group_of(SignerChoice)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(CountersignRequest)
def countersign(request: CountersignRequest) -> None:
    """Countersign somebody's signature, to confirm that it had been made by now.

    The content and the other signatures stay as they are. This command does not check them: verify them first.
    """
    wrapped, at = load_wrapped(request.source), now()
    cms = wrapped.cms
    # A countersignature is on somebody else's signature, so its signer need not be the author of the mail.
    for signer in load_signers(request.identity_files, request.passphrases, request.choice.rules(at)):
        cms = blocking.run(
            add_countersignature(cms, signer, signing_time=at, provider=PROVIDER, path=(request.number - 1,))
        )
    write_output(request.target, wrapped.wrap(cms), mode=mode_like(request.source))


@verb(AddSignerRequest, "add-signer")
def add_signer(request: AddSignerRequest) -> None:
    """Sign content that others have signed already.

    This command does not check their signatures: verify them first.
    """
    wrapped, at = load_wrapped(request.source, request.content_file), now()
    rules, beside = request.choice.rules(at, wrapped.headers), tuple(_find_signers(wrapped.cms))
    signers = load_signers(request.identity_files, request.passphrases, rules, beside=beside)
    cms = blocking.add_signer(
        wrapped.cms,
        Signing(identities=signers, signing_time=at),
        provider=PROVIDER,
        detached_content=wrapped.content,
        first=goes_before(signers[0], beside[0] if beside else None, rules),
    )
    signed = wrapped.wrap(cms)
    if wrapped.headers is not None and "," in parse_entity(signed).content_type.parameters.get("micalg", ""):
        write_error("the signers' keys have no common digest, and Thunderbird sees no signature in clear with two")
    write_output(request.target, signed, mode=mode_like(request.source))


def _find_signers(cms: bytes) -> Iterator[Certificate]:
    """The readable certificates of the earlier signers."""
    signed_data = parse_signed_data(parse_content_info(cms).content)
    for info in signed_data.signer_infos:
        if isinstance(info, SignerInfo):
            with contextlib.suppress(SmimeError):
                yield from find_signer_certificates(info, signed_data.certificates)
