"""The daily work of a CA: certify people, revoke certificates, make CRLs.

Each operation is one transaction of the register.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sealwax.authority.folder import AuthorityFolder
from sealwax.authority.register import Changes, Entry, Issuer, Kind, PublishedList
from smime_core.blocking import run
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.profile import Generation, Term, subscriber_template
from smime_core.ca.profile_checks import check_profile
from smime_core.ca.revocation_list_building import ListTerm, build_revocation_list
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider, PublicKey
from smime_core.x509 import Certificate, names_match, parse_revocation_list

ROOT_LIST_DAYS: Final = 365
"""The validity of a root's CRL. The offline root is needed once a year, to sign the next CRL."""
_COMPROMISED: Final = "keyCompromise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The contents of a person's certificate. The caller has checked that the person owns the addresses."""

    public_key: PublicKey
    addresses: tuple[str, ...]
    generation: Generation
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The root or the issuing CA, with its key."""

    issuer: Issuer
    identity: Identity


def issue_certificate(folder: AuthorityFolder, order: Order, issuing: Identity, at: datetime.datetime) -> Certificate:
    """Issue a certificate to a person, and enter it into the register before returning it.

    Raises MalformedMessage for addresses or a term outside the profile, UnsupportedAlgorithm for a key that is too
    weak, unusable or compromised, and OSError.
    """
    with folder.register.change() as changes:
        return add_certificate(changes, folder, order, issuing, at)


def add_certificate(
    changes: Changes, folder: AuthorityFolder, order: Order, issuing: Identity, at: datetime.datetime
) -> Certificate:
    """A new certificate of a person, entered into the register as a part of a larger transaction.

    Raises the errors of `issue_certificate`.
    """
    template = subscriber_template(
        new_serial_number(folder.provider),
        order.addresses,
        order.public_key,
        issuer=issuing.certificate,
        publication=folder.settings().issuing_publication,
        term=Term(at=at, days=order.days),
        generation=order.generation,
    )
    if template.not_after <= at:
        raise MalformedMessage("the issuing CA has expired", where="validity")
    return _register(
        changes,
        folder.provider,
        template,
        Signer(issuer=Issuer.ISSUING, identity=issuing),
        Kind.PERSON,
        order.addresses,
    )


def register_certificate(
    folder: AuthorityFolder,
    template: CertificateTemplate,
    signer: Signer,
    kind: Kind,
    addresses: Iterable[str] = (),
) -> Certificate:
    """Sign a template and register the certificate.

    Raises UnsupportedAlgorithm for a compromised key, or OSError.
    """
    with folder.register.change() as changes:
        return _register(changes, folder.provider, template, signer, kind, addresses)


def revoke_certificate(
    folder: AuthorityFolder, serial_number: int, reason: str, crl_issuer: CrlIssuer, at: datetime.datetime
) -> Entry:
    """Revoke a certificate and put it on a new CRL of its issuer, in one transaction.

    Raises MalformedMessage for a certificate of another issuer, the errors of `Changes.revoke`, or OSError.
    """
    with folder.register.change() as changes:
        entry = changes.revoke(serial_number, reason, at)
        if entry.issuer is not crl_issuer.issuer:
            raise MalformedMessage(f"is of the {entry.issuer} CA", where=f"{serial_number:x}")
        crl_issuer.issue_next(changes, at)
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlIssuer:
    """Makes the CRLs of one issuer. Each is valid for `days`."""

    signer: Signer
    days: int
    provider: CryptoProvider

    @property
    def issuer(self) -> Issuer:
        """The issuer of the CRLs."""
        return self.signer.issuer

    def issue_next(self, changes: Changes, at: datetime.datetime) -> PublishedList:
        """Make the issuer's next CRL and register it."""
        term = ListTerm(this_update=at, next_update=at + datetime.timedelta(days=self.days))
        latest = changes.find_list(self.issuer)
        number = 1 if latest is None else latest.number + 1
        list_der = run(
            build_revocation_list(
                changes.to_list(self.issuer, at),
                issuer=self.signer.identity.certificate,
                signing_key=self.signer.identity.private_key,
                number=number,
                term=term,
                provider=self.provider,
            )
        )
        published = PublishedList(number=number, next_update=term.next_update, der=list_der)
        changes.publish(self.issuer, published, at)
        return published


def root_crl_issuer(folder: AuthorityFolder, root: Identity) -> CrlIssuer:
    """The CRL issuer of the root."""
    return CrlIssuer(signer=Signer(issuer=Issuer.ROOT, identity=root), days=ROOT_LIST_DAYS, provider=folder.provider)


def issuing_crl_issuer(folder: AuthorityFolder, issuing: Identity) -> CrlIssuer:
    """The CRL issuer of the issuing CA. Raises MalformedMessage or OSError."""
    return CrlIssuer(
        signer=Signer(issuer=Issuer.ISSUING, identity=issuing),
        days=folder.settings().list_days,
        provider=folder.provider,
    )


def make_list(folder: AuthorityFolder, crl_issuer: CrlIssuer, at: datetime.datetime) -> PublishedList:
    """The next CRL of an issuer, made at `at` and registered. Raises OSError."""
    with folder.register.change() as changes:
        return crl_issuer.issue_next(changes, at)


def keep_root_list(folder: AuthorityFolder, data: bytes, root: Certificate, at: datetime.datetime) -> PublishedList:
    """Accept a CRL that the offline root signed on its own machine, so that this CA publishes it.

    Raises SignatureMismatch or MalformedMessage for a CRL of another root, and MalformedMessage if the CRL has no
    number or no next update, or is older than the present one.
    """
    where = "list of the root"
    read = parse_revocation_list(data)
    run(folder.provider.verify(root.public_key, read.signature_algorithm, read.signature, read.tbs_der))
    if not names_match(read.issuer_der, root.subject_der) or read.crl_number is None or read.next_update is None:
        raise MalformedMessage("is not one of this root", where)
    published = PublishedList(number=read.crl_number, next_update=read.next_update, der=read.der)
    with folder.register.change() as changes:
        latest = changes.find_list(Issuer.ROOT)
        if latest is not None and latest.number > published.number:
            raise MalformedMessage(f"has number {published.number}, {latest.number} is here", where)
        changes.publish(Issuer.ROOT, published, at)
    return published


def _register(
    changes: Changes,
    provider: CryptoProvider,
    template: CertificateTemplate,
    signer: Signer,
    kind: Kind,
    addresses: Iterable[str],
) -> Certificate:
    identity = signer.identity
    if template.public_key.spki_der == identity.certificate.public_key.spki_der:
        raise UnsupportedAlgorithm("key", "certificate", text="this is the key of the CA itself")
    for entry in changes.find_by_key(template.public_key.spki_der):
        if entry.revoked is not None and entry.revoked.reason == _COMPROMISED:
            raise UnsupportedAlgorithm(
                "key",
                "certificate",
                text=f"others know this key: certificate {entry.certificate.serial_number:x} was revoked for that",
            )
    certificate = run(
        build_certificate(
            template,
            issuer_der=identity.certificate.subject_der,
            signing_key=identity.private_key,
            provider=provider,
        )
    )
    findings = check_profile(certificate)
    if findings:
        raise MalformedMessage(f"would break the profile: {findings[0].text}", where="certificate")
    changes.add(certificate, signer.issuer, kind, addresses)
    return certificate
