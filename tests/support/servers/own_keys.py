"""The requests of a recipient who wants a key of their own, and the codes in the mails."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from werkzeug.test import TestResponse

from smime_core.blocking import run
from smime_core.ca.certification_request import build_certification_request, certification_request_to_pem
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from tests.support.servers.mailboxes import BOB
from tests.support.servers.parcels import Draft, Recipient, Sender, text_of
from tests.support.servers.post import Post

PROVIDER = NativeProvider()
CAROL = "carol@example.org"
ASK, CONFIRM = "/api/open/key", "/api/open/key/confirm"


def request_for(address: str) -> bytes:
    key = run(PROVIDER.generate_key(NewKey.P256))
    return certification_request_to_pem(run(build_certification_request(key, [address], PROVIDER)))


def opened(sender: Sender, recipient: Recipient, to: tuple[str, ...] = (BOB,)) -> Draft:
    draft = Draft(to=to)
    sender.send_whole(draft)
    recipient.ticket(draft)
    return draft


def ask(recipient: Recipient, ticket: str, address: str, request: bytes) -> TestResponse:
    return recipient.post(ASK, {"address": address, "request": b64encode(request).decode()}, ticket=ticket)


def confirm(recipient: Recipient, ticket: str, address: str, request: bytes, code: str) -> TestResponse:
    members = {"address": address, "digest": text_of(sha256(request).digest()), "code": code}
    return recipient.post(CONFIRM, members, ticket=ticket)


def code_in(post: Post, index: int = -1) -> str:
    """The code in the newest mail, or another one."""
    body = post.mails[index].get_body(("plain",))
    assert body is not None
    match = re.search(r"\b([0-9]{4}) ([0-9]{4})\b", body.get_content())
    assert match is not None
    return match[1] + match[2]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"
