"""Encryption keys that k of n officers recover together: what is copied, what opens it, and who is told."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import insert, select

from roaming_keys.organisation.client.calls import StaffClient
from roaming_keys.organisation.client.command.words import show_policy
from roaming_keys.organisation.client.staff_key import StaffKey
from roaming_keys.organisation.protocol.copies import (
    KeyMaySign,
    RecoveryCopy,
    Share,
    SharesRefused,
    build_copy,
    decrypt_share,
    encrypt_share,
    left_out,
    open_copy,
    pass_on_share,
    recoverable,
)
from roaming_keys.organisation.protocol.messages import (
    MAX_CASES,
    MAX_EVENTS,
    MAX_NOTE_CHARACTERS,
    MAX_REASON_CHARACTERS,
    MAX_RECIPIENT_CHARACTERS,
    CaseFacts,
    Change,
    Events,
    NewCase,
    RecoveryStatus,
    Role,
    ShownEvent,
    ShownUser,
)
from roaming_keys.organisation.protocol.owner import (
    confirm_policy,
    confirmed_policy,
    fetch_recovery_status,
    judge_recovery,
    renew_copy,
    with_policy,
)
from roaming_keys.organisation.protocol.policy import RecoveryPolicy
from roaming_keys.organisation.protocol.shares import join_shares, split_secret
from roaming_keys.organisation.server.appointing import AddRequest
from roaming_keys.organisation.server.staff import MemberExists
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.session import Session
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.app import close_app
from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.audit.checking import check_chain
from roaming_keys.server.audit.events import write_ranges
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import ACCOUNT
from roaming_keys.server.master_key.key_sources import GivenKeys
from roaming_keys.server.master_key.rotation import reseal_all
from roaming_keys.server.master_key.server_keys import KeyRing, MasterKey, ServerKeys
from roaming_keys.server.replaced_accounts import REPLACED_LIFETIME
from sealwax.service import Database
from smime_core.blocking import run
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.errors import DecryptionError, MalformedMessage, NoMatchingRecipient, SmimeError
from smime_core.identity import Identity
from smime_core.keys import public_key_of, subject_public_key
from smime_core.provider import NewKey
from smime_core.x509 import Certificate, KeyUsage, parse_certificate
from tests.support.clock import FakeClock
from tests.support.databases.audit_trails import trail_in
from tests.support.keys.organisation import (
    AT,
    OFFICERS,
    Organisation,
    encryption_identity,
    found_organisation,
    officer,
    policy_of,
    seed_of,
)
from tests.support.keys.people import ORIGIN, OTHER_PASSPHRASE, PASSPHRASE, PROVIDER, USER, Person, identity
from tests.support.keys.resets import reset, undo

pytestmark = [pytest.mark.usefixtures("quick_passphrases")]

ENCRYPTION = encryption_identity(USER)
SUCCESSOR = encryption_identity("sam@example.test")
CASE = "c1"


@dataclass
class Site:
    """The organisation, and its database."""

    organisation: Organisation
    database: Database

    @property
    def session(self) -> Session:
        return self.organisation.person.log_in()

    def confirm(self, policy: RecoveryPolicy | None = None) -> Session:
        """Put a policy in force, and confirm it as the owner."""
        policy = policy or policy_of()
        self.organisation.client("adam").set_policy(policy)
        person = self.organisation.person
        after = run(confirm_policy(self.session, person.setting, policy, person.clock()))
        person.known = after.known
        return after

    def ask(self) -> CaseFacts:
        new = NewCase(user=USER, reason="she has left", recipient=SUCCESSOR.certificate)
        return self.organisation.client("adam").ask(new)

    def kinds(self) -> list[str]:
        """The kinds of all events about accounts, and the actors."""
        trail = trail_in(self.database)
        check_chain(trail, self.database)
        events = [(entry.kind, trail.details_of(entry)) for entry in trail.entries(self.database, user=USER)]
        return [f"{kind} {details.actor}".strip() for kind, details in events if details]


def site_in(url: str, clock: FakeClock) -> Iterator[Site]:
    database = SCHEMA.open(url)
    organisation = found_organisation(database, url, clock)
    organisation.person.register(identity(), ENCRYPTION)
    yield Site(organisation, database)
    close_app(organisation.person.client.application)
    database.close()


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, clock: FakeClock) -> Iterator[Site]:
    yield from site_in(str(tmp_path_factory.mktemp("site") / "keys.sqlite"), clock)


@pytest.fixture
def any_site(database_url: str, clock: FakeClock) -> Iterator[Site]:
    yield from site_in(database_url, clock)


@pytest.fixture(scope="module")
def copy() -> RecoveryCopy:
    return run(build_copy(USER, policy_of(), [identity(), ENCRYPTION], PROVIDER))


def ders(identities: tuple[Identity, ...]) -> set[bytes]:
    return {opened_identity.certificate.der for opened_identity in identities}


# Shares


def test_the_published_example_of_shares_gives_its_secret() -> None:
    """draft-mcgrew-tss-03, section 9."""
    shares = {1: bytes.fromhex("b9fa07e185"), 2: bytes.fromhex("f5409b4511")}
    assert join_shares(shares) == bytes.fromhex("7465737400")


@pytest.mark.parametrize(("needed", "total"), [(1, 1), (2, 2), (2, 3), (3, 5), (5, 20)])
def test_each_choice_of_enough_shares_gives_the_secret(needed: int, total: int) -> None:
    secret = PROVIDER.random_bytes(32)
    shares = dict(enumerate(split_secret(secret, needed, total, PROVIDER), start=1))
    for chosen in itertools.islice(itertools.combinations(shares, needed), 40):
        assert join_shares({number: shares[number] for number in chosen}) == secret


def test_fewer_shares_fit_each_secret_equally() -> None:
    """For each byte there is exactly one polynomial through the known share, so that the share says nothing."""
    known = 0x5A
    secrets = {join_shares({1: bytes([known]), 2: bytes([other])}) for other in range(256)}
    assert len(secrets) == 256


@pytest.mark.parametrize("shares", [{}, {0: b"a"}, {256: b"a"}, {1: b"a", 2: b"ab"}])
def test_shares_of_no_secret_are_refused(shares: dict[int, bytes]) -> None:
    with pytest.raises(MalformedMessage):
        join_shares(shares)


# Copies


def test_only_keys_that_never_sign_are_copied() -> None:
    assert recoverable([identity(), ENCRYPTION]) == (ENCRYPTION,)
    assert left_out([identity(), ENCRYPTION]) == (identity(),)


def test_a_key_with_a_second_certificate_that_may_sign_is_never_copied() -> None:
    """The same key, certified once for encryption only and once for all."""
    authority = run(create_authority("CA", PROVIDER, at=AT, key=NewKey.P256))
    dual = run(issue_identity(authority, USER, PROVIDER, at=AT, key=NewKey.P256))
    narrowed = replace(dual, certificate=replace(dual.certificate, key_usage=KeyUsage.KEY_AGREEMENT))
    assert recoverable([narrowed]) == (narrowed,)
    assert recoverable([narrowed, dual]) == ()


def test_a_certificate_without_key_usage_may_sign() -> None:
    any_use = replace(ENCRYPTION, certificate=replace(ENCRYPTION.certificate, key_usage=None))
    assert recoverable([any_use]) == ()


def test_a_dual_use_certificate_is_refused_with_advice() -> None:
    with pytest.raises(KeyMaySign, match="get a separate certificate for encryption"):
        run(build_copy(USER, policy_of(), [identity()], PROVIDER))


def passed_on(copy: RecoveryCopy, *names: str, case: str = CASE) -> list[Share]:
    shares = []
    for name in names:
        number = OFFICERS.index(name) + 1
        request = Share(user=USER, copy_id=copy.id, number=number, value=b"", case=case)
        cms = run(pass_on_share(copy.shares[number - 1], [officer(name)], request, SUCCESSOR.certificate, PROVIDER))
        shares.append(run(decrypt_share(cms, [SUCCESSOR], PROVIDER)))
    return shares


@pytest.mark.parametrize("names", list(itertools.combinations(OFFICERS, 2)))
def test_two_of_three_officers_open_a_copy(copy: RecoveryCopy, names: tuple[str, ...]) -> None:
    assert ders(run(open_copy(copy, USER, CASE, passed_on(copy, *names), PROVIDER))) == {ENCRYPTION.certificate.der}


def test_a_copy_survives_its_json(copy: RecoveryCopy) -> None:
    assert RecoveryCopy.from_json(copy.to_json()) == copy


def test_fewer_officers_open_nothing(copy: RecoveryCopy) -> None:
    shares = passed_on(copy, "olga")
    with pytest.raises(SharesRefused, match="1 officers have approved, 2 are needed"):
        run(open_copy(copy, USER, CASE, shares, PROVIDER))
    # A second share that is made up, and a policy that claims that one is enough, help nobody.
    made_up = replace(shares[0], number=2, value=bytes(32))
    with pytest.raises(SharesRefused, match="do not fit together"):
        run(open_copy(copy, USER, CASE, [*shares, made_up], PROVIDER))


def test_the_same_officer_counts_once(copy: RecoveryCopy) -> None:
    with pytest.raises(SharesRefused):
        run(open_copy(copy, USER, CASE, [*passed_on(copy, "olga"), *passed_on(copy, "olga")], PROVIDER))


def test_shares_of_another_case_are_refused(copy: RecoveryCopy) -> None:
    shares = [*passed_on(copy, "olga"), *passed_on(copy, "otto", case="c2")]
    with pytest.raises(SharesRefused, match="another case"):
        run(open_copy(copy, USER, CASE, shares, PROVIDER))


def test_an_officer_opens_only_the_own_share(copy: RecoveryCopy) -> None:
    with pytest.raises(NoMatchingRecipient):
        run(decrypt_share(copy.shares[1], [officer("olga")], PROVIDER))


@pytest.mark.parametrize(
    "change",
    [{"user": "bob@example.test"}, {"copy_id": "another"}, {"number": 2}],
    ids=lambda change: next(iter(change)),
)
def test_an_officer_passes_on_no_share_of_somebody_else(copy: RecoveryCopy, change: dict[str, str | int]) -> None:
    """The server shows the case of one account, and gives the share of another."""
    request = replace(Share(user=USER, copy_id=copy.id, number=1, value=b"", case=CASE), **change)  # type: ignore[arg-type]
    with pytest.raises(SharesRefused, match="nothing was passed on"):
        run(pass_on_share(copy.shares[0], [officer("olga")], request, SUCCESSOR.certificate, PROVIDER))


def test_a_share_that_was_passed_on_is_not_passed_on_again(copy: RecoveryCopy) -> None:
    request = Share(user=USER, copy_id=copy.id, number=1, value=b"", case=CASE)
    share = replace(request, value=bytes(32))
    cms = run(encrypt_share(share, officer("olga").certificate, PROVIDER))
    with pytest.raises(SharesRefused):
        run(pass_on_share(cms, [officer("olga")], request, SUCCESSOR.certificate, PROVIDER))


def test_an_altered_share_does_not_open(copy: RecoveryCopy) -> None:
    altered = bytearray(copy.shares[0])
    altered[-40] ^= 1
    with pytest.raises((DecryptionError, MalformedMessage)):
        run(decrypt_share(bytes(altered), [officer("olga")], PROVIDER))


@pytest.mark.parametrize(
    ("needed", "names"), [(1, OFFICERS), (3, OFFICERS[:2]), (2, ("olga", "olga"))], ids=["one", "too-few", "twice"]
)
def test_a_policy_that_lets_one_act_alone_or_nobody_is_refused(needed: int, names: tuple[str, ...]) -> None:
    with pytest.raises(MalformedMessage):
        policy_of(*names, needed=needed)


# The procedure


def test_a_leavers_keys_reach_the_successor_and_each_step_is_in_the_trail(any_site: Site) -> None:
    any_site.confirm()
    organisation = any_site.organisation
    organisation.client("adam").change_user(USER, Change.DISABLE)
    case = any_site.ask().id
    with pytest.raises(KeyServerError, match="0 officers have approved, 2 are needed"):
        organisation.client("adam").open_case(case)
    organisation.approve(case, "olga")
    with pytest.raises(KeyServerError, match="1 officers have approved, 2 are needed"):
        organisation.client("adam").open_case(case)
    organisation.approve(case, "otto")
    opened = organisation.client("adam").open_case(case)
    assert ders(organisation.recover(opened, SUCCESSOR)) == {ENCRYPTION.certificate.der}
    assert any_site.kinds() == [
        "registered",
        "logged-in",
        "device-added",
        "bundle-stored",
        "recovery-copy-stored",
        "administrator-acted adam",
        "recovery-asked adam",
        "recovery-approved olga",
        "recovery-approved otto",
        "recovery-opened adam",
    ]
    facts = organisation.client("ada").cases()[0]
    assert (facts.approved_by, facts.needed, facts.opened > 0) == (("olga", "otto"), 2, True)
    assert [event.actor for event in organisation.client("ada").events(USER)][-4:] == ["adam", "olga", "otto", "adam"]


def test_the_owner_is_told_at_the_next_login(site: Site) -> None:
    session = site.confirm()
    person = site.organisation.person
    assert run(fetch_recovery_status(session, person.setting)).cases == ()
    case = site.ask()
    cases = judge_recovery(session.opened, run(fetch_recovery_status(site.session, person.setting))).cases
    assert [
        (owner_case.id, owner_case.reason, owner_case.asked_by, owner_case.recipient_fingerprint)
        for owner_case in cases
    ] == [(case.id, "she has left", "adam", SUCCESSOR.certificate.fingerprint)]
    assert site.kinds()[-1] == "recovery-owner-told"
    before = len(site.kinds())
    run(fetch_recovery_status(site.session, person.setting))
    assert site.kinds()[before:] == ["logged-in"]


def told_of(site: Site) -> set[str]:
    """The cases of which the audit trail says that the owner was told."""
    events = site.organisation.client("ada").events(USER)
    return {event.note.removeprefix("case ") for event in events if event.kind == "recovery-owner-told"}


@pytest.mark.parametrize("days", [0, 29, 31, 400])
def test_the_owner_is_told_of_a_case_however_late_the_next_login_is(any_site: Site, days: int) -> None:
    """Such as a person whose account was disabled meanwhile. The case is shown as long as one that is new."""
    site, clock, person = any_site, any_site.organisation.clock, any_site.organisation.person
    site.confirm()
    case = site.ask().id
    for name in ("olga", "otto"):
        site.organisation.approve(case, name)
    site.organisation.client("adam").open_case(case)
    clock.advance(seconds=days * 86_400)
    assert told_of(site) == set()
    for _ in range(2):
        assert [owner_case.id for owner_case in run(fetch_recovery_status(site.session, person.setting)).cases] == [
            case
        ]
        assert told_of(site) == {case}
    clock.advance(seconds=30 * 86_400)
    assert run(fetch_recovery_status(site.session, person.setting)).cases == ()


def test_no_number_of_cases_hides_one_from_its_owner(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roaming_keys.organisation.server.store.MAX_CASES", 3)
    person, clock = site.organisation.person, site.organisation.clock
    site.confirm()
    case_ids = {site.ask().id for _ in range(3)}
    with pytest.raises(KeyServerError) as refused:
        site.ask()
    assert refused.value.code == "too-many-cases"
    clock.advance(seconds=31 * 86_400)
    case_ids |= {site.ask().id for _ in range(3)}
    shown: set[str] = set()
    for _ in range(3):
        shown |= {case.id for case in run(fetch_recovery_status(site.session, person.setting)).cases}
        assert told_of(site) == shown
        clock.advance(seconds=31 * 86_400)
    assert shown == case_ids


USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
NAMES = ["", "x" * 3_000, "\N{GRINNING FACE}" * 1_500, " \t ", "\u202egpj.exe"]


@pytest.mark.filterwarnings("ignore:Attribute's length:UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_each_case_that_the_server_takes_can_be_read_by_all(site: Site, name: str) -> None:
    """The case of a recipient with an odd name hides no other case, neither from the owner nor from the staff."""
    session = site.confirm()
    first = site.ask().id
    reason = "\N{GRINNING FACE}" * MAX_REASON_CHARACTERS
    second = site.organisation.client("adam").ask(NewCase(user=USER, reason=reason, recipient=named(name))).id
    seen = run(fetch_recovery_status(session, site.organisation.person.setting)).cases
    assert {owner_case.id for owner_case in seen} == {first, second}
    assert {case.id for case in site.organisation.client("ada").cases()} == {first, second}
    assert site.organisation.client("olga").share(second).facts.id == second


def test_the_largest_answer_with_cases_can_be_read() -> None:
    officers = tuple(encryption_identity(f"officer-{number}@example.test").certificate for number in range(20))
    case = CaseFacts(
        id="f" * 32,
        user=USER,
        reason="\N{GRINNING FACE}" * MAX_REASON_CHARACTERS,
        asked=1,
        asked_by="\N{GRINNING FACE}" * 60,
        recipient="\N{GRINNING FACE}" * MAX_RECIPIENT_CHARACTERS,
        recipient_fingerprint="f" * 64,
        needed=20,
        approved_by=("\N{GRINNING FACE}" * 60,) * 20,
    )
    policy = RecoveryPolicy(organisation="Example Ltd", needed=20, wait_hours=0, officers=officers)
    status = RecoveryStatus(policy=policy, cases=(case,) * MAX_CASES)
    assert RecoveryStatus.from_json(status.to_json()) == status


@pytest.mark.parametrize("reason", ["", "x" * (MAX_REASON_CHARACTERS + 1)])
def test_a_reason_that_is_empty_or_long_is_refused(reason: str) -> None:
    with pytest.raises(MalformedMessage, match="reason"):
        NewCase(user=USER, reason=reason, recipient=SUCCESSOR.certificate)


def named(name: str) -> Certificate:
    """A certificate for encryption with a common name and no address, or with an empty subject."""
    return certificate_for(x25519.X25519PrivateKey.generate().public_key().public_bytes_raw(), name, "key_agreement")


def certificate_for(public_key: bytes, name: str, usage: str | None) -> Certificate:
    """A certificate of an X25519 key, with a name if there is one, for keyAgreement and a further use, or for all."""
    # RFC 5280 allows 64 characters, which nobody enforces.
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False)] if name else []
    builder = x509.CertificateBuilder(
        subject_name=x509.Name(attributes),
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example CA")]),
        public_key=x25519.X25519PublicKey.from_public_bytes(public_key),
        serial_number=1,
        not_valid_before=AT.replace(tzinfo=None),
        not_valid_after=AT.replace(tzinfo=None, year=2030),
    )
    if usage is not None:
        uses = {use: use in ("key_agreement", usage) for use in USES}
        builder = builder.add_extension(x509.KeyUsage(**uses), critical=True)
    signer = ec.generate_private_key(ec.SECP256R1())
    return parse_certificate(builder.sign(signer, SHA256()).public_bytes(Encoding.DER))


@pytest.mark.parametrize(("hours", "said"), [(0, "act at once."), (72, "72 hours after your keys were asked for.")])
def test_the_owner_reads_from_when_the_officers_wait(hours: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_policy(policy_of(wait_hours=hours))
    assert said in capsys.readouterr().out


def test_officers_wait_for_as_long_as_the_policy_says(site: Site) -> None:
    site.confirm(policy_of(wait_hours=72))
    case = site.ask().id
    site.organisation.clock.advance(seconds=72 * 3_600 - 60)
    with pytest.raises(KeyServerError) as refused:
        site.organisation.approve(case, "olga")
    assert refused.value.code == "owner-has-time"
    site.organisation.clock.advance(seconds=60)
    site.organisation.approve(case, "olga")


def test_the_owner_sees_that_recovery_is_on_and_for_whom(site: Site) -> None:
    session = site.confirm()
    seen = judge_recovery(session.opened, run(fetch_recovery_status(session, site.organisation.person.setting)))
    assert (seen.confirmed, seen.offered, seen.is_copied) == (policy_of(), None, True)
    assert ders(seen.left_out) == {identity().certificate.der}


def test_officers_of_the_server_get_no_share_until_the_owner_confirms_them(site: Site) -> None:
    """A lying server names its own officers. Copies go to the confirmed ones, and the owner is asked."""
    session = site.confirm()
    person, setting = site.organisation.person, site.organisation.person.setting
    site.organisation.client("adam").set_policy(policy_of("olga", "oscar"))
    session = person.add(session, encryption_identity(USER, 1))
    seen = judge_recovery(session.opened, run(fetch_recovery_status(session, setting)))
    assert (seen.confirmed, seen.offered, seen.is_copied) == (policy_of(), policy_of("olga", "oscar"), False)
    assert run(renew_copy(session, setting)) is True
    status = run(fetch_recovery_status(session, setting))
    assert status.copy is not None
    assert status.copy.policy == policy_of().fingerprint
    assert run(renew_copy(session, setting)) is False


def test_the_confirmed_policy_roams_with_the_keys(site: Site) -> None:
    site.confirm()
    assert confirmed_policy(site.session.opened.state) == policy_of()


@pytest.mark.parametrize("days", [-4_000, -1, 0, 1, 400, 200_000])
def test_the_policy_that_was_confirmed_last_counts_whatever_the_clocks_say(site: Site, days: int) -> None:
    """Officers who have left get no share of a later copy, also if the clock of the first confirmation was wrong."""
    person, clock = site.organisation.person, site.organisation.clock
    before, after = policy_of("olga", "oscar"), policy_of("oscar", "otto")
    for policy, at in [(before, clock() + datetime.timedelta(days=days)), (after, clock())]:
        site.organisation.client("adam").set_policy(policy)
        person.known = run(confirm_policy(site.session, person.setting, policy, at)).known
    assert confirmed_policy(site.session.opened.state) == after
    run(renew_copy(site.session, person.setting))
    assert site.organisation.client("otto").share(site.ask().id).number == 2


def test_a_new_encryption_key_reaches_the_copy(site: Site) -> None:
    person = site.organisation.person
    session = person.add(site.confirm(), encryption_identity(USER, 1))
    assert run(renew_copy(session, person.setting)) is True
    case = site.ask().id
    for name in ("olga", "otto"):
        site.organisation.approve(case, name)
    recovered = site.organisation.recover(site.organisation.client("adam").open_case(case), SUCCESSOR)
    assert ders(recovered) == {ENCRYPTION.certificate.der, encryption_identity(USER, 1).certificate.der}


@pytest.mark.parametrize("usage", ["digital_signature", "content_commitment", "key_cert_sign", "crl_sign", None])
@pytest.mark.parametrize("has_another", [False, True])
def test_a_key_that_may_sign_by_now_leaves_the_copy_at_the_next_login(
    site: Site, usage: str | None, has_another: bool
) -> None:
    """Such as a key whose certificate for encryption was renewed for both uses."""
    person = site.organisation.person
    session = site.confirm()
    if has_another:
        session = person.add(session, encryption_identity(USER, 1))
        run(renew_copy(session, person.setting))
    key = ENCRYPTION.private_key
    certificate = certificate_for(subject_public_key(public_key_of(key)), "Alice", usage)
    person.add(session, replace(ENCRYPTION, certificate=certificate))
    assert run(renew_copy(site.session, person.setting)) is True
    assert run(renew_copy(site.session, person.setting)) is False
    copied = run(fetch_recovery_status(site.session, person.setting)).copy
    assert copied is not None
    assert copied.certificates == ((encryption_identity(USER, 1).certificate.fingerprint,) if has_another else ())
    if not has_another:
        with pytest.raises(KeyServerError) as refused:
            site.ask()
        assert refused.value.code == "no-recovery-copy"


def test_without_a_key_that_may_be_copied_no_copy_is_stored(site: Site) -> None:
    person = site.organisation.person
    session = site.session
    opened = replace(session.opened, identities=(identity(),), state=with_policy(session.opened.state, policy_of(), AT))
    assert run(renew_copy(replace(session, opened=opened), person.setting)) is False
    assert run(fetch_recovery_status(session, person.setting)).copy is None


def test_an_open_session_replaces_no_copy_ten_minutes_after_its_login(site: Site) -> None:
    """Somebody who finds it could put noise there, which nobody notices before the person has left."""
    person = site.organisation.person
    session = person.add(site.confirm(), encryption_identity(USER, 1))
    site.organisation.clock.advance(seconds=601)
    with pytest.raises(KeyServerError) as refused:
        run(renew_copy(session, person.setting))
    assert refused.value.code == "log-in-again"
    copied = run(fetch_recovery_status(site.session, person.setting)).copy
    assert copied is not None
    assert copied.certificates == (ENCRYPTION.certificate.fingerprint,)


def test_a_case_keeps_the_copy_that_it_was_opened_for(site: Site) -> None:
    """A copy that is stored later neither replaces it nor makes approvals worthless."""
    person = site.organisation.person
    session = site.confirm()
    case = site.ask().id
    site.organisation.approve(case, "olga")
    run(renew_copy(person.add(session, encryption_identity(USER, 1)), person.setting))
    site.organisation.approve(case, "otto")
    recovered = site.organisation.recover(site.organisation.client("adam").open_case(case), SUCCESSOR)
    assert ders(recovered) == {ENCRYPTION.certificate.der}


def test_nothing_that_the_server_has_opens_a_copy_with_one_officer(site: Site) -> None:
    """The database, the master key and one officer's key: fewer than are needed."""
    site.confirm()
    case = site.ask().id
    site.organisation.approve(case, "olga")
    with pytest.raises(KeyServerError):
        site.organisation.client("adam").open_case(case)
    case_share = site.organisation.client("oscar").share(case)
    with pytest.raises(SmimeError):
        run(decrypt_share(case_share.share, [officer("olga"), SUCCESSOR], PROVIDER))


