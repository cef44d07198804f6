/**
 * Steps with the account at a key server. A login may wait for a second factor. The step then returns a demand for the
 * factor as its progress, and the page with keys asks the person. The step continues when the page has sent the right
 * code. The message contains the code unencrypted, because the code works only once and only for this login.
 */
import { RequestError } from "../../shared/messages.js";
import { inTurn } from "../browser/turns.js";

/** @typedef {import("../../../wasm_build/vault/types/account.js").FactorDemand} FactorDemand */
/** @template T @typedef {{demand: FactorDemand} | {demand: null, value: T}} Progress `value`: the result of the whole step */
/** @typedef {{prove: (proof: object) => Promise<object>, resolve: (answer: object) => void, reject: (error: unknown) => void}} Waiting */
/** @typedef {{done: Promise<unknown>, tell: (demand: FactorDemand) => void, waiting: Waiting | null}} Step */

/** The step that runs now. @type {Step | null} */
let current = null;

/**
 * Runs a step after all earlier steps have ended. Cancels an earlier step that waits for the person, since its page may
 * be closed.
 * @template T
 * @param {string} turn
 * @param {() => Promise<T>} act
 * @returns {Promise<Progress<T>>}
 */
export function run(turn, act) {
  cancel();
  /** @type {Step} */
  const step = { done: Promise.resolve(), tell: () => {}, waiting: null };
  step.done = inTurn(turn, () => {
    current = step;
    return act().finally(() => { current = null; });
  });
  return /** @type {Promise<Progress<T>>} */ (next(step));
}

/** Asks the page that started the step for the factor. @type {import("../../../wasm_build/vault/types/account.js").AskFactor} */
export function askPage(demand, prove) {
  return new Promise((resolve, reject) => {
    if (!current) return reject(new RequestError("factor-cancelled"));
    current.waiting = { prove, resolve, reject };
    current.tell(demand);
  });
}

/**
 * Gives the typed code to the login that waits. Rejects with `factor-refused` for a wrong code; the person may then
 * type another code.
 * @param {{code: string}} body
 * @returns {Promise<Progress<unknown>>} of the step that waited
 */
export async function prove({ code }) {
  const step = current;
  if (!step?.waiting) throw new RequestError("factor-cancelled");
  const { waiting } = step;
  waiting.resolve(await waiting.prove({ kind: "totp", code }));
  step.waiting = null;
  return next(step);
}

/** Ends the waiting step, which then rejects with `factor-cancelled`. */
export function cancel() {
  current?.waiting?.reject(new RequestError("factor-cancelled"));
}

/** @param {Step} step @returns {Promise<Progress<unknown>>} */
function next(step) {
  const demanded = new Promise((resolve) => { step.tell = (demand) => resolve({ demand }); });
  return Promise.race([demanded, step.done.then((value) => ({ demand: null, value }))]);
}
