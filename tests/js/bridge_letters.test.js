/**
 * Letters that a person writes, sends, changes, drops and goes on with in two browsers, at a bridge that loses requests and
 * answers, answers late and loses confirmations. No letter is shown as sent that was not, and none is sent twice unasked.
 *
 * The bridge is a model of `webbridge/sending/ledger.py` and `webbridge/blueprints/drafts.py`.
 */
import assert from "node:assert/strict";
import { register } from "node:module";
import { test } from "node:test";

import { installBrowser, storageArea } from "./support/browser.js";
import "./support/leave.js";

/**
 * A browser: its database, its session, and whether the person has agreed to a second message.
 * @typedef {{stores: {drafts?: Map<string, DraftRecord>}, session: Partial<SessionMemory>, agreed: boolean}} Browser
 */
/** @typedef {{id: string, words: string, to: string[], bcc: string[], secret: string}} Letter */
/** @typedef {{method?: string, body?: string | Blob, headers: Record<string, string>}} Request */
/** The status and the body of an answer. @typedef {[number, string | object | null]} Answer */

register("./support/letters_hooks.js", import.meta.url);
const HOST = "bridge.example";
const ALICE = "alice@example.test";
const OTHER = "other@example.test";
const PEOPLE = ["bob@example.test", "carol@example.test"];
const REFUSED = { code: "mail-server-busy", message: "No." };

/** @typedef {(url: URL, options: Request) => Promise<Response>} AskBridge */
/** The names by which the modules of `letters_hooks.js` find the browser and the bridge. */
const globals = /** @type {{browserNow: Browser, askBridge?: AskBridge}} */ (/** @type {unknown} */ (globalThis));
globals.browserNow = { stores: {}, session: {}, agreed: false };
installBrowser({
  i18n: { getMessage: (name) => name },
  storage: { session: storageArea(() => globals.browserNow.session), local: { set: async () => {} } },
  runtime: { getURL: (path) => path, sendMessage: async () => {} },
});
const bridgeSending = await import("../../browser_ext/background/writing/bridge_sending.js");
const bridgeDrafts = await import("../../browser_ext/background/writing/bridge_drafts.js");
const drafts = await import("../../browser_ext/background/writing/drafts.js");
const { versionOf } = await import("../../browser_ext/compose/letter_version.js");

/** Random numbers that are the same every time (mulberry32). @param {number} seed */
function diceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

class Story {
  /** @type {Map<string, {outcome: string, body: string | null}>} */
  ledger = new Map();
  /** @type {Record<string, Map<string, {uid: number, body: string}>>} */
  mailboxes = { [ALICE]: new Map(), [OTHER]: new Map() };
  /**
   * The messages that have left: to whom, with which words, and whether the person had agreed to a second one.
   * @type {{to: string, words: string, agreed: boolean}[]}
   */
  left = [];
  /** @type {(() => Answer)[]} */
  late = [];
  /** The browsers that have dropped the draft. @type {Set<Browser>} */
  droppedBy = new Set();
  /** @type {Record<string, number>} */
  told = {};
  isCalm = false;

  /** @param {number} seed */
  constructor(seed) {
    this.dice = diceOf(seed);
    /** @type {Browser[]} */
    this.browsers = [0, 1].map(() => ({ stores: {}, session: {}, agreed: false }));
    this.browsers.forEach((browser) => this.signIn(browser, ALICE));
    globals.askBridge = (url, options) => this.ask(url, options);
  }

  /** @template T @param {T[]} values @returns {T} */
  pick(values) {
    return values[Math.floor(this.dice() * values.length)];
  }

  /** @param {Browser} browser @param {string} address */
  signIn(browser, address) {
    browser.session.bridge = { directory: `https://${HOST}`, api: `https://${HOST}`, address, token: address };
    browser.session["composition:c"] = /** @type {CompositionRecord} */ ({ id: "c", windowTabId: 1, copies: {} });
  }

  /** @param {Browser} browser */
  isOther(browser) {
    return browser.session.bridge?.address !== ALICE;
  }

