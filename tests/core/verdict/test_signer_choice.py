"""The choice of the signer: what is signed is verified by our reader, and what is refused gets the reader's reason."""

from __future__ import annotations

import datetime
import functools
import itertools
from typing import Final

import pytest

from smime_core import Identity, Judging, MessageReport, Signing, State, blocking
from smime_core.algorithms import SignatureScheme
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.errors import MalformedMessage, NoUsableSigner
from smime_core.mime import parse_entity
from smime_core.provider import NewKey
from smime_core.report import Reason
from smime_core.verdict import SignerRules, choose_signer, choose_signers, read_claim
from smime_core.x509.certificate import EMAIL_PROTECTION
from tests.support.people import MESSAGE, NOW, PROVIDER, authority, trust

ALICE, BOB = "alice@example.test", "bob@example.test"
DAY: Final = datetime.timedelta(days=1)
SERVER_AUTHENTICATION: Final = "1.3.6.1.5.5.7.3.1"
VALIDITIES: Final = {"valid": (-1, 700), "expired": (-700, -1), "future": (1, 700)}
# Each use as (the kind of key, from which the demonstration CA takes the key usage, the extended key usage).
USES: Final = {
    "mail": (NewKey.P256, (EMAIL_PROTECTION,)),
    "any": (NewKey.P256, ()),
    "server": (NewKey.P256, (SERVER_AUTHENTICATION,)),
    "agreement": (NewKey.X25519, (EMAIL_PROTECTION,)),
}
EDWARDS: Final = {"edwards": (NewKey.ED25519, (EMAIL_PROTECTION,))}
FITTING: Final = {(ALICE, "valid", use) for use in ("mail", "any")}
KINDS: Final = tuple(itertools.product((ALICE, BOB), VALIDITIES, USES))
Kind = tuple[str, str, str]


@functools.cache
def own(address: str = ALICE, validity: str = "valid", use: str = "mail") -> Identity:
    begin, end = VALIDITIES[validity]
    key, usages = (USES | EDWARDS)[use]
    details = Details(not_before=NOW + begin * DAY, not_after=NOW + end * DAY, extended_key_usage=usages)
    return run(issue_identity(authority(), address, provider=PROVIDER, at=NOW, key=key, details=details))


def read(identities: tuple[Identity, ...], message: bytes = MESSAGE) -> MessageReport:
    """The report of our reader on the message, signed by these identities whether they fit or not."""
    signed = blocking.sign_message(message, Signing(identities=identities, signing_time=NOW), provider=PROVIDER)
    return blocking.examine_message(signed, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)


def rules(message: bytes = MESSAGE) -> SignerRules:
    return SignerRules.for_message(message, NOW)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_single_key_signs_only_what_our_reader_verifies(kind: Kind) -> None:
    identity = own(*kind)
    if kind in FITTING:
        assert choose_signer([identity], rules()) is identity
        assert read((identity,)).state is State.VERIFIED
        return
    with pytest.raises(NoUsableSigner) as refused:
        choose_signer([identity], rules())
    if kind[2] != "agreement":
        # The reader stops at the first fault of a path, and the refusal names them all.
        report = read((identity,))
        assert report.state is not State.VERIFIED
        assert report.reasons[0].code == refused.value.why
        assert all(
            f"{reason.code}: {reason.sentence}" in str(refused.value) for reason in report.reasons if is_fault(reason)
        )


def is_fault(one: Reason) -> bool:
    return one.code != "revocation-not-checked"


@pytest.mark.parametrize("first", KINDS, ids="-".join)
def test_of_two_keys_in_either_order_the_one_that_readers_verify_signs(first: Kind) -> None:
    for second in KINDS:
        fitting = [kind for kind in (first, second) if kind in FITTING]
        if fitting:
            assert choose_signer([own(*first), own(*second)], rules()) is own(*fitting[0])
        else:
            with pytest.raises(NoUsableSigner):
                choose_signer([own(*first), own(*second)], rules())


