"""`sealwax add-recipients`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from sealwax.cli.judging.recipients import ALLOW_MIXED, RecipientOptions, confirm_mixed
from sealwax.cli.messages.rewriting import load_wrapped
from sealwax.cli.options.keys import KeyOptions
from sealwax.cli.options.parameters import InputToOutput
from sealwax.cli.options.passphrases import PassphraseSource, load_passwords
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import mode_like, write_output
from smime_core import blocking
from smime_core.cms import Encrypting, has_mixed_readers, parse_content_info, parse_enveloped_data
from smime_core.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRecipientsRequest(InputToOutput):
    """A message, its new recipients, and the keys that decrypt the message."""

    recipients: RecipientOptions = group_of(RecipientOptions)
    new_password_files: tuple[str, ...] = given_by(
        click.Option(
            ["--new-password-file", "new_password_files"],
            multiple=True,
            metavar="FILE",
            type=click.Path(),
            help="File whose first line is a password to add. Repeatable.",
        )
    )
    allows_mixed: bool = given_by(ALLOW_MIXED)
    keys: KeyOptions = group_of(KeyOptions)
    passphrases: PassphraseSource = group_of(PassphraseSource)

    def __post_init__(self) -> None:
        if not (self.recipients.to or self.new_password_files):
            raise click.UsageError("give --to or --new-password-file: for whom?")
        if not self.keys.are_given:
            raise click.UsageError("give --identity, --password-file or --shared-key to decrypt it")


@verb(AddRecipientsRequest, "add-recipients")
def add_recipients(request: AddRecipientsRequest) -> None:
    """Encrypt a message for further people. Its content stays as it is.

    --to and --new-password-file say for whom; --identity, --password-file or --shared-key decrypt it.
    """
    wrapped = load_wrapped(request.source)
    encrypting = Encrypting(
        recipients=request.recipients.load().certificates, passwords=load_passwords(request.new_password_files)
    )
    keys = request.keys.load(request.passphrases).keys
    cms = blocking.add_recipients(wrapped.cms, keys, encrypting, provider=PROVIDER, policy=Policy.ARCHIVE)
    if wrapped.headers is not None and _is_mixed(cms) and not (_is_mixed(wrapped.cms) or request.allows_mixed):
        confirm_mixed()
    write_output(request.target, wrapped.wrap(cms), mode=mode_like(request.source))


def _is_mixed(cms: bytes) -> bool:
    info = parse_content_info(cms)
    return has_mixed_readers(parse_enveloped_data(info.content, content_type=info.content_type).recipients)
