"""The background of checked sites: the check stays registered while it changes, and no older list comes back."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.support.project import ROOT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

# A browser that notes after each change whether a page would be checked. It refuses the host "refused".
BROWSER = """
const registered = new Map([["checked-sites", { id: "checked-sites", matches: ["https://old.example/*"] }]]);
const stored = { checkedSites: new Map(), settings: new Map() };
const gaps = [];
const put = (scripts) => {
  if (scripts.some(({ matches }) => matches.some((match) => match.includes("refused")))) throw new Error("bad pattern");
  scripts.forEach((script) => registered.set(script.id, script));
};
const turn = () => new Promise((resume) => setTimeout(resume, 1));
globalThis.chrome = {
  offscreen: {},
  runtime: {
    getContexts: async () => [1], getURL: (path) => path,
    sendMessage: async ({ body: { list, seenVersion } }) => {
      const version = new TextDecoder().decode(list);
      await new Promise((resume) => setTimeout(resume, version === "1.0" ? 50 : 5));
      if (seenVersion > version) return { error: { code: "release-not-newer", message: "" } };
      const signer = { name: "", fingerprint: "k" };
      return { value: { version, digest: version, ends: "2999", signer, files: [] } };
    },
  },
  storage: { managed: { get: async () => ({}) } },
  permissions: { contains: async () => true },
  declarativeNetRequest: { getDynamicRules: async () => [], updateDynamicRules: turn },
  scripting: {
    getRegisteredContentScripts: async () => (await turn(), [...registered.values()]),
    unregisterContentScripts: async ({ ids }) => {
      ids.forEach((id) => registered.delete(id));
      gaps.push(1);
      await turn();
    },
    registerContentScripts: async (scripts) => {
      await turn();
      if (scripts.some(({ id }) => registered.has(id))) throw new Error("Duplicate script ID");
      put(scripts);
    },
    updateContentScripts: async (scripts) => { await turn(); put(scripts); },
  },
};
globalThis.indexedDB = { open: () => {
  const transaction = (name) => {
    const begun = { objectStore: () => {
      const entries = stored[name];
      return {
        getAll: () => ({ result: [...entries.values()] }), get: (key) => ({ result: entries.get(key) }),
        put: (value) => (entries.set(value.origin, value), {}), delete: (key) => (entries.delete(key), {}),
      };
    } };
    setTimeout(() => begun.oncomplete());
    return begun;
  };
  const opened = { result: { transaction } };
  setTimeout(() => opened.onsuccess());
  return opened;
} };
const checked = await import("./browser_ext/background/checked_sites.js");
const site = (origin) => stored.checkedSites.set(origin, { origin, keys: ["k"], seen: null, servers: null });
const matches = () => registered.get("checked-sites")?.matches ?? [];
const show = (value) => console.log(JSON.stringify(value));
"""


def run_node(script: str) -> Any:
    command = ["node", "--no-warnings", "--input-type=module", "-e", BROWSER + script]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def test_no_page_is_unchecked_while_the_sites_change() -> None:
    found = run_node(
        'site("https://old.example"); site("https://new.example"); await checked.register();'
        "show([matches(), gaps.length])"
    )
    assert found == [["https://old.example/*", "https://new.example/*"], 0]


def test_a_site_that_the_browser_refuses_leaves_the_others_checked() -> None:
    found = run_node(
        'site("https://old.example"); site("https://refused.example");'
        "await checked.register().catch(() => {}); show(matches())"
    )
    assert found == ["https://old.example/*"]


def test_two_changes_at_once_are_both_made() -> None:
    found = run_node(
        'registered.clear(); site("https://one.example"); const first = checked.register();'
        'site("https://two.example"); await Promise.all([first, checked.register()]); show(matches())'
    )
    assert found == ["https://one.example/*", "https://two.example/*"]


def test_two_pages_at_once_bring_no_older_list_back() -> None:
    found = run_node("""
site("https://old.example");
const configuration = JSON.stringify({ api: "https://api.example", keyServer: "https://keys.example" });
const visit = (version) => checked.files(
  { signed: new TextEncoder().encode(version).buffer, configuration }, { origin: "https://old.example" },
).then(() => "shown", ({ code }) => code);
const newer = visit("2.0"), older = visit("1.0");
show([await newer, await older, stored.checkedSites.get("https://old.example").seen.version]);
""")
    assert found == ["shown", "release-not-newer", "2.0"]


def test_checked_pages_ask_no_server_of_the_list_of_servers() -> None:
    found = run_node("""
site("https://old.example");
const servers = { api: "https://api.example", keyServer: "https://keys.example" };
const visit = (others) => checked.files(
  { signed: new TextEncoder().encode("1.0").buffer, configuration: JSON.stringify({ ...servers, ...others }) },
  { origin: "https://old.example" },
).then(({ servers }) => servers, ({ code }) => code);
const discovery = { key: "k", url: "https://list.example", keyServers: [] };
const known = { discovery, parcelStore: "https://s3.example" };
show([await visit(known), await visit({ more: 1 })]);
""")
    assert found == [{"api": "https://api.example", "keyServer": "https://keys.example"}, "site-configuration"]


def test_a_site_that_is_removed_during_its_check_stays_removed() -> None:
    found = run_node("""
site("https://old.example");
const configuration = JSON.stringify({ api: "https://api.example", keyServer: "https://keys.example" });
const signed = new TextEncoder().encode("1.0").buffer;
const visit = checked.files({ signed, configuration }, { origin: "https://old.example" }).catch(() => {});
await turn();
await Promise.all([visit, checked.remove({ id: "https://old.example" })]);
show([...stored.checkedSites.keys()]);
""")
    assert found == []