def test_an_officer_approves_once(site: Site) -> None:
    site.confirm()
    case = site.ask().id
    site.organisation.approve(case, "olga")
    with pytest.raises(KeyServerError) as refused:
        site.organisation.approve(case, "olga")
    assert refused.value.code == "approved-before"


def test_a_case_ends_after_thirty_days(site: Site) -> None:
    site.confirm()
    case = site.ask().id
    site.organisation.clock.advance(seconds=30 * 86_400)
    with pytest.raises(KeyServerError) as refused:
        site.organisation.approve(case, "olga")
    assert refused.value.code == "no-such-case"
    assert site.organisation.client("ada").cases() == ()


def test_a_deleted_account_leaves_nothing_to_recover(any_site: Site) -> None:
    any_site.confirm()
    case = any_site.ask().id
    any_site.organisation.approve(case, "olga")
    any_site.organisation.client("adam").change_user(USER, Change.DELETE)
    with pytest.raises(KeyServerError) as refused:
        any_site.organisation.client("adam").open_case(case)
    assert refused.value.code == "no-such-case"
    with any_site.database.reading() as rows:
        for name in ("recovery_copy", "recovery_case", "recovery_approval", "restriction"):
            assert rows.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() == 0  # noqa: S608


def test_a_new_master_key_opens_what_recovery_needs(site: Site) -> None:
    site.confirm()
    case = site.ask().id
    site.organisation.approve(case, "olga")
    old, new = MasterKey(bytes(32)), MasterKey(bytes(range(32)))
    keys = ServerKeys.open(site.database, KeyRing(GivenKeys(keys=(new, old))))
    with site.database.transaction() as rows:
        keys.replace_master_key(rows, new)
    assert reseal_all(site.database, keys, new, pause=lambda _: None).damaged == []
    for table, column in [
        ("recovery_copy", "sealed"),
        ("recovery_case", "sealed"),
        ("recovery_case", "sealed_copy"),
        ("recovery_approval", "sealed"),
    ]:
        with site.database.reading() as rows:
            query = f"SELECT {column} FROM {table}"  # noqa: S608
            assert bytes(rows.exec_driver_sql(query).scalar_one()).startswith(new.head)


