"""The addresses to which no notice goes (RFC 3834 section 2)."""

from __future__ import annotations

import pytest

from webbridge.delivery.notices.recipients import NoPerson, Unreachable, check_recipient

OWN = ("parcels@example.test",)


@pytest.mark.parametrize(
    "address",
    [
        "owner-team@example.org",
        "team-owner@example.org",
        "team-request@example.org",
        "Team-Request@example.org",
        "team-bounces@example.org",
        "team-bounces+bob=example.org@example.org",
        "team-unsubscribe@example.org",
        "MAILER-DAEMON@example.org",
        "noreply@example.org",
        "no-reply@example.org",
        "no-reply+token@example.org",
        "do-not-reply@example.org",
        "Do_Not_Reply@example.org",
        "no.reply@example.org",
        "mailer.daemon+bob@example.org",
        "bounce+12345@example.org",
        "majordomo@example.org",
        "listserv@example.org",
        "root@example.org",
    ],
)
def test_lists_and_programs_get_none(address: str) -> None:
    with pytest.raises(NoPerson) as refused:
        check_recipient(address, own=OWN)
    assert refused.value.reason is Unreachable.LIST
    assert refused.value.status == 422


@pytest.mark.parametrize("address", ["", "<>", "bob", "bob@", "@example.org", "bob@example.org\r\nX: y", "a b@c.org"])
def test_null_senders_and_texts_that_are_no_address_get_none(address: str) -> None:
    with pytest.raises(NoPerson) as refused:
        check_recipient(address, own=OWN)
    assert refused.value.reason is Unreachable.NO_ADDRESS


@pytest.mark.parametrize("own", ["parcels@example.test", "parcels+bounces@example.test"])
@pytest.mark.parametrize("address", ["parcels@example.test", "Parcels@EXAMPLE.test", "parcels+x@example.test"])
def test_the_service_tells_itself_nothing(address: str, own: str) -> None:
    with pytest.raises(NoPerson) as refused:
        check_recipient(address, own=[own])
    assert refused.value.reason is Unreachable.OWN


@pytest.mark.parametrize(
    "address",
    [
        "bob@example.org",
        "bob+parcels@example.org",
        "requests@example.org",
        "rooter@example.org",
        "bob.owner@example.org",
        "downer-bob@example.org",
        "info@example.org",
        "postmaster@example.org",
    ],
)
def test_people_and_offices_get_theirs(address: str) -> None:
    check_recipient(address, own=OWN)
