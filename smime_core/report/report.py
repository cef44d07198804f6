"""The report of an examination: the layers, one of five headline states, and the reasons.

`MessageReport` has no truth value on purpose. A caller must compare its `state`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn

from smime_core.cms.attributes import Attributes
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import VerificationError
from smime_core.mail.header_protection import ProtectedHeaders
from smime_core.mail.people import NO_PEOPLE, MessagePeople
from smime_core.pkix.trail import PathTrail
from smime_core.x509.certificate import Certificate


class State(StrEnum):
    """The five headline states, best first."""

    VERIFIED = "verified"
    SIGNED_UNVERIFIED = "signed-unverified"
    INVALID = "invalid"
    ENCRYPTED_ONLY = "encrypted-only"
    PLAIN = "plain"


class LayerKind(StrEnum):
    """The kind of a layer of a message."""

    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    COMPRESSED = "compressed"
    DIGESTED = "digested"
    """A layer with a digest. It is only described, because a digest proves nothing about the author."""
    AUTHENTICATED = "authenticated"
    """A layer with a MAC. It is only described, because anybody who can check the MAC could also have made it."""
    CERTIFICATES = "certificates"
    """A SignedData with certificates only. It never counts as signed (RFC 8551 section 3.8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason why the state is not better, or another note: a stable code, and a sentence for people in English.

    `values` are the named values for sentences in other languages: addresses, names and algorithms unchanged, times in
    ISO 8601. A value with the name `text` is in English in every language.
    """

    code: str
    sentence: str
    values: tuple[tuple[str, str], ...] = ()


NO_VALUES: Final[Mapping[str, str]] = MappingProxyType({})


def build_reason(code: str, sentence: str, values: Mapping[str, str] = NO_VALUES, detail: str = "") -> Reason:
    """A Reason. `detail`, or else the values, follow the sentence in brackets."""
    behind = detail or ", ".join(values.values())
    return Reason(code=code, sentence=f"{sentence} ({behind})" if behind else sentence, values=tuple(values.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerReport:
    """The verdict on one SignerInfo.

    `state` is VERIFIED, SIGNED_UNVERIFIED or INVALID. `certificate` is None if the message does not have it. `path`
    runs from the signer to the anchor; it is empty if no path is valid. `trail` is the record of the checks on the
    path, or None if no path was followed. `addresses` are the certificate's addresses for which the anchor is trusted.
    `info` is the SignerInfo if the signature verifies, even if `state` is not VERIFIED. `timestamp_trails` are the
    records of the paths of timestamp services, for the timestamps on the signature, as far as these paths were
    followed.
    """

    state: State
    reasons: tuple[Reason, ...]
    sid: str
    algorithm: str
    certificate: Certificate | None
    path: tuple[Certificate, ...]
    signing_time: datetime.datetime | None
    trail: PathTrail | None = None
    addresses: tuple[str, ...] = ()
    info: SignerInfo | None = field(default=None, repr=False, compare=False)
    timestamp_trails: tuple[PathTrail, ...] = ()

    @property
    def signed_attributes(self) -> Attributes:
        """The signed attributes; empty if the signature does not verify."""
        return self.info.attributes if self.info else {}

    @property
    def trails(self) -> tuple[PathTrail, ...]:
        """The records of all paths that were followed, the signer's first."""
        return (*(() if self.trail is None else (self.trail,)), *self.timestamp_trails)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientReport:
    """One RecipientInfo: the recipient's identifier and the key management.

    `opened` is True if the layer was decrypted for this recipient.
    """

    rid: str
    kind: str
    algorithm: str
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReport:
    """One CMS layer. `depth` 0 is outermost.

    `algorithm` is the content cipher or the first signer's algorithm. `covers_whole` is False if the layer is around
    one part of a larger message; `path` is the number of that part ("1.2", as in IMAP). Such a layer never improves the
    verdict on the whole.
    """

    kind: LayerKind
    depth: int
    algorithm: str
    covers_whole: bool
    signers: tuple[SignerReport, ...] = ()
    recipients: tuple[RecipientReport, ...] = ()
    detached: bool = False
    path: str = ""


def find_deciding_signers(layers: Sequence[LayerReport]) -> tuple[SignerReport, ...]:
    """The signers of the whole message whose signatures are inside every encrypted layer that was decrypted.

    RFC 8551 section 3.7: a signer outside the encryption may never have seen the text, and anybody can sign there.
    Returns no signers if all signatures are outside the encryption, and all signers if no layer was decrypted.
    """
    whole = [layer for layer in layers if layer.covers_whole]
    opened = [
        number for number, layer in enumerate(whole, start=1) if any(recipient.opened for recipient in layer.recipients)
    ]
    return tuple(signer for layer in whole[max(opened, default=0) :] for signer in layer.signers)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """The examination of one message, field or file.

    `content` is the content inside all layers that could be read: a MIME entity for mail, plain bytes otherwise.
    `headers` are the displayed RFC 5322 fields, decoded, in order. `header_scheme` is the scheme of their protection (a
    value of `header_protection.HeaderScheme`, such as "none"); `header_protections` has the protection of each field.
    `people` are the mailboxes in these fields, and `date` is the time in the first Date field, or None if it cannot be
    read. `protected_headers` are the input of `mail.header_replies` for a reply. `certificates` are all certificates in
    the message. For the text of a field, `field_origin` is the origin of the field's site; for anything else, it is
    None.
    """

    state: State
    reasons: tuple[Reason, ...]
    layers: tuple[LayerReport, ...]
    headers: tuple[tuple[str, str], ...] = ()
    header_scheme: str = "none"
    header_protections: tuple[str, ...] = ()
    people: MessagePeople = NO_PEOPLE
    date: datetime.datetime | None = None
    protected_headers: ProtectedHeaders | None = field(default=None, repr=False)
    certificates: tuple[Certificate, ...] = ()
    content: bytes = field(default=b"", repr=False)
    sender: str | None = None
    field_origin: str | None = None

    def __bool__(self) -> NoReturn:
        raise TypeError("a MessageReport has no truth value: compare its state")

    def with_content(self, content: bytes) -> MessageReport:
        """The same report with other content, for example with the text of a field instead of its JSON."""
        return replace(self, content=content)

    @property
    def signers(self) -> tuple[SignerReport, ...]:
        """All signers of all layers, outermost first."""
        return tuple(signer for layer in self.layers for signer in layer.signers)

    @property
    def deciding_signers(self) -> tuple[SignerReport, ...]:
        """The signers whose verdicts can improve the headline; see `find_deciding_signers`."""
        return find_deciding_signers(self.layers)

    @property
    def recipients(self) -> tuple[RecipientReport, ...]:
        """All recipients of all layers, outermost first."""
        return tuple(recipient for layer in self.layers for recipient in layer.recipients)

    @property
    def is_encrypted(self) -> bool:
        """Whether the whole message was encrypted."""
        return any(layer.kind is LayerKind.ENCRYPTED and layer.covers_whole for layer in self.layers)


def report_of(error: VerificationError) -> MessageReport | None:
    """The report of the examination that ended with this error, or None if the error has no report."""
    return error.report if isinstance(error.report, MessageReport) else None
