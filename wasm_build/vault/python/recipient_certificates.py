"""The verb that judges certificates found for a recipient, and the collection of contacts from a message that was read.

The page looks for the certificates; the vault judges them.
"""

from __future__ import annotations

from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from smime_core.report import (
    MessageReport,
    explain_path,
    reasons_to_json,
    time_to_json,
    trail_to_json,
    tree_node_to_json,
)
from smime_core.trust import (
    CertificateSource,
    FoundCertificate,
    Judging,
    RecipientCheck,
    accept,
    build_contacts,
    choose_recipient,
    confirm_preferred,
    find_in_contacts,
    forget_service,
    harvest,
    merge,
)
from smime_core.x509 import parse_certificate
from wasm_build.vault.python.certificates import describe_change, describe_shortly
from wasm_build.vault.python.contacts import read_contacts
from wasm_build.vault.python.replies import describe_lookups
from wasm_build.vault.python.requests import Reply, parse_certificates, request_class
from wasm_build.vault.python.trust import WithJudging, read_judging


@request_class
class GivenCertificate:
    """A certificate, and the source in which it was found."""

    certificate: bytes
    source: str
    detail: str = ""
    intermediates: tuple[bytes, ...] = ()


@request_class
class CheckRecipients(WithJudging):
    address: str
    found: tuple[GivenCertificate, ...]
    contacts: bytes = b""


async def check_recipients(request: CheckRecipients, provider: CryptoProvider) -> Reply:
    """Returns `{checks, leftOut, lookups}`: the certificates of an address with their verdicts, the best first."""
    contacts = read_contacts(request.contacts)
    candidates = [*find_in_contacts(contacts, request.address), *map(_parse_found, request.found)]
    judging = await read_judging(request.judging, provider, contacts)
    choice = await choose_recipient(request.address, candidates, judging, provider)
    contact = contacts.find(request.address)
    reads_headers = bool(contact and contact.capabilities and contact.capabilities.reads_header_protection)
    return {
        "checks": [{**_describe_check(check), "readsHeaders": reads_headers} for check in choice.checks],
        "leftOut": choice.left_out,
        "lookups": describe_lookups(check.trail for check in choice.checks),
    }


async def describe_harvest(report: MessageReport, judging: Judging, provider: CryptoProvider) -> Reply | None:
    """Returns `{contacts, changes, asks}`: the contacts after a message, or None if it has nothing to harvest.

    If `asks` is true, the page keeps these `contacts` only after the person has agreed.
    """
    harvested = harvest(report, judging.at)
    if harvested is None:
        left = forget_service(judging.contacts, report)
        return None if left is None else {"contacts": build_contacts(left), "changes": [], "asks": False}
    harvested = await confirm_preferred(harvested, provider, judging.trust_store)
    merged = merge(judging.contacts, harvested)
    after = accept(judging.contacts, harvested) if merged.asks else merged.contacts
    return {
        "contacts": build_contacts(after),
        "changes": [describe_change(change) for change in merged.changes],
        "asks": merged.asks,
    }


def _parse_found(candidate: GivenCertificate) -> FoundCertificate:
    try:
        source = CertificateSource(candidate.source)
    except ValueError as error:
        raise MalformedMessage("an unknown source of certificates", where="request") from error
    return FoundCertificate(
        certificate=parse_certificate(candidate.certificate),
        source=source,
        detail=candidate.detail,
        intermediates=parse_certificates(candidate.intermediates),
    )


def _describe_check(check: RecipientCheck) -> Reply:
    candidate = check.found
    return {
        **describe_shortly(candidate.certificate),
        "source": str(candidate.source),
        "detail": candidate.detail,
        "knownSince": time_to_json(candidate.known_since) if candidate.known_since else None,
        "covered": list(check.covered),
        "usable": check.is_usable,
        "isKem": candidate.certificate.public_key.key_type.is_kem,
        "reasons": reasons_to_json(check.reasons),
        "warnings": reasons_to_json(check.warnings),
        "tree": [tree_node_to_json(node) for node in explain_path(check.trail, candidate.certificate)],
        "trail": trail_to_json(check.trail) if check.trail else None,
        "path": [describe_shortly(certificate) for certificate in (check.trail.certificates if check.trail else ())],
    }
