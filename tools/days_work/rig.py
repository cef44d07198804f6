"""The servers of one walk on loopback: Dovecot, Postfix, and either our bridge with its pages or Roundcube."""

from __future__ import annotations

import contextlib
import json
import pwd
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from imaplib import Time2Internaldate
from pathlib import Path
from typing import Final

from sealwax.service.web_server import serve
from smime_core import blocking
from smime_core.asn1 import build_pem
from smime_core.identity.identity import export_identity
from tests.support.servers import dovecot, postfix
from tests.support.servers.mail_host import MailHost
from tests.support.servers.ports import free_port
from tests.support.servers.roundcube import absence as roundcube_absence
from tools.bench_bridge import servers
from tools.bench_bridge.pages import running_pages
from tools.days_work.gate import Gate, running_gate
from tools.days_work.mailbox import FOLDERS, MESSAGES, Stored, build_messages
from tools.days_work.people import ANNA, CONTACTS, CROWD, MAIL_PASSWORD, NAMES, PROVIDER, People, create_people
from tools.days_work.post import Post
from webbridge.demo.revocation import LIST_PATH, build_list, serve_published
from webbridge.demo.tls import write_tls_files
from webbridge.gateway import Security

# The folders have the roles that a usual mail server gives them. The tests of Dovecot give the Sent folder another
# name.
_DOVECOT_SETTINGS: Final = """
namespace inbox {
  mailbox Gesendet {
    auto = no
    special_use =
  }
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
  mailbox Archive {
    auto = subscribe
    special_use = \\Archive
  }
  mailbox Drafts {
    auto = subscribe
    special_use = \\Drafts
  }
  mailbox Spam {
    auto = subscribe
    special_use = \\Junk
  }
  mailbox Trash {
    auto = subscribe
    special_use = \\Trash
  }
}
"""
_ROUNDCUBE_SETTINGS: Final = """
$config['sent_mbox'] = 'Sent';
$config['drafts_mbox'] = 'Drafts';
$config['junk_mbox'] = 'Spam';
$config['trash_mbox'] = 'Trash';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """The running servers of one walk. `url` is where the walk begins. `folder` has Anna's files.

    The browser reaches the bridge and the key server through two gates, which can break the network.
    """

    people: People
    post: Post
    url: str
    messages: Mapping[str, Stored]
    uids: Mapping[str, int]
    order: tuple[str, ...]
    folder: Path
    mail_gate: Gate
    key_gate: Gate

    @property
    def attached(self) -> tuple[Path, Path]:
        """The two files that Anna attaches."""
        return self.folder / "first.txt", self.folder / "second.csv"

    @property
    def contacts_file(self) -> Path:
        """The certificates of Anna's contacts."""
        return self.folder / "contacts.pem"

    @property
    def authority_file(self) -> Path:
        """The certificate of the authority that Anna trusts."""
        return self.folder / "ca.pem"

    def write_key_file(self) -> Path:
        """Write Anna's keys into a file, under her passphrase."""
        anna = self.people.anna
        file = self.folder / "anna.p12"
        file.write_bytes(blocking.run(export_identity(anna.identity, anna.key_passphrase.encode(), provider=PROVIDER)))
        return file

    @property
    def downloads(self) -> Path:
        """The folder in which the browser saves files."""
        return self.folder / "downloads"


def absence(*, with_roundcube: bool) -> str | None:
    """The reason why no walk is possible here, or None."""
    missing = servers.absence() or (None if postfix.BINARY else "postfix is not installed")
    if missing is None and with_roundcube:
        missing = roundcube_absence() or servers.peer_absence()
    return missing


