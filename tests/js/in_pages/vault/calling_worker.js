import { serve } from "/source/wasm_build/vault/worker/worker_core.js";
const channel = new BroadcastChannel("sealwax test");
const heard = new Promise((resolve) => { channel.onmessage = resolve; });
const others = ["XMLHttpRequest", "WebSocket", "WebSocketStream", "EventSource", "WebTransport"];
const tryAll = async () => {
  const ways = others.filter((way) => way in globalThis);
  const answer = await fetch("/page.js").then(() => "reached", String);
  const saying = setInterval(() => channel.postMessage({ answer, ways }), 100);
  await heard;
  clearInterval(saying);
};
serve(self, { afterOperation: tryAll });
