"""When a signature existed at the latest, as its timestamps prove (EN 319 122-1 section 5.3)."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Sequence

from smime_core import der
from smime_core.attributes import SIGNATURE_TIME_STAMP
from smime_core.certificate import Certificate
from smime_core.errors import LimitExceeded, SmimeError
from smime_core.limits import MAX_TIMESTAMPS
from smime_core.pkix import PathBudget, TrustStore
from smime_core.provider import CryptoProvider
from smime_core.signed_content import OctetsContent
from smime_core.signer_info import SignerInfo
from smime_core.timestamp import Timestamp, TimestampToken, parse_timestamp_token, verify_timestamp


async def judge_timestamps(
    signer: SignerInfo,
    *,
    trust_store: TrustStore,
    at: datetime.datetime,
    provider: CryptoProvider,
    known: Sequence[Certificate] = (),
    budget: PathBudget | None = None,
) -> tuple[Timestamp | SmimeError, ...]:
    """The timestamps on a signature as they hold at `at`, or why not: by the times they claim, up to the first to hold.

    They are judged by `trust_store.timestamp_anchors`, and old algorithms prove nothing. `known` are certificates that
    the message carries, `budget` is what they and their paths may cost. Whether the signature itself holds is another
    question. A search for a path that goes beyond the limits is the last one.
    """
    values = signer.unsigned_attributes.get(SIGNATURE_TIME_STAMP, ())
    if len(values) > MAX_TIMESTAMPS:
        return (LimitExceeded("timestamps", len(values), MAX_TIMESTAMPS),)
    store, imprinted = trust_store.for_timestamps(), OctetsContent(signer.signature, provider=provider)
    read = [_read(value) for value in values]
    judged: list[Timestamp | SmimeError] = [one for one in read if isinstance(one, SmimeError)]
    tokens = [one for one in read if isinstance(one, TimestampToken)]
    for token in sorted(tokens, key=lambda token: token.info.latest):
        judging = verify_timestamp(
            token, imprinted, trust_store=store, at=at, provider=provider, known=known, budget=budget
        )
        judged.append(await _result_of(judging))
        if isinstance(judged[-1], Timestamp | LimitExceeded):
            break
    return tuple(judged)


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
    """Of what `judge_timestamps` gives, the one that holds."""
    return next((timestamp for timestamp in judged if isinstance(timestamp, Timestamp)), None)


def _read(token_der: bytes) -> TimestampToken | SmimeError:
    # One that is damaged, or by somebody unknown, spoils no other.
    try:
        return parse_timestamp_token(der.to_definite(der.read_one(token_der)))
    except SmimeError as error:
        return error


async def _result_of(judging: Awaitable[Timestamp]) -> Timestamp | SmimeError:
    try:
        return await judging
    except SmimeError as error:
        return error
