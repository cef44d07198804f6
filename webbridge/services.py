"""The parts that the views of one application share, and access to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request

from sealwax.service import Announcement, Announcements, Database, Gate, LeakyCounter, ServiceError, host_of, is_https
from sealwax.service.health import Health
from smime_core.errors import SmimeError
from smime_core.providers.native import NativeProvider
from webbridge.accounts.accounts import Accounts
from webbridge.accounts.found_servers import AcceptedServers
from webbridge.certificates.authorities import Authorities
from webbridge.certificates.files import read_certificates
from webbridge.certificates.lookup_counter import LookupCounter
from webbridge.certificates.people import PeopleDirectory
from webbridge.certificates.timestamp_counter import timestamp_counter
from webbridge.certificates.trust_list_file import TrustListFile
from webbridge.config import BridgeConfig
from webbridge.database import SCHEMA
from webbridge.database.secret import bridge_secret
from webbridge.delivery.abuse.protection import Protection, open_protection
from webbridge.delivery.abuse.senders import OwnNames
from webbridge.delivery.delivery import Delivery, open_delivery
from webbridge.delivery.own_keys.codes import CodeBook
from webbridge.delivery.pepper import Pepper
from webbridge.events.words import MAIL_CHANGED, SESSION_ENDED, name_of_account
from webbridge.filters.limits import filter_limit
from webbridge.folder_choices import FolderChoices
from webbridge.folder_ids import FolderIds
from webbridge.gateway import ConnectionPool, GatewayCode, GatewayError
from webbridge.label_policy import LabelPolicy, read_label_policy
from webbridge.login.cookies import (
    ACCOUNT_HEADER,
    ACCOUNT_QUERY,
    HTTPS_COOKIE,
    LOOPBACK_COOKIE,
    AccountIds,
    SessionCookie,
    named_account,
)
from webbridge.login.counter import LoginCounter, device_gate, login_gate
from webbridge.login.devices import KnownDevices
from webbridge.login.ended_elsewhere import EndedElsewhere
from webbridge.login.reload_halves import ReloadHalves
from webbridge.login.sessions import Session, SessionStore
from webbridge.places.downloads import download_limit
from webbridge.places.session_limit import SessionLimit
from webbridge.places.shared import SharedPlaces
from webbridge.push.subscriptions import Subscriptions
from webbridge.reachability import Reachability
from webbridge.records import record_session_ended, recorded_call
from webbridge.retrieved import Retrieved
from webbridge.security import caller
from webbridge.sending.copies import CopyChoices
from webbridge.sending.ledger import Ledger
from webbridge.sending.limits import SendLimits
from webbridge.sending.offers import KnownOffers

_EXTENSION = "sealwax"
# Extensions search for certificates too, without naming an account. Every account finds the same certificates.
_FOR_ANY_ACCOUNT = frozenset({"directory.find_certificates"})
_PLAIN_IN_URI = "!~*'()"  # encodeURIComponent does not escape these, nor letters, digits, "-", "_" and ".".

Result = TypeVar("Result")


def session_cookie(config: BridgeConfig) -> SessionCookie:
    """Return the cookie for the bridge's own origin, or for its path there if it shares the origin."""
    if config.api_prefix:
        # Browsers accept __Host- only with the path "/". With that path, every other service of the origin would get
        # the cookie.
        is_secure, path = is_https(config.api_origin), f"{config.api_prefix}/api"
        return SessionCookie(name="__Secure-sealwax" if is_secure else "sealwax", is_secure=is_secure, path=path)
    return HTTPS_COOKIE if is_https(config.api_origin) else LOOPBACK_COOKIE


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that live as long as the application."""

    config: BridgeConfig
    cookie: SessionCookie
    account_ids: AccountIds
    database: Database
    accounts: Accounts
    announcements: Announcements
    sessions: SessionStore
    subscriptions: Subscriptions
    delivery: Delivery | None
    protection: Protection | None
    reload_halves: ReloadHalves
    ended_elsewhere: EndedElsewhere
    ledger: Ledger
    copies: CopyChoices
    folder_choices: FolderChoices
    retrieved: Retrieved
    offers: KnownOffers
    places: SharedPlaces
    downloads: SessionLimit
    sends: SendLimits
    filters: SessionLimit
    logins: LoginCounter
    login_gate: Gate
    devices: KnownDevices
    device_gate: Gate
    pool: ConnectionPool
    folder_ids: FolderIds
    people: PeopleDirectory
    authorities: Authorities
    lookups: LookupCounter
    anchors_der: tuple[bytes, ...]
    trust_list: TrustListFile
    timestamp_anchors_der: tuple[bytes, ...]
    timestamps: LeakyCounter
    label_policy: LabelPolicy | None
    reachability: Reachability

    def health(self) -> Health:
        """Return the checks of the parts."""
        delivery = self.delivery
        return Health(
            needed={"database": lambda: SCHEMA.is_usable(self.database)},
            reported={
                "mailServers": self.reachability.is_good,
                **({} if delivery is None else {"parcels": delivery.is_usable}),
            },
        )

    def tell_changed(self, session: Session, folder: str) -> None:
        """Tell the process of events that a folder of the session's account has changed."""
        folder_id = self.folder_ids.id_of(session.address, folder)
        if self.config.has_events:
            changed = Announcement(kind=MAIL_CHANGED, subject=name_of_account(session.address), detail=folder_id)
            self.announcements.announce(changed)

    def close(self) -> None:
        """Log out of the mail servers and close the files."""
        self.pool.close()
        self.places.close()
        if self.protection is not None:
            self.protection.close()
        if self.delivery is not None:
            self.delivery.close()
        self.authorities.close()
        self.database.close()


