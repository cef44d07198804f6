/**
 * Shows one mail: the verdict on top, a nested view with the mail in the middle, details below. The extension's frame
 * in a webmail and the viewer tab share this code. Only the nested view has the content of the mail. The document
 * around the view has only the verdict and the certificates.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { createLabelNote, createReceiptNote } from "../../wasm_build/ui/mail_notes.js";
import { describeCoverage } from "../../wasm_build/ui/protected_parts.js";
import { day, direction, errorText, locale, translate } from "../texts/texts.js";
import { MAIL_SANDBOX, MAIL_VIEW, viewWords } from "./mail_view_words.js";
import { describeReport, provedSender } from "./report_view.js";
import { ask, outcomeOf, wasLockedSince, whenLocked } from "./request.js";
import { ViewLink } from "./view_link.js";

/** The kinds of answers to a mail, each with the text key of its button. */
const ANSWERS = /** @type {const} */ ([["reply", "reply"], ["replyAll", "reply_all"], ["forward", "forward"]]);

/** @typedef {(kind: MessageKinds["letter kind"]) => Promise<unknown>} OnAnswer */
/** @typedef {{view: ViewLink, replyKey: ArrayBuffer}} Prepared */

export class MailReading {
  #main;
  #frame = "";
  #mail = "";
  /** @type {OnAnswer | null} */
  #onAnswer = null;
  /** @type {HTMLElement[]} buttons that close the mail */
  #closing = [];
  #top = html("div", { class: "top" });
  #bottom = html("div", { class: "bottom" });
  #status = html("p", { class: "status", role: "status", data: { test: "status" } });
  /** @type {HTMLElement | null} */
  #details = null;
  /**
   * The view before its mail arrives, with the public key for which the mail will be encrypted.
   * @type {Promise<Prepared> | null}
   */
  #prepared = null;
  /** @type {ViewLink | null} */
  #view = null;

  /** Whether the mail was removed, because the keys were locked or the page was left. */
  #isRemoved = false;
  #onLocked;

