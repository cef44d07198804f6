"""`sealwax discovery`, as an operator, a server that moves, and a user run it. The service is a process of its own."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smime_core.own_content import FollowedDiscovery, build_followed_discovery
from smime_core.text import utc_text
from tests.support.command.lab import QuickLab, Result
from tests.support.project import ROOT
from tests.support.server_lists import HOUR, LIST, PINNED, sign
from tests.support.servers.own_process import Running, running, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.web_servers import reply_with, run_web_server

pytestmark = pytest.mark.server

PATH = "/.well-known/sealwax-discovery.json"
DOMAIN = "example.test"
KEY = re.compile(r"ed25519:[\w-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The folder of an operator, and the address of the service."""

    folder: Path
    listen: str

    @property
    def origin(self) -> str:
        return f"http://{self.listen}"

    @property
    def file(self) -> Path:
        return self.folder / "discovery.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state" / "discovery.json"

    def run(self, *arguments: str) -> Result:
        return QuickLab(self.folder).sealwax("discovery", *arguments)

    def told(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.code, done.stderr) == (0, "")
        return done.stdout.decode()

    def show(self, *arguments: str) -> tuple[int, dict[str, object]]:
        done = self.run("show", DOMAIN, "--url", f"{self.origin}{PATH}", "--json", *arguments)
        return done.code, json.loads(done.stdout)

    def findings(self) -> tuple[int, dict[str, str]]:
        done = self.run("check", "--config", str(self.file), "--json")
        rows = json.loads(done.stdout)["findings"]
        return done.code, {row["part"]: f"{row['level']}: {row['text']}" for row in rows}

    def add(self, text: str) -> None:
        self.file.write_text(self.file.read_text().replace("[server]\n", f'[server]\nlisten = "{self.listen}"\n', 1))
        self.file.write_text(text + self.file.read_text())

    def serve(self) -> Iterator[Running]:
        with running(
            "discovery", "serve", "--config", str(self.file), folder=self.folder, answers=f"{self.origin}{PATH}"
        ) as service:
            yield service


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(folder=tmp_path, listen=f"127.0.0.1:{free_port()}")
    made = site.told(
        "init", "--config", str(site.file), "--domain", DOMAIN, "--origin", site.origin, "--state", str(site.state),
        "--bridge", "https://api.example.test/mail", "--bridge", "https://spare.example.test",
    )  # fmt: skip
    assert KEY.findall(made)
    key = site.told("server-key", str(tmp_path / "keys.key")).strip()
    site.add(f'key_servers = [{{ name = "https://keys.example.test", key = "{key}" }}]\n')
    return site


@pytest.fixture
def service(site: Site) -> Iterator[Running]:
    yield from site.serve()


def servers(report: dict[str, object]) -> list[tuple[str, str, str, int]]:
    listed = report["servers"]
    assert isinstance(listed, list)
    return [(server["kind"], server["name"], server["address"], server["moves"]) for server in listed]


def refused(report: dict[str, object]) -> list[str]:
    listed = report["refused"]
    assert isinstance(listed, list)
    return [refusal["code"] for refusal in listed]


def test_a_client_follows_a_server_that_moves_and_then_a_new_key(site: Site, service: Running) -> None:
    config = ("--config", str(site.file))
    key = site.told("public-key", *config).strip()
    code, first = site.show("--key", key)
    assert (code, servers(first)) == (
        0,
        [
            ("bridge", "https://api.example.test/mail", "https://api.example.test/mail", 0),
            ("bridge", "https://spare.example.test", "https://spare.example.test", 0),
            ("key-server", "https://keys.example.test", "https://keys.example.test", 0),
        ],
    )
    move = ("move", str(site.folder / "keys.key"), "--domain", DOMAIN, "--service", site.origin)
    assert "lists https://new.example.test from number" in site.told(*move, "https://new.example.test")
    assert site.told(*move, "https://newer.example.test:8443")
    code, second = site.show()
    assert servers(second)[2] == ("key-server", "https://keys.example.test", "https://newer.example.test:8443", 2)
    elsewhere = site.run(*move, "https://keys.mallory.test")
    assert (elsewhere.code, elsewhere.stdout) == (2, b"")
    assert "move-not-allowed: servers may move to hosts in example.test only" in elsewhere.stderr

    new_key = KEY.findall(site.told("rotate", *config))[0]
    assert new_key != key
    assert site.told("public-key", *config).strip() == new_key
    code, third = site.show("--key", key)
    assert (code, third["key"], servers(third)) == (0, new_key, servers(second))
    assert not (site.folder / "discovery.secrets" / "signing_key.new").exists()
    # The service still has the old key in memory. It signs with the new one once it is reloaded.
    answer = site.run(*move, "https://last.example.test")
    assert "discovery-unavailable" in answer.stderr
    service.reload()
    while "settings-loaded" not in [line.get("event") for line in service.lines()[2:]]:
        time.sleep(0.05)
    assert site.told(*move, "https://last.example.test")
    assert servers(site.show()[1])[2][2] == "https://last.example.test"
    assert service.end() == 0

    done = site.run("show", DOMAIN, "--url", f"{site.origin}{PATH}")
    assert done.code == 1
    assert "lookup-failed: unreachable" in done.stderr
    assert "the last good list: no server gave a newer one" in done.stdout.decode()
    assert "key-server: https://last.example.test (accounts of https://keys.example.test)" in done.stdout.decode()


