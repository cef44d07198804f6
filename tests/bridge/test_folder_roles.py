"""The roles of folders: by SPECIAL-USE, else by a usual name, and never for folders of others (RFC 2342)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.servers import dovecot
from tests.support.servers.hostile_imap import HEALTHY
from tests.support.servers.lying_server import IMAP, LyingServer
from tests.support.servers.mailboxes import BOB, PASSWORDS, SOMEWHERE, login_at
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, MailServer, OutgoingMessage, Security
from webbridge.gateway.imap_folders import Role, read_folders, roles_of
from webbridge.gateway.imap_namespaces import MAX_FOREIGN, MAX_PREFIX_BYTES, read_namespaces
from webbridge.gateway.imap_syntax import Value, write_folder_name
from webbridge.gateway.imap_wire import Answer
from webbridge.gateway.usual_names import USUAL_NAMES

pytestmark = pytest.mark.server

Roles = dict[str, str | None]
Asked = Callable[..., ImapConnection]
# The layout of Cyrus: the account's own folders are below INBOX, and the folders of everybody are at the top.
SHARED_AT_THE_TOP = """
namespace inbox {{
  prefix = INBOX/
}}
namespace everybody {{
  type = public
  separator = /
  prefix =
  location = maildir:{folder}/mail/public
  list = yes
  subscriptions = no
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
"""

SPACE_OF_EVERYBODY = """
namespace {name} {{
  type = public
  separator = /
  prefix = {name}/
  location = maildir:{folder}/mail/{name}
  list = yes
  subscriptions = no
  mailbox Drafts {{
    special_use = \\Drafts
  }}
}}
"""


@pytest.fixture
def asked(imap: LyingServer) -> Iterator[Asked]:
    """A function that opens a connection to a server with these folders and these namespaces."""
    opened: list[ImapConnection] = []

    def open_connection(*listed: bytes, namespaces: bytes | None = None, more: bytes = b"") -> ImapConnection:
        offered = (b"" if namespaces is None else b"NAMESPACE ") + more
        imap.answers |= HEALTHY
        imap.answers |= {
            "CAPABILITY": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN " + offered + b"\r\nTAG OK\r\n"],
            "LIST": [b"".join(b"* LIST " + line + b"\r\n" for line in listed) + b"TAG OK\r\n"],
            "NAMESPACE": [namespaces or b"TAG BAD\r\n"],
            "STATUS": [b"TAG OK\r\n"],
            "CREATE": [b"TAG OK\r\n"],
            "SUBSCRIBE": [b"TAG OK\r\n"],
        }
        opened.append(ImapConnection.open(login_at(imap.address())))
        return opened[-1]

    yield open_connection
    for connection in opened:
        connection.close()


def roles_in(connection: ImapConnection) -> Roles:
    return {folder.name: folder.role for folder in connection.list_folders() if folder.name != "INBOX"}


def test_usual_names_count_at_the_top_and_below_the_inbox(asked: Asked) -> None:
    assert roles_in(asked(b'() "/" Sent', b'() "/" INBOX/Drafts')) == {"Sent": "sent", "INBOX/Drafts": "drafts"}
    assert roles_in(asked(b'() "." INBOX.Sent', b'() "." Drafts')) == {"INBOX.Sent": "sent", "Drafts": "drafts"}


def test_of_two_usual_names_the_shorter_one_counts(asked: Asked) -> None:
    for listed in (b'() "/" Sent', b'() "/" INBOX/Sent'), (b'() "/" INBOX/Sent', b'() "/" Sent'):
        assert roles_in(asked(*listed)) == {"Sent": "sent", "INBOX/Sent": None}


def test_usual_names_elsewhere_count_for_nothing(asked: Asked) -> None:
    for listed in (
        b'() "/" "Other Users/bob/Sent"',
        b'() "/" "INBOX/bob/Sent"',
        b'() "/" "INBOX.Sent"',
        b'() NIL "INBOX.Sent"',
        b'() "." "user.bob.Drafts"',
        b'() "/" "#shared/Sent"',
    ):
        connection = asked(listed)
        assert set(roles_in(connection).values()) == {None}, listed
        assert not any(connection.has_role(name, Role.SENT, Role.DRAFTS) for name in roles_in(connection))


def test_a_marked_folder_leaves_no_role_to_a_name(asked: Asked) -> None:
    connection = asked(b'() "/" Sent', b'(\\Sent) "/" Gesendet')
    assert roles_in(connection) == {"Gesendet": "sent", "Sent": None}
    assert connection.has_role("Gesendet", Role.SENT)
    assert not connection.has_role("Sent", Role.SENT)


def test_the_inbox_has_no_second_role(asked: Asked) -> None:
    connection = asked(b'(\\Sent) "/" INBOX')
    assert not connection.has_role("INBOX", Role.SENT)


def test_folders_of_others_have_no_role(asked: Asked) -> None:
    namespaces = b'* NAMESPACE (("INBOX." ".")) (("user." ".")) (("" "."))\r\nTAG OK\r\n'
    connection = asked(
        b'() "." Sent',
        b'(\\Drafts) "." user.bob.Drafts',
        b'(\\Trash) "." Trash',
        b'() "." INBOX.Sent',
        namespaces=namespaces,
    )
    assert roles_in(connection) == {"INBOX.Sent": "sent", "Sent": None, "Trash": None, "user.bob.Drafts": None}
    assert connection.sent_folder() == "INBOX.Sent"


def test_a_namespace_inside_another_decides(asked: Asked) -> None:
    namespaces = b'* NAMESPACE (("" "/")) (("Others/" "/")) NIL\r\nTAG OK\r\n'
    connection = asked(b'(\\Sent) "/" Others/bob/Sent', b'() "/" "Sent Items"', namespaces=namespaces)
    assert roles_in(connection) == {"Others/bob/Sent": None, "Sent Items": "sent"}


def test_a_new_folder_is_made_in_the_personal_namespace(asked: Asked, imap: LyingServer) -> None:
    namespaces = b'* NAMESPACE (("INBOX." ".")) NIL (("" "."))\r\nTAG OK\r\n'
    assert asked(b'() "." Sent', namespaces=namespaces).sent_folder() == "INBOX.Sent"
    assert imap.commands("CREATE")[0].endswith(b'"INBOX.Sent"')


@pytest.mark.parametrize("extended", [b"", b"LIST-STATUS"])
def test_namespaces_are_asked_for_once(asked: Asked, imap: LyingServer, extended: bytes) -> None:
    namespaces = b'* NAMESPACE (("" "/")) NIL NIL\r\nTAG OK\r\n'
    connection = asked(b'() "/" Sent', namespaces=namespaces, more=extended)
    for _ in range(2):
        assert roles_in(connection) == {"Sent": "sent"}
        assert connection.sent_folder() == "Sent"
    assert len(imap.commands("NAMESPACE")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"TAG NO not now\r\n",
        b"* NAMESPACE\r\nTAG OK\r\n",
        b"* NAMESPACE NIL\r\nTAG OK\r\n",
        b'* NAMESPACE ((NIL "/") () x) (NIL) ((()))\r\nTAG OK\r\n',
        b"* NAMESPACE x y z\r\nTAG OK\r\n",
        b"* NAMESPACE (((((((\r\nTAG OK\r\n",
    ],
)
def test_a_list_is_read_without_namespaces(asked: Asked, answer: bytes) -> None:
    connection = asked(b'() "/" Sent', b'() "/" Others/Sent', namespaces=answer)
    assert roles_in(connection) == {"Sent": "sent", "Others/Sent": None}


@pytest.mark.parametrize(
    "namespaces",
    [
        # RFC 2342 section 5, example 5.2: anonymous users have no folders of their own.
        b'NIL NIL (("" "."))',
        b'NIL (("Others/" "/")) NIL',
        b"NIL NIL NIL",
        b"() NIL NIL",
        b'(("" "/")) NIL (("" "/"))',
        b'(("" "/")) NIL (' + b"".join(b'("P%d/" "/")' % number for number in range(MAX_FOREIGN + 1)) + b")",
        b'(("" "/")) NIL (("' + b"x" * (MAX_PREFIX_BYTES + 1) + b'" "/"))',
        b'(("INBOX/" "/")) NIL NIL',
    ],
)
def test_no_folder_outside_a_personal_namespace_has_a_role(asked: Asked, imap: LyingServer, namespaces: bytes) -> None:
    listed = b'() "/" Sent', b'(\\Drafts) "/" Others/Entwuerfe', b'(\\Trash) "/" Trash', b'() "/" Drafts'
    connection = asked(*listed, namespaces=b"* NAMESPACE " + namespaces + b"\r\nTAG OK\r\n")
    assert set(roles_in(connection).values()) == {None}
    assert not connection.has_role("Trash", Role.TRASH)
    if not namespaces.startswith(b'(("INBOX/"'):
        with pytest.raises(GatewayError) as raised:
            connection.sent_folder()
        assert raised.value.code is GatewayCode.NOT_OFFERED
        assert imap.commands("CREATE") == []


UNKNOWN = [
    b"TAG NO [UNAVAILABLE] not now\r\n",
    b"TAG BAD what?\r\n",
    b"TAG OK\r\n",
    b'* NAMESPACE (("" "/")) NIL NIL\r\nTAG NO\r\n',
    b'* NAMESPACE (("" "/")) (("user/" "/") (NIL "/")) NIL\r\nTAG OK\r\n',
    b'* NAMESPACE (("" "/")) NIL everybody\r\nTAG OK\r\n',
    b'* NAMESPACE (("" "/")) NIL ((("" "/")))\r\nTAG OK\r\n',
    b'* NAMESPACE ((NIL "/")) NIL NIL\r\nTAG OK\r\n',
    b'* NAMESPACE (("" "/")) NIL\r\nTAG OK\r\n',
]


@pytest.mark.parametrize("answer", UNKNOWN)
def test_without_known_namespaces_no_mark_counts_and_no_folder_is_made(
    asked: Asked, imap: LyingServer, answer: bytes
) -> None:
    connection = asked(b'(\\Drafts) "/" Others/Entwuerfe', b'(\\Sent) "/" Ausgang', b'() "/" Trash', namespaces=answer)
    assert roles_in(connection) == {"Ausgang": None, "Others/Entwuerfe": None, "Trash": "trash"}
    for call in (connection.sent_folder, lambda: connection.delete_draft("<one@draft.sealwax.invalid>")):
        with pytest.raises(GatewayError) as raised:
            call()
        assert raised.value.code is GatewayCode.BUSY
    assert imap.commands("CREATE") == []


@pytest.mark.parametrize("answer", UNKNOWN)
def test_namespaces_that_were_not_named_are_asked_for_again(asked: Asked, imap: LyingServer, answer: bytes) -> None:
    connection = asked(b'(\\Drafts) "/" Others/Entwuerfe', b'(\\Sent) "/" Ausgang', namespaces=answer)
    assert set(roles_in(connection).values()) == {None}
    imap.answers["NAMESPACE"] = [b'* NAMESPACE (("" "/")) (("Others/" "/")) NIL\r\nTAG OK\r\n']
    assert roles_in(connection) == {"Ausgang": "sent", "Others/Entwuerfe": None}
    assert connection.sent_folder() == "Ausgang"


def test_the_root_of_a_namespace_of_others_has_no_role(asked: Asked, imap: LyingServer) -> None:
    namespaces = b'* NAMESPACE (("" "/")) NIL (("Sent/" "/") ("Team/" "/"))\r\nTAG OK\r\n'
    connection = asked(b'() "/" Sent', b'(\\Drafts) "/" Team', namespaces=namespaces)
    assert roles_in(connection) == {"Sent": None, "Team": None}


def test_no_folder_of_others_has_a_role_among_any_namespaces() -> None:
    """A folder has a role only if the longest beginning of its name is personal, however many namespaces there are."""
    chosen = random.Random(7)  # noqa: S311 (the same namespaces in each run)
    words = ("", "INBOX/", "user/", "user/alice/", "Public/", "P/Q/", "#shared/", "user/bob/x/")
    for count in (1, 3, 20, 21, 300, MAX_FOREIGN):
        for _ in range(10):
            kinds = [chosen.sample(words, chosen.choice((0, 1, 2))) for _ in range(3)]
            kinds[2] += [f"P{number}/" for number in range(count - len(kinds[1]) - len(kinds[2]))]
            chosen.shuffle(kinds[2])
            values: list[Value] = [[[beginning.encode(), b"/"] for beginning in kind] or None for kind in kinds]
            names = [chosen.choice((*kinds[1], *kinds[2], *words)) + "Drafts" for _ in range(10)]
            answers = [Answer("LIST", None, [[b"\\DRAFTS"], b"/", name.encode()]) for name in names]
            listed = read_folders(answers, read_namespaces([Answer("NAMESPACE", None, values)]))
            roles = roles_of(listed)
            for name in names:
                beginnings = [beginning for kind in kinds for beginning in kind if name.startswith(beginning)]
                longest = max(beginnings, key=len, default=None)
                is_own = longest in kinds[0] and longest not in (*kinds[1], *kinds[2])
                assert (roles.get(name.encode()) is Role.DRAFTS) == is_own, (kinds, name)


def test_folders_that_another_user_made_at_dovecot_get_no_mail(tls_folder: Path) -> None:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    folder = dovecot.new_folder()
    settings = SHARED_AT_THE_TOP.format(folder=folder)
    draft = OutgoingMessage.of(b"Message-ID: <one@draft.sealwax.invalid>\r\n\r\nHello\r\n")
    with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, folder=folder, more_settings=settings) as addresses:
        imap = addresses[Security.IMPLICIT_TLS]
        server = MailServer(imap=imap, smtp=SOMEWHERE.smtp, ca_file=tls_folder / "tls_ca.pem")
        bob = ImapConnection.open(login_at(server, BOB, PASSWORDS[BOB]))
        for name in (b"Sent", b"Drafts", b"Trash"):
            bob._imap.run(b"CREATE", name)
        bob.close()
        alice = ImapConnection.open(login_at(server))
        assert roles_in(alice) == {"INBOX/Gesendet": "sent", "Drafts": None, "Sent": None, "Trash": None}
        assert alice.keep_draft(draft, "<one@draft.sealwax.invalid>").folder == "INBOX/Drafts"
        assert roles_in(alice)["INBOX/Drafts"] == "drafts"
        alice.close()


def test_no_namespace_of_everybody_at_dovecot_gets_mail_however_many_there_are(tls_folder: Path) -> None:
    """Bob makes a folder for drafts in each of 21 namespaces of everybody, which mark it as the folder for drafts."""
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    folder = dovecot.new_folder()
    spaces = [SPACE_OF_EVERYBODY.format(name=f"P{number:02}", folder=folder) for number in range(21)]
    settings = "namespace inbox {\n  separator = /\n}\n" + "".join(spaces)
    draft = OutgoingMessage.of(b"Message-ID: <one@draft.sealwax.invalid>\r\n\r\nHello\r\n")
    with dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, folder=folder, more_settings=settings) as addresses:
        imap = addresses[Security.IMPLICIT_TLS]
        server = MailServer(imap=imap, smtp=SOMEWHERE.smtp, ca_file=tls_folder / "tls_ca.pem")
        bob = ImapConnection.open(login_at(server, BOB, PASSWORDS[BOB]))
        for number in range(21):
            bob.create_folder(f"P{number:02}/Drafts")
        bob.close()
        alice = ImapConnection.open(login_at(server))
        assert alice.keep_draft(draft, "<one@draft.sealwax.invalid>").folder == "Drafts"
        assert {name for name, role in roles_in(alice).items() if role == "drafts"} == {"Drafts"}
        alice.close()


CYRUS = b'* NAMESPACE (("INBOX." ".")) (("user." ".")) (("" "."))\r\nTAG OK\r\n'


@pytest.mark.parametrize(
    ("namespaces", "typed", "made"),
    [
        (b'* NAMESPACE (("INBOX." ".")) NIL NIL\r\nTAG OK\r\n', "Projects", "INBOX.Projects"),
        (b'* NAMESPACE (("INBOX." ".")) NIL NIL\r\nTAG OK\r\n', "INBOX.Projects", "INBOX.Projects"),
        (CYRUS, "Projects", "INBOX.Projects"),
        (CYRUS, "Inbox", "Inbox"),
        (CYRUS, "user.bob.Projects", "user.bob.Projects"),
        (b'* NAMESPACE (("" "/")) NIL NIL\r\nTAG OK\r\n', "Projects", "Projects"),
        (b"TAG BAD what?\r\n", "Projects", "Projects"),
        (None, "Projects", "Projects"),
    ],
)
@pytest.mark.parametrize("lists_first", [False, True])
def test_a_folder_that_a_person_names_is_made_in_the_personal_namespace(
    asked: Asked, imap: LyingServer, namespaces: bytes | None, typed: str, made: str, *, lists_first: bool
) -> None:
    connection = asked(b'() "." INBOX.Old', namespaces=namespaces)
    imap.answers["RENAME"] = [b"TAG OK\r\n"]
    if lists_first:
        connection.list_folders()
    assert connection.create_folder(typed).folder == made
    assert connection.rename_folder("INBOX.Old", typed).folder == made
    assert imap.commands("CREATE") == [f'CREATE "{made}"'.encode()]
    assert imap.commands("RENAME") == [f'RENAME "INBOX.Old" "{made}"'.encode()]


def test_marks_that_a_server_gives_only_on_request_count(asked: Asked, imap: LyingServer) -> None:
    """Cyrus with `specialusealways: 0`."""
    connection = asked(b'() "/" Rubbish', more=b"SPECIAL-USE LIST-EXTENDED")
    marked = [b'* LIST (\\Trash) "/" Rubbish\r\nTAG OK\r\n']
    imap.answers['LIST "" "*" RETURN (SPECIAL-USE)'] = marked
    assert connection.has_role("Rubbish", Role.TRASH)
    imap.answers['LIST "" "*" RETURN (SPECIAL-USE)'] = [b"TAG BAD what?\r\n"]
    assert not connection.has_role("Rubbish", Role.TRASH)


def test_the_usual_names_of_fifteen_languages_are_known_and_no_second_folder_is_made(
    asked: Asked, imap: LyingServer
) -> None:
    for role in (Role.SENT, Role.DRAFTS, Role.TRASH, Role.JUNK, Role.ARCHIVE):
        for name in USUAL_NAMES[role]:
            for written in (name, name.upper(), f"INBOX/{name}"):
                wire = write_folder_name(written)
                folders = read_folders([Answer("LIST", None, [[], b"/", wire])])
                assert roles_of(folders)[wire] is role, written
    connection = asked(b'() "/" Papierkorb', b'() "/" "Gesendete Objekte"', b'() "/" "Entw&APw-rfe"')
    assert connection.sent_folder() == "Gesendete Objekte"
    assert connection.has_role("Papierkorb", Role.TRASH)
    assert imap.commands("CREATE") == []


def test_no_usual_name_has_two_roles() -> None:
    names = [name.casefold() for names in USUAL_NAMES.values() for name in names]
    assert len(names) == len(set(names))


def test_a_folder_that_is_open_is_left_before_it_or_its_parent_is_renamed(asked: Asked, imap: LyingServer) -> None:
    connection = asked(b'() "/" Work', b'() "/" Work/Old')
    imap.answers |= {"RENAME": [b"TAG OK\r\n"], "EXAMINE": IMAP["SELECT"]}
    connection.list_messages("Work/Old", limit=10)
    before = len(imap.received)
    connection.rename_folder("Work", "Done")
    assert [line.split()[0] for line in imap.received[before:]][:2] == [b"EXAMINE", b"RENAME"]
    before = len(imap.received)
    connection.rename_folder("Done", "Work")
    assert imap.received[before].startswith(b"RENAME")


def test_a_folder_whose_state_was_forgotten_is_left_too(asked: Asked, imap: LyingServer) -> None:
    """It is still selected at the server after a call that found it numbered anew."""
    connection = asked(b'() "/" Work')
    imap.answers |= {"RENAME": [b"TAG OK\r\n"], "EXAMINE": IMAP["SELECT"]}
    with pytest.raises(GatewayError) as raised:
        connection.list_messages("Work", before_uid=5, uid_validity=8, limit=10)
    assert raised.value.code is GatewayCode.FOLDER_CHANGED
    before = len(imap.received)
    connection.rename_folder("Work", "Done")
    assert [line.split()[0] for line in imap.received[before:]][:2] == [b"EXAMINE", b"RENAME"]


def test_an_import_names_its_folders_as_the_server_does(asked: Asked) -> None:
    assert asked(b'() "." INBOX.Old', namespaces=CYRUS).whole_name("Import") == "INBOX.Import"
