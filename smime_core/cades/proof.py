"""The time before which a signature was made, as its timestamps prove (EN 319 122-1 section 5.3)."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from smime_core.asn1 import der
from smime_core.cms.attributes import SIGNATURE_TIME_STAMP
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import LimitExceeded, SmimeError
from smime_core.limits import MAX_TIMESTAMPS
from smime_core.pkix import PathBudget, PathRules
from smime_core.provider import CryptoProvider
from smime_core.timestamp import Timestamp, TimestampToken, parse_timestamp_token, verify_timestamp


async def judge_timestamps(
    signer: SignerInfo, rules: PathRules, provider: CryptoProvider, *, budget: PathBudget | None = None
) -> tuple[Timestamp | SmimeError, ...]:
    """The timestamps on a signature in the order of their claimed times, up to the first that is valid under the rules.

    Each invalid timestamp is replaced by its error. The errors of timestamps that cannot be read come first. Paths must
    end at one of the trust store's anchors for timestamps. `rules.known` are the certificates in the message. `budget`
    limits the cost of signatures and paths; once it is spent, no further timestamp is judged. The signature itself is
    not verified.
    """
    values = signer.unsigned_attributes.get(SIGNATURE_TIME_STAMP, ())
    if len(values) > MAX_TIMESTAMPS:
        return (LimitExceeded("timestamps", len(values), MAX_TIMESTAMPS),)
    imprinted = OctetsContent(signer.signature, provider)
    rules = PathRules(rules.trust_store.for_timestamps(), rules.at, known=rules.known)
    read = [_read(value) for value in values]
    judged: list[Timestamp | SmimeError] = [result for result in read if isinstance(result, SmimeError)]
    tokens = [result for result in read if isinstance(result, TimestampToken)]
    for token in sorted(tokens, key=lambda token: token.info.latest):
        judged.append(await _result_of(verify_timestamp(token, imprinted, rules, provider, budget=budget)))
        if isinstance(judged[-1], Timestamp | LimitExceeded):
            break
    return tuple(judged)


async def proved_time(signer: SignerInfo, rules: PathRules, provider: CryptoProvider) -> Timestamp | None:
    """The earliest timestamp on a signature that is valid under the rules, or None; see `judge_timestamps`."""
    if not rules.trust_store.timestamp_anchors:
        return None
    return find_earliest(await judge_timestamps(signer, rules, provider))


def find_earliest(judged: Sequence[Timestamp | SmimeError]) -> Timestamp | None:
    """The valid timestamp in a result of `judge_timestamps`, or None."""
    return next((timestamp for timestamp in judged if isinstance(timestamp, Timestamp)), None)


def _read(token_der: bytes) -> TimestampToken | SmimeError:
    # A timestamp that cannot be read does not affect the others.
    try:
        return parse_timestamp_token(der.to_definite(der.read_one(token_der)))
    except SmimeError as error:
        return error


async def _result_of(judging: Awaitable[Timestamp]) -> Timestamp | SmimeError:
    try:
        return await judging
    except SmimeError as error:
        return error
