"""The two accounts on the mail servers that tests start."""

from __future__ import annotations

from webbridge.accounts.accounts import Accounts
from webbridge.gateway import Credentials, MailAccount, MailServer, ServerAddress

ALICE = "alice@example.test"
BOB = "bob@example.test"
PASSWORDS = {ALICE: "correct horse äöü", BOB: "another password"}


def login_at(server: MailServer, address: str = ALICE, password: str = PASSWORDS[ALICE]) -> Credentials:
    """Return the credentials of an account, of Alice if not said otherwise, at these servers."""
    return Credentials(account=MailAccount(address=address, login=address, server=server), password=password)


SOMEWHERE = MailServer(
    imap=ServerAddress(host="imap.example.test", port=993), smtp=ServerAddress(host="smtp.example.test", port=465)
)
"""Mail servers that no test reaches."""


def accounts_at(server: MailServer) -> Accounts:
    """Return the accounts of a bridge that takes every address."""
    return Accounts((), default_domain="", mail_server=server, find_accepted=lambda _domain: None)
