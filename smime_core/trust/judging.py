"""The trust and the time for judging signers and recipients."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from smime_core.pkix import TrustStore
from smime_core.trust.certificate_index import CertificateIndex
from smime_core.trust.contacts import NO_CONTACTS, Contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The anchors and the time for judging signers and recipients.

    `contacts` are the known people. If one of them now has another certificate than before, the change is reported.
    Their certificates and those of the trust store's evidence may complete a message that lacks a certificate of its
    signer or path. They are not trusted.
    """

    trust_store: TrustStore
    at: datetime.datetime
    contacts: Contacts = NO_CONTACTS

    @property
    def at_hand(self) -> CertificateIndex:
        """The certificates besides those of a message."""
        certificates = self.trust_store.evidence.certificates
        return (
            CertificateIndex((*certificates, *self.contacts.all_certificates()))
            if certificates
            else self.contacts.index
        )
