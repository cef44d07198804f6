/** A key server that hangs holds no call for ever, whether before its answer or within it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { KeyServer } from "../../wasm_build/vault/account/key_server.js";

const UNREACHABLE = { code: "unreachable" };

/** @param {Promise<unknown>} call */
const become = (call) => call.then((value) => ({ value }), ({ code }) => ({ code }));

test("a key server that never ends its answer counts as unreachable", async () => {
  // The limits count in hundredths here.
  const limit = AbortSignal.timeout.bind(AbortSignal);
  /** @type {number[]} */
  const limits = [];
  AbortSignal.timeout = (milliseconds) => {
    limits.push(milliseconds);
    return limit(milliseconds / 100);
  };
  const server = createServer((/** @type {any} */ request, /** @type {any} */ answer) => {
    if (request.url === "/groups") return;
    if (request.url === "/devices") return void answer.writeHead(200).write('{"devices": [');
    if (request.url === "/recovery") return void answer.writeHead(409).write('{"code": ');
    if (request.url === "/reset/find") return void answer.writeHead(204).end();
    answer.writeHead(200).end('{"factors": []}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const client = new KeyServer(`http://127.0.0.1:${server.address().port}`);
    const ask = (/** @type {string} */ path, method = "GET", body = new ArrayBuffer(0)) =>
      become(client.send({ method, path, condition: "", authorization: "", body }));
    for (const path of ["/groups", "/devices", "/recovery"]) assert.deepEqual(await ask(path), UNREACHABLE);
    const answer = /** @type {any} */ (await ask("/factors"));
    assert.equal(new TextDecoder().decode(answer.value), '{"factors": []}');
    assert.deepEqual(await become(client.findReset("a@b.test", "")), { value: null });
    await ask("/bundle", "PUT", new ArrayBuffer(3_000_000));
    // A large body has more time, for a slow line.
    assert.deepEqual(limits, [...Array(5).fill(30_000), 130_000]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
