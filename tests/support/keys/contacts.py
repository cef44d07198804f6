"""Contacts for tests of what roams."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from smime_core.identity import Identity
from smime_core.trust import CertificateSource, Contact, KnownCertificate
from tests.support.people import NOW, person


def contact(name: str, *, seen: datetime.datetime = NOW, certificates: Sequence[Identity] = ()) -> Contact:
    """The contact name@example.test, last seen at a time."""
    known = tuple(
        KnownCertificate(
            certificate=certificate.certificate, source=CertificateSource.HARVEST, first_seen=NOW, last_seen=seen
        )
        for certificate in certificates or (person(name),)
    )
    return Contact(address=f"{name}@example.test", certificates=known)
