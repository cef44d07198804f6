// @ts-nocheck The bridge and the browsers here are not typed.
/**
 * Letters that a person writes, sends, changes, drops and goes on with in two browsers, at a bridge that loses requests and
 * answers, answers late and loses confirmations. No letter is shown as sent that was not, and none is sent twice unasked.
 *
 * The bridge is a model of `webbridge/sending/ledger.py` and `webbridge/blueprints/drafts.py`.
 */
import assert from "node:assert/strict";
import { register } from "node:module";
import { test } from "node:test";

import "./support/leave.js";

register("./support/letters_hooks.js", import.meta.url);
const HOST = "bridge.example";
const ALICE = "alice@example.test";
const OTHER = "other@example.test";
const PEOPLE = ["bob@example.test", "carol@example.test"];
const REFUSED = { code: "mail-server-busy", message: "No." };

globalThis.browserNow = { stores: {}, session: {} };
const area = {
  get: async (name) => (name === null ? { ...browserNow.session } : name in browserNow.session ? { [name]: browserNow.session[name] } : {}),
  set: async (values) => void Object.assign(browserNow.session, structuredClone(values)),
  remove: async (name) => void delete browserNow.session[name],
};
globalThis.chrome = {
  i18n: { getMessage: (name) => name },
  storage: { session: area, local: { set: async () => {} } },
  runtime: { getURL: (path) => path, sendMessage: async () => {} },
};
const root = new URL("../../browser_ext/", import.meta.url);
const load = (path) => import(new URL(path, root));
const [bridgeSending, bridgeDrafts, drafts, { versionOf }] = await Promise.all(
  ["background/writing/bridge_sending.js", "background/writing/bridge_drafts.js", "background/writing/drafts.js", "compose/letter_version.js"].map(load),
);

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
  ledger = new Map();
  mailboxes = { [ALICE]: new Map(), [OTHER]: new Map() };
  /** The messages that have left: to whom, with which words, and whether the person had agreed to a second one. */
  left = [];
  late = [];
  /** The browsers that have dropped the draft. */
  droppedBy = new Set();
  told = {};
  isCalm = false;

  constructor(seed) {
    this.dice = diceOf(seed);
    this.browsers = [0, 1].map(() => ({ stores: {}, session: {}, agreed: false }));
    this.browsers.forEach((browser) => this.signIn(browser, ALICE));
    globalThis.askBridge = (url, options) => this.ask(url, options);
  }

  pick(values) {
    return values[Math.floor(this.dice() * values.length)];
  }

  signIn(browser, address) {
    browser.session.bridge = { directory: `https://${HOST}`, api: `https://${HOST}`, address, token: address };
    browser.session["composition:c"] = { id: "c", windowTabId: 1, copies: {} };
  }

  isOther(browser) {
    return browser.session.bridge?.address !== ALICE;
  }

  // The bridge

  async ask(url, { method, body, headers }) {
    const account = headers.Authorization.split(" ")[1];
    const { agreed } = browserNow;
    const given = body instanceof Blob ? await body.text() : body;
    const arrive = () => this.answer(account, url, method, given, agreed);
    // A draft whose upload is late, or has no answer, may be offered to another browser: the security model says so.
    const isUpload = url.pathname === "/api/drafts" && method === "POST";
    const faults = ["no request", "busy", ...(isUpload ? [] : ["late", "no answer"])];
    const fault = this.isCalm || this.dice() < 0.8 ? "" : this.pick(faults);
    if (fault === "no request") throw { code: "directory-failed" };
    if (fault === "busy") return Response.json({ code: "try-later", message: "Later." }, { status: 503 });
    if (fault === "late") this.late.push(arrive);
    else if (this.late.length && this.dice() < 0.3) this.late.shift()();
    if (fault === "late") throw { code: "directory-failed" };
    const [status, members] = arrive();
    if (fault === "no answer") throw { code: "directory-failed" };
    if (typeof members === "string") return new Response(members, { status });
    return status === 204 ? new Response(null, { status }) : Response.json(members, { status });
  }

  answer(account, { pathname }, method, body, agreed) {
    const path = pathname.replace(/^\/api\//u, "");
    if (path === "drafts") return this.answerDraft(account, method, body);
    if (path === "folders") return [200, { folders: [{ id: "D", role: "drafts" }] }];
    if (path.endsWith("/search")) return [200, { uidValidity: 1, messages: this.found(account, JSON.parse(body).subject) }];
    if (path.endsWith("/raw")) return [200, [...this.mailboxes[account].values()].find(({ uid }) => uid === Number(path.split("/").at(-2)))?.body ?? ""];
    if (path === "send") return this.submit(account, body, agreed);
    const name = `${account} ${path.split("/")[1]}`;
    const known = this.ledger.get(name);
    if (method === "DELETE" && (!known || known.outcome === "refused")) {
      this.ledger.set(name, { outcome: "refused", body: null });
      return [200, { outcome: "withdrawn" }];
    }
    return known ? this.recorded(known) : [200, { outcome: "unknown" }];
  }

  answerDraft(account, method, body) {
    if (method === "POST") {
      const id = /<([0-9a-f-]{36})@draft\.sealwax\.invalid>/u.exec(body)[1];
      this.mailboxes[account].set(id, { uid: Math.floor(this.dice() * 1e9), body });
      return [200, {}];
    }
    this.mailboxes[account].delete(JSON.parse(body).messageId.slice(1).split("@")[0]);
    return [204, null];
  }

  found(account, words) {
    const all = [...this.mailboxes[account]].map(([id, { uid }]) => ({ uid, subject: `Sealwax draft ${id}`, date: new Date().toISOString(), flags: [] }));
    return all.filter(({ subject }) => subject.includes(words));
  }

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

  recorded({ outcome }) {
    return outcome === "refused" ? [503, { ...REFUSED, outcome }] : [200, { outcome, savedTo: null }];
  }

  // The person

  async open(browser, id) {
    const kept = browser.stores.drafts?.get(id);
    if (!kept?.letter) return null;
    return { id, ...JSON.parse(new TextDecoder().decode(kept.letter)) };
  }

  async keep(letter) {
    const { id, ...content } = letter;
    await drafts.keep({ draft: id, part: "letter", content: new TextEncoder().encode(JSON.stringify(content)).buffer, identity: "f" });
    await bridgeDrafts.keep(id, "f");
  }

  change(letter) {
    if (this.dice() < 0.5) letter.words = this.pick(["Monday", "Tuesday", "Wednesday"]);
    else letter.to = this.pick([[PEOPLE[0]], [PEOPLE[1]], PEOPLE]);
    if (this.dice() < 0.3) letter.bcc = letter.to.length === 1 && this.dice() < 0.6 ? PEOPLE.filter((one) => !letter.to.includes(one)) : [];
    letter.bcc = letter.bcc.filter((one) => !letter.to.includes(one));
  }

  async drop(browser, id) {
    this.droppedBy.add(browser);
    await bridgeDrafts.drop(id);
  }

  /** @returns {Promise<string>} what the person was told */
  async press({ id, words, to, bcc, secret }, { again = false, anew = false } = {}) {
    // The agreement holds in this browser until the letter is sent: some of its messages may be refused before.
    browserNow.agreed ||= again || anew;
    const leaving = { identity: "f", sign: false, encrypt: true, receipt: false, lasting: false, label: "", from: ALICE };
    const packed = { fields: { subject: "", to, cc: [] }, text: new TextEncoder().encode(words).buffer, attachments: [] };
    const version = await versionOf(secret, packed, /** @type {any} */ (leaving), null);
    const body = {
      composition: "c", draft: id, bridge: HOST, ...leaving, to, cc: [], bcc, people: to.map(() => "p"), hiddenPeople: bcc.map(() => "p"),
      byPassword: [], letter: JSON.stringify({ text: words }), password: null, again, anew, version,
    };
    const told = await bridgeSending.send(/** @type {any} */ (body), /** @type {any} */ ({ tab: { id: 1 } })).then(
      ({ sent, byBridge }) => (sent ? "sent" : byBridge.outcome), (error) => error.code ?? `a fault of the program: ${error.stack}`);
    if (told === "sent") browserNow.agreed = false;
    this.told[told] = (this.told[told] ?? 0) + 1;
    const missing = [...to, ...bcc].filter((one) => !this.left.some((message) => message.to === one && message.words === words));
    if (told === "sent" && missing.length) throw new Error(`said to be sent, and never left for ${missing}: ${words}`);
    if (told.startsWith("a fault")) throw new Error(told);
    return told;
  }

  check() {
    for (const person of PEOPLE) {
      const got = this.left.filter(({ to }) => to === person);
      if (got.slice(1).some(({ agreed }) => !agreed)) throw new Error(`sent twice without a question: ${JSON.stringify(got)}`);
    }
  }

  async play() {
    const id = crypto.randomUUID();
    const letter = { id, words: "Monday", to: [PEOPLE[0]], bcc: [], secret: "s" };
    const open = [letter, null];
    globalThis.browserNow = this.browsers[0];
    await this.keep(letter);
    for (let step = 0; step < 14; step += 1) {
      const at = this.dice() < 0.6 ? 0 : 1;
      const browser = this.browsers[at];
      globalThis.browserNow = browser;
      const action = this.pick(["press", "press", "press", "change", "change", "close", "bring", "bring", "drop", this.isOther(browser) ? "own account" : "other account"]);
      if (action === "own account" || (action === "other account" && this.dice() < 0.3)) this.signIn(browser, this.isOther(browser) ? ALICE : OTHER);
      if (action === "close") open[at] = null;
      if (action === "bring") {
        if (!browser.stores.drafts?.get(id)?.letter) await bridgeDrafts.bring(id).catch(() => {});
        open[at] ??= await this.open(browser, id);
      }
      if (!open[at]) continue;
      if (action === "change") {
        this.change(open[at]);
        await this.keep(open[at]);
      }
      if (action === "drop" && this.dice() < 0.2) {
        await this.drop(browser, id);
        open[at] = null;
      }
      if (action === "press") {
        let told = await this.press(open[at]);
        if (told === "perhaps" && this.dice() < 0.3) told = await this.press(open[at], { again: true });
        if (["sending-earlier", "draft-elsewhere"].includes(told) && this.dice() < 0.5) {
          // The person then knows that both browsers have the draft.
          if (told === "draft-elsewhere") this.browsers.forEach((one) => { one.agreed = true; });
          told = await this.press(open[at], { anew: true });
        }
        // The window is sometimes closed before it can drop the draft.
        if (told === "sent" && this.dice() < 0.7) {
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

  /** A draft that was dropped is not offered, and is gone at the bridge once it has answered, in whatever account it was. */
  async checkOffers(id) {
    this.isCalm = true;
    // A browser that has the draft may have uploaded it again.
    const isWritten = this.browsers.some(({ stores }) => stores.drafts?.get(id)?.letter);
    if (!this.droppedBy.size || isWritten) return;
    for (const browser of this.droppedBy) {
      globalThis.browserNow = browser;
      for (const account of [OTHER, ALICE]) {
        this.signIn(browser, account);
        if ((await bridgeDrafts.list()).some((one) => one.id === id)) throw new Error("a dropped draft is offered");
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
  const told = new Set();
  for (let seed = 0; seed < STORIES; seed += 1) {
    const story = new Story(seed);
    await story.play().catch((error) => assert.fail(`story ${seed}: ${error.message ?? JSON.stringify(error)}`));
    for (const outcome of Object.keys(story.told)) told.add(outcome);
  }
  for (const outcome of TOLD) assert.ok(told.has(outcome), outcome);
});
