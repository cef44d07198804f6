/**
 * The view in which a letter is written and sent. If the sending fails, the letter stays in the view.
 *
 * Signing and encrypting are on until the person switches them off. While encrypting is on, a letter that cannot be
 * encrypted is not sent, and the reason is shown beside the button.
 */

import { base64FromBytes } from "../../../../wasm_build/vault/values/base64.js";
import { html } from "../../../../wasm_build/ui/dom.js";
import { AttachedFiles } from "../../../../wasm_build/ui/attached_files.js";
import { ApiError } from "../../app/api.js";
import { listOf } from "../../../../wasm_build/ui/formats.js";
import { createCopyField } from "../copy_choice.js";
import { withSignature } from "../letter_signature.js";
import { contentOf, planCopies } from "../letter_copies.js";
import { LetterSending } from "../letter_sending.js";
import { LetterPost } from "../../offline/outbox.js";
import { letterObstacles, refusedSentences } from "../recipients_taken.js";
import { takeDroppedFiles } from "../../../../wasm_build/ui/dropped_files.js";
import { createForm, inputField, problem, switchField, whileBusy } from "../../../../wasm_build/ui/parts.js";
import { createEncryptedBlock } from "../../../../wasm_build/ui/encrypted_block.js";
import { MixQuestion } from "../../../../wasm_build/ui/mixed_readers.js";
import { groupObstacles, obstacles, urgentWarnings, warnings, whatWillLeave } from "../../../../wasm_build/ui/sending_plan.js";
import { createPlanPanel } from "../../../../wasm_build/ui/plan_panel.js";
import { SendingWait } from "../../../../wasm_build/ui/sending_wait.js";
import { openOthers } from "../../../../wasm_build/parcels/letter_people.js";
import { inMemory } from "../../../../wasm_build/parcels/readable.js";
import { waitingNotice } from "./outbox_view.js";
import { submitByKeys } from "../../app/shortcuts.js";
import { createDoubtfulNote } from "./doubtful_note.js";
import { FromChoice } from "./from_choice.js";
import { LetterDraft } from "../../drafts/views/letter_draft.js";
import { LetterOptions } from "./letter_options.js";
import { LetterText } from "./letter_text.js";
import { RecipientLines } from "./recipient_lines.js";
import { ParcelWay } from "./parcel_way.js";
import { createReplyToNote } from "./reply_to_note.js";
import { createParcelNotice, createSentNotice } from "./sent_notice.js";
import { createServiceNote } from "./service_note.js";
import { createWritingBar } from "./writing_bar.js";
import { askToDiscard, askToSendAgain, askToSendAnew, askToSendElsewhere, askUnencrypted } from "./writing_questions.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../../keys/mail_vault.js").Attachment} Attachment */
/** @typedef {import("../../../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */
/**
 * @typedef {import("../../../../wasm_build/ui/formats.js").Mailbox} Mailbox
 * @typedef {import("../../keys/mail_vault.js").ReplyFields & {
 *   to: Mailbox[], cc?: Mailbox[], bcc?: Mailbox[], subject: string, text: string, answersEncrypted: boolean,
 *   doubtful?: {to: Mailbox[], cc: Mailbox[]}, senders?: Mailbox[], attachments?: Attachment[], groups?: string[], outboxId?: string, sign?: boolean, encrypt?: boolean,
 *   draft?: import("../../drafts/draft_store.js").OpenedDraft, replyTo?: Mailbox[], html?: string,
 *   statements?: import("./letter_options.js").Statements, sharedFrom?: string, addressed?: import("../../../../wasm_build/ui/answer.js").AnswerMailbox[],
 *   service?: "parcel-reply" | "notice", parcelLine?: string,
 * }} Proposal `service` and `parcelLine` are those of `createServiceNote`; `sharedFrom` and `addressed` are those of `FromChoice`; `outboxId` is that of the letter in the outbox which is
 *   changed; `html` is its formatted text, empty for none
 */
/**
 * @typedef {import("../../app/app.js").View & {isBegun: () => boolean, isDone: () => boolean, dispose: () => void,
 *   remind: () => void, drafts: import("../../drafts/draft_keeper.js").DraftKeeper}} WritingView
 */

/** @type {Proposal} */
const BLANK = { to: [], subject: "", text: "", inReplyTo: null, references: [], hidden: [], answersEncrypted: false };

