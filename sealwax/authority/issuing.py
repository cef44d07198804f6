"""What a CA does every day: certify people, take certificates back, make lists. Each is one change of the register."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from smime_core.authority.folder import AuthorityFolder
from smime_core.authority.register import Changes, Entry, Issuer, Kind, PublishedList
from smime_core.blocking import run
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.profile import Generation, Term, subscriber_template
from smime_core.ca.profile_checks import check_profile
from smime_core.ca.revocation_list_building import ListTerm, build_revocation_list
from smime_core.certificate import Certificate, names_match
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider, PublicKey
from smime_core.revocation_list import parse_revocation_list

ROOT_LIST_DAYS: Final = 365
"""The root comes out of its safe once a year."""
_COMPROMISED: Final = "keyCompromise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody is certified for. Who ordered it has checked that the addresses are theirs."""

    public_key: PublicKey
    addresses: tuple[str, ...]
    generation: Generation
    days: int


def issue_certificate(
    folder: AuthorityFolder, order: Order, *, issuing: Identity, at: datetime.datetime, provider: CryptoProvider
) -> Certificate:
    """A person's certificate, in the register before anybody sees it.

    Raises MalformedMessage for addresses or a term beyond the profile, UnsupportedAlgorithm for a key that is too weak,
    of no use or known to others, and OSError.
    """
    template = subscriber_template(
        new_serial_number(provider),
        order.addresses,
        order.public_key,
        issuer=issuing.certificate,
        publication=folder.settings().issuing_publication,
        term=Term(at=at, days=order.days),
        generation=order.generation,
    )
    if template.not_after <= at:
        raise MalformedMessage("the issuing CA has expired", where="validity")
    return register_certificate(
        folder,
        template,
        issuer=Issuer.ISSUING,
        signer=issuing,
        kind=Kind.PERSON,
        addresses=order.addresses,
        provider=provider,
    )


def register_certificate(
    folder: AuthorityFolder,
    template: CertificateTemplate,
    *,
    issuer: Issuer,
    signer: Identity,
    kind: Kind,
    provider: CryptoProvider,
    addresses: Iterable[str] = (),
) -> Certificate:
    """Sign a template and enter it. Raises UnsupportedAlgorithm for a key that is known to others, or OSError."""
    with folder.register.change() as changes:
        if template.public_key.spki_der == signer.certificate.public_key.spki_der:
            raise UnsupportedAlgorithm("key", "certificate", text="this is the key of the CA itself")
        for entry in changes.find_by_key(template.public_key.spki_der):
            if entry.revoked is not None and entry.revoked.reason == _COMPROMISED:
                text = f"others know this key: certificate {entry.certificate.serial_number:x} was revoked for that"
                raise UnsupportedAlgorithm("key", "certificate", text=text)
        certificate = run(
            build_certificate(
                template,
                issuer_der=signer.certificate.subject_der,
                signing_key=signer.private_key,
                provider=provider,
            )
        )
        findings = check_profile(certificate)
        if findings:
            raise MalformedMessage(f"would break the profile: {findings[0].text}", where="certificate")
        changes.add(certificate, issuer=issuer, kind=kind, addresses=addresses)
    return certificate


def revoke_certificate(
    folder: AuthorityFolder, serial_number: int, reason: str, *, press: ListPress, at: datetime.datetime
) -> Entry:
    """Take a certificate back and say so on a new list of its issuer: both or neither.

    Raises MalformedMessage for a certificate of another issuer, what `Changes.revoke` raises, or OSError.
    """
    with folder.register.change() as changes:
        entry = changes.revoke(serial_number, at=at, reason=reason)
        if entry.issuer is not press.issuer:
            raise MalformedMessage(f"is of the {entry.issuer} CA", where=f"{serial_number:x}")
        press.print_next(changes, at=at)
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPress:
    """Who makes the lists of an issuer, and for how many days each is to hold."""

    issuer: Issuer
    signer: Identity
    days: int
    provider: CryptoProvider

    def print_next(self, changes: Changes, *, at: datetime.datetime) -> PublishedList:
        """The issuer's next list, as the register is now."""
        term = ListTerm(this_update=at, next_update=at + datetime.timedelta(days=self.days))
        latest = changes.find_list(self.issuer)
        number = 1 if latest is None else latest.number + 1
        list_der = run(
            build_revocation_list(
                changes.to_list(self.issuer, at=at),
                issuer=self.signer.certificate,
                signing_key=self.signer.private_key,
                number=number,
                term=term,
                provider=self.provider,
            )
        )
        published = PublishedList(number=number, next_update=term.next_update, der=list_der)
        changes.publish(self.issuer, published, at=at)
        return published


def root_press(root: Identity, provider: CryptoProvider) -> ListPress:
    return ListPress(issuer=Issuer.ROOT, signer=root, days=ROOT_LIST_DAYS, provider=provider)


def issuing_press(folder: AuthorityFolder, issuing: Identity, provider: CryptoProvider) -> ListPress:
    """Raises MalformedMessage or OSError."""
    return ListPress(issuer=Issuer.ISSUING, signer=issuing, days=folder.settings().list_days, provider=provider)


def make_list(folder: AuthorityFolder, press: ListPress, *, at: datetime.datetime) -> PublishedList:
    """The next list of an issuer. Raises OSError."""
    with folder.register.change() as changes:
        return press.print_next(changes, at=at)


def keep_root_list(
    folder: AuthorityFolder, data: bytes, root: Certificate, *, at: datetime.datetime, provider: CryptoProvider
) -> PublishedList:
    """Take in a list that the root signed elsewhere, to hand it out here.

    Raises SignatureMismatch for one of another root, MalformedMessage for one that is older than what is here.
    """
    where = "list of the root"
    read = parse_revocation_list(data)
    run(provider.verify(root.public_key, read.signature_algorithm, read.signature, read.tbs_der))
    if not names_match(read.issuer_der, root.subject_der) or read.crl_number is None or read.next_update is None:
        raise MalformedMessage("is not one of this root", where=where)
    published = PublishedList(number=read.crl_number, next_update=read.next_update, der=read.der)
    with folder.register.change() as changes:
        latest = changes.find_list(Issuer.ROOT)
        if latest is not None and latest.number > published.number:
            raise MalformedMessage(f"has number {published.number}, {latest.number} is here", where=where)
        changes.publish(Issuer.ROOT, published, at=at)
    return published
