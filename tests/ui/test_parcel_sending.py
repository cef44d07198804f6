"""The sending of a parcel by pages and extension: chunk by chunk, once, and on after a lost connection."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

pytestmark = [pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")]

_SCRIPT: Final = Path(__file__).with_name("parcel_sending.mjs")
CHUNK: Final = 16 * 1024 * 1024
OVERHEAD: Final = 100


@pytest.fixture(scope="module")
def sent() -> dict[str, Any]:
    done = subprocess.run(["node", str(_SCRIPT)], capture_output=True, text=True, check=True, timeout=120)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_a_small_parcel_goes_in_one_request_that_can_be_repeated(sent: dict[str, Any]) -> None:
    small = sent["small"]
    assert (small["before"], small["reference"]) == (0, "AB12-CD34")
    assert small["asked"] == ["POST /api/parcels"] * 2, "the second one is after a lost answer"
    assert small["isSame"] is True
    assert small["line"] == {
        "id": "AAAAAAAAAAAAAAAAAAAAAA",
        "to": [{"address": "b@y.test", "language": "fr"}],
        "salt": "AQEBAQEBAQEBAQEBAQEBAQ",
        "proof": "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM",
        "certificates": [],
        "kind": "message",
        "objects": [110, 120],
        "manifest": 500,
        "days": 7,
        "downloads": None,
        "whole": True,
    }
    assert [call[0] for call in small["calls"]] == ["parcel.make", "parcel.encrypt", "parcel.encrypt", "parcel.finish"]


def test_the_service_learns_the_language_of_the_sender_and_not_that_of_a_document(sent: dict[str, Any]) -> None:
    assert sent["small"]["languages"] == ["ar", "ar"]


def test_the_link_has_the_words_only_where_it_says_so(sent: dict[str, Any]) -> None:
    link = "https://pages.test/parcel.html#AAAAAAAAAAAAAAAAAAAAAA"
    assert sent["small"]["secret"] == {
        "words": "abandon ability able about above absent",
        "link": link,
        "linkWithWords": f"{link}.abandon-ability-able-about-above-absent",
    }


def test_an_answer_that_is_not_about_the_parcel_is_no_success(sent: dict[str, Any]) -> None:
    assert sent["lies"] == [["parcel-not-taken", None]] * 9


def test_a_large_file_is_read_and_encrypted_chunk_by_chunk(sent: dict[str, Any]) -> None:
    large = sent["large"]
    assert large["read"] == [[0, CHUNK], [CHUNK, CHUNK + 3]]
    # Zeros of each length tell the sizes that the bridge wants to know first.
    assert large["encrypted"] == [
        ["parcel.encrypt", CHUNK, 0],
        ["parcel.encrypt", 3, 0],
        ["parcel.encrypt", CHUNK, 7],
        ["parcel.encrypt", 3, 7],
    ]
    assert (large["line"]["kind"], large["line"]["whole"]) == ("files", False)
    assert large["line"]["objects"] == [CHUNK + OVERHEAD, 3 + OVERHEAD]
    assert large["objects"] == {"0": CHUNK + OVERHEAD, "1": 3 + OVERHEAD, "manifest": 501}


def test_the_manifest_gets_the_size_that_was_announced(sent: dict[str, Any]) -> None:
    # Of the five that were tried, 501 bytes were the most frequent. The next one has 500, and is made again.
    assert (sent["large"]["line"]["manifest"], sent["large"]["finished"]) == (501, 7)


def test_an_upload_goes_on_where_the_connection_was_lost(sent: dict[str, Any]) -> None:
    large = sent["large"]
    assert (large["uploaded"], large["state"]) == ("none", "submitted"), "nobody is told before the submission"
    first = "/api/parcels/ID/objects"
    assert large["asked"][:8] == [
        "POST /api/parcels",
        f"POST {first}",
        f"PATCH {first}/0",
        f"HEAD {first}/0",
        f"PATCH {first}/0",
        f"HEAD {first}/0",
        f"PATCH {first}/0",
        f"HEAD {first}/0",
    ]
    # The second request that failed came before any new byte, so that its pause is longer.
    assert large["pauses"] == [1000, 2000, 1000]
    assert large["connection"] == [True, True, False, True, False]
    assert (large["isRising"], large["last"]) == (True, CHUNK + 3)


def test_an_upload_that_was_begun_at_one_bridge_begins_anew_at_another(sent: dict[str, Any]) -> None:
    first = "/api/parcels/ID/objects"
    assert sent["elsewhere"]["asked"][1:6] == [
        f"POST {first}",
        f"PATCH {first}/0",
        f"PATCH {first}/0",
        f"HEAD {first}/0",
        f"POST {first}",
    ]
    assert sent["elsewhere"]["state"] == "submitted"
    assert sent["elsewhere"]["objects"] == {"0": 8 * 1024 * 1024 + OVERHEAD, "manifest": 500}


def test_a_sending_that_was_given_up_by_the_connection_is_gone_on_with(sent: dict[str, Any]) -> None:
    again = sent["again"]
    assert (again["code"], again["state"]) == ("unreachable", "submitted")
    assert (again["made"], again["announced"], again["encryptedLater"]) == (1, 1, 0)
    assert again["objects"] == {"0": 8 * 1024 * 1024 + OVERHEAD, "manifest": 500}


def test_a_parcel_that_is_given_up_before_the_bridge_has_it_is_withdrawn_when_it_has(sent: dict[str, Any]) -> None:
    """Its recipients would be told of a parcel whose words nobody knows."""
    assert sent["overtaken"] == {
        "name": "AbortError",
        "state": "withdrawn",
        "withdrawn": ["none", "none", "submitted"],
    }


def test_a_cancelled_parcel_is_withdrawn_and_its_secret_overwritten(sent: dict[str, Any]) -> None:
    assert sent["cancelled"] == {
        "name": "AbortError",
        "last": "POST /api/parcels/ID/withdraw",
        "state": "withdrawn",
        "isOverwritten": True,
    }
    assert sent["untouched"] == [], "the bridge does not know a small parcel before it is submitted"


def test_a_refusal_is_final_and_a_busy_upload_is_not(sent: dict[str, Any]) -> None:
    assert sent["quota"] == ["quota-exceeded", 1]
    assert sent["busy"][0] == "sent"


def test_a_changed_file_and_a_lock_end_the_sending(sent: dict[str, Any]) -> None:
    assert sent["changed"] == ["file-unreadable", 1]
    assert sent["locked"][0] == "locked"
