"""The list of a domain's servers is signed, and an older one never replaces a newer one."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import itertools
import json
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.errors import (
    DiscoveryExpired,
    DiscoveryNotYetValid,
    DiscoveryOfAnotherDomain,
    DiscoveryOlder,
    DiscoveryUnsigned,
    LimitExceeded,
    MalformedMessage,
)
from smime_core.limits import MAX_DISCOVERY_BYTES, MAX_LISTED_SERVERS, MAX_SUCCESSIONS
from smime_core.own_content.discovery import (
    LAST_GOOD,
    MAX_CLOCK_DIFFERENCE,
    FollowedDiscovery,
    build_followed_discovery,
    follow_discovery,
    parse_followed_discovery,
    parse_signed_discovery,
    renew_discovery,
)
from smime_core.own_content.discovery_key import key_text, sign_fields
from smime_core.own_content.server_list import (
    Server,
    ServerKind,
    ServerList,
    build_server_list,
    normalise_domain,
    parse_server_list,
)
from smime_core.provider import PrivateKey
from smime_core.text import base64_text
from tests.support.people import NOW, PROVIDER
from tests.support.server_lists import (
    BRIDGE_KEY,
    DOMAIN,
    FIRST_BRIDGE,
    HOUR,
    KEYS,
    LIST,
    OPERATOR,
    PINNED,
    SECOND,
    SECOND_BRIDGE,
    key,
    number,
    server,
    sign,
    succession,
)


def follow(
    signed: bytes, *, at: datetime.datetime = NOW, domain: str = DOMAIN, pinned: str = PINNED
) -> FollowedDiscovery:
    return run(follow_discovery(signed, PROVIDER, domain, pinned, at))


def renew(followed: FollowedDiscovery, signed: bytes, *, at: datetime.datetime = NOW) -> FollowedDiscovery:
    return run(renew_discovery(followed, signed, PROVIDER, at))


def open_list(followed: FollowedDiscovery, *, at: datetime.datetime = NOW) -> ServerList:
    return run(followed.open(PROVIDER, at=at))


def members(**changed: Any) -> dict[str, Any]:
    return json.loads(build_server_list(LIST)) | changed  # type: ignore[no-any-return]


def sign_content(content: bytes, owner: PrivateKey = OPERATOR, **changed: Any) -> bytes:
    """A document whose signature holds, whatever its content is."""
    signature = run(sign_fields(owner, PROVIDER, "document 1", content))
    envelope = json.loads(sign()) | {
        "document": base64_text(content), "key": key_text(owner), "signature": base64_text(signature),
    }  # fmt: skip
    return json.dumps(envelope | changed).encode()


def with_server(**changed: Any) -> bytes:
    first, *others = members()["servers"]
    return json.dumps(members(servers=[first | changed, *others])).encode()


def test_a_list_comes_back_as_it_was_made() -> None:
    assert open_list(follow(sign())) == LIST


def test_the_servers_of_a_kind_come_in_the_order_of_the_list() -> None:
    assert LIST.of_kind(ServerKind.BRIDGE) == (FIRST_BRIDGE, SECOND_BRIDGE)
    assert LIST.of_kind(ServerKind.KEY_SERVER) == (KEYS,)
    assert LIST.of_kind(ServerKind.DIRECTORY) == ()


def test_a_document_of_another_key_is_refused() -> None:
    with pytest.raises(DiscoveryUnsigned, match="was expected"):
        follow(sign(LIST, key(2)))


def test_a_document_under_the_name_of_the_pinned_key_is_refused() -> None:
    forged = json.dumps(json.loads(sign(LIST, key(2))) | {"key": PINNED}).encode()
    with pytest.raises(DiscoveryUnsigned, match="a signature is not that of"):
        follow(forged)


def test_an_altered_document_is_refused() -> None:
    other = base64_text(build_server_list(dataclasses.replace(LIST, servers=(SECOND_BRIDGE,))))
    with pytest.raises(DiscoveryUnsigned):
        follow(json.dumps(json.loads(sign()) | {"document": other}).encode())


def test_a_server_of_the_list_signs_no_document() -> None:
    with pytest.raises(DiscoveryUnsigned):
        follow(sign(LIST, BRIDGE_KEY))


def test_a_statement_of_another_kind_is_no_signature_of_a_document() -> None:
    content = build_server_list(LIST)
    other = base64_text(run(sign_fields(OPERATOR, PROVIDER, "move 1", content)))
    with pytest.raises(DiscoveryUnsigned):
        follow(sign_content(content, signature=other))


@pytest.mark.parametrize("signature", ["", base64_text(bytes(63)), base64_text(bytes(64)), base64_text(bytes(65))])
def test_a_document_without_a_signature_is_refused(signature: str) -> None:
    with pytest.raises(DiscoveryUnsigned):
        follow(sign_content(build_server_list(LIST), signature=signature))


def test_a_document_of_another_domain_is_refused() -> None:
    with pytest.raises(DiscoveryOfAnotherDomain, match=r"of example\.test, and other\.test was expected"):
        follow(sign(), domain="other.test")


@pytest.mark.parametrize("at", [NOW + 24 * HOUR, NOW + 24 * HOUR + SECOND, NOW + 9000 * HOUR])
def test_a_document_that_has_ended_is_refused(at: datetime.datetime) -> None:
    with pytest.raises(DiscoveryExpired, match="ended on 2026-06-02T12:00:00Z"):
        follow(sign(), at=at)


def test_a_document_of_the_future_is_refused() -> None:
    with pytest.raises(DiscoveryNotYetValid, match="not valid before 2026-06-01T12:00:00Z"):
        follow(sign(), at=NOW - MAX_CLOCK_DIFFERENCE - SECOND)


@pytest.mark.parametrize("at", [NOW - MAX_CLOCK_DIFFERENCE, NOW + 24 * HOUR - SECOND])
def test_a_document_counts_from_its_issue_to_its_end(at: datetime.datetime) -> None:
    assert follow(sign(), at=at).key == PINNED


def test_a_newer_document_replaces_an_older_one() -> None:
    newer = renew(follow(sign()), sign(number(8, hours=1)), at=NOW + HOUR)
    assert open_list(newer).number == 8


def test_an_older_document_never_replaces_a_newer_one() -> None:
    followed = follow(sign(number(8)))
    with pytest.raises(DiscoveryOlder, match="number 7, and number 8 was seen already"):
        renew(followed, sign(number(7)))


def test_two_documents_of_one_number_are_not_mixed_up() -> None:
    followed = follow(sign())
    with pytest.raises(DiscoveryOlder):
        renew(followed, sign(dataclasses.replace(LIST, servers=(SECOND_BRIDGE,))))


def test_the_same_document_again_changes_nothing() -> None:
    followed = follow(sign())
    assert renew(followed, sign()) is followed


def test_the_last_good_list_counts_thirty_days_longer() -> None:
    followed = follow(sign())
    assert open_list(followed, at=NOW + 24 * HOUR + LAST_GOOD - SECOND) == LIST
    with pytest.raises(DiscoveryExpired):
        open_list(followed, at=NOW + 24 * HOUR + LAST_GOOD)


def test_the_last_good_list_counts_although_the_clock_went_back() -> None:
    assert open_list(follow(sign()), at=NOW - 9000 * HOUR) == LIST


def test_a_stored_list_is_verified_again() -> None:
    followed = follow(sign())
    for changed in ({"key": key_text(key(2))}, {"signed": sign(LIST, key(2))}):
        with pytest.raises(DiscoveryUnsigned):
            open_list(dataclasses.replace(followed, **changed))
    with pytest.raises(DiscoveryOfAnotherDomain):
        open_list(dataclasses.replace(followed, domain="other.test"))


def test_a_client_follows_a_new_key_that_the_old_one_signed() -> None:
    document = sign(number(8), key(2), succession(OPERATOR, key(2)))
    followed = renew(follow(sign()), document)
    assert (followed.pinned, followed.key, open_list(followed).number) == (PINNED, key_text(key(2)), 8)


def test_a_client_that_missed_a_key_follows_two_at_once() -> None:
    chain = (succession(OPERATOR, key(2)), succession(key(2), key(3)))
    assert follow(sign(LIST, key(3), *chain)).key == key_text(key(3))
    assert follow(sign(LIST, key(3), *chain), pinned=key_text(key(2))).key == key_text(key(3))


def test_the_old_key_counts_no_longer_after_its_successor_was_seen() -> None:
    followed = renew(follow(sign()), sign(number(8), key(2), succession(OPERATOR, key(2))))
    with pytest.raises(DiscoveryUnsigned):
        renew(followed, sign(number(9)))


def test_a_document_that_names_a_successor_must_be_signed_by_it() -> None:
    with pytest.raises(DiscoveryUnsigned):
        follow(sign(LIST, OPERATOR, succession(OPERATOR, key(2))))


@pytest.mark.parametrize(
    "false",
    [
        dataclasses.replace(succession(key(3), key(2)), old=PINNED),
        dataclasses.replace(succession(OPERATOR, key(3)), new=key_text(key(2))),
        succession(OPERATOR, key(2), domain="other.test"),
    ],
)
def test_a_successor_that_the_old_key_has_not_signed_for_this_domain_is_refused(false: Any) -> None:
    with pytest.raises(DiscoveryUnsigned):
        follow(sign(LIST, key(2), false))


def test_the_oldest_successions_leave_when_there_are_too_many() -> None:
    keys = [key(number) for number in range(20, 22 + MAX_SUCCESSIONS)]
    chain = [succession(old, new) for old, new in itertools.pairwise(keys)]
    document = sign(LIST, keys[-1], *chain)
    assert len(parse_signed_discovery(document).successions) == MAX_SUCCESSIONS
    assert follow(document, pinned=key_text(keys[1])).key == key_text(keys[-1])
    with pytest.raises(DiscoveryUnsigned):
        follow(document, pinned=key_text(keys[0]))


def test_a_followed_domain_comes_back_as_it_was_stored() -> None:
    followed = follow(sign())
    assert parse_followed_discovery(build_followed_discovery(followed)) == followed


@pytest.mark.parametrize(
    "changed",
    [{"format": "sealwax-followed-discovery-2"}, {"key": "ed25519:x"}, {"pinned": 1}, {"signed": "?"}, {"more": 1}],
)
def test_a_stored_domain_that_is_damaged_is_refused(changed: dict[str, Any]) -> None:
    stored = json.loads(build_followed_discovery(follow(sign()))) | changed
    with pytest.raises(MalformedMessage):
        parse_followed_discovery(json.dumps(stored).encode())


def test_a_huge_document_is_not_read() -> None:
    padded = sign() + b" " * MAX_DISCOVERY_BYTES
    with pytest.raises(LimitExceeded):
        follow(padded)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"<html>", b"[" * 50_000, sign().replace(b'"format":', b'"format":"x","format":', 1)],
)
def test_a_text_that_is_no_signed_document_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedMessage):
        follow(content)


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "sealwax-signed-discovery-2"}, {"document": "?"}, {"document": 1}, {"key": PINNED + "="},
        {"key": PINNED[:-1] + "="}, {"key": "ed25519:" + "A" * 42 + "B"}, {"signature": None}, {"successions": {}},
        {"successions": [{}]}, {"successions": [1]}, {"more": 1},
    ],
)  # fmt: skip
def test_a_signed_document_with_other_members_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        follow(sign_content(build_server_list(LIST), **changed))


def test_too_many_successions_are_not_read() -> None:
    record = {"old": PINNED, "new": PINNED, "signature": ""}
    with pytest.raises(LimitExceeded):
        follow(sign_content(build_server_list(LIST), successions=[record] * (MAX_SUCCESSIONS + 1)))


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "sealwax-discovery-2"}, {"domain": "Example.test"}, {"domain": "exämple.test"}, {"domain": ""},
        {"domain": "-.test"}, {"domain": "a..test"}, {"domain": "x" * 64}, {"domain": ".".join(["abcdefg"] * 32)},
        {"number": -1}, {"number": True}, {"number": 1.0}, {"number": 1 << 53}, {"issued": 1}, {"expires": "tomorrow"},
        {"expires": "2026-06-02T12:00:01Z"}, {"expires": "2026-06-01T12:00:00Z"}, {"expires": "2026-06-01T11:00:00Z"},
        {"servers": None}, {"servers": [None]}, {"more": 1},
    ],
)  # fmt: skip
def test_a_list_that_breaks_the_rules_is_refused_whoever_signed_it(changed: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        follow(sign_content(json.dumps(members(**changed)).encode()))


@pytest.mark.parametrize("member", ["name", "address"])
@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.test", "https://api.example.test/", "https://api.example.test:443", "ftp://example.test",
        "https://user@example.test", "https://example.test?a", "https://example.test#a", "https://example.test/../x",
        "https://example.test/.x", "https://example.test//x", "https://example.test/x/", "https://example.test/%2e",
        "https://EXAMPLE.test", "https://exämple.test", "https://example.test;x", "https://", "", "example.test",
        "javascript:alert(1)", "https://example.test:70000", "https://" + "a" * 200, " https://example.test",
    ],
)  # fmt: skip
def test_only_plain_https_addresses_are_taken(member: str, address: str) -> None:
    with pytest.raises(MalformedMessage, match="an address is expected"):
        follow(sign_content(with_server(**{member: address})))


@pytest.mark.parametrize(
    "address",
    [
        "https://a",
        "https://a.example.test:8443/mail/v1",
        "http://127.0.0.1:8000",
        "http://[::1]:8000/x",
        "http://localhost",
    ],
)
def test_addresses_may_have_a_port_and_a_path_and_http_on_this_machine(address: str) -> None:
    assert parse_server_list(with_server(address=address)).servers[0].address == address


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": ""},
        {"kind": "Bridge"},
        {"kind": "b" * 31},
        {"key": ""},
        {"key": 1},
        {"moves": -1},
        {"moves": None},
        {"x": 1},
    ],
)
def test_a_server_with_other_members_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        parse_server_list(with_server(**changed))


def test_two_servers_have_neither_one_key_nor_one_address() -> None:
    for changed in ({"key": KEYS.key}, {"address": SECOND_BRIDGE.address}):
        with pytest.raises(MalformedMessage, match="two servers have the same"):
            parse_server_list(with_server(**changed))


def test_a_server_of_an_unknown_kind_is_left_out_but_checked() -> None:
    assert parse_server_list(with_server(kind="calendar")).servers == (KEYS, SECOND_BRIDGE)
    with pytest.raises(MalformedMessage):
        parse_server_list(with_server(kind="calendar", address="http://example.test"))


def many_servers(count: int) -> ServerList:
    servers = tuple(
        server(ServerKind.BRIDGE, f"https://{index}.test/{'x' * 180}", key(index)) for index in range(count)
    )
    return dataclasses.replace(LIST, servers=servers)


def test_the_largest_list_fits() -> None:
    keys = [key(index) for index in range(100, 101 + MAX_SUCCESSIONS)]
    chain = [succession(old, new) for old, new in itertools.pairwise(keys)]
    document = sign(many_servers(MAX_LISTED_SERVERS), keys[-1], *chain)
    assert len(open_list(follow(document, pinned=key_text(keys[0]))).servers) == MAX_LISTED_SERVERS


def test_a_list_of_too_many_servers_is_neither_signed_nor_read() -> None:
    with pytest.raises(LimitExceeded):
        sign(many_servers(MAX_LISTED_SERVERS + 1))


def test_a_list_that_readers_would_refuse_is_not_signed() -> None:
    plain = Server(kind=ServerKind.BRIDGE, name="http://example.test", address="http://example.test")
    with pytest.raises(MalformedMessage):
        sign(dataclasses.replace(LIST, servers=(plain,)))


@pytest.mark.parametrize(
    ("text", "domain"), [("Example.TEST.", "example.test"), ("BÜCHER.test", "xn--bcher-kva.test"), ("a", "a")]
)
def test_a_domain_is_compared_in_its_form_in_the_dns(text: str, domain: str) -> None:
    assert normalise_domain(text) == domain


@pytest.mark.parametrize("text", ["", ".", "a b", "a..b", "-a.test", "a/b", "a:1", "\u2665.test", "x" * 300])
def test_a_text_that_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage):
        normalise_domain(text)


def test_the_signed_bytes_of_a_document_are_those_that_are_sent() -> None:
    spaced = json.dumps(members(), indent=1).encode()
    assert open_list(follow(sign_content(spaced))) == LIST
    assert base64.b64decode(json.loads(sign_content(spaced))["document"]) == spaced
