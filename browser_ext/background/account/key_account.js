/**
 * The person's account at a key server. The server keeps the person's encrypted identities for all their devices.
 *
 * The identities of the account are stored in this browser as a key file. The account's passphrase opens the file, even while the
 * server does not answer. The extension's database keeps this browser's token at the server, and the latest record that the
 * browser has seen. Neither the token nor the record can decrypt anything. The database also keeps the session at the server.
 * Like the identities, it is sealed under the key of the unlocked session, and a lock removes it.
 */
import { addressKey } from "../../../wasm_build/ui/formats.js";
import { KeyAccount } from "../../../wasm_build/vault/account/key_account.js";
import * as database from "../../shared/database.js";
import { directoryOrigin } from "../../shared/directory_address.js";
import { codeOf, RequestError, required } from "../../shared/messages.js";
import * as backup from "../keys/backup.js";
import * as bridge from "../writing/bridge.js";
import { checkGranted, readJson } from "../writing/bridge_requests.js";
import * as codeOffer from "./code_offer.js";
import * as factor from "./key_factor.js";
import { createServer, readNamed } from "./key_servers.js";
import * as keyTrust from "./key_trust.js";
import * as keys from "../keys/keys.js";
import { onLearned } from "../people/learning.js";
import * as session from "../keys/session.js";
import { inTurn } from "../browser/turns.js";
import * as vault from "../keys/vault_link.js";

const TURN = "key account";
const TOKEN_BYTES = 32;
/** Changes that follow within this time are sent together. */
const PAUSE_MILLISECONDS = 2_000;

/** @typedef {import("../keys/keys.js").OpenedIdentity} OpenedIdentity */
/** @typedef {{client: KeyAccount, sealedIn: string}} OpenAccount `sealedIn`: the unlocked session whose key seals it */
/** @template T @typedef {import("./key_factor.js").Progress<T>} Progress */
/** @typedef {{kept: KeptAccount, client: KeyAccount, sessionId: string, sealKey: EncryptedSecret}} Step */

/** The client of the account, while the keys are unlocked. @type {OpenAccount | null} */
let opened = null;
/** The seal key for the running step. @type {EncryptedSecret | null} */
let sealKeyNow = null;
/** The key of the page that gets the recovery code from the running step. @type {ArrayBuffer | null} */
let replyKeyNow = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let sending;

onLearned(sendSoon);

const sealing = {
  // The background needs no signal, because at a lock the vault rejects all calls with `locked`.
  ended: new AbortController().signal,
  keyForUnlock: () => required(sealKeyNow, "locked"),
};

const memory = {
  /** @param {string} user */
  async read(user) {
    const { token, known } = await database.find("keyAccounts", user, "no-key-account");
    return { token, known };
  },
  /** @param {string} user @param {import("../../../wasm_build/vault/types/account.js").Remembered} remembered */
  write: (user, remembered) => keyTrust.amendAccount(user, remembered),
  /** @param {string} user */
  forget: (user) => database.remove("keyAccounts", user),
};

const caller = {
  /** @param {string} verb @param {any} args @returns {Promise<any>} */
  call: (verb, args) => vault.call(/** @type {keyof import("../keys/vault_link.js").Verbs} */ (verb), verb === "roaming.answer" ? { ...args, replyKey: replyKeyNow } : args),
};

/** The state of the account, with the questions that the page has to ask about it. */
export async function read() {
  const [account, { host, address }] = await Promise.all([find(), bridge.read()]);
  const isOpen = account !== null && (await findSession(account.user)) !== null;
  const roaming = await keyTrust.read();
  if (isOpen && roaming?.state === "failed") sendSoon();
  const sealed = await database.all("sealed");
  const isUnlocked = await session.isUnlocked();
  const notStored = isUnlocked && account ? sealed.filter(({ fingerprint }) => !account.stored.includes(fingerprint)).length : 0;
  return {
    bridge: host, address: addressKey(address), isOpen, notStored, hasLostCode: account?.hasLostCode ?? false,
    hasCode: account?.hasCode ?? null, offersCode: isOpen && account.hasCode === false && (await codeOffer.isDue()),
    resetReady: account?.resetReady ?? null, roaming,
    account: account && { user: account.user, host: new URL(account.server).host, isNew: account.known === null },
  };
}

