/**
 * The sealed session. While keys are unlocked, identities are sealed under one random key. This module decides how long
 * that key may be used. Pages and extension share these rules, but keep the key in different places.
 *
 * A session ends when the person locks it, after a time without use, after a total time, when the clock is set back,
 * and when its page or browser closes. Every use checks the deadlines. A timer locks an unused session at its deadline.
 */

import { overwrite, SECRET_BUFFER_BYTES } from "../memory/cleanup.js";
import { collectBuffers } from "../rpc.js";
import { VaultError } from "../errors/vault_error.js";

/**
 * @typedef {"hand" | "idle" | "too-long" | "clock" | "left" | "asleep" | "signed-out" | "computer" | "restart" | "strict" | "elsewhere"} LockReason
 *   each reason has a sentence in the catalogue, `locked_because_…`
 */
/**
 * @typedef {{wall: number, steady: number, life: number}} Moment in milliseconds; `steady` counts from `life`, so that
 *   two values of `steady` can be compared only if `life` is the same
 */
/** @typedef {{begun: Moment, used: Moment}} Times */
/** @typedef {{begun: number, used: number}} Ages the milliseconds since an unlocking and since the last use */
/** @typedef {{idleMilliseconds: number, wholeMilliseconds: number}} Limits */
/** @typedef {{buffer: ArrayBuffer, length: number}} Secret */
/** @typedef {{call: (verb: string, args: any, options?: any) => Promise<any>}} Caller */

export const SEAL_KEY_BYTES = 32;

const MINUTE_MILLISECONDS = 60_000;
/** A session lasts 15 minutes without use, and at most 12 hours, a long working day. The bridge has the same limits. */
export const LIMITS = Object.freeze({
  idleMilliseconds: 15 * MINUTE_MILLISECONDS, wholeMilliseconds: 12 * 60 * MINUTE_MILLISECONDS,
});
/** Smaller corrections of the clock are usual and do not lock the session. */
const CLOCK_TOLERANCE_MILLISECONDS = 5_000;
/** The longest delay of a timer (HTML, "timers": a signed 32-bit integer). */
const MAX_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** @returns {Moment} */
export function readClock() {
  return { wall: Date.now(), steady: performance.now(), life: performance.timeOrigin };
}

/** @param {Moment} moment @returns {Times} */
export function beginAt(moment) {
  return { begun: moment, used: moment };
}

/**
 * The times after a use. The latest wall time is kept, so that a session does not last longer when the clock is set
 * back.
 * @param {Times} times
 * @param {Moment} moment
 * @returns {Times}
 */
export function useAt({ begun, used }, moment) {
  return { begun, used: { ...moment, wall: Math.max(used.wall, moment.wall) } };
}

/**
 * The times of a session whose ages are known, such as one that began in another tab.
 * @param {Moment} moment
 * @param {Ages} ages
 * @returns {Times}
 */
function timesAt(moment, ages) {
  const before = (/** @type {number} */ age) => ({ ...moment, wall: moment.wall - age, steady: moment.steady - age });
  return { begun: before(ages.begun), used: before(ages.used) };
}

/**
 * The time that is left until an unused session is locked.
 * @param {Times} times
 * @param {Moment} moment
 * @param {Limits} [limits]
 * @returns {number} the time in milliseconds; 0 or less if the session is over
 */
export function remaining({ begun, used }, moment, limits = LIMITS) {
  return Math.min(limits.idleMilliseconds - elapsed(used, moment), limits.wholeMilliseconds - elapsed(begun, moment));
}

/**
 * The reason why a session is over.
 * @param {Times} times
 * @param {Moment} moment
 * @param {Limits} [limits]
 * @returns {LockReason | null} null if the session is not over
 */
export function whyOver({ begun, used }, moment, limits = LIMITS) {
  if (moment.wall < used.wall - CLOCK_TOLERANCE_MILLISECONDS) return "clock";
  if (elapsed(begun, moment) >= limits.wholeMilliseconds) return "too-long";
  return elapsed(used, moment) >= limits.idleMilliseconds ? "idle" : null;
}

/**
 * The elapsed time, measured with the clock that has advanced more. The wall clock runs while the computer sleeps; the
 * steady clock cannot be set back.
 * @param {Moment} from
 * @param {Moment} to
 */
function elapsed(from, to) {
  const wall = to.wall - from.wall;
  return from.life === to.life ? Math.max(wall, to.steady - from.steady) : wall;
}

/** The event "locked", with the reason. */
export class LockedEvent extends Event {
  /** @param {LockReason} reason */
  constructor(reason) {
    super("locked");
    this.reason = reason;
  }
}

/**
 * A page's session. One buffer of this object contains the key and is overwritten at the end. Dispatches "locked" once
 * for each open session, and "used" when the person is active in it.
 */
export class SealedSession extends EventTarget {
  #limits;
  #readClock;
  /** @type {ArrayBuffer | null} */
  #key = null;
  /** The times of the open session; null while the keys are locked. @type {Times | null} */
  #times = null;
  /** Aborts the operations that use the key when the session is locked. */
  #end = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{limits?: Limits, readClock?: () => Moment}} [options] */
  constructor({ limits = LIMITS, readClock: clock = readClock } = {}) {
    super();
    this.#limits = limits;
    this.#readClock = clock;
  }

  /** Whether the key may be used now. Reading this does not count as a use. */
  get isOpen() {
    return this.#times !== null && whyOver(this.#times, this.#readClock(), this.#limits) === null;
  }

