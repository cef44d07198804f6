"""The pages understand answers of a proxy that is not ours: an error page in HTML becomes an error with a code."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.project import ROOT

SCRIPT = """
import { BridgeApi } from "./webbridge/pages/api.js";
const [status, key] = JSON.parse(process.argv[1]);
const page = "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>";
globalThis.fetch = async () => new Response(page, { status, headers: { "Content-Type": "text/html" } });
const api = new BridgeApi("https://api.example.org/mail", () => undefined);
api.use({ address: "alice@example.test", account: "0".repeat(32) });
const outcome = (promise) => promise.then((value) => value.outcome ?? "ok", (error) => error.code);
const read = await outcome(api.folders());
console.log(JSON.stringify([read, await outcome(api.sendMessage(new ArrayBuffer(2), ["bob@example.test"], key))]));
"""


@pytest.mark.parametrize(
    ("status", "read", "sent"),
    [
        (413, "message-too-large", "message-too-large"),
        # The bridge may have passed the message on before the proxy gave up.
        (502, "server-error", "perhaps"),
        (503, "server-error", "perhaps"),
        (504, "server-error", "perhaps"),
    ],
)
def test_an_error_page_of_a_proxy_is_an_error_with_a_code(status: int, read: str, sent: str) -> None:
    arguments = json.dumps([status, "0" * 32])
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", SCRIPT, arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [read, sent]
