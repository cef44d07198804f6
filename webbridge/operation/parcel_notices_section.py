"""The tables `[parcel_notices]` and `[parcel_limits]` of `bridge.toml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from sealwax.notices.signing import NoticeSigner, SignerRefused, read_signer
from sealwax.operation.mail_server_section import MailServerSection
from sealwax.operation.sections import LANGUAGES_TEXT, LanguageSetting
from sealwax.operation.settings import Section, WrongSettings
from sealwax.words import ENGLISH
from smime_core.providers.native import NativeProvider
from webbridge.delivery.abuse.senders import DOMAIN_RECIPIENTS, SENDER_RECIPIENTS, SenderLimits
from webbridge.delivery.notices.letterhead import Letterhead
from webbridge.delivery.notices.settings import NoticesConfig


class ParcelNoticesSection(MailServerSection):
    """The mails that announce parcels to recipients, and report to senders what became of their parcels."""

    language: LanguageSetting = Field(
        default=ENGLISH,
        description=f"Language for senders whose program says none: {LANGUAGES_TEXT}",
    )
    identity_file: Path | None = Field(
        default=None,
        description="PKCS#12 or PEM file with the key and the certificate of `sender`, which sign the notices",
    )
    identity_password: SecretStr = Field(default=SecretStr(""), description="Password of `identity_file`")

    def to_config(self, *, pages_origin: str, api_url: str) -> NoticesConfig | None:
        """Return the configuration of the notices, or None without a mail server. Raises WrongSettings."""
        submission = self.to_submission()
        if submission is None or self.sender is None:
            return None
        head = Letterhead(
            pages_origin=pages_origin, api_url=api_url, sender=self.sender, signer=self._signer(self.sender)
        )
        return NoticesConfig(submission=submission, head=head, language=self.language)

    def _signer(self, sender: str) -> NoticeSigner | None:
        if self.identity_file is None:
            return None
        password = self.identity_password.get_secret_value().encode() or None
        try:
            return read_signer(self.identity_file, password, sender=sender, provider=NativeProvider())
        except SignerRefused as error:
            raise WrongSettings([f"parcel_notices.identity_file: {error}"]) from None


class ParcelLimitsSection(Section):
    """The limits on senders of parcels."""

    sender_recipients: int = Field(
        default=SENDER_RECIPIENTS, ge=1, description="Recipients that one sender may reach in a day"
    )
    domain_recipients: int = Field(
        default=DOMAIN_RECIPIENTS, ge=1, description="Recipients that all senders of one domain may reach in a day"
    )

    def to_limits(self) -> SenderLimits:
        """Return the limits for the code that counts recipients."""
        return SenderLimits(sender_recipients=self.sender_recipients, domain_recipients=self.domain_recipients)
