"""The bundles in a page start each part once, in any order and any number."""

from __future__ import annotations

import pytest

from tests.support.node_tests import check_in_node
from tests.support.project import ROOT
from wasm_build.bundle.scripts import bundle_scripts
from wasm_build.bundle.tree import read_content

BUNDLES = ("guard", "content", "field_scripts", "mail_scripts", "page_scripts")


@pytest.fixture(scope="module")
def bundles() -> dict[str, str]:
    entries = {f"{name}.js": f"browser_ext/content/{name}.js" for name in BUNDLES}
    built = bundle_scripts(ROOT, "extension", "iife", entries)
    return {name: read_content(built[f"{name}.js"]).decode() for name in BUNDLES}


def test_each_part_starts_once_however_often_its_bundle_comes(bundles: dict[str, str]) -> None:
    check_in_node("content_bundles", "each part starts once however often its bundle comes", bundles)


def test_the_part_for_fields_stays_when_the_one_for_mail_comes_later(bundles: dict[str, str]) -> None:
    check_in_node("content_bundles", "the part for fields stays when the one for mail comes later", bundles)


def test_a_page_with_nothing_to_do_has_the_guard_and_the_watcher(bundles: dict[str, str]) -> None:
    check_in_node("content_bundles", "a page with nothing to do has the guard and the watcher", bundles)


def test_copying_a_page_starts_no_other_part(bundles: dict[str, str]) -> None:
    check_in_node("content_bundles", "copying a page starts no other part", bundles)
