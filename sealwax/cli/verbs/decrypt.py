"""`sealwax decrypt`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from sealwax.cli.judging.looking_up import judge
from sealwax.cli.judging.remembering import Remembering
from sealwax.cli.judging.verdict_line import WORDS
from sealwax.cli.messages import decryption, operations
from sealwax.cli.messages.operations import Message
from sealwax.cli.options.keys import KeyOptions
from sealwax.cli.options.parameters import PART, InputToOutput
from sealwax.cli.options.passphrases import PassphraseSource
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.trust import VerdictOptions
from sealwax.cli.streams.files import PRIVATE_MODE, STANDARD_STREAM, open_input, open_output, write_error, write_json
from sealwax.cli.streams.progress import show_progress
from smime_core.cms import Keys
from smime_core.describe import description_to_json
from smime_core.errors import SmimeError
from smime_core.pkix import TrustStore
from smime_core.report import Reason, State, reasons_to_json, report_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class DecryptRequest(InputToOutput):
    """An encrypted message, the keys that decrypt it, and the options for judging the signers inside."""

    keys: KeyOptions = group_of(KeyOptions)
    part: str | None = given_by(PART)
    raw: bool = given_by(
        click.Option(["--raw"], is_flag=True, help="Write what was encrypted as it is, without the mail's headers.")
    )
    remembering: Remembering = group_of(Remembering)
    verdict: VerdictOptions = group_of(VerdictOptions)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if not self.keys.are_given:
            raise click.UsageError("give --identity, --password-file or --shared-key")
        if self.verdict.as_json and self.target == STANDARD_STREAM:
            raise click.UsageError("--json and the content cannot both go to standard output: give -o")

    @property
    def asks_for_verdict(self) -> bool:
        """Whether the user wants a verdict on the signature inside too."""
        return self.verdict.is_given or self.remembering.is_wanted


@verb(DecryptRequest)
def decrypt(request: DecryptRequest) -> None:
    """Decrypt a mail.

    The result is the inner entity under the outer headers, or under the protected ones if there are any. Signatures
    around the encryption are removed, those inside it stay.
    From bare CMS, the content is written as it was. Exits 0 when the message was decrypted, even if the signature
    inside is not verified. Options about trust, --from, --at and --json also report on that signature.
    With --part only that part is decrypted and judged.
    """
    trust_store = request.verdict.trust.load_store()
    with open_input(request.source) as data, show_progress(data, "Decrypting") as watched:
        reader = request.keys.load(request.passphrases)
        message = operations.take_part(watched, request.part, reader.keys) if request.part is not None else watched
        with open_output(request.target, PRIVATE_MODE) as output:
            decryption.decrypt(message, output, reader, raw=request.raw)
        if request.asks_for_verdict:
            _judge_inside(request, message, reader.keys, trust_store)


def _judge_inside(request: DecryptRequest, data: Message, keys: Keys, trust_store: TrustStore) -> None:
    options, known = request.verdict, request.remembering.load_known()
    try:
        judged = judge(
            lambda store: operations.examine(data, options.judging(store, known), sender=options.sender, keys=keys),
            trust_store,
            options.trust,
        )
    except SmimeError as error:
        # The message was decrypted as requested, so this is a success, although the content cannot be judged.
        _show_problem(error, as_json=options.as_json)
        return
    request.remembering.keep_sender(judged.report, trust_store, options.moment)
    if options.as_json:
        write_json(report_to_json(judged.report))
    else:
        write_error(judged.line)


def _show_problem(error: SmimeError, *, as_json: bool) -> None:
    # An unreadable signature counts as not verified. It is not proved to be invalid.
    state = State.SIGNED_UNVERIFIED
    if as_json:
        reasons = reasons_to_json([Reason(code=error.code, sentence=str(error))])
        write_json({**description_to_json(None), "state": str(state), "reasons": reasons})
    else:
        write_error(f"{WORDS[state]}: {error.code}: {error}")
