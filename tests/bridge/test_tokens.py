"""Bearer tokens in place of passwords (RFC 7628): Dovecot by IMAP, POP3 and submission, and refusals by scripts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.servers import dovecot
from tests.support.servers.bridge import API, FROM_PAGES, bridge_before, error_of, get, send, sign_in
from tests.support.servers.lying_server import POP3, SMTP, Close, LyingServer, Script, Step, TakeLine
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, SOMEWHERE, accounts_at
from tests.support.servers.ports import free_port
from tests.support.servers.tokens import KEY, jwt, sign_in_by
from webbridge.database import SCHEMA
from webbridge.gateway import Credentials, MailServer, Secret, ServerAddress
from webbridge.gateway.bearer import first_message
from webbridge.gateway.door import MAX_TOKEN_CHARACTERS, GatewayError, MailAccount, Security, check_token
from webbridge.login.sessions import SessionStore
from webbridge.operation import checking

pytestmark = pytest.mark.server

TOKEN = "mF_9.B5f-4.1JqM"  # The example of RFC 6750.
MESSAGE = b"From: alice@example.test\r\nMessage-ID: <token@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
OFFER = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=OAUTHBEARER\r\nTAG OK\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A Dovecot that takes passwords and tokens, and the server to which its submission service passes mail on."""

    imap: MailServer
    pop3: MailServer
    relay: LyingServer


@pytest.fixture(scope="module")
def rig(tls_folder: Path) -> Iterator[Rig]:
    if dovecot.BINARY is None or not Path("/usr/lib/dovecot/pop3").exists():
        pytest.skip("dovecot-pop3d is not installed")
    folder = dovecot.new_folder()
    pop3_ports, submission_ports = ({security: free_port() for security in Security} for _ in range(2))
    with ExitStack() as stack:
        relay = stack.enter_context(LyingServer(SMTP, tls_folder=tls_folder))
        settings = [
            dovecot.pop3_settings(pop3_ports),
            dovecot.submission_settings(submission_ports, relay_port=relay.address().smtp.port),
            "protocols = imap pop3 submission\nsubmission_relay_ssl = smtps\nsubmission_relay_ssl_verify = no\n",
            dovecot.token_settings(folder, KEY),
        ]
        running = dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, folder=folder, more_settings="".join(settings))
        imap = MailServer(
            imap=stack.enter_context(running)[Security.IMPLICIT_TLS],
            smtp=ServerAddress(host=dovecot.HOST, port=submission_ports[Security.IMPLICIT_TLS]),
            ca_file=tls_folder / "tls_ca.pem",
            takes_tokens=True,
        )
        pop3 = ServerAddress(host=dovecot.HOST, port=pop3_ports[Security.IMPLICIT_TLS])
        yield Rig(imap=imap, pop3=replace(imap, imap=None, pop3=pop3), relay=relay)


