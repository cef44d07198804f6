"""Lists of revoked certificates, read and told apart from certificates."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization

from smime_core.errors import MalformedMessage
from smime_core.revocation_list import is_revocation_list, parse_revocation_list
from tests.unit.people import NEXT_UPDATE, NOW, anchor, build_revocation_list


@pytest.mark.parametrize("encoding", [serialization.Encoding.DER, serialization.Encoding.PEM])
def test_a_list_is_read(encoding: serialization.Encoding) -> None:
    revoked = parse_revocation_list(build_revocation_list(0x1234, 5, encoding=encoding))
    assert revoked.issuer == anchor().subject
    assert (revoked.this_update, revoked.next_update) == (NOW, NEXT_UPDATE)
    assert (revoked.algorithm, tuple(revoked.revoked)) == ("RSA with SHA-256", (0x1234, 5))


def test_an_empty_list_revokes_nobody() -> None:
    assert tuple(parse_revocation_list(build_revocation_list()).revoked) == ()


def test_a_list_is_told_from_a_certificate() -> None:
    assert is_revocation_list(build_revocation_list(1))
    assert not is_revocation_list(anchor().der)
    assert not is_revocation_list(b"From: a@b.test\r\n\r\n")


@pytest.mark.parametrize("length", [3, 30, 100])
def test_a_list_cut_short_is_refused(length: int) -> None:
    with pytest.raises(MalformedMessage):
        parse_revocation_list(build_revocation_list(1)[:length])
