/**
 * The window in which a letter is written: no page reaches it. It says before sending who can read what leaves and why
 * something cannot leave yet, hands the finished message to the webmail that asked, and keeps everything until that
 * has taken it.
 */
import { answerTo, forwardOf } from "./runtime/ui/answer.js";
import { createDraftAttachmentList, saveFile } from "./runtime/ui/attachments.js";
import { html, uniqueId } from "./runtime/ui/dom.js";
import { sameAddress } from "./runtime/ui/formats.js";
import { ask as confirm, inputField, problem, switchField, whileBusy } from "./runtime/ui/parts.js";
import { createPlanPanel } from "./runtime/ui/plan_panel.js";
import { RecipientsField } from "./runtime/ui/recipients_field.js";
import { createSealedBlock } from "./runtime/ui/sealing_block.js";
import { SecretField } from "./runtime/ui/secret_field.js";
import { obstacles, warnings, whatWillLeave } from "./runtime/ui/sending_plan.js";
import { leavingMark, stateMark, wordKey } from "./runtime/ui/state_mark.js";
import { Courier } from "./compose/courier.js";
import { DraftKeeper } from "./compose/draft_keeper.js";
import { api } from "./shared/api.js";
import { directoryPattern } from "./shared/directory_address.js";
import { createForwardChoice } from "./compose/forward_choice.js";
import { createExpiryNote, expiryObstacle } from "./compose/own_expiry.js";
import { errorText, loadSharedText, text, translatePage } from "./shared/i18n.js";
import { showRecipient } from "./compose/recipient_dialog.js";
import { showPattern } from "./shared/pattern.js";
import { ask, startHeartbeat } from "./shared/request.js";

/** @typedef {import("./compose/courier.js").OwnIdentity} OwnIdentity */
/** @typedef {import("./runtime/ui/answer.js").Answer} Answer */
/** @typedef {import("./runtime/ui/attachments.js").Attachment} Attachment */
/** @typedef {import("./runtime/ui/recipients_field.js").Person} Person */
/** @typedef {import("./runtime/ui/sending_plan.js").Letter} Letter */
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

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const courier = new Courier(new URLSearchParams(location.search).get("composition") ?? "");

void start();

async function start() {
  const translate = await loadSharedText();
  translatePage();
  startHeartbeat();
  try {
    showPattern(await ask("pattern.read"));
    const letter = new LetterWindow(translate, await courier.claim());
    main.replaceChildren(letter.element);
    await letter.begin();
  } catch (error) {
    const place = problem("problem");
    place.textContent = errorText(error);
    main.replaceChildren(place);
  }
}

class LetterWindow {
  #translate;
  #claim;
  /** @type {OwnIdentity[]} */
  #identities;
  /** @type {Attachment[]} */
  #attachments = [];
  /** How it joins the thread that it answers. */
  #thread = { inReplyTo: /** @type {string | null} */ (null), references: /** @type {string[]} */ ([]), hidden: /** @type {any[]} */ ([]) };
  /** @type {Answer | null} */
  #answer = null;
  #answersSealed;
  /** The person has said, of the letter as it stands, that sealed words may leave readable. */
  #readableAgreed = false;
  #busy = false;
  #done = false;
  /** @type {SecretField | null} */
  #passphrase = null;

