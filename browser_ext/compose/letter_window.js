/**
 * The window of the extension in which the person writes a letter. It gives the finished message to the webmail that
 * asked for it, and keeps the letter until the webmail has accepted the message. The code that this window shares with
 * the bridge's pages is in `wasm_build/writing/`.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { takeDroppedFiles } from "../../wasm_build/ui/dropped_files.js";
import { ask as confirm } from "../../wasm_build/ui/ask.js";
import { addressKey, quoteMailbox } from "../../wasm_build/ui/formats.js";
import { askDoubtful } from "../../wasm_build/writing/answer_notes.js";
import { BLANK, Composition } from "../../wasm_build/writing/composition.js";
import { draftContentOf, proposalOf } from "../../wasm_build/writing/draft_content.js";
import { DraftWatch } from "../../wasm_build/writing/draft_watch.js";
import { LetterPlan } from "../../wasm_build/writing/letter_plan.js";
import { LetterView } from "../../wasm_build/writing/letter_view.js";
import { SendingGate } from "../../wasm_build/writing/sending_gate.js";
import { api } from "../shared/api.js";
import { siteBox } from "../shared/around_notes.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText, translate } from "../texts/texts.js";
import { Answering } from "./answering.js";
import { BridgeChoice } from "./bridge_choice.js";
import { DraftKeeper } from "./draft_keeper.js";
import { createDraftList } from "./draft_list.js";
import { byPassword, leavingPeople } from "./leaving_people.js";
import { obstaclesHere } from "./letter_obstacles.js";
import { createLetterOptions, signatureOffers } from "./letter_options.js";
import { LetterParcel } from "./letter_parcel.js";
import { LetterPassword } from "./letter_password.js";
import { newLetterSecret } from "./letter_version.js";
import { LockCover } from "./lock_cover.js";
import { arrivalNote, formNotes, pagesNotes, titleOf, watchTouch } from "./letter_parts.js";
import { PlainText } from "./plain_text.js";
import { showRecipient } from "./recipient_dialog.js";
import { SenderChoice } from "./sender_choice.js";
import { Sending } from "./sending.js";
import { createSentView } from "./sent_view.js";
import { unseenNote } from "./unseen_note.js";

/** @typedef {import("./courier.js").OwnIdentity} OwnIdentity */
/** @typedef {import("../../wasm_build/ui/recipient_line.js").Person} Person */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Letter} Letter */
/** @typedef {import("../../wasm_build/ui/sending_plan.js").Remedy} Remedy */
/** @typedef {import("../../wasm_build/writing/draft_content.js").DraftContent} DraftContent */
/** @typedef {import("./courier.js").Draft} Draft */
/** @typedef {ReplyTo<"compose.claim">} Claim */

/** The limit of a letter. Browsers limit an extension message to 64 MiB, and the other fields of the message need room too. */
const MAX_MESSAGE_BYTES = 64_000_000;
const MAX_DRAFTS_SHOWN = 5;

export class LetterWindow {
  #translate;
  #claim;
  #courier;
  /** The ways to people without a certificate that the person has chosen. @type {Map<string, string>} */
  #chosenWays;
  /** The people to whom encrypted messages were made before. @type {Set<string>} */
  #encryptedTo;
  #answering;
  #cover;
  #gate;
  #options;
  #watch;
  /** The secret that the hash of the letter covers. It is stored with the draft. */
  #secret = newLetterSecret();
  /** The drafts that are only at the person's bridge. @type {Set<string>} */
  #atBridge = new Set();
  /** The letter as it was sent. @type {Letter | null} */
  #leavingLetter = null;
  /** How the letter was sent. @type {import("./bridge_choice.js").Delivery} */
  #leavingBy = "raw";

