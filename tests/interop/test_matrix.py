"""Every row of `tests.support.peers.rows` with every peer that supports it. We read the peer's structures, the peer
reads ours, and both refuse altered ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smime_core.algorithms import hash_label
from smime_core.asn1 import der
from smime_core.describe.message import describe_message
from smime_core.errors import AlgorithmForbidden, DecryptionError
from smime_core.policy import Policy
from smime_core.report.report import State
from tests.support.peers import ours
from tests.support.peers.by_name import PEERS
from tests.support.peers.peer import Direction, Peer, Refused
from tests.support.peers.people import certificate
from tests.support.peers.rows import ENCRYPTIONS, READ_ONLY_ENCRYPTIONS, SIGNINGS, EncryptingRow, SigningRow

CONTENT = b"Content-Type: text/plain\r\n\r\nhello across the fence\r\n"
ALTERED = CONTENT.replace(b"hello", b"HELLO")

AUTHENTICATED = tuple(row for row in ENCRYPTIONS if row.cipher.is_authenticated)

StartPeer = Callable[[str], Peer]


def pairs(direction: Direction, rows: tuple[SigningRow, ...] | tuple[EncryptingRow, ...]) -> list[object]:
    """The pairs of a peer and a row for which the peer supports this direction, and the core the opposite one."""
    our_direction = Direction.READS if direction is Direction.MAKES else Direction.MAKES
    return [
        pytest.param(peer, row, id=f"{peer}: {row}")
        for row in rows
        for peer, kind in PEERS.items()
        if (direction, row.name) not in kind.gaps and (our_direction, row.name) not in ours.gaps
    ]


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.MAKES, SIGNINGS))
def test_we_verify_what_a_peer_signs(start_peer: StartPeer, peer: str, row: SigningRow) -> None:
    signed = start_peer(peer).sign(CONTENT, row)
    report = ours.verify(signed, CONTENT if row.is_detached else None)
    assert report.state is State.VERIFIED, report.reasons
    assert report.content == CONTENT
    assert {signer.certificate for signer in report.signers} == set(map(certificate, row.signers))
    check_signed_as_asked(signed, row)


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.MAKES, SIGNINGS))
def test_we_refuse_what_a_peer_signed_and_somebody_altered(start_peer: StartPeer, peer: str, row: SigningRow) -> None:
    signed = start_peer(peer).sign(CONTENT, row)
    altered = signed if row.is_detached else signed.replace(b"hello", b"HELLO")
    assert ours.verify(altered, ALTERED if row.is_detached else None).state is State.INVALID


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.READS, SIGNINGS))
def test_a_peer_verifies_what_we_sign(start_peer: StartPeer, peer: str, row: SigningRow) -> None:
    signed = ours.sign(CONTENT, row)
    check_signed_as_asked(signed, row)
    start_peer(peer).verify(signed, CONTENT if row.is_detached else None)


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.READS, SIGNINGS))
def test_a_peer_refuses_what_we_signed_and_somebody_altered(start_peer: StartPeer, peer: str, row: SigningRow) -> None:
    signed = ours.sign(CONTENT, row)
    altered = signed if row.is_detached else signed.replace(b"hello", b"HELLO")
    with pytest.raises(Refused):
        start_peer(peer).verify(altered, ALTERED if row.is_detached else None)


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.MAKES, ENCRYPTIONS + READ_ONLY_ENCRYPTIONS))
def test_we_open_what_a_peer_encrypts(start_peer: StartPeer, peer: str, row: EncryptingRow) -> None:
    encrypted = start_peer(peer).encrypt(CONTENT, row)
    check_encrypted_as_asked(encrypted, row)
    for reader in readers(row):
        assert ours.decrypt(encrypted, row, reader) == CONTENT
        if ours.is_weak(row):
            with pytest.raises(AlgorithmForbidden):
                ours.decrypt(encrypted, row, reader, policy=Policy.RECEIVE)


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.READS, ENCRYPTIONS))
def test_a_peer_opens_what_we_encrypt(start_peer: StartPeer, peer: str, row: EncryptingRow) -> None:
    encrypted = ours.encrypt(CONTENT, row)
    check_encrypted_as_asked(encrypted, row)
    for reader in readers(row):
        assert start_peer(peer).open(encrypted, row, reader) == CONTENT


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.MAKES, AUTHENTICATED))
def test_we_refuse_what_a_peer_encrypted_and_somebody_altered(
    start_peer: StartPeer, peer: str, row: EncryptingRow
) -> None:
    encrypted = bytearray(der.to_definite(der.read_one(start_peer(peer).encrypt(CONTENT, row)), where="CMS"))
    encrypted[-1] ^= 1  # the tag is at the end
    with pytest.raises(DecryptionError):
        ours.decrypt(bytes(encrypted), row, row.recipients[0])


@pytest.mark.parametrize(("peer", "row"), pairs(Direction.READS, AUTHENTICATED))
def test_a_peer_refuses_what_we_encrypted_and_somebody_altered(
    start_peer: StartPeer, peer: str, row: EncryptingRow
) -> None:
    encrypted = bytearray(ours.encrypt(CONTENT, row))
    encrypted[-1] ^= 1
    with pytest.raises(Refused):
        start_peer(peer).open(bytes(encrypted), row, row.recipients[0])


def readers(row: EncryptingRow) -> tuple[str, ...]:
    """The names of the readers who can decrypt: the recipients, and the empty name for a password or KEK."""
    return (*row.recipients, "") if row.password or row.kek else row.recipients


def check_signed_as_asked(cms: bytes, row: SigningRow) -> None:
    """Check that the structure has the row's features. Otherwise the exchange would not test them."""
    layer = describe_message(cms, detached_content=CONTENT if row.is_detached else None).layers[0]
    assert layer.detached is row.is_detached
    assert len(layer.signers) == len(row.signers)
    for signer in layer.signers:
        assert row.hash_name[-3:] in signer.algorithm or len(row.signers) > 1
        assert ("PSS" in signer.algorithm) is row.is_pss
        assert (signer.signing_time is not None) is row.has_attributes
        assert signer.sid.startswith("#") is row.by_key_id


def check_encrypted_as_asked(cms: bytes, row: EncryptingRow) -> None:
    """Check that the structure has the row's features. Otherwise the exchange would not test them."""
    layer = describe_message(cms).layers[0]
    assert layer.algorithm == row.cipher.name
    kinds = ["ktri" if name.startswith("rsa") else "kari" for name in row.recipients]
    kinds += ["pwri"] * (row.password is not None) + ["kekri"] * (row.kek is not None)
    assert sorted(recipient.kind for recipient in layer.recipients) == sorted(kinds)
    for recipient in layer.recipients:
        if recipient.kind == "ktri":
            assert recipient.algorithm == row.transport.label
        if recipient.kind in ("ktri", "kari"):
            assert recipient.rid.startswith("#") is row.by_key_id
        if recipient.kind == "kari":
            assert recipient.algorithm == f"ECDH with {hash_label(row.agreement.kdf_hash)}, {row.wrap.name}"
