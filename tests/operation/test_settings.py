"""The settings of bridge and key server: file, variables and secrets, and one sentence for each that is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from roaming_keys.server.operation.settings import KeysSettings
from sealwax.operation.first_file import first_file
from sealwax.operation.settings import WrongSettings, load_public_settings, load_settings, setting_names
from webbridge.clear_mail import ClearMail, ClearMailPolicy
from webbridge.gateway import Security, ServerAddress
from webbridge.operation.settings import BridgeSettings
from webbridge.push.endpoints import PUSH_HOSTS

KEY = "ab" * 32
GOOD = """
api_origin = "https://api.example.org"
pages_origin = "https://mail.example.org"
key_server_origin = "https://keys.example.org"
database = "/tmp/bridge.sqlite"
[mail]
imap = {host = "imap.example.org", port = 993}
smtp = {host = "smtp.example.org", port = 587, security = "starttls"}
"""
WITH_PUSH = '[events]\nlisten = "127.0.0.1:8004"\n[push]\ncontact = "mailto:me@example.org"\n'


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SEALWAX_", "CREDENTIALS_")):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "bridge.secrets").mkdir()
    (tmp_path / "bridge.secrets" / "enrolment_key").write_text(KEY + "\n")
    (tmp_path / "bridge.toml").write_text(GOOD)
    return tmp_path / "bridge.toml"


def problems(file: Path) -> list[str]:
    with pytest.raises(WrongSettings) as wrong:
        load_settings(BridgeSettings, file).to_config()
    assert all("\n" not in problem for problem in wrong.value.problems)
    return wrong.value.problems


def test_the_file_and_its_secret_make_a_configuration(file: Path) -> None:
    config = load_settings(BridgeSettings, file).to_config()
    assert config.enrolment_key == bytes.fromhex(KEY)
    assert config.mail_server is not None
    assert (config.mail_server.mailbox.security, config.mail_server.smtp.security) == (
        Security.IMPLICIT_TLS,
        Security.STARTTLS,
    )
    assert config.trusted_proxies == 1
    assert config.extension_origins == ()


def test_push_messages_are_off_until_there_is_a_contact(file: Path) -> None:
    assert load_settings(BridgeSettings, file).to_config().push is None
    file.write_text(GOOD + WITH_PUSH)
    (file.parent / "bridge.secrets" / "push_key").write_text(KEY)
    push = load_settings(BridgeSettings, file).to_config().push
    assert push is not None
    assert (push.contact, push.hosts, push.key.hex()) == ("mailto:me@example.org", PUSH_HOSTS, KEY)


EXTENSIONS = (
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://c2c4d154-0254-4780-aa4b-10ddb1a68927",
)


def test_extensions_are_named_by_their_exact_origins(file: Path) -> None:
    file.write_text(f"extension_origins = {list(EXTENSIONS)}\n{GOOD}")
    assert load_settings(BridgeSettings, file).to_config().extension_origins == EXTENSIONS


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "null",
        "https://example.org",
        f"{EXTENSIONS[0]}/",
        EXTENSIONS[0].upper(),
        "moz-extension://*",
        EXTENSIONS[1][:-1],
    ],
)
def test_another_text_is_no_origin_of_an_extension(file: Path, wrong: str) -> None:
    file.write_text(f"extension_origins = ['{wrong}']\n{GOOD}")
    (problem,) = problems(file)
    assert problem.startswith("extension_origins")


def test_a_variable_is_over_a_credential_and_that_over_the_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(f'enrolment_key = "{"11" * 32}"\n{GOOD}')
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "enrolment_key").write_text("22" * 32)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert load_settings(BridgeSettings, file).to_config().enrolment_key == bytes.fromhex("22" * 32)
    monkeypatch.setenv("SEALWAX_ENROLMENT_KEY", "33" * 32)
    monkeypatch.setenv("SEALWAX_MAIL__IMAP__PORT", "1993")
    config = load_settings(BridgeSettings, file).to_config()
    assert config.enrolment_key == bytes.fromhex("33" * 32)
    assert config.mail_server is not None
    assert (config.mail_server.mailbox.host, config.mail_server.mailbox.port) == ("imap.example.org", 1993)


def test_the_server_of_filters_is_named_beside_the_others(file: Path) -> None:
    file.write_text(GOOD + 'sieve = {host = "sieve.example.org", port = 4190, security = "starttls"}\n')
    config = load_settings(BridgeSettings, file).to_config()
    assert config.mail_server is not None
    assert config.mail_server.sieve == ServerAddress(host="sieve.example.org", port=4190, security=Security.STARTTLS)
    assert config.has_filters
    file.write_text(GOOD)
    assert not load_settings(BridgeSettings, file).to_config().has_filters


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('database = "/tmp/bridge.sqlite"', 'databse = "x"', "databse: there is no such setting, perhaps database is"),
        ("port = 993", 'port = "secret-word"', "mail.imap.port: expected a valid integer"),
        ("port = 993", "port = 70000", "mail.imap.port: expected less than or equal to 65535"),
        ('"starttls"', '"none"', "mail.smtp.security: expected 'tls' or 'starttls'"),
        ('"https://api.example.org"', '"https://u:secret-word@api.example.org"', "api_origin: an origin is expected"),
        ('"https://api.example.org"', '"http://api.example.org"', "http only for a loopback host"),
        ('"https://mail.example.org"', '"https://api.example.org"', "pages_origin: an origin that no other service"),
        ('"/tmp/bridge.sqlite"', '":memory:"', "database: a file or a server is expected with more than one worker"),
        (GOOD, 'api_prefix = "/mail/"' + GOOD, "api_prefix: a path as /mail is expected"),
        (GOOD, GOOD.partition("[mail]")[0], "mail is missing"),
        ("imap = ", 'sieve = {host = "s", port = 4190}\npop3 = ', "sieve needs a mail server with imap"),
        ("[mail]", "[mail", "is not TOML: the syntax is wrong at line 6"),
        (GOOD, 'enrolment_key = "secret-word"' + GOOD, "enrolment_key: 32 bytes are expected"),
        (GOOD, GOOD + "[sessions]\nidle_seconds = 99999", "idle_seconds is more than absolute_seconds"),
        (GOOD, GOOD + '[server]\nlisten = "8001"', "server.listen: an address as 127.0.0.1:8001"),
        (GOOD, GOOD + '[push]\ncontact = "mailto:me@example.org"', "events.listen is missing: the process of events"),
        (GOOD, GOOD + '[push]\ncontact = "secret-word"', "push.contact: an address of yours is expected"),
        (GOOD, GOOD + '[push]\nhosts = ["https://secret-word"]', "push.hosts: a host in small letters is expected"),
        (GOOD, 'push_key = "secret-word"' + GOOD, "push_key: 32 bytes are expected"),
        (GOOD, f'push_key = "{"0" * 64}"' + GOOD + WITH_PUSH, "push_key is no key of the curve P-256"),
        (GOOD, GOOD + WITH_PUSH, "push_key is missing: `sealwax bridge push-keys` makes it"),
        (GOOD, GOOD + '[[directory.name_servers]]\naddress = "here"', "directory.name_servers.0.address"),
        (GOOD, GOOD + '[[directory.ldap]]\nurl = "http://x"', "expected a directory as ldaps://"),
        ('"/tmp/bridge.sqlite"', '"mysql://u:secret-word@h/x"', "database: the database is neither a path nor a URL"),
        ('"/tmp/bridge.sqlite"', '"postgresql+psycopg://u@h:secret-word/x"', "database: the database is neither"),
        (GOOD, 'extension_origins = ["secret-word"]' + GOOD, "extension_origins"),
        (GOOD, GOOD + '[[domains]]\nname = "secret-word x"', "domains.0"),
        (GOOD, GOOD + '[[domains]]\nname = "SECRET-WORD.example"'.lower() + '\nlogin = "secret-word"', "domains.0"),
    ],
)
def test_a_wrong_setting_becomes_a_sentence_that_names_it_and_no_value(
    file: Path, old: str, new: str, sentence: str
) -> None:
    (file.parent / "bridge.secrets" / "enrolment_key").rename(file.parent / "bridge.secrets" / "kept")
    if "enrolment_key" not in new:
        (file.parent / "bridge.secrets" / "kept").rename(file.parent / "bridge.secrets" / "enrolment_key")
    file.write_text(GOOD.replace(old, new))
    lines = problems(file)
    assert any(sentence in problem for problem in lines), lines
    assert "secret-word" not in str(lines)


def test_an_unknown_variable_is_refused_with_the_setting_that_may_be_meant(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALWAX_TRUSTED_PROXYS", "1")
    assert problems(file) == [
        "SEALWAX_TRUSTED_PROXYS: there is no such setting, perhaps SEALWAX_TRUSTED_PROXIES is meant"
    ]


def test_a_wrong_variable_is_named_beside_its_setting(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALWAX_SERVER__WORKERS", "many")
    assert problems(file)[0].startswith("server.workers (from SEALWAX_SERVER__WORKERS): expected a valid integer")
    monkeypatch.setenv("SEALWAX_AUTHORITIES__ALLOWED_HOSTS", "ca.example.org")
    (problem,) = problems(file)
    assert "SEALWAX_AUTHORITIES__ALLOWED_HOSTS" in problem
    assert "JSON is expected" in problem


def test_a_missing_file_or_secret_names_the_remedy(file: Path) -> None:
    (file.parent / "bridge.secrets" / "enrolment_key").unlink()
    assert "sealwax bridge init" in problems(file)[0]
    assert "init" in problems(file.with_name("other.toml"))[0]


def test_the_settings_show_no_secret(file: Path) -> None:
    file.write_text(GOOD.replace("/tmp/bridge.sqlite", "postgresql+psycopg://u:secret-word@h/n"))
    settings = load_settings(BridgeSettings, file)
    assert KEY not in repr(settings)
    assert "secret-word" not in repr(settings)


def test_the_pages_read_no_secret(file: Path) -> None:
    (file.parent / "bridge.secrets" / "enrolment_key").write_text("not a key")
    settings = load_public_settings(BridgeSettings, file)
    assert settings.enrolment_key is None
    assert settings.to_pages_config().api_origin == "https://api.example.org"


@pytest.mark.parametrize("kind", [BridgeSettings, KeysSettings])
def test_the_first_file_shows_each_setting_with_its_meaning(kind: type[BridgeSettings]) -> None:
    text = first_file(kind, {("mail", "imap", "host"): "h", ("mail", "smtp", "host"): "h"}, elsewhere={})
    for path, field in setting_names(kind):
        if path[0] == "domains":
            continue
        assert f"# {field.description}\n" in text, path
        assert path[-1] in text


def test_the_bridge_knows_no_secret_of_the_key_server_but_the_shared_one() -> None:
    names = {path[0] for path, _ in setting_names(BridgeSettings)}
    assert "master_key" not in names
    assert "enrolment_key" in names


def test_unencrypted_mail_is_allowed_to_unknown_people_until_the_operator_decides(file: Path) -> None:
    assert load_settings(BridgeSettings, file).to_config().clear_mail == ClearMailPolicy()
    file.write_text(
        f'{GOOD}[writing]\nclear_mail = "never"\nnever_clear_to = ["example.org", "xn--bcher-kva.example"]\n'
    )
    policy = load_settings(BridgeSettings, file).to_config().clear_mail
    assert policy == ClearMailPolicy(mode=ClearMail.NEVER, never_to=("example.org", "xn--bcher-kva.example"))
    assert policy.to_json() == {"mode": "never", "neverDomains": ["example.org", "xn--bcher-kva.example"]}
    assert ClearMailPolicy().to_json() == {"mode": "allow-unknown", "neverDomains": []}


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ('clear_mail = "sometimes"', "clear_mail"),
        ("clear_mail = true", "clear_mail"),
        ('never_clear_to = ["Example.org"]', "never_clear_to"),
        ('never_clear_to = ["me@example.org"]', "never_clear_to"),
        ('never_clear_to = ["bücher.example"]', "never_clear_to"),
        ('never_clear_to = [""]', "never_clear_to"),
        ('never_clear_to = "example.org"', "never_clear_to"),
    ],
)
def test_a_policy_on_unencrypted_mail_that_cannot_be_read_is_an_error(file: Path, setting: str, name: str) -> None:
    file.write_text(f"{GOOD}[writing]\n{setting}\n")
    (problem,) = problems(file)
    assert f"writing.{name}" in problem
