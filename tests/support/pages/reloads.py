"""Drives the choice to unlock again after a reload, and reads what the browser keeps for it."""

from __future__ import annotations

from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named

# The records, with bytes as lists of numbers.
RECORDS = """async () => {
  if (!(await indexedDB.databases()).some(({ name }) => name === "sealwax-reload")) return [];
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("sealwax-reload"));
  const records = await done(database.transaction("kept").objectStore("kept").getAll());
  database.close();
  const octets = (buffer) => Array.from(new Uint8Array(buffer));
  return records.map((one) => ({ ...one, half: octets(one.half), kept: one.kept.map(octets) }));
}"""

# Takes the bridge's half as the pages do.
TAKE = """async (api, name, account) => {
  const named = { "X-Sealwax-Account": encodeURIComponent(account) };
  const headers = { "Content-Type": "application/json", "X-Sealwax": "1", ...named };
  const taking = { method: "POST", body: JSON.stringify({ name }), headers, credentials: "include" };
  const response = await fetch(`${api}/api/reload-half/take`, taking);
  return [response.status, Array.from(new Uint8Array(await response.arrayBuffer()))];
}"""


def choose_minutes(pages: MailPages, minutes: int) -> None:
    """Choose how long a reload needs no passphrase, and wait until the keys are kept."""
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.page.wait_for_selector(named("reload-minutes"), timeout_seconds=OPERATION_SECONDS)
    choose = """(select, minutes) => {
      const chosen = document.querySelector(select);
      chosen.value = String(minutes);
      chosen.dispatchEvent(new Event("change"));
    }"""
    pages.page.js(choose, named("reload-minutes"), minutes)
    wait_for_records(pages, 1)


def wait_for_records(pages: MailPages, number: int) -> None:
    look = f"async (number) => (await ({RECORDS})()).length === number"
    pages.page.wait_for(look, number, timeout_seconds=OPERATION_SECONDS)


def wait_until_unlocked(pages: MailPages) -> None:
    look = "(bar) => document.querySelector(bar)?.dataset.unlocked === 'true'"
    pages.page.wait_for(look, named("lock"), timeout_seconds=OPERATION_SECONDS)
