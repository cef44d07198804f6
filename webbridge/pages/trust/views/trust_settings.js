/** The settings of trust: the certificates that the person has accepted, and what the operator trusts. */

import { createFacts } from "../../../../wasm_build/ui/facts.js";
import { html, problem, sentenceNodes } from "../../../../wasm_build/ui/dom.js";
import { groupFingerprint } from "../../../../wasm_build/ui/changed_certificate.js";
import { showCertificate } from "../certificate_dialog.js";
import { dayOnly, listOf, technical } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { certificateFacts } from "../certificate_facts.js";
import { createKeeping } from "./keeping_note.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {import("./keeping_note.js").Change} Change */
/**
 * @typedef {{
 *   translate: Catalogue, sentenceFor: SentenceFor, announce: Announce, mailVault: MailVault, trust: TrustKeeper,
 * } & Parameters<typeof createKeeping>[0] & Parameters<typeof showCertificate>[0]} TrustServices
 */
/** @typedef {import("../../keys/mail_vault.js").Authority} Authority */
/** @typedef {import("../../keys/mail_vault.js").Decision} Decision */

/**
 * The certificates that the person accepted, and the authorities that the operator trusts, drawn after the answer of the vault.
 * @param {TrustServices} services
 * @returns {{accepted: HTMLElement, operator: HTMLElement, close: () => void}}
 */
export function createTrustSettings(services) {
  const { kept, trust, mailVault } = services;
  const failure = problem("trust-error");
  const body = html("div", { class: "stack" });
  const accepted = html("div", { class: "stack" }, failure, body);
  const operator = html("div", { class: "stack" });
  let drawn = "";
  const draw = async () => {
    const { decisions, people: _, ...ofOperator } = await mailVault.describeTrust();
    const shown = JSON.stringify([decisions, ofOperator, kept.keeping, String(kept.problem), trust.operator, trust.following, trust.isNewlyFollowed]);
    // After most changes of the kept state nothing here differs. The focus and the open details then stay.
    if (shown === drawn) return;
    drawn = shown;
    body.replaceChildren(createKeeping(services, change), createDecisions(services, decisions, change));
    operator.replaceChildren(createOperator(services, ofOperator, redraw));
  };
  const fail = (/** @type {unknown} */ error) => { failure.textContent = services.sentenceFor(error); };
  const redraw = () => draw().catch(fail);
  /** @type {Change} */
  const change = async (act, sentence) => {
    failure.textContent = "";
    await act().then(redraw).then(() => services.announce(sentence), fail);
    // The button that had the focus was removed with its card.
    /** @type {HTMLElement | null} */ (body.querySelector("h2"))?.focus();
  };
  void redraw();
  kept.addEventListener("change", redraw);
  return { accepted, operator, close: () => kept.removeEventListener("change", redraw) };
}

/**
 * @param {TrustServices} services
 * @param {Decision[]} decisions
 * @param {Change} change
 */
function createDecisions(services, decisions, change) {
  const { translate } = services;
  const cards = decisions.map((decision) => createDecision(services, decision, change));
  return html(
    "section",
    { class: "stack", data: { test: "decisions" } },
    html("h2", { tabindex: -1, text: translate("decisions_heading") }),
    html("p", { class: "field-hint", text: translate("decisions_meaning") }),
    cards.length > 0 ? html("ul", { class: "cards" }, ...cards) : html("p", { class: "empty", text: translate("decisions_none") }),
  );
}

/**
 * @param {TrustServices} services
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
 * @param {TrustServices} services
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
 * @param {TrustServices} services
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
 * @param {TrustServices} services
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

/** @param {TrustServices} services @param {Decision} decision @param {Change} change */
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
