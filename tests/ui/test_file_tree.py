"""The folders and files that the index of kept files names: changes of them, names, and texts that are no index."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from smime_core.errors import SmimeError
from smime_core.parcels import check_file_name

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

SCRIPT = Path(__file__).with_name("file_tree.mjs")
OF = {"account": "alice@sealwax.test", "number": 3}
NOTHING: dict[str, Any] = {"changes": [], "theirs": [], "ours": [], "names": [], "texts": [], "of": OF, "find": ""}
DAY = "2026-11-20T12:00:00.000Z"


def ask(**given: Any) -> dict[str, Any]:
    command = ["node", str(SCRIPT), json.dumps(NOTHING | given)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def entry(number: int, name: str = "a.txt", folder: str = "") -> dict[str, Any]:
    return {"id": f"{number:021}A", "folder": folder, "name": name, "bytes": 5, "added": DAY}


def add(number: int, name: str = "a.txt", folder: str = "") -> list[Any]:
    return ["addFile", entry(number, name, folder)]


def places(content: dict[str, Any]) -> list[str]:
    return sorted(f"{one['folder']}/{one['name']}" for one in content["files"])


def id_of(number: int) -> str:
    return str(entry(number)["id"])


def test_files_of_one_name_are_numbered_before_their_extension() -> None:
    found = ask(changes=[add(1), add(2), add(3, "a.txt", "x"), add(2, "again")])["content"]
    assert places(found) == ["/a (2).txt", "/a.txt", "x/a.txt"]
    assert found["folders"] == ["x"]


def test_a_long_name_stays_within_its_bytes_when_it_is_numbered() -> None:
    name = "ä" * 125 + ".txt"
    found = ask(changes=[add(1, name), add(2, name)])
    names = [one["name"] for one in found["content"]["files"]]
    assert names[1] == "ä" * 123 + " (2).txt"
    assert found["again"] == found["content"]


def test_a_folder_moves_with_all_that_is_in_it() -> None:
    changes = [add(1, "a", "x/y"), add(2, "b", "x"), ["addFolder", "z"], ["moveFolder", "x", "z/new"]]
    found = ask(changes=changes)["content"]
    assert places(found) == ["z/new/b", "z/new/y/a"]
    assert sorted(found["folders"]) == ["z", "z/new", "z/new/y"]


def test_a_folder_does_not_move_into_itself() -> None:
    changes = [add(1, "a", "x"), ["moveFolder", "x", "x/inside"], ["moveFolder", "x", "x"], ["moveFolder", "y", "z"]]
    assert places(ask(changes=changes)["content"]) == ["x/a"]


def test_a_folder_whose_name_begins_like_another_is_another() -> None:
    changes = [add(1, "a", "work"), add(2, "b", "workshop"), ["removeFolder", "work"]]
    assert places(ask(changes=changes)["content"]) == ["workshop/b"]


def test_two_folders_that_become_one_keep_all_files() -> None:
    changes = [add(1, "a", "x"), add(2, "a", "y"), ["moveFolder", "x", "y"]]
    assert places(ask(changes=changes)["content"]) == ["y/a", "y/a (2)"]


def test_a_change_of_what_is_gone_does_nothing() -> None:
    gone = [["moveFile", id_of(9), {"name": "x"}], ["removeFile", id_of(9)], ["removeFolder", "x"]]
    assert ask(changes=[add(1), *gone])["content"] == ask(changes=[add(1)])["content"]


BASE = [add(1, "a", "x"), add(2, "b", "x/y"), add(3, "c", "z"), add(4, "d"), ["addFolder", "x/empty"]]
EVERY_CHANGE = [
    *(add(9, "new", folder) for folder in ("", "x", "x/y", "x/y/deep", "z", "q")),
    *(["addFolder", path] for path in ("x/y/made", "x/empty/made", "q")),
    *(["moveFile", id_of(number), {"folder": folder}] for number in (1, 3, 4) for folder in ("", "x", "x/y", "z", "q")),
    *(["moveFile", id_of(number), {"name": "renamed"}] for number in (1, 2, 4)),
    *(["moveFolder", path, to] for path, to in (("x", "q"), ("x/y", "z/y"), ("z", "x/z"), ("x/y", "x/q"))),
    *(["removeFile", id_of(number)] for number in (1, 3)),
    *(["removeFolder", path] for path in ("x", "x/y", "z", "x/empty")),
]


def test_a_folder_is_removed_with_what_was_seen_in_it_only() -> None:
    theirs = [add(9, "new", "x/y"), ["moveFile", id_of(4), {"folder": "x"}], ["addFolder", "x/made"]]
    found = ask(changes=BASE, theirs=theirs, ours=[["removeFolder", "x"]])["repeated"]
    assert [places(one[0]) for one in found] == [["/d", "x/y/new", "z/c"], ["x/d", "z/c"], ["/d", "z/c"]]
    assert [sorted(one[0]["folders"]) for one in found] == [["x", "x/y", "z"], ["x", "z"], ["x", "x/made", "z"]]


def test_no_change_that_is_repeated_loses_what_another_device_has_put_somewhere() -> None:
    """Only a file that the person saw where they delete it, or chose to delete, is gone afterwards."""
    found = ask(changes=BASE, theirs=EVERY_CHANGE, ours=EVERY_CHANGE)
    before = {one["id"]: one["folder"] for one in found["content"]["files"]}
    for theirs, stored, repeated in zip(EVERY_CHANGE, found["stored"], found["repeated"], strict=True):
        for ours, after in zip(EVERY_CHANGE, repeated, strict=True):
            left = {one["id"] for one in after["files"]}
            for file in stored["files"]:
                places_of_file = [before.get(file["id"], ""), file["folder"]]
                is_seen_there = ours[0] == "removeFolder" and all(one.startswith(ours[1]) for one in places_of_file)
                if not is_seen_there and ours != ["removeFile", file["id"]]:
                    assert file["id"] in left, (theirs, ours, file)
            assert {one["folder"] for one in after["files"]} <= {"", *after["folders"]}, (theirs, ours)
            kept = {path for path in stored["folders"] if path not in found["content"]["folders"]}
            if ours[0] == "removeFolder":
                assert kept <= set(after["folders"]), (theirs, ours)


def test_a_file_is_moved_renamed_and_removed() -> None:
    changes = [add(1), add(2, "b"), ["moveFile", id_of(1), {"folder": "x", "name": "c"}], ["removeFile", id_of(2)]]
    found = ask(changes=changes)
    assert places(found["content"]) == ["x/c"]
    assert found["top"] == {"folders": ["x"], "files": []}


def test_folders_end_somewhere() -> None:
    assert ask(changes=[["addFolder", "/".join("x" * 21)]])["content"] == "files-too-deep"
    inside = [["addFolder", "/".join("x" * 15)], ["addFolder", "y/" + "/".join("y" * 8)]]
    assert ask(changes=[*inside, ["moveFolder", "y", "/".join("x" * 15) + "/y"]])["content"] == "files-too-deep"


def test_files_are_found_by_all_words_in_all_folders() -> None:
    changes = [add(1, "Annual report 2.pdf", "x"), add(2, "report 10.pdf"), add(3, "other")]
    assert ask(changes=changes, find="REPORT pdf")["found"] == ["Annual report 2.pdf", "report 10.pdf"]


NAMES = [
    "a.txt",
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "a\0",
    "a\u202eb",
    "\u200fa",
    "x" * 255,
    "x" * 256,
    "é" * 128,
    "a\x7f",
    "\u0085",
]


def is_name(name: str) -> bool:
    try:
        check_file_name(name)
    except SmimeError:
        return False
    return True


def test_the_page_allows_the_names_that_the_format_allows() -> None:
    found = ask(names=NAMES)
    assert [problem == "" for problem in found["problems"]] == [is_name(name) for name in NAMES]
    assert all(is_name(name) for name in found["cleaned"])


GOOD = {"version": "sealwax-files-1", **OF, "folders": ["x"], "files": [entry(1, folder="x/y")]}


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "sealwax-files-2"},
        {"account": "bob@sealwax.test"},
        {"number": 2},
        {"folders": None},
        {"folders": [""]},
        {"folders": ["a//b"]},
        {"folders": ["../a"]},
        {"folders": [1]},
        {"files": {}},
        {"files": [entry(1) | {"id": "short"}]},
        {"files": [entry(1) | {"name": "a/b"}]},
        {"files": [entry(1) | {"folder": "/a"}]},
        {"files": [entry(1) | {"bytes": -1}]},
        {"files": [entry(1) | {"bytes": "5"}]},
        {"files": [entry(1) | {"added": "yesterday"}]},
        {"files": [None]},
    ],
)
def test_a_text_that_is_no_index_is_refused(changes: dict[str, Any]) -> None:
    found = ask(texts=[json.dumps(GOOD | changes), json.dumps(GOOD)])["texts"]
    assert found[0] == "files-damaged"
    assert sorted(found[1]["folders"]) == ["x", "x/y"]


@pytest.mark.parametrize("text", ["", "null", "[]", "1", "{"])
def test_a_text_that_is_no_object_is_refused(text: str) -> None:
    assert ask(texts=[text])["texts"] == ["files-damaged"]
