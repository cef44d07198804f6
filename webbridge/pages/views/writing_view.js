/**
 * The view in which a letter is written and sent. If the sending fails, the letter stays in the view.
 *
 * Signing and encrypting are on until the person switches them off. While encrypting is on, a letter that cannot be
 * encrypted is not sent, and the reason is shown beside the button.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { AttachedFiles } from "../../../wasm_build/ui/attached_files.js";
import { ApiError, newSendingKey } from "../api.js";
import { quoteMailbox } from "../../../wasm_build/ui/formats.js";
import { showRecipient } from "../certificate_dialog.js";
import { createCopyField } from "../copy_choice.js";
import { Directory } from "../directory.js";
import { letterObstacles, refusedSentences } from "../recipients_taken.js";
import { growWithText } from "../../../wasm_build/ui/growing_text.js";
import { ask, createForm, createTextArea, inputField, problem, switchField, whileBusy } from "../../../wasm_build/ui/parts.js";
import { RecipientsField } from "../../../wasm_build/ui/recipients_field.js";
import { createEncryptedBlock } from "../../../wasm_build/ui/encrypted_block.js";
import { obstacles, urgentWarnings, warnings, whatWillLeave } from "../../../wasm_build/ui/sending_plan.js";
import { createPlanPanel } from "../../../wasm_build/ui/plan_panel.js";
import { SendingWait } from "../../../wasm_build/ui/sending_wait.js";
import { createSentView } from "./sent_view.js";
import { createWritingBar } from "./writing_bar.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../mail_vault.js").Attachment} Attachment */
/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../../wasm_build/ui/sending_plan.js").Obstacle} Obstacle */
/**
 * @typedef {import("../mail_vault.js").ReplyFields & {
 *   to: string[], subject: string, text: string, answersEncrypted: boolean,
 * }} Proposal
 */
/**
 * @typedef {import("../app.js").View & {isBegun: () => boolean, isDone: () => boolean, dispose: () => void,
 *   remind: () => void}} WritingView
 */

/** @type {Proposal} */
const BLANK = { to: [], subject: "", text: "", inReplyTo: null, references: [], hidden: [], answersEncrypted: false };

/** The remedies for a missing certificate in this view. @type {import("../../../wasm_build/ui/sending_plan.js").Remedy[]} */
const WAYS = ["look-up", "choose-file", "encrypt-off"];

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
    title: app.translate("writing_title"),
    shown: () => writing.refresh(),
    focus: () => writing.focus(),
    isBegun: () => writing.isBegun(),
    isDone: () => writing.done,
    dispose: () => writing.dispose(),
    remind: () => writing.remind(),
  };
}

class Writing {
  done = false;
  #app;
  #proposal;
  #sending = false;
  #wait;
  /** The message that was perhaps sent. If it is sent again, it keeps this Message-ID. */
  #unconfirmed = { draft: "", messageId: "" };
  /** The key of the message. It stays the same until it is certain that nothing was sent under it. */
  #key = newSendingKey();
  /** The version of the letter that went to the bridge under the key; "" while it is certain that none did. */
  #keyed = "";
  /** Whether an earlier version of the letter was sent. */
  #isEarlierSent = false;
  /** @type {import("../api.js").SendingOffers} */
  #offers;

