"""The manifest of a kept file is replaced as a whole or not at all, and no chunk of it goes meanwhile."""

from __future__ import annotations

import errno
import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.servers.bridge import error_of
from tests.support.servers.kept_files import CHUNK, Keeper, NewFile, files_in, keeper_of
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import Rig
from webbridge.delivery.kept import KeptFiles
from webbridge.delivery.store import DiskStore, Uploads

pytestmark = pytest.mark.server


def test_a_repeated_manifest_writes_nothing(alice: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    file = NewFile()
    alice.upload(file)
    with monkeypatch.context() as patch:
        patch.setattr(DiskStore, "keep", fail)
        patch.setattr(DiskStore, "delete_object", fail)
        assert alice.finish(file).get_json()["state"] == "complete"
    alice.keep(1, kept=[file])
    assert alice.read(file, "manifest").data == file.manifest


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_manifest_that_is_not_replaced_stays(
    alice: Keeper, rig: Rig, store: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = NewFile()
    other = replace(file, manifest=b"another")
    alice.upload(file)
    with monkeypatch.context() as patch:
        patch.setattr(*{"fsync": (os, "fsync"), "rename": (Path, "rename")}[call], fail)
        assert error_of(alice.finish(other)) == (503, "store-unavailable")
    (manifest,) = [path for path in files_in(store) if path.name == "manifest" and "upload" not in path.parts]
    assert manifest.read_bytes() == file.manifest
    assert error_of(alice.keep(1, kept=[file])) == (409, "incomplete"), "the record does not have the size of either"
    assert alice.finish(other).get_json()["manifest"] == len(other.manifest)
    assert alice.keep(1, kept=[file]).status_code == 200
    assert alice.read(file, "manifest").data == other.manifest


def fail(*_args: object, **_options: object) -> None:
    raise OSError(errno.EIO, "no")


def test_a_manifest_is_not_replaced_once_an_index_keeps_its_file(
    alice: Keeper, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other_device, has_manifest = NewFile(), keeper_of(rig, ALICE), KeptFiles._has_manifest
    alice.upload(file)

    def keep_first(*args: Any) -> bool:
        assert other_device.keep(1, kept=[file]).status_code == 200
        return has_manifest(*args)

    monkeypatch.setattr(KeptFiles, "_has_manifest", keep_first)
    assert error_of(alice.finish(replace(file, manifest=b"another"))) == (409, "id-used")
    assert alice.read(file, "manifest").data == file.manifest


def test_no_index_keeps_a_file_whose_manifest_is_being_replaced(
    alice: Keeper, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other_device, keep = NewFile(), keeper_of(rig, ALICE), DiskStore.keep
    other = replace(file, manifest=b"another")
    alice.upload(file)

    def keep_slowly(*args: Any) -> None:
        assert error_of(other_device.keep(1, kept=[file])) == (409, "incomplete")
        keep(*args)

    monkeypatch.setattr(DiskStore, "keep", keep_slowly)
    assert alice.finish(other).status_code == 200
    assert alice.keep(1, kept=[file]).status_code == 200
    assert alice.read(file, "manifest").data == other.manifest


def test_a_chunk_is_not_deleted_while_its_file_is_finished(
    alice: Keeper, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other_device, replace_object = NewFile(), keeper_of(rig, ALICE), Uploads.replace
    alice.create(file)
    for number, chunk in enumerate(file.chunks):
        alice.send(file, str(number), chunk)
    with ThreadPoolExecutor(1) as pool:
        deletions: list[Future[TestResponse]] = []

        def replace_slowly(*args: Any) -> None:
            # The chunks are checked, and the file is not complete yet.
            deletions.append(pool.submit(other_device.end_chunk, file, "0"))
            wait(deletions, timeout=0.3)
            replace_object(*args)

        monkeypatch.setattr(Uploads, "replace", replace_slowly)
        assert alice.finish(file).get_json()["state"] == "complete"
        assert error_of(deletions[0].result(10)) == (409, "submitted")
    alice.keep(1, kept=[file])
    assert alice.read(file, "0").data == CHUNK
