"""A client that loses a server takes the next one, and asks for the list at once."""

from __future__ import annotations

import dataclasses
import datetime

from smime_core.own_content.failover import MIN_FETCH_INTERVAL, RETRY, Failover
from smime_core.own_content.server_list import ServerKind
from tests.support.people import NOW
from tests.support.server_lists import FIRST_BRIDGE, HOUR, LIST, SECOND, SECOND_BRIDGE, server

THIRD = server(ServerKind.BRIDGE, "https://third.example.test")
START = Failover(server_list=dataclasses.replace(LIST, servers=(FIRST_BRIDGE, SECOND_BRIDGE, THIRD)), asked=NOW)


def bridges(state: Failover, at: datetime.datetime = NOW + SECOND) -> tuple[str, ...]:
    return tuple(candidate.address for candidate in state.candidates(ServerKind.BRIDGE, at=at))


FIRST, NEXT, LAST = bridges(START)


def test_the_servers_are_tried_in_the_order_of_the_list() -> None:
    assert (FIRST_BRIDGE.address, SECOND_BRIDGE.address, THIRD.address) == (FIRST, NEXT, LAST)


def test_a_lost_server_is_the_last_choice_until_it_is_tried_again() -> None:
    lost = START.lose(FIRST_BRIDGE, at=NOW)
    assert bridges(lost) == (NEXT, LAST, FIRST)
    assert bridges(lost, NOW + RETRY - SECOND) == (NEXT, LAST, FIRST)
    assert bridges(lost, NOW + RETRY) == (FIRST, NEXT, LAST)


def test_of_several_lost_servers_the_longest_lost_is_tried_first() -> None:
    lost = START.lose(SECOND_BRIDGE, at=NOW).lose(FIRST_BRIDGE, at=NOW + SECOND)
    assert bridges(lost, NOW + SECOND) == (LAST, NEXT, FIRST)
    assert bridges(lost.lose(SECOND_BRIDGE, at=NOW + 2 * SECOND), NOW + 2 * SECOND) == (LAST, FIRST, NEXT)


def test_a_server_that_answers_again_is_in_its_place() -> None:
    assert bridges(START.lose(FIRST_BRIDGE, at=NOW).reach(FIRST_BRIDGE)) == (FIRST, NEXT, LAST)


def test_a_server_of_another_kind_at_the_same_address_is_not_lost() -> None:
    twin = dataclasses.replace(FIRST_BRIDGE, kind=ServerKind.DIRECTORY, key=None)
    state = Failover(server_list=dataclasses.replace(LIST, servers=(FIRST_BRIDGE, SECOND_BRIDGE, twin)), asked=NOW)
    lost = state.lose(twin, at=NOW)
    assert bridges(lost) == (FIRST, NEXT)
    assert bridges(lost.lose(FIRST_BRIDGE, at=NOW).reach(twin)) == (NEXT, FIRST)


def test_the_list_is_asked_for_at_half_of_its_life() -> None:
    assert START.next_fetch() == NOW + 12 * HOUR


def test_the_list_is_asked_for_at_once_after_a_loss_but_not_all_the_time() -> None:
    lost = START.lose(FIRST_BRIDGE, at=NOW + HOUR)
    assert lost.next_fetch() <= NOW + HOUR
    renewal = lost.renew(lost.server_list, at=NOW + HOUR + SECOND)
    assert renewal.next_fetch() == NOW + 12 * HOUR
    again = renewal.lose(SECOND_BRIDGE, at=NOW + HOUR + 2 * SECOND)
    assert again.next_fetch() == NOW + HOUR + SECOND + MIN_FETCH_INTERVAL


def test_a_list_that_was_asked_for_in_vain_is_asked_for_again_later() -> None:
    late = NOW + 13 * HOUR
    assert START.renew(START.server_list, at=late).next_fetch() == late + RETRY


def test_a_server_is_not_lost_at_its_new_address() -> None:
    moved = dataclasses.replace(FIRST_BRIDGE, address="https://moved.example.test", moves=1)
    lost = START.lose(FIRST_BRIDGE, at=NOW).lose(SECOND_BRIDGE, at=NOW)
    renewed = lost.renew(dataclasses.replace(LIST, servers=(moved, SECOND_BRIDGE, THIRD)), at=NOW + SECOND)
    assert bridges(renewed) == (moved.address, LAST, NEXT)
    back = renewed.renew(START.server_list, at=NOW + 2 * SECOND)
    assert bridges(back, NOW + 2 * SECOND) == (FIRST, LAST, NEXT)
