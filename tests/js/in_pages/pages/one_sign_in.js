/** The functions that tests/pages/test_one_sign_in.py runs in pages. */

export function listen() {
  globalThis.sent = [];
  const { fetch } = globalThis;
  globalThis.fetch = (input, options = {}) => {
    const address = input instanceof Request ? input.url : String(input);
    const body = typeof options.body === "string" ? options.body : "";
    sent.push(`${address} ${JSON.stringify(options.headers ?? {})} ${body}`);
    return fetch(input, options);
  };
}

export async function endSession(api) {
  const account = document.querySelector("[data-test=account]").textContent;
  const headers = { "X-Sealwax": "1", "X-Sealwax-Account": account };
  await fetch(`${api}/api/session`, { method: "DELETE", headers, credentials: "include" });
}
