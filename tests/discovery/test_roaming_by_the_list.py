"""`sealwax roam` by the signed list of servers: the key server moves or dies, and publishers lie."""

from __future__ import annotations

import dataclasses
import json
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from subprocess import CompletedProcess
from urllib.request import Request, urlopen

import pytest

from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.app import create_app as create_key_server
from roaming_keys.server.config import KeyServerConfig
from sealwax.cli.options.parameters import now
from sealwax.discovery.app import create_app
from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.finding import PATH
from sealwax.service import serve
from smime_core.own_content import (
    FollowedDiscovery,
    Server,
    ServerKind,
    ServerList,
    build_followed_discovery,
    key_text,
    parse_followed_discovery,
)
from smime_core.provider import PrivateKey
from tests.support.keys.computer import OF_FILES, PASSPHRASE, Computer, computer
from tests.support.keys.people import PROVIDER, TICKET_KEY, USER
from tests.support.server_lists import DOMAIN, KEYS_KEY, OPERATOR, PINNED, key, move, server, sign
from tests.support.servers.ports import free_port
from tests.support.servers.web_servers import reply_with, run_raw_server, run_web_server

pytestmark = pytest.mark.server

DAY = timedelta(days=1)


@dataclass
class KeyServers:
    """Key servers over one database. All have the name at which the first one answers."""

    folder: Path
    name: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")

    @contextmanager
    def at(self, address: str, *addresses: str) -> Iterator[None]:
        """Answer at an address of this machine."""
        host, _, port = address.removeprefix("http://").partition(":")
        bound = socket.create_server(("127.0.0.1" if host == "localhost" else host, int(port)))
        config = KeyServerConfig(
            origin=self.name, addresses=addresses, database=self.folder / "keys.sqlite",
            ticket_key=public_key_of(TICKET_KEY), master_key=bytes(32),
        )  # fmt: skip
        with serve(create_key_server(config), bound):
            yield


@pytest.fixture
def servers(tmp_path: Path) -> KeyServers:
    return KeyServers(tmp_path)


@pytest.fixture
def laptop(tmp_path: Path) -> Computer:
    machine = computer(tmp_path / "laptop")
    machine.text("pass", PASSPHRASE)
    machine.text("files", OF_FILES)
    machine.identities("mine.p12", 0)
    return machine


def register(laptop: Computer, servers: KeyServers, *publishers: str, pin: str = PINNED) -> CompletedProcess[str]:
    ticket = issue_ticket(TICKET_KEY, audience=servers.name, user=USER, at=now(), discovery_key=pin)
    home = laptop.home
    return laptop.roam(
        *("register", str(home / "mine.p12"), "--server", servers.name, "--user", USER),
        *("--ticket-file", laptop.text("ticket", ticket), "--passphrase-file", str(home / "files")),
        *("--new-passphrase-file", str(home / "pass"), *asking(publishers)),
    )


def log_in(laptop: Computer, *publishers: str) -> CompletedProcess[str]:
    return laptop.roam("login", "--passphrase-file", str(laptop.home / "pass"), *asking(publishers))


def asking(publishers: tuple[str, ...]) -> list[str]:
    return [word for url in publishers for word in ("--discovery-url", url)]


def listing(*listed: Server, number: int = 7, issued: datetime | None = None, owner: PrivateKey = OPERATOR) -> bytes:
    start = (issued or now()).replace(microsecond=0)
    server_list = ServerList(domain=DOMAIN, number=number, issued=start, expires=start + DAY, servers=listed)
    return sign(server_list, owner)


def key_server(servers: KeyServers, address: str) -> Server:
    return server(ServerKind.KEY_SERVER, address, name=servers.name)


def kept_file(laptop: Computer, name: str = f"{DOMAIN}.json") -> Path:
    return laptop.home / "data/sealwax/discovery" / name