  /**
   * A copy of the key, to seal identities when they are unlocked. Makes the key if there is none.
   * @returns {Secret}
   */
  keyForUnlock() {
    this.check();
    this.#key ??= crypto.getRandomValues(new Uint8Array(new ArrayBuffer(SECRET_BUFFER_BYTES), 0, SEAL_KEY_BYTES)).buffer;
    return { buffer: this.#key.slice(0), length: SEAL_KEY_BYTES };
  }

  /** A signal that aborts when this session is locked. @returns {AbortSignal} */
  get ended() {
    return this.#end.signal;
  }

  /**
   * Starts the deadlines after an unlocking. Throws `locked` if a deadline is over.
   * @param {AbortSignal} ended the value of `this.ended` before the unlocking; throws `locked` if this signal has
   * aborted since
   * @param {Ages} [ages] the ages of a session that is continued here
   */
  begin(ended, ages = { begun: 0, used: 0 }) {
    if (ended.aborted || ended !== this.ended) throw lockedError();
    this.#times ??= timesAt(this.#readClock(), ages);
    this.check();
    if (!this.#times) throw lockedError();
    this.#wait();
  }

  /**
   * Continues the session of another tab, under that session's key. Throws `locked` if a deadline is over.
   * @param {Secret} key is overwritten
   * @param {Ages} ages
   */
  adopt({ buffer, length }, ages) {
    if (this.#times) throw new Error("the session is open");
    if (this.#key) overwrite(this.#key);
    this.#key = new ArrayBuffer(SECRET_BUFFER_BYTES);
    new Uint8Array(this.#key).set(new Uint8Array(buffer, 0, length));
    overwrite(buffer);
    this.begin(this.ended, ages);
  }

  /** The ages of the open session, on the clock that has advanced more; null while the keys are locked. @returns {Ages | null} */
  get ages() {
    if (!this.#times) return null;
    const moment = this.#readClock();
    return { begun: elapsed(this.#times.begun, moment), used: elapsed(this.#times.used, moment) };
  }

  /**
   * Notes that the person was active in another tab with the same session. Locks the session if it is over.
   * @param {number} wall the time of the activity on the wall clock
   */
  noteUseElsewhere(wall) {
    this.check();
    if (!this.#times) return;
    const moment = this.#readClock();
    // The message from the other tab may have waited, for example while the computer slept.
    const age = Math.max(0, moment.wall - wall);
    if (age < elapsed(this.#times.used, moment)) {
      const { begun } = this.#times;
      const latest = Math.max(this.#times.used.wall, moment.wall - age);
      this.#times = { begun, used: { ...moment, wall: latest, steady: moment.steady - age } };
      this.#wait();
    }
  }

  /**
   * A copy of the key for one operation.
   * @param {{byPerson?: boolean}} [options] `byPerson` is false if the page starts the operation by itself; then the
   * time without use is not restarted
   * @returns {Secret | null} null while the keys are locked
   */
  useKey({ byPerson = true } = {}) {
    this.check();
    if (!this.#times || !this.#key) return null;
    if (byPerson) this.touch();
    return { buffer: this.#key.slice(0), length: SEAL_KEY_BYTES };
  }

  /** Restarts the time without use, because the person is active. Locks the session if it is over. */
  touch() {
    this.check();
    if (!this.#times) return;
    this.#times = useAt(this.#times, this.#readClock());
    this.dispatchEvent(new Event("used"));
  }

  /** Locks the session if it is over. */
  check() {
    const reason = this.#times && whyOver(this.#times, this.#readClock(), this.#limits);
    if (reason) this.lock(reason);
  }

  /**
   * Overwrites the key, ends every operation that uses it, and dispatches "locked".
   * @param {LockReason} reason
   */
  lock(reason) {
    const wasOpen = this.#times !== null;
    if (this.#key) overwrite(this.#key);
    this.#key = null;
    this.#times = null;
    clearTimeout(this.#timer);
    this.#end.abort();
    this.#end = new AbortController();
    if (wasOpen) this.dispatchEvent(new LockedEvent(reason));
  }

  /**
   * The vault for callers that work with this session's key. When the session is locked, running operations reject with
   * `locked`, and results that arrive later are overwritten.
   * @template {Caller} V
   * @param {V} vault
   * @returns {Caller}
   */
  guard(vault) {
    return {
      call: (verb, args, options = {}) => {
        if (!args.sealKey) return vault.call(verb, args, options);
        const end = this.ended;
        const signal = options.signal ? AbortSignal.any([options.signal, end]) : end;
        return new Promise((resolve, reject) => {
          const refuse = () => reject(lockedError());
          end.addEventListener("abort", refuse);
          vault.call(verb, args, { ...options, signal }).then((result) => {
            if (end.aborted) collectBuffers(result).forEach(overwrite);
            else resolve(result);
          }).catch(reject).finally(() => end.removeEventListener("abort", refuse));
        });
      },
    };
  }

  #wait() {
    clearTimeout(this.#timer);
    if (!this.#times) return;
    const milliseconds = Math.max(0, remaining(this.#times, this.#readClock(), this.#limits));
    this.#timer = setTimeout(() => {
      this.check();
      this.#wait();
    }, Math.min(milliseconds + 1, MAX_TIMER_MILLISECONDS));
  }
}

function lockedError() {
  return new VaultError("locked", "the keys were locked before the operation had ended");
}
