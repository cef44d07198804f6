/** The functions that tests/support/pages/stillness.py runs in pages. */

export function start() {
  globalThis.meter?.port.close();
  const { port1, port2 } = new MessageChannel();
  const meter = globalThis.meter = { port: port1, longest: 0, last: performance.now() };
  port1.onmessage = () => {
    const now = performance.now();
    meter.longest = Math.max(meter.longest, now - meter.last);
    meter.last = now;
    port2.postMessage(0);
  };
  port2.postMessage(0);
}

export async function read() {
  await new Promise((resolve) => setTimeout(resolve, 400));
  const { longest } = globalThis.meter;
  globalThis.meter.longest = 0;
  return longest;
}

export async function show(selector, hash, words) {
  const begin = performance.now();
  globalThis.meter.longest = 0;
  location.hash = hash;
  const isShown = () => document.querySelector(selector)?.textContent.includes(words);
  while (!isShown()) await new Promise((resolve) => setTimeout(resolve, 5));
  return performance.now() - begin;
}