  /** @param {import("./runtime/ui/catalogue.js").Catalogue} translate @param {Claim} claim */
  constructor(translate, claim) {
    this.#translate = translate;
    this.#claim = claim;
    this.#identities = claim.identities;
    // Until it is known what is answered, it may have been sealed.
    this.#answersSealed = claim.mail !== "";
    const onChange = () => this.update();
    const onDetails = (/** @type {string} */ address, /** @type {any} */ check) => showRecipient(translate, address, check);
    const line = (/** @type {string} */ label, /** @type {string} */ test) =>
      new RecipientsField(translate, courier, { label, test, onChange: () => this.#written(), onDetails });
    this.heading = html("h1", { tabindex: -1, text: titleOf(claim.kind) });
    this.notes = html("div", { class: "letter-notes" });
    this.from = this.#createFrom();
    this.to = line(translate("to"), "compose-to");
    this.cc = line(translate("cc"), "compose-cc");
    this.bcc = line(text("composeBcc"), "compose-bcc");
    this.subject = inputField(translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: claim.subject, data: { test: "compose-subject" },
      on: { input: () => this.#written() },
    });
    this.text = createTextArea(claim.text, () => this.#written());
    this.sheet = html("div", { class: "sheet" }, this.text);
    this.fileList = html("ul", { class: "attachment-rows", data: { test: "compose-attachments" } });
    this.sign = switchField(translate("sign"), "switch-sign", () => this.#written());
    this.seal = switchField(translate("seal"), "switch-seal", (checked) => this.#sealSwitched(checked));
    this.sign.input.checked = claim.sign;
    this.seal.input.checked = claim.seal;
    this.unlockPlace = html("div", { class: "field" });
    this.password = new SecretField({
      translate, label: text("composePassword"), hint: text("composePasswordHint"), onInput: onChange,
      onSubmit: () => {},
    });
    this.passwordPlace = html("div", { class: "field", hidden: true, data: { test: "letter-password" } }, this.password.element);
    this.plan = createPlanPanel(translate, {
      onUnlock: () => this.#passphrase?.focus(),
      onSealOff: () => this.#askToUnseal(),
      onSignOff: () => this.#switchOff(this.sign.input),
      onLookUp: (person) => void this.#lookUp(person),
      lookUpWords: text("composeLookUp", claim.directory && new URL(claim.directory).host),
      onFile: (person, file) => void this.#fieldOf(person).useFile(person, file),
      onAsk: (person) => void this.#attempt(() => courier.askFor(person.address, {
        subject: text("composeAskSubject"), text: text("composeAskText", this.#address()),
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
    this.drafts = new DraftKeeper(courier, () => this.#draft(), (state) => this.#showDraft(state));
    this.element = this.#assemble();
  }

  /** Fills in what is known, and reads what is answered where that needs no question. */
  async begin() {
    const { to, cc, mail, kind, siteKnown, drafts } = this.#claim;
    for (const address of to) this.to.add(address);
    for (const address of cc) this.cc.add(address);
    this.#showUnlock();
    this.#offerDrafts(drafts.slice(0, MAX_DRAFTS_SHOWN));
    // What was filled in is not yet written by the person.
    this.drafts.state = "none";
    this.#showDraft("none");
    addEventListener("focus", () => void this.#refresh());
    takeDroppedFiles((files) => void this.#attach(files));
    if (kind !== "new" && mail) {
      if (siteKnown && !this.#locked()) await this.#readOriginal();
      else if (!this.#locked()) this.#offerOriginal();
    } else {
      this.#answersSealed = false;
    }
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
    const picker = html("input", {
      type: "file", multiple: true, class: "visually-hidden", data: { test: "compose-file" },
      on: { change: () => { void this.#attach([...(picker.files ?? [])]); picker.value = ""; } },
    });
    this.files = html("label", { class: "button file-button" }, picker, translate("attach"));
    const discard = html("button", {
      type: "button", class: "quiet", text: translate("discard"), data: { test: "discard" }, on: { click: () => this.#discard() },
    });
    const form = html("form", { class: "letter", novalidate: true, data: { test: "compose-form" } },
      this.from, this.to.element, this.cc.element, this.bcc.element,
      html("p", { class: "field-hint", text: text("composeBccHint") }),
      this.subject.element,
      html("div", { class: "field" }, html("label", { for: this.text.id, text: translate("letter") }), this.sheet),
      html("div", { class: "field" }, this.fileList, this.files),
      html("fieldset", { class: "switches" }, html("legend", { text: translate("protection") }), this.sign.element, this.seal.element),
      this.passwordPlace, this.unlockPlace, this.plan.element, this.failure, this.progress, this.ways,
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

  #createFrom() {
    const { from } = this.#claim;
    const choices = this.#identities.flatMap((identity) => identity.addresses.map((address) => ({ identity, address })));
    const wanted = choices.find(({ address }) => sameAddress(address, from)) ?? choices[0];
    const id = uniqueId("from");
    const options = choices.map(({ identity, address }) => html("option", {
      value: `${identity.fingerprint} ${address}`, text: text("identityOption", address, identity.issuer),
      selected: wanted?.identity === identity && wanted.address === address,
    }));
    this.fromSelect = html("select", { id, data: { test: "compose-from" }, on: { change: () => this.#fromChanged() } }, ...options);
    const hint = from && wanted && !sameAddress(wanted.address, from) ? text("composeOtherFrom", from, wanted.address) : "";
    const none = choices.length ? null : html("p", { class: "warning", text: text("noKeysYet"), data: { test: "no-keys" } });
    const add = choices.length ? null : html("button", {
      type: "button", text: text("verbAddKeys"), on: { click: () => void ask("options.open") },
    });
    this.expiry = html("div", {}, createExpiryNote(wanted?.identity ?? null));
    return html("div", { class: "field" }, html("label", { for: id, text: this.#translate("from") }), this.fromSelect, this.expiry,
      hint ? html("p", { class: "field-hint", text: hint, dir: "auto" }) : null, none, add);
  }

  #fromChanged() {
    this.#showIdentity();
    this.#written();
  }

  #showIdentity() {
    this.expiry?.replaceChildren(createExpiryNote(this.#identity()));
    this.#showUnlock();
  }

  /** The identity that the letter is from. */
  #identity() {
    const [fingerprint] = (this.fromSelect?.value ?? "").split(" ");
    return this.#identities.find((own) => own.fingerprint === fingerprint) ?? null;
  }

  #address() {
    return (this.fromSelect?.value ?? "").split(" ").slice(1).join(" ") || this.#claim.from;
  }

  #locked() {
    return this.#identity()?.locked ?? true;
  }

  /** @returns {Letter} */
  #letter() {
    const attached = this.#attachments.reduce((sum, { data }) => sum + data.byteLength, 0);
    const identity = this.#identity();
    return {
      sign: this.sign.input.checked,
      seal: this.seal.input.checked,
      people: [...this.to.people, ...this.cc.people, ...this.bcc.people],
      address: this.#address(),
      unlocked: !this.sign.input.checked || !this.#locked(),
      hasOwnIdentity: identity !== null,
      ownAddresses: this.#identities.flatMap(({ addresses }) => addresses),
      bytes: Math.ceil((attached + this.text.value.length * 2) * LENGTHENING),
      maxBytes: MAX_MESSAGE_BYTES,
      answersSealed: this.#answersSealed,
      ways: ["ask", ...(this.#claim.directory ? [/** @type {const} */ ("look-up")] : []), "choose-file", "password", "seal-off"],
    };
  }

  /** @param {Letter} letter */
  #obstacles(letter) {
    const found = obstacles(letter, this.#translate);
    const identity = this.#identity();
    if (!identity) found.push({ code: "no-identity", text: text("composeNoIdentity"), remedies: [] });
    if (identity && letter.sign) found.push(...expiryObstacle(identity));
    if (letter.seal && this.#byPassword().length > 0 && this.password.length === 0) {
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
  #written() {
    this.drafts.changed();
    this.update();
  }

  /** @param {boolean} checked */
  #sealSwitched(checked) {
    this.#readableAgreed = false;
    if (!checked && this.#answersSealed) {
      this.seal.input.checked = true;
      return this.#askToUnseal();
    }
    this.#written();
  }

  #askToUnseal() {
    if (!this.#answersSealed) return this.#switchOff(this.seal.input);
    this.#askReadable(() => this.#switchOff(this.seal.input));
  }

  /** Words that came sealed leave readable only when the person says so. @param {() => void} onGo */
  #askReadable(onGo) {
    confirm({
      title: text("composeReadableTitle"), meaning: text("composeReadableMeaning"), keep: text("composeKeepSealed"),
      go: text("composeReadableGo"), test: "readable-confirm",
      onGo: () => {
        this.#readableAgreed = true;
        onGo();
      },
    });
  }

  /** @param {HTMLInputElement} input */
  #switchOff(input) {
    input.checked = false;
    this.#written();
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
    await this.#attempt(async () => {
      await granting;
      await this.#fieldOf(person).lookUp(person, (address) => courier.lookUp(address));
      if (person.finding?.readiness === "none") throw { code: "directory-knows-nobody" };
    });
  }

  /** @param {{again?: boolean}} [options] */
  async #submit({ again = false } = {}) {
    for (const field of [this.to, this.cc, this.bcc]) field.commit();
    const letter = this.#letter();
    if (this.#busy || this.#done) return;
    if (this.#obstacles(letter).length > 0) return this.plan.focus();
    if (!letter.seal && this.#answersSealed && !this.#readableAgreed) return this.#askReadable(() => void this.#submit({ again }));
    this.ways.replaceChildren();
    await this.#work(letter.seal, async () => {
      const { sent, problem: reason, files, shown } = await courier.send(this.#packed(), this.#leaving(letter), { password: this.#takePassword(), again });
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
      (await courier.finish(this.#packed(), this.#leaving(letter), this.#takePassword())).forEach(saveMessage);
    });
  }

  #takePassword() {
    return this.passwordPlace.hidden ? null : this.password.take();
  }

  /** @returns {import("./shared/packed_letter.js").PackedLetter} */
  #packed() {
    const from = this.#address();
    const fields = {
      from, to: this.to.addresses, cc: this.cc.addresses, subject: this.subject.input.value.trim(), text: this.text.value,
      messageId: `<${crypto.randomUUID()}@${from.split("@").at(-1)}>`, ...this.#thread,
    };
    return { fields, attachments: this.#attachments };
  }

  /** @param {Letter} letter @returns {import("./compose/courier.js").Leaving} */
  #leaving({ sign, seal }) {
    const prints = (/** @type {Person[]} */ people) =>
      people.map(({ finding }) => (finding?.readiness === "ready" ? finding.check.fingerprint : ""));
    return {
      identity: this.#identity()?.fingerprint ?? "", sign, seal, from: this.#address(), to: this.to.addresses,
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
      type: "button", class: "primary", text: text("verbClose"), data: { test: "close" }, on: { click: () => void courier.close() },
    });
    this.element.replaceChildren(heading,
      html("div", { class: "plan" }, html("div", { class: "plan-line" }, leavingMark(letter), html("p", { text: sentence, data: { test: "left" } }))),
      isHandedOver ? html("p", { class: "warning", text: text("composeHandedOverHint"), data: { test: "handed-over" } }) : "",
      ...(letter.seal && shown ? [createSealedBlock(shown, translate("sealed_block"))] : []),
      html("div", { class: "actions" }, close));
    heading.focus();
  }

  /** @param {File[]} files */
  async #attach(files) {
    for (const file of files) {
      this.#attachments.push({ name: file.name, type: file.type || "application/octet-stream", data: await file.arrayBuffer() });
    }
    this.#filesChanged();
  }

  #filesChanged() {
    const onRemove = (/** @type {Attachment} */ gone) => {
      this.#attachments = this.#attachments.filter((each) => each !== gone);
      this.#filesChanged();
      this.files?.querySelector("input")?.focus();
    };
    this.fileList.replaceChildren(...createDraftAttachmentList(this.#translate, this.#attachments, onRemove));
    this.drafts.changed({ files: true });
    this.update();
  }

  /** Keys may have been locked, unlocked or added in another window. */
  async #refresh() {
    if (this.#done) return;
    const identities = await courier.identities().catch(() => null);
    if (!identities) return;
    const wasLocked = this.#locked();
    this.#identities = identities;
    if (wasLocked !== this.#locked()) this.#showUnlock();
    const people = [...this.to.people, ...this.cc.people, ...this.bcc.people];
    // Somebody's certificate may have been added meanwhile.
    const missing = people.filter(({ finding }) => finding?.readiness === "none" || finding?.readiness === "failed");
    for (const person of missing) void this.#fieldOf(person).lookUp(person);
    this.update();
  }

  #showUnlock() {
    const identity = this.#identity();
    this.#passphrase = null;
    this.unlockPlace.replaceChildren();
    if (!identity?.locked) return;
    const passphrase = new SecretField({
      translate: this.#translate, label: text("passphraseFor", identity.fileName), hint: text("passphraseHint"),
      onSubmit: () => void this.#unlock(identity, passphrase),
    });
    this.#passphrase = passphrase;
    const unlock = html("button", {
      type: "button", text: this.#translate("unlock_keys"), data: { test: "unlock" },
      on: { click: () => void this.#unlock(identity, passphrase) },
    });
    this.unlockPlace.replaceChildren(passphrase.element, unlock);
  }

  /** @param {OwnIdentity} identity @param {SecretField} passphrase */
  async #unlock(identity, passphrase) {
    try {
      await courier.unlock(identity.keyFile, passphrase.take());
    } catch (error) {
      return passphrase.setError(errorText(error));
    }
    await this.#refresh();
    if (this.drafts.state === "locked") void this.drafts.keepNow();
    // Whoever typed the passphrase into the window of an answer wants to see what is answered.
    if (this.#claim.mail && !this.#answer) await this.#readOriginal();
    this.update();
  }

  #offerOriginal() {
    const read = html("button", {
      type: "button", text: text("composeReadOriginal"), data: { test: "read-original" }, on: { click: () => void this.#readOriginal() },
    });
    this.#note("original", html("p", { text: text("composeOriginalClosed") }), read);
  }

  async #readOriginal() {
    const { kind, to, cc } = this.#claim;
    this.#note("original", html("p", { role: "status", text: text("composeOpening") }));
    try {
      const { fields, attachments } = await courier.original();
      if (fields.report.reasons.some((/** @type {{code: string}} */ { code }) => code === "not-opened")) throw { code: "no-key-open" };
      const own = this.#identities.flatMap(({ addresses }) => addresses);
      const translate = this.#translate;
      this.#answer = kind === "forward" ? forwardOf(translate, fields) : answerTo(translate, fields, { toAll: kind === "replyAll", own });
      const { state } = fields.report;
      const mark = stateMark(state, translate);
      mark.setAttribute("aria-hidden", "true");
      this.#note("original", html("p", { class: "with-mark", data: { test: "original-state", state } }, mark,
        html("span", { text: text(kind === "forward" ? "composeForwards" : "composeAnswers", translate(wordKey(state))) })));
      this.#take(this.#answer, kind === "forward" ? attachments : [], [...to, ...cc]);
      if (kind === "forward") this.#offerWhole(this.#answer, attachments);
      else this.#quote(this.#answer, state);
    } catch (error) {
      this.#note("original", html("p", { class: "problem", text: text("composeOriginalFailed", errorText(error)), data: { test: "original-problem" } }));
    }
    this.update();
  }

  /** @param {Answer} answer @param {Attachment[]} attachments @param {string[]} proposed by the webmail */
  #take(answer, attachments, proposed) {
    const { inReplyTo, references, hidden, subject, quote } = answer;
    this.#thread = { inReplyTo, references, hidden };
    this.#answersSealed = answer.answersSealed;
    // The message itself says who wrote it; what the page proposed beside that stays a proposal.
    if (this.#claim.kind !== "forward") this.#replacePeople(answer, proposed);
    this.subject.input.value = subject;
    if (this.#claim.kind === "forward") this.#append(quote);
    this.#readableAgreed = false;
    if (answer.answersSealed) this.seal.input.checked = true;
    if (attachments.length) {
      this.#attachments.push(...attachments);
      this.#filesChanged();
    }
    if (answer.replyTo.length) this.#askReplyTo(answer);
  }

  /**
   * What somebody sealed and nobody vouches for may be another person's letter under a new sender, who would get its words
   * with the answer: they are quoted when the person says so.
   * @param {Answer} answer @param {string} state
   */
  #quote({ quote, answersSealed }, state) {
    if (!answersSealed || state === "verified") return this.#append(quote);
    const go = html("button", {
      type: "button", text: text("composeQuoteGo"), data: { test: "quote" }, on: { click: () => {
        this.#note("quote");
        this.#append(quote);
        this.#written();
        this.text.focus();
      } },
    });
    this.#note("quote", html("p", { class: "warning", text: text("composeQuoteAsk") }), html("div", { class: "actions" }, go));
  }

  /** @param {string} quote */
  #append(quote) {
    this.text.value = `${this.text.value}${quote}`;
    this.text.setSelectionRange(0, 0);
  }

  /** @param {Answer} answer @param {Attachment[]} attachments */
  #offerWhole({ quote, answersSealed }, attachments) {
    /** @type {Attachment[]} */
    let forwarded = attachments;
    const change = async (/** @type {boolean} */ isWhole) => {
      const next = isWhole ? [await courier.whole(answersSealed)] : attachments;
      this.#attachments = [...this.#attachments.filter((one) => !forwarded.includes(one)), ...next];
      forwarded = next;
      if (isWhole) this.text.value = this.text.value.replace(quote, "");
      else this.#append(quote);
      // What leaves now is more than what was agreed to.
      this.#readableAgreed = false;
      this.#filesChanged();
    };
    this.#note("whole", createForwardChoice((isWhole) => this.#attempt(() => change(isWhole))));
  }

  /** @param {Answer} answer @param {string[]} proposed */
  #replacePeople({ to, cc, replyTo }, proposed) {
    const known = [...to, ...cc, ...replyTo];
    for (const field of [this.to, this.cc]) {
      for (const person of [...field.people]) {
        if (proposed.some((address) => sameAddress(address, person.address)) || known.includes(person.address)) field.remove(person);
      }
    }
    for (const address of to) this.to.add(address);
    for (const address of cc) this.cc.add(address);
  }

  /** @param {Answer} answer */
  #askReplyTo({ to, replyTo }) {
    const wanted = replyTo.join(", ");
    const take = html("button", {
      type: "button", text: text("composeReplyToTake", wanted), data: { test: "reply-to-take" },
      on: { click: () => {
        for (const person of this.to.people.filter(({ address }) => to.includes(address))) this.to.remove(person);
        for (const address of replyTo) this.to.add(address);
        this.#note("reply-to");
      } },
    });
    const keep = html("button", {
      type: "button", text: text("composeReplyToKeep", to.join(", ")), data: { test: "reply-to-keep" },
      on: { click: () => this.#note("reply-to") },
    });
    this.#note("reply-to", html("p", { class: "warning", text: text("composeReplyTo", wanted, to.join(", ")), dir: "auto" }),
      html("div", { class: "actions" }, keep, take));
  }

  /** @param {{id: string, at: string}[]} drafts */
  #offerDrafts(drafts) {
    const rows = drafts.map(({ id, at }) => {
      const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
      const row = html("li", { class: "card", data: { test: "draft" } }, html("span", { class: "who", text: text("composeDraftFrom", when) }),
        html("button", { type: "button", text: text("composeDraftContinue"), data: { test: "draft-continue" },
          on: { click: () => void this.#continueDraft(id) } }),
        html("button", { type: "button", class: "quiet", text: text("composeDraftDrop"), data: { test: "draft-drop" },
          on: { click: () => void this.#attempt(async () => { await courier.drop(id); row.remove(); }) } }));
      return row;
    });
    if (rows.length) this.#note("drafts", html("p", { text: text("composeDrafts") }), html("ul", { class: "list" }, ...rows));
  }

  /** @param {string} id */
  #continueDraft(id) {
    return this.#attempt(async () => {
      if (this.#locked()) {
        this.#passphrase?.focus();
        throw { code: "locked" };
      }
      const { letter, files } = await this.drafts.restore(id);
      if (letter) this.#fill(letter.fields);
      this.#attachments = files?.attachments ?? [];
      this.fileList.replaceChildren();
      if (this.#attachments.length) this.#filesChanged();
      this.#note("drafts");
      this.text.focus();
    });
  }

  /** @param {any} fields of a draft */
  #fill({ from, to, cc, bcc, subject, text: written, thread, answersSealed, sign, seal }) {
    for (const option of this.fromSelect?.options ?? []) option.selected = option.value.endsWith(` ${from}`);
    for (const [field, addresses] of /** @type {[RecipientsField, string[]][]} */ ([[this.to, to], [this.cc, cc], [this.bcc, bcc]])) {
      for (const person of [...field.people]) field.remove(person);
      for (const address of addresses) field.add(address);
    }
    this.subject.input.value = subject;
    this.text.value = written;
    this.#thread = thread;
    this.#answersSealed = answersSealed;
    this.#readableAgreed = false;
    this.sign.input.checked = sign;
    this.seal.input.checked = seal;
    this.#showIdentity();
  }

  /** What is kept: what was written, and beside it what was attached. */
  #draft() {
    const fields = {
      from: this.#address(), to: this.to.addresses, cc: this.cc.addresses, bcc: this.bcc.addresses,
      subject: this.subject.input.value, text: this.text.value, thread: this.#thread, answersSealed: this.#answersSealed,
      sign: this.sign.input.checked, seal: this.seal.input.checked,
    };
    const files = { fields: {}, attachments: this.#attachments };
    return { letter: { fields, attachments: [] }, files, identity: this.#identity()?.fingerprint ?? "" };
  }

  /** @param {import("./compose/draft_keeper.js").DraftState} state */
  #showDraft(state) {
    const words = { kept: "composeDraftKept", locked: "composeDraftLocked", failed: "composeDraftFailed", pending: "", none: "" }[state];
    this.draftState.textContent = words ? text(words) : "";
    this.draftState.dataset.state = state;
    if (state === "locked") void this.#refresh();
  }

  #discard() {
    const leave = async () => {
      await this.drafts.end();
      await courier.close();
    };
    if (this.drafts.state === "none") return void this.#attempt(leave);
    confirm({
      title: text("composeDiscardTitle"), meaning: text("composeDiscardMeaning"), keep: this.#translate("keep_writing"),
      go: this.#translate("discard"), test: "discard-confirm", onGo: () => void this.#attempt(leave),
    });
  }

  /** @param {() => Promise<unknown>} act @returns {Promise<boolean>} whether it was done */
  async #attempt(act) {
    this.failure.textContent = "";
    const done = await act().then(() => true, (error) => { this.failure.textContent = errorText(error); });
    this.update();
    return done === true;
  }

  /** One note of each kind above the letter; without content it goes. @param {string} kind @param {...HTMLElement} content */
  #note(kind, ...content) {
    this.notes.querySelector(`[data-note="${kind}"]`)?.remove();
    if (content.length) this.notes.append(html("div", { class: "note-box", data: { note: kind } }, ...content));
  }
}

/** @param {Claim["kind"]} kind */
function titleOf(kind) {
  return text({ new: "composeTitleNew", reply: "composeTitleReply", replyAll: "composeTitleReply", forward: "composeTitleForward" }[kind]);
}

/** @param {import("./runtime/ui/catalogue.js").Catalogue} translate @param {Claim["deliver"]} deliver */
function sendVerb(translate, deliver) {
  return deliver === "file" ? text("composeSaveFile") : deliver === "attachment" ? text("composeHandOver") : translate("send");
}

/** @param {string} value @param {() => void} onInput */
function createTextArea(value, onInput) {
  // Without autocomplete=off, browsers write what is typed here to their session files within seconds.
  const area = html("textarea", {
    id: uniqueId("text"), class: "letter-text", autocomplete: "off", spellcheck: "false", translate: "no", dir: "auto", rows: 14,
    data: { test: "compose-text" }, on: { input: onInput },
  });
  area.value = value;
  return area;
}

/** A file that is dropped anywhere is attached; by itself the browser would show it in the place of the letter. @param {(files: File[]) => void} onFiles */
function takeDroppedFiles(onFiles) {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

/** @param {ArrayBuffer} message @param {number} index */
function saveMessage(message, index) {
  saveFile(index === 0 ? "letter.eml" : `letter-${index + 1}.eml`, message);
}
