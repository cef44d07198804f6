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
  const closing = people.filter((person) => isByPassword(person) || isByKem(person));
  const others = people.filter((person) => person.finding?.readiness === "ready" && !isByKem(person));
  return closing.length > 0 && others.length > 0 ? { closing, others } : null;
}

/** @param {Person} person */
function isByPassword({ finding }) {
  return finding?.readiness === "password";
}

/** @param {Person} person */
function isByKem({ finding }) {
  return finding?.readiness === "ready" && finding.check.isKem;
}

/** The sentence for people who close a message by passwords, by ML-KEM keys or by both. @param {Person[]} closing */
function meaningKey(closing) {
  if (closing.every(isByPassword)) return "mixed_meaning_password";
  return closing.every(isByKem) ? "mixed_meaning_kem" : "mixed_meaning";
}

/** Asks once for the same readers. */
export class MixQuestion {
  #translate;
  #onKeep;
  #agreed = "";

  /** @param {import("./catalogue.js").Catalogue} translate @param {() => void} onKeep leads to the recipients */
  constructor(translate, onKeep) {
    this.#translate = translate;
    this.#onKeep = onKeep;
  }

  /**
   * Asks if the person has not agreed to this mix.
   * @param {Person[]} people of one message @param {() => void} onGo @returns {boolean} whether the person is asked
   */
  asks(people, onGo) {
    const mix = findMix(people);
    if (!mix) return false;
    const translate = this.#translate;
    const [closing, others] = [mix.closing, mix.others].map((group) => listOf(group.map(({ address }) => address), translate));
    const asked = `${closing} ${others}`;
    if (asked === this.#agreed) return false;
    ask({
      title: translate("mixed_question"), meaning: translate(meaningKey(mix.closing), { closing, others }),
      keep: translate("mixed_keep"), go: translate("mixed_go"), test: "mixed-confirm", onKeep: this.#onKeep,
      onGo: () => {
        this.#agreed = asked;
        onGo();
      },
    });
    return true;
  }
}
