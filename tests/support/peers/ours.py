"""The core as a side of the interoperability matrix: it makes and reads the same rows as the peers."""

from __future__ import annotations

import datetime
from typing import Final

from smime_core.algorithms import SignatureScheme
from smime_core.blocking import run, verify_bytes
from smime_core.cms.content_info import ID_DATA, parse_content_info
from smime_core.cms.enveloped_data import build_enveloped_data, decrypt_enveloped_data, parse_enveloped_data
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.kekri import KeyEncryptionKey
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import AttributesForm, SignatureForm, SignerIdentifierForm, SignerOptions, Signing
from smime_core.policy import Policy
from smime_core.report.report import MessageReport
from smime_core.trust.judging import Judging
from tests.support.peers.peer import MAKES, Gaps, gap
from tests.support.peers.people import PROVIDER, certificate, identity, trust
from tests.support.peers.rows import KEK_ID, EncryptingRow, SigningRow

gaps: Final[Gaps] = gap(
    "the hash follows the strength of the key",
    "RSA with SHA-384",
    "RSA with SHA-512",
    "RSA-PSS with SHA-512",
    directions=[MAKES],
) | gap("brainpool keys are read only", "ECDSA brainpoolP256r1", directions=[MAKES])


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def sign(content: bytes, row: SigningRow) -> bytes:
    sid_form = SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER if row.by_key_id else SignerIdentifierForm.ISSUER_AND_SERIAL
    return run(
        build_signed_data(
            content,
            Signing(
                identities=[identity(name) for name in row.signers],
                signing_time=now(),
                form=SignatureForm.DETACHED if row.is_detached else SignatureForm.OPAQUE,
                scheme=SignatureScheme.RSA_PSS if row.is_pss else None,
                options=SignerOptions(
                    sid_form=sid_form, attributes=AttributesForm.STANDARD if row.has_attributes else AttributesForm.NONE
                ),
            ),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )


def verify(cms: bytes, content: bytes | None) -> MessageReport:
    return verify_bytes(cms, Judging(trust_store=trust(), at=now()), provider=PROVIDER, detached_content=content)


def encrypt(content: bytes, row: EncryptingRow) -> bytes:
    return run(
        build_enveloped_data(
            content,
            Encrypting(
                recipients=[certificate(name) for name in row.recipients],
                passwords=_passwords(row),
                keks=_keks(row),
                cipher=row.cipher,
                transport=row.transport,
            ),
            content_type=ID_DATA,
            provider=PROVIDER,
        )
    )


def decrypt(cms: bytes, row: EncryptingRow, reader: str, *, policy: Policy | None = None) -> bytes:
    """Decrypt the content with the key of `reader`, or with the row's password or KEK if `reader` is empty.

    The default policy is RECEIVE, and ARCHIVE for weak rows.
    """
    info = parse_content_info(cms)
    opened = run(
        decrypt_enveloped_data(
            parse_enveloped_data(info.content, content_type=info.content_type),
            Keys(
                identities=[identity(reader)] if reader else [],
                passwords=[] if reader else _passwords(row),
                keks=[] if reader else _keks(row),
            ),
            provider=PROVIDER,
            policy=policy or (Policy.ARCHIVE if is_weak(row) else Policy.RECEIVE),
        )
    )
    return opened.content


def is_weak(row: EncryptingRow) -> bool:
    """Whether the row can be decrypted under policy ARCHIVE only."""
    return row.cipher.is_weak or row.wrap.is_weak


def _passwords(row: EncryptingRow) -> list[bytes]:
    return [row.password.encode()] if row.password else []


def _keks(row: EncryptingRow) -> list[KeyEncryptionKey]:
    return [KeyEncryptionKey(identifier=KEK_ID, key=row.kek)] if row.kek else []
