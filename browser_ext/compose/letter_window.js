/**
 * The window in which a letter is written. Before sending it shows who can read the letter and why it cannot leave yet.
 * It hands the finished message to the webmail that asked, and keeps everything until the webmail has taken the
 * message.
 */
import { AttachedFiles } from "../../wasm_build/ui/attached_files.js";
import { html } from "../../wasm_build/ui/dom.js";
import { takeDroppedFiles } from "../../wasm_build/ui/dropped_files.js";
import { ask as confirm, createTextArea, inputField } from "../../wasm_build/ui/parts.js";
import { quoteMailbox, sameAddress } from "../../wasm_build/ui/formats.js";
import { createPlanPanel } from "../../wasm_build/ui/plan_panel.js";
import { MixQuestion } from "../../wasm_build/ui/mixed_readers.js";
import { urgentWarnings, warnings, whatWillLeave } from "../../wasm_build/ui/sending_plan.js";
import { MessageFiles } from "../../wasm_build/ui/message_files.js";
import { SendingWait } from "../../wasm_build/ui/sending_wait.js";
import { api } from "../shared/api.js";
import { siteBox } from "../shared/around_notes.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText, translate } from "../texts/texts.js";
import { askWriterOnly } from "../shared/writer_only.js";
import { Answering } from "./answering.js";
import { BridgeChoice } from "./bridge_choice.js";
import { DraftKeeper } from "./draft_keeper.js";
import { createDraftList } from "./draft_list.js";
import { letterObstacles } from "./letter_obstacles.js";
import { createMoreOptions } from "./letter_options.js";
import { LetterParcel } from "./letter_parcel.js";
import { newLetterSecret } from "./letter_version.js";
import { LockCover } from "./lock_cover.js";
import { arrivalNote, formNotes, pagesNotes, titleOf, watchTouch } from "./letter_parts.js";
import { Protection } from "./protection.js";
import { Recipients } from "./recipients.js";
import { SenderChoice } from "./sender_choice.js";
import { Sending } from "./sending.js";
import { createSentView } from "./sent_view.js";
import { unseenNote } from "./unseen_note.js";

/** @typedef {import("./courier.js").OwnIdentity} OwnIdentity */
/** @typedef {import("../../wasm_build/ui/recipients_field.js").Person} Person */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("./courier.js").Draft} Draft */
/** @typedef {ReplyTo<"compose.claim">} Claim */

/** The limit of a letter: browsers limit an extension message to 64 MiB, and its other fields need room too. */
const MAX_MESSAGE_BYTES = 64_000_000;
/** Two layers of base64 make attachments longer by about 85 per cent. */
const LENGTHENING = 1.85;
const MAX_DRAFTS_SHOWN = 5;

export class LetterWindow {
  #translate;
  #claim;
  #courier;
  #answering;
  #cover;
  #wait;
  /** The secret of the letter's versions. It is kept with the draft. */
  #secret = newLetterSecret();
  /** The fields of a draft of the pages that this window does not show. They go back to the pages with the draft. @type {import("./courier.js").PagesFields} */
  #ofPages = {};
  /** Whether the person agreed that nobody else can read the letter. */
  #isForWriterOnly = false;
  #mix;
  /** The drafts that are at the person's bridge only. @type {Set<string>} */
  #atBridge = new Set();
  /** The letter as it was when it left. @type {Letter | null} */
  #leavingLetter = null;
  /** The way in which it left. @type {import("./bridge_choice.js").Delivery} */
  #leavingBy = "raw";

