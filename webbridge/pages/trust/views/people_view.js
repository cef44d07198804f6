/** The view "People and trust": the person's contacts, groups and accepted certificates, and the operator's anchors. */

import { createFacts } from "../../../../wasm_build/ui/facts.js";
import { html, problem, sentenceNodes } from "../../../../wasm_build/ui/dom.js";
import { groupFingerprint } from "../../../../wasm_build/ui/changed_certificate.js";
import { createClearChoices } from "./clear_choices_list.js";
import { createGroups, openGroup } from "./group_cards.js";
import { PeopleCards } from "./people_cards.js";
import { createPeopleImport } from "./people_import.js";
import { showCertificate } from "../certificate_dialog.js";
import { dayOnly, listOf, technical } from "../../../../wasm_build/ui/formats.js";
import { isKeepingTrouble } from "../kept_trust.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { certificateFacts } from "../certificate_facts.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("./people_import.js").PeopleImportServices} PeopleImportServices */
/** @typedef {import("./people_cards.js").PeopleCardServices} PeopleCardServices */
/** @typedef {import("./clear_choices_list.js").ClearChoicesServices} ClearChoicesServices */
/** @typedef {import("./group_cards.js").GroupServices} GroupServices */
/**
 * @typedef {{
 *   translate: Catalogue, mailPath: () => string, sentenceFor: SentenceFor, announce: Announce, kept: KeptTrust,
 *   mailVault: MailVault, trust: TrustKeeper,
 * } & PeopleImportServices & PeopleCardServices & GroupServices & ClearChoicesServices} PeopleServices
 */
/** @typedef {import("../../keys/mail_vault.js").Authority} Authority */
/** @typedef {import("../../keys/mail_vault.js").Decision} Decision */

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
    html("div", { class: "actions" }, html("a", { class: "button", href: `#${services.mailPath()}`, text: translate("to_the_mail") })),
  );

  const fail = (/** @type {unknown} */ error) => { failure.textContent = services.sentenceFor(error); };
  const draw = createDrawing(services, body, { change: (remove, sentence) => change(remove, sentence).catch(fail), redraw: () => redraw() });
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

/** @typedef {(remove: () => Promise<void>, said: string) => Promise<void>} Change */

/**
 * @param {PeopleServices} services
 * @param {HTMLElement} body
 * @param {{change: Change, redraw: () => Promise<void>}} actions
 */
function createDrawing(services, body, { change, redraw }) {
  let drawn = "";
  const cards = new PeopleCards(services, { change, onGroup: (members, onSaved) => openGroup(services, change, { members }, onSaved) });
  return async () => {
    const { people, decisions, ...operator } = await services.mailVault.describeTrust();
    const { kept, trust } = services;
    const { groups } = trust.book;
    const shown = JSON.stringify([
      people, groups, decisions, operator, kept.keeping, String(kept.problem), trust.operator, trust.following, trust.isNewlyFollowed,
      services.clear.list,
    ]);
    // This function runs after every change of the kept state. If the shown data is the same, nothing is drawn. The focus
    // and the open details then stay.
    if (shown === drawn) return;
    drawn = shown;
    body.replaceChildren(
      createKeeping(services, change),
      cards.draw(people),
      createGroups(services, groups, change),
      createClearChoices(services),
      createDecisions(services, decisions, change),
      createOperator(services, operator, redraw),
    );
  };
}

/**
 * @param {PeopleServices} services
 * @param {Decision[]} decisions
 * @param {Change} change
 */
function createDecisions(services, decisions, change) {
  const { translate } = services;
  const cards = decisions.map((decision) => createDecision(services, decision, change));
  return html(
    "section",
    { class: "stack", data: { test: "decisions" } },
    html("h2", { text: translate("decisions_heading") }),
    html("p", { class: "field-hint", text: translate("decisions_meaning") }),
    cards.length > 0 ? html("ul", { class: "cards" }, ...cards) : html("p", { class: "empty", text: translate("decisions_none") }),
  );
}

/**
 * The sentence that says whether contacts and decisions are kept after the session, and the reason if not.
 * @param {PeopleServices} services
 * @param {Change} change
 */
function createKeeping(services, change) {
  const { translate, kept } = services;
  const { keeping } = kept;
  const sentence = translate(`trust_${keeping.replace("-", "_")}`);
  if (!isKeepingTrouble(keeping)) {
    return html("p", { class: "field-hint", text: sentence, data: { test: "keeping", keeping } });
  }
  const paragraph = problem("keeping-problem");
  paragraph.textContent = keeping === "unreadable" ? `${sentence} ${whyUnreadable(services)}` : sentence;
  const anew = html("button", {
    type: "button", text: translate("trust_begin_anew"), data: { test: "begin-anew" },
    on: { click: () => void change(() => kept.beginAnew(), translate("trust_begun_anew")) },
  });
  return html(
    "div", { class: "stack", data: { test: "keeping", keeping } },
    paragraph, keeping === "unreadable" ? html("div", { class: "actions" }, anew) : null,
  );
}

/** @param {PeopleServices} services */
function whyUnreadable({ kept, translate }) {
  const code = kept.problem instanceof Error && "code" in kept.problem ? kept.problem.code : "";
  if (code === "trust-state-older") return translate("trust_is_older");
  if (code === "trust-state-refused" || code === "no-matching-recipient") return translate("trust_is_foreign");
  return translate("trust_is_damaged");
}

/**
 * @param {PeopleServices} services
 * @param {{authorities: Authority[], timestampServices: Authority[]}} operator
 * @param {() => Promise<void>} draw
 */
