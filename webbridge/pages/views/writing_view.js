/**
 * Writing a letter: for whom, what, and what will leave; sending it; and nothing lost when that fails.
 *
 * Signing and sealing are on until the person switches them off: what cannot be sealed is not sent in the open by
 * itself, it waits with a reason beside the button.
 */

import { html, uniqueId } from "../runtime/ui/dom.js";
import { createDraftAttachmentList } from "../runtime/ui/attachments.js";
import { ApiError } from "../api.js";
import { quoteMailbox } from "../runtime/ui/formats.js";
import { showRecipient } from "../certificate_dialog.js";
import { Directory } from "../directory.js";
import { ask, inputField, problem, switchField, whileBusy } from "../runtime/ui/parts.js";
import { RecipientsField } from "../runtime/ui/recipients_field.js";
import { createSealedBlock } from "../runtime/ui/sealing_block.js";
import { obstacles, warnings, whatWillLeave } from "../runtime/ui/sending_plan.js";
import { createPlanPanel } from "../runtime/ui/plan_panel.js";
import { createSentView } from "./sent_view.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../mail_vault.js").Attachment} Attachment */
/** @typedef {import("../runtime/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../runtime/ui/sending_plan.js").Obstacle} Obstacle */
/**
 * @typedef {import("../mail_vault.js").ReplyFields & {
 *   to: string[], subject: string, text: string, answersSealed: boolean,
 * }} Proposal
 */
/**
 * @typedef {import("../app.js").View & {isBegun: () => boolean, isDone: () => boolean, dispose: () => void,
 *   remind: () => void}} WritingView
 */

/** @type {Proposal} */
const BLANK = { to: [], subject: "", text: "", inReplyTo: null, references: [], hidden: [], answersSealed: false };

/** What can be done here about a missing certificate. @type {import("../runtime/ui/sending_plan.js").Remedy[]} */
const WAYS = ["look-up", "choose-file", "seal-off"];

