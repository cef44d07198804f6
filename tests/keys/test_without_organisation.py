"""The key server and its client where no package adds anything: they find an organisation by entry points only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from flask.testing import FlaskClient

from roaming_keys.client.command import extensions
from roaming_keys.client.command.login import Roaming
from roaming_keys.server import app
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, PASSPHRASE, Person, certificates, identity, make_client

pytestmark = pytest.mark.usefixtures("quick_passphrases")

_MODULES: Final = """
import json, sys
import roaming_keys.server.app, roaming_keys.server.operation.commands
import roaming_keys.client.command.commands, roaming_keys.client.command.logging_in
print(json.dumps([name for name in sys.modules if name.startswith("roaming_keys.organisation")]))
"""


@pytest.fixture
def bare_client(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> FlaskClient:
    """A key server to which no package adds routes."""
    monkeypatch.setattr(app, "_find_extensions", tuple)
    return make_client(clock)


def test_an_account_works_at_a_server_without_an_organisation(bare_client: FlaskClient, clock: FakeClock) -> None:
    person = Person(client=bare_client, clock=clock)
    person.register()
    session = person.add(person.log_in(), identity(1))
    assert len(certificates(session)) == 2


@pytest.mark.parametrize(("method", "path"), [("GET", "/recovery"), ("POST", "/staff/users"), ("GET", "/staff/policy")])
def test_such_a_server_has_no_routes_of_an_organisation(bare_client: FlaskClient, method: str, path: str) -> None:
    assert bare_client.open(path, method=method, base_url=ORIGIN).status_code == 404


def test_an_installed_organisation_has_its_routes(clock: FakeClock) -> None:
    assert make_client(clock).get("/staff/policy", base_url=ORIGIN).status_code == 401


def test_a_client_without_an_organisation_asks_nothing_after_a_login(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setattr(extensions, "_find_extensions", tuple)
    person = Person(client=make_client(clock), clock=clock)
    person.register()
    session = person.log_in()
    person.transport.sent.clear()
    extensions.follow_login(Roaming(session=session, passphrase=PASSPHRASE, setting=person.setting))
    assert (person.transport.sent, extensions.with_own_passphrase(session.opened.state)) == ([], session.opened.state)


def test_an_installed_organisation_asks_what_stands_for_the_owner(clock: FakeClock) -> None:
    person = Person(client=make_client(clock), clock=clock)
    person.register()
    session = person.log_in()
    extensions.follow_login(Roaming(session=session, passphrase=PASSPHRASE, setting=person.setting))
    assert person.transport.sent[-1].path == "/recovery"


def test_neither_side_imports_an_organisation_before_it_looks_for_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _MODULES], cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(done.stdout) == []


def test_an_entry_point_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def load(self) -> object:
            return object()

    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [Other()])
    extensions._find_extensions.cache_clear()
    try:
        with pytest.raises(TypeError, match=r"of the entry points roaming_keys\.client is no AccountExtension"):
            extensions._find_extensions()
    finally:
        extensions._find_extensions.cache_clear()