/** The remedies for a missing certificate in this view. @typedef {import("../../../../wasm_build/ui/sending_plan.js").Remedy} Remedy @type {Remedy[]} */
const WAYS = ["look-up", "choose-file", "encrypt-off"];
/** Those where the bridge takes parcels. @type {Remedy[]} */
const WAYS_WITH_PARCEL = ["look-up", "choose-file", "parcel", "encrypt-off"];

/** The duration of the animation of the wax seal in the style sheet. */
const ENCRYPTING_MILLISECONDS = 200;

/**
 * @param {App} app
 * @param {Proposal} [proposal]
 * @returns {WritingView}
 */
export function createWritingView(app, proposal = BLANK) {
  const writing = new Writing(app, proposal);
  return {
    element: writing.element,
    heading: writing.heading,
    titleKey: "writing_title",
    shown: () => writing.refresh(),
    focus: () => writing.focus(),
    isBegun: () => writing.isBegun(),
    isDone: () => writing.done,
    dispose: () => writing.dispose(),
    remind: () => writing.remind(),
    drafts: writing.draft.keeper,
  };
}

class Writing {
  done = false;
  #app;
  #proposal;
  #sending = false;
  #wait;
  #mix;
  #closing = new AbortController();
  /** @type {import("../../app/api.js").SendingOffers} */
  #offers;

