/** The check of a site stops its document, whatever the browser refuses to the script that checks. */
import assert from "node:assert/strict";
import { test } from "node:test";

/** @type {string[]} */
const stops = [];
/** @type {string[][]} */
const messages = [];
/** @type {string[]} */
let refused = [];

/** @param {string} name @param {() => unknown} act */
const refuse = (name, act) => () => {
  if (refused.includes(name)) throw new DOMException("The operation is insecure.", "SecurityError");
  return act();
};
const href = "https://mail.example.org/parcel.html#ID.words";
// The browser. The server answers nothing, so that no page is drawn.
const given = {
  location: { href, hash: "#ID.words", pathname: "/parcel.html", search: "" },
  navigator: {},
  history: { replaceState: refuse("replaceState", () => {}) },
  document: { contentType: "text/html", open: refuse("open", () => stops.push("open")) },
  stop: () => stops.push("stop"),
  fetch: async () => { throw new TypeError("no network"); },
  chrome: {
    runtime: { sendMessage: async (/** @type {{type: string, body: BodyOf<"checked.stop">}} */ { type, body }) => {
      messages.push([type, body.code, body.fragment]);
      return { value: null };
    } },
    i18n: { getMessage: (/** @type {string} */ name) => name },
  },
};
for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, configurable: true });

/** Checks a page in a browser in which some calls throw. @param {string[]} calls */
async function check(calls) {
  refused = calls;
  for (const list of [stops, messages]) list.length = 0;
  // The script runs when it is loaded. Another query makes another script.
  await import(new URL(`../../browser_ext/content/site_check.js?${calls}`, import.meta.url).href);
  await new Promise((resolve) => { setTimeout(resolve, 50); });
  return { stops, messages };
}

test("a document is stopped whatever the browser refuses", async () => {
  for (const calls of [[], ["open"], ["replaceState"], ["replaceState", "open"]]) {
    assert.deepEqual(await check(calls), {
      stops: [calls.includes("open") ? "stop" : "open"], messages: [["checked.stop", "site-list-missing", "#ID.words"]],
    }, calls.join());
  }
});
