"""The verbs about other people: which certificate a message to somebody is sealed for, and what is remembered of them.

The page keeps the contacts as the octets of `contacts_json` and looks for certificates; here they are judged.
"""

from __future__ import annotations

import datetime
from typing import Any

from smime_core.certificate import Certificate, parse_certificate
from smime_core.contacts import (
    NO_CONTACTS,
    CertificateChange,
    CertificateSource,
    Contact,
    Contacts,
    accept,
    confirm_preferred,
    harvest,
    merge,
)
from smime_core.contacts_json import build_contacts, parse_contacts
from smime_core.errors import MalformedMessage
from smime_core.explanation import explain_path
from smime_core.pkix import TrustStore
from smime_core.provider import CryptoProvider
from smime_core.recipient_choice import FoundCertificate, RecipientCheck, choose_recipient, find_in_contacts
from smime_core.report import MessageReport
from smime_core.report_json import (
    certificate_to_json,
    reasons_to_json,
    time_to_json,
    trail_to_json,
    tree_node_to_json,
)
from wasm_build.replies import describe_lookups
from wasm_build.requests import parse_certificates, parse_time
from wasm_build.trust import read_store


async def check_recipients(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{checks, leftOut, lookups}`: every certificate found for an address, the best first, with what is to be said."""
    contacts = read_contacts(args)
    choice = await choose_recipient(
        args["address"],
        [*find_in_contacts(contacts, args["address"]), *map(_parse_found, args["found"])],
        trust_store=await read_store(args, provider),
        at=parse_time(args["at"]),
        provider=provider,
        contacts=contacts,
    )
    return {
        "checks": [_describe_check(check) for check in choice.checks],
        "leftOut": choice.left_out,
        "lookups": describe_lookups(check.trail for check in choice.checks),
    }


async def list_contacts(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{people}`: the contacts in words."""
    return {"people": [_describe_contact(contact) for contact in read_contacts(args).people]}


async def remove_contact(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{contacts}` without one address."""
    return {"contacts": build_contacts(read_contacts(args).without(args["address"]))}


async def describe_harvest(
    report: MessageReport,
    contacts: Contacts,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
) -> dict[str, Any] | None:
    """What a message leaves to be remembered: `{contacts, changes, asks}`, None where there is nothing.

    `contacts` are those after the harvest; with `asks` the page keeps them only when the person has said so.
    """
    harvested = harvest(report, at=at)
    if harvested is None:
        return None
    harvested = await confirm_preferred(harvested, trust_store=trust_store, provider=provider)
    merged = merge(contacts, harvested)
    after = accept(contacts, harvested) if merged.asks else merged.contacts
    return {
        "contacts": build_contacts(after),
        "changes": [_describe_change(change) for change in merged.changes],
        "asks": merged.asks,
    }


def read_contacts(args: dict[str, Any]) -> Contacts:
    """The contacts of a request; none where it has none. Raises MalformedMessage or LimitExceeded."""
    given = args.get("contacts")
    return parse_contacts(given) if given else NO_CONTACTS


def _parse_found(found: dict[str, Any]) -> FoundCertificate:
    try:
        source = CertificateSource(found["source"])
    except ValueError as error:
        raise MalformedMessage("an unknown source of certificates", where="request") from error
    return FoundCertificate(
        certificate=parse_certificate(found["certificate"]),
        source=source,
        detail=found.get("detail") or "",
        intermediates=parse_certificates(found.get("intermediates") or ()),
    )


def _describe_check(check: RecipientCheck) -> dict[str, Any]:
    found = check.found
    return {
        **_describe(found.certificate),
        "source": str(found.source),
        "detail": found.detail,
        "knownSince": time_to_json(found.known_since) if found.known_since else None,
        "covered": list(check.covered),
        "usable": check.is_usable,
        "reasons": reasons_to_json(check.reasons),
        "warnings": reasons_to_json(check.warnings),
        "tree": [tree_node_to_json(node) for node in explain_path(check.trail, found.certificate)],
        "trail": trail_to_json(check.trail) if check.trail else None,
        "path": [_describe(certificate) for certificate in (check.trail.certificates if check.trail else ())],
    }


def _describe_change(change: CertificateChange) -> dict[str, Any]:
    return {
        "address": change.address,
        "before": _describe(change.before),
        "after": _describe(change.after),
        "sameIssuer": change.same_issuer,
        "sameKey": change.same_key,
        "isRenewal": change.is_renewal,
    }


def _describe_contact(contact: Contact) -> dict[str, Any]:
    return {
        "address": contact.address,
        "certificates": [
            {
                **_describe(known.certificate),
                "source": str(known.source),
                "firstSeen": time_to_json(known.first_seen),
                "lastSeen": time_to_json(known.last_seen),
                "preferred": known.certificate == contact.preferred,
            }
            for known in contact.certificates
        ],
    }


def _describe(certificate: Certificate) -> dict[str, Any]:
    return {**certificate_to_json(certificate), "certificate": certificate.der}
