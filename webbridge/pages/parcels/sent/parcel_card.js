/** The card of one sent parcel. When opened, the card shows every state with its time and source, and what the sender can do. */

import { html, sentenceNodes, svg } from "../../../../wasm_build/ui/dom.js";
import { dayOnly, isolate, listOf, longDate, size, technical } from "../../../../wasm_build/ui/formats.js";
import { createActs } from "./parcel_acts.js";
import { attempt, parcelSentence } from "./parcel_errors.js";
import { codeWords, headlineOf, lookOf, speakerKey, stateKey } from "./parcel_states.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../parcel_requests.js").SentParcel} SentParcel */
/** @typedef {import("../parcel_requests.js").StateRow} StateRow */
/** @typedef {import("./parcels_sent.js").Given} Given */
/** @typedef {import("./parcel_states.js").Look} Look */

/** The number of recipients that are named. Further recipients are counted, because a parcel may have fifty. */
const NAMED_RECIPIENTS = 3;
const RING = "M12 3a9 9 0 1 0 .01 0";
/** Lines on a grid of 24 by 24. A speech bubble marks a claim, and a sheet with a tick marks a signed report. @type {Record<Look, string[]>} */
const SHAPES = {
  waiting: [RING, "M12 7v5.5l3.5 2"],
  sent: ["M3 11.5L21 4l-5 16.5-4.5-6.5z", "M11.5 14L21 4"],
  claimed: ["M3 4.5h18v12h-9l-4.5 4v-4H3z", "M8 10.5h.01", "M12 10.5h.01", "M16 10.5h.01"],
  signed: ["M5.5 3h13v18h-13z", "M8.5 7.5h7", "M8.5 15l2.5 2.5 4.5-5"],
  ended: [RING, "M7.5 12h9"],
  failed: [RING, "M12 7v6", "M12 16.5v.2"],
};

export class ParcelCard {
  #given;
  #parcel;
  #title = html("h2", { class: "card-title", tabindex: -1, dir: "auto" });
  #facts = html("div", { class: "parcel-facts" });
  #failure;
  #body = html("div", { class: "stack", "aria-busy": "true", data: { test: "sent-parcel-details" } });
  #details;

