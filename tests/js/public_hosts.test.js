/** The hosts that the extension may ask with a wildcard grant, and the addresses of bridges that it accepts. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { namedAddress } from "../../browser_ext/shared/directory_address.js";
import { isPublicHost } from "../../browser_ext/shared/public_host.js";

/** The hosts that count as public among these, as they stand in an address. @param {string[]} hosts */
const publicOf = (...hosts) => hosts.filter((host) => isPublicHost(new URL(`http://${host}/ca.crl`).hostname));

test("names of the public internet are public", () => {
  const hosts = ["crl.example.com", "ocsp.partner.co.uk", "OCSP.Example.ORG", "xn--bcher-kva.example.net", "a.b"];
  assert.deepEqual(publicOf(...hosts), hosts);
});

test("a dot at the end makes no host public", () => {
  const names = ["localhost", "intranet", "printer.local", "crl.corp", "wpad.home.arpa", "127.0.0.1", "10.0.0.1"];
  assert.deepEqual(publicOf(...names.map((name) => `${name}.`)), []);
  // A public name stays public with the dot.
  assert.deepEqual(publicOf("crl.example.com."), ["crl.example.com."]);
});

test("single labels are not public", () => {
  assert.deepEqual(publicOf("intranet", "pki", "localhost", "xn--bcher-kva"), []);
});

test("addresses are not public however they are written", () => {
  const hosts = ["127.0.0.1", "0x7f.1", "2130706433", "8.8.8.8", "[::1]", "[::ffff:127.0.0.1]", "127.1.", "0177.0.0.1"];
  assert.deepEqual(publicOf(...hosts), []);
});

test("domains for local use are not public", () => {
  const domains = ["local", "localhost", "internal", "home.arpa", "lan", "corp", "home", "intranet", "private", "test", "onion"];
  assert.deepEqual(publicOf(...domains.map((domain) => `crl.${domain}`), "CRL.Local", "crl.LOCALHOST."), []);
});

test("look ups go where the pages of a bridge name it by https", () => {
  const bridge = "https://mail.example.com";
  assert.equal(namedAddress("https://api.example.com", bridge), "https://api.example.com");
  assert.equal(namedAddress("https://api.example.com:8443/mail/", bridge), "https://api.example.com:8443/mail");
  assert.equal(namedAddress("http://127.0.0.1:8461", "http://127.0.0.1:8460"), "http://127.0.0.1:8461");
  assert.equal(namedAddress("", bridge), bridge);
});

test("no look up goes where a bridge names an address in clear", () => {
  const named = [
    "http://api.example.com", "http://mail.example.com", "http://127.0.0.1:8461", "http://localhost", "ftp://example.com",
    "javascript:1", "https://user:word@example.com", "not an address", "//example.com",
  ];
  for (const address of named) assert.throws(() => namedAddress(address, "https://mail.example.com"), { code: "unsafe-directory" }, address);
  assert.throws(() => namedAddress("http://api.example.com", "http://127.0.0.1:8460"), { code: "unsafe-directory" });
});

/** Sends a message with the adaptor of the bridge's pages. Returns the error code and the addresses that it fetched. @param {string} api */
async function send(api) {
  const page = "https://mail.example.com/";
  /** @type {string[]} */
  const addresses = [];
  const fetch = async (/** @type {unknown} */ url) => {
    addresses.push(String(url));
    return { ok: true, status: 200, json: async () => ({ api, outcome: "sent" }) };
  };
  // The modules take methods from the prototypes of a page when they start.
  const prototype = new Proxy({}, { getOwnPropertyDescriptor: () => ({ value: () => null, configurable: true }) });
  const classes = ["Node", "Element", "Document", "DocumentFragment", "HTMLElement", "HTMLFormElement"];
  Object.assign(globalThis, Object.fromEntries(classes.map((name) => [name, Object.assign(() => {}, { prototype })])));
  Object.assign(globalThis, { document: { querySelector: () => null }, fetch, location: new URL(page) });
  const module = new URL(`../../browser_ext/content/adaptors/sealwax.js?${encodeURIComponent(api)}`, import.meta.url);
  const { sealwax } = await import(module.href);
  const done = { message: new ArrayBuffer(0), envelope: { to: ["a@example.com"], cc: [], bcc: [] } };
  return [await sealwax.send(done).then(() => "", (/** @type {any} */ error) => error.code), ...addresses];
}

test("no mail goes where the pages of a bridge name an address in clear", async () => {
  const configuration = "https://mail.example.com/config.json";
  assert.deepEqual(await send("http://api.example.com"), ["unsafe-directory", configuration]);
  assert.deepEqual(await send("https://api.example.com"), ["", configuration, "https://api.example.com/api/send"]);
});