@pytest.fixture(params=["imap", "pop3"])
def browser(rig: Rig, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    with bridge_before(getattr(rig, request.param)) as browser:
        yield browser


# A short token fits into the command of POP3 and SMTP, and a long one follows on a line of its own.
@pytest.mark.parametrize("padding", [0, 2000])
def test_a_token_reads_and_sends_mail(rig: Rig, browser: FlaskClient, padding: int) -> None:
    rig.relay.messages.clear()
    assert sign_in_by(browser, jwt(padding=padding)).get_json()["address"] == ALICE
    assert get(browser, "/api/folders").status_code == 200
    assert send(browser, MESSAGE, BOB).get_json()["outcome"] == "sent"
    (sent,) = rig.relay.messages
    assert sent.endswith(MESSAGE)


def test_the_password_still_signs_in(browser: FlaskClient) -> None:
    assert sign_in(browser).status_code == 200
    assert get(browser, "/api/folders").status_code == 200


@pytest.mark.parametrize(
    "token",
    [jwt(expires_in=-60), jwt(key=bytes(32)), jwt(BOB), "mF_9.B5f-4.1JqM"],
    ids=["expired", "forged", "for another", "no token"],
)
def test_a_token_that_dovecot_refuses_is_a_wrong_password(browser: FlaskClient, token: str) -> None:
    answer = sign_in_by(browser, token)
    assert error_of(answer) == (401, "login-refused")
    assert answer.get_json()["failure"] == "wrong-password"


def test_check_finds_that_the_servers_take_tokens(rig: Rig) -> None:
    findings = [checking._check_imap(rig.imap), checking._check_pop3(rig.pop3), checking._check_smtp(rig.imap)]
    assert [finding.level.value for finding in findings] == ["ok"] * 3


# The door


@pytest.mark.parametrize(
    "token",
    ["", "a\r\nb", "a\nb", "a\0b", "a\x01b", "a b", "a=b", "=", "ä", "a,b", "a" * (MAX_TOKEN_CHARACTERS + 1)],
)
def test_a_text_that_is_no_token_reaches_no_server(imap: LyingServer, token: str) -> None:
    with bridge_before(replace(imap.address(), takes_tokens=True)) as browser:
        assert error_of(sign_in_by(browser, token)) == (400, "bad-argument")
    assert imap.commands("") == []


@pytest.mark.parametrize(
    "members", [{"token": 1}, {"token": None}, {"token": "\ud800"}, {"token": TOKEN, "password": "x"}, {}]
)
def test_a_sign_in_has_either_a_password_or_a_token(imap: LyingServer, members: dict[str, object]) -> None:
    with bridge_before(replace(imap.address(), takes_tokens=True)) as browser:
        answer = browser.post("/api/session", base_url=API, headers=FROM_PAGES, json={"address": ALICE, **members})
        assert error_of(answer) == (400, "bad-request")
    assert imap.commands("") == []


def test_servers_that_are_not_configured_for_tokens_get_none(imap: LyingServer) -> None:
    imap.answers["CAPABILITY"] = [OFFER]
    with bridge_before(imap.address()) as browser:
        assert error_of(sign_in_by(browser, TOKEN)) == (422, "not-offered")
    assert imap.commands("") == []


def test_the_first_message_is_that_of_the_rfc() -> None:
    """RFC 7628 section 4.1, with a login name that has the letters of RFC 5801 section 4."""
    address = ServerAddress(host="server.example.com", port=143)
    account = MailAccount(address=ALICE, login="us,er=x", server=replace(SOMEWHERE, takes_tokens=True))
    message = first_message(check_token(account, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="), address)
    assert message == (
        b"n,a=us=2Cer=3Dx,\x01host=server.example.com\x01port=143\x01"
        b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )


# Refusals


def reason(status: object) -> bytes:
    return base64.b64encode(json.dumps({"status": status, "scope": "mail"}).encode())


ENDS = {
    "invalid_token": (reason("invalid_token"), b"NO [AUTHENTICATIONFAILED] no", (401, "login-refused")),
    "no code": (reason("invalid_token"), b"NO", (401, "login-refused")),
    "a number": (reason(401), b"NO no", (401, "login-refused")),
    "no JSON": (base64.b64encode(b"[[[" * 9999), b"NO no", (401, "login-refused")),
    "a list": (base64.b64encode(b"[]"), b"NO no", (401, "login-refused")),
    "insufficient_scope": (reason("insufficient_scope"), b"NO no", (502, "mail-server-misconfigured")),
    "invalid_request": (reason("invalid_request"), b"NO no", (502, "mail-server-misconfigured")),
    "later": (reason("invalid_token"), b"NO [UNAVAILABLE] later", (503, "mail-server-busy")),
    "bad": (reason("invalid_token"), b"BAD what", (502, "mail-server-misconfigured")),
    "no base64": (b"abc", b"NO no", (401, "login-refused")),
}


def refusal(name: str) -> list[Step]:
    challenge, end, _ = ENDS[name]
    return [b"+ \r\n", TakeLine(), b"+ " + challenge + b"\r\n", TakeLine(), b"TAG " + end + b"\r\n", Close()]


def decoded(lines: list[bytes]) -> list[bytes]:
    return [base64.b64decode(line) for line in lines]


@pytest.mark.parametrize("name", ENDS)
def test_a_server_that_gives_a_reason_gets_one_byte_and_then_refuses(imap: LyingServer, name: str) -> None:
    imap.answers |= {"CAPABILITY": [OFFER], "GREETING": [b"* OK hello\r\n"], "AUTHENTICATE OAUTHBEARER": refusal(name)}
    with bridge_before(replace(imap.address(), takes_tokens=True)) as browser:
        answer = sign_in_by(browser, TOKEN)
    assert error_of(answer) == ENDS[name][2]
    assert TOKEN not in answer.get_data(as_text=True)
    first, *rest = decoded([line for line in imap.taken if line])
    assert first.endswith(b"\x01auth=Bearer mF_9.B5f-4.1JqM\x01\x01")
    assert rest == [b"\x01"]


def test_only_a_refused_token_ends_the_session(imap: LyingServer) -> None:
    accepted: list[Step] = [b"+ \r\n", TakeLine(), b"TAG OK\r\n"]
    imap.answers |= {"CAPABILITY": [OFFER], "GREETING": [b"* OK hello\r\n"], "AUTHENTICATE OAUTHBEARER": accepted}
    with bridge_before(replace(imap.address(), takes_tokens=True)) as browser:
        assert sign_in_by(browser, TOKEN).status_code == 200
        imap.answers |= {"LIST": [Close()], "AUTHENTICATE OAUTHBEARER": refusal("insufficient_scope")}
        assert error_of(get(browser, "/api/folders")) == (502, "mail-server-misconfigured")
        assert get(browser, "/api/session").status_code == 200
        imap.answers["AUTHENTICATE OAUTHBEARER"] = refusal("invalid_token")
        answer = get(browser, "/api/folders")
        assert error_of(answer) == (401, "session-ended")
        assert "no longer accepts the token" in answer.get_json()["message"]


def test_an_imap_server_without_the_mechanism_is_misconfigured(imap: LyingServer) -> None:
    with bridge_before(replace(imap.address(), takes_tokens=True)) as browser:
        assert error_of(sign_in_by(browser, TOKEN)) == (502, "mail-server-misconfigured")
    assert imap.commands("AUTH") == []


POP3_ENDS: dict[str, tuple[list[Step], int]] = {
    "invalid_token": ([b"+ " + reason("invalid_token") + b"\r\n", TakeLine(), b"-ERR [AUTH] no\r\n"], 401),
    "at once": ([b"-ERR [AUTH] no\r\n"], 401),
    "no base64": ([b"+ !!!\r\n", TakeLine(), b"-ERR [AUTH] no\r\n"], 401),
    "insufficient_scope": ([b"+ " + reason("insufficient_scope") + b"\r\n", TakeLine(), b"-ERR [AUTH] no\r\n"], 502),
    "in use": ([b"+ " + reason("invalid_token") + b"\r\n", TakeLine(), b"-ERR [IN-USE] later\r\n"], 503),
    "nonsense": ([b"nonsense\r\n"], 502),
}


@pytest.mark.parametrize("name", POP3_ENDS)
@pytest.mark.parametrize("length", [20, 2000])
def test_a_pop3_server_refuses_in_the_same_way(tls_folder: Path, name: str, length: int) -> None:
    steps, status = POP3_ENDS[name]
    capa = b"+OK\r\nSASL PLAIN OAUTHBEARER\r\nUIDL\r\nAUTH-RESP-CODE\r\n.\r\n"
    prompt: list[Step] = [b"+ \r\n", TakeLine()]
    script: Script = {**POP3, "CAPA": [capa], "AUTH OAUTHBEARER": [*(prompt if length > 200 else []), *steps]}
    with LyingServer(script, tls_folder=tls_folder) as server:
        with bridge_before(replace(server.pop3_address(), takes_tokens=True)) as browser:
            assert sign_in_by(browser, "t" * length).status_code == status
        if len(steps) > 1:
            assert server.taken[-1] == b"AQ=="
        command = server.commands("AUTH OAUTHBEARER")[0]
        assert (len(command.split()) == 3) == (length == 20)


SMTP_ENDS: dict[str, tuple[list[Step], int, str]] = {
    "invalid_token": ([b"334 " + reason("invalid_token") + b"\r\n", TakeLine(), b"535 no\r\n"], 502, "have expired"),
    "at once": ([b"535 no\r\n"], 502, "have expired"),
    "later": ([b"334 " + reason("invalid_token") + b"\r\n", TakeLine(), b"454 later\r\n"], 503, "Try again later"),
    "no such thing": ([b"504 what\r\n"], 502, "refused to sign you in"),
}  # fmt: skip


@pytest.mark.parametrize("name", SMTP_ENDS)
@pytest.mark.parametrize("length", [20, 2000])
def test_a_server_for_outgoing_mail_that_refuses_the_token_ends_no_session(
    imap: LyingServer, smtp: LyingServer, name: str, length: int
) -> None:
    steps, status, words = SMTP_ENDS[name]
    prompt: list[Step] = [b"334 \r\n", TakeLine()]
    accepted: list[Step] = [b"+ \r\n", TakeLine(), b"TAG OK\r\n"]
    imap.answers |= {"CAPABILITY": [OFFER], "GREETING": [b"* OK hello\r\n"], "AUTHENTICATE OAUTHBEARER": accepted}
    smtp.answers["EHLO"] = [b"250-here\r\n250 AUTH PLAIN OAUTHBEARER\r\n"]
    smtp.answers["AUTH OAUTHBEARER"] = [*(prompt if length > 400 else []), *steps]
    with bridge_before(replace(imap.address(), smtp=smtp.address().smtp, takes_tokens=True)) as browser:
        assert sign_in_by(browser, "t" * length).status_code == 200
        answer = send(browser, MESSAGE, BOB)
        assert answer.status_code == status
        assert words in answer.get_json()["message"]
        assert get(browser, "/api/session").status_code == 200
    if len(steps) > 1:
        assert smtp.taken[-1] == b"AQ=="
    assert smtp.messages == []


def test_seven_refused_tokens_are_as_many_as_seven_wrong_passwords(imap: LyingServer) -> None:
    imap.answers |= {
        "CAPABILITY": [OFFER], "GREETING": [b"* OK hello\r\n"], "AUTHENTICATE OAUTHBEARER": refusal("invalid_token"),
    }  # fmt: skip
    with bridge_before(replace(imap.address(), takes_tokens=True)) as browser:
        codes = [sign_in_by(browser, TOKEN).status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2


# Sessions


def store_at(server: MailServer, database: Any, clock: FakeClock) -> SessionStore:
    return SessionStore(database, accounts=accounts_at(server), idle_seconds=900, absolute_seconds=3_600, clock=clock)


def test_a_session_keeps_its_token_as_a_token_and_only_for_servers_that_take_one(
    tmp_path: Path, clock: FakeClock
) -> None:
    server = replace(SOMEWHERE, takes_tokens=True)
    account = MailAccount(address=ALICE, login=ALICE, server=server)
    database = SCHEMA.open(tmp_path / "bridge.sqlite")
    cookie, _ = store_at(server, database, clock).create(check_token(account, TOKEN), origin="", program="")
    session = store_at(server, database, clock).find(cookie)
    assert session is not None
    assert session.credentials == Credentials(account=account, password=TOKEN, kind=Secret.TOKEN)
    assert store_at(SOMEWHERE, database, clock).find(cookie) is None
    assert TOKEN not in repr(session)
    database.close()
    assert TOKEN.encode() not in (tmp_path / "bridge.sqlite").read_bytes()


def test_a_password_that_looks_like_a_marked_token_is_refused(imap: LyingServer) -> None:
    with bridge_before(replace(imap.address(), takes_tokens=True)) as browser:
        assert error_of(sign_in(browser, ALICE, "\0" + TOKEN)) == (400, "bad-argument")
    with pytest.raises(GatewayError):
        check_token(MailAccount(address=ALICE, login="a\0b", server=replace(SOMEWHERE, takes_tokens=True)), TOKEN)
