/**
 * What the vault's owner does for whole pages. They are held here, never in a storage; what was sealed leaves sealed to
 * the view that shows it.
 */
import "./shared/channel.js";
import { overwrite } from "./runtime/cleanup.js";
import { packPage } from "./shared/packed_page.js";

/** All pages together; the oldest is let go for a new one. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * `address` is where it was found, empty for a file; `published` the page beside its signature `cms`; `password`, sealed
 * to the owner, what opened it: the page is opened again for every judgement.
 * @typedef {{
 *   cms: ArrayBuffer | null, published: ArrayBuffer | null, address: string, resources: {url: string, octets: ArrayBuffer}[],
 *   password?: SealedSecret,
 * }} HeldPage
 */

/**
 * @param {{
 *   callVault: (verb: string, args: object) => Promise<any>, copyMail: (id: string) => ArrayBuffer,
 *   optionalKey: (sealKey: SealedSecret | null) => Promise<Secret | null>,
 *   openSecret: (purpose: string, sealed: SealedSecret) => Promise<Secret>,
 * }} owner
 */
export function createPageVerbs({ callVault, copyMail, optionalKey, openSecret }) {
  /** In the order in which they came. @type {Map<string, HeldPage>} */
  const pages = new Map();

  /** @param {HeldPage} page */
  function hold(page) {
    if (sizeOf(page) > MAX_HELD_BYTES) throw failure("page-too-large");
    let together = [...pages.values()].reduce((sum, one) => sum + sizeOf(one), sizeOf(page));
    for (const [oldest, one] of pages) {
      if (together <= MAX_HELD_BYTES) break;
      together -= sizeOf(one);
      letGo(oldest);
    }
    const id = crypto.randomUUID();
    pages.set(id, page);
    return { page: id };
  }

  /** @param {string} id */
  function find(id) {
    const page = pages.get(id);
    if (!page) throw failure("page-let-go");
    return page;
  }

  /** @param {any} body */
  async function open({ page: id, replyKey, ...args }) {
    const held = find(id);
    const { page, certificates: _, ...opened } = await judgeWith(held, args);
    const isClosed = opened.report.reasons.some((/** @type {{code: string}} */ { code }) => code === "not-opened");
    // What is not the signer's is shown nowhere.
    if (isClosed || opened.report.state === "invalid" || !opened.mediaType) {
      overwrite(page);
      return { ...opened, isClosed, envelope: null };
    }
    if (args.password) held.password = args.password;
    const { address, resources } = held;
    const shown = packPage({ page, mediaType: opened.mediaType, address: address || opened.address, resources });
    overwrite(page);
    return { ...opened, isClosed, envelope: await sealwaxChannel.sealTo(replyKey, "opened page", shown) };
  }

  /** The verdict alone. @param {any} body */
  async function judge({ page: id, ...args }) {
    const { page, ...judged } = await judgeWith(find(id), args);
    overwrite(page);
    return judged;
  }

  /** @param {HeldPage} held @param {any} args */
  async function judgeWith({ cms, published, address, password: known }, { sealKey, password = known, ...args }) {
    return callVault("page.open", {
      ...args, cms: (cms ?? new ArrayBuffer(0)).slice(0), published: published?.slice(0) ?? null, standingAt: address || null,
      sealKey: await optionalKey(sealKey), password: password ? await openSecret("passphrase", password) : null,
    });
  }

  /** What is about to be signed, for the view. @param {any} body */
  async function preview({ page: id, replyKey, mediaType }) {
    const { published, address } = find(id);
    const shown = packPage({ page: published ?? new ArrayBuffer(0), mediaType, address, resources: [] });
    return { envelope: await sealwaxChannel.sealTo(replyKey, "opened page", shown) };
  }

  /** @param {any} body */
  async function seal({ page: id, sealKey, ...args }) {
    const { published, address } = find(id);
    const page = (published ?? new ArrayBuffer(0)).slice(0);
    return callVault("page.seal", { ...args, page, address, sealKey: await optionalKey(sealKey) });
  }

  /** @param {string} id */
  function letGo(id) {
    const page = pages.get(id);
    pages.delete(id);
    if (page?.cms) overwrite(page.cms);
    if (page?.published) overwrite(page.published);
  }

  /** @type {Record<string, (body: any) => Promise<any>>} */
  const verbs = {
    "page.hold": async (page) => hold(page),
    "page.take": async ({ mail }) => hold({ cms: copyMail(mail), published: null, address: "", resources: [] }),
    "page.open": open,
    "page.judge": judge,
    "page.preview": preview,
    "page.seal": seal,
  };
  return { verbs, clear: () => [...pages.keys()].forEach(letGo) };
}

/** @param {HeldPage} page */
function sizeOf({ cms, published, resources }) {
  const octets = [cms, published, ...resources.map((one) => one.octets)];
  return octets.reduce((sum, one) => sum + (one?.byteLength ?? 0), 0);
}

/** @param {string} code a code of the message catalogue */
function failure(code) {
  return Object.assign(new Error(code), { code });
}
