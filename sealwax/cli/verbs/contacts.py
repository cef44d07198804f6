"""`sealwax contacts`: the people you know, imported from address books and exported to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import click

from sealwax.cli.group import DONE, NOT_AS_ASKED
from sealwax.cli.options.parameters import CONTACTS, FILE, JSON, OUTPUT, now
from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import (
    PRIVATE_MODE,
    lock_file,
    read_input,
    write_error,
    write_json,
    write_line,
    write_output,
)
from sealwax.cli.user_files.contacts import contacts_file_of, load_contacts, save_contacts
from smime_core.report import certificate_to_json, holder_name, reasons_to_json, time_to_json
from smime_core.trust import (
    Contact,
    Contacts,
    Imported,
    KnownCertificate,
    LeftOut,
    PeopleFile,
    PeopleForm,
    build_people_file,
    import_changed_people,
    import_people,
    parse_people_file,
)

_ADDRESSES: Final = click.Argument(["addresses"], metavar="[ADDRESS]...", nargs=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """Address books, and the file of contacts to which their people are added."""

    sources: tuple[str, ...] = given_by(
        click.Argument(["sources"], metavar="FILE...", nargs=-1, required=True, type=FILE)
    )
    accepts_change: bool = given_by(
        click.Option(
            ["--accept-change"], is_flag=True, help="Take a person's certificate though you know another one of them."
        )
    )
    as_json: bool = given_by(JSON)
    contacts_file: str | None = given_by(CONTACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Some or all contacts, and the form of the file to write."""

    addresses: tuple[str, ...] = given_by(_ADDRESSES)
    form: str = given_by(
        click.Option(
            ["--ldif", "form"], flag_value=PeopleForm.LDIF.value, default=True, help="LDIF (RFC 2849), the default."
        ),
        click.Option(["--vcard", "form"], flag_value=PeopleForm.VCARD.value, help="vCard 3.0 (RFC 2426)."),
        click.Option(["--p7b", "form"], flag_value=PeopleForm.P7B.value, help="One .p7b: certificates without names."),
        click.Option(["--pem", "form"], flag_value=PeopleForm.PEM.value, help="Certificates in PEM."),
    )
    target: str = given_by(OUTPUT)
    contacts_file: str | None = given_by(CONTACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """The file of contacts."""

    as_json: bool = given_by(JSON)
    contacts_file: str | None = given_by(CONTACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest:
    """An address, and the file of contacts."""

    address: str = given_by(click.Argument(["address"]))
    contacts_file: str | None = given_by(CONTACTS)


@click.group()
def contacts() -> None:
    """List, import and export the people you know with their certificates."""


@verb(ListRequest, "list", group=contacts)
def list_contacts(request: ListRequest) -> None:
    """List the contacts and their certificates: until when, since when and from where."""
    known = sorted(load_contacts(contacts_file_of(request.contacts_file)).people, key=lambda contact: contact.address)
    if request.as_json:
        write_json({"contacts": [_contact_to_json(contact) for contact in known]})
        return
    for contact in known:
        for certificate in contact.certificates:
            write_line(_describe(contact, certificate))


@verb(ImportRequest, "import", group=contacts)
def import_contacts(request: ImportRequest) -> int:
    """Add the people in address books to the contacts.

    FILE is LDIF, vCard, .p7b, PEM or DER, recognised by its content. The certificates are stored but not trusted: their
    paths are checked when you write to these people. Exits 1 when no certificate was added or already known.
    """
    path = contacts_file_of(request.contacts_file)
    files = [parse_people_file(read_input(source), source) for source in request.sources]
    # One file may have the certificates of authorities for people in another file.
    authorities = tuple(dict.fromkeys(authority for file in files for authority in file.authorities))
    done: list[Imported] = []
    with lock_file(path):
        before = known = load_contacts(path)
        for file in files:
            take = import_changed_people if request.accepts_change else import_people
            done.append(take(known, replace(file, authorities=authorities), now()))
            known = done[-1].contacts
        if known != before:
            save_contacts(path, known)
    if request.as_json:
        write_json(_imports_to_json(done))
    else:
        _report(files, done, accepts_change=request.accepts_change)
    return DONE if any(outcome.added or outcome.known for outcome in done) else NOT_AS_ASKED


@verb(ExportRequest, "export", group=contacts)
def export_contacts(request: ExportRequest) -> None:
    """Write contacts with their certificates to a file for other programs.

    Without ADDRESS all are written. A .p7b or PEM file does not have the contacts' names, so programs that read it use
    those in the certificates.
    """
    known = load_contacts(contacts_file_of(request.contacts_file))
    people = [_find(known, address) for address in request.addresses] if request.addresses else known.people
    write_output(request.target, build_people_file(people, PeopleForm(request.form)), mode=PRIVATE_MODE)


@verb(RemoveRequest, "remove", group=contacts)
def remove_contact(request: RemoveRequest) -> None:
    """Forget a contact with all of its certificates."""
    path = contacts_file_of(request.contacts_file)
    with lock_file(path):
        known = load_contacts(path)
        contact = _find(known, request.address)
        save_contacts(path, known.without(contact.address))
    write_line(f"{contact.address}: removed")


def _find(contacts: Contacts, address: str) -> Contact:
    contact = contacts.find(address)
    if contact is None:
        raise click.ClickException(f"{address} is not among the contacts")
    return contact


def _describe(contact: Contact, known: KnownCertificate) -> str:
    certificate = known.certificate
    facts = (
        *filter(None, [holder_name(certificate)]),
        f"until {certificate.not_after:%Y-%m-%d}",
        f"known since {known.first_seen:%Y-%m-%d} from {known.source.value}",
        f"SHA-256 {certificate.fingerprint}",
    )
    return f"{contact.address}: {', '.join(facts)}"


def _report(files: Sequence[PeopleFile], done: Sequence[Imported], *, accepts_change: bool) -> None:
    for outcome in done:
        for added in outcome.added:
            name, until = holder_name(added.certificate), f"until {added.certificate.not_after:%Y-%m-%d}"
            write_line(f"{added.address}: {', '.join(filter(None, (name, until)))}")
        for change in outcome.changes:
            end = "taken" if accepts_change else "not taken: --accept-change does, once you are sure"
            write_error(f"{change.address}: another certificate than before, {end}")
        for left in outcome.left_out:
            write_error(f"not taken: {left_out_line(left)}")
    authorities = len({authority for file in files for authority in file.authorities})
    without = sum(file.entries_without for file in files)
    facts = (
        f"taken: {sum(len(outcome.added) for outcome in done)}",
        f"known before: {sum(outcome.known for outcome in done)}",
        f"of authorities, which are not trusted by this: {authorities}" if authorities else "",
        f"entries without a certificate: {without}" if without else "",
    )
    write_line("; ".join(filter(None, facts)))


def left_out_line(left: LeftOut) -> str:
    """One line about a certificate that was not imported."""
    return ": ".join(filter(None, (left.name, left.reason.sentence)))


def _contact_to_json(contact: Contact) -> dict[str, Any]:
    return {
        "address": contact.address,
        "certificates": [
            {
                **certificate_to_json(known.certificate),
                "source": known.source.value,
                "firstSeen": time_to_json(known.first_seen),
                "lastSeen": time_to_json(known.last_seen),
            }
            for known in contact.certificates
        ],
    }


def _imports_to_json(done: Sequence[Imported]) -> dict[str, Any]:
    return {
        "added": [
            {"address": added.address, **certificate_to_json(added.certificate)}
            for outcome in done
            for added in outcome.added
        ],
        "known": sum(outcome.known for outcome in done),
        "changes": [
            {
                "address": change.address,
                "before": certificate_to_json(change.before),
                "after": certificate_to_json(change.after),
            }
            for outcome in done
            for change in outcome.changes
        ],
        "leftOut": [
            {
                "name": left.name,
                "reason": reasons_to_json((left.reason,))[0],
                "fingerprint": left.certificate.fingerprint if left.certificate else None,
            }
            for outcome in done
            for left in outcome.left_out
        ],
    }