  /** @param {Given} given @param {SentParcel} parcel */
  constructor(given, parcel) {
    const { services: { translate }, parts } = given;
    const { reference } = parcel;
    this.#given = given;
    this.#parcel = parcel;
    this.#failure = parts.problem("sent-parcel-error");
    const summary = html("summary", {
      text: translate("sent_parcel_open"), "aria-label": translate("sent_parcel_open_named", { reference }), data: { test: "sent-parcel-open" },
    });
    const toggle = () => { if (this.#details.open) void this.#open(); };
    this.#details = html("details", { class: "details", on: { toggle } }, summary, this.#body);
    this.element = html(
      "li", { class: "card", data: { test: "sent-parcel", reference } }, this.#title, this.#facts, this.#failure, this.#details,
    );
    this.#draw(parcel);
  }

  focus() {
    this.#title.focus();
  }

  /** Shows the parcel as the list has it, and then its present state. */
  async #open() {
    const { services } = this.#given;
    this.#failure.textContent = "";
    this.#body.setAttribute("aria-busy", "true");
    this.#drawBody();
    try {
      const parcel = await services.api.parcels.show(this.#parcel.id);
      // The person may already be typing into a form of this card.
      if (!this.#body.contains(document.activeElement)) this.#draw(parcel);
    } catch (error) {
      this.#failure.textContent = parcelSentence(services, error);
    }
    this.#body.setAttribute("aria-busy", "false");
  }

  /** @param {SentParcel} parcel */
  #draw(parcel) {
    const { translate } = this.#given.services;
    this.#parcel = parcel;
    this.element.dataset.state = parcel.state;
    this.#title.textContent = translate("to_whom", { who: recipientsOf(translate, parcel.to.map(({ address }) => address)) });
    this.#facts.replaceChildren(...drawFacts(translate, parcel));
    if (this.#details.open) this.#drawBody();
  }

  #drawBody() {
    const acts = createActs(this.#given, this.#parcel, {
      run: (button, request, sentenceOf) => this.#run(button, request, sentenceOf),
      refuse: (sentence) => { this.#failure.textContent = sentence; },
    });
    this.#body.replaceChildren(drawStates(this.#given.services.translate, this.#parcel.states), ...acts);
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {() => Promise<SentParcel>} request
   * @param {(parcel: SentParcel) => string} sentenceOf what to tell a screen reader afterwards
   */
  async #run(button, request, sentenceOf) {
    const { services } = this.#given;
    await attempt(this.#given, { button, busy: services.translate("working"), failure: this.#failure }, async () => {
      const parcel = await request();
      this.#draw(parcel);
      services.announceHere(sentenceOf(parcel));
      // The button that had the focus was removed with its form.
      this.focus();
    });
  }
}

/** @param {Catalogue} translate @param {string[]} addresses */
function recipientsOf(translate, addresses) {
  const named = addresses.slice(0, NAMED_RECIPIENTS).map(isolate);
  const more = addresses.length - named.length;
  return listOf(more > 0 ? [...named, translate("sent_parcel_more_people", { count: more })] : named, translate);
}

/** @param {Catalogue} translate @param {SentParcel} parcel */
function drawFacts(translate, parcel) {
  const { state, by, look, isClaim, isSigned } = headlineOf(parcel);
  const word = translate(stateKey({ state, by }), { state: technical(state) });
  const sentence = isClaim ? translate("sent_parcel_claimed", { state: word })
    : isSigned ? translate("sent_parcel_signed", { state: word }) : word;
  const facts = [
    translate(parcel.kind === "message" ? "sent_parcel_message" : "files"),
    size(parcel.bytes),
    translate(state === "expired" ? "sent_parcel_ended" : "sent_parcel_until", { date: dayOnly(parcel.expires) }),
  ];
  return [
    html("p", { class: "parcel-state", data: { test: "sent-parcel-state", look } }, parcelMark(look),
      html("strong", {}, ...sentenceNodes(sentence))),
    html("p", { text: facts.join(" · ") }),
    html("p", { class: "note" }, ...sentenceNodes(translate("sent_parcel_reference", { reference: technical(parcel.reference) }))),
  ];
}

/** @param {Catalogue} translate @param {StateRow[]} states */
function drawStates(translate, states) {
  if (states.length === 0) return html("p", { class: "empty", text: translate("sent_parcel_no_states") });
  return html("ol", { class: "parcel-states", "aria-label": translate("sent_parcel_states"), data: { test: "sent-parcel-states" } }, ...states.map((row) => {
    const { state, at, by, recipient, code } = row;
    const word = translate(stateKey(row), { state: technical(state) });
    const sentences = [
      recipient ? translate("sent_parcel_recipient", { recipient: isolate(recipient) }) : "",
      translate(speakerKey(row), { by: technical(by) }),
      code ? translate(...codeWords(code, state)) : "",
    ];
    return html(
      "li", { data: { test: "sent-parcel-row", state, by } }, parcelMark(lookOf(row)),
      html(
        "div", {}, html("strong", {}, ...sentenceNodes(word)), " ", html("time", { datetime: at, text: longDate(at) }),
        html("p", {}, ...sentenceNodes(sentences.filter(Boolean).join(" "))),
      ),
    );
  }));
}

/** The mark of a state. The word of the state is always beside its mark. @param {Look} look */
function parcelMark(look) {
  return svg(
    "svg", { class: `mark mark-small parcel-mark-${look}`, viewBox: "0 0 24 24", width: 20, height: 20, "aria-hidden": "true" },
    ...SHAPES[look].map((d) => svg("path", { d, class: "mark-line" })),
  );
}
