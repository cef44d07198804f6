/** Sends the letter of a window as a parcel, and shows the result in the window. */
import { openOthers } from "../../wasm_build/parcels/letter_people.js";
import { inMemory } from "../../wasm_build/parcels/readable.js";
import { translate } from "../texts/texts.js";
import { addressList, saveMessage } from "./letter_parts.js";
import { ParcelChoice } from "./parcel_choice.js";
import { createSentParcelView } from "./sent_view.js";

/** @typedef {import("./letter_window.js").LetterWindow} LetterWindow */
/** @typedef {import("../../wasm_build/ui/recipients_field.js").Person} Person */
/**
 * The functions of the window that this module needs. `asksMixed` asks about people whose keys do not fit together in one mail.
 * `send` sends the letter by mail to the people that `isWanted` selects. `show` replaces the letter by another view.
 * @typedef {{
 *   origin: string,
 *   asksMixed: (people: Person[], onGo: () => void) => boolean,
 *   packed: () => import("./courier.js").PackedLetter<import("./courier.js").LetterFields>,
 *   send: (isWanted: (person: Person) => boolean, agreed: import("./parcel_choice.js").Agreed) => Promise<ReplyTo<"compose.send">>,
 *   show: (view: import("./sent_view.js").SentView) => void,
 * }} LetterParcelHost
 */

export class LetterParcel {
  #translate;
  #courier;
  #window;
  #host;
  #choice;
  /** How the mail to the people outside the parcel was sent. @type {import("./bridge_choice.js").Delivery} */
  #leftBy = "raw";

  /**
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {import("./courier.js").Courier} courier
   * @param {LetterWindow} letterWindow @param {LetterParcelHost} host
   */
  constructor(translate, courier, letterWindow, host) {
    this.#translate = translate;
    this.#courier = courier;
    this.#window = letterWindow;
    this.#host = host;
    this.#choice = new ParcelChoice(translate, courier, () => letterWindow.update());
  }

  get isOffered() {
    return this.#choice.isOffered;
  }

  /** Looks again for servers that accept parcels. */
  refresh() {
    return this.#choice.refresh();
  }

  /** If a parcel avoids all obstacles, asks whether to send one. Otherwise shows the obstacles. @returns {void} */
  explain() {
    const { plan, composition } = this.#window;
    const { obstacles, letter } = plan;
    // A parcel does not avoid these obstacles, so show them.
    if (!this.#choice.solves(obstacles)) return this.#window.view.panel.focus();
    const { encrypt } = composition.values;
    if (encrypt && this.#host.asksMixed(openOthers(obstacles, composition), () => this.explain())) return;
    const { sender, bridge, sending, drafts } = this.#window;
    const { options: { receipt, lasting, label }, attached } = composition;
    sending.say("");
    this.#choice.ask(obstacles, composition, {
      from: letter.address, signer: sender.identity?.fingerprint ?? "", sign: letter.sign, encrypt, deliver: bridge.deliver,
      mayBeClear: letter.leaving?.kind !== "refused",
      hasStatements: receipt || lasting || label !== "",
      files: [
        ...attached.files.map(({ name, data }) => ({ name, data: inMemory(data) })), ...attached.large.map(({ name, file }) => ({ name, data: file })),
      ],
      compose: () => this.#courier.parcelMessage({ ...this.#host.packed(), attachments: [] }),
      prepareSending: async ({ anew }) => {
        await drafts.keepNow();
        await this.#courier.deleteDraftBeforeSending(drafts.id, { anew });
      },
      sendOthers: (isOther, agreed) => this.#sendOthers(isOther, agreed),
      onUnencrypted: () => void sending.submit({ isClear: true }),
      onSent: (way, others, delivered) => this.#sent({ way, letter: { ...letter, people: others }, delivered }),
      onLeft: (end) => this.#left(end),
    });
  }

  /** @param {(person: Person) => boolean} isOther @param {import("./parcel_choice.js").Agreed} agreed */
  async #sendOthers(isOther, agreed) {
    this.#leftBy = this.#window.bridge.deliver;
    const delivered = await this.#host.send(isOther, agreed);
    delivered.files.forEach(saveMessage);
    return delivered;
  }

  /** @param {import("./sent_view.js").SentParcel} parcel @returns {() => void} */
  #sent(parcel) {
    const { sending, password, drafts, view } = this.#window;
    view.remembering.keep("parcel");
    sending.settle();
    password.forget();
    // As after a mail, the draft stays while the person still has to send the message in the webmail.
    const isHandedOver = Boolean(parcel.delivered?.problem);
    if (!isHandedOver) void drafts.end().catch(() => {});
    return () => this.#host.show(createSentParcelView(this.#translate, parcel, {
      deliver: this.#leftBy, origin: this.#host.origin, isHandedOver, onClose: () => void this.#courier.close(),
    }));
  }

  /** @param {{hasBegun: boolean, reached: Person[]}} end `reached` are the people who got the letter by mail */
  #left({ hasBegun, reached }) {
    const { sending } = this.#window;
    this.#window.update();
    if (reached.length) sending.say(translate("parcel_left_others", { who: addressList(reached.map(({ address }) => address)) }));
    else if (hasBegun) sending.say(translate("parcel_left"));
    sending.button.focus();
  }
}
