"""The trust and the time for judging signers and recipients."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from smime_core.pkix import TrustStore
from smime_core.trust.contacts import NO_CONTACTS, Contacts
from smime_core.trust.issuers import CertificateIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The anchors and the time for judging signers and recipients.

    `contacts` are the known people. If a known person now uses another certificate, the change is reported. A message
    may lack the certificate of its signer, or a certificate of the path. Then the certificates of `contacts` and of the
    trust store's evidence are searched. None of these certificates is trusted.
    """

    trust_store: TrustStore
    at: datetime.datetime
    contacts: Contacts = NO_CONTACTS

    @property
    def known_certificates(self) -> CertificateIndex:
        """The known certificates that may complete those of a message."""
        certificates = self.trust_store.evidence.certificates
        return (
            CertificateIndex((*certificates, *self.contacts.all_certificates()))
            if certificates
            else self.contacts.index
        )
