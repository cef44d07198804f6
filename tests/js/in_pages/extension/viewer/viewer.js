/** The functions that tests/extension/viewer/test_viewer.py runs in pages. */

export async function verdicts() {
  const { loadCatalogue } = await import("/source/wasm_build/ui/catalogue.js");
  const { reasonInFull } = await import("/source/wasm_build/ui/verdict_words.js");
  const urls = ["en", "de"].map((name) => new URL(`/runtime/ui/messages.${name}.json`, location.href));
  const translate = await loadCatalogue("de", urls);
  const say = (code, values) =>
    reasonInFull(translate, { code, sentence: "In English. (x)", values }, (iso) => iso.slice(0, 10));
  return [
    say("weak-encryption", { algorithm: "RC2" }),
    say("headers-altered-outside", { fields: "To" }),
    say("certificate-revoked", { name: "Bob\u202e", why: "superseded", date: "2026-05-31T12:00:00Z" }),
    say("of-tomorrow", {}),
  ].map((text) => text.replaceAll("\u2066", "<").replaceAll("\u2068", "[").replaceAll("\u2069", "]"));
}

export function aFileIsSavedAsItIsAndAnAttachedMailOpensInAViewerOfItsOwn() {
  window.saved = [];
  HTMLAnchorElement.prototype.click = function () {
    window.saved.push(fetchBlob(this.href).then((text) => [this.download, text]));
  };
  const made = new Map();
  const create = URL.createObjectURL;
  URL.createObjectURL = (blob) => { const url = create.call(URL, blob); made.set(url, blob); return url; };
  const fetchBlob = (url) => made.get(url).text().then((text) => `${made.get(url).type} ${text}`);
}
