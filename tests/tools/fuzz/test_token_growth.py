"""Tests that readers take at most linear time for a run of any token in any place, and raise SmimeError only."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable

import pytest

from roaming_keys.protocol.key_account import normalise_origin, normalise_user
from smime_core.errors import SmimeError
from smime_core.mail.html_text import extract_text
from smime_core.mime import decode_body, parse_entity
from tests.support.growth import grows_in_proportion
from tools.fuzz import contexts
from tools.fuzz.element_growth import drawn_elements
from tools.fuzz.token_growth import Case, GrowingCase, drawn_pairs, judge, pairs_of_tokens, single_tokens

# The places with the most readers: `make test` draws cases of them with the pairs of tokens.
_LARGE = ("mail", "text", "JSON")
_PAIRS = 2_000
_ELEMENTS = 400
_MANY_ELEMENTS = 8_000
_CMS = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def _seed(what: str) -> int:
    seed = int(os.environ.get("SEALWAX_SEED") or time.time())
    print(f"{what}: seed {seed} (SEALWAX_SEED={seed} draws them again)")
    return seed


def _check(cases: Iterable[GrowingCase]) -> None:
    findings = list(itertools.islice(filter(None, map(judge, cases)), 5))
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(
    "place", [pytest.param(place, marks=pytest.mark.thorough if place in _LARGE else ()) for place in contexts.PLACES]
)
def test_single_tokens(place: str) -> None:
    _check(case for case in single_tokens() if case.place == place)


@pytest.mark.thorough
def test_drawn_pairs_of_tokens() -> None:
    _check(drawn_pairs(_PAIRS, _seed("pairs of tokens")))


@pytest.mark.parametrize("count", [_ELEMENTS, pytest.param(_MANY_ELEMENTS, marks=pytest.mark.thorough)])
def test_drawn_elements(count: int) -> None:
    _check(drawn_elements(count, _seed("elements")))


@pytest.mark.thorough
@pytest.mark.parametrize("place", contexts.PLACES)
def test_all_pairs_of_tokens(place: str) -> None:
    _check(case for case in pairs_of_tokens() if case.place == place)


def test_the_property_finds_quadratic_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(data: bytes) -> None:
        for start in range(0, len(data), 16):
            data[:start].translate(None, b"x")

    monkeypatch.setitem(contexts.PLACES["text"][1], "quadratic", read)
    # Try three times, because a busy machine may slow down the shorter run and hide the growth.
    assert any(judge(Case("text", "whole", "quadratic", b"a")).startswith("grows by") for _ in range(3))


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize(
    ("begins", "blanks"),
    [
        (_CMS + b"MIAGCSqGSIb3DQEHAqA=", b" "),
        (_CMS + b"MIAGCSqGSIb3DQEHAqA=", b" \r\n"),
        (b"Content-Transfer-Encoding: quoted-printable\r\n\r\nx \r\n", b" "),
    ],
)
def test_blanks_in_transfer_encodings_cost_little(begins: bytes, blanks: bytes) -> None:
    def decoding(size: int) -> Callable[[], None]:
        entity = parse_entity(begins + blanks * (size // len(blanks)) + b"x")

        def decode() -> None:
            with contextlib.suppress(SmimeError):
                decode_body(entity)

        return decode

    assert grows_in_proportion(decoding, 80_000)


@pytest.mark.thorough(after=1)
@pytest.mark.parametrize(("normalise", "begins"), [(normalise_user, "a@"), (normalise_origin, "https://")])
def test_combining_characters_of_key_server_cost_little(normalise: Callable[[str], str], begins: str) -> None:
    def normalising(size: int) -> Callable[[], None]:
        text = begins + "\u0301\u0323" * (size // 2)

        def refuse() -> None:
            with pytest.raises(SmimeError):
                normalise(text)

        return refuse

    assert grows_in_proportion(normalising, 60_000)


def test_a_numeric_reference_of_any_length_is_read() -> None:
    assert extract_text(f"a&#{'9' * 4_301};b") == "a\ufffdb"
    assert extract_text(f"a&#{'0' * 4_301}65;b&#x{'0' * 9}41 c&#65") == "aAbA cA"
    assert extract_text(f"<img alt='&#{'9' * 5_000}'>") == "\ufffd"
