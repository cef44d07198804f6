/** Lists of facts: terms with their values. */

import { groupFingerprint } from "./changed_certificate.js";
import { html } from "./dom.js";

/**
 * A list of facts. Facts with an empty value are unknown and left out.
 * @param {(readonly [term: string, value: string])[]} facts
 * @param {readonly [term: string, fingerprint: string]} [compared] a fingerprint for people to compare
 */
export function createFacts(facts, compared) {
  const known = facts.filter(([, value]) => value !== "");
  return html(
    "dl",
    { class: "facts" },
    ...known.flatMap(([term, value]) => [html("dt", { text: term }), html("dd", { dir: "auto", text: value })]),
    ...(compared ? [
      html("dt", { text: compared[0] }), html("dd", { class: "fingerprint", dir: "ltr", text: groupFingerprint(compared[1]) }),
    ] : []),
  );
}
