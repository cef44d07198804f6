"""Files of a parcel are saved whole or not at all: small ones at once, large ones as a stream that may break."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from smime_core.parcels import CHUNK_BYTES
from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import WITHOUT_DIALOG, downloads_into, wait_for_download
from tests.support.browser.page_scripts import page_scripts
from tests.support.browser.webkit import WebKit
from tests.support.pages.driver import named
from tests.support.pages.parcels import ParcelPage, ParcelRig, Sent

IN_PAGE = page_scripts("pages/parcel_saving.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

LARGE_BYTES = 2 * CHUNK_BYTES + 5_000_000
# The dialog cannot be driven, so a stand-in takes the bytes as the browser's file does.
DIALOG = IN_PAGE["dialog"]
STORED = IN_PAGE["stored"]


@pytest.fixture(scope="module")
def large() -> bytes:
    return secrets.token_bytes(1_000_000) * (LARGE_BYTES // 1_000_000)


@pytest.fixture
def sent(parcel_rig: ParcelRig, large: bytes) -> Sent:
    signer = parcel_rig.stack.accounts[1].identity
    return parcel_rig.send({"small.txt": b"small", "large.bin": large, "empty": b""}, signer=signer)


@pytest.fixture
def reader(browser: Browser, parcel_rig: ParcelRig, sent: Sent) -> ParcelPage:
    page = ParcelPage(browser, sent.link(parcel_rig.stack.pages_url))
    page.open(sent.words)
    page.page.js(WITHOUT_DIALOG)
    return page


@pytest.mark.thorough(False)
def test_small_and_empty_files_are_saved_at_once(reader: ParcelPage, tmp_path: Path) -> None:
    with downloads_into(reader.page, tmp_path):
        reader.save("small.txt")
        assert wait_for_download(tmp_path, "small.txt") == b"small"
        reader.save("empty")
        assert wait_for_download(tmp_path, "empty") == b""
        reader.wait_for_saving("It is unchanged")
    reader.close()


@pytest.mark.thorough(False)
def test_a_large_file_streams_into_the_downloads(reader: ParcelPage, tmp_path: Path, large: bytes) -> None:
    with downloads_into(reader.page, tmp_path):
        reader.save("large.bin")
        reader.wait_for_saving("Passed to your browser’s downloads")
        saved = wait_for_download(tmp_path, "large.bin")
    assert hashlib.sha256(saved).digest() == hashlib.sha256(large).digest()
    assert reader.page.js(STORED)[0] == 0
    reader.close()


def test_a_large_file_is_written_where_the_person_chooses(reader: ParcelPage) -> None:
    reader.page.js(DIALOG)
    reader.save("large.bin")
    reader.wait_for_saving("Saved. It is unchanged")
    assert reader.page.js("() => written") == [
        CHUNK_BYTES,
        CHUNK_BYTES,
        LARGE_BYTES // 1_000_000 * 1_000_000 - 2 * CHUNK_BYTES,
        "closed large.bin",
    ]
    reader.close()


@pytest.mark.thorough(False)
def test_the_first_chunk_is_saved_before_the_second_has_come(reader: ParcelPage, parcel_rig: ParcelRig) -> None:
    reader.page.js(DIALOG)
    going_on = threading.Event()

    def hold(_: Request, answer: Response) -> Response:
        data = answer.get_data()

        def pieces() -> Iterator[bytes]:
            yield data[:-1]
            going_on.wait(60)
            yield data[-1:]

        reply = Response(pieces(), answer.status_code, dict(answer.headers))
        reply.content_length = len(data)
        return reply

    # The chunks of the large file are the objects 1 to 3.
    parcel_rig.meddle("GET", "/api/open/objects/2", hold)
    reader.save("large.bin")
    reader.page.wait_for("() => written.length > 0", timeout_seconds=60)
    assert reader.page.js("() => written") == [CHUNK_BYTES]
    assert not going_on.is_set()
    going_on.set()
    reader.wait_for_saving("Saved. It is unchanged")
    reader.close()


@pytest.mark.thorough(False)
def test_a_damaged_chunk_in_the_middle_leaves_no_file(
    browser: Browser, reader: ParcelPage, parcel_rig: ParcelRig, sent: Sent
) -> None:
    browser.expect_error("ERR_|Failed to|network|Network|NS_ERROR|stream")

    def damage(_: Request, answer: Response) -> Response:
        data = bytearray(answer.get_data())
        data[1000] ^= 1
        answer.set_data(bytes(data))
        return answer

    parcel_rig.meddle("GET", "/api/open/objects/2", damage)
    reader.page.js(DIALOG)
    reader.save("large.bin")
    reader.page.wait_for_text("not what the sender sent", selector=named("parcel-files"), timeout_seconds=60)
    assert reader.page.js("() => written") == [CHUNK_BYTES, "aborted"]
    assert "failed" in parcel_rig.states_of(sent)
    reader.close()


@pytest.mark.thorough(False)
def test_a_lost_connection_goes_on_by_range(
    browser: Browser, reader: ParcelPage, parcel_rig: ParcelRig, tmp_path: Path, large: bytes
) -> None:
    browser.expect_error("ERR_|NetworkError|Failed to|Content-Length|network")
    ranges: list[str | None] = []

    def tear(request: Request, answer: Response) -> Response:
        ranges.append(request.headers.get("Range"))
        if len(ranges) > 2:
            return answer
        data = answer.get_data()

        def pieces() -> Iterator[bytes]:
            yield data[:3_000_000]
            raise ConnectionResetError

        torn = Response(pieces(), answer.status_code, dict(answer.headers))
        torn.content_length = len(data)
        return torn

    parcel_rig.meddle("GET", "/api/open/objects/2", tear)
    with downloads_into(reader.page, tmp_path):
        reader.save("large.bin")
        reader.wait_for_saving("Passed to your browser’s downloads")
        assert hashlib.sha256(wait_for_download(tmp_path, "large.bin")).digest() == hashlib.sha256(large).digest()
    starts = [0 if header is None else int(header.removeprefix("bytes=").removesuffix("-")) for header in ranges]
    # The bytes that the browser has not passed on before the connection broke are asked for again.
    assert 0 == starts[0] < starts[1] <= 3_000_000
    assert starts[1] < starts[2] <= starts[1] + 3_000_000
    reader.close()


def test_cancelling_leaves_no_file(reader: ParcelPage, parcel_rig: ParcelRig) -> None:
    reader.page.js(DIALOG)

    waiting, going_on = threading.Event(), threading.Event()

    def hold(_: Request, answer: Response) -> Response:
        waiting.set()
        going_on.wait(60)
        return answer

    parcel_rig.meddle("GET", "/api/open/objects/3", hold)
    reader.save("large.bin")
    assert waiting.wait(60)
    reader.page.click(f"{named('cancel-saving')}:not([hidden])")
    going_on.set()
    reader.wait_for_saving("Cancelled. Nothing was saved")
    assert reader.page.js("() => written").count("aborted") == 1
    reader.close()


def test_webkit_saves_small_and_large_files(
    webkit: WebKit, parcel_rig: ParcelRig, sent: Sent, tmp_path: Path, large: bytes
) -> None:
    reader = ParcelPage(webkit, sent.link(parcel_rig.stack.pages_url))
    reader.open(sent.words)
    with downloads_into(reader.page, tmp_path):
        reader.save("small.txt")
        assert wait_for_download(tmp_path, "small.txt", least_bytes=5) == b"small"
        reader.save("large.bin")
        reader.wait_for_saving("Passed to your browser’s downloads")
        saved = wait_for_download(tmp_path, "large.bin", least_bytes=len(large))
    assert hashlib.sha256(saved).digest() == hashlib.sha256(large).digest()
    reader.page.show_top(390, 844)
    assert not reader.page.overflows_sideways()
    reader.close()
