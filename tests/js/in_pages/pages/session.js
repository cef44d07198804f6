/** The functions that tests/pages/test_session.py runs in pages. */

export function beforeThePage() {
  globalThis.shift = { wall: 0, steady: 0 };
  globalThis.drawn = [];
  const wall = Date.now.bind(Date), steady = performance.now.bind(performance);
  Date.now = () => wall() + shift.wall;
  performance.now = () => steady() + shift.steady;
  const draw = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = (view) => {
    const filled = draw(view);
    if (filled.length === 32) drawn.push({ view: filled, octets: Array.from(filled) });
    return filled;
  };
}

export async function settingTheClockBackInSmallStepsGainsNothing() {
  const { beginAt, useAt, whyOver } = await import("/source/wasm_build/vault/storage/session.js");
  let times = beginAt({ wall: 0, steady: 0, life: 1 });
  for (let step = 1; step < 100; step += 1) {
    const moment = { wall: -4000 * step, steady: 0, life: step + 1 };
    if (whyOver(times, moment)) return step;
    times = useAt(times, moment);
  }
  return null;
}

export async function lockingOverwritesTheKeyAndStopsWhatRunsWithIt() {
  const { SealedSession } = await import("/source/wasm_build/vault/storage/session.js");
  const views = [];
  const draw = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = (view) => { views.push(view); return draw(view); };
  const session = new SealedSession();
  const reasons = [];
  session.addEventListener("locked", ({ reason }) => reasons.push(reason));
  const stopped = [], late = new Uint8Array([1, 2, 3]).buffer;
  const vault = session.guard({ call: (verb, args, { signal } = {}) => new Promise((resolve, reject) => {
    if (verb === "late") signal.addEventListener("abort", () => resolve({ text: late }));
    else signal?.addEventListener("abort", () => { stopped.push(verb); reject(new Error("aborted")); });
    if (!signal) resolve("free");
  }) });
  const outcome = (reply) => reply.catch(({ code }) => code);
  const { ended } = session;
  const sealKey = session.keyForUnlock();
  session.begin(ended);
  const [key] = views;
  const running = [outcome(vault.call("slow", { sealKey })), outcome(vault.call("late", { sealKey }))];
  const before = { open: session.isOpen, key: key.some((octet) => octet), copy: session.useKey() !== null };
  session.lock("hand");
  session.lock("hand");
  const outcomes = await Promise.all(running);
  let reopened = "no";
  try { session.begin(ended); reopened = "yes"; } catch (error) { reopened = error.code; }
  return {
    before, outcomes, stopped, reasons, reopened, late: Array.from(new Uint8Array(late)),
    key: key.some((octet) => octet), buffer: key.buffer.byteLength, open: session.isOpen, copy: session.useKey(),
    free: await vault.call("free", {}),
  };
}

export async function nothingDoneForAWhileLocksByATimerToo() {
  const { SealedSession } = await import("/source/wasm_build/vault/storage/session.js");
  const session = new SealedSession({ limits: { idleMilliseconds: 30, wholeMilliseconds: 10000 } });
  const locked = new Promise((resolve) => session.addEventListener("locked", ({ reason }) => resolve(reason)));
  session.keyForUnlock();
  session.begin(session.ended);
  return locked;
}

export async function subjectsThatTheListDecryptsByItselfDoNotKeepKeysUnlocked() {
  const { SealedSession } = await import("/source/wasm_build/vault/storage/session.js");
  const { KeyRing } = await import("/source/webbridge/pages/keys/keys.js");
  const { openWithPasskey } = await import("/source/webbridge/pages/keys/device_bundles.js");
  const { MailVault } = await import("/source/webbridge/pages/keys/mail_vault.js");
  const identity = { sealed: new ArrayBuffer(8), fingerprint: "f", addresses: [] };
  const after14Minutes = async (use) => {
    let wall = 0;
    const session = new SealedSession({ readClock: () => ({ wall, steady: wall, life: 1 }) });
    const vault = { call: async () => ({ identities: [identity], subjects: [] }) };
    const ring = new KeyRing(async () => vault, session);
    await openWithPasskey(ring, "a@example.test", new ArrayBuffer(8), { buffer: new ArrayBuffer(4096), length: 0 });
    wall = 14 * 60000;
    await use(ring);
    wall = 16 * 60000;
    return ring.unlocked;
  };
  const list = (ring) => new MailVault(ring.vault, ring, {}, () => undefined).subjects([new ArrayBuffer(8)]);
  return [await after14Minutes((ring) => ring.copies()), await after14Minutes(list)];
}

export async function signingOutWhileKeysAreBeingUnlockedLeavesThemLocked() {
  const { KeyRing } = await import("/source/webbridge/pages/keys/keys.js");
  const { RoamingKeys } = await import("/source/webbridge/pages/keys/roaming_keys.js");
  const { KeyServerMemory } = await import("/source/webbridge/pages/keys/key_server_memory.js");
  const identity = { sealed: new ArrayBuffer(8), fingerprint: "f", addresses: [] };
  const empty = () => new ArrayBuffer(8);
  const known = () => new TextEncoder().encode("{}").buffer;
  const login = () => ({ state: empty(), step: 1, request: { path: "/parameters", body: empty() } });
  const opened = () => ({ result: { identities: [identity] }, known: known(), session: empty() });
  const ring = new KeyRing(async () => ({ call: async (verb) => (verb === "roaming.login" ? login() : opened()) }));
  const passphrase = () => ({ buffer: new ArrayBuffer(4096), length: 0 });
  const attempt = async (during) => {
    const server = { origin: "http://127.0.0.1:1", send: async () => during(), termsOf: async () => empty() };
    const memory = new KeyServerMemory(() => false);
    const opening = new RoamingKeys(ring, { server, user: () => "a@example.test", memory }).open(passphrase());
    const outcome = await opening.then(() => "open", ({ code }) => code);
    return [outcome, ring.unlocked];
  };
  const leave = () => {
    ring.lock("signed-out");
    return empty();
  };
  return [await attempt(leave), await attempt(empty)];
}

export function aSignOutThatTheBridgeDoesNotConfirmIsSaid() {
  const usual = fetch;
  globalThis.fetch = async (url, options) => {
    if (options?.method === "DELETE") throw new TypeError("no network");
    return usual(url, options);
  };
}

export async function noKeyStandsInTheDatabasesOfThePages(octets) {
  const request = indexedDB.open("control");
  request.onupgradeneeded = () => request.result.createObjectStore("store", { autoIncrement: true });
  const database = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const store = database.transaction("store", "readwrite").objectStore("store");
  store.put({ inside: [Uint8Array.from(octets)] });
  await new Promise((resolve) => { store.put({ key }).onsuccess = resolve; });
  database.close();
}

export async function judge(begun, used, now) {
  const { whyOver } = await import("/source/wasm_build/vault/storage/session.js");
  const moment = ([wall, steady, life]) => ({ wall: wall * 60000, steady: steady * 60000, life });
  return whyOver({ begun: moment(begun), used: moment(used) }, moment(now));
}