  /** @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {import("./courier.js").Courier} courier @param {Claim} claim */
  constructor(translate, courier, claim) {
    this.#translate = translate;
    this.#mix = new MixQuestion(translate, () => this.recipients.fields.to.focus());
    this.#courier = courier;
    this.#claim = claim;
    this.heading = html("h1", { tabindex: -1, text: titleOf(claim.kind) });
    this.notes = html("div", { class: "letter-notes" });
    this.sender = new SenderChoice(translate, courier, {
      from: claim.from, identities: claim.identities, onChange: () => this.written(), onUnlocked: () => this.#unlocked(),
    });
    this.recipients = new Recipients(translate, courier, () => this.written());
    this.subject = inputField(translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: claim.subject, data: { test: "compose-subject" },
      on: { input: () => this.written() },
    });
    this.text = createTextArea(claim.text, () => this.written());
    this.sheet = html("div", { class: "sheet" }, this.text);
    this.attached = new MessageFiles({ mostBytes: () => (this.parcel.isOffered ? MAX_MESSAGE_BYTES : Infinity) });
    this.attached.addEventListener("change", () => { this.drafts.changed({ files: true }); this.update(); });
    this.attached.addEventListener("progress", () => { this.sending.showReading(this.attached.progress); this.update(); });
    this.protection = new Protection(translate, {
      sign: claim.sign, encrypt: claim.encrypt, onChange: () => this.written(), onPassword: () => this.update(),
    });
    this.more = createMoreOptions(translate, claim, () => this.written());
    this.plan = this.#createPlan();
    this.bridge = new BridgeChoice({ ...claim, onChange: () => this.update() });
    this.parcel = this.#createParcel();
    this.arrival = html("div", {});
    this.draftState = html("p", { class: "muted", role: "status", data: { test: "draft-state" } });
    this.sending = this.#createSending();
    this.#wait = this.#createWait();
    this.#answering = new Answering(translate, courier, claim, this);
    this.drafts = new DraftKeeper(courier, () => this.#draft(), (state) => this.#showDraft(state));
    this.element = this.#assemble();
    this.#cover = new LockCover(this, { hasOpenedWords: () => this.#answering.hasOpenedWords, onCovered: () => void this.#refresh() });
  }

