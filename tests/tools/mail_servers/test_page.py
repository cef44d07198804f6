"""The table of docs/mail_servers.md, and the lists from which it is made."""

from __future__ import annotations

import pytest

from tests.support.project import ROOT
from tools.mail_servers.__main__ import IMAP_STEPS
from tools.mail_servers.day import Met
from tools.mail_servers.known import KNOWN, find_known
from tools.mail_servers.page import TABLE, Row, draw
from tools.mail_servers.retrieving import RETRIEVING
from tools.mail_servers.servers import MAILBOX_SERVERS, SUBMISSION_SERVERS
from tools.mail_servers.submitting import SUBMITTING

PAGE = ROOT / "docs" / "mail_servers.md"


def test_a_day_has_the_steps_that_the_page_names() -> None:
    assert [len(IMAP_STEPS), len(RETRIEVING.all), len(SUBMITTING.all)] == [60, 12, 8]
    for steps in (IMAP_STEPS, RETRIEVING.all, SUBMITTING.all):
        assert len({step.name for step in steps}) == len(steps)


def test_the_table_has_a_row_for_each_server() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in TABLE.read(PAGE).splitlines()[2:]]
    days = [f"{mailbox_server.name}, with {mailbox_server.submission.name}" for mailbox_server in MAILBOX_SERVERS]
    by_pop3 = [server.family for server in MAILBOX_SERVERS if server.has_pop3]
    assert rows == [*days, *by_pop3, *(server.name for server in SUBMISSION_SERVERS)]


def test_each_known_deviation_is_met_by_steps_that_exist() -> None:
    names = {step.name for step in (*IMAP_STEPS, *RETRIEVING.all)}
    families = {server.family for server in MAILBOX_SERVERS}
    assert {family.removesuffix(" POP3") for family in KNOWN} <= families
    assert {step for listed in KNOWN.values() for known in listed for step in known.steps} <= names


@pytest.mark.parametrize(
    ("words", "is_known"), [("the flags are ['\\\\Answered']", True), ("502 mail-server-refused: no", False)]
)
def test_a_deviation_is_known_by_its_server_step_and_words(words: str, is_known: bool) -> None:
    met = Met("give a mail a keyword", words)
    assert (find_known("pymap", met) is not None) is is_known
    assert find_known("Dovecot", met) is None


def test_an_unknown_deviation_stands_out_and_a_known_one_is_named_once() -> None:
    met = [
        Met("sort by subject", "422 not-offered: no"),
        Met("show the threads", "422 not-offered: no"),
        Met("sign in", "502 a | b"),
        Met("move a mail"),
    ]
    row = Row(name="pymap, with aiosmtpd", family="pymap", protocol="IMAP", version="1", met=met)
    assert [deviation.step for deviation in row.unknown] == ["sign in"]
    line = "| pymap, with aiosmtpd | 1 | IMAP | 1 of 4 | no SORT, no THREAD; **sign in: 502 a \\| b** |"
    assert draw([row]).splitlines()[2] == line


def test_a_server_that_is_absent_is_named_with_its_packages() -> None:
    row = Row(name="Cyrus", family="Cyrus", protocol="IMAP", absence="needs root to unpack cyrus-imapd")
    assert draw([row]).splitlines()[2] == "| Cyrus |  | IMAP |  | needs root to unpack cyrus-imapd |"
