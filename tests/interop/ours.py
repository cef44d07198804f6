"""The core as one more side of the matrix: it makes and reads the same rows."""

from __future__ import annotations

import datetime
from typing import Final

from smime_core.algorithms import SignatureScheme
from smime_core.blocking import run, verify_bytes
from smime_core.content_info import ID_DATA, parse_content_info
from smime_core.enveloped_data import build_enveloped_data, open_enveloped_data, parse_enveloped_data
from smime_core.kekri import KeyEncryptionKey
from smime_core.policy import Policy
from smime_core.report import MessageReport
from smime_core.signed_data import build_signed_data
from smime_core.signer_info import AttributesForm, SignerIdentifierForm, SignerOptions
from tests.interop.peer import MAKES, Gaps, gap
from tests.interop.people import PROVIDER, certificate, identity, trust
from tests.interop.rows import KEK_ID, Sealing, Signing

gaps: Final[Gaps] = gap(
    "the hash follows the strength of the key",
    "RSA with SHA-384",
    "RSA with SHA-512",
    "RSA-PSS with SHA-512",
    directions=[MAKES],
) | gap("brainpool keys are read only", "ECDSA brainpoolP256r1", directions=[MAKES])


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def sign(content: bytes, row: Signing) -> bytes:
    sid_form = SignerIdentifierForm.SUBJECT_KEY_IDENTIFIER if row.by_key_id else SignerIdentifierForm.ISSUER_AND_SERIAL
    return run(
        build_signed_data(
            content,
            holders=[identity(name) for name in row.signers],
            content_type=ID_DATA,
            detached=row.is_detached,
            signing_time=now(),
            provider=PROVIDER,
            scheme=SignatureScheme.RSA_PSS if row.is_pss else None,
            options=SignerOptions(
                sid_form=sid_form, attributes=AttributesForm.STANDARD if row.has_attributes else AttributesForm.NONE
            ),
        )
    )


def verify(cms: bytes, content: bytes | None) -> MessageReport:
    return verify_bytes(cms, provider=PROVIDER, trust_store=trust(), at=now(), detached_content=content)


def seal(content: bytes, row: Sealing) -> bytes:
    return run(
        build_enveloped_data(
            content,
            recipients=[certificate(name) for name in row.recipients],
            content_type=ID_DATA,
            cipher=row.cipher,
            transport=row.transport,
            provider=PROVIDER,
            passwords=_passwords(row),
            keks=_keks(row),
        )
    )


def open_sealed(cms: bytes, row: Sealing, reader: str, *, policy: Policy | None = None) -> bytes:
    """The content, by the key of `reader`, or by the row's password or KEK where `reader` is empty.

    Weak rows are opened by policy ARCHIVE unless one is named.
    """
    info = parse_content_info(cms)
    opened = run(
        open_enveloped_data(
            parse_enveloped_data(info.content, content_type=info.content_type),
            holders=[identity(reader)] if reader else [],
            passwords=[] if reader else _passwords(row),
            keks=[] if reader else _keks(row),
            provider=PROVIDER,
            policy=policy or (Policy.ARCHIVE if is_weak(row) else Policy.RECEIVE),
        )
    )
    return opened.content


def is_weak(row: Sealing) -> bool:
    """Whether policy ARCHIVE alone opens it."""
    return row.cipher.is_weak or row.wrap.is_weak


def _passwords(row: Sealing) -> list[bytes]:
    return [row.password.encode()] if row.password else []


def _keks(row: Sealing) -> list[KeyEncryptionKey]:
    return [KeyEncryptionKey(identifier=KEK_ID, key=row.kek)] if row.kek else []