# Roles


@pytest.mark.parametrize("name", ["olga", "ada"])
def test_only_administrators_act_on_accounts_and_cases(site: Site, name: str) -> None:
    site.confirm()
    case, client = site.ask().id, site.organisation.client(name)
    for act in (
        lambda: client.change_user(USER, Change.DISABLE),
        lambda: list(client.users()),
        lambda: client.set_policy(policy_of()),
        lambda: client.ask(NewCase(user=USER, reason="x", recipient=SUCCESSOR.certificate)),
        lambda: client.open_case(case),
    ):
        with pytest.raises(KeyServerError) as refused:
            act()
        assert refused.value.code == "wrong-role"


def test_only_officers_approve_and_only_auditors_read_the_trail(site: Site) -> None:
    site.confirm()
    case = site.ask().id
    for act in (
        lambda: site.organisation.client("adam").share(case),
        lambda: site.organisation.client("ada").approve(case, b"x"),
        lambda: list(site.organisation.client("olga").events()),
    ):
        with pytest.raises(KeyServerError) as refused:
            act()
        assert refused.value.code == "wrong-role"


def test_an_auditor_reads_on_after_accounts_with_many_events_were_deleted(site: Site) -> None:
    trail, clock = trail_in(site.database), site.organisation.clock
    numbers = write_ranges(list(range(1_000_000, 1_050_000, 2)))
    with site.database.transaction() as rows:
        for _ in range(MAX_EVENTS):
            trail.add(rows, AuditEvent(kind=AuditKind.ACCOUNT_DELETED, at=clock(), actor="adam", note=numbers))
    site.organisation.staff.remove("otto", clock())
    read = list(site.organisation.client("ada").events())
    assert read[-1].note == "removed otto"
    assert [event.number for event in read] == list(range(1, len(read) + 1))
    assert {len(event.note) for event in read if event.kind == AuditKind.ACCOUNT_DELETED} == {MAX_NOTE_CHARACTERS}


