/**
 * Reading one mail: the verdict on top, the nested view with the mail in the middle, details below. The frame in a
 * page and the viewer read alike. The mail itself stands in the view alone; here are its verdict and its certificates.
 */
import { html } from "../runtime/ui/dom.js";
import { stateWord } from "../runtime/ui/state_mark.js";
import { errorText, loadSharedText, locale, text } from "./i18n.js";
import { describeReport, provedSender } from "./report_view.js";
import { ask, wasLockedSince, whenLocked } from "./request.js";
import { ViewLink } from "./view_link.js";

/** Links open in tabs of their own and files are saved; no scripts of others, no forms, no origin. */
const SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads";

/** @typedef {(kind: string) => Promise<unknown>} OnAnswer `kind` as in `compose.open` */
/** @typedef {{view: ViewLink, replyKey: ArrayBuffer}} Prepared */

export class MailReading {
  #main;
  #frame = "";
  /** @type {OnAnswer | null} */
  #onAnswer = null;
  /** @type {HTMLElement[]} buttons that lead away */
  #closing = [];
  #top = html("div", { class: "top" });
  #bottom = html("div", { class: "bottom" });
  #status = html("p", { class: "status", role: "status", data: { test: "status" } });
  /** @type {HTMLElement | null} */
  #details = null;
  /** The view that is loading or stands there empty, with the key to seal its mail to. @type {Promise<Prepared> | null} */
  #prepared = null;
  /** @type {ViewLink | null} */
  #view = null;

  /** Whether the keys were locked since it was shown. */
  #isLetGo = false;
  #onLocked;

