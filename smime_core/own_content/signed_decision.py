"""A decision or setting that roams between a person's devices, signed by one of the person's own keys.

The signature is a detached SignedData with a content type of its own (RFC 5652 section 5), over this JSON:

    {"version": "sealwax-decision-1", "account": address, "at": milliseconds since 1970, "decision": the text of
    `decisions_json` with one decision}

or, for a setting or for a recipe, which describes a webmail to the extension, over this JSON:

    {"version": "sealwax-setting-1", "account": address, "at": milliseconds since 1970, "name": the name of its entry,
    "setting": its text}

So a server can neither add a decision nor bring back a removed decision with a later time. Nor can a person who can
decrypt but not sign.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.cms.content_info import DECISION
from smime_core.cms.key_holder import Encoded, KeyHolder
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import SignatureForm, Signing
from smime_core.errors import DecisionNotSigned, SmimeError
from smime_core.own_content.own_content import ContentKind, build_members
from smime_core.own_content.pinned_signer import examine_as_own
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.report.report import State
from smime_core.x509.certificate import Certificate

VERSION: Final = "sealwax-decision-1"
SETTING_VERSION: Final = "sealwax-setting-1"

_KIND: Final = ContentKind(name="decision", content_type=DECISION)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedText:
    """One decision as the text of `decisions_json`, with the account and the time of the change in milliseconds."""

    account: str
    at: int
    decision: str

    @property
    def content(self) -> bytes:
        """The signed bytes."""
        return build_members(version=VERSION, account=self.account, at=self.at, decision=self.decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingText:
    """The text of one setting or recipe, with the name of its entry, the account and the time of the change."""

    account: str
    at: int
    name: str
    setting: str

    @property
    def content(self) -> bytes:
        """The signed bytes."""
        return build_members(
            version=SETTING_VERSION, account=self.account, at=self.at, name=self.name, setting=self.setting
        )


async def sign_decision(
    text: DecidedText | SettingText, provider: CryptoProvider, *, identity: KeyHolder, signing_time: datetime.datetime
) -> bytes:
    """DER of the signature. The text can be older than the key that signs it at `signing_time`.

    Raises UnsupportedAlgorithm for a key that cannot sign.
    """
    # The readers know the certificate itself, so they do not need its chain.
    holder = _WithoutChain(certificate=identity.certificate, private_key=identity.private_key)
    signing = Signing(identities=[holder], signing_time=signing_time, form=SignatureForm.DETACHED)
    return await build_signed_data(text.content, signing, provider, DECISION)


async def verify_decision(
    text: DecidedText | SettingText,
    signature: bytes,
    provider: CryptoProvider,
    *,
    identities: Sequence[KeyHolder],
    at: datetime.datetime,
) -> None:
    """Return if one of `identities` has signed the text. Raises DecisionNotSigned."""
    try:
        report = await examine_as_own(
            signature, _KIND, provider, identities=identities, at=at, detached_content=text.content
        )
    except SmimeError as error:
        raise DecisionNotSigned(f"its signature cannot be read: {error}") from error
    if report.state is not State.VERIFIED:
        raise DecisionNotSigned("none of the person's own keys has signed it", report=report)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WithoutChain:
    certificate: Certificate
    private_key: PrivateKey
    chain: Sequence[Encoded] = ()
