"""The micalg parameter: written from the digests used, read as a hint (MUSTS 35, RFC 8551 section 3.5.3.2)."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from smime_core.algorithms import HashName
from smime_core.mime import build_signed, find_unannounced_hashes, micalg, parse_entity, parse_micalg


@pytest.mark.parametrize(
    ("used", "value"),
    [
        ([HashName.SHA256], "sha-256"),
        ([HashName.SHA384, HashName.SHA512, HashName.SHA384], "sha-384,sha-512"),
        ([HashName.SHA1, HashName.MD5], "sha-1,md5"),
        ([HashName.SHAKE256], "shake256"),
        ([HashName.SHA3_256, HashName.SHA3_512, HashName.SHA256], "unknown,sha-256"),
        ([], "unknown"),
    ],
)
def test_each_digest_is_named_once_in_the_words_of_the_registry(used: list[HashName], value: str) -> None:
    """MUSTS 35, writing."""
    assert micalg(used) == value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("sha1", [HashName.SHA1]),
        ("rsa-sha1", [HashName.SHA1]),
        ("RSA-MD5", [HashName.MD5]),
        ("SHA256, sha-512", [HashName.SHA256, HashName.SHA512]),
        ("sha3-256", [HashName.SHA3_256]),
        ("sha-512/256", [HashName.SHA512_256]),
        ("x-whirlpool,sha-256", [None, HashName.SHA256]),
        ("", []),
    ],
)
def test_old_and_odd_names_are_read(value: str, found: list[HashName | None]) -> None:
    """MUSTS 35, reading."""
    assert parse_micalg(value) == tuple(found)


def test_a_digest_that_micalg_does_not_name_is_reported() -> None:
    """MUSTS 35: a mismatch is reported and decides nothing."""
    used = [HashName.SHA256, HashName.SHA1, HashName.SHA256]
    assert find_unannounced_hashes("sha-512,rsa-sha1", used) == (HashName.SHA256,)
    assert find_unannounced_hashes("sha-256,sha1", used) == ()


@pytest.mark.parametrize("value", ["", "unknown", "sha-512,x-new"])
def test_an_absent_or_unknown_name_is_no_mismatch(value: str) -> None:
    assert find_unannounced_hashes(value, [HashName.SHA256]) == ()


@given(st.lists(st.sampled_from([name for name in HashName if "3" not in name and "_2" not in name]), min_size=1))
def test_announced_hashes_are_read_from_the_header(used: list[HashName]) -> None:
    message = build_signed(b"", b"\r\nx", b"\x30\x00", micalg(used), boundary="=_0")
    announced = parse_entity(message).content_type.parameters["micalg"]
    assert parse_micalg(announced) == tuple(dict.fromkeys(used))
    assert not find_unannounced_hashes(announced, used)
