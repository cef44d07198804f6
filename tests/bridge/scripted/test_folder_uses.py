"""A person's use of a folder: chosen in the settings, it counts more than the server's marks and usual names."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.servers.bridge import API, FROM_PAGES, error_of, folder_path, get
from tests.support.servers.lying_server import LyingServer
from webbridge.database.tables import FOLDER_USE
from webbridge.services import services_of

pytestmark = pytest.mark.server

LISTED = (
    b'* LIST () "/" INBOX\r\n* LIST (\\Trash) "/" Deleted\r\n* LIST (\\Sent) "/" Sent\r\n* LIST () "/" Papierkorb\r\n'
    b'* LIST () "/" Projects\r\nTAG OK\r\n'
)


@pytest.fixture
def imap(imap: LyingServer) -> LyingServer:
    imap.answers |= {
        "LIST": [LISTED],
        "RENAME": [b"TAG OK\r\n"],
        "SUBSCRIBE": [b"TAG OK\r\n"],
    }
    imap.answers |= {"UNSUBSCRIBE": [b"TAG OK\r\n"], "EXAMINE": [b"TAG OK\r\n"]}
    return imap


def put(browser: FlaskClient, path: str, **members: object) -> Any:
    return browser.put(path, base_url=API, headers=FROM_PAGES, json=members)


def choose(browser: FlaskClient, folder: str, use: str | None) -> None:
    assert put(browser, f"{folder_path(browser, folder)}/use", use=use).status_code == 200


def roles(browser: FlaskClient) -> dict[str, str | None]:
    return {folder["name"]: folder["role"] for folder in get(browser, "/api/folders").get_json()["folders"]}


def uses(browser: FlaskClient) -> dict[str, str]:
    return {
        folder["name"]: folder["use"] for folder in get(browser, "/api/folders").get_json()["folders"] if folder["use"]
    }


def test_a_chosen_folder_counts_more_than_marks(alice: FlaskClient, imap: LyingServer) -> None:
    assert roles(alice) == {"INBOX": "inbox", "Deleted": "trash", "Sent": "sent", "Papierkorb": None, "Projects": None}
    choose(alice, "Papierkorb", "trash")
    assert roles(alice) == {"INBOX": "inbox", "Deleted": None, "Sent": "sent", "Papierkorb": "trash", "Projects": None}
    path = f"{folder_path(alice)}/9/delete"
    assert alice.post(path, base_url=API, headers=FROM_PAGES, json={"uids": [7]}).status_code == 200
    assert any(b"Papierkorb" in line for line in imap.commands("UID MOVE"))
    # A second choice for the same use takes the place of the first, and a folder has one use.
    choose(alice, "Projects", "trash")
    assert uses(alice) == {"Projects": "trash"}
    choose(alice, "Projects", "archive")
    assert uses(alice) == {"Projects": "archive"}
    assert roles(alice)["Deleted"] == "trash"
    choose(alice, "Projects", None)
    assert uses(alice) == {}


def test_a_marked_folder_that_was_chosen_for_another_use_loses_its_mark(alice: FlaskClient) -> None:
    choose(alice, "Deleted", "archive")
    folder_roles = roles(alice)
    assert (folder_roles["Deleted"], folder_roles["Papierkorb"]) == ("archive", "trash"), (
        "the trash is now the one with a usual name"
    )


def test_a_renamed_folder_keeps_its_use_and_so_does_its_undo(alice: FlaskClient, imap: LyingServer) -> None:
    choose(alice, "Projects", "archive")
    renamed = put(alice, folder_path(alice, "Projects"), name="Old").get_json()
    imap.answers["LIST"] = [LISTED.replace(b"Projects", b"Old")]
    assert uses(alice) == {"Old": "archive"}
    again = alice.post("/api/undo", base_url=API, headers=FROM_PAGES, json={"undo": renamed["undo"]})
    assert again.status_code == 200
    imap.answers["LIST"] = [LISTED]
    assert uses(alice) == {"Projects": "archive"}


def test_a_chosen_folder_that_is_gone_leaves_the_marks(alice: FlaskClient, imap: LyingServer) -> None:
    choose(alice, "Papierkorb", "trash")
    imap.answers["LIST"] = [LISTED.replace(b'* LIST () "/" Papierkorb\r\n', b"")]
    assert roles(alice)["Deleted"] == "trash"


@pytest.mark.parametrize("use", ["inbox", "", "TRASH", 7, [], {}, True])
def test_no_other_word_is_a_use(alice: FlaskClient, use: object) -> None:
    assert put(alice, f"{folder_path(alice, 'Projects')}/use", use=use).status_code == 400


@pytest.mark.parametrize("folder", ["INBOX", "Not there"])
def test_the_inbox_and_a_folder_that_is_not_there_have_no_other_use(alice: FlaskClient, folder: str) -> None:
    assert error_of(put(alice, f"{folder_path(alice, folder)}/use", use="trash")) == (404, "no-such-folder")


def test_the_database_names_neither_the_account_nor_the_folder(alice: FlaskClient) -> None:
    choose(alice, "Papierkorb", "trash")
    with services_of(alice.application).database.reading() as rows:
        ((account, role, folder),) = rows.execute(select(FOLDER_USE)).all()
    assert (len(account), role, len(folder)) == (32, "trash", 32)
    assert services_of(alice.application).folder_choices.of("bob@example.test").chosen_for(b"Papierkorb") is None
