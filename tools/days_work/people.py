"""The people of the walk: Anna and those who write to her, with their keys, and the two authorities."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from smime_core import blocking
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.identity import Identity
from smime_core.providers.native import NativeProvider
from webbridge.demo.accounts import Account

PROVIDER: Final = NativeProvider()
DOMAIN: Final = "example.test"
ANNA, BOB, CAROL, DAN, ERIN = (f"{name}@{DOMAIN}" for name in ("anna", "bob", "carol", "dan", "erin"))
NAMES: Final = {ANNA: "Anna Adler", BOB: "Bob Brand", CAROL: "Carol Conti", DAN: "Dan Dubois", ERIN: "Erin Eder"}
CONTACTS: Final = (BOB, CAROL, DAN)
CROWD: Final = tuple(f"member{number:02}@{DOMAIN}" for number in range(1, 60))
"""Those who get M9 beside Anna."""
MAIL_PASSWORD: Final = "a mail password of the walk"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Anna's account, the identities of those who write to her, and the authority that she trusts.

    Anna does not know Erin's authority.
    """

    authority: Authority
    anna: Account
    identities: dict[str, Identity]

    def identity(self, address: str) -> Identity:
        """The identity of one of the people."""
        return self.identities[address]


def create_people(at: datetime, list_url: str) -> People:
    """Make the authorities and the keys. The revocation list of Anna's authority is at `list_url`."""
    authority = blocking.run(create_authority("The rig's authority", PROVIDER, at=at))
    unknown = blocking.run(create_authority("Somebody's authority", PROVIDER, at=at))
    identities = {}
    for address, name in NAMES.items():
        details = Details(common_name=name, crl_urls=(list_url,))
        issuer = unknown if address == ERIN else authority
        identities[address] = blocking.run(issue_identity(issuer, address, provider=PROVIDER, at=at, details=details))
    anna = Account(
        name=NAMES[ANNA],
        address=ANNA,
        mail_password=MAIL_PASSWORD,
        key_passphrase=f"six words of Anna {secrets.token_hex(4)}",
        identity=identities[ANNA],
        p12=b"",
    )
    return People(authority=authority, anna=anna, identities=identities)
