"""A mail server in memory. One event loop in a thread runs pymap's dict backend for IMAP and aiosmtpd for submission.

IMAP has TLS from the first byte, SMTP after STARTTLS, both with the certificate of `tls`. Messages are kept byte for
byte. No Received line is added. Submission needs a login. The sender must be the user's own address, and the recipients
must be accounts of this server.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import threading
from argparse import Namespace
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from types import TracebackType
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Identity, Login
from pymap.backend.dict.mailbox import MailboxSet
from pymap.concurrent import Subsystem
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement
from pymap.parsing.specials.flag import Flag
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

from webbridge.demo.kept import KeptMessage, read_mail, write_mail
from webbridge.demo.tls import server_context
from webbridge.gateway import MailServer, Security, ServerAddress

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
START_SECONDS = 10.0
CALL_SECONDS = 30.0
SHUTDOWN_SECONDS = 1.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """One message of a mailbox."""

    uid: int
    raw: bytes
    flags: frozenset[str]


class MemoryMailServer:
    """A context manager. The servers listen until the context ends. Then all mail is kept in a folder, or lost.

    `kept_in` is the folder to which all mail is written at the end. It may have the mail of an earlier run. `passwords`
    has an entry for each account. `tls_folder` has the files of `write_tls_files`. The two sockets are bound already.
    The end of the context closes them.
    """

    def __init__(
        self,
        passwords: Mapping[str, str],
        *,
        tls_folder: Path,
        imap_socket: socket.socket,
        smtp_socket: socket.socket,
        kept_in: Path | None = None,
    ) -> None:
        # aiosmtpd logs a warning at every login, because it uses one of its own deprecated names.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._passwords = dict(passwords)
        self._tls_folder = tls_folder
        self._kept_in = kept_in
        self._failure: BaseException | None = None
        self._sockets = imap_socket, smtp_socket
        for bound in self._sockets:
            # A server sends its answers in many small writes. asyncio sets TCP_NODELAY only on sockets that it makes.
            # Accepted connections inherit the option from these two sockets.
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._imap_port: int = imap_socket.getsockname()[1]
        self._smtp_port: int = smtp_socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="mail-server", daemon=True)
        self._started = threading.Event()
        self._mailboxes: dict[str, MailboxSet] = {}
        self._sessions: set[asyncio.Task[Any]] = set()

    @property
    def address(self) -> MailServer:
        """The servers' addresses for the bridge, with the authority that the bridge must trust."""
        return MailServer(
            imap=ServerAddress(host=HOST, port=self._imap_port),
            smtp=ServerAddress(host=HOST, port=self._smtp_port, security=Security.STARTTLS),
            ca_file=self._tls_folder / "tls_ca.pem",
        )

    def messages(self, account: str, folder: str = "INBOX") -> list[StoredMessage]:
        """Return the messages of a mailbox, oldest first. A missing folder has none."""
        return self._call(self._messages(account, folder))

    def append(self, account: str, raw: bytes, folder: str = "INBOX") -> int:
        """Add a message to a mailbox unchanged and unseen, and return its UID. A missing folder is made."""
        return self._call(self._append(account, folder, AppendMessage(raw, datetime.now(UTC))))

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(START_SECONDS):
            raise TimeoutError("the mail server did not start")
        self._raise_failure()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the servers before the context ends, to test a bridge whose mail server is unreachable."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._raise_failure()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, ValueError) as error:
            # The error is raised again in the thread of the context. Otherwise nobody would notice that the mail was
            # not kept.
            self._failure = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        config = _pymap_config(self._tls_folder)
        login = Login(config)
        for account, password in self._passwords.items():
            self._mailboxes[account] = await _make_account(login, account, password)
        if self._kept_in is not None:
            await self._bring_back(self._kept_in)
        self._imap = IMAPServer(login, config)
        imap_socket, smtp_socket = self._sockets
        async with AsyncExitStack() as stack:
            imap = await asyncio.start_server(
                self._imap_session,
                sock=imap_socket,
                ssl=config.ssl_context,
                # A connection in the bridge's pool does not answer the TLS shutdown. By default asyncio would wait 30 s
                # for the answer.
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
            await stack.enter_async_context(imap)
            smtp = await self._loop.create_server(self._smtp_session, sock=smtp_socket)
            await stack.enter_async_context(smtp)
            self._started.set()
            await self._stop.wait()
            if self._kept_in is not None:
                await self._keep(self._kept_in)
        for task in self._sessions:
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        # A connection that is still in its TLS handshake belongs to no session. So all transports of the loop are
        # aborted.
        for transport in list(getattr(self._loop, "_transports", {}).values()):
            transport.abort()
        # The loop closes an aborted connection in several steps, the TLS layer first. Each step is one run of the loop.
        for _ in range(3):
            await asyncio.sleep(0)

    async def _imap_session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)
        # Clients may disconnect at any time. asyncio would write a traceback for a cancelled session.
        with suppress(OSError, asyncio.CancelledError):
            await self._imap(reader, writer, SocketInfo.get(writer, None, unique_id=token_bytes(8)))
            await writer.wait_closed()

    def _smtp_session(self) -> SMTP:
        return SMTP(
            _Deliverer(self),
            hostname=HOST,
            data_size_limit=MAX_MESSAGE_BYTES,
            tls_context=server_context(self._tls_folder),
            require_starttls=True,
            auth_required=True,
            authenticator=self._authenticate,
            loop=self._loop,
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, sent: LoginPassword
    ) -> AuthResult:
        account = sent.login.decode("utf-8", "replace").lower()
        expected = self._passwords.get(account, "").encode()
        if expected and hmac.compare_digest(sent.password, expected):
            return AuthResult(success=True, auth_data=account)
        return AuthResult(success=False, handled=False)

    def has_account(self, address: str) -> bool:
        """Return whether this server has an account with this address."""
        return address.lower() in self._passwords

    async def deliver(self, address: str, raw: bytes) -> None:
        """Add a message that came through SMTP to an account's inbox. Runs on the server's event loop."""
        await self._append(address.lower(), "INBOX", AppendMessage(raw, datetime.now(UTC)))

    async def _append(self, account: str, folder: str, mail: AppendMessage) -> int:
        mailboxes = self._mailboxes[account]
        if (await mailboxes.list_mailboxes()).get(folder) is None:
            await mailboxes.add_mailbox(folder)
        mailbox = await mailboxes.get_mailbox(folder)
        message = await mailbox.append(mail, recent=True)
        return int(message.uid)

    async def _messages(self, account: str, folder: str) -> list[StoredMessage]:
        try:
            mailbox = await self._mailboxes[account].get_mailbox(folder)
        except KeyError:
            return []
        return [
            StoredMessage(
                uid=int(message.uid),
                raw=bytes((await message.load_content(FetchRequirement.CONTENT)).get_body()),
                flags=frozenset(str(flag) for flag in message.permanent_flags),
            )
            async for message in mailbox.messages()
        ]

    async def _bring_back(self, folder: Path) -> None:
        for message in read_mail(folder):
            if message.account in self._mailboxes:
                flags = frozenset(Flag(flag) for flag in message.flags)
                await self._append(message.account, message.mailbox, AppendMessage(message.raw, message.arrived, flags))

    async def _keep(self, folder: Path) -> None:
        messages = []
        for account, mailboxes in self._mailboxes.items():
            for entry in (await mailboxes.list_mailboxes()).list():
                mailbox = await mailboxes.get_mailbox(entry.name)
                messages += [
                    KeptMessage(
                        account=account,
                        mailbox=entry.name,
                        flags=tuple(sorted(str(flag) for flag in message.permanent_flags)),
                        arrived=message.internal_date,
                        raw=bytes((await message.load_content(FetchRequirement.CONTENT)).get_body()),
                    )
                    async for message in mailbox.messages()
                ]
        write_mail(folder, messages)

    def _call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_SECONDS)


