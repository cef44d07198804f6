"""Small valid inputs for the targets of `trust_targets`."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Final

from smime_core import blocking
from smime_core.blocking import run
from smime_core.ca.certification_request import build_authority_request, build_certification_request
from smime_core.ca.extensions import build_crl_distribution_points
from smime_core.ca.names import COMMON_NAME, build_name
from smime_core.cades import add_validation_data
from smime_core.cms import SignerOptions
from smime_core.cms.attributes import SIGNATURE_TIME_STAMP, build_attribute
from smime_core.cms.certificates_only import build_certificates_only
from smime_core.cms.content_info import TRUST_LIST
from smime_core.cms.signing import Signing
from smime_core.own_content.discovery import FollowedDiscovery, build_followed_discovery
from smime_core.own_content.server_list import build_server_list
from smime_core.own_content.trust_list import FollowedList, TrustList, build_followed_list, sign_trust_list
from smime_core.pkix import PolicyRequirements, TrustAnchor
from smime_core.provider import NewKey
from smime_core.trust import NO_CONTACTS, PeopleForm, build_people_file, import_people, parse_people_file
from smime_core.trust.decisions import Decision, DecisionKind
from smime_core.trust.decisions_json import build_decisions
from smime_core.trust.judging import Judging
from smime_core.x509.ocsp import build_ocsp_request
from tests.support import ca_rig, path_pki, revocations, server_lists, timestamp_service
from tests.support.people import NEXT_UPDATE, NOW, PROVIDER, anchor, build_revocation_list, person
from tools.fuzz.trust_targets import operator

_DAY: Final = datetime.timedelta(days=1)
# The bytes for usage, selector and matching type, and the length of the data that follows (None: a whole certificate).
_SMIMEA_RECORDS: Final = ((b"\3\0\0", None), (b"\3\1\0", None), (b"\1\0\1", 32), (b"\2\0\2", 64))


def trust_samples() -> dict[str, tuple[bytes, ...]]:
    """The samples by kind. The name of a kind is also the name of its first target."""
    return {
        "requests": _requests(),
        "lasting": _lasting(),
        "records": _records(),
        "decisions": _decisions(),
        "operators-list": _lists(),
        "discovery": _discovery(),
        "pool": _pool(),
        "people-files": _people_files(),
    }


TRUST_TARGETS_OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    "requests": ("requests",),
    "lasting": ("lasting", "examine"),
    "records": ("records",),
    "decisions": ("decisions",),
    "operators-list": ("operators-list",),
    "discovery": ("discovery",),
    "pool": ("pool", "certificates", "revocation"),
    "people-files": ("people-files",),
}


def _requests() -> tuple[bytes, ...]:
    key = person("alice", NewKey.P256).private_key
    certificate, issuer = revocations.leaf().certificate, revocations.authority().certificate
    return (
        run(build_certification_request(key, ("a@example.test", "ä@example.test"), provider=PROVIDER, common_name="A")),
        run(build_authority_request(key, build_name((COMMON_NAME, "CA")), provider=PROVIDER)),
        build_ocsp_request(certificate, issuer, nonce=bytes(16)),
    )


def _lasting() -> tuple[bytes, ...]:
    async def stamp(signature: bytes) -> tuple[bytes, ...]:
        return (build_attribute(SIGNATURE_TIME_STAMP, timestamp_service.make_token(signature)),)

    signed = blocking.sign_bytes(
        b"Content-Type: text/plain\r\n\r\nx\r\n",
        Signing(
            identities=[person("alice", NewKey.P256)],
            signing_time=NOW,
            options=SignerOptions(unsigned_attributes=stamp),
        ),
        provider=PROVIDER,
    )
    response = revocations.response(revocations.authority())
    return signed, add_validation_data(signed, crls=[build_revocation_list(1)], ocsp_responses=[response])


def _records() -> tuple[bytes, ...]:
    certificate = person("alice").certificate.der
    return tuple(head + certificate[:length] for head, length in _SMIMEA_RECORDS)


def _decisions() -> tuple[bytes, ...]:
    alice = Decision(
        certificate=person("alice").certificate,
        kind=DecisionKind.EXACT,
        addresses=("alice@example.test",),
        accepted_at=NOW,
    )
    authority = Decision(
        certificate=anchor(),
        kind=DecisionKind.AUTHORITY,
        addresses=("@example.test", "b@partner.test"),
        accepted_at=NOW,
    )
    return (build_decisions([alice, authority]),)


def _lists() -> tuple[bytes, ...]:
    trust_list = TrustList(
        name="Example Ltd",
        serial_number=7,
        issued=NOW,
        expires=NEXT_UPDATE,
        anchors=(
            TrustAnchor(certificate=anchor(), addresses=("@example.test",), distrust_after=NOW + _DAY),
            TrustAnchor(certificate=person("bob").certificate, is_exact=True),
        ),
        requirements=PolicyRequirements(initial_policies=frozenset({"1.2.3"}), require_explicit_policy=True),
        directories=("ldaps://directory.example.test/",),
    )
    cms = run(sign_trust_list(trust_list, identity=operator(), provider=PROVIDER, signing_time=NOW))
    opened = blocking.verify_bytes(
        cms, Judging(trust_store=trust_list.trust_store, at=NOW), provider=PROVIDER, content_type=TRUST_LIST
    )
    followed = build_followed_list(FollowedList(operator=operator().certificate, serial_number=7, cms=cms))
    assert base64.b64decode(json.loads(followed)["list"]) == cms
    return opened.content, followed


def _discovery() -> tuple[bytes, ...]:
    followed = FollowedDiscovery(
        domain=server_lists.DOMAIN, pinned=server_lists.PINNED, key=server_lists.PINNED, signed=server_lists.sign()
    )
    return (
        build_server_list(server_lists.LIST),
        followed.signed,
        build_followed_discovery(followed),
        server_lists.move(),
    )


def _pool() -> tuple[bytes, ...]:
    # Certificates, CRLs and OCSP responses that belong together, and certificates that `ca_rig` issued, with their
    # extensions.
    rig = path_pki.root("Pool").issue("Below", build_crl_distribution_points(("http://example.test/list",)))
    return (
        revocations.authority().der,
        revocations.leaf().der,
        revocations.crl(revocations.root(), number=1),
        revocations.crl(revocations.authority(), revocations.entry(0x1234), number=1),
        revocations.response(revocations.authority()),
        ca_rig.build_rig().alice.der,
        ca_rig.build_rig().issuing.certificate.der,
        rig.certificate.der,
    )


def _people_files() -> tuple[bytes, ...]:
    # An authority below a root, so that all forms with intermediates have one.
    below = path_pki.root("Pool").issue("Below")
    certificates = [below.certificate, below.certify("käthe@example.test"), person("bob", NewKey.P256).certificate]
    file = parse_people_file(build_certificates_only(certificates))
    contacts = import_people(NO_CONTACTS, file, NOW).contacts
    key = base64.b64encode(certificates[1].der)
    return (
        *(build_people_file(contacts.people, form) for form in PeopleForm),
        b"# a search\r\n\r\ndn:: Y249Qm9i\r\ndisplayName: B\r\n ob\r\n"
        b"userCertificate;binary:< file:///x\r\n\r\nsearch: 2\r\n",
        b'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:B\\,b\r\na.EMAIL;X="a:b":k@example.test\r\nKEY:http://x\r\n'
        b"KEY:data:application/pkix-cert;base64," + key + b"\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:2.1\r\n"
        b"NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=\r\nKEY:x=\r\n\r\nEND:VCARD\r\n",
    )