  /** @param {HTMLElement} main the place of it all @param {{onLocked?: () => void}} [options] */
  constructor(main, { onLocked = () => {} } = {}) {
    this.#main = main;
    this.#onLocked = onLocked;
    whenLocked(() => void (this.#view && this.#letGo("mailLocked")));
    // Back would show it again, as it was, whatever happened to the keys meanwhile; a field in this place too.
    addEventListener("pagehide", () => this.#letGo("mailLeft"));
  }

  /** Loads the empty view, while its mail is still on the way. */
  prepare() {
    const early = this.#prepared ? null : this.#main.querySelector(".view-place");
    const place = early ?? html("div", { class: "view-place" });
    this.#main.className = "";
    this.#details = null;
    this.#view = null;
    this.#isLetGo = false;
    this.#top.replaceChildren(html("p", { text: text("statusOpening"), role: "status" }));
    this.#bottom.replaceChildren(this.#status);
    // Moving an iframe would load it anew.
    if (!early) this.#main.replaceChildren(place);
    place.before(this.#top);
    place.after(this.#bottom);
    this.#prepared = this.#openView(place);
    // What went wrong is said once there is a mail to show.
    this.#prepared.catch(() => {});
  }

  /** @param {Element} place @returns {Promise<Prepared>} */
  async #openView(place) {
    const onAsk = (/** @type {string} */ name, /** @type {any} */ body) => this.#answer(name, body);
    const view = await ViewLink.open(place, { page: "mail_view.html", sandbox: SANDBOX, onAsk });
    const replyKey = await view.readMail({ words: viewWords(), language: locale(), direction: text("languageDirection") });
    return { view, replyKey };
  }

  /**
   * @param {{frame: string, onAnswer?: OnAnswer | null, closing?: HTMLElement[]}} options `onAnswer` where it can be
   *   answered, rejecting with what is to be said; `closing` are buttons that lead away
   */
  async start({ frame, onAnswer = null, closing = [] }) {
    this.#frame = frame;
    this.#onAnswer = onAnswer;
    this.#closing = closing;
    if (!this.#prepared) this.prepare();
    try {
      await this.#open();
      if (!this.#isLetGo) this.#bottom.replaceChildren(...this.#answers(), ...this.#closing, this.#status);
    } catch (error) {
      if (!this.#isLetGo) this.#showFailure(error);
    }
  }

  async #open() {
    const prepared = /** @type {Promise<Prepared>} */ (this.#prepared);
    // A view that did not load is loaded anew by the next try.
    this.#prepared = null;
    const { view, replyKey } = await prepared;
    const { job } = await ask("mail.open", { frame: this.#frame, replyKey });
    const { state, result, error, envelope } = await this.#outcomeOf(job);
    if (state !== "done") throw state === "cancelled" ? { code: "opening-refused" } : error;
    // From here on a lock takes it away.
    this.#view = view;
    const translate = await loadSharedText();
    if (await wasLockedSince(result.openedAt)) this.#letGo("mailLocked");
    if (this.#isLetGo) return;
    await view.showMail({ envelope, verdict: verdictFor(result.report, translate) });
    if (this.#isLetGo) return;
    this.#showVerdict(result, translate);
    if (!result.settled) void this.#settle();
  }

  #startAgain() {
    return this.start({ frame: this.#frame, onAnswer: this.#onAnswer, closing: this.#closing });
  }

  #answers() {
    const onAnswer = this.#onAnswer;
    if (!onAnswer) return [];
    return [["reply", "mailReply"], ["replyAll", "mailReplyAll"], ["forward", "mailForward"]].map(([kind, label]) => html("button", {
      type: "button", text: text(label), data: { test: kind },
      on: { click: () => void onAnswer(kind).catch((error) => this.#showStatus(error)) },
    }));
  }

  /** The verdict once authorities were asked. */
  async #settle() {
    try {
      const { report } = await ask("mail.settle", { frame: this.#frame });
      const translate = await loadSharedText();
      if (this.#isLetGo) return;
      await this.#view?.judgeMail({ verdict: verdictFor(report, translate) });
      this.#showVerdict({ report }, translate);
    } catch (error) {
      if (!this.#isLetGo) this.#showStatus(error);
    }
  }

  /** What is shown goes with the document that shows it. @param {"mailLocked" | "mailLeft"} why */
  #letGo(why) {
    this.#isLetGo = true;
    this.#view = null;
    this.#details = null;
    this.#main.className = "failed";
    this.#top.replaceChildren(html("p", { text: text(why), role: "status", data: { test: "locked" } }));
    this.#main.replaceChildren(this.#top, this.#bottom);
    this.#bottom.replaceChildren(...this.#closing);
    this.#onLocked();
  }

  /** @param {{report: any}} result @param {import("../runtime/ui/catalogue.js").Catalogue} translate */
  #showVerdict({ report }, translate) {
    const onAccept = (/** @type {string} */ fingerprint) =>
      void ask("mail.propose", { frame: this.#frame, fingerprint }).catch((error) => this.#showStatus(error));
    const statement = describeReport(report, translate, { onAccept });
    this.#top.replaceChildren(...statement.headline);
    this.#details?.remove();
    this.#details = statement.details;
    this.#bottom.before(statement.details);
  }

  /** What the view asks of its frame. @param {string} name @param {any} body @returns {Promise<any>} */
  async #answer(name, body) {
    const frame = this.#frame;
    if (name === "file") return ask("mail.file", { frame, file: body.file });
    if (name === "vaultKey") return ask("vault.key");
    if (name === "attached") return ask("mail.attached", { frame, name: body.name, envelope: body.envelope });
    throw { code: "bad-request" };
  }

  /** @param {string} job */
  async #outcomeOf(job) {
    for (;;) {
      const outcome = await ask("job.wait", { frame: this.#frame, job });
      if (outcome.state !== "waiting") return outcome;
    }
  }

  /** @param {unknown} error */
  #showFailure(error) {
    this.#view = null;
    this.#main.className = "failed";
    this.#top.replaceChildren(html("p", { class: "problem", role: "alert", text: errorText(error), data: { test: "problem" } }));
    this.#main.replaceChildren(this.#top, this.#bottom);
    this.#bottom.replaceChildren(
      html("button", { type: "button", text: text("verbAgain"), data: { test: "again" }, on: { click: () => void this.#startAgain() } }),
      html("button", {
        type: "button", class: "quiet", text: text("verbKeys"), data: { test: "keys" },
        on: { click: () => void ask("options.open") },
      }),
      ...this.#closing,
    );
  }

  /** @param {unknown} error */
  #showStatus(error) {
    this.#status.textContent = errorText(error);
    this.#status.classList.add("failed");
  }
}

/**
 * What the view has to know of the verdict: who wrote it as proved, and which parts are protected by themselves.
 * @param {any} report
 * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
 */
function verdictFor(report, translate) {
  const parts = report.layers.flatMap((/** @type {any} */ layer, /** @type {number} */ index) => {
    if (layer.coversWhole) return [];
    const signers = report.signers.filter((/** @type {any} */ signer) => signer.layer === index);
    const find = (/** @type {any} */ signer) =>
      report.certificates.find((/** @type {any} */ { fingerprint }) => fingerprint === signer.certificate);
    const who = signers.map((/** @type {any} */ signer) => signer.addresses[0] ?? find(signer)?.name ?? signer.sid).join(", ");
    const word = stateWord(signers.map((/** @type {any} */ { state }) => state), translate);
    const sentence = layer.kind === "signed" ? text("mailPartSigned", word, who) : text("mailPartSealed");
    return [{ path: layer.path, detached: layer.detached, sentence }];
  });
  return { from: provedSender(report), state: report.state, parts };
}

/** The words of the view, which cannot ask the catalogue. */
function viewWords() {
  return {
    from: text("mailFrom"), fromClaimed: text("mailFromClaimed"), to: text("mailTo"), cc: text("mailCc"),
    date: text("mailDate"), subject: text("mailSubject"), noSubject: text("mailNoSubject"),
    hidden: text("mailFieldsHidden", "{fields}"), outside: text("mailFieldsOutside", "{fields}"),
    markup: text("mailMarkupTitle"), asText: text("mailAsText"), asMarkup: text("mailAsMarkup"),
    blocked: text("mailBlocked"), empty: text("mailEmpty"), uncovered: text("mailUncovered"),
    links: text("mailLinks", "{count}"), files: text("mailFiles"), save: text("mailSave"), open: text("mailOpenFile"),
  };
}

