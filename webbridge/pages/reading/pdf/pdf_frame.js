/**
 * The frame in which a PDF file is drawn. The frame has a separate origin and is never shown. Its worker sends pictures of
 * the pages through a port.
 *
 * The frame inherits the policy of the pages, which names the hash of this script, so that no other script runs in it. The
 * frame's own policy forbids everything else, such as requests, forms, frames and styles. The worker inherits both
 * policies.
 */

/**
 * The only script of the frame. It starts a worker from the bytes that the page has compared with their hash, and gives the
 * file to the worker. On the second port it reports a worker that does not start. In the pages themselves the script would
 * do nothing.
 */
export const FRAME_SCRIPT = `onmessage = ({ source, data, ports: [port, alarm] }) => {
  if (origin !== "null" || source !== parent) return;
  onmessage = null;
  const address = URL.createObjectURL(new Blob([data.code], { type: "text/javascript" }));
  const rules = { createScriptURL: (one) => one };
  const policy = globalThis.trustedTypes?.createPolicy("sealwax", rules) ?? rules;
  const fail = () => alarm.postMessage(null);
  try {
    const worker = new Worker(policy.createScriptURL(address));
    worker.onerror = fail;
    worker.postMessage(data.bytes, [data.bytes, port]);
  } catch { fail(); }
};`;
/** `sealwax/releases/header_fields.py` has the same hash. */
const FRAME_SCRIPT_HASH = "sha384-76IsHbqTAw+XCn9bMK0boLO7ysCz83brDzYkQTC7t4o/hyWDAYeQkL97NtjPXDPo";
const POLICY = `default-src 'none'; script-src 'wasm-unsafe-eval' '${FRAME_SCRIPT_HASH}'; worker-src blob:`;
const DOCUMENT = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}"><script>${FRAME_SCRIPT}</script>`;

/**
 * Opens the frame. Resolves when it is loaded.
 * @param {HTMLIFrameElement} frame with an empty sandbox
 * @param {(frame: HTMLIFrameElement, source: string) => void} fill
 * @returns {Promise<void>}
 */
export function loadFrame(frame, fill) {
  const loaded = new Promise((resolve) => frame.addEventListener("load", () => resolve(undefined), { once: true }));
  fill(frame, DOCUMENT);
  document.body.append(frame);
  return loaded;
}