/** The key server that the pages of the person's bridge name, "" if they name none, and the further addresses of this server. */
export async function findServer() {
  const { server, discovery } = await readNamed();
  return { server, further: discovery?.keyServers ?? [] };
}

/**
 * Stores the account with which this browser exchanges identities. Rejects with `bad-key-server`, `bad-key-user`,
 * `key-server-not-granted`, or the failure of the server. A list of the server's addresses counts only if the pages of the
 * person's bridge name this server.
 * @param {{server: string, user: string}} body
 */
export function connect({ server, user }) {
  factor.cancel();
  return inTurn(TURN, async () => {
    const account = addressKey(user.trim());
    if (!/^[^\s@]+@[^\s@]+$/u.test(account)) throw new RequestError("bad-key-user");
    const origin = originOf(server);
    await checkGranted(origin, "key-server-not-granted");
    const named = await readNamed().catch(() => null);
    const discovery = named?.server === origin ? named.discovery : null;
    /** @type {ArrayBuffer | null} */
    let followed = null;
    const keyServer = createServer({ server: origin, user: account, discovery }, {
      read: () => followed, write: (list) => { followed = list; },
    });
    const answer = /** @type {Record<string, unknown>} */ (await keyServer.parameters(account));
    if (typeof answer.nonce !== "string") throw new RequestError("no-key-server");
    await forgetAccount();
    const token = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)).buffer;
    await database.put("keyAccounts", { user: account, server: origin, token, known: null, stored: [], hasLostCode: false, hasCode: null, resetReady: null, base: null, sent: null, discovery, followed });
  });
}

/** Forgets the account in this browser. The keys of this browser stay, and the account at the server stays too. */
export function disconnect() {
  factor.cancel();
  return inTurn(TURN, forgetAccount);
}

/** Brings the identities of the account into this browser. @param {{passphrase: EncryptedSecret}} body */
export function logIn({ passphrase }) {
  return during(async (step) => keep(step, (await step.client.logIn(passphrase)).identities, passphrase));
}

/** @param {{code: EncryptedSecret, newPassphrase: EncryptedSecret}} body */
export function recover({ code, newPassphrase }) {
  return during(async (step) => keep(step, (await step.client.enter("roaming.recover", { code, passphrase: newPassphrase })).identities, newPassphrase));
}

/**
 * Creates the account with the identities and the passphrase of a key file of this browser.
 * @param {{keyFile: string, passphrase: EncryptedSecret}} body
 */
export function register({ keyFile, passphrase }) {
  return during(async (step) => {
    const { p12 } = await database.find("keyFiles", keyFile, "no-such-key");
    await step.client.register({ ticket: await takeTicket(), p12, p12Passphrase: passphrase, passphrase });
    await keep(step, (await step.client.logIn(passphrase)).identities, passphrase);
  });
}

/** Stores at the account the unlocked identities that it does not have yet. @param {{passphrase: EncryptedSecret}} body */
export function store({ passphrase }) {
  return during(async (step) => {
    const { identities } = await step.client.logIn(passphrase);
    const added = await findUnlocked(new Set(identities.map(({ fingerprint }) => fingerprint)));
    if (added.length) await step.client.add(added);
    await keep(step, [...identities, ...added], passphrase);
  });
}

/** @param {{passphrase: EncryptedSecret, newPassphrase: EncryptedSecret}} body */
export function changePassphrase({ passphrase, newPassphrase }) {
  return during(async (step) =>
    keep(step, (await step.client.changePassphrase(passphrase, newPassphrase)).identities, newPassphrase));
}

/** @param {{passphrase: EncryptedSecret, replyKey: ArrayBuffer}} body @returns {Promise<Progress<{code: Envelope}>>} */
export function makeCode({ passphrase, replyKey }) {
  return during(async ({ client }) => {
    replyKeyNow = replyKey;
    // The vault's owner has already encrypted the code for the page.
    return { code: /** @type {any} */ (await client.makeCode(passphrase)) };
  });
}

