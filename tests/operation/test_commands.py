"""`sealwax bridge` and `sealwax keys`: the first configuration, the checks, and the running services."""

from __future__ import annotations

import http.client
import json
import re
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from roaming_keys.server.operation.settings import KeysSettings
from sealwax.operation.settings import load_settings
from sealwax.service.schema import SchemaStatus
from tests.operation.conftest import RunCommand, Site
from tests.support.servers import dovecot
from tests.support.servers.directory_servers import Zone, run_dns
from tests.support.servers.mailboxes import PASSWORDS
from tests.support.servers.own_process import running, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.root_commands import TICKET_KEY
from webbridge.database import SCHEMA
from webbridge.gateway import Security
from webbridge.operation.settings import BridgeSettings
from webbridge.push.vapid import public_key_text

pytestmark = pytest.mark.server
KINDS: dict[str, type[BridgeSettings] | type[KeysSettings]] = {"bridge": BridgeSettings, "keys": KeysSettings}


def get(url: str, **headers: str) -> Any:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def mode_of(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def findings(site: Site, command: str = "bridge") -> tuple[int, list[dict[str, str]]]:
    done = sealwax(command, "check", *site.config, "--json")
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["ok"] is (done.returncode == 0)
    return done.returncode, report["findings"]


def found(rows: list[dict[str, str]], part: str) -> list[tuple[str, str]]:
    return [(row["level"], row["text"]) for row in rows if row["part"] == part]


def test_init_makes_what_check_then_finds_right_and_keeps_what_exists(tmp_path: Path) -> None:
    file, database = tmp_path / "etc" / "bridge.toml", tmp_path / "state" / "bridge.sqlite"
    arguments = ("bridge", "init", "--config", str(file), "--database", str(database), "--imap", "mail.test:143")
    first = sealwax(*arguments)
    assert (first.returncode, first.stderr) == (0, "")
    secret = tmp_path / "etc" / "bridge.secrets" / "enrolment_key"
    assert re.fullmatch(r"[0-9a-f]{64}\n", secret.read_text())
    assert [mode_of(path) for path in (secret, secret.parent, database, database.parent)] == [
        "0o600", "0o700", "0o600", "0o700",
    ]  # fmt: skip
    assert 'security = "starttls"' in file.read_text()
    texts = (file.read_text(), secret.read_text())
    assert sealwax(*arguments).returncode == 0
    assert (file.read_text(), secret.read_text()) == texts


@pytest.mark.parametrize(
    ("service", "wrong", "right"),
    [
        ("bridge", ["--pages", "https://api.example.org"], []),
        ("bridge", ["--database", "mysql://u:not-for-others@h/x"], []),
        ("keys", ["--origin", "http://keys.example.org"], []),
        ("discovery", ["--domain", "no domain"], ["--domain", "example.org"]),
    ],
)
def test_a_wrong_value_for_init_leaves_nothing_that_a_second_try_keeps(
    run: RunCommand, tmp_path: Path, service: str, wrong: list[str], right: list[str]
) -> None:
    file = tmp_path / f"{service}.toml"
    here = [] if service == "discovery" else ["--database", str(tmp_path / "data.sqlite")]
    here += ["--ticket-key", TICKET_KEY] if service == "keys" else []
    done = run([service, "init", "-c", str(file), *here, *wrong])
    assert done["code"] == 2
    assert "not-for-others" not in done["output"]
    assert not file.exists()
    done = run([service, "init", "-c", str(file), *here, *right])
    assert f"{file} was written" in done["output"]


@pytest.mark.parametrize("service", ["bridge", "keys"])
def test_init_keeps_a_database_with_a_password_among_the_secrets(run: RunCommand, tmp_path: Path, service: str) -> None:
    file, url = tmp_path / f"{service}.toml", "postgresql+psycopg://sealwax:not-for-others@127.0.0.1:1/sealwax"
    arguments = [service, "init", "-c", str(file), "--database", url]
    arguments += ["--ticket-key", TICKET_KEY] if service == "keys" else ["--examples", str(tmp_path / "examples")]
    done = run(arguments)
    assert done["code"] == 2
    assert "the database cannot be used: it does not answer" in done["output"]
    assert "not-for-others" not in file.read_text() + done["output"]
    secret = tmp_path / f"{service}.secrets" / "database"
    assert (secret.read_text(), mode_of(secret)) == (f"{url}\n", "0o600")
    assert load_settings(KINDS[service], file).database.get_secret_value() == url
    if service == "bridge":
        unit = (tmp_path / "examples" / "systemd" / "sealwax-bridge.service").read_text()
        assert f"\nLoadCredential=database:{secret}\n" in unit
    # The same command goes on where the first one ended, also if the secret was not written yet.
    secret.unlink()
    run(arguments)
    assert secret.read_text() == f"{url}\n"


def test_a_database_without_a_password_stays_in_the_configuration(run: RunCommand, tmp_path: Path) -> None:
    file, url = tmp_path / "bridge.toml", "postgresql+psycopg://sealwax@127.0.0.1:1/sealwax"
    run(["bridge", "init", "-c", str(file), "--database", url])
    assert f'database = "{url}"' in file.read_text()
    assert not (tmp_path / "bridge.secrets" / "database").exists()
    file.chmod(0o644)
    done = run(["bridge", "check", "-c", str(file)])
    assert "has a secret" not in done["output"]
    file.write_text(file.read_text().replace("sealwax@", "sealwax:not-for-others@"))
    assert f"{file} has a secret and can be read by everybody" in run(["bridge", "check", "-c", str(file)])["output"]


def test_push_keys_makes_a_key_once_and_prints_its_public_half(run: RunCommand, tmp_path: Path) -> None:
    file = tmp_path / "bridge.toml"
    run(["bridge", "init", "-c", str(file), "--database", str(tmp_path / "bridge.sqlite")])
    done = run(["bridge", "push-keys", "-c", str(file)])
    secret = tmp_path / "bridge.secrets" / "push_key"
    made, public = done["output"].splitlines()
    assert made == f"{secret} was made: its unit needs the line LoadCredential=push_key:{secret}"
    assert mode_of(secret) == "0o600"
    assert public == public_key_text(bytes.fromhex(secret.read_text()))
    text = secret.read_text()
    assert run(["bridge", "push-keys", "-c", str(file)])["output"] == f"{public}\n"
    assert secret.read_text() == text


@pytest.mark.thorough
def test_the_two_services_share_no_secret(tmp_path: Path) -> None:
    bridge, keys = tmp_path / "bridge.toml", tmp_path / "keys.toml"
    assert sealwax("bridge", "init", "-c", str(bridge), "--database", str(tmp_path / "b.sqlite")).returncode == 0
    ticket = sealwax("bridge", "ticket-key", "-c", str(bridge)).stdout.strip()
    made = sealwax("keys", "init", "-c", str(keys), "--database", str(tmp_path / "k.sqlite"), "--ticket-key", ticket)
    assert (made.returncode, made.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "bridge.secrets").iterdir()} == {"enrolment_key"}
    assert {path.name for path in (tmp_path / "keys.secrets").iterdir()} == {"master_key"}
    assert f'ticket_key = "{ticket}"' in keys.read_text()
    done = sealwax("keys", "check", "-c", str(keys), "--json")
    assert done.returncode == 0, done.stdout
    (tmp_path / "keys.secrets" / "master_key").write_text("00" * 32)
    wrong = sealwax("keys", "check", "-c", str(keys))
    assert wrong.returncode == 1
    assert "another master key" in wrong.stdout