  /**
   * @param {App} app
   * @param {Proposal} proposal
   */
  constructor(app, proposal) {
    const { translate } = app;
    this.#app = app;
    this.#mix = new MixQuestion(app.translate, () => this.recipients.to.focus());
    this.#proposal = withSignature(proposal, app.trust.book.signature);
    this.#offers = { maxBytes: app.maxMessageBytes, utf8: true, sharedAddresses: [] };
    const isNew = proposal === BLANK || (proposal.draft && proposal.inReplyTo === null);
    const title = translate(isNew ? "writing_title" : "replying_title");
    this.heading = html("h1", { tabindex: -1, text: title });
    this.reminder = html("p", { class: "note", role: "status", hidden: true, text: translate("letter_already_begun") });
    const onChange = () => this.update();
    this.from = new FromChoice(app, proposal, onChange);
    this.recipients = new RecipientLines(app, onChange);
    this.subject = inputField(translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: proposal.subject, data: { test: "compose-subject" },
    });
    this.text = new LetterText(translate, this.#proposal, onChange);
    // The caret of an answer is above the signature and the quoted text.
    this.text.placeCaret(0);
    this.parcelWay = new ParcelWay(app);
    this.attached = new AttachedFiles(translate, {
      onChange, onProgress: (progress) => this.#showReading(progress), mostBytes: () => (this.parcelWay.isOffered ? this.#offers.maxBytes : Infinity),
    });
    this.reading = html("progress", { hidden: true, "aria-label": translate("reading_files"), data: { test: "reading-files" } });
    takeDroppedFiles((files) => void this.attached.attach(files), {
      signal: this.#closing.signal, isWanted: () => this.element.isConnected && !this.done,
    });
    this.copy = createCopyField(translate, {
      label: translate("copy_label"), as: translate("copy_as_chosen"), test: "compose-copy",
    });
    this.options = new LetterOptions(translate, app.signatureOffers, {
      copy: this.copy.element, isOwnComputer: app.kept.keeping !== "off", onChange, onUnstamped: () => void this.#submit(),
    });
    if (proposal.statements) this.options.set(proposal.statements);
    this.sign = switchField(translate("sign"), "switch-sign", onChange);
    this.encrypt = switchField(translate("encrypt"), "switch-encrypt", (isOn) => this.#encryptSwitched(isOn));
    this.sign.input.checked = proposal.sign ?? true;
    this.encrypt.input.checked = proposal.encrypt ?? true;
    this.plan = this.#createPlan();
    this.post = new LetterPost(app.api, app.away.outbox, () => this.#kept());
    this.sending = new LetterSending(this.post, app.mailVault, () => this.#outgoing());
    this.#wait = new SendingWait({
      lines: this.recipients.lines,
      files: this.attached,
      content: () => this.#content(),
      obstacles: () => this.#obstacles(this.#letter()),
      warnings: () => urgentWarnings(this.#letter()),
      explain: () => this.#explain(),
    });
    this.draft = new LetterDraft(app, proposal, this);
    this.failure = problem("send-error");
    this.look = html("button", {
      type: "button", hidden: true, text: this.#app.translate("look_in_sent"), data: { test: "look-in-sent" },
      on: { click: () => void this.#lookAgain() },
    });
    this.send = html("button", {
      class: "primary", type: "submit", text: translate("send"), "aria-describedby": this.plan.id,
      "aria-keyshortcuts": "Control+Enter", data: { test: "send" },
    });
    this.element = this.#assemble();
    for (const person of proposal.to) this.recipients.to.add(person);
    for (const person of proposal.cc ?? []) this.recipients.cc.add(person);
    for (const group of proposal.groups ?? []) this.recipients.to.addGroup(group);
    for (const person of proposal.bcc ?? []) this.recipients.bcc.add(person);
    this.onKeys = onChange;
    app.keys.addEventListener("change", this.onKeys);
    app.away.source.addEventListener("back", () => this.recipients.lookUpFailed(), { signal: this.#closing.signal });
    if (proposal.attachments) this.attached.replace([...proposal.attachments]);
    this.draft.watch();
    this.update();
    void this.#askForOffers();
  }

  dispose() {
    this.#closing.abort();
    this.#wait.end();
    this.draft.dispose();
    this.text.dispose();
    this.#app.keys.removeEventListener("change", this.onKeys);
  }

  /** Updates the view when it is shown again, because the person may have signed in again or unlocked the keys. */
  refresh() {
    if (!this.#sending) this.failure.textContent = "";
    this.update();
    this.draft.keeper.retry();
  }

  /** Puts the focus on the recipients, or in a reply on the text above the quote. */
  focus() {
    if (this.done) this.heading.focus();
    else if (this.recipients.to.isEmpty) this.recipients.to.focus();
    else this.text.focus();
  }

  remind() {
    this.reminder.hidden = false;
  }

  /** Whether the person has entered something besides the signature that is not sent yet, and would be lost with the view. */
  isBegun() {
    if (this.done) return false;
    const { to, cc = [], bcc = [], attachments = [], subject } = this.#proposal;
    const proposed = [...to, ...cc, ...bcc].map(({ address }) => address);
    const addressed = this.recipients.people.map(({ address }) => address).join() !== proposed.join();
    const changed = this.subject.input.value !== subject || this.text.isChanged;
    return addressed || changed || this.attached.files.length !== attachments.length || this.attached.large.length > 0;
  }

  /** @param {{done: number, total: number}} progress in bytes */
  #showReading({ done, total }) {
    this.reading.max = Math.max(total, 1);
    this.reading.value = done;
    this.update();
  }

  /** Shows how the letter will be sent, and the obstacles. */
  update() {
    this.reading.hidden = !this.attached.isReading;
    this.from.show(this.#offers.sharedAddresses ?? []);
    const letter = this.#letter();
    const inTheWay = this.#obstacles(letter);
    this.recipients.show();
    this.options.more.show(letter);
    const grouped = groupObstacles(inTheWay, this.#app.translate);
    if (!this.#sending) this.draft.note();
    this.plan.show(letter, this.#sentence(letter), grouped, warnings(letter, this.#app.translate));
    if (this.#sending) return;
    if (inTheWay.length > 0) this.send.setAttribute("aria-disabled", "true");
    else this.send.removeAttribute("aria-disabled");
  }

  /** Says early what the mail server does not take. Without an answer, the request to send says so. */
  async #askForOffers() {
    try {
      this.#offers = await this.#app.api.sendingOffers();
    } catch {
      return;
    }
    if (!this.done) this.update();
  }

  /** @param {Letter} letter */
  #obstacles(letter) {
    const { translate } = this.#app;
    const found = obstacles(letter, translate);
    if (this.#offers.utf8) return found;
    return [...found, ...letterObstacles(letter.people.filter(({ valid }) => valid).map(({ address }) => address), translate)];
  }

  #createPlan() {
    return createPlanPanel(this.#app.translate, {
      onUnlock: () => { location.hash = "#/keys"; },
      onEncryptOff: () => this.#askUnencrypted(),
      onSignOff: () => this.#switchOff(this.sign.input),
      onLookUp: (person) => void this.recipients.lineOf(person).lookUp(person),
      onLookUpAll: (people) => people.forEach((person) => void this.recipients.lineOf(person).lookUp(person)),
      onRemoveAll: (people) => people.forEach((person) => this.recipients.lineOf(person).remove(person)),
      onFile: (person, file) => void this.recipients.lineOf(person).useFile(person, file),
      onParcel: () => this.#askParcel(),
    });
  }

  #assemble() {
    const { translate } = this.#app;
    const discard = html("button", {
      type: "button", class: "quiet", text: translate("discard"), data: { test: "discard" },
      on: { click: () => this.#discard() },
    });
    const form = createForm(
      { class: "stack", data: { test: "compose-form" } }, () => this.#submit(),
      this.from.element, this.recipients.element, this.subject.element,
      this.text.element, this.attached.element, this.reading,
      html(
        "fieldset",
        { class: "switches" },
        html("legend", { text: translate("protection") }),
        this.sign.element, this.encrypt.element,
      ),
      this.options.element,
      createWritingBar(
        this.plan.element, this.failure,
        html("div", { class: "actions" }, this.send, this.look, this.options.unstamped, discard, this.draft.element),
      ),
    );
    submitByKeys(form);
    const replyTo = createReplyToNote(this.#app, this.#proposal, this.recipients.to);
    const service = createServiceNote(this.#app, this.#proposal, this.recipients.to);
    return html("div", { class: "writing stack" }, this.heading, this.reminder, replyTo, this.#askDoubtful(), service, form);
  }

  #askDoubtful() {
    const { to, cc } = this.#proposal.doubtful ?? { to: [], cc: [] };
    if (to.length + cc.length === 0) return null;
    const onAdd = () => {
      for (const mailbox of to) this.recipients.to.add(mailbox);
      for (const mailbox of cc) this.recipients.cc.add(mailbox);
    };
    return createDoubtfulNote(this.#app, [...to, ...cc], { onAdd, onDone: () => this.recipients.to.focus() });
  }

  /** @returns {Letter} */
  #letter() {
    const { keys } = this.#app;
    const { address } = this.from;
    return {
      sign: this.sign.input.checked,
      encrypt: this.encrypt.input.checked,
      people: this.recipients.people,
      address,
      unlocked: keys.unlocked,
      hasOwnIdentity: keys.hasIdentityFor(address),
      ownAddresses: keys.identities.flatMap(({ addresses }) => addresses),
      // Two layers of base64 lengthen attachments by about 85 %.
      bytes: Math.ceil((this.attached.bytes + (this.text.value.length + this.text.html.length) * 2) * 1.85),
      maxBytes: this.#offers.maxBytes,
      answersEncrypted: this.#proposal.answersEncrypted,
      ways: this.parcelWay.isOffered ? WAYS_WITH_PARCEL : WAYS,
      hasPassword: false,
      isReading: this.attached.isReading,
    };
  }

  /** How the letter will be sent, and what the people in Bcc get. @param {Letter} letter */
  #sentence(letter) {
    const { translate } = this.#app;
    const { open, hidden } = this.recipients;
    const who = listOf(hidden.filter(({ valid }) => valid).map(({ address }) => address), translate);
    const isReady = !letter.encrypt || letter.people.every(({ finding }) => finding?.readiness === "ready");
    const leaves = [
      whatWillLeave(isReady && open.length > 0 ? { ...letter, people: open } : letter, translate), ...this.options.more.sentences,
    ].join(" ");
    return who && isReady ? `${leaves} ${translate(letter.encrypt ? "leaves_bcc_encrypted" : "leaves_bcc", { who })}` : leaves;
  }

  /**
   * @param {{isAgreed?: boolean}} [options] `isAgreed` is true if the message was perhaps sent already, or an earlier
   *   version of it was, and the person agreed to send it
   */
  async #submit({ isAgreed = false } = {}) {
    this.recipients.commit();
    if (this.#sending) return;
    if (this.encrypt.input.checked) this.recipients.lookUpFailed();
    const letter = this.#letter();
    if (this.#obstacles(letter).length > 0) return this.#wait.meet(() => void this.#submit({ isAgreed }));
    if (letter.encrypt && this.#mix.asks(this.recipients.open, () => void this.#submit({ isAgreed }))) return;
    if (this.sending.isOpen && !isAgreed) return this.#askToSendAgain();
    if (this.sending.isEarlierSent && !isAgreed) return this.#askToSendAnew();
    this.failure.textContent = "";
    this.options.offerUnstamped(null);
    await whileBusy(this.send, this.#app.translate(letter.encrypt ? "encrypting" : "sending"), async () => {
      this.#sending = true;
      await this.#encryptAndSend(letter, isAgreed);
    }, (error) => {
      this.text.uncover();
      if (error instanceof ApiError && error.code === "sending-earlier") this.#askToSendAnew();
      if (error instanceof ApiError && error.code === "draft-elsewhere") this.#askToSendElsewhere();
      this.#showFailure(error);
      this.send.focus();
      this.failure.scrollIntoView({ block: "nearest" });
    }).finally(() => {
      this.#sending = false;
      if (!this.done) this.draft.keeper.resume({ mayBeSent: this.sending.isOpen || this.sending.reach.reached.length > 0 });
    });
    if (!this.done) this.update();
  }

  /** @param {unknown} error */
  #showFailure(error) {
    const { translate } = this.#app;
    const { reached, left } = this.sending.reach;
    // Of another version, all people get a copy.
    const isPartial = reached.length > 0 && !(error instanceof ApiError && error.code === "sending-earlier");
    this.look.hidden = !this.sending.isOpen;
    this.options.offerUnstamped(error);
    this.failure.textContent = [
      isPartial ? translate("sent_to_some", { who: listOf(reached, translate) }) : "",
      refusedSentences(error, translate, { isPartial }) || this.#app.sentenceFor(error),
      isPartial && left.length > 0 ? translate("not_sent_to_others", { who: listOf(left, translate) }) : "",
    ].filter((sentence) => sentence).join("\n");
  }

  /** @param {Letter} letter @param {boolean} isAgreed */
  async #encryptAndSend(letter, isAgreed) {
    const { translate } = this.#app;
    const sentence = this.#sentence(letter);
    /** @type {HTMLElement | null} */
    let block = null;
    const { outbox } = this.#app.away;
    const takenBack = this.draft.takeBack({ isAgreed, mayWait: () => outbox.isNeeded() });
    // The error is reported when the message is ready.
    takenBack.catch(() => undefined);
    const onEncrypted = async (/** @type {ArrayBuffer} */ message) => {
      await takenBack;
      if (!letter.encrypt) return;
      block = createEncryptedBlock(message, translate("encrypted_block"));
      this.text.cover(block);
      await drawn();
    };
    // A draft that is still being taken back must not meet one that is kept again.
    const submission = await this.sending.send({ isAgreed, wish: this.copy.wish, onEncrypted })
      .finally(() => takenBack.catch(() => undefined));
    this.done = true;
    void this.draft.keeper.end();
    if (this.#proposal.outboxId) await outbox.remove(this.#proposal.outboxId);
    if (this.post.waits) return this.#app.endWriting(waitingNotice(this.#app));
    this.#app.endWriting(createSentNotice(translate, { letter, sentence, block, submission }));
  }

  /** Looks again for a message that was perhaps sent. If it was, the letter's other copies are sent too. */
  async #lookAgain() {
    await whileBusy(this.look, this.#app.translate("looking"), async () => {
      this.failure.textContent = "";
      await this.sending.look();
      await this.#submit();
    }, (error) => this.#showFailure(error));
  }

  /** @returns {import("../letter_sending.js").Plan} */
  #outgoing() {
    const letter = this.#letter();
    return { copies: planCopies(letter, this.parcelWay.others(this.recipients)), words: this.#words() };
  }

  /** Leads the person to what is in the way, or asks for the way around it. */
  #explain() {
    if (this.parcelWay.solves(this.#obstacles(this.#letter()))) this.#askParcel();
    else this.plan.focus();
  }

  #askParcel() {
    if (this.#sending) return;
    const letter = this.#letter();
    const found = this.#obstacles(letter);
    // Other obstacles are in the way of a parcel too.
    if (!this.parcelWay.solves(found)) return this.plan.focus();
    if (letter.encrypt && this.#mix.asks(openOthers(found, this.recipients), () => this.#askParcel())) return;
    this.failure.textContent = "";
    this.parcelWay.ask(found, this.recipients, {
      from: letter.address, words: () => this.#words(), sign: letter.sign, encrypt: letter.encrypt, hasStatements: this.options.hasStatements,
      files: [...this.attached.files.map(({ name, data }) => ({ name, data: inMemory(data) })), ...this.attached.large.map(({ name, file }) => ({ name, data: file }))],
      takeBack: () => this.draft.takeBack({ isAgreed: false, mayWait: async () => false }),
      sendOthers: () => this.sending.send({ isAgreed: false, wish: this.copy.wish, onEncrypted: async () => {} }),
      onUnencrypted: () => this.#askUnencrypted(),
      onSent: (submission) => this.#parcelSent(submission),
      onLeft: (error) => this.#parcelLeft(error),
    }).catch((error) => this.#showFailure(error));
  }

  /** @param {import("../../app/api.js").Submission | null} submission that of the mail to people with certificates @returns {() => void} */
  #parcelSent(submission) {
    this.done = true;
    void this.draft.keeper.end();
    if (this.#proposal.outboxId) void this.#app.away.outbox.remove(this.#proposal.outboxId);
    return () => this.#app.endWriting(createParcelNotice(this.#app.translate, submission));
  }

  /** @param {unknown} error */
  #parcelLeft(error) {
    this.draft.keeper.resume({ mayBeSent: this.sending.isOpen || this.sending.reach.reached.length > 0 });
    if (error || this.sending.reach.reached.length > 0) this.#showFailure(error ?? new ApiError("parcel-given-up", "the person has cancelled"));
    this.update();
    this.send.focus();
  }

  /** @returns {import("../letter_sending.js").Words} */
  #words() {
    return {
      ...this.from.fields,
      to: this.recipients.to.texts,
      cc: this.recipients.cc.texts,
      subject: this.subject.input.value.trim(),
      text: this.text.value,
      html: this.text.html,
      attachments: this.attached.files,
      inReplyTo: this.#proposal.inReplyTo,
      references: this.#proposal.references,
      hidden: this.#proposal.hidden,
      statements: this.options.statements,
    };
  }

  /** The letter as it is written again from the outbox. @returns {import("../../offline/outbox.js").Words} */
  #kept() {
    const { attachments, ...words } = this.#words();
    const { to, cc, bcc } = this.recipients;
    return {
      ...words, to: to.mailboxes, cc: cc.mailboxes, bcc: bcc.mailboxes, sharedFrom: this.from.shared, answersEncrypted: this.#proposal.answersEncrypted,
      sign: this.sign.input.checked, encrypt: this.encrypt.input.checked,
      files: attachments.map(({ name, type, data }) => ({ name, type, data: base64FromBytes(data) })),
    };
  }

  /** A text that changes with everything that the person writes, without the files. */
  #content() {
    const letter = this.#letter();
    return JSON.stringify([letter.sign, letter.encrypt, contentOf({ ...this.#words(), attachments: [] }), this.recipients.bcc.addresses]);
  }

  #askToSendAgain() {
    askToSendAgain(this.#app.translate, () => {
      this.sending.agreeAgain();
      void this.#submit({ isAgreed: true });
    });
  }

  #askToSendAnew() {
    askToSendAnew(this.#app.translate, () => void this.#submit({ isAgreed: true }));
  }

  #askToSendElsewhere() {
    askToSendElsewhere(this.#app.translate, () => void this.#submit({ isAgreed: true }));
  }

  #askUnencrypted() {
    const { answersEncrypted } = this.#proposal;
    askUnencrypted(this.#app.translate, { answersEncrypted }, () => this.#switchOff(this.encrypt.input));
  }

  /** @param {boolean} isOn */
  #encryptSwitched(isOn) {
    if (isOn || !this.#proposal.answersEncrypted) return this.update();
    // The quoted words came encrypted, so the switch stays until the person agrees.
    this.encrypt.input.checked = true;
    this.#askUnencrypted();
  }

  /** @param {HTMLInputElement} input */
  #switchOff(input) {
    input.checked = false;
    this.update();
    input.focus();
  }

  #discard() {
    const isWritten = this.isBegun() || this.draft.keeper.isBegun;
    if (!isWritten || this.draft.discard()) this.#app.endWriting();
    else askToDiscard(this.#app.translate, () => this.#app.endWriting());
  }
}

/**
 * Waits until the animation of the wax seal has ended. People who want no motion see none and do not wait.
 */
function drawn() {
  const wait = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ENCRYPTING_MILLISECONDS;
  return new Promise((resolve) => { setTimeout(resolve, wait); });
}
