"""`sealwax roam` on a computer that has none of the packages of the server, such as Flask and SQLAlchemy."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

import pytest

from roaming_keys.client.command.commands import roam as roam_group
from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.config import KeyServerConfig
from sealwax.cli.options.parameters import now
from tests.support.keys.computer import OF_FILES, PASSPHRASE, Computer, computer
from tests.support.keys.people import TICKET_KEY, USER
from tests.support.keys.serving import serving
from tests.support.servers.own_process import sealwax

pytestmark = pytest.mark.server

ABSENT: Final = (
    *("alembic", "flask", "flask_talisman", "gunicorn", "prometheus_client", "pydantic", "pydantic_settings", "pyotp"),
    *("sqlalchemy", "structlog", "webauthn", "werkzeug"),
)
_PREPARATION: Final = f"import sys; sys.modules |= dict.fromkeys({ABSENT!r})"
WITHOUT_SERVER: Final = (sys.executable, "-c", f"{_PREPARATION}; from sealwax.cli import main; sys.exit(main())")
# Each verb prints its help. One process for all: a start takes longer than the rest.
_EVERY_HELP: Final = f"""
{_PREPARATION}
import json
import click
from sealwax.cli.group import sealwax

def walk(command, path):
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from walk(command.get_command(click.Context(command), name), [*path, name])
    yield path

roam = sealwax.get_command(click.Context(sealwax), "roam")
for path in walk(roam, []):
    roam.main([*path, "--help"], prog_name="sealwax roam", standalone_mode=False)
    print(json.dumps(path))
"""
_IMPORTED: Final = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules)))
from sealwax.cli import main; sys.exit(main())
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KeyServerConfig]:
    config = KeyServerConfig(
        origin="http://127.0.0.1",
        database=tmp_path / "keys.sqlite",
        ticket_key=public_key_of(TICKET_KEY),
        master_key=bytes(32),
    )
    with serving(config) as running:
        yield running


@pytest.fixture
def laptop(tmp_path: Path) -> Computer:
    return computer(tmp_path / "laptop")


def roam(laptop: Computer, *words: str) -> str:
    """Run a verb without the packages of the server, and return what it printed."""
    done = run(laptop, WITHOUT_SERVER, "roam", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(laptop: Computer, program: Sequence[str], *words: str) -> CompletedProcess[str]:
    return sealwax(*words, program=program, typed=None, output=None, **laptop.variables)


def test_a_person_registers_logs_in_and_takes_the_keys(
    server: KeyServerConfig, laptop: Computer, tmp_path: Path
) -> None:
    account = ("--server", server.origin, "--user", USER)
    ticket = laptop.text("ticket", issue_ticket(TICKET_KEY, audience=server.origin, user=USER, at=now()))
    ours, files = laptop.text("pass", PASSPHRASE), laptop.text("files", OF_FILES)
    first, second = laptop.identities("first.p12", 0), laptop.identities("second.p12", 1)
    passphrases = ("--passphrase-file", files, "--new-passphrase-file", ours)
    assert "is registered" in roam(laptop, "register", first, *account, "--ticket-file", ticket, *passphrases)
    at = ("--passphrase-file", ours)
    assert roam(laptop, "login", *at).startswith(f"{USER} at {server.origin}: version 1\n{USER}, until ")
    assert "version 2" in roam(laptop, "push", second, *at, "--file-passphrase-file", files)
    roam(laptop, "pull", *at, "-o", str(tmp_path / "mine.p12"))
    assert "Recovery is off" in roam(laptop, "officers", *at)
    assert len(json.loads(roam(laptop, "devices", *at, "--json"))["devices"]) == 1
    assert roam(laptop, "group", "list", *at) == "You are in no group.\n"
    assert roam(laptop, "delete", *at, "--yes") == "The account is deleted.\n"


def test_every_verb_has_its_help(laptop: Computer) -> None:
    done = run(laptop, (sys.executable, "-c", _EVERY_HELP))
    assert done.returncode == 0, done.stderr
    shown = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    verbs = {path[0] for path in shown if path}
    assert verbs == {*roam_group.own, "officers"}


@pytest.mark.parametrize("words", [("staff", "key"), ("user", "create"), ("recovery", "approve")], ids=" ".join)
def test_the_staff_needs_no_server_either(laptop: Computer, words: tuple[str, str]) -> None:
    done = run(laptop, WITHOUT_SERVER, "keys", *words, "--help")
    assert (done.returncode, done.stdout.startswith(f"Usage: sealwax keys {' '.join(words)} ")) == (0, True)


def test_the_server_itself_says_what_it_lacks(laptop: Computer) -> None:
    done = run(laptop, WITHOUT_SERVER, "keys", "serve", "--help")
    assert done.returncode == 2
    assert done.stderr.startswith("sealwax: serve needs packages that are not installed: ")


def test_a_refused_login_imports_neither_services_nor_messages(laptop: Computer) -> None:
    """They take most of the time from the start of the command to its first request."""
    words = ("--server", "http://127.0.0.1:1", "--user", USER, "--passphrase-file", laptop.text("pass", PASSPHRASE))
    done = run(laptop, (sys.executable, "-c", _IMPORTED), "roam", "login", *words)
    assert done.stderr.startswith("sealwax: the key server does not answer: ")
    dear = {"smime_core.cms", "smime_core.identity", "smime_core.pkix", "smime_core.report", "sealwax.lookups", "dns"}
    assert {*dear, *ABSENT} & set(done.stdout.split()) == set()
