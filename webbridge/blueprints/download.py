"""The body of an answer with a message: the bytes as they come from the mail server."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator

from webbridge.gateway import GatewayError
from webbridge.gateway.pool import LentMessage

_log = logging.getLogger(__name__)


class DownloadBroken(ConnectionResetError):
    """The rest of a message does not come. The web server ends the connection, so the page notices the loss."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the message does not come whole")


class Download:
    """The bytes of a message, for one answer."""

    def __init__(self, message: LentMessage) -> None:
        self._message = message

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._message
        except GatewayError as error:
            # The status is already sent. The error's text may quote the mail server, whose words must not be logged.
            _log.warning("a download broke off", extra={"code": error.code.value})
            raise DownloadBroken from None

    def close(self) -> None:
        """Return the connection to the mail server to the pool."""
        self._message.close()
