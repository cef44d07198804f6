"""The files that a person of the demonstration keeps: what the view shows, and indexes that are made beside it."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import update

from smime_core.blocking import run
from smime_core.cms import Signing
from smime_core.identity import Identity
from smime_core.parcels import Manifest, ParcelFile, build_manifest, describe_chunk, encrypt_chunk
from tests.support.browser.browsers import Browser
from tests.support.browser.page import ENTER, Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.sent_parcels import SendingRig
from tests.support.people import PROVIDER
from webbridge.database.tables import KEPT_INDEX
from webbridge.delivery.kept.announcements import NewIndex
from webbridge.delivery.kept.records import StoredIndex
from webbridge.services import services_of

_LABEL = "sealwax files index 1"
_NAMES = """() => [...document.querySelectorAll('[data-test="files"] > li')].map(({ dataset }) => dataset.name)"""


def index_id(account: str, number: int) -> str:
    """The id of the parcel that is a version of the index."""
    digest = sha256(f"{_LABEL}\0{account}\0{number}".encode()).digest()[:16]
    return urlsafe_b64encode(digest).decode().rstrip("=")


def many_files(count: int) -> list[dict[str, Any]]:
    """Entries of an index, for files that nobody has uploaded."""
    return [
        {
            "id": urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="),
            "folder": "",
            "name": f"Photo of a long day in the mountains {number}.jpg",
            "bytes": 1_000 * number,
            "added": "2026-11-20T12:00:00.000Z",
        }
        for number in range(count)
    ]


@dataclass(frozen=True)
class Cabinet:
    """The kept files of the first account at the bridge."""

    rig: SendingRig

    @property
    def account(self) -> str:
        return self.rig.stack.accounts[0].address

    def index(self) -> StoredIndex:
        return self.rig.delivery.kept.index(self.account)

    def index_bytes(self) -> bytes:
        return b"".join(self.rig.delivery.kept.read_index(self.account)[1])

    def store_index(self, files: Sequence[dict[str, Any]], *, signer: Identity, number: int | None = None) -> None:
        """Store the next version. `number` is the one that its content has, if that is another one."""
        reader = self.rig.stack.accounts[0].identity
        version = self.index().version + 1
        inside = version if number is None else number
        text = json.dumps(
            {
                "version": "sealwax-files-1",
                "account": self.account,
                "number": inside,
                "folders": [],
                "files": list(files),
            }
        ).encode()
        cms = run(encrypt_chunk(text, PROVIDER, certificates=[reader.certificate]))
        chunk = run(describe_chunk(cms, len(text), PROVIDER))
        manifest = Manifest(
            parcel=index_id(self.account, inside),
            sender=self.account,
            recipients=(self.account,),
            created=datetime.now(UTC),
            files=(ParcelFile(name="files.json", size_bytes=len(text), chunks=(chunk,)),),
        )
        signing = Signing(identities=[signer], signing_time=datetime.now(UTC))
        signed = run(build_manifest(manifest, PROVIDER, certificates=[reader.certificate], signing=signing))
        new = NewIndex(version=version, objects=(len(cms),), manifest_bytes=len(signed), kept=(), deleted=())
        self.rig.delivery.kept.put_index(self.account, new, cms + signed)

    def put_back(self, index: StoredIndex, data: bytes) -> None:
        """Store an older version, as the operator may who restores a backup or lies."""
        self.rig.delivery.store.write_whole(index.folder, data)
        values = {
            "version": index.version,
            "folder": index.folder,
            "objects": json.dumps(index.objects),
            "manifest_bytes": index.manifest_bytes,
        }
        with services_of(self.rig.app).database.transaction() as rows:
            rows.execute(update(KEPT_INDEX).where(KEPT_INDEX.c.account == self.account).values(values))

    def objects(self) -> list[bytes]:
        """All objects in the store."""
        store = Path(self.rig.delivery.config.store)
        return [file.read_bytes() for file in store.rglob("*") if file.is_file()]


class FilesPage:
    """The view of a person who has unlocked the keys."""

    def __init__(self, browser: Browser, rig: SendingRig) -> None:
        self.pages = MailPages(browser, rig.stack.pages_url, rig.stack.accounts[0])
        self.page: Page = self.pages.page
        self.page.activate()
        self.pages.enter()

    def show(self) -> None:
        """Go to the view, and wait for the list or an error."""
        self.page.js("() => { location.hash = '#/folder/inbox'; }")
        self.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
        self.page.js("() => { location.hash = '#/files'; }")
        self.wait()

    def wait(self) -> None:
        self.page.wait_for_selector(f"{named('my-files')}[aria-busy=false]", timeout_seconds=OPERATION_SECONDS)

    @property
    def names(self) -> list[str]:
        names: list[str] = self.page.js(_NAMES)
        return names

    def wait_for_names(self, *names: str) -> None:
        same = f"(names) => JSON.stringify(({_NAMES})()) === JSON.stringify(names)"
        self.page.wait_for(same, list(names), timeout_seconds=OPERATION_SECONDS)

    def add(self, *files: Path) -> None:
        self.page.choose_files(named("files-picker"), files)

    def row(self, name: str) -> str:
        return f'{named("files")} > li[data-name="{name}"]'

    def act(self, name: str, act: str) -> None:
        """Press one of the rare buttons of a row."""
        self.page.click(f"{self.row(name)} {named('file-more')}")
        self.page.click(f"{self.row(name)} {named(f'file-{act}')}")

    def type_name(self, name: str) -> None:
        self.page.wait_for_selector(named("file-name-dialog"))
        self.page.fill(named("file-name"), name)
        self.page.press(ENTER)

    def make_folder(self, name: str) -> None:
        self.page.click(named("new-folder"))
        self.type_name(name)

    def save(self, name: str) -> None:
        self.page.click(f"{self.row(name)} {named('file-save')}")

    def close(self) -> None:
        self.pages.close()
