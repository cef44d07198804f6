/** The functions that tests/extension/any_webmail/test_lured_pages.py runs in pages. */

export function load(source) {
  const runtime = { sendMessage: async () => ({ value: globalThis.lured.recipe }) };
  globalThis.browser = { runtime, i18n: { getMessage: () => "" } };
  (0, eval)(source);
}
