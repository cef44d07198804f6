"""The steps of a day at an IMAP server that read: signing in, lists, orders, searches, and the changes of others."""

from __future__ import annotations

import datetime
import select
import time
from typing import Any, Final

from tests.support.servers.bridge import sign_in
from tests.support.servers.mailboxes import ALICE
from tools.mail_servers.day import Day, Steps, expect, mail
from webbridge.gateway.imap_idle import InboxWatch

SIGNING_IN: Final = Steps()
MORNING: Final = Steps()
LARGE_FOLDER: Final = Steps()
OTHERS: Final = Steps()
EVENING: Final = Steps()
FIRST: Final = mail("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Greetings from the harbour.", "Cc: carol@example.test")
_MESSAGES: Final = 120
_NOTICE_SECONDS: Final = 20.0


@SIGNING_IN("refuse a wrong password")
def _(day: Day) -> None:
    response = sign_in(day.here, ALICE, "a wrong password")
    code = (response.get_json() or {}).get("code", "")
    expect(response.status_code == 401, f"{response.status_code} {code}")


@SIGNING_IN("sign in")
def _(day: Day) -> None:
    response = sign_in(day.here)
    expect(response.status_code == 200, f"{response.status_code} {response.get_json()}")


@SIGNING_IN("sign in on a second device")
def _(day: Day) -> None:
    expect(sign_in(day.there).status_code == 200, "the second device is refused")


@SIGNING_IN("list the folders")
def _(day: Day) -> None:
    inbox = day.folder(day.inbox)
    expect(inbox["role"] == "inbox" and inbox["total"] == inbox["unseen"] == 0, f"the inbox is {inbox}")
    day.notes["listed"] = inbox["uidValidity"]


@SIGNING_IN("show an empty inbox, by the UIDVALIDITY of the list")
def _(day: Day) -> None:
    # At Courier, UIDVALIDITY changes with the clock until the folder is opened.
    time.sleep(1.1)
    # At GNU Mailutils, the inbox and its UIDVALIDITY do not exist before the inbox is opened.
    known = day.notes["listed"]
    page = day.listed(day.inbox, query="limit=200" if not known else f"limit=200&uidValidity={known}")
    expect(page["messages"] == [] and page["total"] == 0, f"{page['total']} messages in an empty inbox")


@MORNING("show a mail that has come")
def _(day: Day) -> None:
    day.append(FIRST)
    row = day.row(day.inbox, "Grüße")
    expect(row["from"] == "Bob <bob@example.test>" and row["problem"] is None, f"the row says {row}")
    expect(not row["seen"], "a new mail is marked as read")


@MORNING("count it in the list of folders")
def _(day: Day) -> None:
    inbox = day.folder(day.inbox)
    expect((inbox["total"], inbox["unseen"]) == (1, 1), f"{inbox['total']} mails, {inbox['unseen']} of them new")


@MORNING("show its size")
def _(day: Day) -> None:
    size = day.row(day.inbox, "Grüße")["size"]
    expect(size == len(FIRST), f"the size is {size - len(FIRST):+} bytes from the right one")


@MORNING("read it byte for byte")
def _(day: Day) -> None:
    uid = day.row(day.inbox, "Grüße")["uid"]
    raw = day.read(f"{day.mailbox(day.inbox)}/{uid}/raw")
    expect(raw == FIRST, f"{len(raw)} other bytes in place of {len(FIRST)}")


@MORNING("leave it new, though it was read")
def _(day: Day) -> None:
    expect(not day.row(day.inbox, "Grüße")["seen"], "reading the bytes marks the mail as read")


@MORNING("refuse a mail that is not there")
def _(day: Day) -> None:
    day.refused("GET", f"{day.mailbox(day.inbox)}/4000000/raw", "no-such-message")


@LARGE_FOLDER("show the newest 50 of 120 mails")
def _(day: Day) -> None:
    day.notes["many"] = many = day.make_folder("Many")
    name = day.folder(many)["name"]
    for number in range(_MESSAGES):
        day.append(mail(f"Number {number:03}", f"Text {number % 7}"), name, ["\\Flagged"] if number % 10 == 0 else [])
    page = day.listed(many, query="limit=50")
    subjects = [f"Number {number:03}" for number in range(_MESSAGES - 1, _MESSAGES - 51, -1)]
    expect(_subjects(page) == subjects, f"the list begins with {_subjects(page)[:3]}")
    day.notes["page"] = page


@LARGE_FOLDER("show the mails before them")
def _(day: Day) -> None:
    first = day.notes["page"]
    last, validity = first["messages"][-1]["uid"], first["uidValidity"]
    page = day.listed(day.notes["many"], query=f"limit=50&before={last}&uidValidity={validity}")
    expect(_subjects(page)[0] == "Number 069", f"the older page begins with {_subjects(page)[:3]}")


@LARGE_FOLDER("sort by subject")
def _(day: Day) -> None:
    page = day.listed(day.notes["many"], query="sort=subject&order=ascending&limit=3")
    expect(_subjects(page) == ["Number 000", "Number 001", "Number 002"], f"the order is {_subjects(page)}")


@LARGE_FOLDER("show the threads")
def _(day: Day) -> None:
    page = day.call("GET", f"/api/folders/{day.notes['many']}/threads?limit=200")
    expect(len(page["threads"]) == _MESSAGES, f"{len(page['threads'])} threads of {_MESSAGES} mails")


