"""The servers of the demonstration as one context manager. The browser tests use it too."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from roaming_keys.client import transport as client
from roaming_keys.protocol.changes import build_registration
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.app import create_app as create_key_server
from roaming_keys.server.config import KeyServerConfig
from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from sealwax.notices.signing import NoticeSigner
from sealwax.notices.submission import SmtpSecurity, Submission
from sealwax.service.web_server import serve
from smime_core import blocking
from smime_core.ca.demo import Authority
from smime_core.providers.native import NativeProvider
from webbridge.app import create_app, start_notices
from webbridge.config import BridgeConfig, PagesConfig
from webbridge.delivery.notices.letterhead import Letterhead
from webbridge.delivery.notices.settings import NoticesConfig
from webbridge.delivery.settings import ParcelsConfig
from webbridge.demo.accounts import (
    NAMES,
    SERVICE,
    Account,
    People,
    address_of,
    build_welcome,
    certificate_pem,
    create_people,
    gather_people,
)
from webbridge.demo.kept import DemoSecrets, KeptState, make_secrets, read_state, write_state
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.demo.ports import DEFAULT_BASE, HOST, Ports, bind_ports
from webbridge.demo.revocation import LIST_PATH, build_list, serve_published
from webbridge.demo.tls import write_tls_files
from webbridge.pages_app import BUILT_PAGES, create_pages_app
from webbridge.services import services_of

# The identities of the people without an account.
_OTHER_IDENTITIES: Final = ("authority", "service")


class PagesNotBuilt(Exception):
    """The build has made no pages to serve."""


class DemoStack:
    """Bridge, pages, key server, mail server and revocation list on six loopback ports, for two accounts.

    When the context is entered, keys are registered, certificates are in the directory, and each inbox has a welcome
    message. `folder` keeps everything, including `ca.pem` and the identities `alice.p12` and `bob.p12`. The next start
    with the same folder continues with its data, at the same ports. Without `folder`, everything is in a temporary
    folder.
    """

    mail_server: MemoryMailServer
    folder: Path
    pages_url: str
    api_url: str
    keys_url: str
    list_url: str
    keys_database: Path
    published: dict[str, bytes]

    def __init__(
        self,
        base_port: int | None = None,
        folder: Path | None = None,
        *,
        pages_folder: Path = BUILT_PAGES,
        trust_list_file: Path | None = None,
        host_name: str = HOST,
        shared_addresses: tuple[str, ...] = (),
    ) -> None:
        self._base_port = base_port
        self._given_folder = folder
        self._pages_folder = pages_folder
        self._trust_list_file = trust_list_file
        # Passkeys work only if the host has a name, such as `localhost`. An IP address is not enough.
        self._host_name = host_name
        self._shared_addresses = shared_addresses
        self._provider = NativeProvider()
        self._exit = ExitStack()
        self._people: People
        self._secrets: DemoSecrets

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The two people, with their passwords."""
        return self._people.accounts

    @property
    def is_kept(self) -> bool:
        """Whether mail, accounts and keys stay in a folder when the context ends."""
        return self._given_folder is not None

    @property
    def people(self) -> People:
        """All people of the demonstration, with their authority."""
        return self._people

    @property
    def mailbox_url(self) -> str:
        """The URL with which curl reads the first message of an inbox through IMAP."""
        imap = self.mail_server.address.mailbox
        return f"imaps://{imap.host}:{imap.port}/INBOX;MAILINDEX=1"

    def __enter__(self) -> Self:
        if not (self._pages_folder / "index.html").is_file():
            raise PagesNotBuilt(f"{self._pages_folder} has no pages")
        with ExitStack() as stack:
            self._start(stack)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exit.close()

    def _start(self, stack: ExitStack) -> None:
        at = datetime.now(UTC)
        state = self._read_kept()
        private = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sealwax-demo-")))
        ports = self._bind_ports(state)
        stack.callback(ports.close)
        list_host = f"{HOST}:{ports.base + 5}"
        self.list_url = f"http://{list_host}{LIST_PATH}"
        self.folder = self._given_folder or private / "files"
        self.keys_database = self.folder / "keys.sqlite"
        self._secrets = make_secrets() if state is None else state.secrets
        self._people = (
            create_people(self._provider, at, self.list_url) if state is None else self._load_people(state, at)
        )
        if state is None:
            self._write_files()
        self._write_directory(private / "people")
        write_tls_files(private, at)
        revoked = [self._people.revoked.certificate.serial_number]
        list_der = build_list(self._people.authority, revoked, self._provider, at)
        self.published = {LIST_PATH: list_der}
        stack.enter_context(serve(serve_published(self.published), ports.authority))
        self._start_servers(stack, ports, private, list_host)
        if state is None:
            self._register_keys(at)
            self._deliver_welcome(at)
            if self._given_folder is not None:
                write_state(self.folder, self._state(ports.base))

    def _bind_ports(self, state: KeptState | None) -> Ports:
        if state is None:
            return bind_ports(self._base_port or DEFAULT_BASE)
        if self._base_port not in {None, state.base_port}:
            raise OSError(errno.EINVAL, f"this folder belongs to the ports from {state.base_port}: leave --port out")
        # The ports must stay the same, because the key server's accounts and the certificates contain them.
        return bind_ports(state.base_port, is_fixed=True)

    def _read_kept(self) -> KeptState | None:
        """Return the state of an earlier demonstration. Raises FileExistsError for a file that may be a real key."""
        if self._given_folder is None:
            return None
        state = read_state(self._given_folder)
        if state is not None:
            return state
        for name in ("ca.pem", *(f"{name}.p12" for name in (*map(str.lower, NAMES), *_OTHER_IDENTITIES))):
            if (self._given_folder / name).exists():
                raise FileExistsError(errno.EEXIST, "there is such a file already", str(self._given_folder / name))
        return None

    def _state(self, base_port: int) -> KeptState:
        passwords = {account.name: (account.mail_password, account.key_passphrase) for account in self.accounts}
        return KeptState(base_port=base_port, secrets=self._secrets, passwords=passwords)

    def _load_people(self, state: KeptState, at: datetime) -> People:
        accounts = []
        for name, (mail_password, key_passphrase) in state.passwords.items():
            p12 = read_small(self.folder / f"{name.lower()}.p12")
            accounts.append(
                Account(
                    name=name,
                    address=address_of(name),
                    mail_password=mail_password,
                    key_passphrase=key_passphrase,
                    identity=blocking.load_identity(p12, key_passphrase.encode(), self._provider),
                    p12=p12,
                )
            )
        authority, service = (
            blocking.load_identity(
                read_small(self.folder / f"{name}.p12"), state.secrets.files_passphrase.encode(), self._provider
            )
            for name in _OTHER_IDENTITIES
        )
        return gather_people(
            tuple(accounts),
            Authority(identity=authority),
            service,
            provider=self._provider,
            at=at,
            list_url=self.list_url,
        )

    def _write_files(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "ca.pem").open("x") as file:
            file.write(certificate_pem(self._people.authority_certificate))
        files = {account.name.lower(): account.p12 for account in self.accounts}
        if self._given_folder is not None:
            passphrase = self._secrets.files_passphrase.encode()
            others = (self._people.authority.identity, self._people.service)
            for name, identity in zip(_OTHER_IDENTITIES, others, strict=True):
                files[name] = blocking.export_identity(identity, passphrase, self._provider)
        for name, p12 in files.items():
            with open(self.folder / f"{name}.p12", "xb", opener=_open_private) as file:
                file.write(p12)

    def _write_directory(self, folder: Path) -> None:
        """Write the certificates of all people, so that others can encrypt messages for them."""
        folder.mkdir()
        owners = {account.name.lower(): account.identity for account in self.accounts}
        for name, identity in (owners | {"carol": self._people.expiring, "dave": self._people.revoked}).items():
            write_whole(folder / f"{name}.pem", certificate_pem(identity.certificate).encode())

    def _start_servers(self, stack: ExitStack, ports: Ports, private: Path, list_host: str) -> None:
        self.pages_url, self.api_url, self.keys_url = (
            f"http://{self._host_name}:{ports.base + offset}" for offset in range(3)
        )
        passwords = {account.address: account.mail_password for account in self.accounts}
        passwords[SERVICE] = self._secrets.service_password
        self.mail_server = stack.enter_context(
            MemoryMailServer(
                passwords,
                tls_folder=private,
                imap_socket=ports.imap,
                smtp_socket=ports.smtp,
                kept_in=self._given_folder,
            )
        )
        bridge = create_app(self._bridge_config(private, list_host))
        stack.callback(services_of(bridge).close)
        stack.enter_context(serve(create_key_server(self._key_server_config()), ports.keys))
        start_notices(bridge)
        stack.enter_context(serve(bridge, ports.api))
        stack.enter_context(serve(create_pages_app(self._pages_config()), ports.pages))

    def _key_server_config(self) -> KeyServerConfig:
        return KeyServerConfig(
            origin=self.keys_url,
            database=self.keys_database,
            ticket_key=public_key_of(self._secrets.ticket_key),
            pages_origins=(self.pages_url,),
            master_key=self._secrets.master_key,
        )

    def _bridge_config(self, private: Path, list_host: str) -> BridgeConfig:
        return BridgeConfig(
            api_origin=self.api_url,
            pages_origin=self.pages_url,
            key_server_origin=self.keys_url,
            mail_server=self.mail_server.address,
            enrolment_key=self._secrets.ticket_key,
            anchors_file=self.folder / "ca.pem",
            trust_list_file=self._trust_list_file,
            pki_allowed_hosts=(list_host,),
            directory_folder=private / "people",
            shared_addresses=self._shared_addresses,
            parcels=ParcelsConfig(store=str(self.folder / "parcels"), pepper=self._secrets.pepper),
            database=str(self.folder / "bridge.sqlite") if self._given_folder else ":memory:",
            parcel_notices=self._notices(),
        )

    def _notices(self) -> NoticesConfig:
        server = self.mail_server.address
        submission = Submission(
            host=server.smtp.host,
            port=server.smtp.port,
            security=SmtpSecurity.STARTTLS,
            ca_file=server.ca_file,
            user=SERVICE,
            password=self._secrets.service_password,
        )
        signer = NoticeSigner(identities=(self._people.service,), provider=self._provider)
        return NoticesConfig(
            submission=submission,
            head=Letterhead(pages_origin=self.pages_url, api_url=self.api_url, sender=SERVICE, signer=signer),
        )

    def _pages_config(self) -> PagesConfig:
        return PagesConfig(
            pages_origin=self.pages_url,
            api_origin=self.api_url,
            key_server_origin=self.keys_url,
            folder=self._pages_folder,
        )

    def _register_keys(self, at: datetime) -> None:
        for account in self.accounts:
            keys = KeyAccount(server=self.keys_url, user=account.address, passphrase=account.key_passphrase.encode())
            ticket = issue_ticket(self._secrets.ticket_key, audience=self.keys_url, user=account.address, at=at)
            registration = build_registration(
                keys, [account.identity], ticket, self._provider, account.mail_password.encode()
            )
            blocking.run(client.register_account(client.HttpTransport(self.keys_url), blocking.run(registration)))

    def _deliver_welcome(self, at: datetime) -> None:
        first, second = self.accounts
        for sender, recipient in ((first, second), (second, first)):
            welcome = build_welcome(sender, recipient, self._provider, at)
            self.mail_server.append(recipient.address, welcome)


def _open_private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