def test_check_says_what_is_wrong_with_each_part(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    code, rows = findings(site)
    assert code == 0, rows
    for part in ("settings", "database", "imap", "smtp"):
        assert [level for level, _ in found(rows, part)] == ["ok"], rows
    assert found(rows, "process")[0][0] == "warning"
    assert found(rows, "domains") == [
        ("warning", "addresses of every domain may sign in, and the bridge confirms them to the key server")
    ]
    secret = site.folder / "bridge.secrets" / "enrolment_key"
    secret.chmod(0o644)
    site.mail.stop()
    (site.folder / "state" / "bridge.sqlite").unlink()
    code, rows = findings(site)
    assert code == 1
    assert [level for part in ("imap", "smtp", "database") for level, _ in found(rows, part)] == ["error"] * 3
    assert found(rows, "files") == [("warning", f"{secret} can be read by everybody on this machine")]


@pytest.mark.thorough
def test_check_does_not_warn_of_other_domains_where_one_is_named(site: Site) -> None:
    site.file.write_text(site.file.read_text() + '\n[[domains]]\nname = "example.test"\n')
    assert sealwax("bridge", "init", *site.config).returncode == 0
    code, rows = findings(site)
    assert (code, found(rows, "domains")) == (0, [])


@pytest.mark.thorough
def test_check_tries_a_pop3_server_and_the_key_server(site: Site, tls_folder: Path) -> None:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    ports = {Security.IMPLICIT_TLS: free_port(), Security.STARTTLS: free_port()}
    text = re.sub(r"(?m)^mail\.imap\..*\n", "", site.file.read_text())
    keys = site.folder / "keys.toml"
    origin = re.findall(r'key_server_origin = "(.*)"', text)[0]
    text += f'mail.pop3.host = "127.0.0.1"\nmail.pop3.port = {ports[Security.STARTTLS]}\nmail.pop3.security = '
    site.file.write_text(text + '"starttls"\n')
    assert sealwax("bridge", "init", *site.config).returncode == 0
    level, sentence = found(findings(site)[1], "pop3")[0]
    assert (level, sentence) == ("error", f"127.0.0.1, port {ports[Security.STARTTLS]}: Connection refused")
    level, sentence = found(findings(site)[1], "key server")[0]
    assert level == "warning"
    assert sentence.startswith(f"{origin}: no answer")
    ticket = sealwax("bridge", "ticket-key", *site.config).stdout.strip()
    made = sealwax(
        "keys", "init", "-c", str(keys), "--database", str(site.folder / "keys.sqlite"), "--ticket-key", ticket,
        "--origin", origin, "--pages", site.pages,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    listen = origin.removeprefix("http://")
    variables = {"SEALWAX_SERVER__LISTEN": listen, "SEALWAX_TRUSTED_PROXIES": "0"}
    with (
        dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, more_settings=dovecot.pop3_settings(ports)),
        running("keys", "serve", "-c", str(keys), folder=site.folder, answers=f"{origin}/health", **variables),
    ):
        _, rows = findings(site)
        assert found(rows, "pop3")[0][0] == "ok", rows
        assert found(rows, "key server") == [("ok", f"{origin} answers")], rows
        site.file.write_text(text + '"tls"\n')
        assert "does not begin TLS" in found(findings(site)[1], "pop3")[0][1]


@pytest.mark.thorough
def test_check_names_a_certificate_that_is_not_trusted_and_a_wrong_kind_of_tls(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    text = site.file.read_text()
    site.file.write_text(re.sub(r"(?m)^mail.ca_file = .*\n", "", text))
    assert "not trusted" in found(findings(site)[1], "imap")[0][1]
    site.file.write_text(text.replace('mail.smtp.security = "starttls"', 'mail.smtp.security = "tls"'))
    assert "does not begin TLS" in found(findings(site)[1], "smtp")[0][1]


def test_check_says_that_a_server_takes_no_tokens(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    site.file.write_text(site.file.read_text() + "mail.oauthbearer = true\n")
    rows = findings(site)[1]
    for part in ("imap", "smtp"):
        ((level, text),) = found(rows, part)
        assert (level, text.partition("offers ")[2]) == ("error", "no SASL OAUTHBEARER or XOAUTH2")


def test_wrong_settings_end_serve_with_one_line_and_check_with_a_finding(site: Site) -> None:
    site.file.write_text(site.file.read_text() + "threads = 3\n")
    done = sealwax("bridge", "serve", *site.config)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("sealwax: threads: there is no such setting")
    assert findings(site)[0] == 1


def test_the_service_answers_health_readiness_and_metrics(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    with running("bridge", "serve", *site.config, folder=site.folder, answers=f"{site.api}/api/health") as service:
        assert get(f"{site.api}/api/health") == {"status": "ok", "proxies": "ok"}
        ready = {"status": "ok", "proxies": "ok", "database": "ok", "mailServers": "ok"}
        assert get(f"{site.api}/api/ready") == get(f"{site.watch}/ready") == ready
        with urllib.request.urlopen(f"{site.watch}/metrics", timeout=20) as answer:
            metrics = answer.read().decode()
        assert 'sealwax_request_seconds_count{method="GET",route="/api/health",status="200"}' in metrics
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{site.api}/metrics", timeout=20)
        assert service.end() == 0
    requests = [line for line in service.lines() if line["event"] == "request"]
    assert {line["route"] for line in requests} >= {"/api/health", "/api/ready", "unmatched"}
    assert all({"method", "route", "status", "seconds", "request_id"} <= set(line) for line in requests)


def test_an_untrusted_forwarded_address_is_an_error_that_is_logged_once_and_that_check_and_health_say(
    site: Site,
) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    with running("bridge", "serve", *site.config, folder=site.folder, answers=f"{site.api}/api/health") as service:
        for _ in range(2):
            get(f"{site.api}/api/health", X_Forwarded_For="192.0.2.7")
        assert get(f"{site.api}/api/ready")["proxies"] == "untrusted"
        code, rows = findings(site)
        service.end()
    assert code == 1
    assert any("X-Forwarded-For" in text for _, text in found(rows, "proxy"))
    logged = [line for line in service.lines() if line["logger"] == "sealwax.proxies"]
    assert [line["level"] for line in logged] == ["error"]
    assert "192.0.2.7" not in service.log.read_text()


UNREADABLE = {
    b"NONSENSE\r\n\r\n": 400,
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 414,
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n": 431,
    b"GET /api/health HTTP/1.1\r\nHost: other\r\n\r\n": 400,
}


def test_requests_that_cannot_be_read_are_answered_in_json(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    host, _, port = site.api.removeprefix("http://").partition(":")
    with running("bridge", "serve", *site.config, folder=site.folder, answers=f"{site.api}/api/health") as service:
        for request, status in UNREADABLE.items():
            with socket.create_connection((host, int(port)), timeout=20) as client:
                client.sendall(request)
                answer = http.client.HTTPResponse(client)
                answer.begin()
                assert answer.status == status
                assert set(json.loads(answer.read())) == {"code", "message"}
    assert "NONSENSE" not in service.log.read_text()


@pytest.mark.thorough
def test_hangup_reads_the_settings_anew_and_wrong_ones_change_nothing(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    with running("bridge", "serve", *site.config, folder=site.folder, answers=f"{site.api}/api/health") as service:
        good = site.file.read_text()
        site.file.write_text(f"nonsense = 1\n{good}")
        reload_and_wait(service, "not reloaded")
        site.file.write_text(f"max_message_bytes = 4711\n{good}")
        reload_and_wait(service, "settings-loaded", count=2)
        wait_until(lambda: get(f"{site.api}/api/config")["maxMessageBytes"] == 4711)
        assert service.end() == 0


def reload_and_wait(service: Any, text: str, count: int = 1) -> None:
    service.reload()
    wait_until(lambda: sum(text in line["event"] for line in service.lines()) >= count)


def wait_until(condition: Any) -> None:
    import time

    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_pages_are_a_service_of_their_own_without_secrets(site: Site) -> None:
    site.file.write_text(site.file.read_text() + f"pages.folder = {json.dumps(str(site.folder / 'built'))}\n")
    (site.folder / "built").mkdir()
    (site.folder / "built" / "index.html").write_text("<!doctype html>")
    (site.folder / "bridge.secrets").mkdir()
    (site.folder / "bridge.secrets" / "enrolment_key").write_text("unreadable")
    with running("bridge", "pages", *site.config, folder=site.folder, answers=f"{site.pages}/config.json") as service:
        assert get(f"{site.pages}/config.json")["api"] == site.api
        assert service.end() == 0


@contextmanager
def dns_names_servers(site: Site) -> Iterator[Zone]:
    """A DNS that names servers for example.test, and a configuration that asks it."""
    services = {
        "_imaps._tcp.example.test": ["0 1 993 localhost."],
        "_submissions._tcp.example.test": ["0 1 465 localhost."],
    }
    with run_dns(Zone(services=services)) as zone:
        domain = '[[domains]]\nname = "example.test"\nfind_servers = true\n'
        resolver = f'[[directory.name_servers]]\naddress = "127.0.0.1"\nport = {zone.port}\n'
        site.file.write_text(f"{site.file.read_text()}\n{domain}{resolver}")
        yield zone


@pytest.mark.thorough
def test_check_shows_the_servers_that_the_dns_names_and_uses_them_once_accepted(site: Site) -> None:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    with dns_names_servers(site) as zone:
        ((level, text),) = found(findings(site)[1], "dns")
        assert level == "error"
        assert "example.test: mail at localhost, port 993" in text
        assert "none is used yet" in text
        assert sealwax("bridge", "check", *site.config, "--accept-servers").returncode == 1  # Nothing answers there.
        ((level, _),) = found(findings(site)[1], "dns")
        assert level == "ok"
        zone.services["_imaps._tcp.example.test"] = ["0 1 993 stranger.test."]
        ((level, text),) = found(findings(site)[1], "dns")
        assert level == "error"
        assert "localhost, port 993 and localhost, port 465 stay in use" in text


@pytest.mark.thorough
@pytest.mark.parametrize("options", [(), ("--accept-servers",)])
def test_check_changes_no_database_that_is_not_up_to_date(site: Site, options: tuple[str, ...]) -> None:
    with dns_names_servers(site):
        database = site.folder / "state" / "bridge.sqlite"
        database.parent.mkdir()
        done = sealwax("bridge", "check", *site.config, *options)
        assert (done.returncode, done.stderr) == (1, "")
        assert not database.exists()
        assert sealwax("bridge", "init", *site.config).returncode == 0
        sealwax("bridge", "step-back", *site.config)
        before = SCHEMA.state(database)
        done = sealwax("bridge", "check", *site.config, "--json", *options)
        (dns,) = found(json.loads(done.stdout)["findings"], "dns")
        assert dns[0] == ("error" if options else "warning")
        assert "example.test: mail at localhost, port 993" in dns[1]
        assert SCHEMA.state(database) == before
        assert before.status is SchemaStatus.OLDER
