/**
 * Sites whose files are checked before their page runs. The person or an administrator names the address of a bridge's
 * pages, and the certificate whose key signs the list of the pages' files.
 *
 * `content/site_check.js` stops the document, compares the files, and replaces the stopped document by the signed one,
 * with the hash of each script. This module has the vault verify the signature of each new list.
 */
import { api } from "../../shared/api.js";
import { directoryOrigin, directoryPattern } from "../../shared/directory_address.js";
import { RequestError, required } from "../../shared/messages.js";
import * as database from "../../shared/database.js";
import { senderOrigin } from "./ancestors.js";
import { certificatesIn } from "../people/certificate_files.js";
import { keepRegistered } from "./content_scripts.js";
import { sha256 } from "./hashes.js";
import * as memory from "./memory.js";
import * as policy from "./policy.js";
import { inTurn } from "./turns.js";
import * as vault from "../keys/vault_link.js";

const SCRIPT = { id: "checked-sites", js: ["content/site_check.js"], runAt: "document_start", allFrames: true };
const HEADER_FIELDS = [
  { header: "content-type", operation: "set", value: "text/html; charset=utf-8" },
  // These fields would add a style to the page, or replace the page.
  { header: "link", operation: "remove" },
  { header: "refresh", operation: "remove" },
];
const STOPPED_PAGE = "stopped/stopped.html";
const RELEASE_KEYS = "release_keys.json";
const MAX_CONFIGURATION_CHARACTERS = 4096;
/** The page of a parcel. The fragment of its link contains the parcel's id, and perhaps the six words. */
const PARCEL_PATH = "/parcel.html";

/** Registers the check for the listed sites, and for no other. */
export function register() {
  return keepRegistered([SCRIPT], async () => {
    const sites = await list();
    await readAsHtml(sites.map(({ origin }) => origin));
    // In Firefox a pattern names no port. So the script runs on the pages of every port, stops them, and asks whether
    // their origin is listed.
    return [...new Set(sites.map(({ origin }) => api.offscreen ? `${origin}/*` : directoryPattern(origin)))];
  });
}

/**
 * The checked sites, each with the certificates that may sign its list, and with the list that was seen last.
 * @returns {Promise<(CheckedSite & {byPolicy: boolean, granted: boolean})[]>}
 */
export async function list() {
  const [{ pagesKeys, ownSites }, storedSites] = await Promise.all([policy.read(), database.all("checkedSites")]);
  const set = new Map(pagesKeys.map(({ origin, fingerprint }) => [origin, { ...empty(origin), keys: [fingerprint] }]));
  const sites = new Map([...storedSites.map((site) => /** @type {const} */ ([site.origin, site])), ...set]);
  const described = [...sites.values()].map(async (site) => {
    const storedSite = storedSites.find(({ origin }) => origin === site.origin);
    const granted = await api.permissions.contains({ origins: [directoryPattern(site.origin)] });
    return { ...storedSite, ...site, seen: storedSite?.seen ?? null, servers: storedSite?.servers ?? null, byPolicy: !ownSites || set.has(site.origin), granted };
  });
  return Promise.all(described);
}

/**
 * Begins to check a site. If the person names no certificate, the release keys of this extension's build may sign the
 * list.
 * @param {BodyOf<"checked.add">} body
 */
export async function add({ address, certificate }) {
  const origin = required(directoryOrigin(address.trim()), "bad-directory");
  await checkOwnSites();
  const keys = certificate.byteLength ? await fingerprintsOf(certificate) : await releaseKeys();
  if (!keys.length) throw new RequestError("no-release-key");
  await inTurn(turnOf(origin), () => database.put("checkedSites", { ...empty(origin), keys }));
  await register();
}

/** @param {BodyOf<"checked.remove">} body */
export async function remove({ id }) {
  await checkOwnSites();
  await inTurn(turnOf(id), () => database.remove("checkedSites", id));
  await register();
}

/**
 * The files of the sender's site, according to its signed list. Rejects if the list, or the servers in the site's
 * configuration, are not the expected ones.
 * @param {BodyOf<"checked.files">} body
 * @param {Sender} sender
 */
export function files(body, sender) {
  // One action at a time. Otherwise two pages that load at once could store an older list, or a site that was removed
  // meanwhile.
  return inTurn(turnOf(senderOrigin(sender)), () => filesInTurn(body, sender));
}

/** @param {BodyOf<"checked.files">} body @param {Sender} sender */
async function filesInTurn({ signed, configuration }, sender) {
  const site = await find(sender);
  const now = new Date().toISOString();
  const hash = await sha256(signed);
  const isKnown = site.seen?.hash === hash && site.keys.includes(site.seen.signer.fingerprint) && now < site.seen.ends;
  const seen = isKnown && site.seen ? site.seen : await verify(site, signed, hash, now);
  const servers = readServers(configuration);
  const { origin, keys, servers: before } = site;
  if (before && (before.api !== servers.api || before.keyServer !== servers.keyServer)) throw new RequestError("site-servers-changed");
  if (!isKnown || !before) await database.put("checkedSites", { origin, keys, seen, servers });
  return { files: seen.files, servers };
}