@pytest.mark.parametrize("numbers", [[1, 1], [2, 1], [1, 2, 2]])
def test_an_auditor_is_not_shown_an_event_twice(numbers: list[int]) -> None:
    """Otherwise a server that repeats a page would keep the command for ever."""
    shown = [ShownEvent(number=number, at=0, kind="logged-in", user="", actor="", note="") for number in numbers]

    class Repeating:
        async def send(self, call: Call, authorization: str | None = None) -> bytes:
            return Events(events=tuple(shown)).to_json()

    key = StaffKey(seed=seed_of("ada"), clock=lambda: AT)
    client = StaffClient(server=ORIGIN, key=key, transport=Repeating())
    with pytest.raises(MalformedMessage, match="after event"):
        list(client.events())


@pytest.mark.parametrize("name", ["operator", "adam ", " adam", "ad  am", "", "x" * 61, "ad\u202eam"])
def test_a_member_has_no_name_that_the_trail_shows_as_another(name: str) -> None:
    with pytest.raises(click.UsageError):
        AddRequest(name=name, role=Role.AUDITOR, key="", certificate=None, config=Path())


def test_a_call_of_the_staff_counts_once_and_near_its_time(site: Site) -> None:
    client = site.organisation.client("adam")
    client.cases()
    for clock in (site.organisation.clock, lambda: AT):
        refused_client = replace(client, key=StaffKey(seed_of("adam"), clock))
        with pytest.raises(KeyServerError) as refused:
            refused_client.cases()
        assert refused.value.code == "call-refused"


