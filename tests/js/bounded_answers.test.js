/** Answers of servers that never end are not read to their end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { readJson as readInExtension } from "../../browser_ext/background/writing/bridge_requests.js";
import { readAtMost, readJson, refusal } from "../../wasm_build/vault/server/json_requests.js";
import { BridgeApi } from "../../webbridge/pages/app/api.js";

const PIECE_BYTES = 1_000_000;

/** An answer without an end, and the bytes that were taken of it. */
function endless(status = 200) {
  const taken = { bytes: 0, isLeft: false };
  const body = new ReadableStream({
    pull(controller) {
      taken.bytes += PIECE_BYTES;
      // The beginning of a JSON text, which could still become valid.
      controller.enqueue(new Uint8Array(PIECE_BYTES).fill(0x20));
    },
    cancel() { taken.isLeft = true; },
  });
  return { taken, response: new Response(body, { status }) };
}

/** @param {{bytes: number, isLeft: boolean}} taken @param {number} maxBytes */
function assertLeft(taken, maxBytes) {
  assert.ok(taken.isLeft, "the connection is given up");
  assert.ok(taken.bytes <= maxBytes + 3 * PIECE_BYTES, `${taken.bytes} bytes were taken`);
}

describe("answers that never end are given up", () => {
  test("the bytes of an answer are read up to the bound", async () => {
    const { taken, response } = endless();
    await assert.rejects(readAtMost(response, 5_000_000), { code: "answer-too-large" });
    assertLeft(taken, 5_000_000);
    const whole = new Uint8Array(await readAtMost(new Response(new Uint8Array([1, 2, 3])), 3));
    assert.deepEqual([...whole], [1, 2, 3]);
    assert.equal((await readAtMost(new Response(null), 3)).byteLength, 0);
  });

  test("an endless JSON answer is an answer without members, and an endless error is one of the server", async () => {
    const good = endless();
    assert.deepEqual(await readJson(good.response), {});
    assertLeft(good.taken, 64_000_000);
    const bad = endless(503);
    const error = await refusal(bad.response);
    assert.deepEqual([error.code, error.status], ["server-error", 503]);
    assertLeft(bad.taken, 64_000_000);
  });

  test("the pages read no message without an end", async () => {
    const { taken, response } = endless();
    globalThis.fetch = async () => response;
    const api = new BridgeApi("https://bridge.test", () => undefined);
    const address = { folder: "x", uidValidity: 1, uid: 1 };
    await assert.rejects(api.rawMessage(address, { maxBytes: 4_000_000 }), { code: "answer-too-large" });
    assertLeft(taken, 4_000_000);
  });

  test("an endless answer to a letter leaves open whether it was sent", async () => {
    globalThis.fetch = async () => endless().response;
    const api = new BridgeApi("https://bridge.test", () => undefined);
    api.use({ address: "alice@example.test", account: "a" });
    const sent = api.sending.sendMessage(new ArrayBuffer(1), ["bob@example.test"], "key");
    const outcome = await sent.then((result) => result.outcome, (error) => (error.isOpen ? "open" : error.code));
    assert.ok(["perhaps", "open"].includes(outcome), outcome);
  });

  test("the extension reads no answer of the bridge without an end", async () => {
    const { taken, response } = endless();
    await assert.rejects(readInExtension(response), { code: "directory-failed" });
    assertLeft(taken, 8_000_000);
  });
});
