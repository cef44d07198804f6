/** The pages' requests to the bridge: answers of a proxy that is not ours, and the versions of bridge and pages. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { BridgeApi } from "../../webbridge/pages/app/api.js";

/** @param {Promise<any>} promise */
const outcomeOf = (promise) => promise.then((value) => value.outcome ?? "ok", ({ code }) => code);

test("an error page of a proxy is an error with a code", async (/** @type {any} */ context) => {
  /** @type {[number, string, string][]} */
  const answers = [
    [413, "message-too-large", "message-too-large"],
    // The bridge may have passed the message on before the proxy gave up.
    [502, "server-error", "perhaps"], [503, "server-error", "perhaps"], [504, "server-error", "perhaps"],
  ];
  const page = "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>";
  let status = 0;
  context.mock.method(globalThis, "fetch", async () => new Response(page, { status, headers: { "Content-Type": "text/html" } }));
  for (const [statusCode, read, sent] of answers) {
    status = statusCode;
    const api = new BridgeApi("https://api.example.org/mail", () => undefined);
    api.use({ address: "alice@example.test", account: "0".repeat(32) });
    assert.equal(await outcomeOf(api.folders()), read);
    assert.equal(await outcomeOf(api.sending.sendMessage(new ArrayBuffer(2), ["bob@example.test"], "0".repeat(32))), sent);
  }
});

test("the versions of bridge and pages are compared", async (/** @type {any} */ context) => {
  /** @type {[object, string][]} */
  const versions = [
    // That of Sealwax 0.1 names no version.
    [{}, "bridge-too-old"], [{ apiVersion: 2, oldestPages: 2 }, "ok"], [{ apiVersion: 3, oldestPages: 2 }, "ok"],
    [{ apiVersion: 4, oldestPages: 3 }, "pages-too-old"],
  ];
  let config = {};
  context.mock.method(globalThis, "fetch", async () => Response.json(config));
  for (const [bridgeConfig, outcome] of versions) {
    config = bridgeConfig;
    const api = new BridgeApi("https://api.example.org", () => undefined);
    assert.equal(await api.config().then(() => "ok", ({ code }) => code), outcome);
  }
});
