"""The modules of a parcel's recipient page that need no browser: link, names, chunks, requests, reading, saving."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.project import ROOT

pytestmark = [pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")]

_FOLDER: Final = Path(__file__).parent
_PAGES: Final = ROOT / "webbridge/pages"
_ARRIVED: Final = _PAGES / "parcels/arrived_link.js"
_PARCELS: Final = ROOT / "wasm_build/parcels"
ID: Final = "AAECAwQFBgcICQoLDA0ODw"
WORDS: Final = "able-acid-also-apex-arch-aunt"
CHUNK: Final = 16 * 1024 * 1024
USUAL_LIMITS: Final = {"maxBytes": 20 * 1024**3, "wholeBytes": 1024**2, "maxDays": 30, "maxRecipients": 50}
MAPPED: Final = """
const { %s: act } = await import(process.argv[1]);
const outcomes = JSON.parse(process.argv[2]).map((given) => {
  try { return act(...given); } catch ({ code }) { return { code }; }
});
console.log(JSON.stringify(outcomes));
"""


def run_each(module: str, name: str, *arguments: list[Any]) -> list[Any]:
    """The results of a function of a module, by the lists of its arguments; an error is its code."""
    command = ["node", "--input-type=module", "-e", MAPPED % name, (_PARCELS / module).as_uri(), json.dumps(arguments)]
    outcomes: list[Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    return outcomes


def run_script(name: str) -> dict[str, Any]:
    command = ["node", str(_FOLDER / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    return run_script("parcel_objects.mjs")


@pytest.fixture(scope="module")
def reading() -> dict[str, Any]:
    return run_script("parcel_reading.mjs")


@pytest.fixture(scope="module")
def saving() -> dict[str, Any]:
    return run_script("parcel_saving.mjs")


def test_a_link_has_an_id_and_perhaps_words() -> None:
    spoken = WORDS.replace("-", " ")
    links = {
        f"#{ID}": {"id": ID, "words": ""},
        f"#{ID}.{WORDS}": {"id": ID, "words": spoken},
        # Mail programs take a point or a bracket after the link for a part of it, and encode other letters.
        f"#{ID}.": {"id": ID, "words": ""},
        f"#{ID}>": {"id": ID, "words": ""},
        f"#{ID}.{WORDS}>.": {"id": ID, "words": spoken},
        f"#{ID}.%C3%A4pfel-acid": {"id": ID, "words": "äpfel acid"},
    }
    assert run_each("link.js", "parseLink", *([link] for link in links)) == list(links.values())


def test_no_other_fragment_is_a_link() -> None:
    others = (
        "",
        "#",
        "#/folder/inbox",
        f"#{ID[:-1]}",
        f"#{ID}A",
        f"#{ID[:-1]}B",
        f"#{ID}!{WORDS}",
        f"#.{WORDS}",
        f"#{ID}.{'a' * 401}",
        "#%E0%A4%A",
    )
    assert run_each("link.js", "parseLink", *([other] for other in others)) == [None] * len(others)


def test_the_link_leaves_the_address_before_any_other_module_runs() -> None:
    imports = re.findall(r'^import [^"\n]* from "([^"\n]*)";$', (_PAGES / "parcel_main.js").read_text(), re.MULTILINE)
    assert imports[0] == "./parcels/arrived_link.js"
    assert re.findall(r'from "(.*)"', _ARRIVED.read_text()) == ["../../../wasm_build/parcels/link.js"]
    assert "from" not in re.findall(r"^import.*", (_PARCELS / "link.js").read_text(), re.MULTILINE)


ARRIVAL: Final = """
const calls = [];
globalThis.location = { hash: process.argv[2], pathname: "/parcel.html", search: "" };
globalThis.history = { replaceState: (...given) => calls.push(given) };
const { arrivedLink } = await import(process.argv[1]);
console.log(JSON.stringify([arrivedLink, calls]));
"""


@pytest.mark.parametrize(
    ("fragment", "link", "is_broken"),
    [
        (f"#{ID}.{WORDS}", {"id": ID, "words": WORDS.replace("-", " ")}, False),
        ("#AAAA.able-acid", None, True),
    ],
)
def test_the_fragment_is_taken_out_of_address_and_history(
    fragment: str, link: dict[str, str] | None, is_broken: bool
) -> None:
    module = _ARRIVED.as_uri()
    command = ["node", "--input-type=module", "-e", ARRIVAL, module, fragment]
    said = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert said == [{"link": link, "isBroken": is_broken}, [[None, "", "/parcel.html"]]]


def test_names_of_files_are_safe_for_every_file_system() -> None:
    names = {
        "report.pdf": "report.pdf",
        "../../etc/passwd": "passwd",
        "C:\\Windows\\evil.exe": "evil.exe",
        "safe\u202efdp.exe": "safefdp.exe",
        "line\r\nbreak\x00.txt": "linebreak.txt",
        ".bashrc": "bashrc",
        "invoice.pdf. . ": "invoice.pdf",
        "con": "_con",
        "LPT1.txt": "_LPT1.txt",
        "aux .tar.gz": "_aux .tar.gz",
        "COM\u00b9.log": "_COM\u00b9.log",
        "console.log": "console.log",
        "a<b>c:d|e?f*g.txt": "abcdefg.txt",
        "...": "Unnamed",
        "": "Unnamed",
        "e\u0301te\u0301.txt": "\u00e9t\u00e9.txt",
    }
    assert run_each("file_names.js", "safeFileName", *([name, "Unnamed"] for name in names)) == list(names.values())


def test_long_names_keep_their_extension() -> None:
    long, wide = run_each("file_names.js", "safeFileName", ["x" * 255 + ".tar.gz", ""], ["印" * 80 + ".docx", ""])
    assert (len(long), long[-3:]) == (200, ".gz")
    assert (wide.endswith("印.docx"), 195 < len(wide.encode()) <= 200) == (True, True)


def test_the_objects_of_a_parcel_are_numbered_over_all_files() -> None:
    def file(*sizes: int) -> dict[str, Any]:
        return {"name": "f", "sizeBytes": 1, "chunks": [{"cmsBytes": one} for one in sizes]}

    [plan] = run_each("chunk_plan.js", "planChunks", [[file(9, 10), file(), file(20)]])
    assert [[chunk["object"] for chunk in one["chunks"]] for one in plan] == [["0", "1"], [], ["2"]]
    assert [one["cmsBytes"] for one in plan] == [19, 0, 20]


def test_the_chunks_are_those_of_the_format() -> None:
    assert "CHUNK_BYTES = 16 * 1024 * 1024;" in (_PARCELS / "chunk_plan.js").read_text()


def test_an_object_goes_on_where_the_connection_was_lost(objects: dict[str, Any]) -> None:
    torn = objects["become"]["torn"]
    assert (torn["isWhole"], torn["progress"]) == (True, 100_000)
    assert torn["lost"] == [True, False] * 3
    # Every connection has brought something, so no pause is longer than the first.
    assert torn["pauses"] == [1000] * 3
    ranges = [asked for name, asked, *_ in objects["asked"] if name == "torn"]
    assert ranges == [None, "bytes=30000-", "bytes=60000-", "bytes=90000-"]


def test_a_server_without_ranges_sends_the_object_again(objects: dict[str, Any]) -> None:
    assert objects["become"]["rangeless"]["isWhole"] is True


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("short", "parcel-cut"),
        ("long", "parcel-damaged"),
        ("longer", "parcel-damaged"),
        ("elsewhere", "parcel-damaged"),
        ("gone", "withdrawn"),
        ("failing", "store-unavailable"),
    ],
)
def test_an_object_of_another_size_or_place_is_refused(objects: dict[str, Any], name: str, code: str) -> None:
    assert objects["become"][name]["code"] == code


def test_a_failing_store_is_asked_again_with_longer_pauses_and_a_final_refusal_is_not(objects: dict[str, Any]) -> None:
    assert objects["become"]["failing"]["pauses"] == [1000, 2000]
    assert objects["become"]["gone"]["pauses"] == []
    assert objects["become"]["closed"] == {"name": "AbortError", "isPrompt": True}


def test_a_server_that_gives_a_few_bytes_at_a_time_is_given_up(objects: dict[str, Any]) -> None:
    dripping = objects["become"]["dripping"]
    assert (dripping["code"], dripping["progress"], dripping["pauses"]) == ("unreachable", 30, [1000, 2000])


def test_requests_have_the_ticket_and_no_cookie(objects: dict[str, Any]) -> None:
    assert {(ticket, cookie) for _, _, ticket, cookie in objects["asked"]} == {("Parcel T", None)}


def test_words_are_looked_up_without_the_server_and_then_prove_the_key(reading: dict[str, Any]) -> None:
    unlock = reading["unlock"]
    assert (unlock["found"], unlock["before"]) == ("parcel-words-refused-unknown-word-2", 1)
    assert [call[0] for call in unlock["calls"]] == ["parcel.check", "start", "parcel.open", "open"]
    assert unlock["calls"][3] == ["open", "AAAAAAAAAAAAAAAAAAAAAA", 32, 7]
    assert unlock["isOverwritten"] is True


def test_the_server_cannot_choose_fewer_rounds(reading: dict[str, Any]) -> None:
    assert reading["rounds"] == ["unsupported-algorithm", ["start"]]


def test_the_first_chunk_is_passed_on_before_the_second_has_come(reading: dict[str, Any]) -> None:
    read = reading["reading"]
    assert (read["arrived"], read["firstBeforeSecond"]) == ("arrived", CHUNK)
    assert (read["lengths"], read["isEnd"]) == ([CHUNK, 10], True)
    assert read["last"] == read["stored"] == CHUNK + 210
    assert [call[-2:] for call in read["calls"] if call[0] == "object"] == [["manifest", 0], ["0", 0], ["1", 0]]
    # The key goes into each call sealed.
    assert [call for call in read["calls"] if call[0] != "object"] == [
        ["parcel.open", 0],
        ["parcel.verify", 8],
        ["parcel.decrypt", 8],
        ["parcel.decrypt", 8],
    ]


def test_a_small_letter_comes_along_with_the_manifest(reading: dict[str, Any]) -> None:
    once, repeated = ["0", "manifest", "parcel.verify"], ["0", "manifest", "parcel.verify", "0"]
    later = ["manifest", "parcel.verify", "0"]
    # As announced; not come; of another size; too large; no letter.
    assert reading["ahead"] == [[10, once], [10, repeated], [10, repeated], [10, later], [10, later]]


def test_what_came_along_with_the_ticket_is_not_fetched(reading: dict[str, Any]) -> None:
    # As announced, with the letter read twice; a manifest and a letter of other sizes.
    assert reading["enclosed"] == [["0"], ["manifest", "0"], ["0", "0"]]


def test_a_lock_overwrites_key_and_proof_and_ends_the_reading(reading: dict[str, Any]) -> None:
    assert reading["locked"]["isOverwritten"] is True
    assert reading["locked"]["later"] in {"locked", "AbortError"}


def test_wrong_words_leave_no_key_and_no_claim(reading: dict[str, Any]) -> None:
    assert reading["wrong"] == {"code": "wrong-secret", "triesLeft": 4, "isOverwritten": True, "claims": []}


def test_a_ticket_that_has_ended_is_renewed_by_the_same_proof(reading: dict[str, Any]) -> None:
    assert [call[:3] for call in reading["renewed"]] == [
        ["open", "AAAAAAAAAAAAAAAAAAAAAA", 32],
        ["object", "T1", "manifest"],
        ["open", "AAAAAAAAAAAAAAAAAAAAAA", 32],
        ["object", "T2", "manifest"],
        ["claim", "T2", "opened"],
    ]


def test_a_certificate_answers_its_challenge_and_is_kept_until_the_lock(reading: dict[str, Any]) -> None:
    said = reading["certificate"]
    parcel = "AAAAAAAAAAAAAAAAAAAAAA"
    assert said["asked"] == [
        ["challenge", parcel, 3],
        ["open", parcel, "token 3"],
        ["challenge", parcel, 2],
        ["open", parcel, "token 2"],
        ["confirm", "T1", 70],
    ]
    assert (said["kept"], said["afterLock"], said["isOverwritten"]) == ([True, True, False], [True] * 3, True)
    assert (said["readers"], said["canConfirm"], said["later"]) == (["2@x.test"], True, "locked")


def test_a_file_without_the_right_certificate_costs_three_tries(reading: dict[str, Any]) -> None:
    assert reading["notForIt"] == {"code": "parcel-not-for-certificate", "tries": 3, "kept": [True] * 5}


def test_the_errors_of_a_key_file_are_not_those_of_the_parcel(reading: dict[str, Any]) -> None:
    refused = ["key-file-passphrase", "file-damaged", "file-damaged", "locked", "no-identity-in-file"]
    assert reading["files"] == refused


def test_a_ticket_is_renewed_by_a_new_challenge(reading: dict[str, Any]) -> None:
    assert [call[0] for call in reading["renewedByCertificate"]] == ["challenge", "object", "challenge", "object"]


def test_authorities_are_asked_with_the_ticket_and_the_verdict_waits_for_them(reading: dict[str, Any]) -> None:
    assert reading["checking"] == {"states": ["signed-unverified", "verified"], "status": [["status", "T1", 1]]}


def test_a_manifest_of_an_impossible_size_is_not_fetched(reading: dict[str, Any]) -> None:
    assert reading["sizes"] == [["parcel-damaged", False]] * 3


def test_a_small_file_is_saved_from_memory_and_only_if_it_is_whole(saving: dict[str, Any]) -> None:
    assert saving["memory"] == {"kind": "memory", "clicked": [7, "small.txt"], "areOverwritten": True}
    assert saving["memoryFailed"] == {"failed": "parcel-damaged", "clicked": [], "areOverwritten": True}


def test_a_large_file_is_written_where_the_person_chooses_and_a_broken_one_is_deleted(saving: dict[str, Any]) -> None:
    written = [["pick", "large.bin"], ["write", 5], ["write", 6], ["close"]]
    assert saving["chosen"] == {"kind": "chosen", "log": written, "areOverwritten": True}
    assert saving["chosenFailed"] == ["parcel-damaged", [["pick", "large.bin"], ["write", 5], ["abort"]]]
    assert saving["full"] == ["parcel-disk-full", [["pick", "large.bin"], ["abort"]]]


def test_a_closed_dialog_is_no_error_and_a_refused_place_is_one(saving: dict[str, Any]) -> None:
    assert (saving["dismissed"], saving["placeRefused"]) == (None, "parcel-place-refused")


def test_without_a_service_worker_only_64_megabytes_are_saved(saving: dict[str, Any]) -> None:
    assert (saving["fits"], saving["tooLarge"]) == ("memory", "parcel-save-refused")


def test_the_service_worker_answers_one_download_with_the_chunks(saving: dict[str, Any]) -> None:
    worker = saving["worker"]
    assert (worker["ready"], worker["body"], worker["stops"]) == (True, [1, 2, 3, 4, 5, 6, 7], 1)
    assert (worker["again"], worker["unknown"]) == (204, 204)
    assert worker["headers"] == {
        "content-type": "application/octet-stream",
        "content-length": "7",
        "content-disposition": "attachment; filename*=UTF-8''%C3%84%20%27x%27.bin",
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }


def test_a_download_of_a_damaged_file_breaks_off(saving: dict[str, Any]) -> None:
    assert saving["workerFailed"] == ["broken", True]


def test_no_plaintext_goes_into_a_storage_of_the_browser() -> None:
    code = "".join(
        path.read_text()
        for path in [*_PARCELS.rglob("*.js"), *(_PAGES / "parcels").rglob("*.js"), _PAGES / "save_worker.js"]
    )
    storages = re.compile(r"getDirectory|createSyncAccessHandle|indexedDB|localStorage|sessionStorage|caches\b")
    assert storages.findall(code) == []


def test_every_error_that_ends_a_parcel_has_its_sentence() -> None:
    known = json.loads((_PAGES / "messages.en.json").read_text())
    known |= json.loads((ROOT / "wasm_build/ui/messages.en.json").read_text())
    code = "".join(path.read_text() for path in _PARCELS.rglob("*.js"))
    named = set(re.findall(r'ApiError\(\s*"([a-z-]+)"', code))
    failures = (_PARCELS / "failures.js").read_text()
    named |= {
        one for line in re.findall(r"new Set\(\[([^\[\]]*)\]\)", failures) for one in re.findall(r'"([a-z-]+)"', line)
    }
    from_server = {"too-many-tries", "try-later", "store-unavailable", "not-found", "unreachable"}
    assert len(named) > 15
    without = {
        one
        for one in named | from_server
        if not {f"{stem}_{one.replace('-', '_')}" for stem in ("parcel_error", "as_parcel_error", "error", "reason")}
        & known.keys()
    }
    assert without == set()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("wrong-secret", "words"),
        ("parcel-words-refused-unknown-word-3", "words"),
        ("parcel-words-refused-word-count", "words"),
        ("too-many-tries", "again"),
        ("unreachable", "again"),
        ("store-unavailable", "again"),
        ("expired", "sender"),
        ("withdrawn", "sender"),
        ("parcel-damaged", "sender"),
    ],
)
def test_an_error_says_what_helps(code: str, remedy: str) -> None:
    assert run_each("failures.js", "remedyFor", [{"code": code}]) == [remedy]


@pytest.mark.parametrize(
    ("named", "read"),
    [
        (USUAL_LIMITS | {"iterations": 600_000}, USUAL_LIMITS),
        (
            dict.fromkeys(USUAL_LIMITS, 2**53 - 1),
            {"maxBytes": 2**53 - 1, "wholeBytes": 1024**2, "maxDays": 90, "maxRecipients": 50},
        ),
        *[(USUAL_LIMITS | {"wholeBytes": value}, None) for value in (0, -1, 1.5, 2**53, "1", None, [1])],
        ({}, None),
        (None, None),
        ("parcels", None),
    ],
)
def test_limits_that_a_server_names_are_bounded(named: object, read: object) -> None:
    assert run_each("parcel_limits.js", "readLimits", [named]) == [read]


def test_those_who_can_read_a_mail_get_no_parcel() -> None:
    readable, others = ("ready", "password"), ("none", "unusable")
    people: list[Any] = [{"address": name, "finding": {"readiness": name}} for name in (*readable, *others)]
    people.append({"address": "unknown", "finding": None})
    missing, large = [{"code": "certificate-none"}], [{"code": "size"}]
    given = {"open": people, "hidden": people[:1]}
    parted, all_together = run_each("letter_people.js", "partPeople", [missing, given], [large, given])
    assert [one["address"] for one in parted["open"]] == ["none", "unusable", "unknown"]
    assert (parted["hidden"], parted["isTooLarge"]) == ([], False)
    assert [one["address"] for one in parted["others"]] == ["ready", "password", "ready"]
    assert (len(all_together["open"]), len(all_together["hidden"]), all_together["others"]) == (5, 1, [])
    found = [[], missing, [*missing, *large], [*missing, {"code": "locked"}], [{"code": "certificate-failed"}]]
    assert run_each("letter_people.js", "areSolved", *[[one] for one in found]) == [False, True, True, False, False]
