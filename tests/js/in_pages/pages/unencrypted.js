/** The functions that tests/pages/test_unencrypted.py runs in pages. */

export function sendingUnencryptedAsksInRed(selector) {
  const red = getComputedStyle(document.documentElement).getPropertyValue("--invalid").trim();
  const octets = red.match(/[0-9a-f]{2}/g).map((octet) => parseInt(octet, 16));
  return getComputedStyle(document.querySelector(selector)).backgroundColor === `rgb(${octets.join(", ")})`;
}

/** Answers each look-up of a certificate only when the test calls the function in `lookUps`. */
export function holdLookUps() {
  const original = window.fetch;
  window.lookUps = [];
  window.releaseLookUps = () => { window.fetch = original; };
  window.fetch = async (url, options) => {
    if (String(url).endsWith("/api/directory")) await new Promise((resolve) => window.lookUps.push(resolve));
    return original(url, options);
  };
}

export function failLookUps() {
  const original = window.fetch;
  window.releaseLookUps = () => { window.fetch = original; };
  window.fetch = async (url, options) => (String(url).endsWith("/api/directory")
    ? new Response(JSON.stringify({ code: "server-error", message: "" }), { status: 500, headers: { "Content-Type": "application/json" } })
    : original(url, options));
}

/** The directory has forgotten all people. */
export function forgetPeople() {
  const original = window.fetch;
  window.releaseLookUps = () => { window.fetch = original; };
  window.fetch = async (url, options) => (String(url).endsWith("/api/directory")
    ? new Response(JSON.stringify({ found: [] }), { headers: { "Content-Type": "application/json" } }) : original(url, options));
}

export function choose(selector, value) {
  const select = document.querySelector(selector);
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

export function isShown(selector) {
  return document.querySelector(selector)?.checkVisibility() ?? false;
}