def test_a_signed_file_serves_as_well_as_the_service(site: Site, tmp_path: Path) -> None:
    config = ("--config", str(site.file))
    key = site.told("public-key", *config).strip()
    site.told("sign", *config, "-o", str(tmp_path / "first.json"))
    site.told("sign", *config, "-o", str(tmp_path / "second.json"))
    first, second = (reply_with((tmp_path / name).read_bytes()) for name in ("first.json", "second.json"))
    with run_web_server(first) as old, run_web_server(second) as new:
        assert site.run("show", DOMAIN, "--key", key, "--url", new.url(PATH)).code == 0
        code, report = site.show("--url", old.url(PATH), "--url", new.url(PATH))
        assert (code, refused(report)) == (0, ["lookup-failed: unreachable", "discovery-older"])
        assert report["publisher"] == new.url(PATH)
        code, report = site.show("--url", old.url(PATH))
        assert (code, report["publisher"]) == (1, None)
        wrong = site.run("show", DOMAIN, "--key", PINNED, "--url", new.url(PATH))
        assert (wrong.code, wrong.stdout) == (1, b"")
        assert "discovery-unsigned" in wrong.stderr
    (file,) = (tmp_path / "data" / "sealwax" / "discovery").glob("*.json")
    assert (file.name, oct(file.stat().st_mode & 0o777)) == ("example.test.json", "0o600")


def test_a_domain_without_a_pinned_key_is_not_believed(site: Site) -> None:
    done = site.run("show", DOMAIN, "--url", f"{site.origin}{PATH}")
    assert (done.code, done.stdout) == (2, b"")
    assert "give its key by --key" in done.stderr
    done = site.run("show", DOMAIN, "--key", "ed25519:x")
    assert "a key is expected: ed25519: and 43 characters" in done.stderr


def test_check_says_what_is_wrong_with_each_part(site: Site) -> None:
    code, parts = site.findings()
    assert code == 0
    assert parts["document"] == "warning: none has been signed yet"
    assert parts["process"].startswith("warning: nothing answers at")
    site.told("sign", "--config", str(site.file), "-o", str(site.folder / "signed.json"))
    assert site.findings()[1]["document"].startswith("ok: number ")
    secret = site.folder / "discovery.secrets" / "signing_key"
    secret.write_text("00" * 32)
    code, parts = site.findings()
    assert (code, parts["document"].partition(" ed25519:")[0]) == (1, "error: clients expect the key")
    done = site.run("sign", "--config", str(site.file))
    assert (done.code, done.stdout) == (1, b"")
    assert "another one is configured: put that key back" in done.stderr
    secret.unlink()
    assert site.findings()[1]["settings"].startswith("error: signing_key is missing")


def test_check_asks_under_the_names_that_clients_use(site: Site) -> None:
    """Something answers in place of the service, and nothing under the two names."""
    text = site.file.read_text().replace(f'origin = "{site.origin}"', 'origin = "https://discovery.invalid"')
    with run_web_server(reply_with(b"{}")) as other:
        site.file.write_text(text.replace(site.listen, other.host))
        code, parts = site.findings()
    assert parts["process"] == f"ok: {other.host} answers"
    assert parts["proxy"].startswith("warning: https://discovery.invalid: no answer")
    assert parts["site"].startswith("warning: https://example.test: no answer")
    with run_web_server(reply_with(b'{"key": "another"}')) as other:
        site.file.write_text(text.replace(site.listen, other.host).replace("https://discovery.invalid", other.url("")))
        code, parts = site.findings()
    assert (code, parts["proxy"]) == (1, f"error: {other.url('')} gives no document of this key")