/** @returns {Promise<Progress<{devices: import("../../../wasm_build/vault/types/account.js").KeyDevice[]}>>} */
export function devices() {
  return during(async ({ client }) => ({ devices: await client.devices() }));
}

/** @param {{device: string, passphrase: EncryptedSecret}} body */
export function revoke({ device, passphrase }) {
  return during(({ client }) => client.revoke(device, passphrase));
}

/** Stops the running reset of the account. */
export function stopReset() {
  return during(({ client }) => client.stopReset());
}

/** Exports a key file, and reports the export to the owner of the keys. @param {Parameters<typeof keys.exportKeyFile>[0]} body */
export async function exportKeyFile(body) {
  const exported = await keys.exportKeyFile(body);
  await tellOfSaved([body.id]);
  return exported;
}

/** Makes a backup, and reports it to the owners of the keys in it. @param {Parameters<typeof backup.make>[0]} body */
export async function makeBackup(body) {
  const { ids, ...made } = await backup.make(body);
  await tellOfSaved(ids);
  return made;
}

/**
 * Reports to the owner of the account that its keys are saved in a file, if there is a session at the server.
 * @param {string[]} ids of the key files that are saved
 */
async function tellOfSaved(ids) {
  const account = await find();
  const isRoaming = ids.some((id) => id.split(" ").some((fingerprint) => account?.stored.includes(fingerprint)));
  if (account && isRoaming && (await findSession(account.user))) {
    // The export succeeds even if the server cannot be reached.
    await inTurn(TURN, () => withClient(({ client }) => client.ask("export"))).catch(() => undefined);
  }
}

/** Deletes the account at the server. The keys of this browser stay. @param {{passphrase: EncryptedSecret}} body */
export function remove({ passphrase }) {
  return during(async ({ client }) => {
    await client.remove(passphrase);
    await forgetAccount();
  });
}

/**
 * Runs one step with the account after all earlier steps have ended.
 * @template T
 * @param {(step: Step) => Promise<T>} act
 * @returns {Promise<Progress<T>>}
 */
function during(act) {
  return factor.run(TURN, () => withClient(act));
}

/** @template T @param {(step: Step) => Promise<T>} act @returns {Promise<T>} */
async function withClient(act) {
  const account = required(await find(), "no-key-account");
  await checkGranted(account.server, "key-server-not-granted");
  const { id: sessionId, sealKey } = await session.keyForUnlock();
  if (opened?.sealedIn !== sessionId) forgetClient();
  opened ??= { client: await createClient(account), sealedIn: sessionId };
  const { client } = opened;
  sealKeyNow = sealKey;
  try {
    return await act({ kept: account, client, sessionId, sealKey });
  } catch (error) {
    // Without a session at the server, the page asks for the passphrase again.
    if (keyTrust.ENDED.includes(codeOf(error))) client.forget();
    throw error;
  } finally {
    sealKeyNow = null;
    replyKeyNow = null;
    await noteWarnings(client);
    await keepSession(client, sessionId);
  }
}

/** @param {KeptAccount} account */
async function createClient(account) {
  const { user } = account;
  const server = createServer(account, {
    read: async () => (await database.get("keyAccounts", user))?.followed ?? null, write: (followed) => keyTrust.amendAccount(user, { followed }),
  });
  const client = new KeyAccount(async () => caller, sealing, memory, { server, user, askFactor: factor.askPage });
  client.hasLostCode = account.hasLostCode ?? false;
  client.hasCode = account.hasCode ?? null;
  client.resetReady = account.resetReady ?? null;
  const openSession = await findSession(user);
  if (openSession) client.session.resume(openSession);
  return client;
}

/** The session at the server, if the keys have not been locked since it was stored. @param {string} user */
async function findSession(user) {
  const serverSession = await database.get("keySessions", user);
  return serverSession && (await session.isCurrent(serverSession.sealedIn)) ? serverSession : null;
}

/**
 * Keeps the session at the server for the next background, unless the keys were locked meanwhile.
 * @param {KeyAccount} client @param {string} sealedIn
 */
async function keepSession(client, sealedIn) {
  const { session: { copy: openSession }, user } = client;
  if (openSession && (await session.isCurrent(sealedIn))) await database.put("keySessions", { user, ...openSession, sealedIn });
  else await database.remove("keySessions", user);
}

