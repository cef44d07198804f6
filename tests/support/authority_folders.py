"""Creates a CA in a folder, and issues and revokes certificates with it."""

from __future__ import annotations

import datetime
import functools
from dataclasses import replace
from pathlib import Path

from sealwax.authority.folder import AuthorityFolder, Role, Settings, new_folder
from sealwax.authority.founding import CreationParameters, accept_issuing, create_root, request_issuing, sign_issuing
from sealwax.authority.issuing import Order, issue_certificate, issuing_crl_issuer, revoke_certificate
from sealwax.authority.register import Entry, Issuer
from smime_core import blocking
from smime_core.blocking import run
from smime_core.ca.certification_request import open_certification_request
from smime_core.ca.profile import Generation
from smime_core.identity import load_private_key
from smime_core.identity.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import NewKey, PrivateKey, PublicKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import Certificate
from smime_core.x509.revocation_list import RevocationList, parse_revocation_list

PROVIDER = NativeProvider()
AT = datetime.datetime(2026, 6, 1, 12, 0, tzinfo=datetime.UTC)
SETTINGS = Settings(name="Example", url="http://pki.example.test", country="DE")
PARAMETERS = CreationParameters(at=AT, passphrase=b"correct horse", key=NewKey.P256)


def found(path: Path, settings: Settings = SETTINGS, *, at: datetime.datetime = AT) -> AuthorityFolder:
    """Create a CA whose root and issuing CA are in one folder."""
    parameters = replace(PARAMETERS, at=at)
    with new_folder(path) as folder:
        root = create_root(folder, settings, parameters)
        request = blocking.run(
            open_certification_request(request_issuing(folder, settings, parameters), provider=PROVIDER)
        )
        issuing = sign_issuing(folder, request, root=open_role(folder, Role.ROOT), at=at)
        accept_issuing(folder, issuing, root, root_list=latest(folder, Issuer.ROOT).der, parameters=parameters)
    return AuthorityFolder(path)


def open_role(folder: AuthorityFolder, role: Role) -> Identity:
    return Identity(
        certificate=folder.certificate(role), private_key=open_key((folder.path / f"{role}.key").read_bytes())
    )


@functools.cache
def open_key(data: bytes) -> PrivateKey:
    return blocking.run(load_private_key(data, PARAMETERS.passphrase, provider=PROVIDER))


def latest(folder: AuthorityFolder, issuer: Issuer) -> RevocationList:
    with folder.register.read() as rows:
        published = rows.find_list(issuer)
    assert published is not None
    return parse_revocation_list(published.der)


def new_key() -> PublicKey:
    return public_key_of(run(PROVIDER.generate_key(NewKey.P256)))


def issue(
    folder: AuthorityFolder,
    address: str = "alice@example.test",
    *,
    key: PublicKey | None = None,
    days: int = 365,
    at: datetime.datetime = AT,
) -> Certificate:
    order = Order(public_key=key or new_key(), addresses=(address,), generation=Generation.MULTIPURPOSE, days=days)
    return issue_certificate(folder, order, issuing=open_role(folder, Role.ISSUING), at=at)


def revoke(
    folder: AuthorityFolder, certificate: Certificate, reason: str = "unspecified", *, at: datetime.datetime = AT
) -> Entry:
    crl_issuer = issuing_crl_issuer(folder, open_role(folder, Role.ISSUING))
    return revoke_certificate(folder, certificate.serial_number, reason, crl_issuer=crl_issuer, at=at)
