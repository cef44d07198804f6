/**
 * The modules that stand in for the vault, the keys and the databases of two browsers, for `bridge_letters.test.js`. The
 * modules that send letters and keep drafts are the extension's own.
 */
const moduleOf = (/** @type {string} */ text) => `data:text/javascript,${encodeURIComponent(text)}`;
const IDENTITY = '{ fingerprint: "f", addresses: ["alice@example.test"], certificate: new ArrayBuffer(1), locked: false }';
/** The text of each module, by the specifier of its imports. @type {Record<string, string>} */
const MODULES = {
  "../../shared/database.js": `
    const store = (name) => (globalThis.browserNow.stores[name] ??= new Map());
    export const get = async (name, key) => structuredClone(store(name).get(key));
    export const put = async (name, value) => void store(name).set(value.id ?? value.name, structuredClone(value));
    export const remove = async (name, key) => void store(name).delete(key);
    export const all = async (name) => structuredClone([...store(name).values()]);`,
  "../keys/keys.js": `
    export const identities = async () => [${IDENTITY}];
    export const findIdentity = async () => (${IDENTITY});
    export const unlocked = async () => ({ sealKey: "k", identities: [new ArrayBuffer(1)] });`,
  "../keys/vault_link.js": `
    export async function call(verb, body) {
      if (verb === "draft.seal") return { sealed: body.content };
      const messages = body.copies.map(() => new TextEncoder().encode(body.letter).buffer);
      return { messages, requests: [], subject: "" };
    }`,
  "../people/recipient_search.js": 'export const checksFor = async () => [{ usable: true, fingerprint: "p", certificate: new ArrayBuffer(2) }];',
  "../browser/preferences.js": 'export const read = async () => ({ directory: "https://bridge.example" });',
  "./bridge_requests.js": `
    export const ask = (url, options) => globalThis.askBridge(new URL(url), options);
    export const readJson = (response) => response.json();
    export const findApi = 0, findNamedApi = 0;`,
};
const UNUSED = [
  "../mail/mails", "../mail/receipts", "./timestamps", "../people/trust", "./writing", "../browser/prompt_window", "../browser/ancestors",
];
for (const unused of UNUSED) {
  MODULES[`${unused}.js`] = "export const openUnlessAsking = 0, placeOf = 0, siteOf = 0, sitesAround = 0;";
}

/**
 * @param {string} specifier @param {object} context
 * @param {(specifier: string, context: object) => Promise<{url: string}>} next
 */
export async function resolve(specifier, context, next) {
  const text = MODULES[specifier];
  return text ? { url: moduleOf(text), shortCircuit: true, format: "module" } : next(specifier, context);
}