/** Sends changes of contacts and decisions to the account after a short pause, so that several changes are sent together. */
function sendSoon() {
  clearTimeout(sending);
  sending = setTimeout(() => void inTurn(TURN, send).catch(() => undefined), PAUSE_MILLISECONDS);
}

/** Merges contacts and decisions with the account, if there is a session at the server. */
async function send() {
  const account = await find();
  if (!account?.known) return;
  if (!(await findSession(account.user))) return keyTrust.note("ended");
  await withClient(({ client }) => keyTrust.merge(client));
}

/**
 * Stores whether the account has a recovery code, whether the code on paper may be lost, and whether a reset is running. The account itself reports a lost code
 * only until its keys change.
 * @param {KeyAccount} client
 */
async function noteWarnings({ user, hasLostCode, hasCode, resetReady }) {
  const account = await database.get("keyAccounts", user);
  const isNoted = account && Boolean(account.hasLostCode) === hasLostCode && (account.hasCode ?? null) === hasCode
    && (account.resetReady ?? null) === resetReady;
  if (account && !isNoted) await database.put("keyAccounts", { ...account, hasLostCode, hasCode, resetReady });
}

/**
 * Stores the identities of the account as one key file under the account's passphrase. Removes other key files whose
 * identities are all in this file.
 * @param {Step} step @param {OpenedIdentity[]} identities @param {EncryptedSecret} passphrase
 */
async function keep({ kept, client, sessionId, sealKey }, identities, passphrase) {
  const sealed = identities.map((identity) => identity.sealed.slice(0));
  const { p12, authority } = await vault.call("identity.keep", { identities: sealed, sealKey, passphrase });
  await keys.keepKeyFile({ name: new URL(kept.server).host, p12, origin: "key-server" }, identities, sessionId);
  const stored = identities.map(({ fingerprint }) => fingerprint);
  await keyTrust.amendAccount(kept.user, { stored });
  const own = keys.idOf(identities);
  for (const { id, identities: inFile } of await database.all("keyFiles")) {
    if (id !== own && inFile.every(({ fingerprint }) => stored.includes(fingerprint))) await keys.removeKeyFile(id);
  }
  await keys.proposeAuthority(authority, identities);
  // The keys are in this browser even if merging the contacts and decisions fails. The page reports such a failure.
  await keyTrust.merge(client).catch(() => undefined);
}

/** The unlocked identities of this browser, except `others`. @param {Set<string>} others fingerprints @returns {Promise<OpenedIdentity[]>} */
async function findUnlocked(others) {
  if (!(await session.isUnlocked())) return [];
  const described = new Map((await database.all("keyFiles")).flatMap(({ identities }) => identities).map((info) => [info.fingerprint, info]));
  return (await database.all("sealed")).flatMap(({ fingerprint, sealed }) => {
    const info = described.get(fingerprint);
    return info && !others.has(fingerprint) ? [{ ...info, sealed }] : [];
  });
}

/** The ticket with which the bridge names the person to the key server. */
async function takeTicket() {
  const response = await bridge.askIfSignedIn("/api/enrolment", { method: "POST" });
  if (!response || response.status === 401) throw new RequestError("key-ticket-signed-out");
  if (response.status === 403) throw new RequestError("bridge-not-admitted");
  const { ticket } = await readJson(response);
  if (!response.ok || typeof ticket !== "string") throw new RequestError("directory-failed");
  return ticket;
}

/** @returns {Promise<KeptAccount | null>} */
async function find() {
  return (await database.all("keyAccounts"))[0] ?? null;
}

async function forgetAccount() {
  forgetClient();
  await database.change({ keyAccounts: { clear: true }, keySessions: { clear: true } });
  await keyTrust.forget();
}

function forgetClient() {
  opened?.client.forget();
  opened = null;
}

/** @param {string} server @returns {string} */
function originOf(server) {
  try {
    const origin = directoryOrigin(server.trim());
    if (origin) return origin;
  } catch {
    // The error below names the key server.
  }
  throw new RequestError("bad-key-server");
}
