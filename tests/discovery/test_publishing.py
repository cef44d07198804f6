"""The published list: signed anew in time, changed by moves and by the operator, and the same for all processes."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.publishing import DiscoveryKeyReplaced, MoveNotAllowed, Publisher, list_of
from sealwax.discovery.state_file import StateDamaged
from smime_core.blocking import run
from smime_core.errors import DiscoveryUnsigned, MoveNotNext, MoveRefused
from smime_core.own_content import (
    ServerKind,
    ServerList,
    follow_discovery,
    key_text,
    parse_signed_discovery,
    renew_discovery,
)
from tests.support.clock import FakeClock
from tests.support.people import NOW, PROVIDER
from tests.support.server_lists import BRIDGE_KEY, DOMAIN, HOUR, KEYS_KEY, OPERATOR, PINNED, SECOND_BRIDGE, key, move

NEW = "https://keys2.example.test"


def publisher(config: DiscoveryConfig) -> Publisher:
    return Publisher(config, PROVIDER)


def address_of(signed: bytes, kind: ServerKind = ServerKind.KEY_SERVER) -> tuple[str, int]:
    (server,) = [candidate for candidate in list_of(signed).of_kind(kind) if candidate.key]
    return server.address, server.moves


def current(config: DiscoveryConfig) -> ServerList:
    return list_of(publisher(config).current())


def with_keys(config: DiscoveryConfig, **changed: Any) -> DiscoveryConfig:
    """The configuration with another entry for the key server, which is the last one."""
    *others, keys = config.servers
    return dataclasses.replace(config, servers=(*others, dataclasses.replace(keys, **changed)))


def test_the_document_is_what_clients_follow(config: DiscoveryConfig) -> None:
    followed = run(follow_discovery(publisher(config).current(), PROVIDER, DOMAIN, PINNED, NOW))
    listed = run(followed.open(PROVIDER, at=NOW))
    assert (listed.servers, listed.issued, listed.expires) == (config.servers, NOW, NOW + 24 * HOUR)


def test_the_document_is_signed_anew_at_half_of_its_life(config: DiscoveryConfig, clock: FakeClock) -> None:
    first = publisher(config).current()
    clock.advance(seconds=12 * 3600 - 1)
    assert publisher(config).current() == first
    clock.advance(seconds=1)
    second = list_of(publisher(config).current())
    assert second.number > list_of(first).number
    assert second.expires == clock() + 24 * HOUR


def test_each_document_has_a_higher_number_although_the_clock_stands_or_goes_back(
    config: DiscoveryConfig, clock: FakeClock
) -> None:
    numbers = []
    for seconds in (0, 0, -3600, 0):
        clock.advance(seconds=seconds)
        numbers.append(list_of(publisher(config).sign()).number)
    assert numbers == sorted(set(numbers))


def test_a_document_from_the_future_is_replaced(config: DiscoveryConfig, clock: FakeClock) -> None:
    first = current(config)
    clock.advance(seconds=-3600)
    assert current(config).issued == clock()
    assert current(config).number > first.number


def test_clients_take_new_documents_after_the_state_was_lost(config: DiscoveryConfig, clock: FakeClock) -> None:
    followed = run(follow_discovery(publisher(config).sign(), PROVIDER, DOMAIN, PINNED, NOW))
    config.state_file.unlink()
    clock.advance(seconds=60)
    newer = run(renew_discovery(followed, publisher(config).current(), PROVIDER, clock()))
    assert newer is not followed


def test_two_processes_publish_one_document(config: DiscoveryConfig) -> None:
    first, second = publisher(config), publisher(config)
    assert first.current() == second.current()
    second.move(move(NEW, counter=1))
    assert first.current() == second.current()
    assert address_of(first.current()) == (NEW, 1)


def test_a_changed_configuration_is_published_at_once(config: DiscoveryConfig) -> None:
    first = current(config)
    fewer = dataclasses.replace(config, servers=(SECOND_BRIDGE,))
    assert current(fewer).servers == (SECOND_BRIDGE,)
    assert current(fewer).number > first.number


def test_a_move_is_published_at_once_under_the_same_name(config: DiscoveryConfig) -> None:
    first = publisher(config).current()
    moved, published = publisher(config).move(move(NEW, counter=1))
    assert (moved.counter, published) == (1, current(config))
    assert published.number > list_of(first).number
    (keys,) = published.of_kind(ServerKind.KEY_SERVER)
    assert (keys.name, keys.address, keys.moves) == ("https://keys.example.test", NEW, 1)
    assert published.of_kind(ServerKind.BRIDGE) == list_of(first).of_kind(ServerKind.BRIDGE)


def test_a_move_counts_once(config: DiscoveryConfig) -> None:
    there, back = move(NEW, counter=1), move("https://keys.example.test", counter=2)
    publisher(config).move(there)
    with pytest.raises(MoveNotNext):
        publisher(config).move(there)
    publisher(config).move(back)
    with pytest.raises(MoveNotNext):
        publisher(config).move(there)
    assert address_of(publisher(config).current()) == ("https://keys.example.test", 2)


def test_of_moves_at_the_same_time_one_counts(config: DiscoveryConfig) -> None:
    def try_to_move(number: int) -> bool:
        try:
            publisher(config).move(move(f"https://keys{number}.example.test", counter=1))
        except MoveNotNext:
            return False
        return True

    publisher(config).sign()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(try_to_move, range(8))).count(True) == 1
    assert address_of(publisher(config).current())[1] == 1


def test_an_old_move_does_not_come_back_with_a_lost_state(config: DiscoveryConfig, clock: FakeClock) -> None:
    there = move(NEW, counter=1)
    publisher(config).move(there)
    config.state_file.unlink()
    clock.advance(seconds=301)
    with pytest.raises(MoveRefused, match="correct the clock"):
        publisher(config).move(there)


@pytest.mark.parametrize(
    "address", ["https://keys.mallory.test", "https://notexample.test", "https://example.test.mallory.test"]
)
def test_a_server_moves_only_within_the_operators_domains(config: DiscoveryConfig, address: str) -> None:
    with pytest.raises(MoveNotAllowed, match=r"hosts in example\.test only"):
        publisher(config).move(move(address, counter=1))
    publisher(config).move(move("https://example.test", counter=1))


def test_an_address_that_the_operator_changes_after_a_move_counts_more(config: DiscoveryConfig) -> None:
    publisher(config).move(move(NEW, counter=1))
    third = "https://keys3.example.test"
    servers = [
        dataclasses.replace(server, address=third) if server.key == key_text(KEYS_KEY) else server
        for server in config.servers
    ]
    edited = dataclasses.replace(config, servers=tuple(servers))
    assert address_of(publisher(edited).current()) == (third, 1)
    publisher(edited).move(move(NEW, counter=2))
    assert address_of(publisher(edited).current()) == (NEW, 2)


def test_a_server_whose_key_was_removed_moves_no_longer(config: DiscoveryConfig) -> None:
    publisher(config).move(move(NEW, counter=1))
    others = tuple(
        dataclasses.replace(server, key=None) if server.key == key_text(KEYS_KEY) else server
        for server in config.servers
    )
    removed = dataclasses.replace(config, servers=others)
    assert current(removed).of_kind(ServerKind.KEY_SERVER)[0].address == "https://keys.example.test"
    with pytest.raises(MoveRefused):
        publisher(removed).move(move(NEW, counter=2))
    assert key_text(KEYS_KEY) not in config.state_file.read_text()


def test_moves_of_several_servers_are_kept(config: DiscoveryConfig) -> None:
    publisher(config).move(move(NEW, counter=1))
    publisher(config).move(move("https://api2.example.test/mail", owner=BRIDGE_KEY, counter=1))
    assert address_of(publisher(config).current()) == (NEW, 1)
    assert address_of(publisher(config).current(), ServerKind.BRIDGE) == ("https://api2.example.test/mail", 1)


def test_a_new_key_signs_after_the_old_one_has_named_it(config: DiscoveryConfig, clock: FakeClock) -> None:
    followed = run(follow_discovery(publisher(config).current(), PROVIDER, DOMAIN, PINNED, NOW))
    document = publisher(config).succeed(key(2))
    renewed = dataclasses.replace(config, key=key(2))
    assert publisher(renewed).current() == document
    followed = run(renew_discovery(followed, document, PROVIDER, NOW))
    assert followed.key == key_text(key(2))
    publisher(renewed).succeed(key(3))
    last = dataclasses.replace(config, key=key(3))
    late = run(follow_discovery(publisher(last).sign(), PROVIDER, DOMAIN, PINNED, NOW))
    assert late.key == key_text(key(3)) == publisher(last).newest_key()


def test_a_key_that_has_been_replaced_signs_nothing(config: DiscoveryConfig, clock: FakeClock) -> None:
    document = publisher(config).succeed(key(2))
    with pytest.raises(DiscoveryKeyReplaced, match="put that key back"):
        publisher(config).sign()
    with pytest.raises(DiscoveryKeyReplaced):
        publisher(config).move(move(NEW, counter=1))
    with pytest.raises(DiscoveryKeyReplaced):
        publisher(config).succeed(key(3))
    assert publisher(config).current() == document == publisher(config).published()
    clock.advance(seconds=13 * 3600)
    with pytest.raises(DiscoveryKeyReplaced):
        publisher(config).current()


def test_another_key_is_not_taken_by_mistake(config: DiscoveryConfig) -> None:
    publisher(config).sign()
    other = dataclasses.replace(config, key=key(9))
    with pytest.raises(DiscoveryKeyReplaced):
        publisher(other).sign()
    config.state_file.unlink()
    with pytest.raises(DiscoveryUnsigned):
        run(follow_discovery(publisher(other).sign(), PROVIDER, DOMAIN, PINNED, NOW))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "sealwax-discovery-state-2"}'])
def test_a_damaged_state_is_reported_and_kept(config: DiscoveryConfig, text: str) -> None:
    config.state_file.write_text(text)
    with pytest.raises(StateDamaged, match=str(config.state_file)):
        publisher(config).current()
    assert config.state_file.read_text() == text


@pytest.mark.parametrize("changed", [{"format": "x"}, {"signed": "?"}, {"moves": [{}]}, {"successions": [1]}])
def test_each_member_of_the_state_is_checked(config: DiscoveryConfig, changed: dict[str, object]) -> None:
    publisher(config).sign()
    state = json.loads(config.state_file.read_text())
    config.state_file.write_text(json.dumps(state | changed))
    with pytest.raises(StateDamaged):
        publisher(config).current()


def test_the_state_has_no_secret(config: DiscoveryConfig, tmp_path: Path) -> None:
    publisher(config).succeed(key(2))
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (OPERATOR, key(2)):
        assert secret.pkcs8_der[-32:] not in written
        assert secret.pkcs8_der[-32:].hex().encode() not in written
    assert parse_signed_discovery(publisher(config).published()).key.encode() in written


def test_a_short_lifetime_is_kept(config: DiscoveryConfig) -> None:
    assert current(dataclasses.replace(config, lifetime=timedelta(hours=1))).expires == NOW + HOUR