def test_a_call_of_the_staff_signs_server_path_and_body(site: Site) -> None:
    client = site.organisation.client("adam")
    with pytest.raises(KeyServerError) as refused:
        replace(client, server="https://other.example.test").cases()
    assert refused.value.code == "call-refused"


def test_who_was_removed_from_the_staff_is_refused(any_site: Site) -> None:
    staff = any_site.organisation.staff
    assert staff.remove("adam", any_site.organisation.clock()) is True
    assert staff.remove("adam", any_site.organisation.clock()) is False
    with pytest.raises(KeyServerError) as refused:
        any_site.organisation.client("adam").cases()
    assert refused.value.code == "call-refused"


def test_two_members_have_neither_name_nor_key_in_common(any_site: Site) -> None:
    staff = any_site.organisation.staff
    known = staff.members()[0]
    for changed in ({"name": "new"}, {"key": b"n" * 32}):
        with pytest.raises(MemberExists):
            staff.add(replace(known, **changed), any_site.organisation.clock())


def test_a_policy_names_officers_of_the_staff_only(site: Site) -> None:
    site.organisation.staff.remove("otto", site.organisation.clock())
    with pytest.raises(KeyServerError, match="is no officer"):
        site.organisation.client("adam").set_policy(policy_of())


@pytest.mark.parametrize("case", ["a\0b", "\0", "ü", "a" * 65, "' or 1=1"])
def test_what_names_no_case_is_refused_by_each_database(any_site: Site, case: str) -> None:
    olga = any_site.organisation.client("olga")
    with pytest.raises(KeyServerError) as refused:
        olga.share(case)
    assert refused.value.code == "malformed-message"
    with pytest.raises(KeyServerError) as refused:
        olga.approve(case, b"x")
    assert refused.value.code == "malformed-message"


