/**
 * The question before a message that Thunderbird cannot open because its readers have different kinds of keys. Thunderbird opens
 * no message that is encrypted for its reader's certificate and also for a password or an ML-KEM key.
 */
import { listOf } from "./formats.js";
import { ask } from "./ask.js";

/** @typedef {import("./recipients_field.js").Person} Person */

/**
 * The people whose kind of key makes a message unreadable in Thunderbird, and the people who cannot read it then; null if there
 * is no mix.
 * @param {Person[]} people
 */
function findMix(people) {
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

/** The sentence about people with passwords, people with ML-KEM keys, or both kinds of people. @param {Person[]} closing */
function meaningKey(closing) {
  if (closing.every(isByPassword)) return "mixed_meaning_password";
  return closing.every(isByKem) ? "mixed_meaning_kem" : "mixed_meaning";
}

/** Asks about the same readers only until the person agrees. */
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
    const readers = `${closing} ${others}`;
    if (readers === this.#agreed) return false;
    ask({
      title: translate("mixed_question"), meaning: translate(meaningKey(mix.closing), { closing, others }),
      keep: translate("mixed_keep"), go: translate("mixed_go"), test: "mixed-confirm", onKeep: this.#onKeep,
      onGo: () => {
        this.#agreed = readers;
        onGo();
      },
    });
    return true;
  }
}
