const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const base64 = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
const secret = (text) => {
  const buffer = new ArrayBuffer(4096);
  const octets = bytes(text);
  new Uint8Array(buffer).set(octets);
  return { buffer, length: octets.length };
};
const wake = (_key, value) => (value?.b64 !== undefined ? bytes(value.b64).buffer
  : value?.secret !== undefined ? secret(value.secret) : value);
const still = (_key, value) => (value instanceof ArrayBuffer ? { b64: base64(value) } : value);
window.cleanups = [];
const asked = JSON.parse(decodeURIComponent(location.search.slice(1)) || "{}");
const { device = {}, module, ...options } = asked;
for (const [name, value] of Object.entries(device)) Object.defineProperty(navigator, name, { value });
window.workers = 0;
window.latestWorker = null;
window.Worker = class extends Worker {
  constructor(...parameters) {
    super(...parameters);
    window.workers++;
    window.latestWorker = this;
  }
};
window.startProgress = [];
const onStartProgress = (progress) => window.startProgress.push(progress);
// JSON knows no undefined, which stands for what the vault does by itself.
const saveBytes = options.saveBytes === null ? undefined : options.saveBytes ?? false;
const { openVault } = await import(module ?? "/runtime/vault.js");
// The built module knows the folder of the runtime by itself.
const place = module ? { base: new URL("/runtime/", location.href) } : {};
const vault = await openVault({ ...place, onStartProgress, ...options, saveBytes }).catch(({ code, message }) => {
  window.failure = { code, message };
  window.opened = true;
  return new Promise(() => {});
});
vault.onCleanup = (report) => window.cleanups.push(report);
window.vault = vault;
window.call = async (verb, args, options) => {
  try {
    const ok = await vault.call(verb, JSON.parse(JSON.stringify(args), wake), options);
    return JSON.parse(JSON.stringify({ ok }, still));
  } catch (error) {
    return { error: { code: error.code, message: error.message } };
  }
};
window.still = (value) => JSON.parse(JSON.stringify(value, still));
window.wake = (value) => JSON.parse(JSON.stringify(value), wake);
await vault.ready.catch(() => {});
window.firstStart = vault.startKind;
window.opened = true;
