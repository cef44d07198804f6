"""The operator's mail server, which takes the notices: smtplib, with bounds for what a server may answer."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

TRY_SECONDS: Final = 60.0
"""The time for one notice, from the connection to the answer to its end."""
MAX_ANSWER_BYTES: Final = 64 * 1024
"""The answers of one connection."""
_SIGNED_IN: Final = 235


class SmtpSecurity(StrEnum):
    """The ways in which TLS starts. Without TLS, the server has to be on this machine."""

    IMPLICIT_TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class MailFailed(Exception):
    """The mail server took no mail. `is_of_mail`: the fault is that of this one, and it may take others."""

    def __init__(self, reason: str, *, is_of_mail: bool = False) -> None:
        super().__init__(reason)
        self.is_of_mail = is_of_mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The mail server, and the login if it wants one."""

    host: str
    port: int
    security: SmtpSecurity
    ca_file: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)

    def send(self, mail: bytes, sender: str, recipient: str) -> None:
        """Hand one mail over, which is 7-bit. Raises MailFailed."""
        with self._opened() as server:
            server.sendmail(sender, [recipient], mail)

    def check(self) -> None:
        """Log in, and send nothing. Raises MailFailed."""
        with self._opened() as server:
            server.noop()

    @contextmanager
    def _opened(self) -> Iterator[smtplib.SMTP]:
        """A connection that is logged in. Turns all failures into MailFailed."""
        server: smtplib.SMTP | None = None
        try:
            server = self._connect()
            server.ehlo_or_helo_if_needed()
            if self.security is SmtpSecurity.STARTTLS:
                server.starttls(context=self._context())
            if self.user:
                self._log_in(server)
            yield server
            # The mail is taken already, whatever the server answers to this.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise MailFailed(f"answer {codes[0]} to the recipient", is_of_mail=True) from None
        except smtplib.SMTPAuthenticationError as error:
            raise MailFailed(f"answer {error.smtp_code} to the login") from None
        except smtplib.SMTPDataError as error:
            raise MailFailed(f"answer {error.smtp_code} to the mail", is_of_mail=True) from None
        except smtplib.SMTPResponseException as error:
            raise MailFailed(f"answer {error.smtp_code}") from None
        except ssl.SSLCertVerificationError:
            raise MailFailed("its certificate is not trusted, or is of another host") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise MailFailed(type(error).__name__) from None
        finally:
            if server is not None:
                server.close()

    def _log_in(self, server: smtplib.SMTP) -> None:
        if (self.user + self.password).isascii():
            server.login(self.user, self.password)
            return
        # smtplib logs in by ASCII only. RFC 4616 section 2 wants UTF-8.
        plain = b64encode(f"\0{self.user}\0{self.password}".encode()).decode()
        code, answer = server.docmd("AUTH", f"PLAIN {plain}")
        if code != _SIGNED_IN:
            raise smtplib.SMTPAuthenticationError(code, answer)

    def _connect(self) -> smtplib.SMTP:
        if self.security is SmtpSecurity.IMPLICIT_TLS:
            return _BoundedTls(self.host, self.port, timeout=TRY_SECONDS, context=self._context())
        return _Bounded(self.host, self.port, timeout=TRY_SECONDS)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class _Bounded(smtplib.SMTP):
    """A client that ends after TRY_SECONDS, and reads MAX_ANSWER_BYTES at most.

    smtplib bounds each wait and not all of them together, and takes the lines of one answer without an end.
    """

    _timer: threading.Timer | None = None

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer. The first one begins the time."""
        if self._timer is None:
            self._timer = threading.Timer(TRY_SECONDS, self._cut)
            self._timer.daemon = True
            self._timer.start()
        if self.file is None and self.sock is not None:
            self.file = _BoundedFile(self.sock.makefile("rb"))
        return super().getreply()

    def close(self) -> None:
        """Close the connection."""
        if self._timer is not None:
            self._timer.cancel()
        super().close()

    def _cut(self) -> None:
        connected = self.sock
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


class _BoundedTls(_Bounded, smtplib.SMTP_SSL):
    """The same over TLS."""


class _BoundedFile:
    """The answers of a server, up to MAX_ANSWER_BYTES."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MAX_ANSWER_BYTES

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("the answers are too long")
        return line

    def close(self) -> None:
        self._file.close()
