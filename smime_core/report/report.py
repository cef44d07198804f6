"""What an examination found: one tree of layers, one headline state of five, and the reasons (DESIGN, "The report").

`MessageReport` has no truth value on purpose: a caller must ask for its `state`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NoReturn

from smime_core.attributes import Attributes
from smime_core.certificate import Certificate
from smime_core.header_protection import ProtectedHeaders
from smime_core.pkix.trail import PathTrail


class State(StrEnum):
    """The five headline states, best first."""

    VERIFIED = "verified"
    SIGNED_UNVERIFIED = "signed-unverified"
    INVALID = "invalid"
    ENCRYPTED_ONLY = "encrypted-only"
    PLAIN = "plain"


class LayerKind(StrEnum):
    """What a layer of a message is."""

    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    COMPRESSED = "compressed"
    DIGESTED = "digested"
    """Described only: a digest proves nothing about anybody."""
    AUTHENTICATED = "authenticated"
    """Described only: whoever can check the MAC could also have made it."""
    CERTIFICATES = "certificates"
    """A certs-only SignedData: it carries certificates and is never "signed" (RFC 8551 section 3.8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the state is not better: a stable code, and a sentence for people.

    `values` are what the sentence names, each with its name, for sentences in other languages: addresses, names and
    algorithms as they are, moments in ISO 8601, and as `text` what only English has words for.
    """

    code: str
    sentence: str
    values: tuple[tuple[str, str], ...] = ()


def build_reason(code: str, sentence: str, *, detail: str = "", **values: str) -> Reason:
    """A Reason whose sentence has `detail` behind it, or else the values themselves."""
    behind = detail or ", ".join(values.values())
    return Reason(code=code, sentence=f"{sentence} ({behind})" if behind else sentence, values=tuple(values.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerReport:
    """The verdict on one SignerInfo.

    `state` is VERIFIED, SIGNED_UNVERIFIED or INVALID; `certificate` is None when the message does not carry it;
    `path` runs from the signer to the anchor and is empty when none was found. `trail` is how the path was judged, None
    when none was followed. `addresses` are those of the certificate that the path vouches for. `signed_attributes` are
    filled where the signature fits; what they say is worth no more than `state`. `timestamp_trails` are how the paths
    of services were judged whose timestamps stand on the signature, as far as any were followed.
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
    signed_attributes: Attributes = field(default_factory=dict, repr=False, hash=False)
    timestamp_trails: tuple[PathTrail, ...] = ()

    @property
    def trails(self) -> tuple[PathTrail, ...]:
        """All paths that were followed, the signer's first."""
        return (*(() if self.trail is None else (self.trail,)), *self.timestamp_trails)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientReport:
    """One RecipientInfo: who, as the message names it, and how the key travels. `opened` marks the one used."""

    rid: str
    kind: str
    algorithm: str
    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One CMS layer with what it covers inside it; `depth` 0 is outermost.

    `algorithm` is the content cipher or the first signer's algorithm. `covers_whole` is False for a layer that is one
    part of something larger, `path` says which ("1.2", as IMAP counts): its verdict never lifts the whole.
    """

    kind: LayerKind
    depth: int
    algorithm: str
    covers_whole: bool
    signers: tuple[SignerReport, ...] = ()
    recipients: tuple[RecipientReport, ...] = ()
    detached: bool = False
    path: str = ""


def find_deciding_signers(layers: Sequence[Layer]) -> tuple[SignerReport, ...]:
    """The signers of the whole who stand inside every encrypted layer that was opened.

    RFC 8551 section 3.7: whoever signs outside encryption may never have seen the text, and anybody can put their own
    signature there. Empty where all stand outside; all of them where nothing was opened.
    """
    whole = [layer for layer in layers if layer.covers_whole]
    opened = [number for number, layer in enumerate(whole, start=1) if any(one.opened for one in layer.recipients)]
    return tuple(signer for layer in whole[max(opened, default=0) :] for signer in layer.signers)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReport:
    """The examination of one message, field or file.

    `content` is what stood inside all opened layers: a MIME entity for mail, plain octets otherwise. `headers` are the
    displayed RFC 5322 fields, decoded, in order; `header_scheme` says how they are protected ("none", or a value of
    `header_protection.HeaderScheme`), `header_protections` what holds for each of them, and `protected_headers` is what
    a reply starts from (`header_replies`). `certificates` are all that the message carried.
    """

    state: State
    reasons: tuple[Reason, ...]
    layers: tuple[Layer, ...]
    headers: tuple[tuple[str, str], ...] = ()
    header_scheme: str = "none"
    header_protections: tuple[str, ...] = ()
    protected_headers: ProtectedHeaders | None = field(default=None, repr=False)
    certificates: tuple[Certificate, ...] = ()
    content: bytes = field(default=b"", repr=False)
    sender: str | None = None

    def __bool__(self) -> NoReturn:
        raise TypeError("a MessageReport has no truth value: compare its state")

    def with_content(self, content: bytes) -> MessageReport:
        """The same report around other content, as when a field's text is taken out of its JSON."""
        return replace(self, content=content)

    @property
    def signers(self) -> tuple[SignerReport, ...]:
        """All signers of all layers, outermost first."""
        return tuple(signer for layer in self.layers for signer in layer.signers)

    @property
    def deciding_signers(self) -> tuple[SignerReport, ...]:
        """The signers whose verdicts make the headline better: see `find_deciding_signers`."""
        return find_deciding_signers(self.layers)

    @property
    def recipients(self) -> tuple[RecipientReport, ...]:
        """All recipients of all layers, outermost first."""
        return tuple(recipient for layer in self.layers for recipient in layer.recipients)

    @property
    def is_encrypted(self) -> bool:
        """Whether the whole was."""
        return any(layer.kind is LayerKind.ENCRYPTED and layer.covers_whole for layer in self.layers)