def test_a_command_finds_its_keys_at_the_new_address_of_the_server(
    laptop: Computer, servers: KeyServers, config: DiscoveryConfig
) -> None:
    """The old server is gone. The new one has the same database, and another host and port."""
    bound = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
    listed = server(ServerKind.KEY_SERVER, servers.name, KEYS_KEY)
    published = dataclasses.replace(
        config, origin=origin, servers=(listed,), move_domains=("localhost",), clock=now
    )  # fmt: skip
    new = f"http://localhost:{free_port()}"
    with serve(create_app(published, PROVIDER), bound):
        with servers.at(servers.name):
            made = register(laptop, servers, origin + PATH)
            assert (made.returncode, made.stderr) == (0, "")
        lost = log_in(laptop, origin + PATH)
        assert (lost.returncode, lost.stdout) == (1, "")
        assert "the key server does not answer" in lost.stderr
        with servers.at(new, new):
            body = move(new, counter=1, at=now())
            request = Request(f"{origin}/move", data=body, headers={"Content-Type": "application/json"})
            with urlopen(request, timeout=20) as answer:
                assert json.loads(answer.read())["moves"] == 1
            login = log_in(laptop, origin + PATH)
            assert login.returncode == 0, login.stderr
            assert f"{USER} at {servers.name}: version 1" in login.stdout
            assert login.stderr == (
                f"sealwax: {servers.name} does not answer\n"
                f"sealwax: going on with {new}, by the list of servers of {DOMAIN}\n"
            )
            # From now on it begins there, without asking for the list.
            pulled = laptop.roam(
                "pull", "--passphrase-file", str(laptop.home / "pass"), "-o", str(laptop.home / "pulled.p12")
            )
            assert (pulled.returncode, pulled.stderr) == (0, "")
            assert laptop.opened("pulled.p12", PASSPHRASE) == laptop.opened("mine.p12", OF_FILES)
    assert stat.S_IMODE(kept_file(laptop).stat().st_mode) == 0o600


def test_a_key_server_answers_only_at_the_addresses_that_its_operator_names(tmp_path: Path) -> None:
    config = KeyServerConfig(
        origin="https://keys.example.test", addresses=("https://keys2.example.test",),
        database=tmp_path / "keys.sqlite", ticket_key=public_key_of(TICKET_KEY), master_key=bytes(32),
    )  # fmt: skip
    client = create_key_server(config).test_client()
    body = {"protocol": 2, "user": USER}
    answers = {
        host: client.post("/parameters", json=body, base_url=f"https://{host}").status_code
        for host in ("keys.example.test", "keys2.example.test", "keys3.example.test")
    }
    assert answers == {"keys.example.test": 200, "keys2.example.test": 200, "keys3.example.test": 400}
    with pytest.raises(ValueError, match="https"):
        dataclasses.replace(config, addresses=("http://keys2.example.test",))


def redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:1/")
    handler.end_headers()


def test_publishers_that_lie_leave_the_last_good_list_and_the_next_server(
    laptop: Computer, servers: KeyServers
) -> None:
    second, evil = f"http://localhost:{free_port()}", f"http://127.0.0.1:{free_port()}"
    first_list = listing(key_server(servers, servers.name), key_server(servers, second))
    theirs = key_server(servers, evil)
    lies = {
        "discovery-expired": listing(theirs, number=8, issued=now() - 2 * DAY),
        "discovery-unsigned": json.dumps(json.loads(listing(theirs, number=8)) | {"signature": ""}).encode(),
        f"{key_text(key(2))}, and {PINNED} was expected": listing(theirs, number=8, owner=key(2)),
        "discovery-older": listing(theirs, number=6),
        "lookup-failed: too-large": listing(theirs, number=8) + b" " * 10_000_000,
    }
    with ExitStack() as stack:
        publisher = stack.enter_context(run_web_server(reply_with(first_list)))
        with servers.at(servers.name):
            assert register(laptop, servers, publisher.url(PATH)).returncode == 0
        stack.enter_context(servers.at(second, second))
        liars = [stack.enter_context(run_web_server(reply_with(lie))) for lie in lies.values()]
        liars.append(stack.enter_context(run_web_server(redirect)))
        login = log_in(laptop, *(liar.url(PATH) for liar in liars))
    assert (login.returncode, f"{USER} at {servers.name}" in login.stdout) == (0, True), login.stderr
    for text, liar in zip([*lies, "lookup-failed: redirect"], liars, strict=True):
        (warning,) = [line for line in login.stderr.splitlines() if liar.url(PATH) in line]
        assert text in warning
    assert "no server gave a newer list of servers: the last good one is used" in login.stderr
    assert f"going on with {second}" in login.stderr
    assert evil not in login.stderr
    assert first_list == kept(laptop).signed