  /** @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {import("./courier.js").Courier} courier @param {Claim} claim */
  constructor(translate, courier, claim) {
    this.#translate = translate;
    this.#courier = courier;
    this.#claim = claim;
    this.#chosenWays = new Map(claim.clear.ways);
    this.#encryptedTo = new Set(claim.clear.encrypted);
    this.sender = new SenderChoice(translate, courier, {
      from: claim.from, identities: claim.identities, onChange: () => this.#senderChanged(), onUnlocked: () => this.#unlocked(),
    });
    this.composition = new Composition(proposalFor(claim), {
      directory: courier, offers: signatureOffers(claim), mostBytes: () => (this.parcel.isOffered ? MAX_MESSAGE_BYTES : Infinity),
    });
    this.bridge = new BridgeChoice({ ...claim, onChange: () => this.update() });
    this.password = new LetterPassword(translate, () => this.update());
    this.plan = this.#createPlan();
    this.view = this.#createView();
    this.text = new PlainText(translate, this.composition);
    this.#options = createLetterOptions(translate, this.composition, claim);
    this.#gate = new SendingGate(translate, {
      composition: this.composition, plan: this.plan, protection: this.view.protection, content: () => this.#content(),
      explain: () => (this.plan.blocking.length > 0 ? this.parcel.explain() : this.view.panel.focus()),
      focusRecipients: () => this.view.recipients.to.focus(),
    });
    this.parcel = this.#createParcel();
    this.arrival = html("div", {});
    this.draftState = html("p", { class: "muted", role: "status", data: { test: "draft-state" } });
    this.sending = this.#createSending();
    this.#answering = new Answering(translate, courier, claim, this);
    this.drafts = new DraftKeeper(courier, () => this.#draft(), (state) => this.#showDraft(state));
    this.#watch = new DraftWatch(this.composition, {
      read: () => this.#draftContent(), isDraftBegun: () => this.drafts.state !== "none", onDue: (changed) => this.drafts.changed(changed),
    });
    this.composition.addEventListener("change", () => this.update());
    this.#assemble();
    this.#cover = new LockCover(this, { hasOpenedWords: () => this.#answering.hasOpenedWords, onCovered: () => void this.#refresh() });
  }

  get element() {
    return this.view.element;
  }

  /** The plan of the letter, within the limits that the keys, the webmail and the bridge set. */
  #createPlan() {
    const letterWindow = this;
    return new LetterPlan(this.#translate, this.composition, {
      maxBytes: MAX_MESSAGE_BYTES, offers: signatureOffers(this.#claim),
      get sender() {
        return letterWindow.#senderNow;
      },
      get ways() {
        return letterWindow.#ways;
      },
      get hasPassword() {
        return letterWindow.password.isTyped;
      },
      clear: {
        policy: this.#claim.clear.policy, ways: (name) => this.#chosenWays.get(name),
        hasEncrypted: (address) => this.#encryptedTo.has(addressKey(address)),
      },
      obstaclesHere: (letter) => obstaclesHere(letter, {
        identity: this.sender.identity, deliver: this.bridge.deliver, hidden: this.composition.hidden.length,
        byPassword: byPassword(letter.people).length, isReadingOriginal: this.#answering.isReading,
      }),
    });
  }

  get #senderNow() {
    const { address, isLocked, identity, ownAddresses } = this.sender;
    return { address, ownAddresses, unlocked: !this.composition.values.sign || !isLocked, hasOwnIdentity: identity !== null };
  }

  /** The remedies for a missing certificate in this window. @returns {Remedy[]} */
  get #ways() {
    return [
      "ask", ...(this.#claim.directory ? [/** @type {const} */ ("look-up")] : []), "choose-file", "password",
      ...(this.parcel.isOffered ? [/** @type {const} */ ("parcel")] : []), "encrypt-off",
    ];
  }

  #createView() {
    const [translate, courier, composition] = [this.#translate, this.#courier, this.composition];
    const { directory, kind } = this.#claim;
    return new LetterView(translate, composition, this.plan, {
      title: titleOf(kind), known: () => courier.people(),
      onDetails: (address, check) => showRecipient(translate, address, check),
      remember: (names, way) => void courier.rememberWay(names, way),
      remedies: {
        onUnlock: () => this.sender.focusPassphrase(),
        onEncryptOff: () => this.view.protection.sendUnencrypted(() => void this.sending.submit({ isClear: true })),
        onLookUp: (person) => void this.#lookUp([person]),
        onLookUpAll: (people) => void this.#lookUp(people),
        lookUpWords: translate("compose_look_up", { host: directory && new URL(directory).host }),
        onAsk: (person) => void this.attempt(() => courier.askFor(person.address, {
          subject: translate("compose_ask_subject"), text: translate("compose_ask_text", { first: this.sender.address }),
        })),
        onPassword: (person) => {
          composition.lineOf(person).settle(person, { readiness: "password" });
          this.password.focus();
        },
        onParcel: () => this.parcel.explain(),
      },
    });
  }

  #createParcel() {
    return new LetterParcel(this.#translate, this.#courier, this, {
      origin: this.#claim.origin,
      asksMixed: (people, onGo) => this.#gate.asksMixed(people, onGo),
      packed: () => this.#packed(),
      send: (isWanted, agreed) => this.#sendTo(isWanted, agreed),
      show: (view) => this.#replaceBySent(view),
    });
  }

  #createSending() {
    return new Sending(this.#translate, this.#courier, { deliver: this.#claim.deliver, plan: this.view.panel.id, host: {
      take: (onFree, isClear) => this.#take(onFree, isClear),
      onSent: (sent) => this.#showSent(sent),
      onLocked: () => void this.#refresh(),
      onSignedOut: () => void this.bridge.refresh(),
      withoutTimestamp: () => this.#options.lastingOff(),
      update: () => this.update(),
    } });
  }

  #assemble() {
    const { sending } = this;
    const discard = html("button", {
      type: "button", class: "quiet", text: this.#translate("discard"), data: { test: "discard" }, on: { click: () => this.#discard() },
    });
    const site = siteBox(this.#claim);
    this.view.assemble({
      above: site ? [site] : [], from: this.sender.element, text: this.text.element,
      options: [this.password.element, this.#options.element, this.sender.unlockPlace],
      bar: (panel) => [
        panel, this.arrival, this.bridge.element, sending.failure, sending.details, sending.progress.element, sending.remedies,
        html("div", { class: "actions" }, sending.button, discard), this.draftState,
      ],
      onSubmit: () => void sending.submit(),
    });
  }

  /** Shows the first notes. Reads the original, unless the person must be asked first. */
  async begin() {
    this.sender.show();
    this.view.note("form", ...formNotes(this.#claim));
    this.#offerDrafts(this.#claim.drafts.slice(0, MAX_DRAFTS_SHOWN));
    addEventListener("focus", () => void this.#refresh());
    takeDroppedFiles((files) => void this.composition.attached.attach(files));
    // The person need not wait for the original, because its quotation is inserted below the text that they write.
    const focusFirst = () => (this.composition.to.isEmpty ? this.view.recipients.to : this.text).focus();
    const isTouched = watchTouch(this.element);
    this.text.placeCaret();
    this.update();
    focusFirst();
    await this.#answering.begin();
    this.update();
    void this.#offerBridgeDrafts();
    void this.parcel.refresh();
    if (!isTouched()) focusFirst();
  }

  /** Shows how the letter would be sent, and the obstacles. */
  update() {
    const { values, people } = this.composition;
    this.bridge.show(this.sender.address);
    this.sending.leaveBy(this.bridge.deliver, this.bridge.host);
    this.arrival.replaceChildren(arrivalNote(this.bridge.deliver));
    this.password.show(values.encrypt && byPassword(people).length > 0);
    this.sending.show(this.view.update().length === 0);
    this.view.note("unseen", ...unseenNote(values.sign ? [values.subject, values.text] : []));
  }

  #senderChanged() {
    this.#watch.look();
    this.update();
  }

  /**
   * Looks people up at the bridge. The bridge learns the addresses, so it is asked only when the person clicks.
   * @param {Person[]} people
   */
  async #lookUp(people) {
    const { directory } = this.#claim;
    if (!directory) return people.forEach((person) => void this.composition.lineOf(person).lookUp(person));
    // The permission is requested in the click itself, because browsers grant sites at no other time.
    const granting = api.permissions.request({ origins: [directoryPattern(directory)] });
    await this.attempt(async () => {
      await granting;
      const find = (/** @type {string} */ address) => this.#courier.lookUp(address);
      await Promise.all(people.map((person) => this.composition.lineOf(person).lookUp(person, find)));
      if (people.every(({ finding }) => finding?.readiness === "none")) throw { code: "directory-knows-nobody" };
    });
  }

  /** @param {() => void} onFree @param {boolean} isClear whether the person pressed "Send unencrypted" */
  #take(onFree, isClear) {
    if (!this.#gate.passes(onFree)) return null;
    const { leaving } = this.plan;
    if (leaving.kind !== "clear" || !leaving.prefersParcel || isClear) return this.#outgoing();
    this.parcel.explain();
    return null;
  }

  #outgoing() {
    const { letter } = this.plan;
    this.#leavingLetter = letter;
    this.#leavingBy = this.bridge.deliver;
    const bridge = this.#leavingBy === "bridge" ? this.bridge.host : "";
    const [packed, leaving, password] = [this.#packed(), this.#leaving(), this.password.take()];
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
      password: this.password.copy(), ...agreed, bridge, draft: this.drafts.id, secret: this.#secret,
    });
  }

  /** @returns {import("./courier.js").PackedLetter<import("./courier.js").LetterFields>} */
  #packed() {
    const { values: { subject, text }, to, cc, attached, proposal: { inReplyTo, references, hidden } } = this.composition;
    const from = this.sender.address;
    const fields = {
      from: quoteMailbox({ name: this.sender.identity?.name ?? "", address: from }), to: to.addresses, cc: cc.addresses,
      subject: subject.trim(), messageId: `<${crypto.randomUUID()}@${from.split("@").at(-1)}>`, inReplyTo, references, hidden,
    };
    return { fields, text: encodeUtf8(text), attachments: attached.files };
  }

  /** A text that changes when the person changes the letter. The attached files are not part of it. */
  #content() {
    const { fields, text } = this.#draftContent();
    return JSON.stringify([fields, text, this.sender.identity?.fingerprint]);
  }

  /** @param {(person: Person) => boolean} [isWanted] selects people @returns {import("./courier.js").Leaving} */
  #leaving(isWanted) {
    const { values: { sign, encrypt: isWanting }, options } = this.composition;
    // The people beside a parcel get encrypted mail.
    const encrypt = isWanted ? isWanting : this.plan.letter.encrypt;
    return {
      identity: this.sender.identity?.fingerprint ?? "", sign, encrypt, ...options, from: this.sender.address,
      ...leavingPeople(this.composition, isWanted),
    };
  }

  /** @param {import("./sending.js").Sent} sent */
  async #showSent({ shown, isHandedOver, byBridge }) {
    // The draft stays while the person still has to send the message in the webmail. If the draft cannot be deleted,
    // this does no harm.
    if (!isHandedOver) await this.drafts.end().catch(() => {});
    if (this.#leavingLetter?.encrypt === false) this.view.remembering.keep("clear");
    this.#replaceBySent(createSentView(this.#translate, {
      letter: this.#leavingLetter ?? this.plan.letter, deliver: this.#leavingBy, origin: this.#claim.origin, shown, isHandedOver, byBridge,
      onClose: () => void this.#courier.close(),
    }));
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
    this.composition.lookUpMissing();
    this.update();
  }

  /** @param {{id: string, at: string}[]} drafts */
  #offerDrafts(drafts) {
    if (!drafts.length) return;
    this.view.note("drafts", ...createDraftList(drafts, {
      onContinue: (id) => void this.#continueDraft(id), onDrop: (id) => this.attempt(() => this.#courier.drop(id)),
    }));
  }

  /** Offers the drafts at the bridge too, unless the person has begun to write before they come. */
  async #offerBridgeDrafts() {
    const bridgeDrafts = await this.#courier.bridgeDrafts().catch(() => []);
    if (!bridgeDrafts.length || this.drafts.state !== "none" || this.sending.isDone) return;
    for (const { id } of bridgeDrafts) this.#atBridge.add(id);
    const all = [...this.#claim.drafts, ...bridgeDrafts].sort((draft, other) => other.at.localeCompare(draft.at));
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
      if (letter) await this.#goOn(letter, files);
      this.view.note("drafts");
      this.text.focus();
    });
  }

  /** @param {Draft["letter"]} letter @param {Draft["files"] | null} files the parts of a draft */
  async #goOn({ fields, text }, files) {
    const content = {
      fields, text: new TextDecoder().decode(text),
      files: { fields: files?.fields ?? { aside: 0, forwarded: [] }, attachments: files?.attachments ?? [] },
    };
    const read = (/** @type {string[]} */ texts) => Promise.all(texts.map((entry) => this.#courier.readAddresses(entry)));
    const proposal = await proposalOf(content, read);
    if (fields.secret) this.#secret = fields.secret;
    this.sender.choose(fields.from);
    this.#answering.goOn(content);
    this.composition.begin(proposal);
    this.view.note("pages", ...pagesNotes(fields));
    askDoubtful(this.#translate, this.view, this.composition);
  }

  /** The letter in the form that a draft stores. @returns {DraftContent} */
  #draftContent() {
    return draftContentOf(this.composition, this.sender.choice, {
      forward: this.#answering.forward, secret: this.#secret, files: (attached) => this.#answering.filesOfDraft(attached),
    });
  }

  /** The draft to store: the letter with its text, and separately the files. @returns {Draft & {identity: string}} */
  #draft() {
    const { fields, text, files } = this.#draftContent();
    return {
      letter: { fields, text: encodeUtf8(text), attachments: [] }, files: { ...files, text: new ArrayBuffer(0) },
      identity: this.sender.identity?.fingerprint ?? "",
    };
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
}

/** The first content of the letter. @param {Claim} claim @returns {import("../../wasm_build/writing/composition.js").Proposal} */
function proposalFor({ to, cc, bcc, subject, text, sign, encrypt, mail, kind }) {
  // The original counts as encrypted until it has been read.
  return { ...BLANK, to, cc, bcc, subject, text, sign, encrypt, answersEncrypted: mail !== "" && kind !== "new" };
}

/** @param {string} text @returns {ArrayBuffer} UTF-8 */
function encodeUtf8(text) {
  return new TextEncoder().encode(text).buffer;
}
