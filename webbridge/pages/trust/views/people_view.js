/** The view "People": the person's contacts and groups. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { createGroups, openGroup } from "./group_cards.js";
import { PeopleCards } from "./people_cards.js";
import { createPeopleImport } from "./people_import.js";
import { createKeeping } from "./keeping_note.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("./people_import.js").PeopleImportServices} PeopleImportServices */
/** @typedef {import("./people_cards.js").PeopleCardServices} PeopleCardServices */
/** @typedef {import("./group_cards.js").GroupServices} GroupServices */
/**
 * @typedef {{
 *   translate: Catalogue, mailPath: () => string, sentenceFor: SentenceFor, announce: Announce, kept: KeptTrust,
 *   mailVault: MailVault, trust: TrustKeeper,
 * } & PeopleImportServices & PeopleCardServices & GroupServices} PeopleServices
 */
/** @typedef {import("./keeping_note.js").Change} Change */

/**
 * @param {PeopleServices} services
 * @returns {View}
 */
export function createPeopleView(services) {
  const { translate } = services;
  const heading = html("h1", { tabindex: -1, text: translate("people_title") });
  const failure = problem("people-error");
  const body = html("div", { class: "stack" });
  // Outside of `body`, so that the result of an import stays when the body is drawn again.
  const adding = createPeopleImport(services, { onAdded: () => redraw() });
  const element = html(
    "div",
    { class: "narrow stack", data: { test: "people-view" } },
    heading, failure, body, adding,
    html("div", { class: "actions" }, html("a", { class: "button", href: "#/settings/people", text: translate("people_settings"), data: { test: "people-settings" } })),
  );

  const fail = (/** @type {unknown} */ error) => { failure.textContent = services.sentenceFor(error); };
  const draw = createDrawing(services, body, (remove, sentence) => change(remove, sentence).catch(fail));
  const redraw = () => draw().catch(fail);

  /** @type {Change} */
  async function change(remove, sentence) {
    failure.textContent = "";
    await remove();
    await redraw();
    services.announce(sentence);
    // The button that had the focus was removed with its card.
    heading.focus();
  }

  void redraw();
  services.kept.addEventListener("change", redraw);
  return { element, heading, close: () => services.kept.removeEventListener("change", redraw), titleKey: "people_title" };
}

/**
 * @param {PeopleServices} services
 * @param {HTMLElement} body
 * @param {Change} change
 */
function createDrawing(services, body, change) {
  let drawn = "";
  const cards = new PeopleCards(services, { change, onGroup: (members, onSaved) => openGroup(services, change, { members }, onSaved) });
  return async () => {
    const { people } = await services.mailVault.describeTrust();
    const { kept, trust } = services;
    const { groups } = trust.book;
    const shown = JSON.stringify([people, groups, kept.keeping, String(kept.problem)]);
    // This function runs after every change of the kept state. If the shown data is the same, nothing is drawn. The focus
    // and the open details then stay.
    if (shown === drawn) return;
    drawn = shown;
    body.replaceChildren(createKeeping(services, change), cards.draw(people), createGroups(services, groups, change));
  };
}