def test_the_reason_against_the_authors_own_key_is_the_one_that_is_given() -> None:
    with pytest.raises(NoUsableSigner, match="expired on 2026-05-31") as refused:
        choose_signer([own(BOB), own(ALICE, "expired")], rules())
    assert refused.value.why == "certificate-expired"


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        (b"From: Bob <bob@example.test>, alice@example.test", "several-senders"),
        (b"From: nobody", "sender-mismatch"),
        (b"Sender: alice@example.test", "no-sender"),
        (b"From: bob@example.test\r\nSender: alice@example.test", "signed-by-sender-field"),
        (b"From: bob@example.test", "sender-mismatch"),
    ],
)
def test_a_from_that_the_signature_cannot_prove_is_refused_with_the_readers_reason(sender: bytes, code: str) -> None:
    message = sender + b"\r\n" + MESSAGE.partition(b"\r\n")[2]
    with pytest.raises(NoUsableSigner) as refused:
        choose_signer([own()], rules(message))
    assert refused.value.why == code == read((own(),), message).reasons[0].code


def test_anybody_signs_content_that_names_no_author() -> None:
    without_author = MESSAGE.partition(b"\r\n")[2]
    assert read_claim(parse_entity(without_author).headers) is None
    assert choose_signer([own(BOB)], rules(without_author)) is own(BOB)


def test_others_sign_beside_the_author_but_not_in_the_authors_place() -> None:
    assert choose_signers([[own(BOB)], [own()]], rules()) == (own(), own(BOB))
    assert read((own(BOB), own())).state is State.VERIFIED
    assert choose_signers([[own(BOB)]], rules(), beside=[own().certificate]) == (own(BOB),)
    with pytest.raises(NoUsableSigner, match="sender-mismatch"):
        choose_signers([[own(BOB)]], rules())


@pytest.mark.parametrize("order", list(itertools.permutations(("edwards", "mail", "bob"))), ids="-".join)
def test_the_author_with_a_key_that_many_programs_read_stands_first(order: tuple[str, ...]) -> None:
    signers = {"edwards": own(use="edwards"), "mail": own(), "bob": own(BOB)}
    chosen = choose_signers([[signers[name]] for name in order], rules())
    assert chosen == (own(), own(use="edwards"), own(BOB))
    signed = blocking.sign_message(MESSAGE, Signing(identities=chosen, signing_time=NOW), provider=PROVIDER)
    report = blocking.examine_message(signed, Judging(trust_store=trust(), at=NOW), provider=PROVIDER)
    assert [signer.certificate for signer in report.signers] == [identity.certificate for identity in chosen]


def test_no_expired_key_signs_beside_the_author() -> None:
    with pytest.raises(NoUsableSigner) as refused:
        choose_signers([[own()], [own(BOB, "expired")]], rules())
    assert refused.value.codes == ("certificate-expired",)


def test_the_faults_of_a_key_that_need_not_sign_are_not_named() -> None:
    with pytest.raises(NoUsableSigner) as refused:
        choose_signer([own(BOB), own(BOB, "expired")], rules())
    assert refused.value.codes == ("sender-mismatch",)


@pytest.mark.parametrize("validity", ["expired", "future"])
def test_an_expired_key_signs_only_where_that_is_allowed_and_no_valid_one_fits(validity: str) -> None:
    allowing = SignerRules(at=NOW, claimed=rules().claimed, allows_expired=True)
    assert choose_signer([own(ALICE, validity)], allowing) is own(ALICE, validity)
    assert choose_signer([own(ALICE, validity), own()], allowing) is own()
    with pytest.raises(NoUsableSigner, match="not for e-mail"):
        choose_signer([own(ALICE, validity, "server")], allowing)


def test_a_named_holder_signs_in_the_authors_place() -> None:
    named = SignerRules(at=NOW, claimed=rules().claimed, holder=BOB)
    assert choose_signer([own(), own(BOB)], named) is own(BOB)
    with pytest.raises(NoUsableSigner, match="sender-mismatch"):
        choose_signer([own()], named)


def test_a_receipt_is_signed_by_a_recipient() -> None:
    receipt_rules = SignerRules(at=NOW, recipients=("carol@example.test", BOB))
    assert choose_signer([own(), own(BOB)], receipt_rules) is own(BOB)
    with pytest.raises(NoUsableSigner) as refused:
        choose_signer([own()], receipt_rules)
    assert refused.value.why == "receipt-not-recipient"


def test_a_key_that_cannot_sign_by_the_scheme_comes_last() -> None:
    rsa = run(issue_identity(authority(), ALICE, provider=PROVIDER, at=NOW))
    pss = SignerRules(at=NOW, claimed=rules().claimed, scheme=SignatureScheme.RSA_PSS)
    assert choose_signer([own(), rsa], pss) is rsa


def test_a_file_without_keys_is_named_as_such() -> None:
    with pytest.raises(MalformedMessage, match="no private key"):
        choose_signer([], rules())
