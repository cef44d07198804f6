/** The background of checked sites: the check stays registered while it changes, and no older list comes back. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { installBrowser } from "./support/browser.js";

const OLD = "https://old.example";
const SERVERS = { api: "https://api.example", keyServer: "https://keys.example" };
/** @typedef {Pick<chrome.scripting.RegisteredContentScript, "id" | "matches">} Script */
/** @type {Map<string, Script>} */
const registered = new Map();
/** @type {{checkedSites: Map<string, CheckedSite>, settings: Map<string, Setting>}} */
const stored = { checkedSites: new Map(), settings: new Map() };
// After each change, this notes whether a page would not be checked.
let gaps = 0;

const turn = () => new Promise((resume) => { setTimeout(resume, 1); });

/** The browser refuses the host "refused". @param {Script[]} scripts */
function put(scripts) {
  const isRefused = scripts.some(({ matches }) => matches?.some((match) => match.includes("refused")));
  if (isRefused) throw new Error("bad pattern");
  for (const script of scripts) registered.set(script.id, script);
}

installBrowser({
  offscreen: {},
  runtime: {
    getContexts: async () => [1], getURL: (path) => path,
    sendMessage: async ({ body: { list, seenVersion } }) => {
      const version = new TextDecoder().decode(list);
      await new Promise((resume) => { setTimeout(resume, version === "1.0" ? 50 : 5); });
      if (seenVersion > version) return { error: { code: "release-not-newer", message: "" } };
      return { value: { version, digest: version, ends: "2999", signer: { name: "", fingerprint: "k" }, files: [] } };
    },
  },
  storage: { managed: { get: async () => ({}) } },
  permissions: { contains: async () => true },
  declarativeNetRequest: { getDynamicRules: async () => [], updateDynamicRules: turn },
  scripting: {
    getRegisteredContentScripts: async () => (await turn(), [...registered.values()]),
    unregisterContentScripts: async ({ ids }) => {
      for (const id of ids) registered.delete(id);
      gaps += 1;
      await turn();
    },
    registerContentScripts: async (/** @type {Script[]} */ scripts) => {
      await turn();
      if (scripts.some(({ id }) => registered.has(id))) throw new Error("Duplicate script ID");
      put(scripts);
    },
    updateContentScripts: async (scripts) => { await turn(); put(scripts); },
  },
});
globalThis.indexedDB = /** @type {any} */ ({ open: () => {
  const transaction = (/** @type {keyof typeof stored} */ name) => {
    /** @type {Map<string, any>} */
    const entries = stored[name];
    /** @type {{objectStore: () => object, oncomplete?: () => void}} */
    const begun = { objectStore: () => ({
      getAll: () => ({ result: [...entries.values()] }),
      get: (/** @type {string} */ key) => ({ result: entries.get(key) }),
      put: (/** @type {any} */ value) => (entries.set(value.origin, value), {}),
      delete: (/** @type {string} */ key) => (entries.delete(key), {}),
    }) };
    setTimeout(() => begun.oncomplete?.());
    return begun;
  };
  /** @type {{result: object, onsuccess?: () => void}} */
  const opened = { result: { transaction } };
  setTimeout(() => opened.onsuccess?.());
  return opened;
} });
const checked = await import("../../browser_ext/background/browser/checked_sites.js");

/** @param {string} origin */
const site = (origin) => stored.checkedSites.set(origin, { origin, keys: ["k"], seen: null, servers: null });
const matches = () => registered.get("checked-sites")?.matches ?? [];

/**
 * A visit of the site whose server gives the list of this version.
 * @param {string} version @param {object} [configuration]
 */
function visit(version, configuration = SERVERS) {
  const files = { signed: new TextEncoder().encode(version).buffer, configuration: JSON.stringify(configuration) };
  return checked.files(files, { origin: OLD });
}

beforeEach(() => {
  gaps = 0;
  stored.checkedSites.clear();
  registered.clear();
  registered.set("checked-sites", { id: "checked-sites", matches: [`${OLD}/*`] });
  site(OLD);
});

test("no page is unchecked while the sites change", async () => {
  site("https://new.example");
  await checked.register();
  assert.deepEqual([matches(), gaps], [[`${OLD}/*`, "https://new.example/*"], 0]);
});

test("a site that the browser refuses leaves the others checked", async () => {
  site("https://refused.example");
  await checked.register().catch(() => {});
  assert.deepEqual(matches(), [`${OLD}/*`]);
});

test("two changes at once are both made", async () => {
  registered.clear();
  stored.checkedSites.clear();
  site("https://one.example");
  const first = checked.register();
  site("https://two.example");
  await Promise.all([first, checked.register()]);
  assert.deepEqual(matches(), ["https://one.example/*", "https://two.example/*"]);
});

test("two pages at once bring no older list back", async () => {
  const outcome = (/** @type {string} */ version) => visit(version).then(() => "shown", ({ code }) => code);
  const [newer, older] = [outcome("2.0"), outcome("1.0")];
  assert.deepEqual([await newer, await older], ["shown", "release-not-newer"]);
  assert.equal(stored.checkedSites.get(OLD)?.seen?.version, "2.0");
});

test("checked pages ask no server of the list of servers", async () => {
  const others = { discovery: { key: "k", url: "https://list.example", keyServers: [] }, parcelStore: "https://s3.example" };
  assert.deepEqual((await visit("1.0", { ...SERVERS, ...others })).servers, SERVERS);
  await assert.rejects(visit("1.0", { ...SERVERS, more: 1 }), { code: "site-configuration" });
});

test("a site that is removed during its check stays removed", async () => {
  const visiting = visit("1.0").catch(() => {});
  await turn();
  await Promise.all([visiting, checked.remove({ id: OLD })]);
  assert.deepEqual([...stored.checkedSites.keys()], []);
});
