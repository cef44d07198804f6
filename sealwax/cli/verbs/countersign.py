"""`sealwax countersign` and `sealwax add-signer`: further signatures on signed content."""

from __future__ import annotations

from dataclasses import dataclass

from sealwax.cli.messages.rewriting import load_wrapped
from sealwax.cli.options.identities import load_signers
from sealwax.cli.options.parameters import CONTENT, INPUT, OUTPUT, SIGNER_NUMBER, SIGNERS, now
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import mode_like, write_output
from smime_core import blocking
from smime_core.cms import Signing, add_countersignature


@dataclass(frozen=True, slots=True, kw_only=True)
class CountersignRequest:
    """A signed message, the signature to sign, and the signers."""

    source: str = given_by(INPUT)
    target: str = given_by(OUTPUT)
    identity_files: tuple[str, ...] = given_by(SIGNERS)
    number: int = given_by(SIGNER_NUMBER)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSignerRequest:
    """A signed message, its content where that is detached, and the further signers."""

    source: str = given_by(INPUT)
    target: str = given_by(OUTPUT)
    identity_files: tuple[str, ...] = given_by(SIGNERS)
    content_file: str | None = given_by(CONTENT)
    passphrases: PassphraseSource = group_of(PassphraseSource)


@verb(CountersignRequest)
def countersign(request: CountersignRequest) -> None:
    """Sign somebody's signature: that it had been made by now.

    The content and the other signatures stay as they are. This command does not check them: verify them first.
    """
    wrapped, at = load_wrapped(request.source), now()
    cms = wrapped.cms
    for signer in load_signers(request.identity_files, request.passphrases):
        path = (request.number - 1,)
        cms = blocking.run(add_countersignature(cms, signer, signing_time=at, provider=PROVIDER, path=path))
    write_output(request.target, wrapped.wrap(cms), mode=mode_like(request.source))


@verb(AddSignerRequest, "add-signer")
def add_signer(request: AddSignerRequest) -> None:
    """Sign the same content as those who have signed it already.

    This command does not check their signatures: verify them first.
    """
    wrapped = load_wrapped(request.source, request.content_file)
    signing = Signing(identities=load_signers(request.identity_files, request.passphrases), signing_time=now())
    cms = blocking.add_signer(wrapped.cms, signing, provider=PROVIDER, detached_content=wrapped.content)
    write_output(request.target, wrapped.wrap(cms), mode=mode_like(request.source))
