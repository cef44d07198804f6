"""A demonstration whose bridge hands out parcels, with parcels for a person who has no key, and meddling in between."""

from __future__ import annotations

import dataclasses
import http.client
import io
import json
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from werkzeug.wrappers import Request, Response

from sealwax.service.web_server import serve
from smime_core.blocking import run
from smime_core.cms import Signing
from smime_core.identity import Identity
from smime_core.parcels import (
    CHUNK_BYTES,
    Manifest,
    ParcelChunk,
    ParcelFile,
    build_manifest,
    derive_parcel_key,
    describe_chunk,
    encrypt_chunk,
    make_parcel_id,
    make_salt,
    make_secret,
    proof_of,
)
from smime_core.x509 import Certificate
from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.parcel_rows import TOKENS, config_of
from tests.support.people import PROVIDER
from tests.support.servers.parcels import TUS, Draft
from tests.support.servers.post import Post, serving
from webbridge.app import create_app
from webbridge.config import BridgeConfig, PagesConfig
from webbridge.delivery.delivery import Delivery
from webbridge.delivery.notices.sending import ParcelNoticeSender
from webbridge.delivery.own_keys.codes import CodeBook
from webbridge.delivery.settings import ParcelsConfig, endpoint_origin
from webbridge.demo import stack as demonstration
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack
from webbridge.pages_app import create_pages_app
from webbridge.services import services_of

if TYPE_CHECKING:
    import socket

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