def install_services(app: Flask, config: BridgeConfig) -> None:
    """Build the parts and store them with the application."""
    app.after_request(name_account)
    # Certificates are read first. So an unreadable file leaves no open database behind.
    anchors_der = _read_anchors(config.anchors_file)
    timestamp_anchors_der = _read_anchors(config.timestamp_anchors_file)
    label_policy = None if config.label_policy_file is None else read_label_policy(config.label_policy_file)
    database = SCHEMA.open(config.database)
    announcements = Announcements(database)
    secret = bridge_secret(database)
    places = SharedPlaces(database, announcements, clock=config.clock)
    accounts = accounts_of(config, database)
    sessions = sessions_of(config, database, accounts)
    folder_choices = FolderChoices(database)
    pool = ConnectionPool(places, uses_of=folder_choices.of)
    ended_elsewhere = EndedElsewhere(sessions=sessions, pool=pool)
    places.also_hear(ended_elsewhere.hear)
    lookups = LookupCounter(database, clock=config.clock)
    devices = KnownDevices(database, clock=config.clock)
    reload_halves = ReloadHalves(database, clock=config.clock)
    for chore in (sessions.end_expired, reload_halves.delete_overdue, devices.forget_old, database.erase_left):
        places.also_look_after(chore)
    trust_list = TrustListFile(config.trust_list_file, provider=NativeProvider(), clock=config.clock)
    app.extensions[_EXTENSION] = Services(
        config=config,
        cookie=session_cookie(config),
        account_ids=AccountIds(secret),
        database=database,
        accounts=accounts,
        announcements=announcements,
        sessions=sessions,
        subscriptions=Subscriptions(database),
        delivery=None if config.parcels is None else open_delivery(config.parcels, database, clock=config.clock),
        protection=_protection_of(config, database, secret),
        reload_halves=reload_halves,
        ended_elsewhere=ended_elsewhere,
        ledger=Ledger(database, clock=config.clock, process=places.process),
        copies=CopyChoices(database, clock=config.clock),
        folder_choices=folder_choices,
        retrieved=Retrieved(database, clock=config.clock),
        offers=KnownOffers(config.clock),
        places=places,
        downloads=download_limit(places),
        sends=SendLimits(places),
        filters=filter_limit(places),
        logins=LoginCounter(database, clock=config.clock),
        login_gate=login_gate(),
        devices=devices,
        device_gate=device_gate(),
        pool=pool,
        folder_ids=FolderIds(secret),
        people=PeopleDirectory(config),
        authorities=Authorities(config, anchors_der, trust_list, may_ask_for_issuer=lookups.may_ask_server),
        lookups=lookups,
        anchors_der=anchors_der,
        trust_list=trust_list,
        timestamp_anchors_der=timestamp_anchors_der,
        timestamps=timestamp_counter(database, clock=config.clock),
        label_policy=label_policy,
        reachability=Reachability(config),
    )


def _protection_of(config: BridgeConfig, database: Database, secret: bytes) -> Protection | None:
    if config.parcels is None:
        return None
    origins = (config.api_origin, config.pages_origin, config.key_server_origin)
    addresses = () if config.parcel_notices is None else (config.parcel_notices.head.sender,)
    own = OwnNames(
        domains=frozenset(domain.name for domain in config.domains),
        hosts=tuple(dict.fromkeys(map(host_of, origins))),
        addresses=addresses,
    )
    return open_protection(
        database,
        secret=secret,
        notices=config.parcel_notices,
        limits=config.parcel_limits,
        own=own,
        codes=CodeBook(database, Pepper(config.parcels.pepper)),
        clock=config.clock,
    )


def accounts_of(config: BridgeConfig, database: Database) -> Accounts:
    """Return the accounts of a configuration."""
    return Accounts(
        config.domains,
        default_domain=config.default_domain,
        mail_server=config.mail_server,
        find_accepted=AcceptedServers(database).find,
    )


