/**
 * The question before a message that its mix of readers closes to Thunderbird: it opens none that has a password or an ML-KEM
 * key beside its reader's certificate.
 */
import { listOf } from "./formats.js";
import { ask } from "./parts.js";

/** @typedef {import("./recipients_field.js").Person} Person */

/**
 * The people of one message whose kind of key closes it, and the others; null if it is no mix.
 * @param {Person[]} people
 */
export function findMix(people) {
  const closing = people.filter(({ finding }) => finding?.readiness === "password" || (finding?.readiness === "ready" && finding.check.isKem));
  const others = people.filter(({ finding }) => finding?.readiness === "ready" && !finding.check.isKem);
  return closing.length > 0 && others.length > 0 ? { closing, others } : null;
}

/** Asks once for the same readers. */
export class MixQuestion {
  #translate;
  #agreed = "";

  /** @param {import("./catalogue.js").Catalogue} translate */
  constructor(translate) {
    this.#translate = translate;
  }

  /**
   * Asks if the person has not agreed to this mix.
   * @param {Person[]} people of one message @param {() => void} onGo @returns {boolean} whether the person is asked
   */
  asks(people, onGo) {
    const mix = findMix(people);
    if (!mix) return false;
    const [closing, others] = [mix.closing, mix.others].map((group) => listOf(group.map(({ address }) => address), this.#translate));
    const asked = `${closing} ${others}`;
    if (asked === this.#agreed) return false;
    ask({
      title: this.#translate("mixed_question"), meaning: this.#translate("mixed_meaning", { closing, others }),
      keep: this.#translate("mixed_keep"), go: this.#translate("mixed_go"), test: "mixed-confirm",
      onGo: () => {
        this.#agreed = asked;
        onGo();
      },
    });
    return true;
  }
}
