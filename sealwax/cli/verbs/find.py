"""`sealwax find`: everything that is known of a recipient's certificates, and which one may be used."""

from __future__ import annotations

import datetime
from typing import Any

import click

from smime_core.cli.choosing import choose_certificate, place_of
from smime_core.cli.directory_options import DirectoryOptions, directory_options
from smime_core.cli.files import write_error, write_line, write_output
from smime_core.cli.group import DONE, NOT_AS_ASKED
from smime_core.cli.looking_up import fetch_policy
from smime_core.cli.options import FILE, UtcTime, note_json, now, write_json
from smime_core.cli.verdict_options import TrustOptions, trust_options
from smime_core.lookups.search import SearchProblem, SearchResult, search
from smime_core.pem import build_pem
from smime_core.recipient_choice import FoundCertificate, RecipientCheck, RecipientChoice
from smime_core.report_json import certificate_to_json, reasons_to_json


@click.command()
@click.argument("address")
@directory_options
@trust_options
@click.option("--at", type=UtcTime(), metavar="TIME", help="Judge as of this time: 2026-01-31T12:00:00Z.")
@click.option("-o", "--output", "target", metavar="OUT", type=FILE, help="Where the certificate to use goes, as PEM.")
@click.option("--json", "as_json", is_flag=True, callback=note_json, help="Print one JSON object.")
def find(
    address: str,
    places: DirectoryOptions,
    trust: TrustOptions,
    at: datetime.datetime | None,
    target: str | None,
    as_json: bool,
) -> int:
    """Find the certificate of an address.

    Contacts, and the directories that are named, are all asked. Every certificate is listed with where it was found
    and why it may not be used. Exits 0 only when one may be.
    """
    contacts = places.load_contacts()
    result = search(address, places.load(contacts=contacts, fetch_policy=fetch_policy(trust)))
    store = trust.load_store()
    choice, hint = choose_certificate(
        address, result.found, store=store, trust=trust, at=at or now(), contacts=contacts
    )
    if choice.chosen is not None and target is not None:
        write_output(target, _pem(choice.chosen.found))
    if as_json:
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
    line = f"{word}: {certificate.subject}, from {place_of(check.found)}, {until}"
    return f"{line}: {sentences}" if sentences else line


def _pem(found: FoundCertificate) -> bytes:
    # What is above it comes along, so that the file is enough for whoever trusts the root alone.
    return b"".join(build_pem("CERTIFICATE", one.der) for one in (found.certificate, *found.intermediates))


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