def sessions_of(config: BridgeConfig, database: Database, accounts: Accounts) -> SessionStore:
    """Return the sessions of a configuration."""
    return SessionStore(
        database,
        accounts=accounts,
        idle_seconds=config.idle_seconds,
        absolute_seconds=config.absolute_seconds,
        clock=config.clock,
    )


def _read_anchors(file: Path | None) -> tuple[bytes, ...]:
    try:
        return () if file is None else read_certificates(file)
    except SmimeError as error:
        raise ValueError(f"{file} holds no certificates that can be read: {error}") from error


def services_of(app: Flask) -> Services:
    """Return the parts of one application."""
    services = app.extensions[_EXTENSION]
    if not isinstance(services, Services):
        raise TypeError("this application is not the bridge")
    return services


def services() -> Services:
    """Return the parts of the application that answers the current request."""
    return services_of(current_app)


def require_session() -> Session:
    """Return the session of the current request. For the pages, it is the session of the account that they name.

    Raises ServiceError 401 if there is no session, or if it belongs to another account than the request names.
    """
    sessions = services().sessions
    # A page that asks each minute for new mail must not keep the session of a person who has left alive.
    is_use = request.method != "GET" or "background" not in request.args
    session = sessions.find(_token()) if is_use else sessions.find_unused(_token())
    if session is None or not caller().may_use(session.origin):
        raise ServiceError(401, "session-ended", "You are not signed in, or the session has ended. Sign in again.")
    g.account = quote(session.address, safe=_PLAIN_IN_URI)
    if is_of_another_account(session):
        raise ServiceError(401, "session-ended", "Another account has signed in in this browser. Sign in again.")
    return session


def account_named() -> str:
    """Return the id of the account that the pages name, or an empty text."""
    names_one = ACCOUNT_HEADER in request.headers or ACCOUNT_QUERY in request.args
    if request.endpoint in _FOR_ANY_ACCOUNT and not names_one:
        return next((login.account for login in sessions_here().living), "")
    return named_account(request, cookie=services().cookie, ids=services().account_ids)


def cookie_token() -> str:
    """Return the token of the pages' session, or an empty text."""
    account = account_named()
    return services().cookie.value_in(request, account) if account else ""


def _token() -> str:
    """Return the token of the request's session. Extensions send it in a header, the pages in a cookie."""
    return caller().token if caller().is_extension else cookie_token()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHere:
    """A living session of the pages in the browser that sends the request, and the id of its account."""

    account: str
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsHere:
    """The sessions whose cookies the request has. `ended` are the accounts whose cookies belong to no session now."""

    living: tuple[SessionHere, ...]
    ended: tuple[str, ...]

    def forget_ended(self, response: Response) -> None:
        """Delete the cookies of ended sessions in the browser."""
        for account in self.ended:
            services().cookie.delete_in(response, account)


def sessions_here() -> SessionsHere:
    """Return the pages' sessions of the browser that sends the request, without noting a use."""
    living, ended = [], []
    for account in services().cookie.accounts_in(request):
        session = services().sessions.find_unused(services().cookie.value_in(request, account))
        if session is None or session.origin or services().account_ids.id_of(session.address) != account:
            ended.append(account)
        else:
            living.append(SessionHere(account=account, session=session))
    return SessionsHere(living=tuple(living), ended=tuple(ended))


def is_of_another_account(session: Session) -> bool:
    """Return whether a session belongs to another account than the page names, or than its cookie's name says."""
    if request.headers.get(ACCOUNT_HEADER, g.account) != g.account:
        return True
    # Another service of the host could set a cookie with another account's name.
    return not caller().is_extension and account_named() != services().account_ids.id_of(session.address)


def name_account(response: Response) -> Response:
    """Name the account of the session in the response. A page compares it with the account that it shows."""
    if "account" in g:
        response.headers[ACCOUNT_HEADER] = g.account
    return response


def with_mail(session: Session, call: Callable[[], Result]) -> Result:
    """Make a call to the gateway for a session. End the session if the mail server refuses its password."""
    try:
        with recorded_call():
            return call()
    except GatewayError as error:
        if error.code is not GatewayCode.LOGIN_REFUSED:
            raise
        end_session()
        record_session_ended(session.address)
        text = f"The mail server no longer accepts the {session.credentials.kind.value}. Sign in again."
        raise ServiceError(401, "session-ended", text) from None


def end_session() -> None:
    """End the request's session: delete the server's half of its key, and log out its connections."""
    session_id = services().sessions.end(_token())
    if session_id is not None:
        close_ended_session(session_id)


def close_ended_session(session_id: str) -> None:
    """Log out the connections of an ended session, and let the other processes end its connections and streams."""
    services().pool.close_session(session_id)
    services().announcements.announce(Announcement(kind=SESSION_ENDED, subject=session_id))


def tell_changed(session: Session, folder: str) -> None:
    """Tell the process of events that a folder of the session's account has changed."""
    services().tell_changed(session, folder)
