/** The part of the keys' view about recovery by officers, and about an administrator's changes to the account. */

import { groupFingerprint } from "../../../../wasm_build/ui/changed_certificate.js";
import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { isolate, longDate } from "../../../../wasm_build/ui/formats.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {{sentenceFor: SentenceFor, translate: Catalogue}} RecoveryServices */
/** @typedef {import("../../../../wasm_build/vault/account/key_account.js").KeyAccount} KeyAccount */
/** @typedef {import("../../../../wasm_build/vault/types/account.js").Recovery} Recovery */
/** @typedef {import("../../../../wasm_build/vault/types/account.js").RecoveryCase} RecoveryCase */
/** @typedef {import("../../../../wasm_build/vault/types/account.js").RecoveryPolicy} RecoveryPolicy */

const MILLISECONDS = 1_000;

/**
 * Returns the part, which is empty without an organisation.
 * @param {RecoveryServices} services
 * @param {KeyAccount} account
 * @returns {{element: HTMLElement, clear: () => void}}
 */
export function createRecovery(services, account) {
  const failure = problem("recovery-error");
  const element = html("div", { class: "stack", data: { test: "recovery" } }, failure);
  account.ask("recovery").then(
    ({ recovery }) => element.append(...sentences(services.translate, recovery), ...policies(services.translate, recovery)),
    (error) => { failure.textContent = services.sentenceFor(error); },
  );
  return { element, clear() {} };
}

/** @param {Catalogue} translate @param {Recovery} recovery */
function sentences(translate, recovery) {
  const texts = [
    ...recovery.cases.map((recoveryCase) => caseSentence(translate, recoveryCase)),
    recovery.mustRenew ? translate("recovery_renew") : "",
    recovery.hasFirstPassphrase ? translate("recovery_first_passphrase") : "",
  ];
  return texts.filter(Boolean).map((text) => html("p", { class: "notice", role: "note", text }));
}

/** @param {Catalogue} translate @param {RecoveryCase} recoveryCase */
function caseSentence(translate, recoveryCase) {
  return translate(recoveryCase.opened ? "recovery_case_opened" : "recovery_case", {
    recipient: isolate(recoveryCase.recipient),
    person: isolate(recoveryCase.asked_by),
    date: longDate(new Date(recoveryCase.asked * MILLISECONDS).toISOString()),
    reason: isolate(recoveryCase.reason),
    approved: recoveryCase.approved_by.length,
    needed: recoveryCase.needed,
  });
}

/** @param {Catalogue} translate @param {Recovery} found */
function policies(translate, { confirmed, offered, leftOut }) {
  /** @param {RecoveryPolicy} policy @param {string} title @param {string} meaning */
  const draw = (policy, title, meaning) => html(
    "details", { class: "details", data: { test: title } },
    html("summary", { text: translate(title, { needed: policy.needed, total: policy.officers.length }) }),
    html("p", { text: translate(meaning, { organisation: isolate(policy.organisation) }) }),
    html("ul", {}, ...policy.officers.map(({ name, fingerprint }) => html(
      "li", {}, html("div", { dir: "auto", text: name }), html("div", { class: "fingerprint", dir: "ltr", text: groupFingerprint(fingerprint) }),
    ))),
  );
  /** @type {HTMLElement[]} */
  const drawn = [
    ...(confirmed ? [draw(confirmed, "recovery_on", "recovery_on_meaning")] : []),
    ...(offered ? [draw(offered, "recovery_offered", "recovery_offered_meaning")] : []),
  ];
  return drawn.length > 0 && leftOut > 0 ? [...drawn, html("p", { text: translate("recovery_left_out") })] : drawn;
}