  /**
   * @param {App} app
   * @param {Proposal} proposal
   */
  constructor(app, proposal) {
    const { translate } = app;
    this.#app = app;
    this.#proposal = proposal;
    this.#offers = { maxBytes: app.maxMessageBytes, utf8: true };
    const title = translate(proposal === BLANK ? "writing_title" : "replying_title");
    this.heading = html("h1", { tabindex: -1, text: title });
    this.reminder = html("p", { class: "note", role: "status", hidden: true, text: translate("letter_already_begun") });
    const directory = new Directory(app.api, app.mailVault);
    const onChange = () => this.update();
    this.to = createRecipients(app, directory, { label: translate("to"), test: "compose-to", onChange });
    this.cc = createRecipients(app, directory, { label: translate("cc"), test: "compose-cc", onChange });
    this.subject = inputField(translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: proposal.subject, data: { test: "compose-subject" },
    });
    this.text = createTextArea(proposal.text);
    // The caret of an answer is above the quoted text.
    this.text.setSelectionRange(0, 0);
    growWithText(this.text);
    this.sheet = html("div", { class: "sheet" }, this.text);
    this.attached = new AttachedFiles(translate, { onChange });
    this.copy = createCopyField(translate, {
      label: translate("copy_label"), as: translate("copy_as_chosen"), test: "compose-copy",
    });
    this.sign = switchField(translate("sign"), "switch-sign", onChange);
    this.encrypt = switchField(translate("encrypt"), "switch-encrypt", onChange);
    this.sign.input.checked = true;
    this.encrypt.input.checked = true;
    this.plan = this.#createPlan();
    this.#wait = new SendingWait({
      lines: [this.to, this.cc],
      content: () => this.#content(),
      obstacles: () => this.#obstacles(this.#letter()),
      warnings: () => urgentWarnings(this.#letter()),
      explain: () => this.plan.focus(),
    });
    this.failure = problem("send-error");
    this.look = html("button", {
      type: "button", hidden: true, text: this.#app.translate("look_in_sent"), data: { test: "look-in-sent" },
      on: { click: () => void this.#lookAgain() },
    });
    this.send = html("button", {
      class: "primary", type: "submit", text: translate("send"), "aria-describedby": this.plan.id,
      data: { test: "send" },
    });
    this.element = this.#assemble();
    for (const address of proposal.to) this.to.add(address);
    this.onKeys = onChange;
    app.keys.addEventListener("change", this.onKeys);
    this.update();
    void this.#askForOffers();
  }

  dispose() {
    this.#wait.end();
    this.#app.keys.removeEventListener("change", this.onKeys);
  }

  /** Updates the view when it is shown again, because the person may have signed in again or unlocked the keys. */
  refresh() {
    if (!this.#sending) this.failure.textContent = "";
    this.update();
  }

  /** Puts the focus on the recipients, or in a reply on the text above the quote. */
  focus() {
    if (this.done) this.heading.focus();
    else if (this.to.isEmpty) this.to.focus();
    else this.text.focus();
  }

  remind() {
    this.reminder.hidden = false;
  }

  /** Whether the person has entered something that is not sent yet, and would be lost with the view. */
  isBegun() {
    if (this.done) return false;
    const { to, subject, text } = this.#proposal;
    const addressed = [...this.to.addresses, ...this.cc.addresses].join() !== to.join();
    const changed = this.subject.input.value !== subject || this.text.value !== text;
    return addressed || changed || this.attached.files.length > 0;
  }

  /** Shows how the letter will be sent, and the obstacles. */
  update() {
    const letter = this.#letter();
    const inTheWay = this.#obstacles(letter);
    this.plan.show(letter, whatWillLeave(letter, this.#app.translate), inTheWay, warnings(letter, this.#app.translate));
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
      onEncryptOff: () => this.#switchOff(this.encrypt.input),
      onSignOff: () => this.#switchOff(this.sign.input),
      onLookUp: (person) => void this.#fieldOf(person).lookUp(person),
      onFile: (person, file) => void this.#fieldOf(person).useFile(person, file),
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
      this.to.element, this.cc.element, this.subject.element,
      html("div", { class: "field" }, html("label", { for: this.text.id, text: translate("letter") }), this.sheet),
      this.attached.element,
      html(
        "fieldset",
        { class: "switches" },
        html("legend", { text: translate("protection") }),
        this.sign.element, this.encrypt.element,
      ),
      this.copy.element,
      createWritingBar(this.plan.element, this.failure, html("div", { class: "actions" }, this.send, this.look, discard)),
    );
    return html("div", { class: "writing stack" }, this.heading, this.reminder, form);
  }

  /** @returns {Letter} */
  #letter() {
    const { keys, address } = this.#app;
    return {
      sign: this.sign.input.checked,
      encrypt: this.encrypt.input.checked,
      people: [...this.to.people, ...this.cc.people],
      address: address ?? "",
      unlocked: keys.unlocked,
      hasOwnIdentity: keys.hasIdentityFor(address ?? ""),
      ownAddresses: keys.identities.flatMap(({ addresses }) => addresses),
      // Two layers of base64 lengthen attachments by about 85 %.
      bytes: Math.ceil((this.attached.bytes + this.text.value.length * 2) * 1.85),
      maxBytes: this.#offers.maxBytes,
      answersEncrypted: this.#proposal.answersEncrypted,
      ways: WAYS,
      hasPassword: false,
    };
  }

  /**
   * @param {{isAgreed?: boolean}} [options] `isAgreed` is true if the message was perhaps sent already, or an earlier
   *   version of it was, and the person agreed to send it
   */
  async #submit({ isAgreed = false } = {}) {
    this.to.commit();
    this.cc.commit();
    const letter = this.#letter();
    if (this.#sending) return;
    if (this.#obstacles(letter).length > 0) return this.#wait.meet(() => void this.#submit({ isAgreed }));
    if (this.#unconfirmed.messageId && !isAgreed) return this.#askToSendAgain();
    if (this.#isEarlierSent && !isAgreed) return this.#askToSendAnew();
    this.failure.textContent = "";
    await whileBusy(this.send, this.#app.translate(letter.encrypt ? "encrypting" : "sending"), async () => {
      this.#sending = true;
      await this.#encryptAndSend(letter);
    }, (error) => {
      this.#sheetShows(this.text);
      if (error instanceof ApiError && error.code === "sending-earlier") this.#askToSendAnew();
      this.failure.textContent = refusedSentences(error, this.#app.translate) || this.#app.sentenceFor(error);
      this.send.focus();
      this.failure.scrollIntoView({ block: "nearest" });
    }).finally(() => { this.#sending = false; });
    if (!this.done) this.update();
  }

  /** Shows that the letter was sent. @type {(submission: import("../api.js").Submission) => void} */
  #showSent = () => {};

  /** @param {Letter} letter */
  async #encryptAndSend(letter) {
    const { translate, api, mailVault } = this.#app;
    const envelope = letter.people.map(({ address }) => address);
    const protection = { sign: letter.sign, recipients: certificatesOf(letter) };
    const draft = this.#draft(letter);
    const version = await versionOf(draft, letter);
    if (this.#keyed && this.#keyed !== version) await this.#settleEarlier();
    const message = await mailVault.compose(draft, protection);
    const sentence = whatWillLeave(letter, translate);
    const block = letter.encrypt ? createEncryptedBlock(message, translate("encrypted_block")) : null;
    if (block) {
      this.#sheetShows(block);
      await drawn();
    }
    this.#showSent = (submission) => {
      this.done = true;
      const sent = createSentView(this.#app, { letter, sentence, block, submission });
      this.element.replaceChildren(...sent.parts);
      sent.heading.focus();
      this.#app.announce(translate("sent"));
    };
    this.#keyed = version;
    const submission = await api.sendMessage(message, envelope, this.#key, this.copy.wish).catch((error) => {
      // Otherwise nothing was sent and nothing is on its way.
      if (error instanceof ApiError && !error.isOpen) this.#renewKey();
      throw error;
    });
    if (submission.outcome === "sent") return this.#showSent(submission);
    this.#unconfirmed = { draft: contentOf(draft), messageId: draft.messageId };
    this.look.hidden = false;
    await this.#lookInSent();
  }

  #renewKey() {
    this.#key = newSendingKey();
    this.#keyed = "";
  }

  /**
   * Finds out what became of an earlier version of the letter, so that its outcome is not taken for that of this version.
   * Rejects if the earlier version was sent, or perhaps, or is still on its way.
   */
  async #settleEarlier() {
    const found = await this.#app.api.withdraw(this.#key);
    if (found?.outcome === "perhaps") {
      this.#unconfirmed = { draft: "", messageId: "?" };
      this.look.hidden = false;
      throw new ApiError("sending-unknown", "an earlier version was perhaps sent");
    }
    this.#renewKey();
    if (found) this.#failAsEarlier();
  }

  /** @returns {never} */
  #failAsEarlier() {
    this.#isEarlierSent = true;
    throw new ApiError("sending-earlier", "an earlier version was sent");
  }

  /** Looks for a message that was perhaps sent: some mail servers keep a copy by themselves. Rejects if none is found. */
  async #lookInSent() {
    const found = await this.#app.api.lookForCopy(this.#key);
    const letter = this.#letter();
    if (found?.outcome === "sent" && this.#keyed === await versionOf(this.#draft(letter), letter)) return this.#showSent(found);
    if (found?.outcome === "sent") {
      this.#unconfirmed = { draft: "", messageId: "" };
      this.look.hidden = true;
      this.#renewKey();
      this.#failAsEarlier();
    }
    if (found) throw new ApiError("sending-unknown", "no copy was found");
    this.#unconfirmed = { draft: "", messageId: "" };
    this.look.hidden = true;
    throw new ApiError("unreachable", "nothing was sent under this key");
  }

  async #lookAgain() {
    await this.#app.attempt(this.look, this.#app.translate("looking"), this.failure, () => this.#lookInSent());
  }

  /** @param {{address: string}} letter */
  #draft({ address }) {
    const domain = address.split("@").at(-1);
    const draft = {
      from: quoteMailbox({ name: this.#app.keys.nameFor(address), address }),
      to: this.to.addresses,
      cc: this.cc.addresses,
      subject: this.subject.input.value.trim(),
      text: this.text.value,
      attachments: this.attached.files,
      messageId: `<${crypto.randomUUID()}@${domain}>`,
      inReplyTo: this.#proposal.inReplyTo,
      references: this.#proposal.references,
      hidden: this.#proposal.hidden,
    };
    const isSame = this.#unconfirmed.draft === contentOf(draft);
    return isSame ? { ...draft, messageId: this.#unconfirmed.messageId } : draft;
  }

  /** A text that changes with everything that the person writes. */
  #content() {
    const { sign, encrypt, address } = this.#letter();
    return JSON.stringify([sign, encrypt, contentOf(this.#draft({ address }))]);
  }

  #askToSendAgain() {
    const { translate } = this.#app;
    ask({
      title: translate("send_again_question"),
      meaning: translate("error_sending_unknown"),
      keep: translate("keep_writing"),
      go: translate("send_again"),
      test: "send-again-confirm",
      onGo: () => {
        this.#renewKey();
        void this.#submit({ isAgreed: true });
      },
    });
  }

  #askToSendAnew() {
    const { translate } = this.#app;
    ask({
      title: translate("send_anew_question"),
      meaning: translate("error_sending_earlier"),
      keep: translate("keep_writing"),
      go: translate("send_anew"),
      test: "send-anew-confirm",
      onGo: () => void this.#submit({ isAgreed: true }),
    });
  }

  /** @param {HTMLElement} shown the text field, or the encrypted block instead of it */
  #sheetShows(shown) {
    this.sheet.replaceChildren(shown);
  }

  /** @param {HTMLInputElement} input */
  #switchOff(input) {
    input.checked = false;
    this.update();
    input.focus();
  }

  /** @param {import("../../../wasm_build/ui/recipients_field.js").Person} person */
  #fieldOf(person) {
    return this.to.people.includes(person) ? this.to : this.cc;
  }

  #discard() {
    const { translate } = this.#app;
    if (!this.isBegun()) return this.#app.endWriting();
    ask({
      title: translate("discard_question"),
      meaning: translate("discard_question_meaning"),
      keep: translate("keep_writing"),
      go: translate("discard"),
      test: "discard-confirm",
      onGo: () => this.#app.endWriting(),
    });
  }
}