function createOperator(services, { authorities, timestampServices }, draw) {
  const { translate, trust } = services;
  const { mozilla, revocation = "required" } = { ...trust.operator, ...revocationOfList(trust.following) };
  const isListed = Boolean(trust.following?.list);
  const none = !isListed && !mozilla && authorities.length === 0 ? translate("operator_none") : null;
  return html(
    "section",
    { class: "stack", data: { test: "operator" } },
    html("h2", { text: translate("operator_heading") }),
    isListed || none ? null : html("p", { text: translate("operator_meaning") }),
    none && html("p", { class: "empty", text: none }),
    createAuthorities(services, authorities, "operator-authority"),
    timestampServices.length > 0 ? html("p", { text: translate("operator_timestamps") }) : null,
    createAuthorities(services, timestampServices, "operator-timestamps"),
    mozilla && html("p", { text: translate("operator_mozilla") }),
    html("p", { text: translate(`operator_revocation_${revocation.replace("-", "_")}`) }),
    trust.following && createFollowedList(services, trust.following, draw),
  );
}

/**
 * @param {PeopleServices} services
 * @param {Authority[]} authorities
 * @param {string} test
 */
function createAuthorities(services, authorities, test) {
  const { translate } = services;
  const cards = authorities.map(({ certificate, subject, notAfter, fingerprint }) => html(
    "li",
    { class: "card", data: { test } },
    html("h3", { class: "card-title", dir: "auto", text: subject }),
    html("p", { text: translate("valid_until", { date: dayOnly(notAfter) }) }),
    html("p", { class: "fingerprint", dir: "ltr", text: groupFingerprint(fingerprint) }),
    html("div", { class: "actions" }, html("button", {
      type: "button", text: translate("details"), "aria-label": translate("operator_details", { name: subject }),
      data: { test: `${test}-details` }, on: { click: () => void showCertificate(services, certificate) },
    })),
  ));
  return cards.length > 0 ? html("ul", { class: "cards" }, ...cards) : null;
}

/** @param {import("../../../../wasm_build/vault/server/trust.js").Following | null} following */
function revocationOfList(following) {
  return following?.list ? { revocation: following.list.revocation } : {};
}

/**
 * The card of the organisation's trust list: its signer, expiry, and anchors. The person cannot change them.
 * @param {PeopleServices} services
 * @param {import("../../../../wasm_build/vault/server/trust.js").Following} following
 * @param {() => Promise<void>} draw
 */
function createFollowedList(services, { list, operator, problems }, draw) {
  const { translate, trust } = services;
  return html(
    "div",
    { class: "card stack", data: { test: "followed-list" } },
    html("h3", { class: "card-title", dir: "auto", text: list ? list.name : translate("list_none_counts") }),
    ...problems.map(({ code, message }) => html("p", { class: "problem", role: "alert" }, ...sentenceNodes(
      translate(code === "another-operator" ? "list_of_another" : "list_refused", { text: technical(message) }),
    ))),
    ...(list ? describeList(translate, list) : []),
    operator && trust.isNewlyFollowed ? html("p", { data: { test: "newly-followed" }, text: translate("list_new") }) : null,
    createListActions(services, operator, draw),
  );
}

/**
 * @param {Catalogue} translate
 * @param {import("../../../../wasm_build/vault/server/trust.js").TrustList} list
 */
function describeList(translate, { operator, serialNumber, expires, anchors }) {
  const named = anchors.map(({ certificate, addresses }) => html("li", {
    dir: "auto",
    text: addresses.length > 0
      ? translate("list_anchor_for", { name: certificate.name, addresses: listOf(addresses, translate) })
      : certificate.name,
  }));
  return [
    html("p", { text: translate("list_signed_by", { name: operator.name, number: String(serialNumber), date: dayOnly(expires) }) }),
    html("p", { class: "fingerprint", dir: "ltr", text: groupFingerprint(operator.fingerprint) }),
    html("details", {}, html("summary", { text: translate("list_anchors", { count: anchors.length }) }), html("ul", {}, ...named)),
  ];
}

/**
 * @param {PeopleServices} services
 * @param {ArrayBuffer | null} operator
 * @param {() => Promise<void>} draw
 */
function createListActions(services, operator, draw) {
  const { translate, trust } = services;
  const stop = () => {
    trust.stopFollowing();
    services.announce(translate("list_stopped"));
    void draw();
  };
  return html(
    "div",
    { class: "actions" },
    operator && html("button", {
      type: "button", text: translate("list_signer"), data: { test: "list-signer" },
      on: { click: () => void showCertificate(services, operator) },
    }),
    html("button", {
      type: "button", text: translate("list_stop"), data: { test: "list-stop" }, on: {
        click: () => ask({
          title: translate("list_stop_title"), meaning: translate("list_stop_meaning"), keep: translate("list_stop_not"),
          go: translate("list_stop"), test: "list-stop-go", onGo: stop,
        }),
      },
    }),
  );
}

/** @param {PeopleServices} services @param {Decision} decision @param {Change} change */
function createDecision({ translate, mailVault }, decision, change) {
  const { kind, acceptedFor, acceptedAt, fingerprint } = decision;
  const name = decision.name || decision.subject;
  return html(
    "li",
    { class: "card", data: { test: "decision" } },
    html("h3", { class: "card-title", dir: "auto", text: name }),
    html("p", { text: translate(`decision_${kind}`, { addresses: listOf(acceptedFor, translate), date: dayOnly(acceptedAt) }) }),
    html("details", {}, html("summary", { text: translate("details") }), createFacts(certificateFacts(translate, decision))),
    html("div", { class: "actions" }, html("button", {
      type: "button", text: translate("remove"), "aria-label": translate("remove_named", { name }), data: { test: "decision-remove" },
      on: { click: () => void change(() => mailVault.takeBack(fingerprint), translate("decision_removed", { name })) },
    })),
  );
}
