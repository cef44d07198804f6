/**
 * The window in which a letter is written. It says before sending who can read what leaves and why something cannot leave
 * yet, hands the finished message to the webmail that asked, and keeps everything until that has taken it.
 */
import { html } from "../runtime/ui/dom.js";
import { ask as confirm, inputField, problem, switchField, whileBusy } from "../runtime/ui/parts.js";
import { createPlanPanel } from "../runtime/ui/plan_panel.js";
import { RecipientsField } from "../runtime/ui/recipients_field.js";
import { createSealedBlock } from "../runtime/ui/sealing_block.js";
import { SecretField } from "../runtime/ui/secret_field.js";
import { obstacles, warnings, whatWillLeave } from "../runtime/ui/sending_plan.js";
import { leavingMark } from "../runtime/ui/state_mark.js";
import { api } from "../shared/api.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText, text } from "../shared/i18n.js";
import { Answering } from "./answering.js";
import { AttachedFiles } from "./attached_files.js";
import { DraftKeeper } from "./draft_keeper.js";
import { createDraftList } from "./draft_list.js";
import { createTextArea, saveMessage, sendVerb, takeDroppedFiles, titleOf } from "./letter_parts.js";
import { expiryObstacle } from "./own_expiry.js";
import { showRecipient } from "./recipient_dialog.js";
import { SenderChoice } from "./sender_choice.js";

/** @typedef {import("./courier.js").OwnIdentity} OwnIdentity */
/** @typedef {import("../runtime/ui/recipients_field.js").Person} Person */
/** @typedef {import("../runtime/ui/sending_plan.js").Letter} Letter */
/**
 * @typedef {{
 *   origin: string, kind: "new" | "reply" | "replyAll" | "forward", from: string, to: string[], cc: string[],
 *   subject: string, text: string, mail: string, deliver: "raw" | "attachment" | "file", sign: boolean, seal: boolean,
 *   siteKnown: boolean, identities: OwnIdentity[], drafts: {id: string, at: string}[], directory: string,
 * }} Claim
 */

/** What one extension message carries, less what travels beside the letter: 64 MiB in both browsers. */
const MAX_MESSAGE_BYTES = 64_000_000;
/** Two layers of base64 lengthen what is attached by about four fifths. */
const LENGTHENING = 1.85;
const MAX_DRAFTS_SHOWN = 5;

export class LetterWindow {
  #translate;
  #claim;
  #courier;
  #answering;
  /** The person has said, of the letter as it stands, that sealed words may leave readable. */
  readableAgreed = false;
  #busy = false;
  #done = false;

  /** @param {import("../runtime/ui/catalogue.js").Catalogue} translate @param {import("./courier.js").Courier} courier @param {Claim} claim */
  constructor(translate, courier, claim) {
    this.#translate = translate;
    this.#courier = courier;
    this.#claim = claim;
    const onChange = () => this.update();
    const onDetails = (/** @type {string} */ address, /** @type {any} */ check) => showRecipient(translate, address, check);
    const line = (/** @type {string} */ label, /** @type {string} */ test) =>
      new RecipientsField(translate, courier, { label, test, onChange: () => this.written(), onDetails });
    this.heading = html("h1", { tabindex: -1, text: titleOf(claim.kind) });
    this.notes = html("div", { class: "letter-notes" });
    this.sender = new SenderChoice(translate, courier, {
      from: claim.from, identities: claim.identities, onChange: () => this.written(), onUnlocked: () => this.#unlocked(),
    });
    this.to = line(translate("to"), "compose-to");
    this.cc = line(translate("cc"), "compose-cc");
    this.bcc = line(text("composeBcc"), "compose-bcc");
    this.subject = inputField(translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: claim.subject, data: { test: "compose-subject" },
      on: { input: () => this.written() },
    });
    this.text = createTextArea(claim.text, () => this.written());
    this.sheet = html("div", { class: "sheet" }, this.text);
    this.attached = new AttachedFiles(translate, () => this.#filesChanged());
    this.sign = switchField(translate("sign"), "switch-sign", () => this.written());
    this.seal = switchField(translate("seal"), "switch-seal", (checked) => this.#sealSwitched(checked));
    this.sign.input.checked = claim.sign;
    this.seal.input.checked = claim.seal;
    this.password = new SecretField({
      translate, label: text("composePassword"), hint: text("composePasswordHint"), onInput: onChange,
      onSubmit: () => {},
    });
    this.passwordPlace = html("div", { class: "field", hidden: true, data: { test: "letter-password" } }, this.password.element);
    this.plan = createPlanPanel(translate, {
      onUnlock: () => this.sender.focusPassphrase(),
      onSealOff: () => this.#askToUnseal(),
      onSignOff: () => this.#switchOff(this.sign.input),
      onLookUp: (person) => void this.#lookUp(person),
      lookUpWords: text("composeLookUp", claim.directory && new URL(claim.directory).host),
      onFile: (person, file) => void this.#fieldOf(person).useFile(person, file),
      onAsk: (person) => void this.attempt(() => this.#courier.askFor(person.address, {
        subject: text("composeAskSubject"), text: text("composeAskText", this.sender.address),
      })),
      onPassword: (person) => {
        this.#fieldOf(person).settle(person, { readiness: "password" });
        this.password.focus();
      },
    });
    this.failure = problem("send-error");
    this.ways = html("div", { class: "actions" });
    this.draftState = html("p", { class: "muted", role: "status", data: { test: "draft-state" } });
    this.progress = html("progress", { hidden: true, "aria-label": text("composeWorking"), data: { test: "progress" } });
    this.send = html("button", {
      class: "primary", type: "submit", text: sendVerb(translate, claim.deliver), "aria-describedby": this.plan.id, data: { test: "send" },
    });
    this.#answering = new Answering(translate, courier, claim, this);
    this.drafts = new DraftKeeper(courier, () => this.#draft(), (state) => this.#showDraft(state));
    this.element = this.#assemble();
  }