@contextlib.contextmanager
def run_rig(
    *, with_roundcube: bool, in_clear: bool = False, count: int = MESSAGES, pages_folder: Path | None = None
) -> Iterator[Rig]:
    """Run the servers for one walk: for Roundcube, or for our pages. `in_clear` leaves the messages unprotected."""
    with contextlib.ExitStack() as stack:
        at = datetime.now(UTC)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="days-work-")))
        folder.chmod(0o755)  # The users of Dovecot and Postfix read files here.
        authority_port = free_port()
        people = create_people(at, f"http://127.0.0.1:{authority_port}{LIST_PATH}")
        published = {LIST_PATH: build_list(people.authority, [], PROVIDER, at)}
        stack.enter_context(serve(serve_published(published), socket.create_server(("127.0.0.1", authority_port))))
        _write_files(folder, people)
        host, post = _run_mail(stack, folder, people, at)
        messages = build_messages(people, at, in_clear=in_clear, count=count)
        uids = _fill(post, messages)
        mail_gate, key_gate = stack.enter_context(running_gate()), stack.enter_context(running_gate())
        origins = {
            "api_origin": json.dumps(f"http://127.0.0.1:{mail_gate.port}"),
            "key_server_origin": json.dumps(f"http://127.0.0.1:{key_gate.port}"),
        }
        rig = stack.enter_context(
            servers.run_rig(
                host,
                with_roundcube=with_roundcube,
                with_uncached=False,
                bridge_settings={**_bridge_settings(folder, authority_port, pages_folder), **origins},
                roundcube_settings=_ROUNDCUBE_SETTINGS,
            )
        )
        if with_roundcube:
            url = f"http://127.0.0.1:{rig.cached_roundcube_port}/"
        else:
            mail_gate.target, key_gate.target = rig.bridge.port, free_port()
            pages = running_pages(rig.bridge, people.anna, key_server_port=key_gate.target)
            url = stack.enter_context(pages)
        yield Rig(
            people=people,
            post=post,
            url=url,
            messages={message.name: message for message in messages},
            uids=uids,
            order=tuple(message.name for message in messages),
            folder=folder,
            mail_gate=mail_gate,
            key_gate=key_gate,
        )


def _write_files(folder: Path, people: People) -> None:
    (folder / "directory").mkdir()
    (folder / "downloads").mkdir()
    certificates = {address: people.identities[address].certificate.der for address in CONTACTS}
    pems = {address: build_pem("CERTIFICATE", der) for address, der in certificates.items()}
    for address, pem in pems.items():
        (folder / "directory" / f"{address}.pem").write_bytes(pem)
    (folder / "contacts.pem").write_bytes(b"".join(pems.values()))
    (folder / "ca.pem").write_bytes(build_pem("CERTIFICATE", people.authority.identity.certificate.der))
    (folder / "first.txt").write_text("The first file.\n" * 1000)
    (folder / "second.csv").write_text("number,square\n" + "".join(f"{n},{n * n}\n" for n in range(5000)))


def _bridge_settings(folder: Path, authority_port: int, pages_folder: Path | None) -> dict[str, str]:
    settings = {
        "trust.anchors_file": json.dumps(str(folder / "ca.pem")),
        "directory.folder": json.dumps(str(folder / "directory")),
        "authorities.allowed_hosts": json.dumps([f"127.0.0.1:{authority_port}"]),
    }
    return {**settings, **({"pages.folder": json.dumps(str(pages_folder))} if pages_folder else {})}


def _run_mail(stack: contextlib.ExitStack, folder: Path, people: People, at: datetime) -> tuple[MailHost, Post]:
    write_tls_files(folder, at)
    place, owner, auth_port = dovecot.new_folder(), pwd.getpwnam("nobody"), free_port()
    maildirs = place / "mail"
    boxes = [*NAMES, *CROWD]
    running = stack.enter_context(
        postfix.run_postfix(
            boxes, tls_folder=folder, mail=maildirs, owner=(owner.pw_uid, owner.pw_gid), auth_port=auth_port
        )
    )
    more = dovecot.auth_settings(auth_port) + servers.DOVECOT_SETTINGS + _DOVECOT_SETTINGS
    passwords = {ANNA: MAIL_PASSWORD}
    imap = stack.enter_context(dovecot.run_dovecot(passwords, tls_folder=folder, folder=place, more_settings=more))[
        Security.IMPLICIT_TLS
    ]
    smtp_port = running.addresses[Security.IMPLICIT_TLS].port
    host = MailHost(imap=imap, smtp_port=smtp_port, passwords=passwords, tls_folder=folder, maildirs=maildirs)
    return host, Post(log=running.folder / "postfix.log", maildirs=maildirs, imap=imap, people=people)


def _fill(post: Post, messages: list[Stored]) -> dict[str, int]:
    """Store the messages, the oldest first. Returns their UIDs by their names."""
    uids: dict[str, int] = {}
    with post.mailbox() as imap:
        for folder in FOLDERS:
            imap.create(f'"{folder}"')
            imap.subscribe(f'"{folder}"')
        for message in reversed(messages):
            # The messages older than the fifteen were read before.
            flags = "" if message.name.startswith("M") else "\\Seen"
            answer = imap.append("INBOX", flags, Time2Internaldate(message.date), message.raw)[1][0]
            assert isinstance(answer, bytes)
            uids[message.name] = int(answer.split(b"APPENDUID ")[1].split()[1].rstrip(b"]"))
    return uids
