/** The functions that tests/pages/test_roaming_trust.py runs in pages. */

export function hold(keys) {
  const usual = fetch;
  globalThis.fetch = async (url, options) => {
    const response = await usual(url, options);
    if (globalThis.release || !String(url).startsWith(keys) || options?.method !== "PUT") return response;
    await new Promise((resolve) => { globalThis.release = resolve; });
    return response;
  };
}
