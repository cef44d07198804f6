"""The tables `[parcel_notices]` and `[parcel_limits]`, and the operator's commands about blocks and counts."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from sealwax.operation.findings import Level
from sealwax.operation.settings import WrongSettings, load_settings
from smime_core import blocking
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.providers.native import NativeProvider
from tests.support.parcel_rows import PARCEL_ID, RECIPIENT, SENDER, SERVICE, add_parcel
from tests.support.servers.certifier import socket_path
from tests.support.servers.own_process import running, sealwax
from tests.support.servers.parcels import Draft
from tests.support.servers.ports import free_port
from tests.support.servers.post import Post, serving
from webbridge.database import SCHEMA
from webbridge.database.tables import PARCEL_COMPLAINT
from webbridge.delivery.abuse.blocks import Blocks
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.tokens import Tokens
from webbridge.operation.checking import _check_keys, _check_notices
from webbridge.operation.settings import BridgeSettings

pytestmark = pytest.mark.server
KEY = "44" * 32
GOOD = """
api_origin = "https://api.example.test"
api_prefix = "/mail"
pages_origin = "https://mail.example.test"
key_server_origin = "https://keys.example.test"
database = "{database}"
[mail.imap]
host = "imap.example.test"
port = 993
[mail.smtp]
host = "smtp.example.test"
port = 465
"""
REPORT = """Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <1795780800.0123456789abcdef01234567@example.test>

