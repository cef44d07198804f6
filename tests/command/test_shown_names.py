"""The command prints no name from a certificate or a header field that could be taken for the proved address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import pytest

from sealwax.cli.judging.verdict_line import verdict_line
from sealwax.cli.verbs.contacts import _describe
from sealwax.cli.verbs.find import _line
from smime_core import Identity, MessageReport, RevocationPolicy, State, blocking
from smime_core.blocking import run
from smime_core.ca.demo import Details, issue_identity
from smime_core.cms.signing import Signing
from smime_core.mail import ProtectionMode
from smime_core.report import draw_tree, explain_signer
from smime_core.trust import CertificateSource, Contact, FoundCertificate, KnownCertificate, RecipientCheck
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, authority, person, trust

MALLORY: Final = "mallory@example.test"
WARD: Final = person("ward3")
FROM_ALICE: Final = b"From: Alice <alice@example.test>\r\n"
# Names as a certificate has them, and the name that is printed; "" for none.
NAMES: Final = {
    "Mallory": "CN=Mallory",
    "Mallory (Ward 3)": "CN=Mallory (Ward 3)",
    "ceo@bank.example": "",
    MALLORY: "",
    "CEO <ceo": "",
    "ceo\uff20bank.example": "",
    "ceo\ufe6bbank.example": "",
    "ceo\u24d0bank.example": "",
    "Bank \u2039ceo\u203a": "",
    "Bank \uff1cceo\uff1e": "",
    "\u202eelpmaxe.knab@oec": "",
    "c\u200beo\u200b@\u200bbank": "",
    "x" * 500 + "@bank.example": f"CN={'x' * 64}",
    "Mal\u202e\u2066lory\u200b": "CN=Mallory",
}


def named(name: str) -> Identity:
    """Mallory, to whom the authority has given this name in the certificate."""
    details = Details(common_name=name)
    return run(issue_identity(authority(), MALLORY, provider=PROVIDER, at=NOW, details=details))


def examine(fields: bytes, *identities: Identity) -> MessageReport:
    message = MESSAGE.replace(FROM_ALICE, fields)
    signing = Signing(identities=identities, signing_time=NOW)
    made = blocking.sign_message(message, signing, PROVIDER, ProtectionMode.CLEAR)
    judging = Judging(trust_store=trust(revocation=RevocationPolicy.IF_KNOWN), at=NOW)
    report = blocking.examine_message(made, judging, provider=PROVIDER)
    assert report.state is State.VERIFIED
    return report


def lines_of(identity: Identity) -> Sequence[str]:
    """The lines of all verbs that print the name and the address of a signer or recipient."""
    report = examine(b"From: mallory@example.test\r\n", identity)
    (signer,) = report.signers
    explanation = explain_signer(signer)
    certificate = identity.certificate
    source = CertificateSource.HARVEST
    known = KnownCertificate(certificate=certificate, source=source, first_seen=NOW, last_seen=NOW)
    candidate = FoundCertificate(certificate=certificate, source=source)
    check = RecipientCheck(address=MALLORY, found=candidate, reasons=(), warnings=())
    return (
        verdict_line(report),
        explanation.sentence,
        draw_tree(explanation.tree)[-3],
        _describe(Contact(address=MALLORY, certificates=(known,)), known),
        _line(check, is_chosen=True),
    )


@pytest.mark.parametrize(("name", "printed"), NAMES.items(), ids=[ascii(name)[:30] for name in NAMES])
def test_no_verb_prints_a_name_that_looks_like_an_address(name: str, printed: str) -> None:
    lines = lines_of(named(name))
    proved = f"{printed} <{MALLORY}>" if printed else MALLORY
    assert lines[0].startswith(f"verified: signed by {proved} (")
    assert all(MALLORY in line for line in lines[:-1])
    for line in lines:
        rest = line.replace(f"<{MALLORY}>", "").replace(MALLORY, "")
        assert not re.search("[@<>]", unicodedata.normalize("NFKC", rest)), line
        assert not any(unicodedata.category(character) in ("Cf", "Cc") for character in line), line


@pytest.mark.parametrize(("name", "printed"), NAMES.items(), ids=[ascii(name)[:30] for name in NAMES])
def test_the_person_who_sent_it_too_has_no_such_name(name: str, printed: str) -> None:
    fields = b"Sender: Boss <mallory@example.test>\r\nFrom: Ward 3 <ward3@example.test>\r\n"
    line = verdict_line(examine(fields, WARD, named(name)))
    shown = printed.removeprefix("CN=")
    person = f"{shown} <{MALLORY}>" if shown else MALLORY
    assert f", sent by {person}, who has signed it too" in line


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_the_author_of_several_signers_is_named_first_and_as_the_author(name: str, is_first: bool) -> None:
    """The signers of a message are a set, in an order that says nothing."""
    author = person(name)
    others = [signer for signer in (person("alice"), person("bob"), person("carol")) if signer is not author]
    signers = [author, *others] if is_first else [*others, author]
    line = verdict_line(examine(f"From: CEO <{name}@example.test>\r\n".encode(), *signers))
    words, _, rest = line.partition("; ")
    verdict, _, address = words.removesuffix(">").replace("<", " ").rpartition(" ")
    assert address == f"{name}@example.test", line
    assert verdict.startswith("verified: signed by the author"), line
    assert "@" not in verdict, line
    assert rest.startswith("also signed by "), line
    assert name not in rest.partition(" (")[0].lower(), line
    assert all(str(signer.certificate.email_addresses[0]) in rest for signer in others)