  // The bridge

  /** @type {AskBridge} */
  async ask(url, { method = "GET", body = "", headers }) {
    const account = headers.Authorization.split(" ")[1];
    const { agreed } = globals.browserNow;
    const content = body instanceof Blob ? await body.text() : body;
    const arrive = () => this.answer(account, url, method, content, agreed);
    // A draft whose upload is late, or has no answer, may be offered to another browser: the security model says so.
    const isUpload = url.pathname === "/api/drafts" && method === "POST";
    const faults = ["no request", "busy", ...(isUpload ? [] : ["late", "no answer"])];
    const fault = this.isCalm || this.dice() < 0.8 ? "" : this.pick(faults);
    if (fault === "no request") throw { code: "directory-failed" };
    if (fault === "busy") return Response.json({ code: "try-later", message: "Later." }, { status: 503 });
    if (fault === "late") this.late.push(arrive);
    else if (this.late.length && this.dice() < 0.3) this.late.shift()?.();
    if (fault === "late") throw { code: "directory-failed" };
    const [status, members] = arrive();
    if (fault === "no answer") throw { code: "directory-failed" };
    if (typeof members === "string") return new Response(members, { status });
    return status === 204 ? new Response(null, { status }) : Response.json(members, { status });
  }

  /**
   * @param {string} account @param {URL} url @param {string} method @param {string} body @param {boolean} agreed
   * @returns {Answer}
   */
  answer(account, { pathname }, method, body, agreed) {
    const path = pathname.replace(/^\/api\//u, "");
    if (path === "drafts") return this.answerDraft(account, method, body);
    if (path === "folders") return [200, { folders: [{ id: "D", role: "drafts" }] }];
    if (path.endsWith("/search")) return [200, { uidValidity: 1, messages: this.found(account, JSON.parse(body).subject) }];
    if (path.endsWith("/raw")) {
      const messageUid = Number(path.split("/").at(-2));
      return [200, [...this.mailboxes[account].values()].find(({ uid }) => uid === messageUid)?.body ?? ""];
    }
    if (path === "send") return this.submit(account, body, agreed);
    const name = `${account} ${path.split("/")[1]}`;
    const known = this.ledger.get(name);
    if (method === "DELETE" && (!known || known.outcome === "refused")) {
      this.ledger.set(name, { outcome: "refused", body: null });
      return [200, { outcome: "withdrawn" }];
    }
    return known ? this.recorded(known) : [200, { outcome: "unknown" }];
  }

  /** @param {string} account @param {string} method @param {string} body @returns {Answer} */
  answerDraft(account, method, body) {
    if (method === "POST") {
      const [, id] = /** @type {string[]} */ (/<([0-9a-f-]{36})@draft\.sealwax\.invalid>/u.exec(body));
      this.mailboxes[account].set(id, { uid: Math.floor(this.dice() * 1e9), body });
      return [200, {}];
    }
    this.mailboxes[account].delete(JSON.parse(body).messageId.slice(1).split("@")[0]);
    return [204, null];
  }

  /** @param {string} account @param {string} words */
  found(account, words) {
    const date = new Date().toISOString();
    const all = [...this.mailboxes[account]].map(
      ([id, { uid }]) => ({ uid, subject: `Sealwax draft ${id}`, date, flags: [] }));
    return all.filter(({ subject }) => subject.includes(words));
  }

  /** @param {string} account @param {string} body @param {boolean} agreed @returns {Answer} */
  submit(account, body, agreed) {
    const { key, recipients } = JSON.parse(body.slice(0, body.indexOf("\n")));
    const name = `${account} ${key}`;
    const known = this.ledger.get(name);
    if (known) return known.body === body ? this.recorded(known) : [422, { code: "key-used", message: "Used." }];
    const fate = this.isCalm ? "sent" : this.pick(["sent", "sent", "sent", "perhaps", "lost", "refused", "refused early"]);
    if (fate === "refused early") return [503, REFUSED];
    const outcome = fate === "lost" ? "perhaps" : fate;
    this.ledger.set(name, { outcome, body });
    const words = JSON.parse(body.slice(body.indexOf("\n") + 1)).text;
    if (fate === "sent" || fate === "perhaps") for (const to of recipients) this.left.push({ to, words, agreed });
    return this.recorded({ outcome });
  }

  /** @param {{outcome: string}} record @returns {Answer} */
  recorded({ outcome }) {
    return outcome === "refused" ? [503, { ...REFUSED, outcome }] : [200, { outcome, savedTo: null }];
  }

  // The person

  /** @param {Browser} browser @param {string} id @returns {Promise<Letter | null>} */
  async open(browser, id) {
    const draft = browser.stores.drafts?.get(id);
    if (!draft?.letter) return null;
    return { id, ...JSON.parse(new TextDecoder().decode(draft.letter)) };
  }

  /** @param {Letter} letter */
  async keep(letter) {
    const { id, ...written } = letter;
    // The vault of this test takes plain bytes for an envelope.
    const content = /** @type {any} */ (new TextEncoder().encode(JSON.stringify(written)).buffer);
    await drafts.keep({ draft: id, part: "letter", content, identity: "f" });
    await bridgeDrafts.keep(id, "f");
  }

  /** @param {Letter} letter */
  change(letter) {
    if (this.dice() < 0.5) letter.words = this.pick(["Monday", "Tuesday", "Wednesday"]);
    else letter.to = this.pick([[PEOPLE[0]], [PEOPLE[1]], PEOPLE]);
    if (this.dice() < 0.3) letter.bcc = letter.to.length === 1 && this.dice() < 0.6 ? PEOPLE.filter((person) => !letter.to.includes(person)) : [];
    letter.bcc = letter.bcc.filter((person) => !letter.to.includes(person));
  }

  /** @param {Browser} browser @param {string} id */
  async drop(browser, id) {
    this.droppedBy.add(browser);
    await bridgeDrafts.drop(id);
  }

  /**
   * @param {Letter} letter @param {{again?: boolean, anew?: boolean}} [agreement]
   * @returns {Promise<string>} the outcome that the person was told
   */
  async press({ id, words, to, bcc, secret }, { again = false, anew = false } = {}) {
    // The agreement holds in this browser until the letter is sent: some of its messages may be refused before.
    globals.browserNow.agreed ||= again || anew;
    const leaving = {
      identity: "f", sign: false, encrypt: true, receipt: false, lasting: false, label: "", from: ALICE,
      to, cc: [], bcc, people: to.map(() => "p"), hiddenPeople: bcc.map(() => "p"), byPassword: [],
    };
    const fields = { from: ALICE, subject: "", to, cc: [], references: [], hidden: [] };
    const packed = { fields, text: new TextEncoder().encode(words).buffer, attachments: [] };
    const version = await versionOf(secret, packed, leaving, null);
    const body = {
      composition: "c", draft: id, bridge: HOST, ...leaving, password: null, again, anew, version, shown: "",
      letter: /** @type {any} */ (JSON.stringify({ text: words })),
    };
    const sender = /** @type {Sender} */ ({ tab: { id: 1 } });
    const outcome = await bridgeSending.send(body, sender).then(
      ({ sent, byBridge }) => (sent ? "sent" : String(byBridge?.outcome)),
      (error) => error.code ?? `a fault of the program: ${error.stack}`);
    if (outcome === "sent") globals.browserNow.agreed = false;
    this.told[outcome] = (this.told[outcome] ?? 0) + 1;
    const missing = [...to, ...bcc].filter((recipient) => !this.left.some((message) => message.to === recipient && message.words === words));
    if (outcome === "sent" && missing.length) throw new Error(`said to be sent, and never left for ${missing}: ${words}`);
    if (outcome.startsWith("a fault")) throw new Error(outcome);
    return outcome;
  }

  check() {
    for (const person of PEOPLE) {
      const got = this.left.filter(({ to }) => to === person);
      if (got.slice(1).some(({ agreed }) => !agreed)) throw new Error(`sent twice without a question: ${JSON.stringify(got)}`);
    }
  }

  async play() {
    const id = crypto.randomUUID();
    /** @type {Letter} */
    const letter = { id, words: "Monday", to: [PEOPLE[0]], bcc: [], secret: "s" };
    /** The letter in the window of each browser; null without one. @type {(Letter | null)[]} */
    const open = [letter, null];
    globals.browserNow = this.browsers[0];
    await this.keep(letter);
    for (let step = 0; step < 14; step += 1) {
      const at = this.dice() < 0.6 ? 0 : 1;
      const browser = this.browsers[at];
      globals.browserNow = browser;
      const action = this.pick(["press", "press", "press", "change", "change", "close", "bring", "bring", "drop", this.isOther(browser) ? "own account" : "other account"]);
      if (action === "own account" || (action === "other account" && this.dice() < 0.3)) this.signIn(browser, this.isOther(browser) ? ALICE : OTHER);
      if (action === "close") open[at] = null;
      if (action === "bring") {
        if (!browser.stores.drafts?.get(id)?.letter) await bridgeDrafts.bring(id).catch(() => {});
        open[at] ??= await this.open(browser, id);
      }
      const opened = open[at];
      if (!opened) continue;
      if (action === "change") {
        this.change(opened);
        await this.keep(opened);
      }
      if (action === "drop" && this.dice() < 0.2) {
        await this.drop(browser, id);
        open[at] = null;
      }
      if (action === "press") {
        let outcome = await this.press(opened);
        if (outcome === "perhaps" && this.dice() < 0.3) outcome = await this.press(opened, { again: true });
        if (["sending-earlier", "draft-elsewhere"].includes(outcome) && this.dice() < 0.5) {
          // The person then knows that both browsers have the draft.
          if (outcome === "draft-elsewhere") this.browsers.forEach((device) => { device.agreed = true; });
          outcome = await this.press(opened, { anew: true });
        }
        // The window is sometimes closed before it can drop the draft.
        if (outcome === "sent" && this.dice() < 0.7) {
          await this.drop(browser, id);
          open[at] = null;
        }
      }
      this.check();
    }
    this.late.splice(0).forEach((arrive) => arrive());
    this.check();
    await this.checkOffers(id);
  }

  /**
   * A draft that was dropped is not offered, and is gone at the bridge once it has answered, whatever its account.
   * @param {string} id
   */
  async checkOffers(id) {
    this.isCalm = true;
    // A browser that has the draft may have uploaded it again.
    const isWritten = this.browsers.some(({ stores }) => stores.drafts?.get(id)?.letter);
    if (!this.droppedBy.size || isWritten) return;
    for (const browser of this.droppedBy) {
      globals.browserNow = browser;
      for (const account of [OTHER, ALICE]) {
        this.signIn(browser, account);
        if ((await bridgeDrafts.list()).some((draft) => draft.id === id)) throw new Error("a dropped draft is offered");
      }
    }
    if (this.mailboxes[ALICE].has(id)) throw new Error("a dropped draft is never deleted at the bridge");
  }
}

const STORIES = 1500;
/** Each outcome that the person may be told has to come, otherwise the stories show nothing about it. */
const TOLD = [
  "sent", "perhaps", "refused", "unanswered", "sending-earlier", "draft-elsewhere", "draft-not-removed", "bridge-signed-out",
];

// A letter is changed, sent, dropped and brought to another browser while the bridge loses requests and answers.
test("no story of letters contradicts what the person was told", async () => {
  const outcomes = new Set();
  for (let seed = 0; seed < STORIES; seed += 1) {
    const story = new Story(seed);
    await story.play().catch((error) => assert.fail(`story ${seed}: ${error.message ?? JSON.stringify(error)}`));
    for (const outcome of Object.keys(story.told)) outcomes.add(outcome);
  }
  for (const outcome of TOLD) assert.ok(outcomes.has(outcome), outcome);
});
