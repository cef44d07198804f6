/** The functions that tests/pages/test_message_list.py runs in pages. */

export async function listInPage() {
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  globalThis.within = "";
  globalThis.readable = null;
  globalThis.messages = [];
  globalThis.uidValidity = 9;
  globalThis.at = (uid) => ({ folder: "folder-id", uidValidity, uid });
  const api = { messages: async () => ({ uidValidity, messages }), rawMessage: async () => new ArrayBuffer(1) };
  const mailVault = { subjects: async (mails) => { await readable; return mails.map(() => within); } };
  globalThis.list = new MessageList({ translate: (key) => key, api, mailVault, keys: { unlocked: true } });
  document.body.append(list.element);
  globalThis.row = (differences) => ({
    uid: 7, from: "bob@example.test", to: "alice@example.test", subject: "[...]", date: null, size: 10, seen: true,
    protection: "sealed", problem: null, ...differences,
  });
  globalThis.subjects = () => [...list.element.querySelectorAll(".row-subject")].map((each) => each.textContent);
}

export async function endless() {
  const { BridgeApi } = await import("/source/webbridge/pages/app/api.js");
  globalThis.taken = 0;
  globalThis.decrypted = 0;
  const pull = (controller) => {
    taken += 1;
    controller.enqueue(new Uint8Array(64_000));
  };
  globalThis.fetch = async (url) => (/raw$/.test(url)
    ? new Response(new ReadableStream({ pull }, { highWaterMark: 0 }))
    : Response.json({ uidValidity, messages: Array.from({ length: 300 }, (_, index) => row({ uid: 1000 - index })) }));
  list.element.remove();
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  const mailVault = { subjects: async (mails) => { decrypted += mails.length; return mails.map(() => ""); } };
  const api = new BridgeApi("https://bridge.test", () => undefined);
  globalThis.list = new MessageList({ translate: (key) => key, api, mailVault, keys: { unlocked: true } });
  document.body.append(list.element);
}

export async function aFolderThatIsNumberedAnewInBetweenIsListedFromItsBeginning() {
  list.element.remove();
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  const { ApiError } = await import("/source/webbridge/pages/app/api.js");
  globalThis.asked = [];
  const messages = async (_folder, { before }) => {
    asked.push(before?.uidValidity ?? null);
    if (before && before.uidValidity !== uidValidity) throw new ApiError("folder-changed", "numbered anew");
    const rows = Array.from({ length: 50 }, (_, index) => row({ uid: 100 - index, subject: "s" }));
    return { uidValidity, messages: rows };
  };
  globalThis.list = new MessageList({ translate: (key) => key, api: { messages }, keys: { unlocked: false } });
  document.body.append(list.element);
  await list.load("folder-id", {});
  uidValidity = 10;
  list.element.querySelector("[data-test=older]").click();
}

export async function aMessageThatEndsTheVaultTakesItsOwnSubjectOnly() {
  const { VaultError } = await import("/source/wasm_build/vault/errors/vault_error.js");
  list.element.remove();
  const { MessageList } = await import("/source/webbridge/pages/mail/views/message_list.js");
  globalThis.asked = [];
  const subjects = async (mails) => {
    asked.push(mails.length);
    if (mails.some(({ byteLength }) => byteLength === 7)) throw new VaultError("vault-timeout", "too long");
    return mails.map(({ byteLength }) => `Subject ${byteLength}`);
  };
  const rawMessage = async ({ uid }) => new ArrayBuffer(uid);
  const api = { messages: async () => ({ uidValidity, messages }), rawMessage };
  const keys = { unlocked: true };
  globalThis.list = new MessageList({ translate: (key) => key, api, mailVault: { subjects }, keys });
  document.body.append(list.element);
}
