"""Groups of hostile owners and members, and a key server that gives two devices different versions."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.calls import AddressOfOtherKeys, OwnAddressInGroup, prepare_group, with_keys_of
from roaming_keys.protocol.groups.content import (
    MAX_IDENTITIES,
    GroupContent,
    GroupMember,
    GroupVersion,
    check_group_name,
    seal_group,
)
from roaming_keys.protocol.groups.key_order import MAX_SHARED_IDENTITIES
from roaming_keys.protocol.groups.known import KnownGroup, known_groups, own_identities
from roaming_keys.protocol.groups.membership import with_identities, with_members, without_members
from roaming_keys.protocol.groups.messages import ListedGroup, ListedGroups, StoredGroup
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import OpenRecord
from roaming_keys.protocol.records.shared_keys import mark_shared, merge_group_entries
from smime_core.blocking import run
from smime_core.ca.demo import issue_identity
from smime_core.errors import GroupKeyRefused, LimitExceeded, MalformedMessage, SmimeError
from smime_core.identity import Identity, is_shared
from smime_core.provider import NewKey
from tests.support.clock import FakeClock
from tests.support.keys.groups import WARD, Sharer, member, own, sharer, ward
from tests.support.keys.people import PROVIDER
from tests.support.keys.ward import alice as alice, bob as bob, client as client
from tests.support.people import NOW, authority

BOB = "bob@example.test"
WARD_ADDRESS = "ward3@example.test"


@pytest.fixture
def carol(alice: Sharer) -> Sharer:
    return sharer(alice.client, alice.clock, "carol")


def issue(address: str, key: NewKey = NewKey.P256) -> Identity:
    return run(issue_identity(authority(), address, provider=PROVIDER, at=NOW, key=key))


def own_certificates(one: Sharer) -> list[str]:
    return [each.certificate.fingerprint for each in own_identities(one.session.opened)]


def addresses_in_order(one: Sharer, address: str) -> list[Identity]:
    identities = one.session.opened.identities
    return [each for each in identities if address in each.certificate.email_addresses]


def test_a_key_that_a_later_version_lacks_does_not_become_the_members_own(alice: Sharer, bob: Sharer) -> None:
    content = alice.open_own().content
    alice.store(replace(content, identities=(own("ward3", NewKey.P384),)), 2)
    bob.take()
    bob.log_in()
    assert own_certificates(bob) == [own("bob").certificate.fingerprint]
    # The newest one signs.
    assert [is_shared(identity) for identity in bob.session.opened.identities] == [False, True, True]
    assert addresses_in_order(bob, WARD_ADDRESS)[0].certificate == own("ward3", NewKey.P384).certificate


def test_a_key_of_a_group_stays_one_without_its_entry(bob: Sharer) -> None:
    """The entry may be lost, or of a later program, which this one cannot read."""
    opened = bob.session.opened
    without = replace(opened, state=replace(opened.state, entries={}))
    assert [identity.certificate for identity in own_identities(without)] == [own("bob").certificate]
    # A file that says nothing of it takes the mark of no other side away.
    bare = replace(opened, identities=tuple(replace(identity, friendly_name=None) for identity in opened.identities))
    assert len(own_identities(opened.with_content(bare))) == len(own_identities(bare.with_content(opened))) == 1
    (name, entry) = next(iter(opened.state.entries.items()))
    later = Entry(at=entry.at, value=str(entry.value).replace('{"name"', '{"colour":"red","name"'))
    assert known_groups(replace(opened.state, entries={name: later})) == {}
    assert [is_shared(marked) for marked in mark_shared(bare.identities, {name: later})] == [False, True]


def test_two_devices_at_once_bring_back_no_earlier_version(alice: Sharer, bob: Sharer, clock: FakeClock) -> None:
    """The server gives one device the second version, and then another one, which is not logged in anew, the first."""
    other = Sharer(alice.client, clock, "bob", own("bob"))
    other.log_in()
    first = other.open()
    alice.store(with_identities(alice.open_own().content, [own("ward3", NewKey.P384)]), 2)
    bob.take()
    clock.advance(seconds=60)
    before = replace(other.session.opened, state=replace(other.session.opened.state, entries={}))
    late = with_keys_of(before, first, clock())
    bob.session = run(bob.session.push(bob.setting, late))
    bob.log_in()
    assert known_groups(bob.session.opened.state)[WARD].version == 2
    assert own_certificates(bob) == [own("bob").certificate.fingerprint]


_texts = st.text("0123456789abcdef", min_size=64, max_size=64)
_known = st.builds(
    lambda version, bundle, certificates: KnownGroup(
        name="Ward 3",
        owner="alice@example.test",
        certificate=own("alice").certificate,
        version=version,
        bundle=bundle,
        certificates=tuple(certificates),
    ),
    st.integers(1, 4),
    _texts,
    st.lists(_texts, max_size=3, unique=True),
)
_entries = st.builds(lambda at, known: Entry(at=at, value=known.to_json().decode()), st.integers(0, 3), _known)


@settings(max_examples=40, deadline=None)
@given(st.lists(_entries, min_size=2, max_size=3), st.randoms(use_true_random=False))
def test_no_order_of_merges_loses_a_version_or_a_certificate(entries: list[Entry], random: object) -> None:
    name = f"group key:{WARD}"
    groups = []
    for order in itertools.permutations(entries):
        merged = {name: order[0]}
        for later in order[1:]:
            newest = {name: later} if later.is_newer_than(merged[name]) else merged
            merged = merge_group_entries(newest, merged, {name: later})
        groups.append(KnownGroup.from_json(str(merged[name].value).encode()))
    originals = [KnownGroup.from_json(str(entry.value).encode()) for entry in entries]
    assert {group.version for group in groups} == {max(group.version for group in originals)}
    assert {group.bundle for group in groups} == {max((group.version, group.bundle) for group in originals)[1]}
    assert {group.certificates for group in groups} == {
        tuple(sorted({each for group in originals for each in group.certificates}))
    }


def test_a_group_takes_no_address_of_another_group_or_of_own_keys(alice: Sharer, bob: Sharer, carol: Sharer) -> None:
    """The keys of Carol's group would sign for the ward, and for another address of Bob's."""
    robert = issue("robert@example.test")
    opened = bob.session.opened
    bob.session = run(bob.session.push(bob.setting, replace(opened, identities=(*opened.identities, robert))))
    traps = {"ward": own("ward3", NewKey.P384), "same": own("ward3"), "own": issue("Robert@Example.test")}
    for id, identity in traps.items():
        carol.store(ward("carol", "bob", identity=identity), 1, id=id)
        with pytest.raises(AddressOfOtherKeys):
            bob.take(id)
    # A later version takes none either.
    carol.store(ward("carol", "bob", identity=issue("night@example.test")), 1, id="night")
    bob.take("night")
    carol.store(with_identities(carol.open_own("night").content, [own("ward3", NewKey.P384)]), 2, id="night")
    with pytest.raises(AddressOfOtherKeys):
        bob.take("night")


def test_a_person_agrees_to_another_group_of_an_address(alice: Sharer, bob: Sharer, carol: Sharer) -> None:
    """Carol goes on with the ward after Alice has left the house."""
    newer = own("ward3", NewKey.P384)
    carol.store(with_identities(ward("carol", "bob"), [newer]), 1, id="next")
    with pytest.raises(AddressOfOtherKeys):
        bob.take("next", accepted=own("alice").certificate.fingerprint)
    bob.take("next", accepted=own("carol").certificate.fingerprint)
    assert addresses_in_order(bob, WARD_ADDRESS)[0].certificate == newer.certificate
    # A later version of hers needs no other answer.
    carol.store(carol.open_own("next").content, 2, id="next")
    assert bob.take("next").version.number == 2


def test_another_group_of_the_same_owner_and_a_key_that_was_the_members_need_no_answer(
    alice: Sharer, bob: Sharer, clock: FakeClock
) -> None:
    alice.store(ward("alice", "bob"), 1, id="again")
    bob.take("again")
    dave = sharer(alice.client, clock, "dave")
    opened = dave.session.opened
    dave.session = run(dave.session.push(dave.setting, replace(opened, identities=(*opened.identities, own("ward3")))))
    alice.store(with_members(alice.open_own().content, [member("dave")]), 2)
    dave.take()
    assert own_certificates(dave) == [own("dave").certificate.fingerprint]


def test_a_later_version_of_one_group_changes_no_order_of_others(alice: Sharer, bob: Sharer, carol: Sharer) -> None:
    carol.store(ward("carol", "bob", identity=own("ward3", NewKey.P384)), 1, id="next")
    bob.take("next", accepted=own("carol").certificate.fingerprint)
    before = [identity.certificate for identity in bob.session.opened.identities]
    alice.store(alice.open_own().content, 2)
    bob.take()
    assert [identity.certificate for identity in bob.session.opened.identities] == before


def test_capitals_beyond_ascii_hide_no_own_address(alice: Sharer, clock: FakeClock) -> None:
    """The address of an account has small letters. Its certificate may have large ones."""
    version = GroupVersion(id="x", owner="jörg@example.test", number=1)
    session = replace(alice.session, account_id=replace(alice.session.account_id, user="jörg@example.test"))
    content = ward("alice", identity=issue("JÖRG@example.test"))
    with pytest.raises(OwnAddressInGroup):
        run(prepare_group(session, version, content, PROVIDER, at=clock()))


@pytest.mark.parametrize(
    "user", ["\u202emoc.tset@example.test", "a\x1b[2j@example.test", "all is well", "Bob@example.test", "a\x85b@c.test"]
)
def test_nobody_in_a_group_has_an_address_that_nobody_can_read(user: str) -> None:
    content = ward("alice", "bob")
    with pytest.raises(MalformedMessage):
        replace(content, removed=(user,))
    with pytest.raises(MalformedMessage):
        replace(content, members=(*content.members, GroupMember(user=user, certificate=own("dave").certificate)))


def test_the_certificate_of_a_member_is_of_the_members_address() -> None:
    content = ward("alice", "bob")
    stranger = GroupMember(user="dave@example.test", certificate=own("eve").certificate)
    with pytest.raises(MalformedMessage, match="not of this address"):
        replace(content, members=(*content.members, stranger))


def test_a_list_of_people_has_its_owner_and_the_person_who_reads_it(
    alice: Sharer, bob: Sharer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile owner gives Bob the key, and shows him other people than there are."""

    def store_showing(shown: GroupContent, number: int) -> None:
        async def seal(_content: GroupContent, *rest: object) -> bytes:
            return await seal_group(shown, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr("roaming_keys.protocol.groups.calls.seal_group", seal)
        alice.store(ward("alice", "bob"), number)

    store_showing(ward("bob"), 2)
    with pytest.raises(MalformedMessage, match="owner"):
        bob.take()
    store_showing(ward("alice", "dave"), 3)
    with pytest.raises(GroupKeyRefused, match="lacks you"):
        bob.take()


def test_a_group_that_could_not_be_opened_is_not_stored(alice: Sharer) -> None:
    content = alice.open_own().content
    with pytest.raises(LimitExceeded):
        replace(content, removed=tuple(f"person{number}@example.test" for number in range(101)))
    with pytest.raises(LimitExceeded):
        replace(content, identities=content.identities * (MAX_IDENTITIES + 1))


def test_keys_of_groups_leave_room_for_own_ones(bob: Sharer) -> None:
    group, many = bob.open(), [issue(f"ward{number}@example.test") for number in range(MAX_SHARED_IDENTITIES)]
    opened, half = bob.session.opened, len(many) // 2

    def with_more(identities: list[Identity], id: str) -> OpenRecord:
        content = replace(group.content, identities=tuple(identities))
        version = replace(group.version, id=id)
        return with_keys_of(opened, replace(group, version=version, content=content), bob.clock())

    opened = with_more(many[:half], "one")
    with pytest.raises(LimitExceeded):
        with_more(many[half:], "two")
    assert len(with_more(many[half + 1 :], "two").identities) == MAX_SHARED_IDENTITIES + 1


def test_certificates_beside_the_key_of_a_group_go_into_no_mail_of_its_members(alice: Sharer, bob: Sharer) -> None:
    junk = tuple(issue(f"person{number}@example.test").certificate for number in range(3))
    loaded = replace(own("ward3", NewKey.P384), chain=(*junk, *own("ward3").chain))
    alice.store(with_identities(alice.open_own().content, [loaded]), 2)
    assert alice.open_own().content.identities[0].chain == own("ward3").chain
    bob.take()
    bob.log_in()
    mine = next(identity for identity in bob.session.opened.identities if not is_shared(identity))
    assert mine.chain == own("bob").chain


def test_a_new_certificate_of_another_address_or_for_signatures_leaves_the_key_with_who_was_removed(
    alice: Sharer,
) -> None:
    left = without_members(alice.open_own().content, [BOB], alice.user)
    signing = issue(WARD_ADDRESS, NewKey.ED25519)
    for new in (issue("night@example.test"), signing):
        assert with_identities(left, [new]).removed == (BOB,)
    assert with_identities(left, [signing, issue(WARD_ADDRESS, NewKey.X25519)]).removed == ()


@pytest.mark.parametrize("name", ["\u2800", "\u3164", "\u115f\u1160", "\u034f", "\u0301\u0302"])
def test_no_name_of_a_group_shows_nothing(name: str) -> None:
    with pytest.raises(MalformedMessage):
        check_group_name(name)
    check_group_name("3" + name)


def test_a_stranger_whose_address_nobody_can_read_takes_no_list_away() -> None:
    rows = [ListedGroup(id="1", owner="\u202eeve@example.test", version=1), ListedGroup(id="2", owner=BOB, version=1)]
    assert ListedGroups.from_json(ListedGroups(groups=rows).to_json()).groups == (rows[1],)


def test_a_lying_server_names_no_owner_whom_nobody_can_read(alice: Sharer, bob: Sharer) -> None:
    def lie(call: Call, body: bytes) -> bytes:
        is_group = call.method == "GET" and call.path == f"/groups/{WARD}"
        stored = StoredGroup.from_json(body) if is_group else None
        return replace(stored, owner="alice\u202e@example.test").to_json() if stored else body

    bob.transport.answer = lie
    with pytest.raises(SmimeError):
        bob.open()
