"""Mails for tests of answers: people in all forms of address fields, protected or not, some changed on the way."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from hypothesis import strategies as st

from smime_core import Identity, Judging, MessageReport
from smime_core.blocking import encrypt_entity, examine_message, run, sign_entity
from smime_core.ca.demo import Authority, create_authority, issue_identity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.mail import ProtectionMode, protect_headers
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, person, trust

ALICE, BOB, CAROL, DAVE = (f"{name}@example.test" for name in ("alice", "bob", "carol", "dave"))
ADDRESSES = (ALICE, BOB, CAROL, DAVE, "eve@example.test")

FORMS = (
    "{0}",
    "Bob <{0}>",
    '"Brown, Bob" <{0}>',
    '"Bob <{1}>" <{0}>',
    '"{1}" <{0}>',
    "=?utf-8?q?Bob_=3C{1}=3E?= <{0}>",
    "=?utf-8?b?Qm9iIDxjYXJvbEBleGFtcGxlLnRlc3Q+?= <{0}>",
    "(see {1}) {0}",
    "{0} ({1})",
    "Bob (also <{1}>) <{0}>",
    '"Bob \\" <{1}>, " <{0}>',
    "<{0}>",
    "Friends: {0};",
    "Friends: Bob <{0}>;",
)
"""Forms of one mailbox, whose address is {0}."""
UNREADABLE = (
    "<@relay.test:{0}>",
    "Bob <{0}",
    "bob at example",
    '"Bob <{0}>',
    "Bob <{0}> <{1}>",
    "bob . b@ example . test",
)
"""Forms in which no address can be read."""
SEVERAL = ("{0}, {1}", "Friends: {0}, {1};", "Bob <{0}>; Carol <{1}>")
"""Forms of two mailboxes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The text of a field, and the addresses that it names. `is_readable` is False if it names somebody else too."""

    text: str
    addresses: tuple[str, ...]
    is_readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message: its fields inside, those that somebody put outside on the way, and its protection.

    `signer` is the name of a person, "stranger" for one of an unknown authority, or None.
    """

    fields: dict[str, Named]
    changed: dict[str, Named] = field(default_factory=dict)
    signer: str | None = None
    is_encrypted: bool = False
    protects_fields: bool = False


@st.composite
def named_people(draw: st.DrawFn) -> Named:
    """The people of one field."""
    first, second = draw(st.permutations(ADDRESSES))[:2]
    kind = draw(st.sampled_from(("one", "one", "one", "several", "unreadable")))
    if kind == "one":
        return Named(text=draw(st.sampled_from(FORMS)).format(first, second), addresses=(first,))
    if kind == "several":
        return Named(text=draw(st.sampled_from(SEVERAL)).format(first, second), addresses=(first, second))
    return Named(text=draw(st.sampled_from(UNREADABLE)).format(first, second), addresses=(), is_readable=False)


FIELDS = st.fixed_dictionaries(
    {"From": named_people()},
    optional={name: named_people() for name in ("Sender", "Reply-To", "To", "Cc")},
)
CHANGED: st.SearchStrategy[dict[str, Named]] = st.one_of(
    st.just({}), st.dictionaries(st.sampled_from(("From", "Reply-To", "To", "Cc")), named_people(), max_size=2)
)


@st.composite
def letters(draw: st.DrawFn) -> Letter:
    """Letters, most of which are signed by an author."""
    fields = draw(FIELDS)
    authors = [address.partition("@")[0] for address in fields["From"].addresses]
    signer = draw(st.sampled_from((None, "bob", "stranger", *authors * 4)))
    return Letter(
        fields=fields,
        changed=draw(CHANGED),
        signer=signer,
        is_encrypted=draw(st.booleans()),
        protects_fields=draw(st.booleans()),
    )


LETTERS = letters()


def signer_of(name: str) -> Identity:
    """The identity that signs. The stranger's certificate has the address of bob, but nobody trusts its authority."""
    return stranger() if name == "stranger" else person(name, NewKey.P256)


@functools.cache
def stranger() -> Identity:
    return run(issue_identity(unknown_authority(), BOB, provider=PROVIDER, at=NOW, key=NewKey.P256))


@functools.cache
def unknown_authority() -> Authority:
    return run(create_authority("Unknown CA", provider=PROVIDER, at=NOW))


def build_letter(letter: Letter) -> bytes:
    """The message as it arrives. Raises MalformedMessage if its fields cannot be protected."""
    outer = _header(letter.fields)
    entity = b"Content-Type: text/plain\r\n\r\nHello\r\n"
    if letter.protects_fields and (letter.signer or letter.is_encrypted):
        mode = ProtectionMode.CIPHER if letter.is_encrypted else ProtectionMode.CLEAR
        outer, entity = protect_headers(outer, entity, mode=mode)
    if letter.signer:
        signing = Signing(identities=[signer_of(letter.signer)], signing_time=NOW)
        entity = sign_entity(entity, signing, provider=PROVIDER)
    if letter.is_encrypted:
        recipients = [person("alice", NewKey.RSA_2048).certificate]
        entity = encrypt_entity(entity, Encrypting(recipients=recipients), provider=PROVIDER)
    return _change(outer, letter.changed) + entity


def report_on(letter: Letter) -> MessageReport:
    """The report on the message, with alice's keys. Raises MalformedMessage as `build_letter`."""
    keys = Keys(identities=[person("alice", NewKey.RSA_2048)])
    return examine_message(build_letter(letter), Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=keys)


def _header(fields: dict[str, Named]) -> bytes:
    return b"".join(f"{name}: {people.text}\r\n".encode() for name, people in fields.items())


def _change(outer: bytes, changed: dict[str, Named]) -> bytes:
    # Replaces whole fields: a field may be folded into several lines.
    lines: list[bytes] = []
    is_kept = True
    for line in outer.splitlines(keepends=True):
        if not line.startswith((b" ", b"\t")):
            is_kept = line.partition(b":")[0].decode() not in changed
        if is_kept:
            lines.append(line)
    return b"".join(lines) + _header(changed)
