"""The people of the measuring page: an RSA-2048 and a P-256 identity, in the form that the page needs."""

from __future__ import annotations

import base64
import datetime
from typing import Final

from smime_core import blocking
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.identity.identity import Identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider

PROVIDER: Final = NativeProvider()
RSA: Final = "RSA-2048"
EC: Final = "P-256"
_KEYS: Final = {RSA: NewKey.RSA_2048, EC: NewKey.P256}
_PASSPHRASE: Final = "bench"


class People:
    """One identity of each kind under one authority, valid from now on."""

    def __init__(self) -> None:
        self.now = datetime.datetime.now(datetime.UTC)
        self._authority = run(create_authority("Bench CA", provider=PROVIDER, at=self.now))
        self.identities: dict[str, Identity] = {
            name: run(issue_identity(self._authority, "alice@example.test", provider=PROVIDER, at=self.now, key=key))
            for name, key in _KEYS.items()
        }

    def describe(self, key_type: str) -> dict[str, str]:
        """The key, certificate, anchor and PKCS#12 file of one person in base64, and the passphrase."""
        identity = self.identities[key_type]
        p12 = blocking.export_identity(identity, _PASSPHRASE.encode(), provider=PROVIDER, iterations=2048)
        parts = {
            "key": identity.private_key.pkcs8_der,
            "certificate": identity.certificate.der,
            "anchor": self._authority.identity.certificate.der,
            "p12": p12,
        }
        encoded = {name: base64.b64encode(octets).decode() for name, octets in parts.items()}
        return {"keyType": key_type, "passphrase": _PASSPHRASE, **encoded}
