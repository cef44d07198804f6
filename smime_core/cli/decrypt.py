"""`sealwax decrypt`."""

from __future__ import annotations

import datetime

import click

from smime_core.cli import operations
from smime_core.cli.files import PRIVATE_MODE, STANDARD_STREAM, open_input, open_output, write_error
from smime_core.cli.looking_up import judge
from smime_core.cli.opening import decrypt as open_sealed
from smime_core.cli.operations import Keys
from smime_core.cli.options import (
    identities_option,
    input_argument,
    load_all_identities,
    now,
    output_option,
    write_json,
)
from smime_core.cli.passphrases import PassphraseSource, load_passwords, passphrase_options, password_file_option
from smime_core.cli.progress import show_progress
from smime_core.cli.remembering import Remembering, remember_options
from smime_core.cli.shared_keys import load_shared_keys, shared_key_option
from smime_core.cli.verdict import WORDS
from smime_core.cli.verdict_options import TrustOptions, verdict_options
from smime_core.errors import SmimeError
from smime_core.report import Reason, State
from smime_core.report_json import description_to_json, reasons_to_json, report_to_json


@click.command()
@input_argument
@output_option
@identities_option
@password_file_option
@shared_key_option
@click.option("--raw", is_flag=True, help="Write what was sealed as it is, without the mail's headers.")
@remember_options
@verdict_options
@passphrase_options
def decrypt(
    source: str,
    target: str,
    identity_files: tuple[str, ...],
    password_files: tuple[str, ...],
    shared_keys: tuple[str, ...],
    raw: bool,
    remembering: Remembering,
    trust: TrustOptions,
    sender: str | None,
    at: datetime.datetime | None,
    as_json: bool,
    file: str | None,
    descriptor: int | None,
    keyring_entry: str | None,
) -> None:
    """Decrypt a mail.

    The result is the inner entity under the outer headers, the protected ones where there are any. Signatures around
    the encryption are taken off, those inside it stay.
    Bare CMS gives the content as it was. Exits 0 when it was decrypted, whatever is inside; any option about
    trust, --from, --at and --json also report on the signature inside.
    """
    if not (identity_files or password_files or shared_keys):
        raise click.UsageError("give --identity, --password-file or --shared-key")
    if as_json and target == STANDARD_STREAM:
        raise click.UsageError("--json and the content cannot both go to standard output: give -o")
    passphrases = PassphraseSource(file=file, descriptor=descriptor, keyring_entry=keyring_entry)
    trust_store = trust.load_store()
    with open_input(source) as data, show_progress(data, "Decrypting") as watched:
        keys = Keys(
            identities=load_all_identities(identity_files, passphrases),
            passwords=load_passwords(password_files),
            shared_keys=load_shared_keys(shared_keys),
        )
        with open_output(target, mode=PRIVATE_MODE) as output:
            open_sealed(watched, output, keys, raw=raw)
        if not (trust.is_given or remembering.wanted or sender or at or as_json):
            return
        known = remembering.load_known()
        try:
            judged = judge(
                lambda store: operations.examine(
                    watched, trust_store=store, at=at or now(), sender=sender, keys=keys, contacts=known
                ),
                trust_store,
                trust,
            )
        except SmimeError as error:
            # It was decrypted, which is what was asked for; what is inside cannot be judged.
            _show_problem(error, as_json=as_json)
            return
    remembering.remember(judged.report, trust_store=trust_store, at=at or now())
    if as_json:
        write_json(report_to_json(judged.report))
    else:
        write_error(judged.line)


def _show_problem(error: SmimeError, *, as_json: bool) -> None:
    if as_json:
        reasons = reasons_to_json([Reason(code=error.code, sentence=str(error))])
        write_json({**description_to_json(None), "state": str(State.INVALID), "reasons": reasons})
    else:
        write_error(f"{WORDS[State.INVALID]}: {error.code}: {error}")
