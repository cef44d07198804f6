"""Sessions. Each has the mail password or bearer token, encrypted with a key made from the cookie and the database.

key = HKDF-SHA256(cookie half ‖ server half). The password is encrypted with AES-256-GCM. Session, address, host, expiry
and origin are the additional data. So a stolen database reveals no password, a row cannot be used for another session,
and no changed row gives an extension the rights of the pages. The server half is deleted at logout. The database names
a session by a hash of its cookie, never by the cookie.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from sealwax.service import CLOCK_SLACK_SECONDS, Database, ServiceError
from smime_core.text import read_base64url, write_base64url
from webbridge.accounts.accounts import Accounts
from webbridge.database.tables import SESSION
from webbridge.gateway import Credentials, GatewayError, MailAccount, Secret

HALF_BYTES = 32
NONCE_BYTES = 12  # NIST SP 800-38D section 8.2. The key is new for every session, so no nonce repeats.
# The use of a session is written at most once in this time, because a write waits for the disk and for other writes.
NOTED_AFTER_SECONDS = 60
MAX_LISTED = 100
_IDS_AT_ONCE = 500  # SQLite takes at least 999 values in a statement.
_FIND = select(SESSION).where(SESSION.c.id == bindparam("session_id"))
_LIST = (
    select(SESSION)
    .where(SESSION.c.address == bindparam("address"), SESSION.c.host == bindparam("host"))
    .order_by(SESSION.c.used_at.desc(), SESSION.c.id)
)
_ADD = insert(SESSION)
_NOTE_USE = update(SESSION).where(SESSION.c.id == bindparam("session_id"))
_TOKEN_MARK = b"\0"
_KEY_LABEL = b"sealwax bridge session 1"
_ID_LABEL = b"sealwax bridge session id 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A valid session. `id` is its name in the connection pool and gives access to nothing.

    `origin` is empty for sessions of the pages, otherwise it is the exact origin of a browser extension, which may do
    less. `push_endpoint` is the address of the browser at its push service, or empty.
    """

    id: str
    credentials: Credentials
    origin: str
    push_endpoint: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """The address of the account."""
        return self.credentials.account.address


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A session as its owner sees it in the list.

    `started` is None for a session from an old version, which did not note the time.
    """

    id: str
    started: datetime | None
    used: datetime
    program: str
    origin: str
    is_this: bool


class SessionStore:
    """Makes, finds and ends sessions."""

    def __init__(
        self,
        database: Database,
        *,
        accounts: Accounts,
        idle_seconds: int,
        absolute_seconds: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._idle_seconds = idle_seconds
        self._absolute_seconds = absolute_seconds
        self._clock = clock

    def create(self, credentials: Credentials, *, origin: str, program: str) -> tuple[str, Session]:
        """Start a session. Return the value of its cookie, and the session.

        `origin` is the same as in `Session`. `program` is a description for the list of sessions, or empty.
        """
        cookie_half = secrets.token_bytes(HALF_BYTES)
        server_half = secrets.token_bytes(HALF_BYTES)
        nonce = secrets.token_bytes(NONCE_BYTES)
        session_id = _session_id(cookie_half)
        at = self._clock().timestamp()
        expires_at = int(at) + self._absolute_seconds
        address, host = credentials.account.address, _host_of(credentials)
        additional_data = _additional_data(session_id, address, host, expires_at, origin)
        sealer = AESGCM(_derive_key(cookie_half, server_half))
        sealed = sealer.encrypt(nonce, _secret_bytes(credentials), additional_data)
        row = {
            "id": session_id,
            "address": address,
            "host": host,
            "server_half": server_half,
            "nonce": nonce,
            "sealed_password": sealed,
            "used_at": at,
            "expires_at": expires_at,
            "started_at": at,
            "origin": origin,
            "program": program,
        }
        with self._database.transaction(durable=False) as rows:
            rows.execute(_ADD, row)
        return write_base64url(cookie_half), Session(id=session_id, credentials=credentials, origin=origin)

    def find(self, cookie: str) -> Session | None:
        """Return the session of a cookie and note its use, or None if the cookie is unknown, ended or expired."""
        at = self._clock().timestamp()
        record = self._find(cookie, at)
        if record is None:
            return None
        session, used_at = record
        return session if at - used_at < NOTED_AFTER_SECONDS or self._note_use(session.id, at) else None

    def find_unused(self, cookie: str) -> Session | None:
        """Return the session of a cookie as `find` does, without noting a use."""
        record = self._find(cookie, self._clock().timestamp())
        return None if record is None else record[0]

    def find_living(self, session_ids: Iterable[str]) -> set[str]:
        """Return the ids whose sessions are valid now, without noting a use."""
        at = self._clock().timestamp()
        living: set[str] = set()
        ids = list(session_ids)
        with self._database.reading() as rows:
            for start in range(0, len(ids), _IDS_AT_ONCE):
                some = select(SESSION.c.id, SESSION.c.used_at, SESSION.c.expires_at).where(
                    SESSION.c.id.in_(ids[start : start + _IDS_AT_ONCE])
                )
                living.update(row.id for row in rows.execute(some) if self._is_valid(row.used_at, row.expires_at, at))
        return living

    def _find(self, cookie: str, at: float) -> tuple[Session, float] | None:
        """Return the session of a cookie, and the time of its last noted use."""
        cookie_half = _decode(cookie)
        if cookie_half is None:
            return None
        session_id = _session_id(cookie_half)
        with self._database.reading() as rows:
            row = rows.execute(_FIND, {"session_id": session_id}).first()
        if row is None or not self._is_valid(row.used_at, row.expires_at, at):
            return None
        account = self._find_account(row.address, row.host)
        if account is None:
            return None
        try:
            password = AESGCM(_derive_key(cookie_half, bytes(row.server_half))).decrypt(
                bytes(row.nonce),
                bytes(row.sealed_password),
                _additional_data(session_id, row.address, row.host, row.expires_at, row.origin),
            )
        except InvalidTag:
            return None
        credentials = _credentials(account, password)
        if credentials is None:
            return None
        session = Session(id=session_id, credentials=credentials, origin=row.origin, push_endpoint=row.push_endpoint)
        return session, row.used_at

    def list_for(self, session: Session) -> tuple[list[ListedSession], int]:
        """Return at most MAX_LISTED valid sessions of the account, latest used first, and their total."""
        at = self._clock().timestamp()
        with self._database.reading() as rows:
            session_rows = rows.execute(_LIST, {"address": session.address, "host": _host_of(session.credentials)})
            valid = [row for row in session_rows if self._is_valid(row.used_at, row.expires_at, at)]
        return [_listed(row, session) for row in valid[:MAX_LISTED]], len(valid)

    def end(self, cookie: str) -> str | None:
        """Delete the server's half of the key and the sealed password. Return the id of the session, or None."""
        cookie_half = _decode(cookie)
        if cookie_half is None:
            return None
        session_id = _session_id(cookie_half)
        with self._database.reading() as rows:
            if rows.execute(_FIND, {"session_id": session_id}).first() is None:
                # Anybody can invent a cookie, and an invented cookie must not cause a write to the database.
                return None
        self.end_id(session_id)
        return session_id

    def end_id(self, session_id: str) -> None:
        """End the session with this id as `end` does."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(delete(SESSION).where(SESSION.c.id == session_id))
        self._database.erase_deleted()

    def end_one_of(self, session: Session, session_id: str) -> bool:
        """End one session of the account as `end` does. Return False if the account has no such session."""
        with self._database.transaction(durable=False) as rows:
            ended = rows.execute(
                delete(SESSION).where(SESSION.c.id == session_id, SESSION.c.address == session.address)
            )
        self._database.erase_deleted()
        return ended.rowcount == 1

    def end_all_of(self, session: Session, *, with_this: bool) -> list[str]:
        """End all other sessions of the account as `end` does, and with `with_this` this one too. Return their ids."""
        ends = delete(SESSION).where(SESSION.c.address == session.address)
        if not with_this:
            ends = ends.where(SESSION.c.id != session.id)
        with self._database.transaction(durable=False) as rows:
            ended = list(rows.execute(ends.returning(SESSION.c.id)).scalars())
        self._database.erase_deleted()
        return ended

    def end_expired(self) -> None:
        """End the sessions whose time is over as `end` does."""
        with self._database.transaction(durable=False) as rows:
            is_one_over = self._delete_expired(rows, self._clock().timestamp())
        if is_one_over:
            self._database.erase_deleted()

    def _is_valid(self, used_at: float, expires_at: int, at: float) -> bool:
        # A use in the future was noted by a wrong clock.
        return at < expires_at and at - self._idle_seconds < used_at <= at + CLOCK_SLACK_SECONDS

    def _note_use(self, session_id: str, at: float) -> bool:
        """Note the use. Return False if the session was ended in the meantime."""
        with self._database.transaction(durable=False) as rows:
            return rows.execute(_NOTE_USE, {"session_id": session_id, "used_at": at}).rowcount == 1

    def _find_account(self, address: str, host: str) -> MailAccount | None:
        """Return the account of a session, or None if the operator has changed or removed the account's server."""
        try:
            account = self._accounts.account_of(address)
        except (ServiceError, GatewayError):
            return None
        return account if account.server.mailbox.host == host else None

    def _delete_expired(self, rows: Connection, at: float) -> bool:
        """Delete the expired sessions. Return whether there were any."""
        # There is a statement for each condition, because each has its own index. With all three conditions in one
        # statement, SQLite would read the whole table.
        counts = [
            rows.execute(delete(SESSION).where(is_over)).rowcount
            for is_over in (
                SESSION.c.expires_at <= at,
                SESSION.c.used_at <= at - self._idle_seconds,
                SESSION.c.used_at > at + CLOCK_SLACK_SECONDS,
            )
        ]
        return sum(counts) > 0


