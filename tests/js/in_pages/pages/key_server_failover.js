/** The functions that tests/pages/test_key_server_failover.py runs in pages. */

export async function findInPage({ key, url }) {
  const { KeyServerFinder } = await import("/source/wasm_build/vault/account/key_server_finder.js");
  const got = [];
  const call = async (_, args) => (got.push(args), { addresses: ["https://next.example"], problems: [] });
  const store = { read: () => null, write() {} };
  const finder = new KeyServerFinder(async () => ({ call }), { key, url }, () => "alice@example.test", store);
  const begun = performance.now();
  const addresses = await finder.find("https://keys.example");
  const seconds = (performance.now() - begun) / 1000;
  await finder.find("https://keys.example");
  return { addresses, seconds, signed: got.map(({ signed }) => signed?.byteLength ?? null) };
}
