"""Make a CA in one step, or make one with an offline root in four steps that exchange files.

The four steps: `create_root` on the root's machine, `request_issuing` on the issuing CA's, `sign_issuing` on the
root's, and `accept_issuing` on the issuing CA's.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Final

from sealwax.authority.folder import REQUEST_FILE, AuthorityFolder, Role, Settings
from sealwax.authority.issuing import (
    Signer,
    issuing_crl_issuer,
    keep_root_list,
    make_list,
    register_certificate,
    root_crl_issuer,
)
from sealwax.authority.register import Issuer, Kind
from sealwax.files.whole import write_whole
from smime_core.algorithms import parse_signature_identifier
from smime_core.blocking import run
from smime_core.ca.certificate_building import build_certificate, new_serial_number
from smime_core.ca.certification_request import (
    CertificationRequest,
    build_authority_request,
    certification_request_to_pem,
)
from smime_core.ca.names import EMPTY_NAME
from smime_core.ca.profile import Term, authority_name, issuing_template, responder_template, root_template
from smime_core.errors import MalformedMessage
from smime_core.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import NewKey
from smime_core.x509 import Certificate, names_match

ROOT_DAYS: Final = 7_305  # Twenty years.
ISSUING_DAYS: Final = 3_652  # Ten years.
RESPONDER_DAYS: Final = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationParameters:
    """The time at which a CA is made, the type of its keys, and their passphrase."""

    at: datetime.datetime
    passphrase: bytes = field(repr=False)
    key: NewKey = NewKey.RSA_3072


def create_root(folder: AuthorityFolder, settings: Settings, parameters: CreationParameters) -> Certificate:
    """The certificate of a new root. Its first CRL, which is empty, is made too. Raises ProviderError or OSError."""
    key = run(folder.provider.generate_key(parameters.key))
    subject_der = authority_name(f"{settings.name} Root CA", organization=settings.name, country=settings.country)
    template = root_template(
        new_serial_number(folder.provider), subject_der, public_key_of(key), term=Term(at=parameters.at, days=ROOT_DAYS)
    )
    root = run(build_certificate(template, issuer_der=subject_der, signing_key=key, provider=folder.provider))
    folder.write_settings(settings)
    folder.register.create()
    folder.write_key(Role.ROOT, key, parameters.passphrase)
    folder.write_certificate(Role.ROOT, root)
    make_list(folder, root_crl_issuer(folder, Identity(certificate=root, private_key=key)), parameters.at)
    return root


def request_issuing(folder: AuthorityFolder, settings: Settings, parameters: CreationParameters) -> bytes:
    """Make a key for an issuing CA. Returns the request (PEM) for the root, which is also kept in the folder."""
    key = run(folder.provider.generate_key(parameters.key))
    subject_der = authority_name(f"{settings.name} Issuing CA", organization=settings.name, country=settings.country)
    pem = certification_request_to_pem(run(build_authority_request(key, subject_der, provider=folder.provider)))
    folder.write_settings(settings)
    if not folder.has_key(Role.ROOT):
        folder.register.create()
    folder.write_key(Role.ISSUING, key, parameters.passphrase)
    write_whole(folder.path / REQUEST_FILE, pem)
    return pem


def sign_issuing(
    folder: AuthorityFolder,
    request: CertificationRequest,
    root: Identity,
    at: datetime.datetime,
) -> Certificate:
    """Sign a certificate for an issuing CA with the root, and enter it into the root's register.

    Raises MalformedMessage, UnsupportedAlgorithm or OSError.
    """
    settings = folder.settings()
    if names_match(request.subject_der, root.certificate.subject_der) or request.subject_der == EMPTY_NAME:
        raise MalformedMessage("an issuing CA has a name of its own", where="certification request")
    template = issuing_template(
        new_serial_number(folder.provider),
        request.subject_der,
        request.public_key,
        root=root.certificate,
        publication=settings.root_publication,
        term=Term(at=at, days=ISSUING_DAYS),
        allows_login=settings.allows_login,
    )
    return register_certificate(folder, template, Signer(issuer=Issuer.ROOT, identity=root), Kind.AUTHORITY)


def accept_issuing(
    folder: AuthorityFolder,
    issuing: Certificate,
    root: Certificate,
    root_list: bytes | None,
    parameters: CreationParameters,
) -> None:
    """Accept the certificate that the root signed. Make the issuing CA's first CRL and the responder's certificate.

    `root_list` is the root's CRL, or None if the root's own PKI publishes it. Raises MalformedMessage if the
    certificate is for another key, SignatureMismatch if another root has signed it, and the errors of `open_key`.
    """
    key = folder.open_key(Role.ISSUING, parameters.passphrase)
    if issuing.public_key.spki_der != public_key_of(key).spki_der or not issuing.is_ca:
        raise MalformedMessage("is no CA's certificate for the key in this folder", where="issuing CA")
    algorithm = parse_signature_identifier(issuing.signature_algorithm_der)
    run(folder.provider.verify(root.public_key, algorithm, issuing.signature, issuing.tbs_der))
    if root_list is not None:
        keep_root_list(folder, root_list, root, parameters.at)
    folder.write_certificate(Role.ROOT, root)
    signer = Identity(certificate=issuing, private_key=key)
    make_list(folder, issuing_crl_issuer(folder, signer), parameters.at)
    certify_responder(folder, signer, parameters)
    # This file is written last, because it makes the folder a CA that can issue certificates.
    folder.write_certificate(Role.ISSUING, issuing)


def certify_responder(folder: AuthorityFolder, issuing: Identity, parameters: CreationParameters) -> Certificate:
    """Replace the key and the certificate of the responder with new ones. Raises OSError."""
    key = run(folder.provider.generate_key(NewKey.P256))
    settings = folder.settings()
    template = responder_template(
        new_serial_number(folder.provider),
        authority_name(f"{settings.name} OCSP Responder", organization=settings.name, country=settings.country),
        public_key_of(key),
        issuer=issuing.certificate,
        term=Term(at=parameters.at, days=RESPONDER_DAYS),
    )
    certificate = register_certificate(
        folder, template, Signer(issuer=Issuer.ISSUING, identity=issuing), Kind.RESPONDER
    )
    folder.write_responder(Identity(certificate=certificate, private_key=key), parameters.passphrase)
    return certificate
