"""The bridge signs in by what a server offers (RFC 4954, RFC 3501, RFC 5034): a real server, then scripted ones."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from scramp import ScramMechanism

from tests.support.servers import dovecot
from tests.support.servers.bridge import bridge_before, error_of, get, send, sign_in
from tests.support.servers.lying_server import IMAP, SMTP, LyingServer, Reply, Step, TakeLine
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.ports import free_port
from tests.support.servers.tokens import KEY, jwt, sign_in_by
from webbridge.gateway import MailServer, Security, ServerAddress
from webbridge.gateway.sasl import MAX_ITERATIONS
from webbridge.operation import checking

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nMessage-ID: <way@example.test>\r\nSubject: x\r\n\r\nHello\r\n"
TLS = Security.IMPLICIT_TLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A Dovecot with one mechanism: its mailbox by IMAP and by POP3, and where its submission passes mail on."""

    servers: dict[str, MailServer]
    relay: LyingServer


@pytest.fixture(scope="module", params=["scram-sha-256", "login", "xoauth2"])
def rig(tls_folder: Path, request: pytest.FixtureRequest) -> Iterator[Rig]:
    if dovecot.BINARY is None or not Path("/usr/lib/dovecot/pop3").exists():
        pytest.skip("dovecot-pop3d is not installed")
    folder = dovecot.new_folder()
    pop3, submission = ({security: free_port() for security in Security} for _ in range(2))
    is_token = request.param == "xoauth2"
    with ExitStack() as stack:
        relay = stack.enter_context(LyingServer(SMTP, tls_folder=tls_folder))
        settings = [
            dovecot.pop3_settings(pop3),
            dovecot.submission_settings(submission, relay_port=relay.address().smtp.port),
            "protocols = imap pop3 submission\nsubmission_relay_ssl = smtps\nsubmission_relay_ssl_verify = no\n",
            dovecot.token_settings(folder, KEY, "xoauth2") if is_token else "",
            f"auth_mechanisms = {request.param}\ndisable_plaintext_auth = yes\n",
        ]
        running = dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, folder=folder, more_settings="".join(settings))
        imap = MailServer(
            imap=stack.enter_context(running)[TLS],
            smtp=ServerAddress(host=dovecot.HOST, port=submission[TLS]),
            ca_file=tls_folder / "tls_ca.pem",
            takes_tokens=is_token,
        )
        mailbox = ServerAddress(host=dovecot.HOST, port=pop3[TLS])
        yield Rig(servers={"imap": imap, "pop3": replace(imap, imap=None, pop3=mailbox)}, relay=relay)


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_dovecot_with_one_mechanism_reads_and_sends(rig: Rig, protocol: str) -> None:
    rig.relay.messages.clear()
    server = rig.servers[protocol]
    with bridge_before(server) as browser:
        signed_in = sign_in_by(browser, jwt()) if server.takes_tokens else sign_in(browser)
        assert signed_in.status_code == 200
        assert get(browser, "/api/folders").status_code == 200
        assert send(browser, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert len(rig.relay.messages) == 1


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_wrong_secret_is_refused_as_such(rig: Rig, protocol: str) -> None:
    server = rig.servers[protocol]
    with bridge_before(server) as browser:
        wrong = sign_in_by(browser, jwt(BOB)) if server.takes_tokens else sign_in(browser, password="wrong")
    assert error_of(wrong) == (401, "login-refused")


def test_check_finds_what_dovecot_offers(rig: Rig) -> None:
    imap, pop3 = rig.servers["imap"], rig.servers["pop3"]
    findings = [checking._check_imap(imap), checking._check_pop3(pop3), checking._check_smtp(imap)]
    assert [finding.level.value for finding in findings] == ["ok"] * 3


# Submission servers


LOGIN: list[Step] = [b"334 VXNlcm5hbWU6\r\n", TakeLine(), b"334 UGFzc3dvcmQ6\r\n", TakeLine(), b"235 in\r\n"]


def lines_of(*texts: str) -> list[bytes]:
    return [base64.b64encode(text.encode()) for text in texts]


@pytest.fixture
def browser(imap: LyingServer, smtp: LyingServer) -> Iterator[FlaskClient]:
    with bridge_before(replace(imap.address(timeout_seconds=2.0), smtp=smtp.address().smtp)) as browser:
        assert sign_in(browser).status_code == 200
        yield browser


@pytest.mark.parametrize("offer", [b"AUTH LOGIN XOAUTH2", b"AUTH=LOGIN", b"auth login", b"AUTH=CRAM-MD5 LOGIN"])
def test_a_server_that_offers_only_login_gets_login(browser: FlaskClient, smtp: LyingServer, offer: bytes) -> None:
    smtp.answers |= {"EHLO": [b"250-here\r\n250 " + offer + b"\r\n"], "AUTH LOGIN": LOGIN}
    assert send(browser, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert smtp.taken[:2] == lines_of(ALICE, PASSWORDS[ALICE])


def test_a_server_that_offers_no_login_trusts_the_address(browser: FlaskClient, smtp: LyingServer) -> None:
    smtp.answers["EHLO"] = [b"250-here\r\n250 8BITMIME\r\n"]
    assert send(browser, MESSAGE, BOB).get_json()["outcome"] == "sent"
    assert smtp.commands("AUTH") == []
    finding = checking._check_smtp(smtp.address())
    assert (finding.level.value, "trusts the address" in finding.remedy) == ("warning", True)


def test_a_server_with_no_known_mechanism_gets_no_password(browser: FlaskClient, smtp: LyingServer) -> None:
    smtp.answers["EHLO"] = [b"250-here\r\n250 AUTH CRAM-MD5 GSSAPI\r\n"]
    answer = send(browser, MESSAGE, BOB)
    assert answer.get_json()["failure"] == "misconfigured"
    assert "CRAM-MD5 GSSAPI" in answer.get_json()["message"]
    assert smtp.commands("AUTH") == []
    assert "allow one of PLAIN" in checking._check_smtp(smtp.address()).remedy


@pytest.mark.parametrize("refusal", [b"504 5.5.4 no\r\n", b"534 5.7.9 too weak\r\n", b"503 5.5.1 not here\r\n"])
def test_a_mechanism_that_is_offered_and_fails_is_followed_by_another(
    browser: FlaskClient, smtp: LyingServer, refusal: bytes
) -> None:
    smtp.answers |= {"EHLO": [b"250-here\r\n250 AUTH LOGIN PLAIN\r\n"], "AUTH PLAIN": [refusal], "AUTH LOGIN": LOGIN}
    assert send(browser, MESSAGE, BOB).get_json()["outcome"] == "sent"


def test_a_refused_password_is_tried_by_no_other_mechanism(browser: FlaskClient, smtp: LyingServer) -> None:
    smtp.answers |= {"EHLO": [b"250-here\r\n250 AUTH PLAIN LOGIN\r\n"], "AUTH PLAIN": [b"535 5.7.8 no\r\n"]}
    assert send(browser, MESSAGE, BOB).status_code == 502
    assert len(smtp.commands("AUTH")) == 1


@pytest.mark.parametrize("challenge", [b"334 what?", b"334 =", b"334 \xff", b"334 " + b"A" * 5000])
def test_a_challenge_that_is_no_base64_sends_nothing(browser: FlaskClient, smtp: LyingServer, challenge: bytes) -> None:
    smtp.answers |= {"EHLO": [b"250-here\r\n250 AUTH LOGIN\r\n"], "AUTH LOGIN": [challenge + b"\r\n", TakeLine()]}
    answer = send(browser, MESSAGE, BOB)
    assert answer.get_json()["failure"] == "misconfigured"
    assert PASSWORDS[ALICE] not in answer.get_data(as_text=True)
    assert smtp.messages == []


def test_endless_challenges_end(browser: FlaskClient, smtp: LyingServer) -> None:
    asking: list[Step] = [step for _ in range(50) for step in (b"334 VXNlcm5hbWU6\r\n", TakeLine())]
    smtp.answers |= {"EHLO": [b"250-here\r\n250 AUTH LOGIN\r\n"], "AUTH LOGIN": asking}
    assert send(browser, MESSAGE, BOB).get_json()["failure"] == "misconfigured"
    assert [line for line in smtp.taken if line] == lines_of(ALICE, PASSWORDS[ALICE])


# SCRAM


def scram_steps(
    *, iterations: int = 4096, spoil: Callable[[str], str] = lambda text: text, ends: bool = True
) -> list[Step]:
    """The steps of a server that knows Alice's password. `spoil` changes its proof; without `ends` it gives none."""
    mechanism = ScramMechanism("SCRAM-SHA-256")
    known = mechanism.make_auth_info(PASSWORDS[ALICE], iteration_count=min(iterations, 4096))
    server = mechanism.make_server(lambda _user: known)

    def first(line: bytes) -> bytes:
        server.set_client_first(base64.b64decode(line).decode())
        text = server.get_server_first().replace("i=4096", f"i={iterations}")
        return b"+ " + base64.b64encode(text.encode()) + b"\r\n"

    def final(line: bytes) -> bytes:
        server.set_client_final(base64.b64decode(line).decode())
        return b"+ " + base64.b64encode(spoil(server.get_server_final()).encode()) + b"\r\n"

    return [b"+ \r\n", Reply(first), *([Reply(final), TakeLine()] if ends else [TakeLine()]), b"TAG OK in\r\n"]


def scram_sign_in(imap: LyingServer, steps: list[Step]) -> tuple[int, str]:
    imap.answers |= {
        "GREETING": [b"* OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256 LOGINDISABLED] ready\r\n"],
        "CAPABILITY": [b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n"],
        "AUTHENTICATE SCRAM-SHA-256": steps,
    }
    with bridge_before(imap.address()) as browser:
        answer = sign_in(browser)
        return (200, "") if answer.status_code == 200 else error_of(answer)


def test_a_server_that_proves_itself_signs_in(imap: LyingServer) -> None:
    assert scram_sign_in(imap, scram_steps()) == (200, "")
    assert PASSWORDS[ALICE] not in b"".join(map(base64.b64decode, imap.taken)).decode()


@pytest.mark.parametrize(
    "steps",
    [
        scram_steps(spoil=lambda _text: "v=" + base64.b64encode(bytes(32)).decode()),
        scram_steps(spoil=lambda _text: "nonsense"),
        scram_steps(ends=False),
        [b"+ \r\n", TakeLine(), b"TAG OK in\r\n"],
        [b"+ \r\n", TakeLine(), b"+ bm9uc2Vuc2U=\r\n", TakeLine(), b"TAG OK in\r\n"],
    ],
    ids=["wrong proof", "no proof", "none at the end", "no exchange", "nonsense"],
)
def test_a_server_that_does_not_prove_itself_gets_no_session(imap: LyingServer, steps: list[Step]) -> None:
    assert scram_sign_in(imap, steps) == (502, "mail-server-misconfigured")


@pytest.mark.parametrize("iterations", [MAX_ITERATIONS + 1, 10 * MAX_ITERATIONS, 10**12])
def test_a_server_that_asks_for_too_many_rounds_is_refused_before_the_first(imap: LyingServer, iterations: int) -> None:
    status, code = scram_sign_in(imap, scram_steps(iterations=iterations))
    assert (status, code) in ((502, "mail-server-unreadable"), (502, "mail-server-misconfigured"))
    assert len(imap.taken) == 1


# IMAP servers of old and new kinds


@pytest.mark.parametrize(
    "answers",
    [
        {"AUTHENTICATE PLAIN": [b"+ \r\n", TakeLine(), b"TAG OK AUTHENTICATE PLAIN authentication successful\n"]},
        {"GREETING": [b"* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN] ready\r\n"]},
        {"GREETING": [b"* OK [CAPABILITY imap4rev1 auth=plain] ready\r\n"]},
        {"GREETING": [b"* OK\r\n"]},
        {"GREETING": [b"* OK ready\n"], "CAPABILITY": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\nTAG OK\n"]},
        {"AUTHENTICATE PLAIN": [b"+\r\n", TakeLine(), b"TAG OK\r\n"]},
        {"AUTHENTICATE PLAIN": [b"+ go ahead\r\n", TakeLine(), b"* OK hi\r\nTAG OK [CAPABILITY IMAP4rev1] in\r\n"]},
        {
            "GREETING": [b"* OK [CAPABILITY IMAP4rev1] ready\r\n"],
            "LOGIN": [b"TAG OK in\r\n"],
        },
        {
            "GREETING": [b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=LOGIN] ready\r\n"],
            "AUTHENTICATE LOGIN": [b"+ VXNlcg==\r\n", TakeLine(), b"+ UGFzcw==\r\n", TakeLine(), b"TAG OK in\r\n"],
        },
        {"AUTHENTICATE PLAIN": [b"TAG NO Unsupported authentication mechanism\r\n"], "LOGIN": [b"TAG OK in\r\n"]},
        {"AUTHENTICATE PLAIN": [b"TAG BAD what?\r\n"], "LOGIN": [b"TAG OK in\r\n"]},
    ],
    ids=["bare LF", "second revision", "small letters", "no words", "bare LF at all", "no blank", "words", "LOGIN",
         "SASL LOGIN", "offered, not known", "offered, bad"],
)  # fmt: skip
def test_an_imap_server_of_another_kind_signs_in(imap: LyingServer, answers: dict[str, list[Step]]) -> None:
    imap.answers |= {**IMAP, **answers}
    with bridge_before(imap.address()) as browser:
        assert sign_in(browser, password="only ASCII").status_code == 200
        assert get(browser, "/api/folders").status_code == 200
