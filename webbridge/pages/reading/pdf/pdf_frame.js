/**
 * The frame in which a PDF file is drawn. It has an origin of its own and is never shown: the worker that it starts sends
 * pictures of the pages, by a port.
 *
 * The frame inherits the policy of the pages, which names the hash of this script, so that no other script runs in it. Its own
 * policy forbids everything else: no request, form, frame or style. The worker inherits both.
 */

/**
 * The only script of the frame. It starts a worker from the bytes that the page has compared with their hash, and gives it the
 * file. By the second port it tells of a worker that does not start. In the pages themselves it would do nothing.
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
/** `sealwax/releases/header_fields.py` has the same one. */
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
