/**
 * An operation at the key server, step by step. The vault says what to send or ask next
 * (`vault/python/roaming_steps.py`).
 */

import { overwrite } from "../memory/cleanup.js";
import { ApiError } from "../server/json_requests.js";

/** @import {Answers, AskFactor, AskReset, Sealing, Step} from "../types/account.js" */
/**
 * `take` is called with each step, before the next step.
 * @typedef {{
 *   vault: () => Promise<import("../storage/session.js").Caller>, seal: Sealing, server: import("./key_server.js").KeyServer, user: string,
 *   askFactor?: AskFactor, askReset?: AskReset, take: (step: Step) => Promise<void>,
 * }} Setting
 */

/**
 * @param {Setting} setting @param {string} verb @param {object} members
 * @param {Answers} answers to the questions of the operation
 * @returns {Promise<any>} the result
 */
export async function operate(setting, verb, members, answers) {
  const operation = new Operation(setting, answers);
  try {
    const { result, code } = await operation.run(verb, members);
    return code ? { ...result, code } : result;
  } catch (error) {
    // The vault passes on only the code and the text of the server's error.
    const { refusal } = operation;
    throw refusal && error instanceof Error && "code" in error && error.code === refusal.code ? refusal : error;
  }
}

class Operation {
  #setting;
  #answers;
  #ended;
  /** The latest refusal of the server. @type {ApiError | null} */
  refusal = null;

  /** @param {Setting} setting @param {Answers} answers */
  constructor(setting, answers) {
    this.#setting = setting;
    this.#answers = answers;
    this.#ended = setting.seal.ended;
  }

  /** @param {string} verb @param {object} members */
  async run(verb, members) {
    let step = await this.#call(verb, members);
    while (step.state) {
      if (step.question?.kind === "factor") step = await this.#prove(step);
      else if (step.question) step = await this.#answer(step, await this.#findAnswer(step.question));
      else step = await this.#exchange(step);
    }
    return step;
  }

  /**
   * Sends the call of a step. After the last call of an operation the vault need not be asked again.
   * @param {Step} step @returns {Promise<Step>}
   */
  async #exchange(step) {
    for (const [kind, note] of Object.entries(step.notes ?? {})) await this.#answers[kind]?.(note);
    const answer = await this.#send(step);
    const isForeseen = step.then && !("refusal" in answer);
    // Overwrites a new recovery code that does not become valid. In the extension the code is encrypted.
    if ((!isForeseen || this.#ended.aborted) && step.then?.code instanceof ArrayBuffer) overwrite(step.then.code);
    if (!step.then || !isForeseen) return this.#answer(step, answer);
    if (this.#ended.aborted) throw new ApiError("locked", "the keys are locked");
    await this.#setting.take(step.then);
    return step.then;
  }

  /** @param {string} verb @param {object} members @returns {Promise<Step>} */
  async #call(verb, members) {
    const { vault, seal, user, take } = this.#setting;
    const caller = await vault();
    // After a lock the session has another key, which does not open the state.
    if (this.#ended.aborted) throw new ApiError("locked", "the keys are locked");
    const step = await caller.call(verb, { user, ...members, sealKey: seal.keyForUnlock() });
    await take(step);
    return step;
  }

  /** @param {Step} step @param {object} answer */
  #answer({ state, step }, answer) {
    return this.#call("roaming.answer", { state, step, ...answer });
  }

  /** @param {Step} step @returns {Promise<{body: ArrayBuffer} | {refusal: object}>} */
  async #send({ request }) {
    if (!request) throw new TypeError("a step without a request");
    try {
      return { body: await this.#setting.server.send(request) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refusal = error;
      const { code, message, record } = error;
      return { refusal: { code, message, ...(record && { record }) } };
    } finally {
      overwrite(request.body);
    }
  }

  /** @param {any} question */
  async #findAnswer(question) {
    const { askReset = refuse("account-reset") } = this.#setting;
    if (question.kind === "reset") await askReset(question.reset);
    return { told: (await this.#answers[question.kind]?.(question)) ?? {} };
  }

  /** Asks the person for a second factor, as often as the server allows. @param {Step} step @returns {Promise<Step>} */
  #prove(step) {
    let latest = step;
    const { askFactor = refuse("factor-needed") } = this.#setting;
    return askFactor(step.question, async (proof) => {
      const after = await this.#exchange(await this.#answer(latest, { told: proof }));
      if (after.question?.kind !== "factor") return after;
      latest = after;
      throw this.refusal;
    });
  }
}

/** @param {string} code @returns {() => Promise<any>} */
function refuse(code) {
  return async () => { throw new ApiError(code, "nobody can be asked here"); };
}
