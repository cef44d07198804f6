/** The functions that tests/pages/test_several_accounts.py runs in pages. */

export function noteRequests(api) {
  const asked = [];
  const usual = fetch;
  globalThis.fetch = (url, options = {}) => {
    if (String(url).startsWith(api)) {
      const named = new URL(url).searchParams.get("account") ?? new Headers(options.headers).get("X-Sealwax-Account");
      asked.push([options.method ?? "GET", new URL(url).pathname, named && decodeURIComponent(named)]);
    }
    return usual(url, options);
  };
  globalThis.asked = asked;
}
