"""An operator's list is signed and read-only, and an older one never replaces a newer one."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import Any

import pytest

from smime_core import Identity, blocking
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.cms.content_info import ID_DATA, TRUST_LIST, armor
from smime_core.cms.signing import Signing
from smime_core.errors import ContentTypeMismatch, LimitExceeded, MalformedMessage, SmimeError, TrustListRefused
from smime_core.limits import MAX_TRUST_LIST_BYTES
from smime_core.own_content.own_content import ContentKind, protect_content
from smime_core.own_content.trust_list import (
    MAX_CLOCK_DIFFERENCE,
    MAX_LIFETIME,
    FollowedList,
    TrustList,
    build_followed_list,
    find_operator,
    follow_trust_list,
    parse_followed_list,
    renew_trust_list,
    verify_trust_list,
)
from smime_core.provider import NewKey
from smime_core.trust.judging import Judging
from tests.support.people import NOW, PROVIDER, authority, person
from tests.support.trust_lists import DAY, LIST, operator, sign

SECOND = datetime.timedelta(seconds=1)
KIND = ContentKind(name="trust list", content_type=TRUST_LIST)


def open_list(cms: bytes, *, at: datetime.datetime = NOW, least: int = 0) -> TrustList:
    pinned = operator().certificate
    return run(verify_trust_list(cms, operator=pinned, provider=PROVIDER, at=at, least_serial_number=least))


def sign_content(content: bytes, kind: ContentKind = KIND, identity: Identity | None = None) -> bytes:
    holder = identity or operator()
    return run(
        protect_content(content, kind, provider=PROVIDER, signing=Signing(identities=[holder], signing_time=NOW))
    )


def members(**changed: Any) -> bytes:
    report = blocking.verify_bytes(
        sign(), Judging(trust_store=LIST.trust_store, at=NOW), provider=PROVIDER, content_type=TRUST_LIST
    )
    return json.dumps(json.loads(report.content) | changed).encode()


def test_a_list_comes_back_as_it_was_made() -> None:
    assert open_list(sign()) == LIST
    assert open_list(armor(sign()).encode()) == LIST


def test_the_store_of_a_list_has_its_anchors_policy_and_requirements() -> None:
    store = open_list(sign()).trust_store
    assert [anchor.certificate for anchor in store.anchors] == [anchor.certificate for anchor in LIST.anchors]
    assert {anchor.revocation for anchor in store.anchors} == {LIST.revocation}
    assert (store.revocation, store.requirements) == (LIST.revocation, LIST.requirements)


def test_a_list_signed_by_somebody_else_is_refused_even_of_the_same_authority() -> None:
    with pytest.raises(TrustListRefused, match="not its operator's"):
        open_list(sign(identity=person("mallory", NewKey.P256)))


def test_a_list_signed_by_an_impostor_beside_the_operator_is_refused() -> None:
    mallory = person("mallory", NewKey.P256)
    both = blocking.add_signer(sign(), Signing(identities=[mallory], signing_time=NOW), provider=PROVIDER)
    with pytest.raises(TrustListRefused, match="not its operator's"):
        open_list(both)


def test_a_list_that_was_altered_is_refused() -> None:
    altered = sign().replace(b"Example Ltd", b"Mallory Ltd")
    with pytest.raises(TrustListRefused, match="changed after it was signed"):
        open_list(altered)


def test_the_operators_mail_is_no_list() -> None:
    mail = sign_content(members(), ContentKind(name="mail", content_type=ID_DATA))
    with pytest.raises(SmimeError):
        open_list(mail)


def test_an_unsigned_list_is_refused() -> None:
    with pytest.raises((ContentTypeMismatch, MalformedMessage)):
        open_list(members())


@pytest.mark.parametrize(
    ("at", "match"),
    [
        (NOW - MAX_CLOCK_DIFFERENCE - SECOND, "not valid before"),
        (NOW + 30 * DAY + SECOND, "ended on"),
    ],
)
def test_a_list_counts_from_its_issue_to_its_end(at: datetime.datetime, match: str) -> None:
    with pytest.raises(TrustListRefused, match=match):
        open_list(sign(), at=at)


@pytest.mark.parametrize("at", [NOW - MAX_CLOCK_DIFFERENCE, NOW + 30 * DAY])
def test_the_ends_of_its_time_belong_to_it(at: datetime.datetime) -> None:
    assert open_list(sign(), at=at) == LIST


def test_an_operator_whose_certificate_has_expired_signs_no_list() -> None:
    details = Details(not_after=NOW + DAY)
    operators = issue_identity(authority(), "operator@example.test", PROVIDER, at=NOW, key=NewKey.P256, details=details)
    short = run(operators)
    cms = sign(identity=short)
    later = NOW + 2 * DAY
    with pytest.raises(TrustListRefused, match="not its operator's"):
        run(verify_trust_list(cms, operator=short.certificate, provider=PROVIDER, at=later))


def test_there_is_no_way_back_to_an_older_list() -> None:
    assert open_list(sign(), least=7) == LIST
    with pytest.raises(TrustListRefused, match="number 7, and number 8 was seen already"):
        open_list(sign(), least=8)


@pytest.mark.parametrize("expires", [NOW, NOW - DAY, NOW + MAX_LIFETIME + SECOND])
def test_a_list_that_lasts_no_time_or_too_long_is_neither_signed_nor_read(expires: datetime.datetime) -> None:
    with pytest.raises(MalformedMessage, match="366 days"):
        sign(dataclasses.replace(LIST, expires=expires))
    with pytest.raises(MalformedMessage, match="366 days"):
        open_list(sign_content(members(expires=expires.strftime("%Y-%m-%dT%H:%M:%SZ"))))


ANCHOR = {"certificate": "MAA=", "addresses": [], "exact": False, "distrustAfter": None}


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "sealwax-trust-list-2"},
        {"serialNumber": -1},
        {"serialNumber": True},
        {"serialNumber": 1.5},
        {"serialNumber": 1 << 53},
        {"serialNumber": "7"},
        {"issued": "yesterday"},
        {"issued": "2026-02-30T00:00:00Z"},
        {"anchors": {}},
        {"anchors": [ANCHOR]},
        {"anchors": [ANCHOR | {"more": 1}]},
        {"anchors": [0] * 1_001},
        {"revocation": "never"},
        {"revocation": None},
        {"requirements": {}},
        {"requirements": None},
        {"requirements": {"policies": ["any"], "requireExplicitPolicy": True, "inhibitPolicyMapping": True,
                          "inhibitAnyPolicy": True}},
        {"requirements": {"policies": [], "requireExplicitPolicy": 1, "inhibitPolicyMapping": True,
                          "inhibitAnyPolicy": True}},
        {"directories": ["a"] * 21},
        {"directories": [1]},
        {"name": None},
        {"more": 1},
    ],
)  # fmt: skip
def test_anything_out_of_its_place_refuses_the_whole(changed: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        open_list(sign_content(members(**changed)))


def test_an_anchor_for_what_is_no_address_is_refused() -> None:
    value = json.loads(members())
    value["anchors"][0]["addresses"] = ["everybody"]
    with pytest.raises(MalformedMessage, match="no addresses or domains"):
        open_list(sign_content(json.dumps(value).encode()))


@pytest.mark.parametrize("content", [b"[" * 50_000, b"\xff", b"1", b'{"version": 1, "version": 1}'])
def test_content_that_is_no_object_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        open_list(sign_content(content))


def test_a_list_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        open_list(bytes(MAX_TRUST_LIST_BYTES + 1))


def follow(cms: bytes) -> FollowedList:
    return run(follow_trust_list(cms, operator=operator().certificate, provider=PROVIDER, at=NOW))


def renew(followed: FollowedList, cms: bytes) -> FollowedList:
    return run(renew_trust_list(followed, cms, provider=PROVIDER, at=NOW))


def test_only_a_newer_list_replaces_a_followed_one() -> None:
    followed, newer = follow(sign()), sign(dataclasses.replace(LIST, serial_number=8))
    assert renew(followed, followed.cms) is followed
    renewed = renew(followed, newer)
    assert renewed.serial_number == 8
    assert run(renewed.open(provider=PROVIDER, at=NOW)).serial_number == 8
    with pytest.raises(TrustListRefused, match="seen already"):
        renew(renewed, followed.cms)
    with pytest.raises(TrustListRefused, match="seen already"):
        renew(followed, sign(dataclasses.replace(LIST, name="Another text under the same number")))
    with pytest.raises(TrustListRefused, match="not its operator's"):
        renew(followed, sign(dataclasses.replace(LIST, serial_number=8), identity=person("mallory", NewKey.P256)))


def test_a_followed_list_comes_back_from_its_json() -> None:
    followed = follow(armor(sign()).encode())
    assert parse_followed_list(build_followed_list(followed)) == followed


def test_a_list_put_back_in_the_clients_own_storage_is_noticed() -> None:
    followed = dataclasses.replace(follow(sign()), serial_number=8)
    with pytest.raises(TrustListRefused, match="seen already"):
        run(followed.open(provider=PROVIDER, at=NOW))


@pytest.mark.parametrize(
    "changed", [{"version": "x"}, {"list": "%"}, {"list": 1}, {"serialNumber": "7"}, {"operator": "MAA="}, {"more": 1}]
)
def test_a_damaged_followed_list_is_refused(changed: dict[str, Any]) -> None:
    value = json.loads(build_followed_list(follow(sign()))) | changed
    with pytest.raises(MalformedMessage):
        parse_followed_list(json.dumps(value).encode())


def test_a_list_names_its_operator_without_vouching_for_anybody() -> None:
    assert find_operator(sign()) == operator().certificate
    assert find_operator(armor(sign()).encode()) == operator().certificate


def test_unsigned_data_names_no_operator() -> None:
    with pytest.raises(SmimeError):
        find_operator(b"no list")
