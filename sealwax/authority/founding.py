"""How a CA comes to be: in one go, or with a root that stays offline, in three steps over files.

Offline: `create_root` in one place; `request_issuing` in another; `sign_issuing` where the root is; `accept_issuing`
where the request came from.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import parse_signature_identifier
from smime_core.authority.folder import REQUEST_FILE, AuthorityFolder, Role, Settings
from smime_core.authority.issuing import issuing_press, keep_root_list, make_list, register_certificate, root_press
from smime_core.authority.register import Issuer, Kind
from smime_core.blocking import run
from smime_core.ca.certificate_building import build_certificate, new_serial_number
from smime_core.ca.certification_request import (
    CertificationRequest,
    build_authority_request,
    certification_request_to_pem,
)
from smime_core.ca.names import EMPTY_NAME
from smime_core.ca.profile import Term, authority_name, issuing_template, responder_template, root_template
from smime_core.certificate import Certificate, names_match
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import CryptoProvider, NewKey
from smime_core.whole_files import write_whole

ROOT_DAYS: Final = 7_305  # twenty years
ISSUING_DAYS: Final = 3_652  # ten
RESPONDER_DAYS: Final = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """With what a CA is made: by which provider, when, with what kind of key, under what passphrase."""

    provider: CryptoProvider
    at: datetime.datetime
    passphrase: bytes
    key: NewKey = NewKey.RSA_3072


def create_root(folder: AuthorityFolder, settings: Settings, founder: Founder) -> Certificate:
    """A new root and its first, empty list. Raises ProviderError or OSError."""
    key = run(founder.provider.generate_key(founder.key))
    subject_der = authority_name(f"{settings.name} Root CA", organization=settings.name, country=settings.country)
    term = Term(at=founder.at, days=ROOT_DAYS)
    template = root_template(new_serial_number(founder.provider), subject_der, public_key_of(key), term=term)
    root = run(build_certificate(template, issuer_der=subject_der, signing_key=key, provider=founder.provider))
    folder.write_settings(settings)
    folder.register.create()
    folder.write_key(Role.ROOT, key, founder.passphrase, provider=founder.provider)
    folder.write_certificate(Role.ROOT, root)
    make_list(folder, root_press(Identity(certificate=root, private_key=key), founder.provider), at=founder.at)
    return root


def request_issuing(folder: AuthorityFolder, settings: Settings, founder: Founder) -> bytes:
    """A key for an issuing CA; the request (PEM) that the root is to sign, also kept in the folder."""
    key = run(founder.provider.generate_key(founder.key))
    subject_der = authority_name(f"{settings.name} Issuing CA", organization=settings.name, country=settings.country)
    request = run(build_authority_request(key, subject_der, provider=founder.provider))
    pem = certification_request_to_pem(request)
    folder.write_settings(settings)
    if not folder.has_key(Role.ROOT):
        folder.register.create()
    folder.write_key(Role.ISSUING, key, founder.passphrase, provider=founder.provider)
    write_whole(folder.path / REQUEST_FILE, pem)
    return pem


def sign_issuing(
    folder: AuthorityFolder,
    request: CertificationRequest,
    *,
    root: Identity,
    at: datetime.datetime,
    provider: CryptoProvider,
) -> Certificate:
    """A certificate of the root for an issuing CA, entered into the root's register.

    Raises MalformedMessage, UnsupportedAlgorithm or OSError.
    """
    settings = folder.settings()
    if names_match(request.subject_der, root.certificate.subject_der) or request.subject_der == EMPTY_NAME:
        raise MalformedMessage("an issuing CA has a name of its own", where="certification request")
    template = issuing_template(
        new_serial_number(provider),
        request.subject_der,
        request.public_key,
        root=root.certificate,
        publication=settings.root_publication,
        term=Term(at=at, days=ISSUING_DAYS),
        allows_login=settings.allows_login,
    )
    return register_certificate(
        folder, template, issuer=Issuer.ROOT, signer=root, kind=Kind.AUTHORITY, provider=provider
    )


def accept_issuing(
    folder: AuthorityFolder, issuing: Certificate, root: Certificate, *, root_list: bytes | None, founder: Founder
) -> None:
    """Take in what the root signed, make the first list and the responder's certificate.

    A root of another PKI may hand out its list by itself: then `root_list` is None.
    Raises MalformedMessage for a certificate of another key, SignatureMismatch for one of another root, and what
    `open_key` raises.
    """
    key = folder.open_key(Role.ISSUING, founder.passphrase, provider=founder.provider)
    if issuing.public_key.spki_der != public_key_of(key).spki_der or not issuing.is_ca:
        raise MalformedMessage("is no CA's certificate for the key in this folder", where="issuing CA")
    algorithm = parse_signature_identifier(issuing.signature_algorithm_der)
    run(founder.provider.verify(root.public_key, algorithm, issuing.signature, issuing.tbs_der))
    if root_list is not None:
        keep_root_list(folder, root_list, root, at=founder.at, provider=founder.provider)
    folder.write_certificate(Role.ROOT, root)
    signer = Identity(certificate=issuing, private_key=key)
    make_list(folder, issuing_press(folder, signer, founder.provider), at=founder.at)
    certify_responder(folder, signer, founder)
    # Last: with it the folder is one that issues.
    folder.write_certificate(Role.ISSUING, issuing)


def certify_responder(folder: AuthorityFolder, issuing: Identity, founder: Founder) -> Certificate:
    """A new key and certificate for the responder, in the place of those that are there. Raises OSError."""
    key = run(founder.provider.generate_key(NewKey.P256))
    settings = folder.settings()
    template = responder_template(
        new_serial_number(founder.provider),
        authority_name(f"{settings.name} OCSP Responder", organization=settings.name, country=settings.country),
        public_key_of(key),
        issuer=issuing.certificate,
        term=Term(at=founder.at, days=RESPONDER_DAYS),
    )
    certificate = register_certificate(
        folder, template, issuer=Issuer.ISSUING, signer=issuing, kind=Kind.RESPONDER, provider=founder.provider
    )
    responder = Identity(certificate=certificate, private_key=key)
    folder.write_responder(responder, founder.passphrase, provider=founder.provider)
    return certificate