  /** Fills in what is known, and reads what is answered where that needs no question. */
  async begin() {
    const { to, cc, drafts } = this.#claim;
    for (const address of to) this.to.add(address);
    for (const address of cc) this.cc.add(address);
    this.sender.show();
    this.#offerDrafts(drafts.slice(0, MAX_DRAFTS_SHOWN));
    // What was filled in is not yet written by the person.
    this.drafts.state = "none";
    this.#showDraft("none");
    addEventListener("focus", () => void this.#refresh());
    takeDroppedFiles((files) => void this.attached.attach(files));
    await this.#answering.begin();
    this.update();
    if (this.to.isEmpty) this.to.focus();
    else this.text.focus();
    this.text.setSelectionRange(0, 0);
  }

  /** Draws what will leave and what stands in the way. */
  update() {
    const letter = this.#letter();
    const translate = this.#translate;
    this.passwordPlace.hidden = !letter.seal || this.#byPassword().length === 0;
    const inTheWay = this.#obstacles(letter);
    this.plan.show(letter, whatWillLeave(letter, translate), inTheWay, warnings(letter, translate));
    if (this.#busy) return;
    if (inTheWay.length > 0) this.send.setAttribute("aria-disabled", "true");
    else this.send.removeAttribute("aria-disabled");
  }

  #assemble() {
    const translate = this.#translate;
    const discard = html("button", {
      type: "button", class: "quiet", text: translate("discard"), data: { test: "discard" }, on: { click: () => this.#discard() },
    });
    const form = html("form", { class: "letter", novalidate: true, data: { test: "compose-form" } },
      this.sender.element, this.to.element, this.cc.element, this.bcc.element,
      html("p", { class: "field-hint", text: text("composeBccHint") }),
      this.subject.element,
      html("div", { class: "field" }, html("label", { for: this.text.id, text: translate("letter") }), this.sheet),
      this.attached.element,
      html("fieldset", { class: "switches" }, html("legend", { text: translate("protection") }), this.sign.element, this.seal.element),
      this.passwordPlace, this.sender.unlockPlace, this.plan.element, this.failure, this.progress, this.ways,
      html("div", { class: "actions" }, this.send, discard), this.draftState);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    const { origin } = this.#claim;
    const forSite = origin
      ? html("p", { class: "origin" }, html("span", { class: "muted", text: text("forSite") }), html("br"),
        html("span", { text: origin, dir: "ltr", data: { test: "origin" } }))
      : null;
    return html("div", { class: "writing stack" }, this.heading, forSite, this.notes, form);
  }

  /** @returns {Letter} */
  #letter() {
    return {
      sign: this.sign.input.checked,
      seal: this.seal.input.checked,
      people: [...this.to.people, ...this.cc.people, ...this.bcc.people],
      address: this.sender.address,
      unlocked: !this.sign.input.checked || !this.sender.isLocked,
      hasOwnIdentity: this.sender.identity !== null,
      ownAddresses: this.sender.ownAddresses,
      bytes: Math.ceil((this.attached.bytes + this.text.value.length * 2) * LENGTHENING),
      maxBytes: MAX_MESSAGE_BYTES,
      answersSealed: this.#answering.answersSealed,
      ways: ["ask", ...(this.#claim.directory ? [/** @type {const} */ ("look-up")] : []), "choose-file", "password", "seal-off"],
      hasPassword: this.password.length > 0,
    };
  }

  /** @param {Letter} letter */
  #obstacles(letter) {
    const found = obstacles(letter, this.#translate);
    const identity = this.sender.identity;
    if (!identity) found.push({ code: "no-identity", text: text("composeNoIdentity"), remedies: [] });
    if (identity && letter.sign) found.push(...expiryObstacle(identity));
    if (letter.seal && this.#byPassword().length > 0 && !letter.hasPassword) {
      found.push({ code: "password", text: text("composePasswordMissing"), remedies: [] });
    }
    const { people } = letter;
    if (!letter.seal && this.#claim.deliver === "attachment") {
      found.push({ code: "needs-seal", text: text("composeNeedsSeal"), remedies: [] });
    }
    if (letter.seal && this.#claim.deliver === "attachment" && this.bcc.people.length > 0 && people.length > 1) {
      found.push({ code: "bcc", text: text("composeNoBcc"), remedies: [] });
    }
    return found;
  }

  #byPassword() {
    const people = [...this.to.people, ...this.cc.people, ...this.bcc.people];
    return people.filter(({ finding }) => finding?.readiness === "password").map(({ address }) => address);
  }

  /** Something was written: what leaves is another letter than the one that was agreed to. */
  written() {
    this.drafts.changed();
    this.update();
  }

  /** @param {boolean} checked */
  #sealSwitched(checked) {
    this.readableAgreed = false;
    if (!checked && this.#answering.answersSealed) {
      this.seal.input.checked = true;
      return this.#askToUnseal();
    }
    this.written();
  }

  #askToUnseal() {
    if (!this.#answering.answersSealed) return this.#switchOff(this.seal.input);
    this.#askReadable(() => this.#switchOff(this.seal.input));
  }

  /** Words that came sealed leave readable only when the person says so. @param {() => void} onGo */
  #askReadable(onGo) {
    confirm({
      title: text("composeReadableTitle"), meaning: text("composeReadableMeaning"), keep: text("composeKeepSealed"),
      go: text("composeReadableGo"), test: "readable-confirm",
      onGo: () => {
        this.readableAgreed = true;
        onGo();
      },
    });
  }

