"""When a signature existed at the latest, as its timestamps prove (EN 319 122-1 section 5.3)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from smime_core import der
from smime_core.attributes import SIGNATURE_TIME_STAMP
from smime_core.certificate import Certificate
from smime_core.errors import LimitExceeded, SmimeError
from smime_core.limits import MAX_TIMESTAMPS
from smime_core.pkix import TrustStore
from smime_core.provider import CryptoProvider
from smime_core.signed_content import OctetsContent, SignedContent
from smime_core.signer_info import SignerInfo
from smime_core.timestamp import Timestamp, parse_timestamp_token, verify_timestamp


async def judge_timestamps(
    signer: SignerInfo,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    known: Sequence[Certificate] = (),
) -> tuple[Timestamp | SmimeError, ...]:
    """Each timestamp on a signature as it holds at `at`, or why not, in the order that came.

    They are judged by `trust_store.timestamp_anchors`, and old algorithms prove nothing. `known` are certificates that
    the message carries. Whether the signature itself holds is another question.
    """
    tokens = signer.unsigned_attributes.get(SIGNATURE_TIME_STAMP, ())
    if len(tokens) > MAX_TIMESTAMPS:
        return (LimitExceeded("timestamps", len(tokens), MAX_TIMESTAMPS),)
    store, imprinted = trust_store.for_timestamps(), OctetsContent(signer.signature, provider=provider)
    return tuple([await _judge(token, imprinted, store, at, provider, known) for token in tokens])


async def proved_time(
    signer: SignerInfo,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    known: Sequence[Certificate] = (),
) -> Timestamp | None:
    """The earliest timestamp on a signature that holds at `at`, None without one: see `judge_timestamps`."""
    if not trust_store.timestamp_anchors:
        return None
    judged = await judge_timestamps(signer, trust_store=trust_store, at=at, provider=provider, known=known)
    return find_earliest(judged)


def find_earliest(judged: Sequence[Timestamp | SmimeError]) -> Timestamp | None:
    """Of several timestamps the one that proves most."""
    valid = [timestamp for timestamp in judged if isinstance(timestamp, Timestamp)]
    return min(valid, key=lambda timestamp: timestamp.latest, default=None)


async def _judge(
    token_der: bytes,
    imprinted: SignedContent,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    known: Sequence[Certificate],
) -> Timestamp | SmimeError:
    # One that is damaged, or by somebody unknown, spoils no other.
    try:
        token = parse_timestamp_token(der.to_definite(der.read_one(token_der)))
        return await verify_timestamp(token, imprinted, trust_store=trust_store, at=at, provider=provider, known=known)
    except SmimeError as error:
        return error
