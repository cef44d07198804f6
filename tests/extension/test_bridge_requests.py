"""The extension's requests to the bridge: the password as bytes, and what each answer says about a message."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.project import ROOT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

WRITE = """
import { writeCredentials } from "./browser_ext/sign_in/credentials.js";
const [address, password] = JSON.parse(process.argv[1]);
const buffer = new ArrayBuffer(4096);
const { written } = new TextEncoder().encodeInto(password, new Uint8Array(buffer));
const body = writeCredentials(address, { buffer, length: written });
const left = new Uint8Array(buffer).some((byte) => byte !== 0);
console.log(JSON.stringify([new TextDecoder().decode(body), left]));
"""
# Sends a message to a bridge that gives the answers of the first argument in turn; null is none.
SEND = """
const answers = JSON.parse(process.argv[1]);
const kept = {
  bridge: {
    directory: "https://mail.example.org", api: "https://api.example.org/mail", address: "a@example.org", token: "t",
  },
};
const asked = [];
globalThis.chrome = {
  storage: {
    session: {
      get: async (name) => (name in kept ? { [name]: kept[name] } : {}), remove: async (name) => { delete kept[name]; },
    },
    local: { set: async () => {} }, managed: { get: async () => ({ directory: kept.bridge?.directory ?? "" }) },
  },
  permissions: { contains: async () => true },
};
globalThis.fetch = async (url, { method, headers }) => {
  asked.push([method, url, headers.Authorization]);
  const answer = answers.shift();
  if (!answer) throw new TypeError("no answer");
  const [status, body] = answer;
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
};
// A database without entries: the address of the bridge comes from the administrator.
const transaction = () => {
  const begun = { objectStore: () => ({ get: () => ({}) }) };
  setTimeout(() => begun.oncomplete());
  return begun;
};
globalThis.indexedDB = { open: () => {
  const opened = { result: { transaction } };
  setTimeout(() => opened.onsuccess());
  return opened;
} };
const bridge = await import("./browser_ext/background/bridge.js");
const letter = { key: "k".repeat(48), recipients: ["b@example.org"], message: new ArrayBuffer(3), keepsCopy: true };
const outcome = await bridge.send(letter).catch(({ code }) => ({ error: code }));
console.log(JSON.stringify({ outcome, asked, isSignedIn: "bridge" in kept }));
"""


def run_node(script: str, given: object) -> Any:
    command = ["node", "--no-warnings", "--input-type=module", "-e", script, json.dumps(given)]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


@pytest.mark.parametrize(
    "password", ["plain", 'quote " and \\ backslash', "\x00\x01\x1f\t\n\x7f", "äöü €", "𝕊 🔑" * 200]
)
def test_the_password_reaches_the_bridge_unchanged_and_is_overwritten(password: str) -> None:
    body, is_left = run_node(WRITE, ['"a"@example.org', password])
    assert json.loads(body) == {"address": '"a"@example.org', "password": password}
    assert not is_left


REFUSED = [{"address": "b@example.org", "temporary": True, "text": "450 later"}]


def refused(code: str, *, temporary: bool, people: list[dict[str, object]] | None = None) -> dict[str, object]:
    return {"outcome": "refused", "code": code, "text": "No.", "temporary": temporary, "refused": people or []}


def error(code: str, **members: object) -> dict[str, object]:
    return {"code": code, "message": "No.", **members}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ([200, {"outcome": "sent", "savedTo": "Sent"}], {"outcome": "sent", "copy": "kept"}),
        ([200, {"outcome": "sent", "savedTo": None}], {"outcome": "sent", "copy": "failed"}),
        ([200, {"outcome": "sent", "savedTo": None, "copy": False}], {"outcome": "sent", "copy": "unwanted"}),
        ([200, {"outcome": "perhaps", "savedTo": None}], {"outcome": "perhaps"}),
        ([422, error("message-refused")], refused("message-refused", temporary=False)),
        (
            [422, error("message-refused", refused=REFUSED)],
            refused("message-refused", temporary=True, people=list(REFUSED)),
        ),
        ([413, error("message-too-large")], refused("message-too-large", temporary=False)),
        ([429, error("try-later")], refused("try-later", temporary=True)),
        ([503, error("mail-server-busy", failure="try-later")], refused("mail-server-busy", temporary=True)),
        (
            [502, error("mail-server-misconfigured", failure="misconfigured")],
            refused("mail-server-misconfigured", temporary=False),
        ),
        ([500, error("server-error")], {"outcome": "unanswered"}),
        ([503, error("server-error")], {"outcome": "unanswered"}),
        ([409, error("already-sending")], {"outcome": "unanswered"}),
        ([502, "<html>Bad gateway</html>"], {"outcome": "unanswered"}),
        ([200, "<html>A portal</html>"], {"outcome": "unanswered"}),
        ([200, "null"], {"outcome": "unanswered"}),
        (None, {"outcome": "unanswered"}),
    ],
)
def test_each_answer_is_one_outcome(answer: list[object] | None, outcome: dict[str, object]) -> None:
    found = run_node(SEND, [answer])
    assert found["outcome"] == outcome
    assert found["asked"] == [["POST", "https://api.example.org/mail/api/send", "Sealwax t"]]
    assert found["isSignedIn"]


def test_a_key_that_was_used_is_asked_about_and_not_taken_for_a_refusal() -> None:
    found = run_node(SEND, [[422, error("key-used")], [200, {"outcome": "perhaps"}]])
    assert found["outcome"] == {"outcome": "perhaps"}
    assert [url for _method, url, _token in found["asked"]][1].endswith(f"/api/send/{'k' * 48}/look")


def test_a_session_that_the_bridge_has_ended_is_forgotten() -> None:
    found = run_node(SEND, [[401, error("session-ended")]])
    assert (found["outcome"], found["isSignedIn"]) == ({"error": "bridge-signed-out"}, False)


def test_a_bridge_that_no_longer_admits_the_extension_is_named() -> None:
    found = run_node(SEND, [[403, error("wrong-origin")]])
    assert found["outcome"] == {"error": "bridge-not-admitted"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        # The mail server could not be asked for a copy in Sent: the message is as open as before.
        ([503, error("mail-server-busy", failure="try-later")], {"outcome": "unanswered"}),
        ([502, error("mail-server-unreachable", failure="unreachable")], {"outcome": "unanswered"}),
        ([429, error("try-later")], {"outcome": "unanswered"}),
        (
            [503, error("mail-server-busy", failure="try-later", outcome="refused")],
            refused("mail-server-busy", temporary=True),
        ),
        ([422, error("message-refused", outcome="refused")], refused("message-refused", temporary=False)),
    ],
)
def test_a_question_that_fails_is_no_refusal_of_the_message(answer: list[object], outcome: dict[str, object]) -> None:
    found = run_node(SEND, [[422, error("key-used")], answer])
    assert found["outcome"] == outcome