def test_two_policies_that_are_set_at_once_are_two_or_one(any_site: Site) -> None:
    clients = [any_site.organisation.client("adam") for _ in range(4)]
    policies = [policy_of(wait_hours=hours) for hours in range(len(clients))]

    def set_policy(number: int) -> str:
        try:
            clients[number].set_policy(policies[number])
        except KeyServerError as error:
            return error.code
        return ""

    with ThreadPoolExecutor(len(clients)) as threads:
        codes = set(threads.map(set_policy, range(len(clients))))
    # The calls of one member count in their order.
    assert "" in codes
    assert codes <= {"", "policy-changed", "call-refused"}
    assert any_site.organisation.client("ada").policy() in policies


def test_a_disabled_user_cannot_log_in_and_an_enabled_one_can(any_site: Site) -> None:
    session = any_site.session
    client = any_site.organisation.client("adam")
    client.change_user(USER, Change.DISABLE)
    with pytest.raises(KeyServerError) as ended:
        run(session.devices(any_site.organisation.person.setting))
    assert ended.value.code == "login-ended"
    with pytest.raises(KeyServerError) as refused:
        any_site.organisation.person.log_in()
    assert refused.value.code == "account-disabled"
    client.change_user(USER, Change.ENABLE)
    any_site.organisation.person.log_in()


