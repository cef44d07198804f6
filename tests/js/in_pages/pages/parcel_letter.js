/** The functions that tests/pages/test_parcel_letter.py runs in pages. */

export function tearing() {
  globalThis.torn = [];
  const usual = fetch;
  const once = (name) => !torn.includes(name) && torn.push(name);
  globalThis.fetch = async (url, options = {}) => {
    const path = new URL(url).pathname;
    if (options.method === "PATCH" && once("piece")) throw new TypeError("away");
    const answer = await usual(url, options);
    if (path === "/api/parcels" && options.method === "POST" && once("create")) throw new TypeError("away");
    if (path.endsWith("/submit") && once("submit")) throw new TypeError("away");
    return answer;
  };
}

export function holding() {
  globalThis.held = false;
  const usual = fetch;
  globalThis.fetch = (url, options = {}) => {
    if (options.method !== "PATCH") return usual(url, options);
    held = true;
    return new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(options.signal.reason)));
  };
}
