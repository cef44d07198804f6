"""Senders whom the bridge stops: blocked, above a limit, of a domain that looks like another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import product

import pytest

from sealwax.service import Database, ServiceError, TryLater
from tests.support.clock import FakeClock
from webbridge.database import SCHEMA
from webbridge.delivery.abuse.blocks import Block, BlockKind, BlockReason, Blocks, block_name
from webbridge.delivery.abuse.refusals import RefusalTokens, allow_again, refuse
from webbridge.delivery.abuse.senders import OwnNames, SenderCheck, SenderLimits

pytestmark = pytest.mark.server
ALICE, BOB = "alice@example.test", "bob@example.org"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(SCHEMA.open(database_url)) as opened:
        yield opened


@pytest.fixture
def blocks(database: Database) -> Blocks:
    return Blocks(database)


def check_of(
    database: Database, clock: FakeClock, *, limits: SenderLimits | None = None, own: OwnNames | None = None
) -> SenderCheck:
    return SenderCheck(database, limits or SenderLimits(), own or OwnNames(), clock=clock)


def add(blocks: Blocks, clock: FakeClock, kind: BlockKind, name: str, *, days: int | None = None) -> None:
    ends_at = None if days is None else clock() + timedelta(days=days)
    blocks.add(Block(kind=kind, name=name, reason=BlockReason.OPERATOR, made_at=clock(), ends_at=ends_at))


def code_of(check: SenderCheck, sender: str, *recipients: str) -> str:
    """The code of the refusal, or an empty text."""
    try:
        check.check(sender, recipients or (BOB,))
    except ServiceError as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("kind", "name", "sender", "expected"),
    [
        (BlockKind.SENDER, ALICE, ALICE, "sender-blocked"),
        (BlockKind.SENDER, ALICE, "Alice@EXAMPLE.test", "sender-blocked"),
        (BlockKind.SENDER, ALICE, "alice2@example.test", ""),
        (BlockKind.DOMAIN, "example.test", ALICE, "sender-blocked"),
        (BlockKind.DOMAIN, "example.test", "alice@mail.example.test", "sender-blocked"),
        (BlockKind.DOMAIN, "ample.test", ALICE, ""),
        (BlockKind.RECIPIENT, BOB, ALICE, "recipient-refused"),
        (BlockKind.RECIPIENT_DOMAIN, "example.org", ALICE, "recipient-refused"),
        (BlockKind.RECIPIENT, ALICE, ALICE, ""),
    ],
)
def test_a_block_stops_exactly_its_own(
    kind: BlockKind, name: str, sender: str, expected: str, database: Database, blocks: Blocks, clock: FakeClock
) -> None:
    add(blocks, clock, kind, name)
    assert code_of(check_of(database, clock), sender) == expected


@pytest.mark.parametrize("kind", [BlockKind.SENDER, BlockKind.RECIPIENT])
@pytest.mark.parametrize("address", ["alice+x@example.test", "Alice+x+y@EXAMPLE.test", "alice+@example.test"])
def test_a_block_counts_for_all_addresses_of_the_mailbox(
    kind: BlockKind, address: str, database: Database, blocks: Blocks, clock: FakeClock
) -> None:
    sender, recipient = (address, BOB) if kind is BlockKind.SENDER else (BOB, address)
    assert code_of(check_of(database, clock), sender, recipient) == ""
    add(blocks, clock, kind, ALICE)
    assert code_of(check_of(database, clock), sender, recipient)


def test_a_block_of_an_address_with_a_detail_is_of_this_address(
    database: Database, blocks: Blocks, clock: FakeClock
) -> None:
    add(blocks, clock, BlockKind.RECIPIENT, "bob+shop@example.org")
    check = check_of(database, clock)
    assert code_of(check, ALICE, "bob+shop@example.org") == "recipient-refused"
    assert code_of(check, ALICE, "bob@example.org", "bob+other@example.org") == ""


def test_a_block_with_an_end_ends(database: Database, blocks: Blocks, clock: FakeClock) -> None:
    add(blocks, clock, BlockKind.SENDER, ALICE, days=2)
    check = check_of(database, clock)
    assert code_of(check, ALICE) == "sender-blocked"
    clock.advance(seconds=timedelta(days=2).total_seconds())
    assert code_of(check, ALICE) == ""
    assert blocks.all(clock()) == []


def test_a_removed_block_is_gone(database: Database, blocks: Blocks, clock: FakeClock) -> None:
    add(blocks, clock, BlockKind.DOMAIN, "example.test")
    assert blocks.remove(BlockKind.DOMAIN, "example.test")
    assert not blocks.remove(BlockKind.DOMAIN, "example.test")
    assert code_of(check_of(database, clock), ALICE) == ""


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (BlockKind.SENDER, "Alice@EXAMPLE.test", ALICE),
        (BlockKind.DOMAIN, "@Example.Test", "example.test"),
        (BlockKind.DOMAIN, "stra\u00dfe.de", "xn--strae-oqa.de"),
    ],
)
def test_a_block_has_one_name(kind: BlockKind, text: str, expected: str) -> None:
    assert block_name(kind, text) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (BlockKind.SENDER, "alice"),
        (BlockKind.DOMAIN, ALICE),
        (BlockKind.DOMAIN, ""),
        (BlockKind.RECIPIENT, "a\r\n@b.c"),
    ],
)
def test_a_text_that_names_nothing_is_no_block(kind: BlockKind, text: str) -> None:
    with pytest.raises(ValueError, match="is expected"):
        block_name(kind, text)


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("ceo@examp1e.org", "look-alike-domain"),
        ("ceo@example.org.evil.test", "look-alike-domain"),
        ("ceo@apl.examp1e.test", "look-alike-domain"),
        ("ceo@ex\u0430mple.com", "look-alike-domain"),
        ("ceo@example.org", ""),
        ("ceo@other.test", ""),
        ("ceo@exarnple.net", ""),
    ],
)
def test_a_domain_that_looks_like_the_recipients_or_the_services_is_refused(
    sender: str, expected: str, database: Database, clock: FakeClock
) -> None:
    own = OwnNames(domains=frozenset({"exarnple.net"}), hosts=("api.example.test",))
    assert code_of(check_of(database, clock, own=own), sender, BOB, "carol@example.net") == expected


@pytest.mark.parametrize(
    "recipient",
    [
        "team-request@example.org",
        '"noreply"@example.org',
        "parcels@example.test",
        "Parcels+x@EXAMPLE.test",
        "no",
    ],
)
def test_an_address_of_nobody_is_refused_before_the_upload(
    recipient: str, database: Database, clock: FakeClock
) -> None:
    own = OwnNames(addresses=("parcels@example.test",))
    assert code_of(check_of(database, clock, own=own), ALICE, recipient)


def test_a_person_who_can_get_no_notice_can_get_a_parcel(database: Database, clock: FakeClock) -> None:
    assert code_of(check_of(database, clock), ALICE, "jos\u00e9@example.org") == ""


@pytest.mark.parametrize("sender", ["alice+2@example.test", "ALICE+x+y@Example.test", '"alice"@example.test'])
def test_all_addresses_of_a_mailbox_share_the_limit_of_a_sender(
    sender: str, database: Database, clock: FakeClock
) -> None:
    check = check_of(database, clock, limits=SenderLimits(sender_recipients=10))
    check.count("alice+1@example.test", 10)
    with pytest.raises(TryLater):
        check.count(sender, 1)
    check.count("alice2@example.test", 10)


def test_a_sender_reaches_so_many_recipients_in_a_day(database: Database, clock: FakeClock) -> None:
    check = check_of(database, clock, limits=SenderLimits(sender_recipients=10))
    check.count(ALICE, 6)
    check.count(ALICE, 4)
    with pytest.raises(TryLater) as refused:
        check.count("Alice@example.test", 1)
    assert refused.value.retry_after_seconds == 24 * 60 * 60 / 10
    check.count("bob@example.test", 10)
    clock.advance(seconds=24 * 60 * 60)
    check.count(ALICE, 10)


def test_all_senders_of_a_domain_share_a_limit(database: Database, clock: FakeClock) -> None:
    check = check_of(database, clock, limits=SenderLimits(sender_recipients=10, domain_recipients=12))
    check.count(ALICE, 10)
    with pytest.raises(TryLater):
        check.count("bob@example.test", 3)
    check.count("bob@example.test", 2)
    check.count("bob@example.org", 3)


def test_a_parcel_above_the_limit_is_refused_whenever_it_comes(database: Database, clock: FakeClock) -> None:
    check = check_of(database, clock, limits=SenderLimits(sender_recipients=10))
    with pytest.raises(ServiceError) as refused:
        check.count(ALICE, 11)
    assert refused.value.code == "too-many-recipients"
    check.count(ALICE, 10)


def test_a_token_is_of_one_address_and_of_one_bridge() -> None:
    tokens = RefusalTokens(bytes(32))
    token = tokens.seal("Bob@EXAMPLE.org")
    assert tokens.open(token) == BOB
    assert token == tokens.seal(BOB), "a log shows the same text for the same address"
    assert "bob" not in token.lower()
    assert tokens.seal("carol@example.org") != token
    assert RefusalTokens(bytes(31) + b"1").open(token) is None
    for wrong in ("", "x", token[:-1], token + "A", token[::-1], "\u00e9" * 40, "A" * 10_000):
        assert tokens.open(wrong) is None


def test_a_recipient_takes_back_only_their_own_refusal(blocks: Blocks, clock: FakeClock) -> None:
    refuse(blocks, BOB, clock())
    allow_again(blocks, BOB)
    assert blocks.all(clock()) == []
    add(blocks, clock, BlockKind.RECIPIENT, BOB)
    allow_again(blocks, BOB)
    assert len(blocks.all(clock())) == 1


@pytest.mark.parametrize("days", [None, 2])
def test_no_answer_of_a_recipient_removes_the_operators_block(
    days: int | None, blocks: Blocks, clock: FakeClock
) -> None:
    add(blocks, clock, BlockKind.RECIPIENT, BOB, days=days)
    for answers in product((True, False), repeat=3):
        for is_refusal in answers:
            refuse(blocks, BOB, clock()) if is_refusal else allow_again(blocks, BOB)
        (block,) = blocks.all(clock())
        assert block.reason is BlockReason.OPERATOR


def test_a_refusal_outlives_the_operators_block(blocks: Blocks, clock: FakeClock) -> None:
    add(blocks, clock, BlockKind.RECIPIENT, BOB, days=2)
    refuse(blocks, BOB, clock())
    clock.advance(seconds=timedelta(days=2).total_seconds())
    assert blocks.find_for_recipient(BOB, clock()) is not None


def test_a_refusal_is_taken_back_beside_a_block_of_the_domain(blocks: Blocks, clock: FakeClock) -> None:
    refuse(blocks, BOB, clock())
    add(blocks, clock, BlockKind.RECIPIENT_DOMAIN, "example.org")
    allow_again(blocks, BOB)
    assert [block.kind for block in blocks.all(clock())] == [BlockKind.RECIPIENT_DOMAIN]
    refuse(blocks, "carol@example.org", clock())
    blocks.remove(BlockKind.RECIPIENT_DOMAIN, "example.org")
    refuse(blocks, BOB, clock())
    allow_again(blocks, BOB)
    assert [block.name for block in blocks.all(clock())] == ["carol@example.org"]