def test_all_accounts_are_listed_with_their_state(any_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roaming_keys.organisation.server.store.MAX_USERS", 2)
    client = any_site.organisation.client("adam")
    # In the order of a language, a hyphen and a line count otherwise than in the order of characters.
    others = ["a-z@example.test", "ab@example.test", "b_c@example.test", "bc@example.test"]
    any_site.confirm()
    with any_site.database.transaction() as rows:
        account = rows.execute(select(ACCOUNT)).mappings().one()
        rows.execute(insert(ACCOUNT), [{**account, "user": address} for address in others])
    client.change_user(others[1], Change.DISABLE)
    client.change_user(others[2], Change.RENEW)
    listed = {user.user: user for user in client.users()}
    assert list(listed) == sorted([USER, *others])
    assert listed[others[0]] == ShownUser(user=others[0], disabled=0, renew=0, has_copy=False)
    assert (listed[others[1]].disabled > 0, listed[others[1]].renew) == (True, 0)
    assert (listed[others[2]].disabled, listed[others[2]].renew > 0) == (0, True)
    assert listed[USER].has_copy


def test_a_renewal_is_shown_until_there_is_a_newer_certificate(site: Site) -> None:
    person = site.organisation.person
    site.organisation.client("adam").change_user(USER, Change.RENEW)
    session = site.session
    assert judge_recovery(session.opened, run(fetch_recovery_status(session, person.setting))).must_renew is True
    authority = run(create_authority("Newer CA", PROVIDER, at=person.clock(), key=NewKey.P256))
    later = person.clock().replace(year=2027)
    session = person.add(session, run(issue_identity(authority, USER, PROVIDER, at=later, key=NewKey.P256)))
    assert judge_recovery(session.opened, run(fetch_recovery_status(session, person.setting))).must_renew is False


def test_who_does_not_know_the_passphrase_does_not_learn_that_an_account_is_disabled(site: Site) -> None:
    site.organisation.client("adam").change_user(USER, Change.DISABLE)
    person = replace(site.organisation.person, passphrase=PASSPHRASE + b"x")
    with pytest.raises(KeyServerError) as refused:
        person.log_in()
    assert refused.value.code == "login-refused"


# Resets


def test_the_shares_of_an_account_that_is_reset_stay_with_it(any_site: Site) -> None:
    any_site.confirm()
    owner = any_site.organisation.person
    forgetful = Person(owner.client, owner.clock, passphrase=OTHER_PASSPHRASE)
    session = reset(forgetful)
    status = run(fetch_recovery_status(session, forgetful.setting))
    assert status.copy is None
    # Nobody gets shares of the new keys before the owner has confirmed the officers again.
    assert run(renew_copy(session, forgetful.setting)) is False
    judged = judge_recovery(session.opened, status)
    assert (judged.confirmed, judged.offered) == (None, policy_of())
    # The officers can open the earlier keys until these are deleted.
    organisation, case = any_site.organisation, any_site.ask().id
    for name in ("olga", "otto"):
        organisation.approve(case, name)
    opened = organisation.client("adam").open_case(case)
    assert ders(organisation.recover(opened, SUCCESSOR)) == {ENCRYPTION.certificate.der}
    undo(owner)
    assert run(fetch_recovery_status(owner.log_in(), owner.setting)).copy is not None


def test_the_officers_open_the_keys_of_a_leaver_who_reset_and_deleted_the_account(any_site: Site) -> None:
    any_site.confirm()
    owner = any_site.organisation.person
    leaver = Person(owner.client, owner.clock, passphrase=OTHER_PASSPHRASE)
    run(reset(leaver).delete(leaver.setting))
    organisation, case = any_site.organisation, any_site.ask().id
    for name in ("olga", "otto"):
        organisation.approve(case, name)
    opened = organisation.client("adam").open_case(case)
    assert ders(organisation.recover(opened, SUCCESSOR)) == {ENCRYPTION.certificate.der}


def test_after_the_thirty_days_no_case_opens_the_earlier_keys(site: Site) -> None:
    site.confirm()
    owner = site.organisation.person
    reset(Person(owner.client, owner.clock, passphrase=OTHER_PASSPHRASE))
    owner.clock.at += REPLACED_LIFETIME
    with pytest.raises(KeyServerError) as refused:
        site.ask()
    assert refused.value.code == "no-recovery-copy"