def _secret_bytes(credentials: Credentials) -> bytes:
    # A NUL in front marks a token, because no password contains a NUL.
    return (_TOKEN_MARK if credentials.kind is Secret.TOKEN else b"") + credentials.password.encode()


def _credentials(account: MailAccount, secret: bytes) -> Credentials | None:
    """Return the credentials of a session, or None for a token that the operator's servers no longer accept."""
    if not secret.startswith(_TOKEN_MARK):
        return Credentials(account=account, password=secret.decode())
    if not account.server.takes_tokens:
        return None
    return Credentials(account=account, password=secret.removeprefix(_TOKEN_MARK).decode(), kind=Secret.TOKEN)


def _listed(row: Row[Any], session: Session) -> ListedSession:
    return ListedSession(
        id=row.id,
        started=datetime.fromtimestamp(row.started_at, UTC) if row.started_at else None,
        # A use is noted at most once a minute, so its seconds have no meaning.
        used=datetime.fromtimestamp(row.used_at, UTC).replace(second=0, microsecond=0),
        program=row.program,
        origin=row.origin,
        is_this=row.id == session.id,
    )


def _host_of(credentials: Credentials) -> str:
    return credentials.account.server.mailbox.host


def _derive_key(cookie_half: bytes, server_half: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_KEY_LABEL).derive(cookie_half + server_half)


def _additional_data(session_id: str, address: str, host: str, expires_at: int, origin: str) -> bytes:
    # Data of the pages' sessions has no origin, as in earlier versions. So an upgrade does not end these sessions.
    return json.dumps([session_id, address, host, expires_at, *([origin] if origin else [])]).encode()


def _session_id(cookie_half: bytes) -> str:
    return sha256(_ID_LABEL + cookie_half).hexdigest()


def _decode(cookie: str) -> bytes | None:
    try:
        return read_base64url(cookie, HALF_BYTES)
    except ValueError:
        return None