@LARGE_FOLDER("search by a subject")
def _(day: Day) -> None:
    _finds(day, day.notes["many"], ["Number 042"], subject="Number 042")


@LARGE_FOLDER("search by a word of the text")
def _(day: Day) -> None:
    subjects = [f"Number {number:03}" for number in range(_MESSAGES - 1, -1, -1) if number % 7 == 6]
    _finds(day, day.notes["many"], subjects, body="Text 6")


@LARGE_FOLDER("search for flagged mails")
def _(day: Day) -> None:
    subjects = [f"Number {number:03}" for number in range(_MESSAGES - 10, -1, -10)]
    _finds(day, day.notes["many"], subjects, flagged=True)


@LARGE_FOLDER("search for mails of today")
def _(day: Day) -> None:
    since = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)).date()
    page = day.call("POST", f"/api/folders/{day.notes['many']}/search", since=since.isoformat(), limit=1)
    expect(page["total"] == _MESSAGES, f"{page['total']} of {_MESSAGES} mails")


@LARGE_FOLDER("search with an umlaut")
def _(day: Day) -> None:
    _finds(day, day.inbox, ["Grüße"], subject="Grüße")


@OTHERS("show a flag that the other device has set")
def _(day: Day) -> None:
    row = day.row(day.inbox, "Grüße")
    day.call("PUT", f"{day.mailbox(day.inbox)}/flags", at=day.there, uids=[row["uid"]], add=["\\Flagged"])
    expect("\\Flagged" in day.row(day.inbox, "Grüße")["flags"], "the flag is not shown")


@OTHERS("show changes since the last list")
def _(day: Day) -> None:
    page = day.listed(day.inbox)
    if page["token"] is None:
        # Without CONDSTORE at the server, the pages load the whole list again.
        return
    uid = next(row["uid"] for row in page["messages"] if row["subject"] == "Grüße")
    path = f"/api/folders/{day.inbox}/{page['uidValidity']}/flags"
    day.call("PUT", path, at=day.there, uids=[uid], remove=["\\Flagged"])
    query = f"since={page['token']}&uidValidity={page['uidValidity']}"
    changes = day.listed(day.inbox, query=query)
    seen = {change["uid"]: change["flags"] for change in changes["flags"]}
    expect(not changes["whole"] or "\\Flagged" not in seen.get(uid, ["\\Flagged"]), f"the changes are {seen}")


@OTHERS("show a mail that came while the list was open")
def _(day: Day) -> None:
    day.append(mail("While it was open"))
    day.row(day.inbox, "While it was open")


@OTHERS("miss a mail that the other device has moved away")
def _(day: Day) -> None:
    uid = day.row(day.inbox, "While it was open")["uid"]
    day.call("POST", f"{day.mailbox(day.inbox)}/delete", at=day.there, uids=[uid])
    rows = day.listed(day.inbox)["messages"]
    shown = [row for row in rows if row["subject"] == "While it was open" and "\\Deleted" not in row["flags"]]
    expect(not shown, "the mail is still shown")


@OTHERS("hear of a new mail without asking")
def _(day: Day) -> None:
    watch = InboxWatch.open(day.credentials)
    try:
        expect(watch.can_idle, "the server offers no IDLE")
        has_changed = watch.begin_idle()
        day.append(mail("A notice"))
        begin = time.monotonic()
        while not has_changed and time.monotonic() < begin + _NOTICE_SECONDS:
            select.select([watch.fileno()], [], [], 1)
            has_changed = watch.read_at_hand()
        expect(has_changed, f"no notice in {_NOTICE_SECONDS:.0f} seconds")
        watch.end_idle()
    finally:
        watch.close()


@OTHERS("show mails without a header, with 8-bit text and with a long line")
def _(day: Day) -> None:
    raws = {
        "no header": b"\r\nOnly text.\r\n",
        "8-bit text": mail("=?utf-8?q?=C3=A4?=", "").removesuffix(b"\r\n") + b"\xff\xfe\x80 text\r\n",
        "a long line": mail("A long line", "x" * 20_000),
    }
    for kind, raw in raws.items():
        before = {row["uid"] for row in day.listed(day.inbox)["messages"]}
        day.append(raw)
        new = [row for row in day.listed(day.inbox)["messages"] if row["uid"] not in before]
        expect(len(new) == 1 and new[0]["problem"] is None, f"{kind}: {len(new)} new rows")
        read = day.read(f"{day.mailbox(day.inbox)}/{new[0]['uid']}/raw")
        expect(read == raw, f"{kind}: other bytes, {len(read)} in place of {len(raw)}")


@EVENING("sign out on one device, and then on the other")
def _(day: Day) -> None:
    day.call("DELETE", "/api/session")
    day.refused("GET", "/api/folders", "session-ended")
    day.folder(day.inbox, at=day.there)
    day.call("DELETE", "/api/session", at=day.there)


def _subjects(page: Any) -> list[str]:
    return [row["subject"] for row in page["messages"]]


def _finds(day: Day, folder_id: str, subjects: list[str], **criteria: Any) -> None:
    page = day.call("POST", f"/api/folders/{folder_id}/search", limit=200, **criteria)
    expect(_subjects(page) == subjects, f"{page['total']} found, {_subjects(page)[:3]}, in place of {len(subjects)}")
