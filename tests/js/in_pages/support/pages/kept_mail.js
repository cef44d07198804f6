/** The functions that tests/support/pages/kept_mail.py runs in pages. */

export async function parts() {
  const { KeptMail } = await import("/source/webbridge/pages/offline/kept_mail.js");
  const { WaitingLetters } = await import("/source/webbridge/pages/offline/waiting_letters.js");
  const { MailSource } = await import("/source/webbridge/pages/offline/mail_source.js");
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  const encode = (text) => new TextEncoder().encode(text);
  const taken = (buffer) => structuredClone(buffer, { transfer: [buffer] });
  const vault = { call: async (verb, { draft, sealed, place }) => (verb === "draft.seal"
    ? { sealed: new Uint8Array([...encode(place), ...new Uint8Array(taken(draft))]).buffer }
    : { draft: taken(sealed).slice(encode(place).length) }) };
  globalThis.keys = Object.assign(new EventTarget(), {
    unlocked: true, vault: async () => vault, copies: () => ({ identities: [], sealKey: null }),
  });
  globalThis.keyFile = {
    make: async () => encode("p12").buffer,
    read: async () => ({ identities: [], ended: new AbortController().signal }),
    copiesOf: () => ({ identities: [], sealKey: null }),
  };
  globalThis.lock = (unlocked) => { keys.unlocked = unlocked; keys.dispatchEvent(new Event("change")); };
  globalThis.address = `${crypto.randomUUID()}@example.test`;
  globalThis.account = address;
  globalThis.make = (limits) => new KeptMail(keys, keyFile, () => account, limits);
  globalThis.makeLetters = () => new WaitingLetters(keys, () => account);
  globalThis.secret = () => ({ buffer: new ArrayBuffer(4096), length: 4 });
  globalThis.begin = async (limits) => {
    globalThis.kept = make(limits);
    await kept.begin({ address, config: { maxMessageBytes: 9 } }, secret());
  };
  globalThis.at = (uid, folder = "one") => ({ folder, uidValidity: 7, uid });
  globalThis.bytes = (text) => encode(text).buffer;
  globalThis.read = async (uid, folder) => {
    const message = await kept.readMessage(at(uid, folder));
    return message && new TextDecoder().decode(message);
  };
  globalThis.stored = async (name, mode, act) => {
    const done = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const database = await done(indexedDB.open("sealwax-offline"));
    const result = await act(database.transaction(name, mode).objectStore(name), done);
    database.close();
    return result;
  };
  globalThis.reach = true;
  const api = Object.fromEntries(["folders", "rawMessage", "config"].map((name) => [name, async () => {
    if (!reach) throw new ApiError("unreachable", "away");
    return name === "folders" ? [{ id: "one" }] : bytes("from the bridge");
  }]));
  globalThis.source = () => new MailSource(api, kept);
}