@pytest.mark.thorough
def test_a_silent_publisher_takes_five_seconds_at_most(laptop: Computer, servers: KeyServers) -> None:
    def be_silent(_connection: socket.socket, over: threading.Event) -> None:
        over.wait()

    second = f"http://localhost:{free_port()}"
    document = listing(key_server(servers, servers.name), key_server(servers, second))
    with run_web_server(reply_with(document)) as publisher, servers.at(servers.name):
        assert register(laptop, servers, publisher.url(PATH)).returncode == 0
    with run_raw_server(be_silent) as silent, servers.at(second, second):
        login = log_in(laptop, silent.url(PATH))
    assert login.returncode == 0, login.stderr
    assert "lookup-failed: timeout" in login.stderr


@pytest.mark.thorough
def test_a_key_that_is_pinned_waits_for_the_first_list(laptop: Computer, servers: KeyServers) -> None:
    dead = f"http://127.0.0.1:{free_port()}{PATH}"
    with servers.at(servers.name):
        made = register(laptop, servers, dead)
    assert (made.returncode, "lookup-failed: unreachable" in made.stderr) == (0, True), made.stderr
    pinned = kept_file(laptop, f"{DOMAIN}.key")
    assert (pinned.read_text(), stat.S_IMODE(pinned.stat().st_mode)) == (f"{PINNED}\n", 0o600)
    lost = log_in(laptop, dead)
    assert (lost.returncode, "cannot be found" in lost.stderr) == (1, True), lost.stderr
    second = f"http://localhost:{free_port()}"
    with (
        run_web_server(reply_with(listing(key_server(servers, second), owner=key(2)))) as forged,
        run_web_server(reply_with(listing(key_server(servers, second)))) as publisher,
        servers.at(second, second),
    ):
        refused = log_in(laptop, forged.url(PATH))
        assert (refused.returncode, "discovery-unsigned" in refused.stderr) == (1, True)
        login = log_in(laptop, publisher.url(PATH))
    assert login.returncode == 0, login.stderr


@pytest.mark.thorough
def test_a_list_that_ended_a_month_ago_leads_nowhere(laptop: Computer, servers: KeyServers) -> None:
    second = f"http://localhost:{free_port()}"
    dead = f"http://127.0.0.1:{free_port()}{PATH}"
    with servers.at(servers.name):
        register(laptop, servers, dead)
    old = listing(key_server(servers, second), issued=now() - 32 * DAY)
    followed = FollowedDiscovery(domain=DOMAIN, pinned=PINNED, key=PINNED, signed=old)
    kept_file(laptop).write_bytes(build_followed_discovery(followed))
    with servers.at(second, second):
        refused = log_in(laptop, dead)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the last good document: discovery-expired" in refused.stderr


def test_servers_of_other_accounts_are_not_asked(laptop: Computer, servers: KeyServers) -> None:
    """A server with another name holds other accounts. Logins there would let it test guesses at the passphrase."""
    with run_web_server(reply_with(b"{}")) as other:
        document = listing(server(ServerKind.KEY_SERVER, other.url("")))
        with run_web_server(reply_with(document)) as publisher:
            with servers.at(servers.name):
                assert register(laptop, servers, publisher.url(PATH)).returncode == 0
            lost = log_in(laptop, publisher.url(PATH))
    assert (lost.returncode, other.asked) == (1, []), lost.stderr


@pytest.mark.thorough
def test_a_ticket_with_another_key_is_refused_before_it_registers(laptop: Computer, servers: KeyServers) -> None:
    document = listing(key_server(servers, servers.name))
    with run_web_server(reply_with(document)) as publisher, servers.at(servers.name):
        assert register(laptop, servers, publisher.url(PATH)).returncode == 0
        other = key_text(key(2))
        refused = register(laptop, servers, publisher.url(PATH), pin=other)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"run `sealwax discovery show {DOMAIN} --key {other}`" in refused.stderr
    assert kept(laptop).pinned == PINNED


def kept(laptop: Computer) -> FollowedDiscovery:
    return parse_followed_discovery(kept_file(laptop).read_bytes())