  #createParcel() {
    return new LetterParcel(this.#translate, this.#courier, this, {
      origin: this.#claim.origin,
      letter: () => this.#letter(),
      obstacles: () => this.#obstacles(this.#letter()),
      asksMixed: (people, onGo) => this.#mix.asks(people, onGo),
      packed: () => this.#packed(),
      send: (isWanted, agreed) => this.#sendTo(isWanted, agreed),
      show: (view) => this.#replaceBySent(view),
    });
  }

  #createSending() {
    return new Sending(this.#translate, this.#courier, { deliver: this.#claim.deliver, plan: this.plan.id, desk: {
      take: (onFree) => this.#takeOutgoing(onFree),
      onSent: (sent) => this.#showSent(sent),
      onLocked: () => void this.#refresh(),
      onSignedOut: () => void this.bridge.refresh(),
      withoutTimestamp: () => this.more.lastingOff(),
      update: () => this.update(),
    } });
  }

  #createWait() {
    return new SendingWait({
      lines: this.recipients.lines,
      files: this.attached,
      content: () => this.#content(),
      obstacles: () => this.#obstacles(this.#letter()),
      warnings: () => urgentWarnings(this.#letter()),
      explain: () => this.parcel.explain(),
    });
  }

  /** Fills in the known fields, and reads the original if the person need not be asked before. */
  async begin() {
    const { to, cc, bcc, drafts } = this.#claim;
    this.recipients.replace({ to, cc, bcc });
    this.sender.show();
    this.note("form", ...formNotes(this.#claim));
    this.#offerDrafts(drafts.slice(0, MAX_DRAFTS_SHOWN));
    // The person has changed nothing yet, so there is no draft to keep.
    this.drafts.state = "none";
    this.#showDraft("none");
    addEventListener("focus", () => void this.#refresh());
    takeDroppedFiles((files) => void this.attached.attach(files));
    // The person need not wait for the original: they write above the place of its quotation.
    const focusFirst = () => (this.recipients.to.isEmpty ? this.recipients.fields.to : this.text).focus();
    const isTouched = watchTouch(this.element);
    this.text.setSelectionRange(0, 0);
    focusFirst();
    await this.#answering.begin();
    this.update();
    void this.#offerBridgeDrafts();
    void this.parcel.refresh();
    if (!isTouched()) focusFirst();
  }

  /** Draws the plan of what will leave, and the obstacles. */
  update() {
    this.bridge.show(this.sender.address);
    this.sending.leaveBy(this.bridge.deliver, this.bridge.host);
    this.arrival.replaceChildren(arrivalNote(this.bridge.deliver));
    const letter = this.#letter();
    const translate = this.#translate;
    this.protection.passwordPlace.hidden = !letter.encrypt || this.recipients.byPassword.length === 0;
    const inTheWay = this.#obstacles(letter);
    this.more.show(letter);
    this.plan.show(letter, [whatWillLeave(letter, translate), ...this.more.sentences].join(" "), inTheWay, warnings(letter, translate));
    this.sending.show(inTheWay.length === 0);
    this.note("unseen", ...unseenNote(letter.sign ? [this.subject.input.value, this.text.value] : []));
  }

  /** The panel with the plan of what will leave, the obstacles and their remedies. */
  #createPlan() {
    const { directory } = this.#claim;
    return createPlanPanel(this.#translate, {
      onUnlock: () => this.sender.focusPassphrase(),
      onEncryptOff: () => this.protection.encryptOff(),
      onSignOff: () => this.protection.signOff(),
      onLookUp: (person) => void this.#lookUp(person),
      lookUpWords: translate("compose_look_up", { host: directory && new URL(directory).host }),
      onFile: (person, file) => void this.recipients.lineOf(person).useFile(person, file),
      onAsk: (person) => void this.attempt(() => this.#courier.askFor(person.address, {
        subject: translate("compose_ask_subject"), text: translate("compose_ask_text", { first: this.sender.address }),
      })),
      onPassword: (person) => {
        this.recipients.lineOf(person).settle(person, { readiness: "password" });
        this.protection.focusPassword();
      },
      onParcel: () => this.parcel.explain(),
    });
  }

  #assemble() {
    const translate = this.#translate;
    const discard = html("button", {
      type: "button", class: "quiet", text: translate("discard"), data: { test: "discard" }, on: { click: () => this.#discard() },
    });
    const { to, cc, bcc } = this.recipients.fields;
    const { protection, sending } = this;
    const form = html("form", { class: "letter", novalidate: true, data: { test: "compose-form" } },
      this.sender.element, to.element, cc.element, bcc.element,
      html("p", { class: "field-hint", text: translate("compose_bcc_hint") }),
      this.subject.element,
      html("div", { class: "field" }, html("label", { for: this.text.id, text: translate("letter") }), this.sheet),
      new AttachedFiles(translate, this.attached).element,
      protection.element, protection.passwordPlace, this.more.element, this.sender.unlockPlace, this.plan.element, this.arrival, this.bridge.element,
      sending.failure, sending.details, sending.progress.element, sending.ways,
      html("div", { class: "actions" }, sending.button, discard), this.draftState);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void sending.submit();
    });
    return html("div", { class: "writing stack" }, this.heading, siteBox(this.#claim), this.notes, form);
  }

  /** @returns {Letter} */
  #letter() {
    const { protection, sender } = this;
    return {
      sign: protection.signs,
      encrypt: protection.encrypts,
      people: this.recipients.people,
      address: sender.address,
      unlocked: !protection.signs || !sender.isLocked,
      hasOwnIdentity: sender.identity !== null,
      ownAddresses: sender.ownAddresses,
      bytes: Math.ceil((this.attached.bytes + this.text.value.length * 2) * LENGTHENING),
      maxBytes: MAX_MESSAGE_BYTES,
      answersEncrypted: protection.answersEncrypted,
      ways: [
        "ask", ...(this.#claim.directory ? [/** @type {const} */ ("look-up")] : []), "choose-file", "password",
        ...(this.parcel.isOffered ? [/** @type {const} */ ("parcel")] : []), "encrypt-off",
      ],
      hasPassword: protection.hasPassword,
      isReading: this.attached.isReading,
    };
  }

  /** @param {Letter} letter */
  #obstacles(letter) {
    const { bcc, byPassword } = this.recipients;
    const around = {
      identity: this.sender.identity, deliver: this.bridge.deliver, hidden: bcc.people.length, byPassword: byPassword.length,
      isReadingOriginal: this.#answering.isReading,
    };
    return letterObstacles(letter, around, this.#translate);
  }

  /** Handles a change of the letter: schedules a draft, and draws the plan anew. */
  written() {
    this.drafts.changed();
    this.update();
  }

  /**
   * Looks up a person at the bridge. The bridge learns the address, so it is asked only at a click.
   * @param {Person} person
   */
  async #lookUp(person) {
    // The permission is requested in the click itself: browsers grant sites at no other time.
    const granting = api.permissions.request({ origins: [directoryPattern(this.#claim.directory)] });
    await this.attempt(async () => {
      await granting;
      await this.recipients.lineOf(person).lookUp(person, (address) => this.#courier.lookUp(address));
      if (person.finding?.readiness === "none") throw { code: "directory-knows-nobody" };
    });
  }

  /** @param {() => void} onFree sends the letter when nothing stands in its way any more @returns {import("./sending.js").Outgoing | null} */
  #takeOutgoing(onFree) {
    this.recipients.commit();
    const letter = this.#letter();
    if (this.#obstacles(letter).length > 0) void this.#wait.meet(onFree);
    else if (this.protection.isUnagreed) this.protection.askReadable(onFree);
    else if (letter.encrypt && this.#mix.asks(this.recipients.parted.open, onFree)) return null;
    else if (isForWriterOnly(letter) && !this.#isForWriterOnly) askWriterOnly({ onAdd: () => this.recipients.fields.to.focus(), onGo: () => {
      this.#isForWriterOnly = true;
      onFree();
    } });
    else return this.#outgoing(letter);
    return null;
  }

  /** @param {Letter} letter */
  #outgoing(letter) {
    this.#leavingLetter = letter;
    this.#leavingBy = this.bridge.deliver;
    const bridge = this.#leavingBy === "bridge" ? this.bridge.host : "";
    const [packed, leaving, password] = [this.#packed(), this.#leaving(), this.protection.takePassword()];
    return {
      isEncrypted: letter.encrypt,
      send: (/** @type {{again: boolean, anew: boolean}} */ agreed) => this.#courier.send(packed, leaving, {
        password, ...agreed, bridge, draft: this.drafts.id, secret: this.#secret,
      }),
      finish: () => this.#courier.finish(packed, leaving, password),
    };
  }

  /**
   * Sends the letter by mail to some of its people, beside the parcel for the others.
   * @param {(person: Person) => boolean} isWanted @param {import("./parcel_choice.js").Agreed} agreed
   */
  #sendTo(isWanted, agreed) {
    const bridge = this.bridge.deliver === "bridge" ? this.bridge.host : "";
    return this.#courier.send(this.#packed(), this.#leaving(isWanted), {
      password: this.protection.copyPassword(), ...agreed, bridge, draft: this.drafts.id, secret: this.#secret,
    });
  }

  /** @returns {import("./courier.js").PackedLetter<import("./courier.js").LetterFields>} */
  #packed() {
    const from = this.sender.address;
    const { to, cc } = this.recipients.addresses;
    const fields = {
      from: quoteMailbox({ name: this.sender.identity?.name ?? "", address: from }), to, cc, subject: this.subject.input.value.trim(),
      messageId: `<${crypto.randomUUID()}@${from.split("@").at(-1)}>`, ...this.#answering.thread,
    };
    return { fields, text: this.#octets(), attachments: this.attached.files };
  }

  /** A text that changes with everything that the person writes, without the files. */
  #content() {
    const { letter, identity } = this.#draft();
    return JSON.stringify([letter.fields, this.text.value, identity]);
  }

  /** The text as bytes. */
  #octets() {
    return new TextEncoder().encode(this.text.value).buffer;
  }

  /** @param {(person: Person) => boolean} [isWanted] leaves out the others @returns {import("./courier.js").Leaving} */
  #leaving(isWanted) {
    return {
      identity: this.sender.identity?.fingerprint ?? "", sign: this.protection.signs, encrypt: this.protection.encrypts, ...this.more.chosen,
      from: this.sender.address, ...this.recipients.leaving(isWanted),
    };
  }

  /** @param {import("./sending.js").Sent} sent */
  async #showSent({ shown, isHandedOver, byBridge }) {
    // The draft stays while the person still has to send the message in the webmail. A draft that cannot be dropped
    // does no harm.
    if (!isHandedOver) await this.drafts.end().catch(() => {});
    const onClose = () => void this.#courier.close();
    const { heading, parts } = createSentView(this.#translate, {
      letter: this.#leavingLetter ?? this.#letter(), deliver: this.#leavingBy, origin: this.#claim.origin, shown, isHandedOver, byBridge, onClose,
    });
    this.#replaceBySent({ heading, parts });
  }

  /** @param {import("./sent_view.js").SentView} view */
  #replaceBySent({ heading, parts }) {
    this.element.replaceChildren(...parts);
    heading.focus();
  }

  async #unlocked() {
    await this.#refresh();
    if (this.drafts.isRefused) void this.drafts.keepNow();
    await this.#answering.readUnlocked();
    this.update();
  }

  /** Reads the identities again, since keys may have been locked, unlocked or added in another window. */
  async #refresh() {
    if (this.sending.isDone) return;
    void this.bridge.refresh();
    void this.parcel.refresh();
    const identities = await this.#courier.identities().catch(() => null);
    if (!identities) return;
    this.sender.refresh(identities);
    if (!this.sender.isLocked) this.#cover.lift();
    this.recipients.lookUpMissing();
    this.update();
  }

  /** @param {{id: string, at: string}[]} drafts */
  #offerDrafts(drafts) {
    if (!drafts.length) return;
    const onDrop = (/** @type {string} */ id) => this.attempt(() => this.#courier.drop(id));
    this.note("drafts", ...createDraftList(drafts, { onContinue: (id) => void this.#continueDraft(id), onDrop }));
  }

  /** Offers the drafts at the bridge too, unless the person has begun to write before they come. */
  async #offerBridgeDrafts() {
    const found = await this.#courier.bridgeDrafts().catch(() => []);
    if (!found.length || this.drafts.state !== "none" || this.sending.isDone) return;
    for (const { id } of found) this.#atBridge.add(id);
    const all = [...this.#claim.drafts, ...found].sort((one, other) => other.at.localeCompare(one.at));
    this.#offerDrafts(all.slice(0, MAX_DRAFTS_SHOWN));
  }

  /** @param {string} id */
  #continueDraft(id) {
    return this.attempt(async () => {
      if (this.sender.isLocked) {
        this.sender.focusPassphrase();
        throw { code: "locked" };
      }
      if (this.#atBridge.has(id)) await this.#courier.fetchDraft(id);
      const { letter, files } = await this.drafts.restore(id);
      if (letter) this.#fill(letter, files);
      this.note("drafts");
      this.text.focus();
    });
  }

  /** @param {Draft["letter"]} letter @param {Draft["files"] | null} files the parts of a draft */
  #fill({ fields, text: written }, files) {
    const { from, to, cc, bcc, subject, thread, forward, answersSealed: answersEncrypted, sign, seal: encrypt, more, secret, html, sharedFrom, copy, doubtful } = fields;
    const { aside = 0, forwarded = [] } = files?.fields ?? {};
    const kept = files?.attachments ?? [];
    const attachments = kept.slice(0, kept.length - aside);
    this.recipients.restore({ to, cc, bcc });
    this.subject.input.value = subject;
    this.text.value = new TextDecoder().decode(written);
    this.protection.answersEncrypted = answersEncrypted;
    this.protection.set({ sign, encrypt });
    if (more) this.more.set(more);
    if (secret) this.#secret = secret;
    this.#ofPages = { html, sharedFrom, copy, doubtful };
    this.note("pages", ...pagesNotes(this.#ofPages));
    this.sender.choose(from);
    this.#answering.goOn({ thread, forward }, { attachments, aside: kept.slice(attachments.length), forwarded });
    if (attachments.length || this.attached.files.length) this.attached.replace(attachments);
  }

  /** The draft to keep: the letter with its text, and separately the files. @returns {Draft & {identity: string}} */
  #draft() {
    const fields = {
      from: this.sender.choice, ...this.recipients.addresses, subject: this.subject.input.value,
      thread: this.#answering.thread, forward: this.#answering.forward, answersSealed: this.protection.answersEncrypted,
      sign: this.protection.signs, seal: this.protection.encrypts, more: this.more.chosen,
      secret: this.#secret, ...this.#ofPages,
    };
    const { aside, forwarded } = this.#answering.keptFiles;
    const files = { fields: { forwarded, aside: aside.length }, text: new ArrayBuffer(0), attachments: [...this.attached.files, ...aside] };
    return { letter: { fields, text: this.#octets(), attachments: [] }, files, identity: this.sender.identity?.fingerprint ?? "" };
  }

  /** @param {import("./draft_keeper.js").DraftState} state */
  #showDraft(state) {
    const words = { kept: "compose_draft_kept", locked: "compose_draft_locked", failed: "compose_draft_failed", pending: "", none: "" }[state];
    this.draftState.textContent = words ? translate(words) : "";
    this.draftState.dataset.state = state;
    if (this.drafts.isRefused) void this.#refresh();
  }

  #discard() {
    const leave = async () => {
      await this.drafts.end();
      await this.#courier.close();
    };
    if (this.drafts.state === "none") return void this.attempt(leave);
    confirm({
      title: translate("discard_question"), meaning: translate("compose_discard_meaning"), keep: this.#translate("keep_writing"),
      go: this.#translate("discard"), test: "discard-confirm", onGo: () => void this.attempt(leave),
    });
  }

  /**
   * Runs an action, and shows its error.
   * @param {() => Promise<unknown>} act @returns {Promise<boolean>} whether it succeeded
   */
  async attempt(act) {
    this.sending.say("");
    const done = await act().then(() => true, (error) => this.sending.say(errorText(error)));
    this.update();
    return done === true;
  }

  /**
   * Shows one note of each kind above the letter; without content the note is removed.
   * @param {string} kind @param {...HTMLElement} content
   */
  note(kind, ...content) {
    this.notes.querySelector(`[data-note="${kind}"]`)?.remove();
    if (content.length) this.notes.append(html("div", { class: "note-box", data: { note: kind } }, ...content));
  }
}

/** Whether a letter is encrypted, and only for the writer's own certificates. @param {Letter} letter */
function isForWriterOnly({ encrypt, people, ownAddresses }) {
  const isWriter = (/** @type {string} */ address) => ownAddresses.some((own) => sameAddress(own, address));
  // Anyone who is told the password can read the letter.
  return encrypt && people.every(({ address, finding }) => finding?.readiness === "ready" && isWriter(address));
}