/** How long the seal is drawn: as in the style sheet. */
const SEALING_MILLISECONDS = 200;

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
  /** @type {Attachment[]} */
  #attachments = [];
  #sending = false;
  /** What was perhaps sent, and its number: the same message keeps its number when it is sent again. */
  #unconfirmed = { draft: "", messageId: "" };

  /**
   * @param {App} app
   * @param {Proposal} proposal
   */
  constructor(app, proposal) {
    const { translate } = app;
    this.#app = app;
    this.#proposal = proposal;
    const title = translate(proposal === BLANK ? "writing_title" : "replying_title");
    this.heading = html("h1", { tabindex: -1, text: title });
    this.reminder = html("p", { class: "note", role: "status", hidden: true, text: translate("letter_already_begun") });
    const directory = new Directory(app.api, app.mailVault);
    const onChange = () => this.update();
    /** @type {import("../runtime/ui/recipients_field.js").ShowDetails} */
    const onDetails = (address, check) => void showRecipient(app, address, check);
    this.to = new RecipientsField(translate, directory, { label: translate("to"), test: "compose-to", onChange, onDetails });
    this.cc = new RecipientsField(translate, directory, { label: translate("cc"), test: "compose-cc", onChange, onDetails });
    this.subject = inputField(translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: proposal.subject, data: { test: "compose-subject" },
    });
    this.text = createTextArea(proposal.text);
    this.sheet = html("div", { class: "sheet" }, this.text);
    this.files = this.#createFilePicker();
    this.fileList = html("ul", { class: "attachment-rows", data: { test: "compose-attachments" } });
    this.sign = switchField(translate("sign"), "switch-sign", onChange);
    this.seal = switchField(translate("seal"), "switch-seal", onChange);
    this.sign.input.checked = true;
    this.seal.input.checked = true;
    this.plan = createPlanPanel(translate, {
      onUnlock: () => { location.hash = "#/keys"; },
      onSealOff: () => this.#switchOff(this.seal.input),
      onSignOff: () => this.#switchOff(this.sign.input),
      onLookUp: (person) => void this.#fieldOf(person).lookUp(person),
      onFile: (person, file) => void this.#fieldOf(person).useFile(person, file),
    });
    this.failure = problem("send-error");
    this.send = html("button", {
      class: "primary", type: "submit", text: translate("send"), "aria-describedby": this.plan.id,
      data: { test: "send" },
    });
    this.element = this.#assemble();
    for (const address of proposal.to) this.to.add(address);
    this.onKeys = onChange;
    app.keys.addEventListener("change", this.onKeys);
    this.update();
  }

  dispose() {
    this.#app.keys.removeEventListener("change", this.onKeys);
  }

  /** Back in sight: the person may have signed in again or unlocked the keys, and old problems are over. */
  refresh() {
    if (!this.#sending) this.failure.textContent = "";
    this.update();
  }

  /** Where the person begins: with somebody to write to, or with the text of a reply, above what is quoted. */
  focus() {
    if (this.done) this.heading.focus();
    else if (this.to.isEmpty) this.to.focus();
    else this.text.focus();
  }

  remind() {
    this.reminder.hidden = false;
  }

  /** Whether something would be lost. */
  isBegun() {
    if (this.done) return false;
    const { to, subject, text } = this.#proposal;
    const addressed = [...this.to.addresses, ...this.cc.addresses].join() !== to.join();
    const changed = this.subject.input.value !== subject || this.text.value !== text;
    return addressed || changed || this.#attachments.length > 0;
  }

  /** Draws what will leave and what stands in the way. */
  update() {
    const letter = this.#letter();
    const inTheWay = obstacles(letter, this.#app.translate);
    this.plan.show(letter, whatWillLeave(letter, this.#app.translate), inTheWay, warnings(letter, this.#app.translate));
    if (this.#sending) return;
    if (inTheWay.length > 0) this.send.setAttribute("aria-disabled", "true");
    else this.send.removeAttribute("aria-disabled");
  }

  #assemble() {
    const { translate } = this.#app;
    const discard = html("button", {
      type: "button", class: "quiet", text: translate("discard"), data: { test: "discard" },
      on: { click: () => this.#discard() },
    });
    const form = html(
      "form",
      { class: "stack", novalidate: true, data: { test: "compose-form" } },
      this.to.element, this.cc.element, this.subject.element,
      html("div", { class: "field" }, html("label", { for: this.text.id, text: translate("letter") }), this.sheet),
      html("div", { class: "field" }, this.fileList, this.files),
      html(
        "fieldset",
        { class: "switches" },
        html("legend", { text: translate("protection") }),
        this.sign.element, this.seal.element,
      ),
      this.plan.element, this.failure,
      html("div", { class: "actions" }, this.send, discard),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    return html("div", { class: "writing stack" }, this.heading, this.reminder, form);
  }

  /** @returns {Letter} */
  #letter() {
    const { keys, address, maxMessageBytes } = this.#app;
    const attached = this.#attachments.reduce((sum, { data }) => sum + data.byteLength, 0);
    return {
      sign: this.sign.input.checked,
      seal: this.seal.input.checked,
      people: [...this.to.people, ...this.cc.people],
      address: address ?? "",
      unlocked: keys.unlocked,
      hasOwnIdentity: keys.hasIdentityFor(address ?? ""),
      ownAddresses: keys.identities.flatMap(({ addresses }) => addresses),
      // Two layers of base64 lengthen what is attached by about four fifths.
      bytes: Math.ceil((attached + this.text.value.length * 2) * 1.85),
      maxBytes: maxMessageBytes,
      answersSealed: this.#proposal.answersSealed,
      ways: WAYS,
      hasPassword: false,
    };
  }

  /** @param {{isAgreed?: boolean}} [options] `isAgreed`: a message that was perhaps sent is sent again */
  async #submit({ isAgreed = false } = {}) {
    this.to.commit();
    this.cc.commit();
    const letter = this.#letter();
    if (this.#sending) return;
    if (obstacles(letter, this.#app.translate).length > 0) return this.plan.focus();
    if (this.#unconfirmed.messageId && !isAgreed) return this.#askToSendAgain();
    this.failure.textContent = "";
    await whileBusy(this.send, this.#app.translate(letter.seal ? "sealing" : "sending"), async () => {
      this.#sending = true;
      try {
        await this.#sealAndSend(letter);
      } catch (error) {
        this.#sheetShows(this.text);
        this.failure.textContent = this.#app.sentenceFor(error);
        this.send.focus();
        this.failure.scrollIntoView({ block: "nearest" });
      } finally {
        this.#sending = false;
      }
    });
    if (!this.done) this.update();
  }

  /** @param {Letter} letter */
  async #sealAndSend(letter) {
    const { translate, api, mailVault } = this.#app;
    const envelope = letter.people.map(({ address }) => address);
    const protection = { sign: letter.sign, recipients: certificatesOf(letter) };
    const draft = this.#draft(letter);
    const message = await mailVault.compose(draft, protection);
    const sentence = whatWillLeave(letter, translate);
    const block = letter.seal ? createSealedBlock(message, translate("sealed_block")) : null;
    if (block) {
      this.#sheetShows(block);
      await drawn();
    }
    const { outcome, savedTo } = await api.sendMessage(message, envelope);
    if (outcome === "perhaps") {
      this.#unconfirmed = { draft: contentOf(draft), messageId: draft.messageId };
      throw new ApiError("sending-unknown", "no confirmation came");
    }
    this.done = true;
    const sent = createSentView(this.#app, { letter, sentence, block, savedTo });
    this.element.replaceChildren(...sent.parts);
    sent.heading.focus();
    this.#app.announce(translate("sent"));
  }

  /** @param {Letter} letter */
  #draft({ address }) {
    const domain = address.split("@").at(-1);
    const draft = {
      from: quoteMailbox({ name: this.#app.keys.nameFor(address), address }),
      to: this.to.addresses,
      cc: this.cc.addresses,
      subject: this.subject.input.value.trim(),
      text: this.text.value,
      attachments: this.#attachments,
      messageId: `<${crypto.randomUUID()}@${domain}>`,
      inReplyTo: this.#proposal.inReplyTo,
      references: this.#proposal.references,
      hidden: this.#proposal.hidden,
    };
    const isSame = this.#unconfirmed.draft === contentOf(draft);
    return isSame ? { ...draft, messageId: this.#unconfirmed.messageId } : draft;
  }

  #askToSendAgain() {
    const { translate } = this.#app;
    ask({
      title: translate("send_again_question"),
      meaning: translate("error_sending_unknown"),
      keep: translate("keep_writing"),
      go: translate("send_again"),
      test: "send-again-confirm",
      onGo: () => void this.#submit({ isAgreed: true }),
    });
  }

  /** @param {HTMLElement} shown the text, or the sealed block in its place */
  #sheetShows(shown) {
    this.sheet.replaceChildren(shown);
  }

  #createFilePicker() {
    const picker = html("input", {
      type: "file", multiple: true, class: "visually-hidden", data: { test: "compose-file" },
      on: { change: () => this.#attach(picker) },
    });
    return html("label", { class: "button file-button" }, picker, this.#app.translate("attach"));
  }

  /** @param {HTMLInputElement} picker */
  async #attach(picker) {
    const chosen = [...(picker.files ?? [])];
    picker.value = "";
    for (const file of chosen) {
      const type = file.type || "application/octet-stream";
      this.#attachments.push({ name: file.name, type, data: await file.arrayBuffer() });
    }
    this.#drawFiles();
  }

  #drawFiles() {
    const onRemove = (/** @type {Attachment} */ gone) => {
      this.#attachments = this.#attachments.filter((each) => each !== gone);
      this.#drawFiles();
      this.files.querySelector("input")?.focus();
    };
    this.fileList.replaceChildren(...createDraftAttachmentList(this.#app.translate, this.#attachments, onRemove));
    this.update();
  }

  /** @param {HTMLInputElement} input */
  #switchOff(input) {
    input.checked = false;
    this.update();
    input.focus();
  }

  /** @param {import("../runtime/ui/recipients_field.js").Person} person */
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
 * What makes a message another one than before: all but its number.
 * @param {{messageId: string, attachments: Attachment[]}} draft
 */
function contentOf({ messageId: _, attachments, ...rest }) {
  return JSON.stringify([rest, attachments.map(({ name, type, data }) => [name, type, data.byteLength])]);
}

/** @param {string} text */
function createTextArea(text) {
  // Without autocomplete=off, browsers write what is typed here to their session files within seconds.
  const area = html("textarea", {
    id: uniqueId("text"), class: "letter-text", autocomplete: "off", spellcheck: "false", translate: "no", dir: "auto",
    rows: 14, data: { test: "compose-text" },
  });
  area.value = text;
  // An answer begins above what it quotes.
  area.setSelectionRange(0, 0);
  return area;
}

/**
 * The certificates to seal for; nobody's when the letter is not sealed.
 * @param {Letter} letter
 */
function certificatesOf({ seal, people }) {
  if (!seal) return [];
  return people.map(({ finding, address }) => {
    if (finding?.readiness !== "ready") throw new Error(`nothing can be sealed for ${address}`);
    return finding.check.certificate;
  });
}

/** Waits until the seal is drawn, or not at all for people who want no motion. */
function drawn() {
  const wait = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : SEALING_MILLISECONDS;
  return new Promise((resolve) => { setTimeout(resolve, wait); });
}
