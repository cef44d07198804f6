"""The verbs about files of keys and certificates: a key file written anew, certificates read out of any file.

And those that put together what is kept of other people.

A private key is opened and sealed again inside one request; it leaves only under a passphrase.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Final

from smime_core.certificate import Certificate
from smime_core.contacts import (
    CertificateSource,
    Contact,
    KnownCertificate,
    has_receiving_key,
    remember_certificate,
)
from smime_core.contacts_json import build_contacts
from smime_core.decisions_json import build_decisions
from smime_core.errors import MalformedMessage, SmimeError, WrongPassphrase
from smime_core.identity import Identity, export_identities, load_identities
from smime_core.mail_address import addresses_match
from smime_core.pkcs12 import Pkcs12Form
from smime_core.pkix import Purpose, check_end_entity
from smime_core.provider import CryptoProvider
from smime_core.report_json import certificate_to_json
from smime_core.trust_state import TrustState
from wasm_build.recipient_verbs import read_contacts
from wasm_build.request_verbs import read_certificates
from wasm_build.requests import parse_certificates, parse_time
from wasm_build.trust import read_decisions

_PURPOSES: Final = {"sign": Purpose.SIGN, "seal": Purpose.ENCRYPT}


async def export_keys(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{p12, certificates}`: the identities of a key file under another passphrase, those of `only` where it is given.

    Raises WrongPassphrase, also for a new one that is empty, MalformedMessage when there is no such identity.
    """
    if not args["newPassphrase"]:
        raise WrongPassphrase()
    identities = await load_identities(args["p12"], args["passphrase"], provider=provider)
    only = args.get("only")
    chosen = [one for one in identities if only is None or one.certificate.fingerprint in only]
    if not chosen or (only is not None and len(chosen) != len(only)):
        raise MalformedMessage("the file does not hold the identities that were asked for", where="identity")
    exported = await export_identities(
        _without_strangers(chosen, identities), args["newPassphrase"], provider=provider, form=_parse_form(args)
    )
    return {"p12": exported, "certificates": [one.certificate.der for one in chosen]}


async def read_certificate_file(args: dict[str, Any], _: CryptoProvider) -> dict[str, Any]:
    """`{certificates}` of a file in PEM, DER or a certs-only message, each with what it may be used for."""
    return {"certificates": [describe(one) for one in dict.fromkeys(read_certificates(args["file"]))]}


async def learn_contact(args: dict[str, Any], _: CryptoProvider) -> dict[str, Any]:
    """`{contacts}` that know these certificates for an address, since the person has said so.

    Raises MalformedMessage for a certificate that names another address.
    """
    contacts, address, at = read_contacts(args), args["address"], parse_time(args["at"])
    contact = contacts.find(address) or Contact(address=address)
    for certificate in parse_certificates(args["certificates"]):
        if not any(addresses_match(address, own) for own in certificate.email_addresses):
            raise MalformedMessage(f"it is not for {address}", where="certificate")
        known = KnownCertificate(certificate=certificate, source=CertificateSource.HARVEST, first_seen=at, last_seen=at)
        contact = remember_certificate(contact, known)
        if _may_receive(certificate):
            contact = dataclasses.replace(contact, preferred=certificate, said_at=at)
    return {"contacts": build_contacts(contacts.with_contact(contact))}


async def join_kept(args: dict[str, Any], _: CryptoProvider) -> dict[str, Any]:
    """`{contacts, decisions}`: what is here, with what `added` knows about people and certificates unknown here.

    Raises MalformedMessage or LimitExceeded.
    """
    here = TrustState(account="", counter=0, contacts=read_contacts(args), decisions=read_decisions(args))
    added: dict[str, Any] = args["added"]
    joined = here.with_unknown(read_contacts(added), read_decisions(added))
    return {"contacts": build_contacts(joined.contacts), "decisions": build_decisions(joined.decisions)}


def find_authority(identities: Sequence[Identity]) -> Certificate | None:
    """The last issuer that the file itself has above the first identity, None where it has none."""
    for identity in identities:
        *_, last = (None, *_path_of(identity))
        if last is not None and last.is_ca:
            return last
    return None


def describe(certificate: Certificate) -> dict[str, Any]:
    """A certificate in words, with `purposes`: "sign", "seal", both or none."""
    return {
        **certificate_to_json(certificate),
        "certificate": certificate.der,
        "purposes": [word for word, purpose in _PURPOSES.items() if _may(certificate, purpose)],
    }


def _without_strangers(chosen: Sequence[Identity], identities: Sequence[Identity]) -> list[Identity]:
    # One identity that leaves alone takes only its own path along, not other people's certificates of the file.
    if len(chosen) == len(identities):
        return list(chosen)
    return [dataclasses.replace(one, chain=tuple(_path_of(one))) for one in chosen]


def _path_of(identity: Identity) -> Iterable[Certificate]:
    wanted = identity.certificate
    for _ in identity.chain:
        issuer = next((one for one in identity.chain if one.subject_der == wanted.issuer_der), None)
        if issuer is None or issuer == wanted:
            return
        yield issuer
        wanted = issuer


def _parse_form(args: dict[str, Any]) -> Pkcs12Form:
    try:
        return Pkcs12Form(args.get("form") or Pkcs12Form.COMPATIBLE)
    except ValueError as error:
        raise MalformedMessage(f"expected one of {', '.join(Pkcs12Form)}", where="request") from error


def _may_receive(certificate: Certificate) -> bool:
    return _may(certificate, Purpose.ENCRYPT)


def _may(certificate: Certificate, purpose: Purpose) -> bool:
    try:
        check_end_entity(certificate, purpose)
    except SmimeError:
        # Some certificates cannot even be read that far.
        return False
    return purpose is Purpose.SIGN or has_receiving_key(certificate)
