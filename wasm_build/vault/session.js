/**
 * The sealed session: while keys are unlocked, identities stand sealed under one random key, and this module says how
 * long that key may be used. Pages and extension share the rules; each keeps the key in its own place.
 *
 * A session ends by hand, after a time without use, after a whole time whatever its use, when the clock was set back,
 * and when its place goes. The deadlines are judged at every use: timers only lock sooner what nobody uses.
 */

import { overwrite, SECRET_BUFFER_BYTES } from "./cleanup.js";
import { collectBuffers } from "./rpc.js";
import { VaultError } from "./vault_error.js";

/**
 * @typedef {"hand" | "idle" | "too-long" | "clock" | "left" | "asleep" | "signed-out" | "computer" | "restart"} LockReason
 *   each has its sentence in the catalogue, `locked_because_…`
 */
/** @typedef {{wall: number, steady: number, life: number}} Moment milliseconds; `steady` counts within one `life` */
/** @typedef {{begun: Moment, used: Moment}} Times */
/** @typedef {{idleMilliseconds: number, wholeMilliseconds: number}} Limits */
/** @typedef {{buffer: ArrayBuffer, length: number}} Secret */
/** @typedef {{call: (verb: string, args: any, options?: any) => Promise<any>}} Caller */

export const SEAL_KEY_BYTES = 32;

const MINUTE_MILLISECONDS = 60_000;
/** A quarter of an hour away from the desk; the longest working day. The bridge's own sessions end alike. */
export const LIMITS = Object.freeze({
  idleMilliseconds: 15 * MINUTE_MILLISECONDS, wholeMilliseconds: 12 * 60 * MINUTE_MILLISECONDS,
});
/** Clocks are set right by less than this all the time. */
const CLOCK_TOLERANCE_MILLISECONDS = 5_000;
/** What a timer can wait (HTML, "timers": a signed 32-bit integer). */
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
 * The times after a use. The latest time that was ever seen stays: a clock that is set back again and again gains nothing.
 * @param {Times} times
 * @param {Moment} moment
 * @returns {Times}
 */
export function useAt({ begun, used }, moment) {
  return { begun, used: { ...moment, wall: Math.max(used.wall, moment.wall) } };
}

/**
 * How long a session may still stand unused.
 * @param {Times} times
 * @param {Moment} moment
 * @param {Limits} [limits]
 * @returns {number} milliseconds; 0 or less when it is over
 */
export function remaining({ begun, used }, moment, limits = LIMITS) {
  return Math.min(limits.idleMilliseconds - elapsed(used, moment), limits.wholeMilliseconds - elapsed(begun, moment));
}

/**
 * Why a session is over.
 * @param {Times} times
 * @param {Moment} moment
 * @param {Limits} [limits]
 * @returns {LockReason | null} null while it may be used
 */
export function whyOver({ begun, used }, moment, limits = LIMITS) {
  if (moment.wall < used.wall - CLOCK_TOLERANCE_MILLISECONDS) return "clock";
  if (elapsed(begun, moment) >= limits.wholeMilliseconds) return "too-long";
  return elapsed(used, moment) >= limits.idleMilliseconds ? "idle" : null;
}

/**
 * The clock that went further counts: the wall's goes on while the computer sleeps, the steady one cannot be set.
 * @param {Moment} from
 * @param {Moment} to
 */
function elapsed(from, to) {
  const wall = to.wall - from.wall;
  return from.life === to.life ? Math.max(wall, to.steady - from.steady) : wall;
}

/** Tells that keys were locked, and why. */
export class LockedEvent extends Event {
  /** @param {LockReason} reason */
  constructor(reason) {
    super("locked");
    this.reason = reason;
  }
}

/**
 * A page's session: the key stands in one buffer of this object and is overwritten at the end. Tells "locked" once for
 * each session that was open.
 */
export class SealedSession extends EventTarget {
  #limits;
  #readClock;
  /** @type {ArrayBuffer | null} */
  #key = null;
  /** Of the open session; null while nothing was unlocked. @type {Times | null} */
  #times = null;
  /** Ends what runs with the key. */
  #end = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {{limits?: Limits, readClock?: () => Moment}} [options] */
  constructor({ limits = LIMITS, readClock: clock = readClock } = {}) {
    super();
    this.#limits = limits;
    this.#readClock = clock;
  }

  /** Whether the key may be used now; counts as no use. */
  get isOpen() {
    return this.#times !== null && whyOver(this.#times, this.#readClock(), this.#limits) === null;
  }

  /**
   * A copy of the key to seal identities under, which are being unlocked; made now if there is none.
   * @returns {Secret}
   */
  keyForUnlock() {
    this.check();
    this.#key ??= crypto.getRandomValues(new Uint8Array(new ArrayBuffer(SECRET_BUFFER_BYTES), 0, SEAL_KEY_BYTES)).buffer;
    return { buffer: this.#key.slice(0), length: SEAL_KEY_BYTES };
  }

  /** Aborts when this session is locked. @returns {AbortSignal} */
  get ended() {
    return this.#end.signal;
  }

  /**
   * Something was unlocked: from now on the deadlines run.
   * @param {AbortSignal} ended of the session in which the unlocking began: one that was locked meanwhile stays locked
   */
  begin(ended) {
    if (ended.aborted || ended !== this.ended) throw lockedError();
    this.#times ??= beginAt(this.#readClock());
    this.#wait();
  }

  /**
   * A copy of the key for one operation.
   * @returns {Secret | null} null when nothing is unlocked, or no longer
   */
  useKey() {
    this.check();
    if (!this.#times || !this.#key) return null;
    this.touch();
    return { buffer: this.#key.slice(0), length: SEAL_KEY_BYTES };
  }

  /** The person is there: the time without use begins anew, unless it is over already. */
  touch() {
    this.check();
    if (this.#times) this.#times = useAt(this.#times, this.#readClock());
  }

  /** Locks what is over. */
  check() {
    const reason = this.#times && whyOver(this.#times, this.#readClock(), this.#limits);
    if (reason) this.lock(reason);
  }

  /**
   * Overwrites the key, ends every operation that uses it, and tells who listens.
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
   * The vault as those see it who work with this session's key: an operation that runs while it is locked is stopped,
   * and what came too late is overwritten; both reject with `locked`.
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
