"""`sealwax verify`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import click

from sealwax.cli.group import DONE, NOT_AS_ASKED
from sealwax.cli.judging.looking_up import Judged, judge
from sealwax.cli.judging.remembering import Remembering
from sealwax.cli.messages import operations
from sealwax.cli.options.parameters import CONTENT, INPUT, OUTPUT_FILE, PART
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.trust import VerdictOptions
from sealwax.cli.streams.files import (
    PRIVATE_MODE,
    STANDARD_STREAM,
    open_input,
    open_output,
    write_error,
    write_json,
    write_line,
    write_tree_line,
)
from sealwax.cli.streams.progress import show_progress
from smime_core.report import MessageReport, State
from smime_core.text import addresses_match


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """A message, where its content goes, and how its signers are judged."""

    source: str = given_by(INPUT)
    target: str | None = given_by(
        click.Option(
            ["-o", "--output", "target"],
            metavar="OUT",
            type=OUTPUT_FILE,
            help="Where the signed content goes, unless it is invalid.",
        )
    )
    content_file: str | None = given_by(CONTENT)
    part: str | None = given_by(PART)
    explain: bool = given_by(
        click.Option(
            ["--explain"], is_flag=True, help="Also show the path from the authority that you trust to the signer."
        )
    )
    remembering: Remembering = group_of(Remembering)
    verdict: VerdictOptions = group_of(VerdictOptions)

    def __post_init__(self) -> None:
        if self.verdict.as_json and self.target == STANDARD_STREAM:
            raise click.UsageError("--json and the content cannot both go to standard output")
        if self.explain and (self.verdict.as_json or self.target == STANDARD_STREAM):
            raise click.UsageError(
                "--explain needs standard output: give -o FILE for the content, or --json, which says as much"
            )


@verb(VerifyRequest)
def verify(request: VerifyRequest) -> int:
    """Say whether a message is what it claims to be.

    Exits 0 only for "verified". The content is written for every state except "invalid", and not when the message is
    encrypted: use `sealwax decrypt` for that. With --part the verdict is only that of the part. The sender of the
    message around it is not the part's sender, so give --from if the part names none.
    """
    judged = _judge(request)
    _show(request, judged)
    if request.explain:
        _explain(judged.report)
    is_verified = judged.report.state is State.VERIFIED and _is_from(judged.report, request.verdict.sender)
    return DONE if is_verified else NOT_AS_ASKED


def _judge(request: VerifyRequest) -> Judged[operations.Examined]:
    options = request.verdict
    trust_store, known = options.trust.load_store(), request.remembering.load_known()
    with contextlib.ExitStack() as opened:
        data = opened.enter_context(open_input(request.source))
        content = opened.enter_context(open_input(request.content_file)) if request.content_file is not None else None
        watched = opened.enter_context(show_progress(data, "Verifying"))
        message = operations.take_part(watched, request.part) if request.part is not None else watched
        judged = judge(
            lambda store: operations.examine(
                message, options.judging(store, known), sender=options.sender, content=content
            ),
            trust_store,
            options.trust,
        )
        if request.target is not None and judged.report.state is not State.INVALID and not judged.report.is_encrypted:
            with open_output(request.target, PRIVATE_MODE) as file:
                judged.examined.write_content(file)
    request.remembering.keep_sender(judged.report, trust_store, options.moment)
    return judged


def _is_from(report: MessageReport, sender: str | None) -> bool:
    # A message that names no sender counts as sent by --from. A message that names another sender is not accepted.
    if sender is None or report.sender is None or addresses_match(sender, report.sender):
        return True
    write_error(f"sender-mismatch: the message is from {report.sender}, not from {sender}")
    return False


def _show(request: VerifyRequest, judged: Judged[operations.Examined]) -> None:
    if request.verdict.as_json:
        # Imported here because most users ask for a verdict in one line.
        from smime_core.report import report_to_json

        write_json(report_to_json(judged.report))
    if judged.report.state is not State.VERIFIED or request.target == STANDARD_STREAM:
        write_error(judged.line)
    elif not request.verdict.as_json:
        write_line(judged.line)


def _explain(report: MessageReport) -> None:
    # Imported here because most users ask for a verdict in one line.
    from smime_core.report import draw_tree, explain_signer

    for signer in report.signers:
        explanation = explain_signer(signer)
        write_line(explanation.sentence)
        for line in draw_tree(explanation.tree):
            write_tree_line(line)
