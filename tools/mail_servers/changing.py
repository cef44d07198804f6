"""The steps of a day at an IMAP server that change folders and mails, or write mails."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

from tests.support.servers.bridge import upload
from tests.support.servers.mailboxes import BOB
from tools.mail_servers.day import Day, DeviationFound, Steps, expect, mail
from tools.mail_servers.submitting import arrived, outgoing

FOLDERS: Final = Steps()
CHANGES: Final = Steps()
WRITING: Final = Steps()
_LARGE_BYTES: Final = 3 * 1024 * 1024
_NAMES: Final = {
    "a folder": "Projects",
    "a folder with umlauts": "Übergrößen",
    "a folder with &": "Research & Development",
    "a folder with quotes": 'The "old" ones',
    "a folder with a backslash": "Back\\slash",
    "a folder with a dot": "Version 1.2",
    "a folder with a slash": "Either/Or",
    "a folder with an emoji": "Post 📬",
}


def _add_names() -> None:
    def maker(name: str) -> Any:
        def make(day: Day) -> None:
            made = day.make_folder(name)
            day.notes[name] = made
            shown = day.folder(made)["name"]
            expect(shown.endswith(name), f"the folder is called {shown!r}")
            expect(day.listed(made)["messages"] == [], "a new folder has mails")

        return make

    for kind, name in _NAMES.items():
        FOLDERS(f"make {kind}")(maker(name))


_add_names()


@FOLDERS("refuse a name that is taken")
def _(day: Day) -> None:
    day.refused("POST", "/api/folders", "folder-exists", name="Projects")


@FOLDERS("name one UIDVALIDITY of a new folder")
def _(day: Day) -> None:
    made = day.make_folder("Numbers")
    day.notes["Numbers"] = made
    listed = day.folder(made)["uidValidity"]
    # A server that uses the clock as UIDVALIDITY would name another number now.
    time.sleep(1.1)
    opened, again = day.listed(made)["uidValidity"], day.listed(made, at=day.there)["uidValidity"]
    expect(opened == again, f"{opened} when it is opened, then {again}")
    known = day.folder(made)["uidValidity"]
    expect(known == opened, f"{known} in the list of folders, {opened} when it is opened")
    expect(listed == opened, f"{listed} before it was opened, {opened} then")


@FOLDERS("open a folder by the UIDVALIDITY of the list")
def _(day: Day) -> None:
    made = day.make_folder("Opened by its number")
    listed = day.folder(made)["uidValidity"]
    time.sleep(1.1)
    page = day.call("GET", f"/api/folders/{made}/messages?limit=50&before=10&uidValidity={listed}")
    expect(page["messages"] == [], "a new folder has mails")


@FOLDERS("make a folder in a folder")
def _(day: Day) -> None:
    parent = day.folder(day.notes["Projects"])
    if parent["delimiter"] is None:
        raise DeviationFound("the server separates no names")
    day.notes["child"] = child = day.make_folder(f"{parent['name']}{parent['delimiter']}Harbour")
    expect(day.listed(child)["messages"] == [], "a new folder has mails")


@FOLDERS("rename the parent of the open folder, and undo it")
def _(day: Day) -> None:
    day.listed(day.notes["child"])
    changed = day.call("PUT", f"/api/folders/{day.notes['Projects']}", name="Plans")
    renamed = day.folder(changed["id"])["name"]
    names = [row["name"] for row in day.folders()]
    expect(any(name.startswith(renamed) and name.endswith("Harbour") for name in names), f"the folders are {names}")
    day.call("POST", "/api/undo", undo=changed["undo"])
    day.folder(day.notes["child"])


@FOLDERS("rename the open folder")
def _(day: Day) -> None:
    old = day.notes["Übergrößen"]
    day.append(mail("In the renamed one"), day.folder(old)["name"])
    day.row(old, "In the renamed one")
    changed = day.call("PUT", f"/api/folders/{old}", name="Größen")
    day.row(changed["id"], "In the renamed one")
    day.notes["renamed"] = changed["id"]


@FOLDERS("delete the open folder")
def _(day: Day) -> None:
    numbers = day.notes["Numbers"]
    day.listed(numbers)
    day.call("DELETE", f"/api/folders/{numbers}")
    expect(numbers not in [row["id"] for row in day.folders()], "the folder is still there")


@FOLDERS("delete a folder with mails only on request")
def _(day: Day) -> None:
    renamed = day.notes["renamed"]
    day.refused("DELETE", f"/api/folders/{renamed}", "folder-not-empty")
    day.call("DELETE", f"/api/folders/{renamed}", withMessages=True)
    expect(renamed not in [row["id"] for row in day.folders()], "the folder is still there")


@FOLDERS("end a subscription, and undo it")
def _(day: Day) -> None:
    projects = day.notes["Projects"]
    changed = day.call("DELETE", f"/api/folders/{projects}/subscription")
    expect(day.folder(projects)["subscribed"] in (False, None), "the folder is still subscribed")
    day.call("POST", "/api/undo", undo=changed["undo"])
    expect(day.folder(projects)["subscribed"] in (True, None), "the folder is not subscribed")


@CHANGES("mark a mail as read, and undo it")
def _(day: Day) -> None:
    row = day.row(day.inbox, "Grüße")
    changed = day.call("PUT", f"{day.mailbox(day.inbox)}/flags", uids=[row["uid"]], add=["\\Seen"])
    expect(day.row(day.inbox, "Grüße")["seen"], "the mail is not marked")
    day.call("POST", "/api/undo", undo=changed["undo"])
    expect(not day.row(day.inbox, "Grüße")["seen"], "the mark is still there")


@CHANGES("mark a mail as answered")
def _(day: Day) -> None:
    row = day.row(day.inbox, "Grüße")
    day.call("PUT", f"{day.mailbox(day.inbox)}/flags", uids=[row["uid"]], add=["\\Answered", "\\Flagged"])
    flags = set(day.row(day.inbox, "Grüße", at=day.there)["flags"])
    expect({"\\Answered", "\\Flagged"} <= flags, f"the flags are {sorted(flags)}")


@CHANGES("give a mail a keyword")
def _(day: Day) -> None:
    row = day.row(day.inbox, "Grüße")
    day.call("PUT", f"{day.mailbox(day.inbox)}/flags", uids=[row["uid"]], add=["$Harbour"])
    flags = [flag.lower() for flag in day.row(day.inbox, "Grüße", at=day.there)["flags"]]
    expect("$harbour" in flags, f"the flags are {flags}")


@CHANGES("copy a mail, and undo it")
def _(day: Day) -> None:
    uid, projects = day.row(day.inbox, "Grüße")["uid"], day.notes["Projects"]
    changed = day.call("POST", f"{day.mailbox(day.inbox)}/copy", uids=[uid], to=projects)
    day.row(projects, "Grüße")
    expect(changed["undo"], "the server does not name the copy, so nothing undoes it")
    day.call("POST", "/api/undo", undo=changed["undo"])
    expect(not _left(day, projects), "the copy is still there")


@CHANGES("move a mail")
def _(day: Day) -> None:
    day.append(mail("To be moved"))
    uid, projects = day.row(day.inbox, "To be moved")["uid"], day.notes["Projects"]
    day.notes["moved"] = day.call("POST", f"{day.mailbox(day.inbox)}/move", uids=[uid], to=projects)
    day.row(projects, "To be moved")
    expect("To be moved" not in _left(day, day.inbox), "the mail is still in the inbox")
    expect(not day.notes["moved"]["markedOnly"], "the mail is only marked as deleted where it was")


@CHANGES("undo the move")
def _(day: Day) -> None:
    expect(day.notes["moved"]["undo"], "the server does not name the moved mail, so nothing undoes it")
    day.call("POST", "/api/undo", undo=day.notes["moved"]["undo"])
    day.row(day.inbox, "To be moved")


@CHANGES("delete a mail")
def _(day: Day) -> None:
    day.append(mail("To be deleted"))
    uid = day.row(day.inbox, "To be deleted")["uid"]
    day.notes["deleted"] = day.call("POST", f"{day.mailbox(day.inbox)}/delete", uids=[uid])
    day.row(day.with_role("trash")["id"], "To be deleted")
    expect("To be deleted" not in _left(day, day.inbox), "the mail is still in the inbox")


@CHANGES("undo the deletion")
def _(day: Day) -> None:
    expect(day.notes["deleted"]["undo"], "the server does not name the moved mail, so nothing undoes it")
    day.call("POST", "/api/undo", undo=day.notes["deleted"]["undo"])
    day.row(day.inbox, "To be deleted")


@CHANGES("delete nothing for ever outside the trash")
def _(day: Day) -> None:
    uid = day.row(day.inbox, "Grüße")["uid"]
    day.refused("POST", f"{day.mailbox(day.inbox)}/delete", "not-in-trash", uids=[uid], forever=True)


@CHANGES("empty the trash")
def _(day: Day) -> None:
    uid = day.row(day.inbox, "Grüße")["uid"]
    day.call("POST", f"{day.mailbox(day.inbox)}/delete", uids=[uid])
    trash = day.with_role("trash")["id"]
    uids = [row["uid"] for row in day.listed(trash)["messages"]]
    changed = day.call("POST", f"{day.mailbox(trash)}/delete", uids=uids, forever=True)
    expect(not _left(day, trash), "mails are left in the trash")
    expect(not changed["markedOnly"], "the mails are only marked as deleted")


@WRITING("keep a draft")
def _(day: Day) -> None:
    day.notes["draft id"] = f"{secrets.token_hex(8)}@draft.sealwax.invalid"
    day.notes["draft"] = draft = _keep_draft(day, "First words")
    row = day.row(draft["folder"], "A draft")
    expect({"\\Draft", "\\Seen"} <= set(row["flags"]), f"the flags are {row['flags']}")
    expect(draft["uid"] == row["uid"], f"the draft is {row['uid']}, and {draft['uid']} is named")


@WRITING("change the draft")
def _(day: Day) -> None:
    draft = _keep_draft(day, "Second words")
    page = day.listed(draft["folder"])
    uids = [row["uid"] for row in page["messages"] if "\\Deleted" not in row["flags"]]
    expect(uids == [draft["uid"]], f"there are {len(uids)} versions of the draft")
    raw = day.read(f"/api/folders/{draft['folder']}/{page['uidValidity']}/{draft['uid']}/raw")
    expect(b"Second words" in raw, "the draft has the earlier words")


@WRITING("delete the draft")
def _(day: Day) -> None:
    day.call("DELETE", "/api/drafts", messageId=f"<{day.notes['draft id']}>")
    expect(not _left(day, day.notes["draft"]["folder"]), "the draft is still there")


@WRITING("send a mail, with a copy in the folder for sent mail")
def _(day: Day) -> None:
    message = outgoing("A letter", "See you at the harbour.")
    sent = day.call("POST", "/api/send", data=upload(message, BOB))
    expect(sent["outcome"] == "sent" and sent["savedTo"], f"the outcome is {sent}")
    expect(message in arrived(day, BOB, "A letter"), "other bytes arrive")
    folder = day.with_role("sent")["id"]
    row = day.row(folder, "A letter")
    expect(row["seen"], "the copy is not marked as read")
    expect(day.read(f"{day.mailbox(folder)}/{row['uid']}/raw") == message, "the copy has other bytes")


@WRITING("store a mail of 3 MB, and read it byte for byte")
def _(day: Day) -> None:
    raw = mail("A large one", "\r\n".join(["0123456789" * 7] * (_LARGE_BYTES // 72)))
    day.append(raw)
    read = day.read(f"{day.mailbox(day.inbox)}/{day.row(day.inbox, 'A large one')['uid']}/raw")
    expect(read == raw, f"{len(read)} other bytes in place of {len(raw)}")


@WRITING("hear that a mailbox is full")
def _(day: Day) -> None:
    try:
        _keep_draft(day, "\r\n".join(["0123456789" * 7] * (_LARGE_BYTES // 36)))
    except DeviationFound as deviation:
        # A server without a quota accepts the draft.
        if not str(deviation).startswith("507 mailbox-full"):
            raise
    day.folder(day.inbox)


def _left(day: Day, folder_id: str) -> list[str]:
    """Return the subjects of a folder's mails, without those that are marked as deleted."""
    rows = day.listed(folder_id)["messages"]
    return [row["subject"] for row in rows if "\\Deleted" not in row["flags"]]


def _keep_draft(day: Day, text: str) -> Any:
    head = f"From: alice@example.test\r\nMessage-ID: <{day.notes['draft id']}>\r\nSubject: A draft\r\n\r\n"
    return day.call("POST", "/api/drafts", data=f"{head}{text}\r\n".encode())
