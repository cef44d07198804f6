// Calls of the client of a key server that hangs, each with what became of it. The limits count in thousandths here.
import { createServer } from "node:http";

import { KeyServer } from "../../wasm_build/vault/key_server.js";

const limit = AbortSignal.timeout;
const limits = [];
AbortSignal.timeout = (milliseconds) => {
  limits.push(milliseconds);
  return limit(milliseconds / 100);
};
const server = createServer((asked, answer) => {
  if (asked.url === "/groups") return;
  if (asked.url === "/devices") return void answer.writeHead(200).write('{"devices": [');
  if (asked.url === "/recovery") return void answer.writeHead(409).write('{"code": ');
  if (asked.url === "/reset/find") return void answer.writeHead(204).end();
  answer.writeHead(200).end('{"factors": []}');
});
await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
const origin = `http://127.0.0.1:${server.address().port}`;
const client = new KeyServer(origin);
const become = (call) => call.then((value) => ({ value }), ({ code }) => ({ code }));
const results = {
  hangs: await become(client.groups("")),
  drips: await become(client.devices("")),
  refuses: await become(client.recovery("")),
  answers: await become(client.factors("")),
  nothing: await become(client.findReset("a@b.test", "")),
  large: await become(client.push({ request: new ArrayBuffer(3_000_000), condition: "", authorization: "" })),
};
console.log(JSON.stringify({ ...results, limits }));
server.closeAllConnections();
server.close();
