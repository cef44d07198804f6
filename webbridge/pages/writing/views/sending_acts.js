/**
 * The acts that send a letter: the button to send, the search for a copy that was perhaps sent, the sending as a parcel,
 * and the sentence about an error. Nothing is sent twice unless the person agrees.
 */

import { html, problem, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { createEncryptedBlock } from "../../../../wasm_build/ui/encrypted_block.js";
import { listOf } from "../../../../wasm_build/ui/formats.js";
import { SendingGate } from "../../../../wasm_build/writing/sending_gate.js";
import { remedyFor } from "../../../../wasm_build/writing/sending_remedies.js";
import { openOthers } from "../../../../wasm_build/parcels/letter_people.js";
import { inMemory } from "../../../../wasm_build/parcels/readable.js";
import { ApiError } from "../../app/api.js";
import { LetterPost } from "../../offline/letter_post.js";
import { planCopies } from "../letter_copies.js";
import { LetterSending } from "../letter_sending.js";
import { keptWordsOf, wordsOf, writtenContentOf } from "../outgoing_words.js";
import { refusedSentences } from "../recipients_taken.js";
import { undoSeconds } from "../undo_send_choice.js";
import { waitingNotice } from "./outbox_view.js";
import { ParcelWay } from "./parcel_way.js";
import { createParcelNotice, createSentNotice } from "./sent_notice.js";
import { askWriter } from "./writing_questions.js";

/** @typedef {import("../../../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */
/**
 * `endWriting` closes the writing view, with the notice of a letter that was sent. The notice is null if `sendingBar` says
 * what becomes of the letter.
 * @typedef {import("./parcel_way.js").ParcelServices & {
 *   clear: Pick<import("../../trust/clear_choices.js").ClearChoices, "noteEncrypted">,
 *   away: Pick<import("../../offline/away.js").Away, "outbox">, navigate: import("../../app/services.js").Navigate,
 *   readonly signatureOffers: import("../../../../wasm_build/ui/signature_options.js").SignatureOffers,
 *   endWriting: (sent?: import("./sent_notice.js").SentNotice | null) => void,
 *   sendingBar: Pick<import("./sending_bar.js").SendingBar, "note">,
 * }} SendingServices
 */
/**
 * The message, and the parts of the view that show how it will be sent. `update` shows the plan again.
 * @typedef {{
 *   composition: import("../../../../wasm_build/writing/composition.js").Composition, sender: import("../sender.js").Sender,
 *   plan: import("../../../../wasm_build/writing/letter_plan.js").LetterPlan, draft: import("../../drafts/views/letter_draft.js").LetterDraft,
 *   text: import("./letter_text.js").LetterText, options: import("../../../../wasm_build/writing/letter_options.js").LetterOptions,
 *   later: import("./send_later.js").SendLater,
 *   view: import("../../../../wasm_build/writing/letter_view.js").LetterView, update: () => void,
 * }} SendingParts
 */

/** The duration of the animation of the wax seal in the style sheet. */
const ENCRYPTING_MILLISECONDS = 200;

export class SendingActs {
  failure = problem("send-error");
  #services;
  #parts;
  #parcelWay;
  #post;
  #sending;
  #gate;
  #isDone = false;
  #isSending = false;
  #hasEnded = false;

  /** @param {SendingServices} services @param {SendingParts} parts */
  constructor(services, parts) {
    const { translate, api, away, mailVault } = services;
    const { composition, sender, plan } = parts;
    this.#services = services;
    this.#parts = parts;
    this.#parcelWay = new ParcelWay(services);
    this.#post = new LetterPost(api.sending, away.outbox, () => keptWordsOf(composition, sender, this.#policy));
    this.#sending = new LetterSending(this.#post, mailVault, () => this.#outgoing());
    this.#gate = new SendingGate(translate, {
      composition, plan, protection: parts.view.protection, content: () => writtenContentOf(composition, sender, this.#policy),
      explain: () => this.#explain(), focusRecipients: () => parts.view.recipients.to.focus(),
    });
    this.button = html("button", {
      class: "primary", type: "submit", text: translate("send"), "aria-keyshortcuts": "Control+Enter",
      data: { test: "send" },
    });
    this.look = html("button", {
      type: "button", hidden: true, text: translate("look_in_sent"), data: { test: "look-in-sent" },
      on: { click: () => void this.#lookAgain() },
    });
    /** The remedy after an error of the timestamp service. */
    this.unstamped = html("button", {
      type: "button", hidden: true, text: translate("send_without_timestamp"), data: { test: "send-unstamped" },
      on: { click: () => { parts.options.lastingOff(); void this.submit(); } },
    });
  }

  /** Whether the letter was sent. */
  get isDone() {
    return this.#isDone;
  }

  /** Ends with the view. A sending that has begun goes on. The message is cleared afterwards. */
  end() {
    this.#hasEnded = true;
    this.#gate.end();
    if (!this.#isSending) this.#parts.composition.clear();
  }

  /** Shows whether obstacles prevent the sending. @param {Obstacle[]} found */
  show(found) {
    if (this.#isSending) return;
    this.button.textContent = this.#services.translate(this.#parts.later.isChosen ? "later_send" : "send");
    if (found.length > 0) this.button.setAttribute("aria-disabled", "true");
    else this.button.removeAttribute("aria-disabled");
  }

  /** Forgets the error of the last try. */
  forgetFailure() {
    if (!this.#isSending) this.failure.textContent = "";
  }

  /**
   * @param {{isAgreed?: boolean, isClear?: boolean}} [options] `isAgreed` is true if the message was perhaps sent already,
   *   or an earlier version of it was, and the person agreed to send it; `isClear` is true if the person pressed
   *   "Send unencrypted"
   */
  async submit({ isAgreed = false, isClear = false } = {}) {
    const { plan, text } = this.#parts;
    if (this.#isSending || !this.#gate.passes(() => void this.submit({ isAgreed, isClear }))) return;
    const { letter } = plan;
    if (letter.leaving?.kind === "clear" && letter.leaving.prefersParcel && !isClear) return this.askParcel();
    if (this.#sending.isOpen && !isAgreed) return this.#askToSendAgain();
    if (this.#sending.isEarlierSent && !isAgreed) return this.#askToSend("anew");
    this.failure.textContent = this.#parts.later.findProblem();
    if (this.failure.textContent) return;
    this.unstamped.hidden = true;
    await whileBusy(this.button, this.#services.translate(letter.encrypt ? "encrypting" : "sending"), async () => {
      this.#isSending = true;
      await this.#encryptAndSend(letter, isAgreed);
    }, (error) => {
      // If the person has left the view, the letter is offered as a draft.
      if (this.#hasEnded) return;
      text.uncover();
      const remedy = remedyOf(error);
      if (remedy === "anew" || remedy === "elsewhere") this.#askToSend(remedy);
      this.#showFailure(error);
      this.button.focus();
      this.failure.scrollIntoView({ block: "nearest" });
    }).finally(() => this.#leaveSending());
  }

  /** Asks whether the letter goes as a parcel. */
  askParcel() {
    const { composition, sender, plan, draft, view } = this.#parts;
    if (this.#isSending) return;
    const { letter, obstacles } = plan;
    const { encrypt } = composition.values;
    // Other obstacles also prevent the sending as a parcel.
    if (!plan.isSolvedByParcel(obstacles)) return view.panel.focus();
    if (this.#parts.later.isChosen) return void (this.failure.textContent = this.#services.translate("later_no_parcel"));
    if (encrypt && this.#gate.asksMixed(openOthers(obstacles, composition), () => this.askParcel())) return;
    this.failure.textContent = "";
    const { attached, options } = composition;
    this.#parcelWay.ask(obstacles, composition, {
      from: letter.address, words: () => this.#parcelWords(), sign: letter.sign, encrypt,
      mayBeClear: letter.leaving?.kind !== "refused",
      hasStatements: Boolean(options.receipt || options.lasting || options.label),
      files: [
        ...attached.files.map(({ name, data }) => ({ name, data: inMemory(data) })),
        ...attached.large.map(({ name, file }) => ({ name, data: file })),
      ],
      prepareSending: () => draft.prepareSending({ isAgreed: false, mayWait: async () => false }),
      sendOthers: () => this.#sending.send({
        isAgreed: false, wish: composition.values.copy, onEncrypted: async () => {},
      }),
      onUnencrypted: () => void this.submit({ isClear: true }),
      onSent: (submission) => this.#parcelSent(submission),
      onLeft: (error) => this.#parcelLeft(error),
    }).catch((error) => this.#showFailure(error));
  }

  get #policy() {
    return this.#services.signatureOffers.labelPolicy;
  }

  /** Whether a copy of the letter was sent or perhaps sent. */
  get #mayBeSent() {
    return this.#sending.isOpen || this.#sending.reach.reached.length > 0;
  }

  async #leaveSending() {
    const { composition, draft, update } = this.#parts;
    this.#isSending = false;
    if (!this.#isDone) draft.keeper.resume({ mayBeSent: this.#mayBeSent });
    if (!this.#hasEnded) return this.#isDone ? undefined : update();
    // The person has left the view during the sending, which has failed. The draft is kept once more with all words.
    if (!this.#isDone) await draft.keeper.keepNow();
    composition.clear();
  }

  /** @param {unknown} error */
  #showFailure(error) {
    const { translate } = this.#services;
    const { reached, left } = this.#sending.reach;
    // With the remedy "anew", all people get a copy of this version, also the people who got an earlier version.
    const isPartial = reached.length > 0 && remedyOf(error) !== "anew";
    this.look.hidden = !this.#sending.isOpen;
    this.unstamped.hidden = remedyOf(error) !== "unstamped";
    this.failure.textContent = [
      isPartial ? translate("sent_to_some", { who: listOf(reached, translate) }) : "",
      refusedSentences(error, translate, { isPartial }) || this.#services.sentenceFor(error),
      isPartial && left.length > 0 ? translate("not_sent_to_others", { who: listOf(left, translate) }) : "",
    ].filter((sentence) => sentence).join("\n");
  }

  /** @param {Letter} letter @param {boolean} isAgreed */
  async #encryptAndSend(letter, isAgreed) {
    const { translate, away: { outbox } } = this.#services;
    const { composition, plan, draft, text } = this.#parts;
    const { sentence } = plan;
    /** @type {HTMLElement | null} */
    let block = null;
    const preparing = draft.prepareSending({ isAgreed, mayWait: () => outbox.isNeeded() });
    // An error of `preparing` is reported by `onEncrypted`, when the message is ready.
    preparing.catch(() => undefined);
    const onEncrypted = async (/** @type {ArrayBuffer} */ message) => {
      await preparing;
      if (!letter.encrypt) return;
      block = createEncryptedBlock(message, translate("encrypted_block"));
      text.cover(block);
      await drawn();
    };
    this.#post.delay = this.#delay;
    // The draft must not be kept again while the sending is still being prepared.
    const submission = await this.#sending.send({ isAgreed, wish: composition.values.copy, onEncrypted })
      .finally(() => preparing.catch(() => undefined));
    this.#noteWay(letter);
    await this.#letterSent();
    this.#endWriting((known) => createSentNotice(translate, { letter, sentence, block, submission: known }), submission);
  }

  /**
   * The chosen time, or the seconds in which the person can take the letter back; null if a copy was sent already, so that the
   * rest follows at once.
   * @returns {import("../../offline/due_times.js").Delay | null}
   */
  get #delay() {
    if (this.#parts.later.isChosen) return this.#parts.later.delay;
    const seconds = undoSeconds();
    return seconds === 0 || this.#mayBeSent ? null : { kind: "undo", seconds };
  }

  /**
   * @param {(submission: import("../sending_requests.js").Submission) => import("./sent_notice.js").SentNotice} sent
   * @param {import("../sending_requests.js").Submission} submission
   */
  #endWriting(sent, submission) {
    const services = this.#services;
    const { id, delay, waits } = this.#post;
    if (!waits) return services.endWriting(sent(submission));
    if (delay?.kind !== "undo") return services.endWriting(waitingNotice(services.translate, delay, () => services.navigate("/outbox")));
    services.sendingBar.note(id, sent);
    services.endWriting(null);
  }

  /** Looks again for a message that was perhaps sent. If it is found, the letter's other copies are sent too. */
  async #lookAgain() {
    await whileBusy(this.look, this.#services.translate("looking"), async () => {
      this.failure.textContent = "";
      await this.#sending.look();
      await this.submit();
    }, (error) => this.#showFailure(error));
  }

  /** Remembers how the message was sent. @param {Letter} letter */
  #noteWay({ encrypt, people }) {
    if (encrypt) this.#services.clear.noteEncrypted(people.map(({ address }) => address));
    else this.#parts.view.remembering.keep("clear");
  }

  /** @returns {import("../letter_sending.js").Plan} */
  #outgoing() {
    const { composition, sender, plan } = this.#parts;
    const { sign, encrypt } = composition.values;
    const others = this.#parcelWay.others(composition);
    // The people beside a parcel have certificates, and get encrypted mail.
    const isWhole = others.open.length + others.hidden.length === composition.people.length;
    const copies = planCopies({ sign, encrypt: isWhole ? plan.letter.encrypt : encrypt }, others);
    return { copies, words: wordsOf(composition, sender, this.#policy) };
  }

  /** Leads the person to the obstacles, or offers a parcel if that solves them. */
  #explain() {
    const { plan, view } = this.#parts;
    if (plan.blocking.length > 0 && plan.isSolvedByParcel(plan.obstacles)) this.askParcel();
    else view.panel.focus();
  }

  #parcelWords() {
    const { composition, sender } = this.#parts;
    // The question about the parcel may be open longer than the view.
    if (composition.isCleared) throw new ApiError("locked", "the message was cleared from the page");
    return wordsOf(composition, sender, this.#policy);
  }

  /**
   * @param {import("../sending_requests.js").Submission | null} submission the outcome of the mail to people with certificates
   * @returns {() => void}
   */
  #parcelSent(submission) {
    this.#parts.view.remembering.keep("parcel");
    void this.#letterSent();
    return () => this.#services.endWriting(createParcelNotice(this.#services.translate, submission));
  }

  /** Ends the draft of the letter, and takes the letter out of the outbox. */
  async #letterSent() {
    const { composition: { proposal: { outboxId } }, draft } = this.#parts;
    this.#isDone = true;
    void draft.keeper.end();
    if (outboxId) await this.#services.away.outbox.remove(outboxId);
  }

  /** @param {unknown} error */
  #parcelLeft(error) {
    const { draft, update } = this.#parts;
    draft.keeper.resume({ mayBeSent: this.#mayBeSent });
    if (error || this.#sending.reach.reached.length > 0) {
      this.#showFailure(error ?? new ApiError("parcel-given-up", "the person has cancelled"));
    }
    update();
    this.button.focus();
  }

  #askToSendAgain() {
    askWriter(this.#services.translate, "again", () => {
      this.#sending.agreeAgain();
      void this.submit({ isAgreed: true });
    });
  }

  /** @param {"anew" | "elsewhere"} question */
  #askToSend(question) {
    askWriter(this.#services.translate, question, () => void this.submit({ isAgreed: true }));
  }
}

/** The remedy after an error. @param {unknown} error */
function remedyOf(error) {
  return error && typeof error === "object" && "code" in error ? remedyFor(String(error.code)) : null;
}

/**
 * Waits until the animation of the wax seal has ended. People who want no motion see none and do not wait.
 */
function drawn() {
  const wait = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ENCRYPTING_MILLISECONDS;
  return new Promise((resolve) => setTimeout(resolve, wait));
}
