/**
 * The note above an answer to the mail of a service. Such an answer is addressed to nobody. If the mail is the reply to a
 * parcel from this person, the note offers the people who got the parcel.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { listOf } from "../../../../wasm_build/ui/formats.js";
import { serviceNote } from "../../../../wasm_build/ui/service_note.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../parcels/parcel_requests.js").ParcelLimits} ParcelLimits */
/** @typedef {import("../../app/api.js").BridgeApi} BridgeApi */
/** @typedef {{translate: Catalogue, parcels: ParcelLimits | null, api: BridgeApi}} ServiceNoteServices */
/** @typedef {import("../../parcels/parcel_requests.js").SentParcel} SentParcel */

const MOST_PAGES = 20;

/**
 * @param {ServiceNoteServices} services
 * @param {import("../../../../wasm_build/writing/letter_view.js").LetterView} view
 * @param {import("./writing_view.js").Proposal} proposal
 */
export function noteService(services, view, { service, to, parcelLine = "" }) {
  // Without a service, or with a recipient, the answer goes to a person, and there is no note.
  if (!service || to.length > 0) return;
  const { translate } = services;
  const words = serviceNote(translate, service);
  if (service !== "parcel-reply" || !services.parcels) return view.note("service", words);
  const line = view.recipients.to;
  const acts = html(
    "div", { class: "actions" },
    html("a", { class: "button", href: "#/parcels", text: translate("sent_parcels"), data: { test: "service-parcels" } }),
  );
  view.note("service", words, acts);
  const offer = (/** @type {SentParcel | null} */ parcel) => {
    if (!parcel) return;
    const people = parcel.to.map(({ address }) => address);
    acts.prepend(html("button", {
      type: "button", text: translate("reply_to_parcel_people", { who: listOf(people, translate), reference: parcel.reference }),
      data: { test: "service-people" },
      on: { click: () => { people.forEach((address) => line.add({ name: "", address })); view.note("service"); line.focus(); } },
    }));
  };
  // If the bridge does not answer, the note has only the link to the list of parcels.
  void findParcel(services, parcelLine).then(offer, () => {});
}

/**
 * The parcel of this person whose reference is in the first line of the reply. That line came encrypted, so nobody on the
 * way can have put another parcel's reference there.
 * @param {ServiceNoteServices} services
 * @param {string} parcelLine
 */
async function findParcel({ api }, parcelLine) {
  const words = new Set(parcelLine.match(/[A-Z0-9]+(?:-[A-Z0-9]+)*/gu) ?? []);
  let next;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await api.parcels.list(next);
    const parcel = answer.parcels.find(({ reference }) => words.has(reference));
    if (parcel || !answer.next) return parcel ?? null;
    next = answer.next;
  }
  return null;
}
