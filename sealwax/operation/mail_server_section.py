"""The table of a configuration that names the mail server for the notices of a service."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from sealwax.notices.submission import MailFailed, SmtpSecurity, Submission
from sealwax.notices.writing import is_plain
from sealwax.operation.findings import Finding, fine, wrong
from sealwax.operation.settings import Section
from smime_core.text import is_loopback


class MailServerSection(Section):
    """The mail server, and the address that writes."""

    host: str | None = Field(
        default=None, max_length=255, description="Mail server that takes the notices; without it people get none"
    )
    port: int = Field(default=465, ge=1, le=65_535, description="Port of the mail server")
    security: SmtpSecurity = Field(
        default=SmtpSecurity.IMPLICIT_TLS,
        description="`tls` from the first byte, `starttls`, or `none` for a server on this machine",
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file of authorities for the mail server, in place of the system's"
    )
    user: str = Field(default="", description="Name to log in with; without it the mail server asks for none")
    password: SecretStr = Field(default=SecretStr(""), description="Password of `user`")
    sender: str | None = Field(default=None, description="Address that the notices come from: notices@example.org")

    @model_validator(mode="after")
    def check_together(self) -> Self:
        """Refuse a mail server that could not be used."""
        if self.host is None:
            return self
        if self.sender is None or not is_plain(self.sender):
            raise ValueError("sender: a mail address without quotes is expected, because host is given")
        if self.security is SmtpSecurity.NONE and not is_loopback(self.host):
            raise ValueError("security: tls or starttls is expected, because host is another machine")
        if self.user and not self.password.get_secret_value():
            raise ValueError("password is missing: that of user")
        return self

    def to_submission(self) -> Submission | None:
        """Return the mail server, or None without one."""
        if self.host is None:
            return None
        return Submission(
            host=self.host,
            port=self.port,
            security=self.security,
            ca_file=self.ca_file,
            user=self.user,
            password=self.password.get_secret_value(),
        )


def check_mail_server(server: Submission, sender: str, *, part: str, table: str) -> Finding:
    """Log in at a mail server, and say what is wrong, also if it refuses `sender`. `table` has its settings."""
    try:
        server.check(sender)
    except MailFailed as error:
        return wrong(part, f"{server.host}:{server.port}: {error}", f"look at the settings of [{table}]")
    return fine(part, f"{server.host}:{server.port} answers")
