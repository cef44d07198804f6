/** The functions that tests/pages/test_several_accounts.py runs in pages. */

export function noteRequests(api) {
  const requests = [];
  const usual = fetch;
  globalThis.fetch = (url, options = {}) => {
    if (String(url).startsWith(api)) {
      const named = new URL(url).searchParams.get("account") ?? new Headers(options.headers).get("X-Sealwax-Account");
      requests.push([options.method ?? "GET", new URL(url).pathname, named && decodeURIComponent(named)]);
    }
    return usual(url, options);
  };
  globalThis.asked = requests;
}
