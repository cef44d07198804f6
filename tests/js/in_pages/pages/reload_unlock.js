/** The functions that tests/pages/test_reload_unlock.py runs in pages. */

export function slow() {
  const usual = fetch;
  globalThis.fetch = async (url, options) => {
    if (!String(url).endsWith("/reload-half/take")) return usual(url, options);
    await new Promise((resolve) => { globalThis.release = resolve; });
    return new Response(JSON.stringify({ code: "half-gone", message: "gone" }), { status: 404 });
  };
}
