"""The operator's mail server, which accepts the notices: smtplib, with bounds on the server's answers."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TRY_SECONDS: Final = 60.0
"""The time for one notice, from the connection to the answer to its last line."""
MAX_ANSWER_BYTES: Final = 64 * 1024
"""The most bytes in all answers of one connection."""
_SIGNED_IN: Final = 235
_GO_ON: Final = 354
_ACCEPTED: Final = 250
_TOO_LARGE: Final = 552
_PERIOD: Final = re.compile(rb"(?m)^\.")
SMTP_CODES: Final = "smtp-"
"""The beginning of the stable codes for the replies of mail servers."""


def smtp_code(code: int) -> str:
    """Return the stable code of a mail server's reply."""
    return f"{SMTP_CODES}{code}"


class SmtpSecurity(StrEnum):
    """The ways in which TLS starts. Without TLS, the server has to be on this machine."""

    IMPLICIT_TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class MailFailed(Exception):
    """The mail server did not accept a mail, or gave no answer.

    If `is_of_mail`, the fault is in this mail, and the server may accept other mails. `code` is the server's answer to
    this mail, or None. An answer from 500 on is final (RFC 5321 section 4.2.1).
    """

    def __init__(self, reason: str, *, is_of_mail: bool = False, code: int | None = None) -> None:
        super().__init__(reason)
        self.is_of_mail = is_of_mail
        self.code = code

    @property
    def stable_code(self) -> str:
        """The server's answer to this mail as a stable code for programs, or an empty text."""
        return "" if self.code is None else smtp_code(self.code)

    @property
    def is_final(self) -> bool:
        """Whether the same mail would be refused again."""
        return self.code is not None and self.code >= 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The mail server, and the login if it wants one."""

    host: str
    port: int
    security: SmtpSecurity
    ca_file: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)

    def send(
        self, mail: bytes, sender: str, recipient: str, *, before_last_line: Callable[[], None] = lambda: None
    ) -> None:
        """Send one mail, which must be 7-bit. Raises MailFailed.

        `before_last_line` is called just before the line that ends the mail (RFC 5321 section 4.1.1.4). If it raises,
        that line is not sent, and the server delivers nothing.
        """
        with self._opened() as server:
            server.before_last_line = before_last_line
            server.sendmail(sender, [recipient], mail)

    def check(self, sender: str) -> None:
        """Log in, and ask whether the server takes mails of `sender`, but send nothing. Raises MailFailed."""
        with self._opened() as server:
            code, answer = server.mail(sender)
            if code != _ACCEPTED:
                raise smtplib.SMTPSenderRefused(code, answer, sender)
            # RFC 5321 section 4.1.1.5: this ends the mail that MAIL has begun.
            server.rset()

    @contextmanager
    def _opened(self) -> Iterator[_Bounded]:
        """A connection that is logged in. Turns all failures into MailFailed."""
        server: _Bounded | None = None
        try:
            server = self._connect()
            server.ehlo_or_helo_if_needed()
            if self.security is SmtpSecurity.STARTTLS:
                server.starttls(context=self._context())
            if self.user:
                self._log_in(server)
            yield server
            # The server has already accepted the mail, so its answer to QUIT does not matter.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise MailFailed(f"answer {codes[0]} to the recipient", is_of_mail=True, code=codes[0]) from None
        except smtplib.SMTPAuthenticationError as error:
            raise MailFailed(f"answer {error.smtp_code} to the login") from None
        except smtplib.SMTPSenderRefused as error:
            # RFC 1870 section 6.1: the server accepts no mail of this size, but may accept smaller mails.
            is_of_mail = error.smtp_code == _TOO_LARGE
            code = error.smtp_code if is_of_mail else None
            raise MailFailed(f"answer {error.smtp_code} to the sender", is_of_mail=is_of_mail, code=code) from None
        except smtplib.SMTPDataError as error:
            raise MailFailed(f"answer {error.smtp_code} to the mail", is_of_mail=True, code=error.smtp_code) from None
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
        # smtplib sends user and password in ASCII only. RFC 4616 section 2 requires UTF-8.
        plain = b64encode(f"\0{self.user}\0{self.password}".encode()).decode()
        code, answer = server.docmd("AUTH", f"PLAIN {plain}")
        if code != _SIGNED_IN:
            raise smtplib.SMTPAuthenticationError(code, answer)

    def _connect(self) -> _Bounded:
        if self.security is SmtpSecurity.IMPLICIT_TLS:
            return _BoundedTls(self.host, self.port, timeout=TRY_SECONDS, context=self._context())
        return _Bounded(self.host, self.port, timeout=TRY_SECONDS)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class _Bounded(smtplib.SMTP):
    """A client that ends after TRY_SECONDS, and reads MAX_ANSWER_BYTES at most.

    smtplib limits each wait, but not the sum of all waits. It also reads any number of lines in one answer.
    """

    before_last_line: Callable[[], None] = staticmethod(lambda: None)
    _timer: threading.Timer | None = None

    def data(self, msg: ReadableBuffer | str) -> tuple[int, bytes]:
        """Send a mail, and then separately the line that ends it."""
        code, answer = self.docmd("DATA")
        if code != _GO_ON:
            raise smtplib.SMTPDataError(code, answer)
        # RFC 5321 section 4.5.2: a line that begins with a period gets another period in front.
        quoted = _PERIOD.sub(b"..", msg.encode("ascii") if isinstance(msg, str) else bytes(msg))
        self.send(quoted if quoted.endswith(b"\r\n") else quoted + b"\r\n")
        self.before_last_line()
        self.send(b".\r\n")
        code, answer = self.getreply()
        if not 200 <= code < 600 or 300 <= code < 400:
            # Nobody knows whether the server has accepted the mail, as if the answer were lost.
            raise smtplib.SMTPServerDisconnected("no answer to the mail that has a meaning")
        # RFC 5321 section 4.3.2: any answer from 200 to 299 accepts the mail. smtplib expects 250.
        return (_ACCEPTED if code < 300 else code), answer

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer. The first one starts the timer."""
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
