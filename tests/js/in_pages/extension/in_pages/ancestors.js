/** The functions that tests/extension/in_pages/test_ancestors.py runs in pages. */

export async function spent(origins) {
  const { session } = (globalThis.browser ?? chrome).storage;
  const all = await session.get(origins.map((origin) => `budget:${origin}`));
  return origins.map((origin) => all[`budget:${origin}`]?.length ?? 0);
}

export async function forget() {
  const { session } = (globalThis.browser ?? chrome).storage;
  const names = Object.keys(await session.get(null));
  await session.remove(names.filter((name) => name.startsWith("budget:") || name.startsWith("frame:")));
}