def test_a_list_that_has_ended_is_shown_as_such(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sealwax" / "discovery"
    folder.mkdir(parents=True)
    at = datetime.now(UTC) - timedelta(days=2)
    old = dataclasses.replace(LIST, issued=at.replace(microsecond=0), expires=at.replace(microsecond=0) + HOUR)
    followed = FollowedDiscovery(domain=DOMAIN, pinned=PINNED, key=PINNED, signed=sign(old))
    (folder / "example.test.json").write_bytes(build_followed_discovery(followed))
    done = site.run("show", DOMAIN, "--url", f"{site.origin}{PATH}")
    assert done.code == 1
    assert f"number 7, ended {utc_text(old.expires)}, signed by {PINNED}, the last good list" in done.stdout.decode()


def test_an_interrupted_rotation_is_finished_by_the_next_one(site: Site) -> None:
    config = ("--config", str(site.file))
    secret = site.folder / "discovery.secrets" / "signing_key"
    site.told("sign", *config, "-o", str(site.folder / "signed.json"))
    old = secret.read_text()
    new_key = KEY.findall(site.told("rotate", *config))[0]
    # As if the command had been killed before its last step, and then before its first document.
    secret.rename(secret.with_name("signing_key.new"))
    secret.write_text(old)
    assert KEY.findall(site.told("rotate", *config)) == [new_key]
    secret.with_name("signing_key.new").write_text("11" * 32)
    third = KEY.findall(site.told("rotate", *config))[0]
    assert third not in (new_key, PINNED)
    assert [succession["new"] for succession in json.loads(site.state.read_text())["successions"]] == [new_key, third]


def test_the_guide_makes_the_unit_of_the_service_from_that_of_the_key_server() -> None:
    guide = (ROOT / "docs" / "administrator_guide.md").read_text()
    (expression,) = re.findall(r"^sed '(.*)' sealwax-keys.service > sealwax-discovery.service$", guide, re.MULTILINE)
    example = ROOT / "webbridge" / "operation" / "examples" / "files" / "systemd" / "sealwax-keys.service"
    unit = subprocess.run(["sed", expression, example], check=True, capture_output=True, text=True).stdout
    for line in (
        "Description=Sealwax: the discovery service",
        "ExecStart=@SEALWAX@ discovery serve --config @KEYS_CONFIG@",
        "User=sealwax-discovery",
        "StateDirectory=sealwax-discovery",
    ):
        assert f"{line}\n" in unit
    assert "LoadCredential=signing_key:@KEYS_SECRETS@/signing_key\n" in unit


def test_without_the_packages_of_a_service_the_servers_can_still_be_looked_up() -> None:
    # None in place of a module makes its import an ImportError.
    absent = "sys.modules |= dict.fromkeys(('flask', 'pydantic_settings'))"
    start = f"import sys; {absent}; from sealwax.cli import main; sys.exit(main())"
    arguments = (("show", "example.test", "--key", "x"), ("serve",), ("--help",))
    done = [sealwax("discovery", *words, program=(sys.executable, "-c", start)) for words in arguments]
    assert [process.returncode for process in done] == [2, 2, 0]
    assert "a key is expected" in done[0].stderr
    assert done[1].stderr.startswith("sealwax: serve needs packages that are not installed: ")
    assert "serve needs packages" in " ".join(done[2].stdout.split())


def test_settings_that_no_client_would_take_are_refused(site: Site) -> None:
    text = site.file.read_text()
    for old, new, sentence in (
        ('domain = "example.test"', 'domain = "example test"', "domain: a domain is expected, such as example.org"),
        (
            "https://spare.example.test",
            "http://spare.example.test",
            "an address is expected as https://mail.example.org",
        ),
        ("# lifetime_hours = 24", "lifetime_hours = 25", "lifetime_hours: expected less than or equal to 24"),
    ):
        assert old in text
        site.file.write_text(text.replace(old, new))
        done = site.run("sign", "--config", str(site.file))
        assert (done.code, done.stdout) == (2, b"")
        assert sentence in done.stderr


def test_a_key_file_is_made_once_and_its_secret_is_not_shown(tmp_path: Path, site: Site) -> None:
    file = tmp_path / "server.key"
    first = site.told("server-key", str(file))
    assert site.told("server-key", str(file)) == first
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert file.read_text().strip() not in first
    file.write_text("no key")
    done = site.run("server-key", str(file))
    assert done.code == 2
    assert done.line == f"sealwax: {file} is no key that `sealwax discovery server-key` has made"
