"""The signers of a SignedData, and their options."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from smime_core.algorithms import HashName, SignatureAlgorithm, SignatureScheme
from smime_core.cms.key_holder import KeyHolder, choose_holder_algorithms
from smime_core.errors import MalformedMessage


class SignerIdentifierForm(Enum):
    """The form in which a SignerInfo names the signer's certificate (RFC 5652 section 5.3)."""

    ISSUER_AND_SERIAL = 1
    """The form that every mail program supports; SignerInfo version 1."""
    SUBJECT_KEY_IDENTIFIER = 3
    """The value of the certificate's extension; SignerInfo version 3."""


class AttributesForm(Enum):
    """The bytes that a signature covers: signed attributes, or the content itself (RFC 5652 section 5.4)."""

    STANDARD = "standard"
    """Signed: content-type, signing-time, message-digest, capabilities, signing certificate, algorithm protection."""
    NONE = "none"
    """The signature covers the content itself. The content must be id-data (MUSTS 2)."""


UnsignedAttributes = Callable[[bytes], Awaitable[tuple[bytes, ...]]]
"""A function from the signature value to the DER of each unsigned Attribute to add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerOptions:
    """The options of a SignerInfo. `further_attributes` are DER of whole Attributes, signed with the standard ones.

    `unsigned_attributes` builds attributes from the finished signature, such as its timestamp (`cades`).
    """

    sid_form: SignerIdentifierForm = SignerIdentifierForm.ISSUER_AND_SERIAL
    attributes: AttributesForm = AttributesForm.STANDARD
    further_attributes: tuple[bytes, ...] = ()
    unsigned_attributes: UnsignedAttributes | None = None


DEFAULT_OPTIONS: Final = SignerOptions()


class SignatureForm(StrEnum):
    """DETACHED is multipart/signed, readable everywhere; OPAQUE is one application/pkcs7-mime part."""

    DETACHED = "detached"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """The signers of some content, the signing time and the form of the signature (RFC 5652 section 5).

    `form` None means the default of the operation: OPAQUE for CMS without MIME, and for mail the form from `mail_form`.
    `scheme` None means the scheme that most mail programs support, RSA v1.5 for RSA keys. `rsa_hash` None means SHA-256
    for RSA keys, or the hash that another signer needs. `beside` has the hashes of existing signatures. `crls` (DER of
    each CertificateList) go into SignedData. Raises MalformedMessage without identities.
    """

    identities: Sequence[KeyHolder]
    signing_time: datetime.datetime
    form: SignatureForm | None = None
    scheme: SignatureScheme | None = None
    rsa_hash: HashName | None = None
    beside: Collection[HashName] = ()
    options: SignerOptions = DEFAULT_OPTIONS
    crls: Sequence[bytes] = ()

    def __post_init__(self) -> None:
        if not self.identities:
            raise MalformedMessage("there is nobody to sign", where="signers")

    @property
    def algorithms(self) -> list[SignatureAlgorithm]:
        """One algorithm for each identity. Raises UnsupportedAlgorithm for a key that cannot sign with the scheme."""
        return choose_holder_algorithms(self.identities, self.scheme, rsa_hash=self.rsa_hash, beside=self.beside)

    def mail_form(self, cut_field_bytes: int) -> SignatureForm:
        """The form of a signature in mail: the given form, or else DETACHED where readers recognise it.

        The form is OPAQUE if the content has a header field that mail servers cut or break. The default is also OPAQUE
        if the signers have several digests, because Thunderbird treats a multipart/signed whose `micalg` is a list as
        unsigned. Raises MalformedMessage for such a field in a signature that must be DETACHED, and
        UnsupportedAlgorithm.
        """
        if cut_field_bytes:
            if self.form is SignatureForm.DETACHED:
                raise MalformedMessage(
                    f"mail servers cut or break a header field of {cut_field_bytes} bytes: sign the mail opaquely",
                    where="signed part",
                )
            return SignatureForm.OPAQUE
        if self.form is not None:
            return self.form
        names = {algorithm.hash_name for algorithm in self.algorithms}
        return SignatureForm.DETACHED if len(names) == 1 else SignatureForm.OPAQUE
