/**
 * The rules that are checked before a letter is sent, in their order. Nothing is sent while there are obstacles. The
 * person must agree before a message leaves unencrypted that somebody could read encrypted (`leaving_clear.js`), before a
 * letter is sent that a reader's program cannot open, and before a letter is encrypted only for its writer.
 */

import { sameAddress } from "../ui/formats.js";
import { MixQuestion } from "../ui/mixed_readers.js";
import { SendingWait } from "../ui/sending_wait.js";
import { askWriterOnly } from "../ui/writer_only.js";

/** @typedef {import("../ui/recipient_line.js").Person} Person */
/**
 * `content` changes with everything that the person writes, without the files; `explain` leads the person to the
 * obstacles, or asks whether to avoid them.
 * @typedef {{
 *   composition: import("./composition.js").Composition, plan: import("./letter_plan.js").LetterPlan,
 *   protection: Pick<import("./protection_switches.js").ProtectionSwitches, "askClear">,
 *   content: () => string, explain: () => void, focusRecipients: () => void,
 * }} GatedLetter
 */

export class SendingGate {
  #translate;
  #letter;
  #mix;
  #wait;
  /** Whether the person agreed that nobody else can read the letter. */
  #isForWriterOnly = false;
  /** Whether the gate itself calls `passes` again, after a wait or an answer. */
  #isGoingOn = false;

  /** @param {import("../ui/catalogue.js").Catalogue} translate @param {GatedLetter} letter */
  constructor(translate, letter) {
    const { composition, plan, content, explain, focusRecipients } = letter;
    this.#translate = translate;
    this.#letter = letter;
    this.#mix = new MixQuestion(translate, focusRecipients);
    this.#wait = new SendingWait({
      lines: composition.lines, files: composition.attached, content, explain,
      obstacles: () => plan.blocking, warnings: () => plan.urgentWarnings,
    });
  }

  /**
   * Whether the letter can be sent now. If not, the person is led to the obstacles, or is asked a question.
   * @param {() => void} onFree called when look-ups were the only obstacles and are done, or when the person has agreed
   */
  passes(onFree) {
    const { composition, plan, protection, focusRecipients } = this.#letter;
    const goOn = () => this.#goOn(onFree);
    composition.commit();
    // A look-up that failed again after this press leads to the question, and not to a third look-up.
    if (composition.values.encrypt && !this.#isGoingOn) composition.lookUpFailed();
    if (plan.blocking.length > 0) return void this.#wait.meet(goOn);
    const { leaving, letter } = plan;
    if (leaving.kind === "ask") return protection.askClear(leaving, goOn);
    if (letter.encrypt && this.asksMixed(composition.open, onFree)) return false;
    if (this.#isForWriterOnly || !isForWriterOnly(letter)) return true;
    askWriterOnly(this.#translate, { onAdd: focusRecipients, onGo: () => {
      this.#isForWriterOnly = true;
      onFree();
    } });
    return false;
  }

  /**
   * Asks about people whose kinds of keys do not work together in one mail.
   * @param {Person[]} people @param {() => void} onGo @returns {boolean} whether the person is asked
   */
  asksMixed(people, onGo) {
    return this.#mix.asks(people, onGo);
  }

  /** @param {() => void} onFree which calls `passes` again */
  #goOn(onFree) {
    this.#isGoingOn = true;
    try {
      onFree();
    } finally {
      this.#isGoingOn = false;
    }
  }

  /** Ends a wait without sending, because the person has left the letter. */
  end() {
    this.#wait.end();
  }
}

/** Whether a letter is encrypted, and only for the writer's own certificates. @param {import("./letter_plan.js").Letter} letter */
function isForWriterOnly({ encrypt, people, ownAddresses }) {
  const isWriter = (/** @type {string} */ address) => ownAddresses.some((own) => sameAddress(own, address));
  // Anyone who learns the password can read the letter.
  return encrypt && people.every(({ address, finding }) => finding?.readiness === "ready" && isWriter(address));
}
