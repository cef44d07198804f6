"""The inputs of one examination: keys, trust, and the content types that are allowed."""

from __future__ import annotations

from dataclasses import dataclass, field

from smime_core.cms.content_info import FIELD, ID_DATA, PROTECTING_TYPES, is_own_type
from smime_core.cms.enveloped_data import EnvelopedData, decrypt_enveloped_data
from smime_core.cms.recipients.content_keys import Decrypted
from smime_core.cms.recipients.decryption_budget import DecryptionBudget
from smime_core.cms.recipients.keys import NO_KEYS, Keys
from smime_core.errors import ContentTypeMismatch
from smime_core.pkix import PathBudget
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.trust.judging import Judging


@dataclass(frozen=True, slots=True, kw_only=True)
class Decryptor:
    """The keys for the encrypted layers of one message, and the content types that may be inside them.

    All layers share `decryption_budget`. With `other_types`, the content may also have any type that Sealwax has not
    defined for itself.
    """

    provider: CryptoProvider
    keys: Keys = NO_KEYS
    policy: Policy = Policy.RECEIVE
    encrypted_types: tuple[str, ...] = (ID_DATA,)
    other_types: bool = False
    decryption_budget: DecryptionBudget = field(default_factory=DecryptionBudget)

    async def decrypt(self, enveloped: EnvelopedData) -> Decrypted[bytes]:
        """The content of an encrypted layer.

        Raises the errors of `check_encrypted_type` and `decrypt_enveloped_data`.
        """
        self.check_encrypted_type(enveloped)
        return await decrypt_enveloped_data(
            enveloped, self.keys, self.provider, policy=self.policy, budget=self.decryption_budget
        )

    def check_encrypted_type(self, enveloped: EnvelopedData) -> None:
        """Raise ContentTypeMismatch for a content type that is not allowed here or not authenticated."""
        if self._reads_other(enveloped.content_type):
            return
        if enveloped.content_type not in self.encrypted_types:
            raise ContentTypeMismatch(f"encrypted content of type {enveloped.content_type} does not belong here")
        if enveloped.content_type != ID_DATA and not enveloped.is_authenticated:
            # EnvelopedData does not authenticate the content type, so anybody could give the content of a mail another
            # type.
            raise ContentTypeMismatch(f"content of type {enveloped.content_type} is encrypted without authentication")

    def check_compressed_type(self, content_type: str) -> None:
        """Raise ContentTypeMismatch for compressed content of a type that is not allowed here."""
        if content_type not in self.encrypted_types and not self._reads_other(content_type):
            raise ContentTypeMismatch(f"compressed content of type {content_type} does not belong here")

    def _reads_other(self, content_type: str) -> bool:
        return self.other_types and content_type not in self.encrypted_types and not is_own_type(content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner(Decryptor):
    """The inputs of one examination.

    `signed_types` are the content types that signatures may cover. `follows_paths` is False after a path search has
    passed its limits: further signers are reported without a path. All path searches share `budget`.
    """

    judging: Judging
    signed_types: tuple[str, ...] = (ID_DATA,)
    follows_paths: bool = True
    budget: PathBudget = field(default_factory=PathBudget)

    def expects_signed(self, content_type: str) -> bool:
        """Whether a signature over content of this type is accepted in the examined message.

        With `other_types`, a signed CMS structure counts, because the walk continues inside it.
        """
        return content_type in self.signed_types or (self.other_types and content_type in PROTECTING_TYPES)

    def check_signed_type(self, content_type: str) -> None:
        """Raise ContentTypeMismatch for the signed text of a form field that is presented as a mail.

        A signature over any other wrong type is reported as invalid. The text of a field is refused, because it must
        not be shown as a mail at all.
        """
        if content_type == FIELD and ID_DATA in self.signed_types:
            raise ContentTypeMismatch("the text of a form field is no mail")