  /** @param {HTMLInputElement} input */
  #switchOff(input) {
    input.checked = false;
    this.written();
    input.focus();
  }

  /** @param {Person} person */
  #fieldOf(person) {
    return [this.to, this.cc, this.bcc].find(({ people }) => people.includes(person)) ?? this.to;
  }

  /** Asks the bridge that the person has named; it learns whom they look up, and so at a click alone. @param {Person} person */
  async #lookUp(person) {
    // Asked in the click itself: browsers grant sites at no other time.
    const granting = api.permissions.request({ origins: [directoryPattern(this.#claim.directory)] });
    await this.attempt(async () => {
      await granting;
      await this.#fieldOf(person).lookUp(person, (address) => this.#courier.lookUp(address));
      if (person.finding?.readiness === "none") throw { code: "directory-knows-nobody" };
    });
  }

  /** @param {{again?: boolean}} [options] */
  async #submit({ again = false } = {}) {
    for (const field of [this.to, this.cc, this.bcc]) field.commit();
    const letter = this.#letter();
    if (this.#busy || this.#done) return;
    if (this.#obstacles(letter).length > 0) return this.plan.focus();
    if (!letter.seal && this.#answering.answersSealed && !this.readableAgreed) return this.#askReadable(() => void this.#submit({ again }));
    this.ways.replaceChildren();
    await this.#work(letter.seal, async () => {
      const { sent, problem: reason, files, shown } = await this.#courier.send(this.#packed(), this.#leaving(letter), { password: this.#takePassword(), again });
      if (!sent) return this.#refused(reason);
      files.forEach(saveMessage);
      // What the person has yet to send in the webmail stays kept here.
      if (!reason) await this.drafts.end();
      this.#showSent(letter, shown, reason !== "");
    });
  }

  /**
   * Shows that something is being done, and what went wrong with it; the letter stays as it is.
   * @param {boolean} seals @param {() => Promise<void>} act
   */
  async #work(seals, act) {
    this.failure.textContent = "";
    this.#busy = true;
    this.progress.hidden = false;
    await whileBusy(this.send, this.#translate(seals ? "sealing" : "sending"), () => act().catch((error) => this.#failed(error)));
    this.#busy = false;
    this.progress.hidden = true;
    if (!this.#done) this.update();
  }

  /** @param {string} reason what the webmail said */
  #refused(reason) {
    this.failure.textContent = text("composeRefused", reason ? errorText({ code: reason, message: reason }) : text("composeNoReason"));
    this.#offerWays(false);
  }

  /** @param {any} error */
  #failed(error) {
    this.failure.textContent = errorText(error);
    if (error.code === "sending-unknown" || error.code === "webmail-gone") this.#offerWays(error.code === "sending-unknown");
    if (error.code === "locked") void this.#refresh();
    this.send.focus();
  }

  /** What is left to do when the webmail did not take it. @param {boolean} isUnknown */
  #offerWays(isUnknown) {
    const save = html("button", {
      type: "button", text: text("composeSaveFile"), data: { test: "save-file" }, on: { click: () => void this.#saveFiles() },
    });
    const again = html("button", {
      type: "button", text: text("composeSendAgain"), data: { test: "send-again" }, on: { click: () => void this.#submit({ again: true }) },
    });
    this.ways.replaceChildren(save, ...(isUnknown ? [again] : []));
  }

  async #saveFiles() {
    const letter = this.#letter();
    if (this.#obstacles(letter).length > 0) return this.plan.focus();
    await this.#work(letter.seal, async () => {
      (await this.#courier.finish(this.#packed(), this.#leaving(letter), this.#takePassword())).forEach(saveMessage);
    });
  }

  #takePassword() {
    return this.passwordPlace.hidden ? null : this.password.take();
  }

  /** @returns {import("../shared/packed_letter.js").PackedLetter} */
  #packed() {
    const from = this.sender.address;
    const fields = {
      from, to: this.to.addresses, cc: this.cc.addresses, subject: this.subject.input.value.trim(), text: this.text.value,
      messageId: `<${crypto.randomUUID()}@${from.split("@").at(-1)}>`, ...this.#answering.thread,
    };
    return { fields, attachments: this.attached.files };
  }

  /** @param {Letter} letter @returns {import("./courier.js").Leaving} */
  #leaving({ sign, seal }) {
    const prints = (/** @type {Person[]} */ people) =>
      people.map(({ finding }) => (finding?.readiness === "ready" ? finding.check.fingerprint : ""));
    return {
      identity: this.sender.identity?.fingerprint ?? "", sign, seal, from: this.sender.address, to: this.to.addresses,
      cc: this.cc.addresses, bcc: this.bcc.addresses, people: prints([...this.to.people, ...this.cc.people]),
      hiddenPeople: prints(this.bcc.people), byPassword: this.#byPassword(),
    };
  }

  /** @param {Letter} letter @param {ArrayBuffer | null} shown the beginning of what left @param {boolean} isHandedOver */
  #showSent(letter, shown, isHandedOver) {
    this.#done = true;
    const translate = this.#translate;
    const sentence = whatWillLeave(letter, translate);
    const title = isHandedOver ? text("composeHandedOver") : this.#claim.deliver === "file" ? text("composeSaved") : translate("sent");
    const heading = html("h1", { tabindex: -1, text: title, data: { test: "sent" } });
    const close = html("button", {
      type: "button", class: "primary", text: text("verbClose"), data: { test: "close" }, on: { click: () => void this.#courier.close() },
    });
    this.element.replaceChildren(heading,
      html("div", { class: "plan" }, html("div", { class: "plan-line" }, leavingMark(letter), html("p", { text: sentence, data: { test: "left" } }))),
      isHandedOver ? html("p", { class: "warning", text: text("composeHandedOverHint"), data: { test: "handed-over" } }) : "",
      ...(letter.seal && shown ? [createSealedBlock(shown, translate("sealed_block"))] : []),
      html("div", { class: "actions" }, close));
    heading.focus();
  }

  #filesChanged() {
    this.drafts.changed({ files: true });
    this.update();
  }

  async #unlocked() {
    await this.#refresh();
    if (this.drafts.state === "locked") void this.drafts.keepNow();
    await this.#answering.readUnlocked();
    this.update();
  }

  /** Keys may have been locked, unlocked or added in another window. */
  async #refresh() {
    if (this.#done) return;
    const identities = await this.#courier.identities().catch(() => null);
    if (!identities) return;
    this.sender.refresh(identities);
    const people = [...this.to.people, ...this.cc.people, ...this.bcc.people];
    // Somebody's certificate may have been added meanwhile.
    const missing = people.filter(({ finding }) => finding?.readiness === "none" || finding?.readiness === "failed");
    for (const person of missing) void this.#fieldOf(person).lookUp(person);
    this.update();
  }

  /** @param {{id: string, at: string}[]} drafts */
  #offerDrafts(drafts) {
    if (!drafts.length) return;
    const onDrop = (/** @type {string} */ id) => this.attempt(() => this.#courier.drop(id));
    this.note("drafts", ...createDraftList(drafts, { onContinue: (id) => void this.#continueDraft(id), onDrop }));
  }

  /** @param {string} id */
  #continueDraft(id) {
    return this.attempt(async () => {
      if (this.sender.isLocked) {
        this.sender.focusPassphrase();
        throw { code: "locked" };
      }
      const { letter, files } = await this.drafts.restore(id);
      if (letter) this.#fill(letter.fields);
      const kept = files?.attachments ?? [];
      if (kept.length || this.attached.files.length) this.attached.replace(kept);
      this.note("drafts");
      this.text.focus();
    });
  }

  /** @param {any} fields of a draft */
  #fill({ from, to, cc, bcc, subject, text: written, thread, answersSealed, sign, seal }) {
    for (const [field, addresses] of /** @type {[RecipientsField, string[]][]} */ ([[this.to, to], [this.cc, cc], [this.bcc, bcc]])) {
      for (const person of [...field.people]) field.remove(person);
      for (const address of addresses) field.add(address);
    }
    this.subject.input.value = subject;
    this.text.value = written;
    this.#answering.thread = thread;
    this.#answering.answersSealed = answersSealed;
    this.readableAgreed = false;
    this.sign.input.checked = sign;
    this.seal.input.checked = seal;
    this.sender.choose(from);
  }

  /** What is kept: what was written, and beside it what was attached. */
  #draft() {
    const fields = {
      from: this.sender.address, to: this.to.addresses, cc: this.cc.addresses, bcc: this.bcc.addresses,
      subject: this.subject.input.value, text: this.text.value, thread: this.#answering.thread, answersSealed: this.#answering.answersSealed,
      sign: this.sign.input.checked, seal: this.seal.input.checked,
    };
    const files = { fields: {}, attachments: this.attached.files };
    return { letter: { fields, attachments: [] }, files, identity: this.sender.identity?.fingerprint ?? "" };
  }

  /** @param {import("./draft_keeper.js").DraftState} state */
  #showDraft(state) {
    const words = { kept: "composeDraftKept", locked: "composeDraftLocked", failed: "composeDraftFailed", pending: "", none: "" }[state];
    this.draftState.textContent = words ? text(words) : "";
    this.draftState.dataset.state = state;
    if (state === "locked") void this.#refresh();
  }

  #discard() {
    const leave = async () => {
      await this.drafts.end();
      await this.#courier.close();
    };
    if (this.drafts.state === "none") return void this.attempt(leave);
    confirm({
      title: text("composeDiscardTitle"), meaning: text("composeDiscardMeaning"), keep: this.#translate("keep_writing"),
      go: this.#translate("discard"), test: "discard-confirm", onGo: () => void this.attempt(leave),
    });
  }

  /** @param {() => Promise<unknown>} act @returns {Promise<boolean>} whether it was done */
  async attempt(act) {
    this.failure.textContent = "";
    const done = await act().then(() => true, (error) => { this.failure.textContent = errorText(error); });
    this.update();
    return done === true;
  }

  /** One note of each kind above the letter; without content it goes. @param {string} kind @param {...HTMLElement} content */
  note(kind, ...content) {
    this.notes.querySelector(`[data-note="${kind}"]`)?.remove();
    if (content.length) this.notes.append(html("div", { class: "note-box", data: { note: kind } }, ...content));
  }
}
