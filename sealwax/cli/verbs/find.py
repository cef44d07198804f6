"""`sealwax find`: the certificates of a recipient from all directories, and which of them to use."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import click

from sealwax.cli.group import DONE, NOT_AS_ASKED
from sealwax.cli.judging.choosing import CandidateJudge, source_text
from sealwax.cli.options.directories import DirectoryOptions
from sealwax.cli.options.parameters import AT, JSON, OUTPUT_FILE, now
from sealwax.cli.options.request import given_by, group_of, verb
from sealwax.cli.options.trust import TrustOptions
from sealwax.cli.streams.files import STANDARD_STREAM, write_error, write_json, write_line, write_output
from sealwax.lookups.search import SearchProblem, SearchResult, search
from smime_core.asn1 import build_pem
from smime_core.report import certificate_to_json, holder_name, reasons_to_json
from smime_core.trust import FoundCertificate, RecipientCheck, RecipientChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """An address, the places to search, and how the certificates are judged."""

    address: str = given_by(click.Argument(["address"]))
    directories: DirectoryOptions = group_of(DirectoryOptions)
    trust: TrustOptions = group_of(TrustOptions)
    at: datetime.datetime | None = given_by(AT)
    target: str | None = given_by(
        click.Option(
            ["-o", "--output", "target"],
            metavar="OUT",
            type=OUTPUT_FILE,
            help="Where the certificate to use goes, as PEM.",
        )
    )
    as_json: bool = given_by(JSON)

    def __post_init__(self) -> None:
        if self.as_json and self.target == STANDARD_STREAM:
            raise click.UsageError("--json and the certificate cannot both go to standard output")


@verb(FindRequest)
def find(request: FindRequest) -> int:
    """Find the certificate of an address.

    The contacts and all named directories are asked. Every certificate is listed with the place where it was found and
    the reasons why it may not be used. Exits 0 only when a certificate may be used.
    """
    contacts = request.directories.load_contacts()
    result = search(request.address, request.directories.load(contacts, request.trust.fetch_policy()))
    judge = CandidateJudge(
        store=request.trust.load_store(), trust=request.trust, at=request.at or now(), contacts=contacts
    )
    choice, hint = judge.choose(request.address, result.found)
    if choice.chosen is not None and request.target is not None:
        write_output(request.target, _pem(choice.chosen.found))
    if request.as_json:
        write_json(_to_json(choice, result))
    else:
        _show(choice, result, hint)
    return DONE if choice.chosen is not None else NOT_AS_ASKED


def _show(choice: RecipientChoice, result: SearchResult, hint: str) -> None:
    for check in choice.checks:
        write_line(_line(check, is_chosen=check is choice.chosen))
    for problem in result.problems:
        write_error(problem.text)
    if choice.left_out:
        write_error(f"{choice.left_out} more certificates were not looked at")
    if choice.chosen is None:
        refusal = "none of them may be used" if choice.checks else "no certificate was found"
        write_error("; ".join(filter(None, (f"{choice.address}: {refusal}", hint))))


def _line(check: RecipientCheck, *, is_chosen: bool) -> str:
    certificate = check.found.certificate
    word = "use" if is_chosen else "usable" if check.is_usable else "not usable"
    sentences = " ".join(reason.sentence for reason in (*check.reasons, *check.warnings))
    until = f"until {certificate.not_after:%Y-%m-%d}, SHA-256 {certificate.fingerprint}"
    name = holder_name(certificate) or ", ".join(certificate.email_addresses) or certificate.subject
    line = f"{word}: {name}, from {source_text(check.found)}, {until}"
    return f"{line}: {sentences}" if sentences else line


def _pem(candidate: FoundCertificate) -> bytes:
    # The file includes the intermediates, because some readers of the file trust only the root.
    return b"".join(
        build_pem("CERTIFICATE", certificate.der) for certificate in (candidate.certificate, *candidate.intermediates)
    )


def _to_json(choice: RecipientChoice, result: SearchResult) -> dict[str, Any]:
    return {
        "address": choice.address,
        "chosen": choice.chosen.found.certificate.fingerprint if choice.chosen else None,
        "certificates": [_check_to_json(check) for check in choice.checks],
        "leftOut": choice.left_out,
        "problems": [_problem_to_json(problem) for problem in result.problems],
    }


def _check_to_json(check: RecipientCheck) -> dict[str, Any]:
    return {
        **certificate_to_json(check.found.certificate),
        "source": check.found.source.value,
        "detail": check.found.detail,
        "usable": check.is_usable,
        "reasons": reasons_to_json(check.reasons),
        "warnings": reasons_to_json(check.warnings),
    }


def _problem_to_json(problem: SearchProblem) -> dict[str, str]:
    return {
        "source": problem.source.value,
        "detail": problem.detail,
        "code": problem.code,
        "message": problem.text,
    }
