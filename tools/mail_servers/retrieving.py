"""The steps of a day at a POP3 server. Other programs reach the mailbox by IMAP."""

from __future__ import annotations

from typing import Any, Final

from tests.support.servers.bridge import sign_in
from tests.support.servers.mailboxes import ALICE
from tools.mail_servers.day import Day, Steps, expect, mail

RETRIEVING: Final = Steps()
_MESSAGES: Final = 30
_FIRST: Final = mail("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", ".\r\n..\r\n.dot\r\nthe end")


@RETRIEVING("refuse a wrong password")
def _(day: Day) -> None:
    response = sign_in(day.here, ALICE, "a wrong password")
    expect(response.status_code == 401, f"{response.status_code} {response.get_json()}")


@RETRIEVING("sign in")
def _(day: Day) -> None:
    response = sign_in(day.here, ALICE, day.password)
    expect(response.status_code == 200, f"{response.status_code} {response.get_json()}")


@RETRIEVING("show an empty inbox, the only folder")
def _(day: Day) -> None:
    (inbox,) = day.folders()
    expect((inbox["role"], inbox["total"]) == ("inbox", 0), f"the inbox is {inbox}")
    expect(day.listed(day.inbox)["messages"] == [], "an empty inbox has mails")


@RETRIEVING("show a mail that has come")
def _(day: Day) -> None:
    day.append(_FIRST)
    row = day.row(day.inbox, "Grüße")
    expect(row["from"] == "Bob <bob@example.test>" and row["problem"] is None, f"the row says {row}")


@RETRIEVING("show its size")
def _(day: Day) -> None:
    size = day.row(day.inbox, "Grüße")["size"]
    expect(size == len(_FIRST), f"the size is {size - len(_FIRST):+} bytes from the right one")


@RETRIEVING("read a mail with dots byte for byte")
def _(day: Day) -> None:
    raw = _read(day, day.row(day.inbox, "Grüße"))
    expect(raw == _FIRST, f"{len(raw)} other bytes in place of {len(_FIRST)}")


@RETRIEVING("read 8-bit text byte for byte")
def _(day: Day) -> None:
    sent = mail("Eight bits", "").removesuffix(b"\r\n") + b"\xff\xfe\x80 text\r\n"
    day.append(sent)
    raw = _read(day, day.row(day.inbox, "Eight bits"))
    expect(raw == sent, f"{len(raw)} other bytes in place of {len(sent)}")


@RETRIEVING("show the newest first, and the mails before them")
def _(day: Day) -> None:
    for number in range(_MESSAGES):
        day.append(mail(f"Number {number:02}"))
    page = day.listed(day.inbox, query="limit=20")
    subjects = [f"Number {number:02}" for number in range(_MESSAGES - 1, _MESSAGES - 21, -1)]
    shown = [row["subject"] for row in page["messages"]]
    expect(shown == subjects, f"the list begins with {shown[:3]}")
    query = f"limit=20&before={page['messages'][-1]['uid']}&uidValidity={page['uidValidity']}"
    older = [row["subject"] for row in day.listed(day.inbox, query=query)["messages"]]
    expect(older[:1] == ["Number 09"] and older[-1:] == ["Grüße"], f"the older page begins with {older[:3]}")


@RETRIEVING("read a mail of 1 MB")
def _(day: Day) -> None:
    sent = mail("A large one", "\r\n".join(["0123456789" * 7] * 14_500))
    day.append(sent)
    raw = _read(day, day.row(day.inbox, "A large one"))
    expect(raw == sent, f"{len(raw)} other bytes in place of {len(sent)}")


@RETRIEVING("delete a mail for ever, and only this one")
def _(day: Day) -> None:
    before = [row["subject"] for row in day.listed(day.inbox)["messages"]]
    uid = day.row(day.inbox, "Number 15")["uid"]
    day.call("POST", f"{day.mailbox(day.inbox)}/delete", uids=[uid], forever=True)
    after = [row["subject"] for row in day.listed(day.inbox)["messages"]]
    expect(after == [subject for subject in before if subject != "Number 15"], f"{len(after)} of {len(before)} left")


@RETRIEVING("refuse flags and other folders")
def _(day: Day) -> None:
    uid = day.row(day.inbox, "Number 16")["uid"]
    day.refused("PUT", f"{day.mailbox(day.inbox)}/flags", "not-offered", uids=[uid], add=["\\Flagged"])
    day.refused("POST", "/api/folders", "not-offered", name="Projects")


@RETRIEVING("sign out")
def _(day: Day) -> None:
    day.call("DELETE", "/api/session")
    day.refused("GET", "/api/folders", "session-ended")


def _read(day: Day, row: dict[str, Any]) -> bytes:
    return day.read(f"{day.mailbox(day.inbox)}/{row['uid']}/raw")
