"""The two accounts on the mail servers that tests start."""

from __future__ import annotations

from webbridge.gateway import Credentials

ALICE = "alice@example.test"
BOB = "bob@example.test"
PASSWORDS = {ALICE: "correct horse äöü", BOB: "another password"}
ALICE_LOGIN = Credentials(address=ALICE, password=PASSWORDS[ALICE])