class _Deliverer:
    """aiosmtpd's handler: it checks sender and recipients, and delivers the message."""

    def __init__(self, server: MemoryMailServer) -> None:
        self._server = server

    async def handle_MAIL(  # aiosmtpd calls the method by this name.
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() != session.auth_data:
            return "553 5.7.1 Sender is not who logged in"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender ok"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._server.has_account(address):
            return "550 5.1.1 No such person on this demonstration server"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if not isinstance(envelope.content, bytes):
            return "554 5.6.0 No message"
        for recipient in envelope.rcpt_tos:
            await self._server.deliver(recipient, envelope.content)
        return "250 2.0.0 Delivered"


def _pymap_config(tls_folder: Path) -> Config:
    return Config(
        Namespace(passlib_cfg=None, proxy_protocol=None),
        host=HOST,
        port=0,
        demo_data=False,
        demo_user="",
        demo_password="",
        ssl_context=server_context(tls_folder),
        tls_enabled=False,  # The option stands for STARTTLS. This server begins with TLS.
        hash_context=BuiltinHash(rounds=1),  # The demonstration prints its passwords, so they need no slow hash.
        cpu_subsystem=Subsystem.for_asyncio(),
        max_append_len=MAX_MESSAGE_BYTES,
    )


async def _make_account(login: Login, account: str, password: str) -> MailboxSet:
    identity = await login.authorize(Identity(account, login, None, frozenset()), account)
    hashed = await Passwords(login.config).hash_password(password)
    await identity.set(UserMetadata(login.config, account, password=hashed))
    async with identity.new_session() as session:
        await session.mailbox_set.add_mailbox("Sent")
        return session.mailbox_set
