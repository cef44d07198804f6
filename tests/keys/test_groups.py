"""Groups as their owner and members have them: who opens which version, and what a lying server cannot do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from roaming_keys.organisation.protocol.copies import KeyMaySign, recoverable
from roaming_keys.organisation.protocol.messages import RecoveryStatus
from roaming_keys.organisation.protocol.owner import confirm_policy, judge_recovery, with_policy
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.groups.calls import OwnerChanged, end_group, find_wrap, keep_group
from roaming_keys.protocol.groups.content import GroupVersion, open_group_bundle
from roaming_keys.protocol.groups.known import known_groups, own_identities
from roaming_keys.protocol.groups.membership import (
    NoOwnIdentity,
    NotInGroup,
    find_signer,
    with_identities,
    with_members,
    without_members,
)
from roaming_keys.protocol.groups.messages import Member, StoredGroup
from roaming_keys.protocol.known import ServerLies
from roaming_keys.protocol.steps import KeyServerError
from smime_core.blocking import run
from smime_core.errors import GroupKeyRefused, MalformedMessage, NoMatchingRecipient
from smime_core.own_content import examine_group_key, read_group_key
from smime_core.provider import NewKey
from smime_core.trust import Judging
from tests.support.clock import FakeClock
from tests.support.keys.groups import WARD, Sharer, member, own, sharer, ward
from tests.support.keys.organisation import policy_of
from tests.support.keys.people import PROVIDER, make_client
from tests.support.keys.ward import alice as alice, bob as bob, client as client
from tests.support.people import trust

pytestmark = [pytest.mark.usefixtures("quick_passphrases")]
BOB, CAROL = "bob@example.test", "carol@example.test"
Answer = Callable[[Call, bytes], bytes]


def answering(group: Callable[[StoredGroup], StoredGroup]) -> Answer:
    """A server that gives another group than it has."""

    def answer(call: Call, body: bytes) -> bytes:
        is_group = call.method == "GET" and call.path == f"/groups/{WARD}"
        return group(StoredGroup.from_json(body)).to_json() if is_group else body

    return answer


def stored_of(one: Sharer) -> StoredGroup:
    """The group as the server gives it to somebody."""
    groups: list[StoredGroup] = []

    def keep(stored: StoredGroup) -> StoredGroup:
        groups.append(stored)
        return stored

    one.transport.answer = answering(keep)
    try:
        one.open_own() if one.name == "alice" else one.open()
    finally:
        one.transport.answer = lambda _call, body: body
    return groups[0]


def key_of(stored: StoredGroup, one: Sharer) -> bytes:
    judging = Judging(trust_store=trust(), at=one.clock())
    wrap = find_wrap(stored, one.user)
    report = run(examine_group_key(wrap, judging, PROVIDER, identities=one.session.opened.identities))
    return read_group_key(report).key.key


def test_a_member_gets_the_keys_and_the_account_keeps_them(alice: Sharer, bob: Sharer) -> None:
    bob.log_in()
    certificates = [identity.certificate for identity in bob.session.opened.identities]
    assert certificates == [own("bob").certificate, own("ward3").certificate]
    known = known_groups(bob.session.opened.state)[WARD]
    assert (known.name, known.owner, known.version) == ("Ward 3", "alice@example.test", 1)
    assert known.certificate == own("alice").certificate


def test_the_keys_of_a_group_are_not_the_own_ones(bob: Sharer) -> None:
    assert [identity.certificate for identity in own_identities(bob.session.opened)] == [own("bob").certificate]


def test_officers_get_no_keys_of_groups(alice: Sharer) -> None:
    """A key that only encrypts would go to the officers of each member otherwise."""
    content = ward("alice", "bob", identity=own("ward3", NewKey.X25519))
    alice.store(content, 1, id="night")
    bob = sharer(alice.client, alice.clock, "bob", NewKey.P256)
    bob.take("night")
    copied = recoverable(bob.session.opened.identities)
    assert [identity.certificate for identity in copied] == [own("ward3", NewKey.X25519).certificate]
    state = with_policy(bob.session.opened.state, policy_of(), bob.clock())
    opened = replace(bob.session.opened, state=state)
    left_out = judge_recovery(opened, RecoveryStatus()).left_out
    assert [identity.certificate for identity in left_out] == [own("bob").certificate]
    with pytest.raises(KeyMaySign):
        run(confirm_policy(bob.session, bob.setting, policy_of(), bob.clock()))


def test_a_removed_member_opens_no_later_version(alice: Sharer, bob: Sharer) -> None:
    before = stored_of(bob)
    alice.store(without_members(alice.open_own().content, [BOB], alice.user), 2)
    with pytest.raises(KeyServerError) as refused:
        bob.open()
    assert refused.value.code == "no-such-group"
    # Not even if the server gives the new bundle all the same.
    version = GroupVersion(id=WARD, owner=alice.user, number=2)
    with pytest.raises(GroupKeyRefused):
        run(open_group_bundle(stored_of(alice).bundle, version, key_of(before, bob), PROVIDER))


def test_each_version_has_a_new_key(alice: Sharer, bob: Sharer) -> None:
    first = stored_of(bob)
    alice.store(alice.open_own().content, 2)
    second = stored_of(bob)
    bob.transport.answer = answering(lambda stored: replace(stored, bundle=second.bundle, members=first.members))
    with pytest.raises(GroupKeyRefused, match="another group, version or member"):
        bob.open()


def test_a_removal_says_who_still_has_the_key_until_there_is_a_new_one(alice: Sharer) -> None:
    left = without_members(alice.open_own().content, [BOB], alice.user)
    assert left.removed == (BOB,)
    renewed = with_identities(left, [own("ward3", NewKey.P384)])
    assert renewed.removed == ()
    assert [identity.certificate for identity in renewed.identities] == [
        own("ward3", NewKey.P384).certificate,
        own("ward3").certificate,
    ]
    # The same key protects from nobody who has it.
    assert with_identities(left, [own("ward3")]).removed == (BOB,)
    alice.store(left, 2)
    assert alice.open_own().content.removed == (BOB,)
    assert with_members(left, [member("bob")]).removed == ()


def test_only_members_who_are_no_owner_are_removed(alice: Sharer) -> None:
    content = alice.open_own().content
    for user in (CAROL, alice.user):
        with pytest.raises(NotInGroup):
            without_members(content, [user], alice.user)


def test_the_newest_certificate_of_a_group_is_the_first_of_it(alice: Sharer, bob: Sharer) -> None:
    """Programs sign with the first one of an address."""
    alice.store(with_identities(alice.open_own().content, [own("ward3", NewKey.P384)]), 2)
    bob.take()
    for person in (alice, bob):
        person.log_in()
        assert [each.certificate for each in person.session.opened.identities] == [
            own(person.name).certificate,
            own("ward3", NewKey.P384).certificate,
            own("ward3").certificate,
        ]


def test_a_new_member_gets_the_keys_of_before_too(alice: Sharer) -> None:
    content = with_identities(alice.open_own().content, [own("ward3", NewKey.P384)])
    alice.store(with_members(content, [member("carol")]), 2)
    carol = sharer(alice.client, alice.clock, "carol")
    assert len(carol.take().content.identities) == 2


def test_a_server_gives_no_earlier_version(alice: Sharer, bob: Sharer) -> None:
    first = stored_of(bob)
    alice.store(alice.open_own().content, 2)
    bob.take()
    bob.transport.answer = answering(lambda _stored: first)
    with pytest.raises(ServerLies) as refused:
        bob.open()
    assert refused.value.code == "group-rolled-back"


def test_a_server_gives_the_owner_no_earlier_version(alice: Sharer) -> None:
    first = stored_of(alice)
    alice.store(alice.open_own().content, 2)
    alice.transport.answer = answering(lambda _stored: first)
    with pytest.raises(ServerLies) as refused:
        alice.open_own()
    assert refused.value.code == "group-rolled-back"


def test_a_server_gives_no_two_groups_of_one_version(alice: Sharer, bob: Sharer) -> None:
    fork = sharer(make_client(alice.clock), alice.clock, "alice")
    fork.store(ward("alice", "bob"), 1)
    other = sharer(fork.client, fork.clock, "bob")
    other.open()
    forged = stored_of(other)
    bob.transport.answer = answering(lambda _stored: forged)
    with pytest.raises(ServerLies) as refused:
        bob.open()
    assert refused.value.code == "group-forked"


def test_a_server_changes_neither_bundle_nor_version_nor_owner(alice: Sharer, bob: Sharer) -> None:
    flipped: list[Callable[[StoredGroup], StoredGroup]] = [
        lambda group: replace(group, bundle=bytes([group.bundle[0] ^ 1]) + group.bundle[1:]),
        lambda group: replace(group, version=group.version + 1),
        lambda group: replace(group, owner=CAROL),
    ]
    for change in flipped:
        bob.transport.answer = answering(change)
        with pytest.raises(GroupKeyRefused):
            bob.open()


def test_a_server_exchanges_no_members(alice: Sharer, bob: Sharer) -> None:
    alices = stored_of(alice).members[0]
    bob.transport.answer = answering(lambda group: replace(group, members=[Member(user=BOB, wrap=alices.wrap)]))
    with pytest.raises(NoMatchingRecipient):
        bob.open()
    bob.transport.answer = answering(lambda group: replace(group, members=[]))
    with pytest.raises(ServerLies) as refused:
        bob.open()
    assert refused.value.code == "group-without-key"


def test_the_key_of_one_group_opens_no_other(alice: Sharer, bob: Sharer) -> None:
    night = "night"
    alice.store(ward("alice", "bob"), 1, id=night)
    groups: list[StoredGroup] = []

    def answer(call: Call, body: bytes) -> bytes:
        if call.path == f"/groups/{night}":
            groups.append(StoredGroup.from_json(body))
        return body

    bob.transport.answer = answer
    bob.open(night)
    bob.transport.answer = answering(lambda _stored: groups[0])
    with pytest.raises(GroupKeyRefused, match="another group"):
        bob.open()


def test_somebody_else_is_not_taken_for_the_owner(alice: Sharer, bob: Sharer, clock: FakeClock) -> None:
    """Eve, who runs the server, signs with a certificate of her own, which the same authority has issued."""
    eve = sharer(make_client(clock), clock, "eve")
    eve.store(ward("eve", "bob"), 1)
    other = sharer(eve.client, clock, "bob")
    other.open()
    forged = stored_of(other)
    for claimed in (forged, replace(forged, owner=alice.user)):
        bob.transport.answer = answering(lambda _stored, claimed=claimed: replace(claimed, version=2))  # type: ignore[misc]
        with pytest.raises((GroupKeyRefused, OwnerChanged)):
            bob.open()


def test_an_owner_whom_no_authority_vouches_for_is_refused_at_the_first_time(alice: Sharer) -> None:
    carol = sharer(alice.client, alice.clock, "carol")
    alice.store(with_members(alice.open_own().content, [member("carol")]), 2)
    nobody = Judging(trust_store=trust(own("dave").certificate), at=carol.clock())
    with pytest.raises(GroupKeyRefused, match="does not count"):
        carol.open(judging=nobody)
    assert carol.open().version.number == 2


def test_another_certificate_of_the_owner_is_accepted_by_its_fingerprint_only(alice: Sharer, bob: Sharer) -> None:
    content, renewed = alice.open_own().content, own("alice", NewKey.P384)
    opened = alice.session.opened
    alice.session = run(alice.session.push(alice.setting, replace(opened, identities=(*opened.identities, renewed))))
    identities = tuple(
        identity for identity in alice.session.opened.identities if identity.certificate != own("alice").certificate
    )
    alice.session = replace(alice.session, opened=replace(alice.session.opened, identities=identities))
    alice.store(content, 2)
    with pytest.raises(OwnerChanged) as refused:
        bob.open()
    assert refused.value.fingerprint == renewed.certificate.fingerprint
    with pytest.raises(OwnerChanged):
        bob.take(accepted=own("alice").certificate.fingerprint)
    assert bob.take(accepted=refused.value.fingerprint).version.number == 2
    assert bob.take().version.number == 2


def test_a_member_after_a_reset_is_added_again(alice: Sharer, clock: FakeClock) -> None:
    """The new account has a new certificate, which the key of before is not encrypted for."""
    bob = sharer(alice.client, clock, "bob", NewKey.P384)
    with pytest.raises(NoMatchingRecipient):
        bob.open()
    alice.store(with_members(alice.open_own().content, [member("bob", NewKey.P384)]), 2)
    assert [person.user for person in bob.take().content.members] == [alice.user, BOB]


def test_the_owner_learns_who_has_left(alice: Sharer, bob: Sharer) -> None:
    assert alice.open_own().left == ()
    run(end_group(bob.session, bob.setting, WARD))
    assert alice.open_own().left == (BOB,)


def test_a_group_with_a_certificate_of_a_member_is_refused(alice: Sharer, bob: Sharer) -> None:
    """Its owner would have a key by which the member signs, and to which the copies in Sent are encrypted."""
    identity = own("bob", NewKey.P384)
    alice.store(ward("alice", "bob", identity=identity), 1, id="trap")
    with pytest.raises(GroupKeyRefused, match=r"bob@example\.test, who is a person"):
        bob.take("trap")


def test_two_devices_of_the_owner_do_not_store_over_each_other(alice: Sharer) -> None:
    content = alice.open_own().content
    alice.store(content, 2)
    with pytest.raises(KeyServerError) as refused:
        alice.store(content, 2)
    assert refused.value.code == "group-changed"


def test_a_store_whose_answer_was_lost_is_opened_later(alice: Sharer, clock: FakeClock) -> None:
    before = alice.session
    alice.store(with_members(alice.open_own().content, [member("carol")]), 2)
    # Another device of hers, which has not kept the second version.
    alice.session = replace(alice.session, opened=before.opened)
    assert [person.user for person in alice.open_own().content.members][-1] == CAROL


def test_the_keys_are_kept_once(bob: Sharer) -> None:
    version = bob.session.opened.record.version
    again = run(keep_group(bob.session, bob.setting, bob.open(), at=bob.clock()))
    assert again.opened.record.version == version


def test_the_owner_signs_with_a_valid_certificate_of_the_own_address(alice: Sharer, clock: FakeClock) -> None:
    for identities in ([own("ward3")], []):
        with pytest.raises(NoOwnIdentity):
            find_signer(identities, alice.user, clock())
    assert find_signer([own("ward3"), own("alice")], alice.user, clock()) == own("alice")


def test_no_person_is_a_member_twice(alice: Sharer) -> None:
    content = alice.open_own().content
    with pytest.raises(MalformedMessage):
        replace(content, members=(*content.members, member("bob")))
    for name in ("", "Ward  3", "Ward\n3", "x" * 101):
        with pytest.raises(MalformedMessage):
            replace(content, name=name)
