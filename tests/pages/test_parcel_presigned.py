"""A parcel whose bytes come from an S3-compatible store, at presigned addresses that the pages' policy admits."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from smime_core.parcels import CHUNK_BYTES
from tests.support.browser.browsers import Browser
from tests.support.browser.downloads import WITHOUT_DIALOG, downloads_into, wait_for_download
from tests.support.pages.driver import named
from tests.support.pages.parcels import MESSAGE, ParcelPage, ParcelRig, letter, run_parcel_rig
from tests.support.servers.s3 import STORE, S3Service, running_s3
from webbridge.config import BridgeConfig

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

TEXT = "The gate opens at one, and the key is under the third step."


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Service]:
    with running_s3() as service:
        yield service


@pytest.fixture(scope="module")
def rig(s3: S3Service, pages_with_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParcelRig]:
    uploads = tmp_path_factory.mktemp("uploads")

    def store_there(config: BridgeConfig) -> BridgeConfig:
        assert config.parcels is not None
        there = replace(config.parcels, store=STORE, endpoint=s3.endpoint, upload_folder=uploads, presigned_seconds=300)
        return replace(config, parcels=there)

    with run_parcel_rig(pages_with_sources, uploads, alter=store_there) as running:
        yield running


@pytest.mark.thorough(False)
def test_the_bytes_come_from_the_store_which_gets_no_ticket(
    browser: Browser, rig: ParcelRig, s3: S3Service, tmp_path: Path
) -> None:
    tickets: list[str] = []

    def note(_: Request, answer: Response) -> Response:
        tickets.append(answer.get_json()["ticket"])
        return answer

    large = secrets.token_bytes(CHUNK_BYTES + 1_000_000)
    signer = rig.stack.accounts[1].identity
    sent = rig.send({MESSAGE: letter("The plans", TEXT), "large.bin": large}, kind="message", signer=signer)
    s3.asked.clear()
    rig.meddle("POST", "/api/open", note)
    reader = ParcelPage(browser, sent.link(rig.stack.pages_url))
    reader.open(sent.words)
    assert (reader.state, TEXT in reader.page.text(named("body"))) == ("verified", True)
    reader.page.js(WITHOUT_DIALOG)
    with downloads_into(reader.page, tmp_path):
        reader.save("large.bin")
        reader.wait_for_saving("Passed to your browser’s downloads")
        assert hashlib.sha256(wait_for_download(tmp_path, "large.bin")).digest() == hashlib.sha256(large).digest()
    reader.close()
    fetched = [request for request in s3.asked if request.method == "GET" and "X-Amz-Signature" in request.query]
    # The letter is fetched along with the manifest.
    assert sorted(request.path.rpartition("/")[2] for request in fetched) == ["0", "1", "2", "manifest"]
    (ticket,) = tickets
    for request in fetched:
        assert {"Authorization", "Cookie", "Referer"}.isdisjoint(request.headers)
        assert ticket not in request.path + request.query + str(request.headers)
        assert sent.draft.id not in request.path + request.query
