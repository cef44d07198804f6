"""The header fields for a list of messages are those that an examination of each message shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings, strategies as st

from smime_core.blocking import encrypt_message, examine_message, run, sign_message
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import SmimeError
from smime_core.mail.header_protection import ProtectionMode
from smime_core.message import compress_message, read_headers
from smime_core.mime import Headers
from smime_core.trust.judging import Judging
from tests.support.people import MESSAGE, NOW, PROVIDER, person, trust

ENCRYPTING: Final = Encrypting(recipients=[person("bob").certificate])
KEYS: Final = Keys(identities=[person("bob")])


def signed(message: bytes = MESSAGE, mode: ProtectionMode | None = None, form: SignatureForm | None = None) -> bytes:
    signing = Signing(identities=[person("alice")], signing_time=NOW, form=form)
    return sign_message(message, signing, provider=PROVIDER, protection=mode)


def encrypted(message: bytes = MESSAGE, mode: ProtectionMode | None = None) -> bytes:
    return encrypt_message(message, ENCRYPTING, provider=PROVIDER, protection=mode)


def wrapped(message: bytes = MESSAGE) -> bytes:
    return b"Subject: [...]\r\nFrom: alice@example.test\r\nContent-Type: message/rfc822\r\n\r\n" + message


SHAPES: Final[dict[str, Callable[[], bytes]]] = {
    "plain": lambda: MESSAGE,
    "signed": lambda: signed(mode=ProtectionMode.CLEAR),
    "encrypted, subject outside": encrypted,
    "encrypted, subject inside": lambda: encrypted(mode=ProtectionMode.CIPHER),
    "signed and encrypted": lambda: encrypted(signed(mode=ProtectionMode.CIPHER, form=SignatureForm.OPAQUE)),
    "triple": lambda: signed(encrypted(signed(mode=ProtectionMode.CIPHER))),
    "compressed": lambda: encrypted(compress_message(MESSAGE)),
    "wrapped": lambda: encrypted(wrapped()),
}


def shown_by_list(message: bytes) -> list[tuple[str, str]]:
    headers: Headers = run(read_headers(message, KEYS, provider=PROVIDER))
    return [(field.name, field.text) for field in headers.fields]


def shown_by_examination(message: bytes) -> list[tuple[str, str]]:
    return list(examine_message(message, Judging(trust_store=trust(), at=NOW), provider=PROVIDER, keys=KEYS).headers)


def named(fields: list[tuple[str, str]], *names: str) -> list[tuple[str, str]]:
    return [field for field in fields if field[0].lower() in names]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_list_shows_the_subject_that_the_opened_message_shows(shape: str) -> None:
    message = SHAPES[shape]()
    expected = named(shown_by_examination(message), "subject", "from", "to", "date")
    assert named(shown_by_list(message), "subject", "from", "to", "date") == expected


def test_a_hidden_subject_is_read() -> None:
    message = SHAPES["encrypted, subject inside"]()
    assert b"Subject: [...]" in message
    assert ("Subject", "Greetings") in shown_by_list(message)


@pytest.mark.parametrize("keys", [Keys(), Keys(identities=[person("alice")])])
def test_without_the_key_there_is_an_error_and_no_header(keys: Keys) -> None:
    with pytest.raises(SmimeError):
        run(read_headers(SHAPES["encrypted, subject inside"](), keys, provider=PROVIDER))


@settings(max_examples=150, deadline=None)
@given(shape=st.sampled_from(sorted(SHAPES)), at=st.floats(0, 1), octets=st.binary(max_size=3))
def test_damage_ends_in_the_same_headers_or_in_an_error(shape: str, at: float, octets: bytes) -> None:
    message = SHAPES[shape]()
    place = int(at * len(message))
    damaged = message[:place] + octets + message[place + len(octets) :]
    try:
        expected = named(shown_by_examination(damaged), "subject")
    except SmimeError:
        return
    try:
        shown = named(shown_by_list(damaged), "subject")
    except SmimeError:
        return
    assert shown == expected
