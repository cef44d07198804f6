"""The view of the files that a person keeps: what they do with them, and what a bridge that lies cannot do."""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from smime_core.asn1 import build_pem
from smime_core.parcels import CHUNK_BYTES
from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import WITHOUT_DIALOG, downloads_into, wait_for_download
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.webkit import WebKit
from tests.support.pages.driver import OPERATION_SECONDS, named
from tests.support.pages.kept_files import Cabinet, FilesPage, many_files
from tests.support.pages.sent_parcels import SendingRig
from webbridge.database.tables import KEPT_FILE, KEPT_INDEX
from webbridge.delivery.kept.records import TooManyFiles
from webbridge.services import services_of

IN_PAGE = page_scripts("pages/my_files.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PHONES = (320, 390)
SECRET = "a-plan-that-nobody-reads"
LARGE_BYTES = 2 * CHUNK_BYTES + 5_000_000


# The first answer about a manifest does not come, as in WebKit while a download begins.
LOSING = IN_PAGE["losing"]


@pytest.fixture
def cabinet(sending_rig: SendingRig) -> Cabinet:
    """The first account, which keeps no files yet."""
    database = services_of(sending_rig.app).database
    with database.transaction() as rows:
        rows.execute(KEPT_FILE.delete())
        rows.execute(KEPT_INDEX.delete())
    return Cabinet(sending_rig)


@pytest.fixture
def files(browser: Browser, cabinet: Cabinet) -> Iterator[FilesPage]:
    page = FilesPage(browser, cabinet.rig)
    page.show()
    yield page
    page.close()


def write(folder: Path, name: str, data: bytes = SECRET.encode()) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.thorough(False)
def test_a_file_is_kept_filed_and_saved_again(files: FilesPage, cabinet: Cabinet, tmp_path: Path) -> None:
    page = files.page
    page.wait_for_text("There are no files here yet.", selector=named("my-files"))
    files.add(write(tmp_path, f"{SECRET}.txt"), write(tmp_path, "empty.txt", b""))
    files.wait_for_names(f"{SECRET}.txt", "empty.txt")
    files.make_folder("Plans")
    files.wait_for_names("Plans", f"{SECRET}.txt", "empty.txt")
    files.act(f"{SECRET}.txt", "move")
    page.wait_for_selector(named("pick-folder"))
    page.click(f'{named("pick-folder")}[data-folder="Plans"]')
    files.wait_for_names("Plans", "empty.txt")
    page.click(f"{files.row('Plans')} {named('folder-open')}")
    files.wait_for_names(f"{SECRET}.txt")
    assert page.js("() => document.activeElement.textContent") == "Plans"
    files.act(f"{SECRET}.txt", "rename")
    files.type_name("plan.txt")
    files.wait_for_names("plan.txt")
    with downloads_into(page, tmp_path / "saved"):
        files.save("plan.txt")
        assert wait_for_download(tmp_path / "saved", "plan.txt") == SECRET.encode()
    # The kept files are there after a lock and with another session, and the bridge can read none of them.
    assert cabinet.index().version in (4, 5), "both files may enter it together"
    assert not [
        data for data in cabinet.objects() if SECRET.encode() in data or b"Plans" in data or b"plan.txt" in data
    ]
    assert find_violations(page) == []
    for width in PHONES:
        page.set_viewport(width, 844)
        assert not page.overflows_sideways(), width
    page.set_viewport(1280, 844)
    page.click(named("files-up"))
    files.wait_for_names("Plans", "empty.txt")
    files.act("Plans", "delete")
    page.wait_for_text("Files in it: 1.", selector="dialog")
    page.click(named("file-delete-go"))
    files.wait_for_names("empty.txt")
    with services_of(cabinet.rig.app).database.reading() as rows:
        assert len(rows.execute(KEPT_FILE.select()).all()) == 1


def test_a_manifest_that_does_not_come_is_asked_for_again(files: FilesPage, tmp_path: Path) -> None:
    files.add(write(tmp_path, "plan.txt"))
    files.wait_for_names("plan.txt")
    files.page.js(LOSING)
    with downloads_into(files.page, tmp_path / "saved"):
        files.save("plan.txt")
        assert wait_for_download(tmp_path / "saved", "plan.txt") == SECRET.encode()
    assert files.page.js("() => lost") == 1


@pytest.mark.thorough(False)
def test_a_large_file_goes_there_and_back_and_openssl_reads_its_chunks(
    files: FilesPage, cabinet: Cabinet, tmp_path: Path
) -> None:
    data = secrets.token_bytes(1_000_000) * (LARGE_BYTES // 1_000_000)
    files.add(write(tmp_path, "large.bin", data))
    files.page.wait_for_text("Encrypting and uploading", selector=named("files-adding"))
    files.wait_for_names("large.bin")
    files.page.js(WITHOUT_DIALOG)
    with downloads_into(files.page, tmp_path / "saved"):
        files.save("large.bin")
        files.page.wait_for_text(
            "Passed to your browser’s downloads", selector=named("files"), timeout_seconds=2 * OPERATION_SECONDS
        )
        saved = wait_for_download(tmp_path / "saved", "large.bin")
    assert hashlib.sha256(saved).digest() == hashlib.sha256(data).digest()
    with services_of(cabinet.rig.app).database.reading() as rows:
        (row,) = rows.execute(KEPT_FILE.select()).all()
    store = cabinet.rig.delivery.store
    account = cabinet.rig.stack.accounts[0]
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    key.write_text(account_key(cabinet))
    certificate.write_bytes(build_pem("CERTIFICATE", account.identity.certificate.der))
    joined = b""
    for number, size in enumerate(json.loads(row.objects)):
        chunk = write(tmp_path, "chunk", b"".join(store.read(row.folder, str(number), 0, size)))
        command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(chunk), "-inkey", str(key)]
        joined += subprocess.run([*command, "-recip", str(certificate)], capture_output=True, check=True).stdout
    assert joined == data


def account_key(cabinet: Cabinet) -> str:
    """The private key of the first account as openssl writes it from the person's own file."""
    account = cabinet.rig.stack.accounts[0]
    command = ["openssl", "pkcs12", "-nodes", "-nocerts", "-passin", f"pass:{account.key_passphrase}"]
    return subprocess.run(command, input=account.p12, capture_output=True, check=True).stdout.decode()


@pytest.mark.thorough(False)
def test_two_devices_do_not_undo_each_other(
    browser: Browser, files: FilesPage, cabinet: Cabinet, tmp_path: Path
) -> None:
    other = FilesPage(browser, cabinet.rig)
    other.show()
    browser.expect_error("409")
    files.page.activate()
    files.add(write(tmp_path, "of one.txt"))
    files.wait_for_names("of one.txt")
    other.page.activate()
    other.add(write(tmp_path, "of the other.txt"))
    other.wait_for_names("of one.txt", "of the other.txt")
    other.act("of one.txt", "delete")
    other.page.click(named("file-delete-go"))
    other.wait_for_names("of the other.txt")
    # The first device renames a file that is gone, and makes a folder.
    files.page.activate()
    files.make_folder("Both")
    files.wait_for_names("Both", "of the other.txt")
    assert cabinet.index().version == 4
    other.close()


@pytest.mark.thorough(False)
def test_an_older_index_is_refused_until_the_person_agrees(
    browser: Browser, files: FilesPage, cabinet: Cabinet, tmp_path: Path
) -> None:
    files.add(write(tmp_path, "first.txt"))
    files.wait_for_names("first.txt")
    older, data = cabinet.index(), cabinet.index_bytes()
    files.make_folder("Later")
    files.wait_for_names("Later", "first.txt")
    cabinet.put_back(older, data)
    files.show()
    files.page.wait_for_text("an older list of your files", selector=named("files-error"))
    assert files.names == []
    assert not files.page.js(
        "(tools) => document.querySelector(tools)?.checkVisibility() ?? false", named("new-folder")
    )
    files.page.click(named("files-older"))
    files.page.click(named("files-older-go"))
    files.wait_for_names("first.txt")


def test_an_index_of_another_signer_or_of_another_number_is_refused(
    browser: Browser, files: FilesPage, cabinet: Cabinet
) -> None:
    alice, bob = cabinet.rig.stack.accounts[:2]
    cabinet.store_index(many_files(1), signer=bob.identity)
    files.show()
    files.page.wait_for_text("None of your own keys has signed this", selector=named("files-error"))
    cabinet.store_index(many_files(1), signer=alice.identity, number=1)
    files.show()
    files.page.wait_for_text("swapped for another one", selector=named("files-error"))
    cabinet.store_index(many_files(1), signer=alice.identity)
    files.show()
    assert len(files.names) == 1


def test_ten_thousand_files_are_listed_and_searched(
    browser: Browser, files: FilesPage, cabinet: Cabinet, capsys: pytest.CaptureFixture[str]
) -> None:
    cabinet.store_index(many_files(10_000), signer=cabinet.rig.stack.accounts[0].identity)
    files.page.js("() => { location.hash = '#/folder/inbox'; }")
    files.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    files.page.js(IN_PAGE["tenThousandFilesAreListedAndSearched"])
    milliseconds = files.page.wait_for("() => globalThis.shownAfter", timeout_seconds=OPERATION_SECONDS)
    files.wait()
    assert len(files.names) == 100
    files.page.wait_for_text("Shown: 100 of 10,000", selector=named("files-note"))
    begun = time.monotonic()
    files.page.fill(named("files-find"), "mountains 9999")
    files.wait_for_names("Photo of a long day in the mountains 9999.jpg")
    with capsys.disabled():
        print(f"\n10,000 files: listed in {milliseconds:.0f} ms, found in {time.monotonic() - begun:.2f} s")
    files.page.fill(named("files-find"), "")
    files.page.click(named("files-more"))
    files.page.wait_for_text("Shown: 200 of 10,000", selector=named("files-note"))


def test_a_changed_chunk_is_not_saved(browser: Browser, files: FilesPage, cabinet: Cabinet, tmp_path: Path) -> None:
    files.add(write(tmp_path, "small.txt"))
    files.wait_for_names("small.txt")
    with services_of(cabinet.rig.app).database.reading() as rows:
        (row,) = rows.execute(KEPT_FILE.select()).all()
    path = Path(cabinet.rig.delivery.config.store) / row.folder[:2] / row.folder[2:] / "whole"
    path.write_bytes(bytes([*path.read_bytes()[:200], path.read_bytes()[200] ^ 1, *path.read_bytes()[201:]]))
    with downloads_into(files.page, tmp_path / "saved"):
        files.save("small.txt")
        files.page.wait_for_text("Nothing of it is saved", selector=named("files"), timeout_seconds=OPERATION_SECONDS)
    assert not [file for file in (tmp_path / "saved").rglob("*") if file.is_file()]


def test_a_refused_upload_says_why_and_is_tried_again(
    browser: Browser, files: FilesPage, cabinet: Cabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.expect_error("507")
    with monkeypatch.context() as patch:
        patch.setattr("webbridge.delivery.kept.files.KeptFiles.create", Mock(side_effect=TooManyFiles))
        files.add(write(tmp_path, "one too many.txt"))
        adding = named("files-adding")
        files.page.wait_for_text("as many files as you may", selector=adding, timeout_seconds=OPERATION_SECONDS)
    files.page.click(named("file-again"))
    files.wait_for_names("one too many.txt")


def test_webkit_keeps_files(webkit: WebKit, cabinet: Cabinet, tmp_path: Path) -> None:
    data = secrets.token_bytes(1_000_000) * (LARGE_BYTES // 1_000_000)
    files = FilesPage(webkit, cabinet.rig)
    files.show()
    files.add(write(tmp_path, "small.txt"), write(tmp_path, "large.bin", data))
    files.wait_for_names("large.bin", "small.txt")
    files.make_folder("Plans")
    # The rows are drawn anew with the folder, and an open menu of theirs closes.
    files.wait_for_names("Plans", "large.bin", "small.txt")
    files.act("small.txt", "move")
    files.page.wait_for_selector(named("pick-folder"))
    files.page.click(f'{named("pick-folder")}[data-folder="Plans"]')
    files.wait_for_names("Plans", "large.bin")
    with downloads_into(files.page, tmp_path / "saved"):
        files.save("large.bin")
        files.page.wait_for_text(
            "Passed to your browser’s downloads", selector=named("files"), timeout_seconds=2 * OPERATION_SECONDS
        )
        saved = wait_for_download(tmp_path / "saved", "large.bin", least_bytes=len(data))
    assert hashlib.sha256(saved).digest() == hashlib.sha256(data).digest()
    files.page.show_top(390, 844)
    assert not files.page.overflows_sideways()
    files.close()
