"""The check of a site stops its document, whatever the browser refuses to the script that checks."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.project import ROOT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

# A browser in which some calls throw. The server answers nothing, so that no page is drawn.
BROWSER = """
const [module, refused] = [process.argv[1], JSON.parse(process.argv[2])];
const [stops, messages] = [[], []];
const refuse = (name, act) => (...given) => {
  if (refused.includes(name)) throw new DOMException("The operation is insecure.", "SecurityError");
  return act(...given);
};
const href = "https://mail.example.org/parcel.html#ID.words";
const given = {
  location: { href, hash: "#ID.words", pathname: "/parcel.html", search: "" },
  navigator: {},
  history: { replaceState: refuse("replaceState", () => {}) },
  document: { contentType: "text/html", open: refuse("open", () => stops.push("open")) },
  stop: () => stops.push("stop"),
  fetch: async () => { throw new TypeError("no network"); },
  chrome: {
    runtime: { sendMessage: async ({ type, body: { code, fragment } }) => {
      messages.push([type, code, fragment]);
      return { value: null };
    } },
    i18n: { getMessage: (name) => name },
  },
};
for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value });
await import(module);
await new Promise((resolve) => setTimeout(resolve, 50));
console.log(JSON.stringify({ stops, messages }));
"""


def check(*refused: str) -> dict[str, Any]:
    module = (ROOT / "browser_ext/content/site_check.js").as_uri()
    command = ["node", "--input-type=module", "-e", BROWSER, module, json.dumps(refused)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    return found


@pytest.mark.parametrize("refused", [[], ["open"], ["replaceState"], ["replaceState", "open"]])
def test_a_document_is_stopped_whatever_the_browser_refuses(refused: list[str]) -> None:
    assert check(*refused) == {
        "stops": ["stop" if "open" in refused else "open"],
        "messages": [["checked.stop", "site-list-missing", "#ID.words"]],
    }