--b--
"""
NOTICES = f'[parcel_notices]\nhost = "127.0.0.1"\nsecurity = "none"\nsender = "{SERVICE}"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "bridge.secrets").mkdir()
    (tmp_path / "bridge.secrets" / "enrolment_key").write_text(KEY + "\n")
    (tmp_path / "bridge.toml").write_text(GOOD.format(database=tmp_path / "bridge.sqlite"))
    return tmp_path / "bridge.toml"


@pytest.fixture
def identity_file(tmp_path: Path) -> Path:
    provider, at = NativeProvider(), datetime.now(UTC)
    authority = blocking.run(create_authority("Test authority", provider, at=at))
    identity = blocking.run(issue_identity(authority, SERVICE, provider, at=at))
    file = tmp_path / "parcels.p12"
    file.write_bytes(blocking.export_identity(identity, b"secret", provider=provider))
    return file


def add(file: Path, *lines: str) -> None:
    with file.open("a") as opened:
        opened.write("\n".join(lines) + "\n")


def problem_of(file: Path) -> str:
    with pytest.raises(WrongSettings) as wrong:
        load_settings(BridgeSettings, file).to_config()
    (problem,) = wrong.value.problems
    return problem


def test_without_a_mail_server_nobody_is_told(file: Path) -> None:
    config = load_settings(BridgeSettings, file).to_config()
    assert config.parcel_notices is None
    finding = _check_notices(config)
    assert finding.level is Level.WARNING
    assert "no mail" in finding.text


def test_the_settings_name_the_mail_server_the_certificate_and_the_links(
    file: Path, identity_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALWAX_PARCEL_NOTICES__IDENTITY_PASSWORD", "secret")
    add(file, NOTICES, f'identity_file = "{identity_file}"', 'language = "fr"')
    notices = load_settings(BridgeSettings, file).to_config().parcel_notices
    assert notices is not None
    assert (notices.submission.host, notices.submission.port, notices.language) == ("127.0.0.1", 465, "fr")
    assert notices.head.signer is not None
    assert notices.head.parcel_url(PARCEL_ID) == f"https://mail.example.test/parcel.html#{PARCEL_ID}"
    assert notices.head.refusal_url("x", notices.language).startswith("https://api.example.test/mail/api/refusals/x?")


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (('[parcel_notices]\nhost = "127.0.0.1"',), "sender: a mail address without quotes is expected"),
        (('[parcel_notices]\nhost = "smtp.example.org"\nsecurity = "none"\nsender = "a@b.c"',), "tls or starttls"),
        ((NOTICES, 'identity_file = "/missing.p12"'), "/missing.p12 cannot be read: No such file"),
        (("[parcel_limits]", "sender_recipients = 0"), "sender_recipients"),
    ],
)
def test_settings_that_could_not_work_are_named(lines: tuple[str, ...], named: str, file: Path) -> None:
    add(file, *lines)
    assert named in problem_of(file)


def test_a_certificate_of_another_address_is_refused(
    file: Path, identity_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALWAX_PARCEL_NOTICES__IDENTITY_PASSWORD", "secret")
    add(file, NOTICES.replace(SERVICE, "other@example.test"), f'identity_file = "{identity_file}"')
    assert "has no key with a certificate for other@example.test" in problem_of(file)


def test_check_tries_the_mail_server_and_misses_the_certificate(file: Path) -> None:
    post = Post()
    with serving(post) as submission:
        add(file, NOTICES, f"port = {submission.port}")
        config = load_settings(BridgeSettings, file).to_config()
        finding = _check_notices(config)
        assert (finding.level, post.mails) == (Level.WARNING, [])
        assert "no signature" in finding.text
    assert _check_notices(config).level is Level.ERROR


def test_check_tries_whether_the_mail_server_takes_mails_of_the_sender(file: Path) -> None:
    post = Post(refused_senders={SERVICE: "553 5.7.1 Sender address rejected"})
    with serving(post) as submission:
        add(file, NOTICES, f"port = {submission.port}")
        finding = _check_notices(load_settings(BridgeSettings, file).to_config())
    assert (finding.level, "answer 553 to the sender" in finding.text) == (Level.ERROR, True)
    assert post.mails == []


def test_check_looks_whether_the_signing_service_listens(file: Path) -> None:
    config = load_settings(BridgeSettings, file).to_config()
    with socket_path() as path:
        parcels = ParcelsConfig(store="/srv/parcels", pepper=bytes(32), key_socket=path)
        without_mail = replace(config, parcels=parcels)
        assert _check_keys(without_mail).level is Level.ERROR
        add(file, NOTICES)
        notices = load_settings(BridgeSettings, file).to_config().parcel_notices
        config = replace(without_mail, parcel_notices=notices)
        assert "nobody listens" in _check_keys(config).text
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
            bound.listen()
            assert _check_keys(config).level is Level.OK


@pytest.fixture
def filled(file: Path, tmp_path: Path) -> Path:
    """A configuration whose database has a parcel and a complaint."""
    at = datetime.now(UTC)
    with closing(SCHEMA.open(tmp_path / "bridge.sqlite")) as database:
        add_parcel(database, at)
        row = {
            "id": "1",
            "parcel": PARCEL_ID,
            "sender": SENDER,
            "domain": "example.test",
            "reason": "deceit",
            "client": b"",
            "at": at.timestamp(),
            "settled_at": 0.0,
        }
        with database.transaction() as rows:
            rows.execute(insert(PARCEL_COMPLAINT), row)
    return file


def run(*arguments: str, file: Path) -> tuple[int, str]:
    done = sealwax("bridge", *arguments, "--config", str(file))
    return done.returncode, done.stdout + done.stderr


def test_the_operator_makes_lists_and_revokes_tokens(filled: Path, tmp_path: Path) -> None:
    code, token = run("parcel-tokens", "add", "Alice@example.test", "laptop", "--days", "9", file=filled)
    assert code == 0
    with closing(SCHEMA.open(tmp_path / "bridge.sqlite")) as database:
        tokens = Tokens(database, clock=lambda: datetime.now(UTC))
        assert tokens.address_of(token.strip()) == SENDER
        assert "You have a token of this name" in run("parcel-tokens", "add", SENDER, "laptop", file=filled)[1]
        code, listed = run("parcel-tokens", "list", SENDER, file=filled)
        assert code == 0
        assert listed.startswith("laptop since ")
        assert token.strip() not in listed
        assert run("parcel-tokens", "revoke", SENDER, "laptop", file=filled) == (0, "")
        assert tokens.list(SENDER) == []
    assert "no token of this name" in run("parcel-tokens", "revoke", SENDER, "laptop", file=filled)[1]
    # The small letter of the Kelvin sign is the k of another person. The last one is spelled as no session is.
    for address in ("nobody", "\u212aate@example.test", "alice@b\u00fccher.test"):
        assert "expected a mail address" in run("parcel-tokens", "add", address, "laptop", file=filled)[1]


def test_the_operator_adds_lists_and_removes_blocks(filled: Path, tmp_path: Path) -> None:
    assert run("parcel-blocks", "add", "sender", "Alice@EXAMPLE.test", "--days", "30", file=filled)[0] == 0
    assert run("parcel-blocks", "add", "domain", "evil.test", file=filled)[0] == 0
    code, text = run("parcel-blocks", "list", file=filled)
    domain, sender = text.splitlines()
    assert code == 0
    assert domain.startswith("domain evil.test operator since ")
    assert domain.endswith(" always")
    assert sender.startswith(f"sender {SENDER} operator since ")
    assert " until " in sender
    assert run("parcel-blocks", "remove", "sender", SENDER, file=filled) == (0, "")
    assert "there is no block" in run("parcel-blocks", "remove", "sender", SENDER, file=filled)[1]
    assert "a domain as example.org is expected" in run("parcel-blocks", "add", "domain", SENDER, file=filled)[1]
    with closing(SCHEMA.open(tmp_path / "bridge.sqlite")) as database:
        assert [block.name for block in Blocks(database).all(datetime.now(UTC))] == ["evil.test"]
        with database.reading() as rows:
            assert rows.execute(PARCEL_COMPLAINT.select()).one().settled_at > 0


def test_counts_have_numbers_and_name_nobody(filled: Path) -> None:
    code, text = run("parcel-counts", file=filled)
    assert code == 0
    assert text.splitlines() == [
        "parcels submitted 1",
        "bytes 3400900",
        "from example.test 1 by 1",
        "notices pending 1",
        "complaints example.test deceit 1",
    ]
    for private in (SENDER, PARCEL_ID, "bob"):
        assert private not in text


def test_a_mail_server_hands_over_what_came_back(filled: Path) -> None:
    command = ("bridge", "parcel-returns", "--config", str(filled))
    done = sealwax(*command, typed="Subject: Hello\r\n\r\n" + "x" * 2_000_000)
    assert (done.returncode, done.stdout) == (0, "this is no report that a notice was not delivered\n")
    done = sealwax(*command, typed=REPORT)
    assert (done.returncode, done.stdout) == (0, "no notice waits for such a report\n")
    filled.write_text(filled.read_text().replace("bridge.sqlite", "nowhere/bridge.sqlite"))
    # EX_TEMPFAIL, after which the mail server tries again.
    assert sealwax(*command, typed=REPORT).returncode == 75


def test_a_parcel_at_the_bridge_brings_a_mail(file: Path, tmp_path: Path) -> None:
    """`sealwax bridge serve` sends, in a process of its own, by the mail server of its configuration."""
    (tmp_path / "bridge.secrets" / "parcel_pepper").write_text(KEY + "\n")
    port, post = free_port(), Post()
    with serving(post) as submission:
        text = file.read_text().replace("https://api.example.test", f"http://127.0.0.1:{port}")
        file.write_text(f"trusted_proxies = 0\n{text}")
        add(file, NOTICES, f"port = {submission.port}", f'[parcels]\nstore = "{tmp_path / "store"}"')
        add(file, f'[server]\nlisten = "127.0.0.1:{port}"\nworkers = 2')
        address = f"http://127.0.0.1:{port}/mail/api"
        with running("bridge", "serve", "--config", str(file), folder=tmp_path, answers=f"{address}/health") as bridge:
            with closing(SCHEMA.open(tmp_path / "bridge.sqlite")) as database:
                token = Tokens(database, clock=lambda: datetime.now(UTC)).make(SENDER, "test", 1)
            draft = Draft(to=(RECIPIENT,))
            request = urllib.request.Request(
                f"{address}/parcels", data=draft.body(whole=True), headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                reference = json.load(answer)["reference"]
            deadline = time.monotonic() + 120
            while not post.mails and time.monotonic() < deadline:
                time.sleep(0.1)
            assert bridge.end() == 0
    (mail,) = post.mails
    assert post.recipients == [[RECIPIENT]]
    assert reference in mail["Subject"]
    assert draft.id in mail.get_content()
