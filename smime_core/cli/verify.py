"""`sealwax verify`."""

from __future__ import annotations

import contextlib
import datetime

import click

from smime_core.cli import operations
from smime_core.cli.files import (
    PRIVATE_MODE,
    STANDARD_STREAM,
    open_input,
    open_output,
    write_error,
    write_line,
    write_tree_line,
)
from smime_core.cli.group import DONE, NOT_AS_ASKED
from smime_core.cli.looking_up import Judged, judge
from smime_core.cli.options import FILE, input_argument, now, write_json
from smime_core.cli.progress import show_progress
from smime_core.cli.remembering import Remembering, remember_options
from smime_core.cli.verdict_options import TrustOptions, verdict_options
from smime_core.mail_address import addresses_match
from smime_core.report import MessageReport, State


@click.command()
@input_argument
@click.option(
    "-o", "--output", "target", metavar="OUT", type=FILE, help="Where the signed content goes, unless it is invalid."
)
@click.option("--content", "content_file", metavar="FILE", type=FILE, help="The content of a detached signature.")
@click.option("--explain", is_flag=True, help="Also say who vouches for whom, from whom you trust to the signer.")
@remember_options
@verdict_options
def verify(
    source: str,
    target: str | None,
    content_file: str | None,
    explain: bool,
    remembering: Remembering,
    trust: TrustOptions,
    sender: str | None,
    at: datetime.datetime | None,
    as_json: bool,
) -> int:
    """Say whether a message is what it claims to be.

    Exits 0 only for "verified". The content is written for every state but "invalid", and not when the message is
    encrypted: `sealwax decrypt` opens it.
    """
    if as_json and target == STANDARD_STREAM:
        raise click.UsageError("--json and the content cannot both go to standard output")
    if explain and (as_json or target == STANDARD_STREAM):
        raise click.UsageError(
            "--explain goes to standard output, alone: --json says as much, and the content needs -o"
        )
    trust_store, known = trust.load_store(), remembering.load_known()
    with contextlib.ExitStack() as opened:
        data = opened.enter_context(open_input(source))
        content = opened.enter_context(open_input(content_file)) if content_file is not None else None
        data = opened.enter_context(show_progress(data, "Verifying"))
        judged = judge(
            lambda store: operations.examine(
                data, content=content, trust_store=store, at=at or now(), sender=sender, contacts=known
            ),
            trust_store,
            trust,
        )
        report = judged.report
        if target is not None and report.state is not State.INVALID and not report.is_encrypted:
            with open_output(target, mode=PRIVATE_MODE) as file:
                judged.examined.write_content(file)
    remembering.remember(report, trust_store=trust_store, at=at or now())
    _show(judged, as_json=as_json, content_on_stdout=target == STANDARD_STREAM)
    if explain:
        _explain(report)
    return DONE if report.state is State.VERIFIED and _is_from(report, sender) else NOT_AS_ASKED


def _is_from(report: MessageReport, sender: str | None) -> bool:
    # --from stands in where the message names nobody; where it names another, that is not what was asked.
    if sender is None or report.sender is None or addresses_match(sender, report.sender):
        return True
    write_error(f"sender-mismatch: the message is from {report.sender}, not from {sender}")
    return False


def _show(judged: Judged, *, as_json: bool, content_on_stdout: bool) -> None:
    if as_json:
        # Imported here: a verdict in one line is what most ask for.
        from smime_core.report_json import report_to_json

        write_json(report_to_json(judged.report))
    if judged.report.state is not State.VERIFIED or content_on_stdout:
        write_error(judged.line)
    elif not as_json:
        write_line(judged.line)


def _explain(report: MessageReport) -> None:
    # Imported here: a verdict in one line is what most ask for.
    from smime_core.explanation import draw_tree, explain_signer

    for signer in report.signers:
        explanation = explain_signer(signer)
        write_line(explanation.sentence)
        for line in draw_tree(explanation.tree):
            write_tree_line(line)