/**
 * Replaces the page in the sender's tab by a page that says why the site was stopped.
 * @param {BodyOf<"checked.stop">} body
 * @param {Sender} sender
 */
export async function stop({ code, file, configuration, fragment }, sender) {
  const site = await find(sender);
  if (sender.tab?.id === undefined || sender.frameId !== 0) return;
  const isParcel = new URL(sender.url ?? site.origin).pathname === PARCEL_PATH;
  const link = isParcel ? { url: `${site.origin}${PARCEL_PATH}`, fragment } : { url: `${site.origin}/`, fragment: "" };
  await memory.write(`stopped:${sender.tab.id}`, { ...link, code, file, servers: tryToRead(configuration), before: site.servers });
  await api.tabs.update(sender.tab.id, { url: api.runtime.getURL(STOPPED_PAGE) });
}

/** The reason why the site of the sender's tab was stopped. @param {{}} _ @param {Sender} sender */
export async function stopped(_, { tab }) {
  return memory.find(`stopped:${tab?.id ?? -1}`, "toolbar-page-gone");
}

/** Accepts the servers that the stopped site now names in its configuration. @param {{}} _ @param {Sender} sender */
export async function acceptServers(_, sender) {
  const { url, servers } = await stopped({}, sender);
  const { origin } = new URL(url);
  await inTurn(turnOf(origin), async () => {
    const site = await database.get("checkedSites", origin);
    if (site && servers) await database.put("checkedSites", { ...site, servers });
  });
}

/** Rejects with `set-by-organisation` if only the administrator may change the list. */
async function checkOwnSites() {
  if (!(await policy.read()).ownSites) throw new RequestError("set-by-organisation");
}

/** @param {Sender} sender @returns {Promise<CheckedSite>} */
async function find(sender) {
  const origin = senderOrigin(sender);
  return required((await list()).find((site) => site.origin === origin), "site-not-checked");
}

/** @param {CheckedSite} site @param {ArrayBuffer} signed @param {string} hash @param {string} at */
async function verify({ keys, seen }, signed, hash, at) {
  const known = { seenVersion: seen?.version ?? "", seenDigest: seen?.digest ?? "" };
  return { ...(await vault.call("pages.verify", { list: signed, keys, at, ...known })), hash };
}

/**
 * Makes the browser read each document of these sites as HTML. Firefox runs the scripts that XSLT makes from an XML
 * document before any script of an extension. Header fields that add to a document are removed.
 * @param {string[]} origins
 */
async function readAsHtml(origins) {
  const known = await api.declarativeNetRequest.getDynamicRules();
  const addRules = /** @type {chrome.declarativeNetRequest.Rule[]} */ (origins.map((origin, index) => ({
    id: index + 1,
    condition: { urlFilter: `|${origin}/`, resourceTypes: ["main_frame", "sub_frame", "object"] },
    action: { type: "modifyHeaders", responseHeaders: HEADER_FIELDS },
  })));
  await api.declarativeNetRequest.updateDynamicRules({ removeRuleIds: known.map(({ id }) => id), addRules });
}

/** @param {string} origin */
function turnOf(origin) {
  return `checked site ${origin}`;
}

/** @param {string} origin @returns {CheckedSite} */
function empty(origin) {
  return { origin, keys: [], seen: null, servers: null };
}

/** The servers in a site's `config.json`. Throws `site-configuration`. @param {string} configuration @returns {Servers} */
function readServers(configuration) {
  try {
    if (configuration.length > MAX_CONFIGURATION_CHARACTERS) throw new Error("too long");
    // `discovery` is ignored, because on a checked site the person accepts each further server. `parcelStore` is ignored, because
    // pages only fetch ciphertext from the parcel store, at addresses that the API gives.
    const { api: bridge, keyServer, discovery: _, parcelStore: __, ...others } = JSON.parse(configuration);
    if (Object.keys(others).length || ![bridge, keyServer].every((address) => typeof address === "string" && URL.canParse(address))) throw new Error("other members");
    return { api: bridge, keyServer };
  } catch {
    throw new RequestError("site-configuration");
  }
}

/** @param {string} configuration */
function tryToRead(configuration) {
  try {
    return readServers(configuration);
  } catch {
    return null;
  }
}

/** @returns {Promise<string[]>} */
async function releaseKeys() {
  return (await (await fetch(api.runtime.getURL(RELEASE_KEYS))).json()).fingerprints;
}

/** @param {ArrayBuffer} file @returns {Promise<string[]>} */
async function fingerprintsOf(file) {
  return Promise.all((await certificatesIn(file)).map(({ certificate }) => sha256(certificate)));
}