/**
 * The content of a message without its Message-ID. Two messages with the same content count as the same message.
 * @param {{messageId: string, attachments: Attachment[]}} draft
 */
function contentOf({ messageId: _, attachments, ...rest }) {
  return JSON.stringify([rest, attachments.map(({ name, type, data }) => [name, type, data.byteLength])]);
}

/**
 * A text that changes with everything that leaves: the words, the files, the recipients and how they can read it.
 * @param {{messageId: string, attachments: Attachment[]}} draft @param {Letter} letter
 * @returns {Promise<string>}
 */
async function versionOf({ messageId: _, attachments, ...rest }, { sign, encrypt, people }) {
  const files = await Promise.all(attachments.map(async ({ name, type, data }) => [name, type, await digestOf(data)]));
  const readers = await Promise.all(people.map(async ({ address, finding }) =>
    [address, encrypt && finding?.readiness === "ready" ? await digestOf(finding.check.certificate) : ""]));
  return JSON.stringify([rest, files, sign, encrypt, readers]);
}

/** @param {BufferSource} bytes */
async function digestOf(bytes) {
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join();
}

/**
 * @param {App} app
 * @param {Directory} directory
 * @param {{label: string, test: string, onChange: () => void}} options
 */
function createRecipients(app, directory, options) {
  return new RecipientsField(app.translate, directory, {
    ...options, onDetails: (address, check) => void showRecipient(app, address, check),
  });
}

/**
 * The certificates to encrypt for; none if the letter is not encrypted.
 * @param {Letter} letter
 */
function certificatesOf({ encrypt, people }) {
  if (!encrypt) return [];
  return people.map(({ finding, address }) => {
    if (finding?.readiness !== "ready") throw new Error(`nothing can be encrypted for ${address}`);
    return finding.check.certificate;
  });
}

/**
 * Waits until the animation of the wax seal has ended. People who want no motion see none and do not wait.
 */
function drawn() {
  const wait = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ENCRYPTING_MILLISECONDS;
  return new Promise((resolve) => { setTimeout(resolve, wait); });
}