  /** @param {HTMLElement} main the element for all parts @param {{onLocked?: () => void}} [options] */
  constructor(main, { onLocked = () => {} } = {}) {
    this.#main = main;
    this.#onLocked = onLocked;
    whenLocked(() => void (this.#view && this.#removeMail("mail_locked")));
    // The browser's Back button would show the mail again, even if the keys were locked meanwhile.
    addEventListener("pagehide", () => this.#removeMail("mail_left"));
  }

  /** Loads the empty view before its mail has arrived. */
  prepare() {
    const early = this.#prepared ? null : this.#main.querySelector(".view-place");
    const place = early ?? html("div", { class: "view-place" });
    this.#main.className = "";
    this.#details = null;
    this.#view = null;
    this.#isRemoved = false;
    this.#top.replaceChildren(html("p", { text: translate("status_opening"), role: "status" }));
    this.#bottom.replaceChildren(this.#status);
    // Moving an iframe would load it again.
    if (!early) this.#main.replaceChildren(place);
    place.before(this.#top);
    place.after(this.#bottom);
    this.#prepared = this.#openView(place);
    // `start` reports an error of the loading.
    this.#prepared.catch(() => {});
  }

  /** @param {Element} place @returns {Promise<Prepared>} */
  async #openView(place) {
    const onAsk = (/** @type {import("./view_link.js").ViewQuestion} */ question) => this.#answer(question);
    const view = await ViewLink.open(place, { page: MAIL_VIEW, sandbox: MAIL_SANDBOX, onAsk });
    return { view, replyKey: await view.readMail({ words: viewWords(), language: locale(), direction: direction() }) };
  }

  /**
   * @param {{frame: string, mail?: string, onAnswer?: OnAnswer | null, closing?: HTMLElement[]}} options `mail` is the id
   *   of a mail that came after the frame. `onAnswer` answers the mail and rejects with an error to show; it is null if the mail
   *   cannot be answered. `closing` are the buttons that close the mail
   */
  async start({ frame, mail = "", onAnswer = null, closing = [] }) {
    this.#frame = frame;
    this.#mail = mail;
    this.#onAnswer = onAnswer;
    this.#closing = closing;
    if (!this.#prepared) this.prepare();
    try {
      const isField = await this.#open();
      if (!this.#isRemoved) this.#bottom.replaceChildren(...(isField ? [] : this.#answers()), ...this.#closing, this.#status);
    } catch (error) {
      if (!this.#isRemoved) this.#showFailure(error);
    }
  }

  /** @returns {Promise<boolean>} whether the mail is the text of a field, which nobody can answer */
  async #open() {
    const prepared = /** @type {Promise<Prepared>} */ (this.#prepared);
    // If this view fails, the next try loads another one.
    this.#prepared = null;
    const { view, replyKey } = await prepared;
    const { job, outcome } = await ask("mail.verify", { frame: this.#frame, mail: this.#mail, replyKey });
    const { state, result, error, envelope } = outcome ?? await outcomeOf(this.#frame, job);
    if (!envelope) throw state === "cancelled" ? { code: "opening-refused" } : error;
    // From here on a lock removes the view.
    this.#view = view;
    const isField = Boolean(result.report.fieldOrigin);
    if (await wasLockedSince(result.openedAt)) this.#removeMail("mail_locked");
    if (this.#isRemoved) return isField;
    await view.showMail({ envelope, verdict: verdictFor(result.report, translate) });
    if (this.#isRemoved) return isField;
    this.#showVerdict(result, translate);
    if (!result.settled) void this.#settle();
    return isField;
  }

  #startAgain() {
    return this.start({ frame: this.#frame, mail: this.#mail, onAnswer: this.#onAnswer, closing: this.#closing });
  }

  #answers() {
    const onAnswer = this.#onAnswer;
    if (!onAnswer) return [];
    return ANSWERS.map(([kind, label]) => html("button", {
      type: "button", text: translate(label), data: { test: kind },
      on: { click: () => void onAnswer(kind).catch((error) => this.#showStatus(error)) },
    }));
  }

  /** Shows the verdict after authorities were asked. */
  async #settle() {
    try {
      const { report, receipt, label } = await ask("mail.settle", { frame: this.#frame });
      if (this.#isRemoved) return;
      await this.#view?.judgeMail({ verdict: verdictFor(report, translate) });
      this.#showVerdict({ report, receipt, label }, translate);
    } catch (error) {
      if (!this.#isRemoved) this.#showStatus(error);
    }
  }

  /** Removes the opened mail with its view. @param {"mail_locked" | "mail_left"} why */
  #removeMail(why) {
    this.#isRemoved = true;
    this.#prepared = null;
    this.#view = null;
    this.#details = null;
    this.#main.className = "failed";
    this.#top.replaceChildren(html("p", { text: translate(why), role: "status", data: { test: "locked" } }));
    this.#main.replaceChildren(this.#top, this.#bottom);
    this.#bottom.replaceChildren(...this.#closing);
    this.#onLocked();
  }

  /** Opens the window in which the person gives a receipt. */
  async #give() {
    await this.#onAnswer?.("receipt").catch((error) => this.#showStatus(error));
  }

  /**
   * @param {{report: MessageReport, receipt: ShownReceipt | null, label: string | null}} result
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
   */
  #showVerdict({ report, receipt, label }, translate) {
    const onAccept = (/** @type {string} */ fingerprint) =>
      void ask("mail.propose", { frame: this.#frame, fingerprint }).catch((error) => this.#showStatus(error));
    const statement = describeReport(report, translate, { onAccept });
    this.#top.replaceChildren(
      ...statement.headline, ...createLabelNote(translate, label),
      ...createReceiptNote(translate, receipt, { sender: provedSender(report), day, onGive: this.#onAnswer && (() => void this.#give()) }),
    );
    this.#details?.remove();
    this.#details = statement.details;
    this.#bottom.before(statement.details);
  }

  /** Answers a question of the nested view. @param {import("./view_link.js").ViewQuestion} question */
  async #answer({ name, body }) {
    const frame = this.#frame;
    if (name === "file") return ask("mail.file", { frame, file: body.file });
    if (name === "vaultKey") return ask("vault.key");
    if (name === "attached") return ask("mail.attached", { frame, name: body.name, envelope: body.envelope });
    throw { code: "bad-request" };
  }

  /** @param {unknown} error */
  #showFailure(error) {
    this.#view = null;
    this.#main.className = "failed";
    this.#top.replaceChildren(html("p", { class: "problem", role: "alert", text: errorText(error), data: { test: "problem" } }));
    this.#main.replaceChildren(this.#top, this.#bottom);
    this.#bottom.replaceChildren(
      html("button", { type: "button", text: translate("try_again"), data: { test: "again" }, on: { click: () => void this.#startAgain() } }),
      html("button", {
        type: "button", class: "quiet", text: translate("keys_and_people"), data: { test: "keys" },
        on: { click: () => void ask("options.open", { section: "" }) },
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
 * The part of the verdict that the view needs. It has the proved sender, the parts of the mail that are signed or
 * encrypted separately, and the site if the mail is the text of a web form's field.
 * @param {MessageReport} report
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
 */
function verdictFor(report, translate) {
  const signed = (/** @type {string} */ word, /** @type {string} */ who) => translate("mail_part_signed", { word, who });
  const coverage = describeCoverage(report, translate, { signed, encrypted: translate("passage_encrypted") });
  return { from: provedSender(report), state: report.state, coverage, fieldOrigin: report.fieldOrigin ?? "" };
}