READER = "renate@elsewhere.test"
MESSAGE = "message.eml"
MAX_ANSWER_BYTES = 1_000_000
OPEN = "/api/open"
OBJECTS = "/api/open/objects/"
Change = Callable[[Request, Response], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A parcel at the bridge: its draft, its words, and its sender."""

    draft: Draft
    words: str
    sender: str

    def link(self, pages_url: str, *, words: bool = False) -> str:
        """The link of the notice, which may have the words."""
        behind = f".{self.words.replace(' ', '-')}" if words else ""
        return f"{pages_url}/parcel.html#{self.draft.id}{behind}"


@dataclass(slots=True)
class ParcelRig:
    """The demonstration with parcels. `changes`: by method and path, a function that makes another of an answer.

    The path `*` is for each path that has no change of its own. While the answer with an object is changed, the bridge
    encloses no objects, so that each is fetched.
    `asked` has methods and paths of the requests to the bridge since the latest parcel was sent, and `tokens` those of
    the senders. `post` takes the mails of the service. `traffic` has the requests to bridge and pages and their
    answers, if they are recorded.
    """

    stack: DemoStack
    apps: list[Flask]
    post: Post
    changes: dict[tuple[str, str], Change] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    traffic: list[bytes] = field(default_factory=list)

    @property
    def delivery(self) -> Delivery:
        service = services_of(self.apps[-1]).delivery
        assert service is not None
        return service

    def send(
        self,
        files: Mapping[str, bytes],
        *,
        kind: str = "files",
        signer: Identity | None = None,
        days: int = 7,
        to: Account | None = None,
        certificates: Sequence[Certificate] = (),
        encrypt: Callable[[bytes, str], bytes] | None = None,
    ) -> Sent:
        """Submit a parcel from Bob; signed by `signer`, and for the key of `to` too.

        `encrypt` makes a chunk of its content and the secret.
        """
        reader = READER if to is None else to.address
        certificates = certificates if to is None else (*certificates, to.identity.certificate)
        sender = self.stack.accounts[1].address
        salt, secret, parcel = make_salt(PROVIDER), make_secret(PROVIDER), make_parcel_id(PROVIDER)
        key = run(derive_parcel_key(secret, salt, PROVIDER))
        chunks: list[bytes] = []
        listed: list[ParcelFile] = []
        for name, content in files.items():
            described: list[ParcelChunk] = []
            for start in range(0, len(content), CHUNK_BYTES):
                piece = content[start : start + CHUNK_BYTES]
                if encrypt is None:
                    cms = run(encrypt_chunk(piece, PROVIDER, key=key, certificates=certificates))
                else:
                    cms = encrypt(piece, secret)
                chunks.append(cms)
                described.append(run(describe_chunk(cms, len(piece), PROVIDER)))
            listed.append(ParcelFile(name=name, size_bytes=len(content), chunks=described))
        at = datetime.now(UTC).replace(microsecond=0)
        manifest = Manifest(parcel=parcel, sender=sender, recipients=(reader,), created=at, files=listed)
        signing = None if signer is None else Signing(identities=[signer], signing_time=at)
        cms = run(build_manifest(manifest, PROVIDER, key=key, certificates=certificates, signing=signing))
        draft = Draft(
            chunks=tuple(chunks),
            manifest=cms,
            id=parcel,
            salt=salt,
            proof=run(proof_of(key, PROVIDER)),
            to=(reader,),
            certificates=tuple(certificate.der for certificate in certificates),
            days=days,
        )
        self._submit(draft, sender, kind)
        self.asked.clear()
        return Sent(draft=draft, words=secret, sender=sender)

    def states_of(self, sent: Sent) -> list[str]:
        """The states that the sender sees, the oldest first."""
        shown = self.shown(sent)
        return [row["state"] for row in shown.get("states") or shown["events"]]

    def shown(self, sent: Sent) -> dict[str, Any]:
        """The parcel as its sender sees it."""
        return self._call(sent.sender, "GET", f"/api/parcels/{sent.draft.id}")

    def withdraw(self, sent: Sent) -> None:
        self._call(sent.sender, "POST", f"/api/parcels/{sent.draft.id}/withdraw", b"{}")

    def send_mails(self) -> None:
        """Send what the service has queued."""
        services = services_of(self.apps[-1])
        notices = services.config.parcel_notices
        assert notices is not None
        codes = CodeBook(services.database, self.delivery.pepper)
        ParcelNoticeSender(services.database, notices, services.config.clock, TOKENS, codes=codes).send_due()

    def meddle(self, method: str, path: str, change: Change) -> None:
        """Change the answers to this request from now on."""
        self.changes[method, path] = change

    def objects_asked(self) -> list[str]:
        fetched = [path for method, path in self.asked if method == "GET"]
        return [path.removeprefix(OBJECTS) for path in fetched if path.startswith(OBJECTS)]

    def _submit(self, draft: Draft, sender: str, kind: str) -> None:
        self._call(sender, "POST", "/api/parcels", json.dumps(draft.members(kind=kind)).encode() + b"\n")
        for name, data in draft.objects.items():
            metadata = {"Upload-Length": str(len(data)), "Upload-Metadata": f"name {b64encode(name.encode()).decode()}"}
            headers = TUS | metadata | {"Content-Type": "application/offset+octet-stream"}
            self._call(sender, "POST", f"/api/parcels/{draft.id}/objects", data, headers)
        self._call(sender, "POST", f"/api/parcels/{draft.id}/submit", b"{}")

    def _call(
        self, sender: str, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        token = self.tokens.get(sender) or self.delivery.tokens.make(sender, "tests", 30)
        self.tokens[sender] = token
        connection = http.client.HTTPConnection(urlsplit(self.stack.api_url).netloc, timeout=60)
        fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 300, (answer.status, text)
        members: dict[str, Any] = json.loads(text) if text else {}
        return members


@contextmanager
def run_parcel_rig(
    pages_folder: Path,
    store: Path,
    *,
    max_message_bytes: int | None = None,
    alter: Callable[[BridgeConfig], BridgeConfig] = lambda config: config,
    records_traffic: bool = False,
) -> Iterator[ParcelRig]:
    """Run a demonstration with parcels in the folder `store`. Mail of at most `max_message_bytes` is sent.

    `alter` makes another configuration of the bridge. The pages may fetch from a store with presigned addresses.
    """
    apps: list[Flask] = []

    post = Post()

    def create_with_parcels(config: BridgeConfig) -> Flask:
        parcels = ParcelsConfig(store=str(store), pepper=secrets.token_bytes(32), max_answer_bytes=MAX_ANSWER_BYTES)
        changed = dataclasses.replace(config, parcels=parcels, parcel_notices=config_of(submission))
        if max_message_bytes is not None:
            changed = dataclasses.replace(changed, max_message_bytes=max_message_bytes)
        apps.append(create_app(alter(changed)))
        return apps[-1]

    def create_pages(config: PagesConfig) -> Flask:
        parcels = services_of(apps[-1]).config.parcels
        origin = endpoint_origin(parcels.endpoint) if parcels is not None and parcels.presigned_seconds else None
        return create_pages_app(dataclasses.replace(config, parcel_store_origin=origin))

    stack = DemoStack(pages_folder=pages_folder)
    rig = ParcelRig(stack, apps, post)

    @contextmanager
    def serve_meddled(app: WSGIApplication, bound: socket.socket) -> Iterator[None]:
        served = _Meddled(rig, app) if app in apps else app
        with serve(_Recorded(rig, served) if records_traffic else served, bound):
            yield

    with serving(post) as submission, pytest.MonkeyPatch.context() as patch:
        patch.setattr(demonstration, "create_app", create_with_parcels)
        patch.setattr(demonstration, "create_pages_app", create_pages)
        patch.setattr(demonstration, "serve", serve_meddled)
        with stack:
            yield rig


def without_enclosed(_: Request, answer: Response) -> Response:
    """The answer to an opening whose objects do not come along."""
    if answer.is_json and answer.status_code == 200:
        answer.set_data(json.dumps({**answer.get_json(), "enclosed": {}}))
    return answer


@dataclass(frozen=True, slots=True)
class _Meddled:
    """The bridge behind the changes of a test."""

    rig: ParcelRig
    app: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        self.rig.asked.append((request.method, request.path))
        changes = self.rig.changes
        change = changes.get((request.method, request.path)) or changes.get((request.method, "*"))
        if change is None and request.path == OPEN and any(path.startswith(OBJECTS) for _, path in changes):
            change = without_enclosed
        if change is None:
            return self.app(environ, start_response)
        # The bridge and the change both read the body.
        environ["wsgi.input"] = io.BytesIO(request.get_data())
        honest = Response.from_app(self.app, environ, buffered=True)
        return change(request, honest)(environ, start_response)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A server whose traffic the rig keeps."""

    rig: ParcelRig
    app: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        answer = Response.from_app(self.app, environ, buffered=True)
        head = f"{request.method} {request.full_path}\n{request.headers}\n"
        self.rig.traffic += [
            head.encode() + body,
            f"{answer.status}\n{answer.headers}\n".encode() + answer.get_data(),
        ]
        return answer(environ, start_response)


class ParcelPage:
    """The page of a recipient in one tab."""

    def __init__(self, browser: Browser, link: str, *, beside: Page | None = None) -> None:
        """Open a tab with separate cookies and storage, or with those of the tab `beside`."""
        self.page: Page = browser.open_emptied(link) if beside is None else browser.open_beside(beside, link)
        self.page.wait_for_selector("#app h1", timeout_seconds=OPERATION_SECONDS)

    def type_words(self, words: str) -> None:
        self.page.fill(named("words"), words)

    def press_open(self) -> None:
        self.page.click(named("open-parcel"))

    def open(self, words: str) -> None:
        """Type the words, press the button, and wait for the parcel."""
        self.type_words(words)
        self.press_open()
        self.wait_until_opened()

    def wait_until_opened(self) -> None:
        self.page.wait_for_selector(f'{named("parcel")}[aria-busy="false"]', timeout_seconds=OPERATION_SECONDS)

    def wait_for_error(self) -> tuple[str, str]:
        """The code and the sentence of the error that replaces the parcel."""
        selector = named("parcel-error")
        self.page.wait_for_selector(selector, timeout_seconds=OPERATION_SECONDS)
        code: str = self.page.js("(selector) => document.querySelector(selector).dataset.code", selector)
        return code, self.page.text(selector)

    def wait_for_words_problem(self) -> str:
        self.page.wait_for(
            "(selector) => Boolean(document.querySelector(selector)?.textContent)",
            named("words-problem"),
            timeout_seconds=OPERATION_SECONDS,
        )
        return self.page.text(named("words-problem"))

    @property
    def state(self) -> str:
        state: str = self.page.js("(selector) => document.querySelector(selector).dataset.state", named("state"))
        return state

    def file_names(self) -> list[str]:
        names: list[str] = self.page.js(
            "(selector) => [...document.querySelectorAll(selector)].map((one) => one.textContent)",
            f"{named('parcel-file')} .attachment-name",
        )
        return names

    def save(self, name: str) -> None:
        """Press the button that saves a file."""
        self.page.click(f'button[aria-label="Save {name}"]')

    def wait_for_saving(self, text: str) -> None:
        self.page.wait_for_text(text, selector=named("parcel-files"), timeout_seconds=OPERATION_SECONDS)

    def close(self) -> None:
        self.page.close()


def letter(subject: str, *lines: str, attached: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """A written message as the first file of a parcel."""
    head = f"Subject: {subject}\r\nMIME-Version: 1.0\r\n"
    text = "\r\n".join(("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", *lines, ""))
    if not attached:
        return (head + text).encode()
    parts = [text.encode()]
    for name, data in attached:
        disposition = f'Content-Disposition: attachment; filename="{name}"'
        fields = ("Content-Type: application/octet-stream", disposition, "Content-Transfer-Encoding: 8bit", "", "")
        parts.append("\r\n".join(fields).encode() + data)
    mark = b"\r\n--the-mark"
    body = b"".join(mark + b"\r\n" + part for part in parts) + mark + b"--\r\n"
    return head.encode() + b'Content-Type: multipart/mixed; boundary="the-mark"\r\n' + body
