/**
 * The life of the vault's Worker: its start, the requests of an operation, and the cleanup after it. Then the Worker's
 * memory is rewound, that is, put back to an earlier image, and the Worker rests until the next operation. If the
 * rewind may be incomplete, the Worker ends.
 *
 * `hooks` exist for the tests, which scan the linear memory before and after it is cleaned.
 */

import { cleanUp, cleanUpAgain, cleanUpLater, cleanUpToRest, Residue } from "../memory/cleanup.js";
import { collectKeys, forgetKeys, watchKeys } from "./collected_keys.js";
import { createCryptoDoor } from "./crypto_door.js";
import { countWork, Progress } from "./progress.js";
import { settleAll } from "./pending.js";
import { startPython } from "./python_start.js";
import { holdVerbs, runVerb } from "./python_call.js";
import { rehearse } from "./rehearsal.js";
import { Image, prepareRewind } from "./rewind.js";
import { checkRequest, checkStreamEnds, collectBuffers, takesPassphrase } from "../rpc.js";
import { STREAM_VERBS, VERBS } from "../schema.js";
import { ContentDoor } from "./content_door.js";
import { crashed, describeError, isFatal, VaultError } from "../errors/vault_error.js";

/**
 * @typedef {import("./python_start.js").Python} Python
 * @typedef {import("../owner/cell.js").Request} Request
 * @typedef {import("../owner/cell.js").StreamEnds} StreamEnds
 * @typedef {object} Hooks
 * @property {(python: Python) => void} [imaged] called when the image has been taken
 * @property {() => void} [prepared] called when the Worker has warmed up and, if it rewinds, has its image
 * @property {(python: Python) => void | Promise<void>} [beforeRequest]
 * @property {(memory: WebAssembly.Memory) => void | Promise<void>} [afterOperation]
 * @property {(memory: WebAssembly.Memory) => void | Promise<void>} [afterFill]
 * @property {(memory: WebAssembly.Memory) => void | Promise<void>} [afterRewind]
 * @property {() => void} [collected] called when the browser has collected the keys of the operations
 */

/** A Worker ends after this number of operations, or when its memory has grown by this number of bytes since the image. */
const MAX_OPERATIONS = 50;
const MAX_GROWTH_BYTES = 64_000_000;
/**
 * One cleanup of WebCrypto's memory serves several operations. The cleanup comes `QUIET_MILLISECONDS` after the last
 * operation. A rinse reaches only a limited number of freed blocks of each size. So the cleanup comes earlier, before a
 * request, if the first operation is older than `LATEST_MILLISECONDS`, or if `MAX_UNCLEANED` operations are done.
 */
const QUIET_MILLISECONDS = 1_000;
/**
 * After the cleanup, WebCrypto's memory is rinsed again after these times. A freed block belongs to the thread that
 * freed it, and on a busy device a thread may sleep through one rinse.
 */
const AGAIN_MILLISECONDS = [1_500, 3_000];
const LATEST_MILLISECONDS = 4_000;
const MAX_UNCLEANED = 8;
/** One rinse overwrites secrets of up to 32 sizes. An operation adds about ten at most. */
const MAX_SIZES = 20;
/** A request with more bytes may take long, so the cleanup comes before it. */
const SHORT_BYTES = 262_144;
/** The time that a cleanup waits for those WebCrypto calls that Python left running. */
const SETTLING_MILLISECONDS = 1_000;

/**
 * @param {DedicatedWorkerGlobalScope} scope
 * @param {Hooks} [hooks]
 */
export function serve(scope, hooks = {}) {
  const served = new Service(scope, hooks);
  scope.onmessage = ({ data }) => {
    served.receive(data ?? {}).catch(() => {
      scope.postMessage({ kind: "failed" });
      return served.end();
    });
  };
}

class Service {
  #scope;
  #hooks;
  #residue = new Residue();
  #progress = new Progress();
  /** Aborts when the owner cancels the operation. */
  #cancelling = new AbortController();
  #cancelled = rejected(this.#cancelling.signal);
  /** @type {Python | undefined} */
  #python;
  /** @type {Promise<unknown>} the latest step: preparation, request or rest. Each step waits for the step before it */
  #current = Promise.resolve();
  #requested = false;
  #isRehearsing = false;
  /** Whether the Worker will end after a request that has already come. In that case it needs no image. */
  #isLast = false;
  #ended = false;
  /** The state to which Python is put back; null while there is no image. @type {Image | null} */
  #image = null;
  /** Seeds Python's `random` anew. @type {() => void} */
  #reseed = () => {};
  #imageMemoryBytes = 0;
  /** The number of bytes by which memory is still to grow in advance. */
  #reservedBytes = 0;
  #operations = 0;
  /** The number of operations since the last cleanup of WebCrypto's memory, and the time of the first of them. */
  #uncleaned = 0;
  #uncleanedSince = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #laterTimer;
  /** Whether the Worker must end: after a passphrase, a stream, the strict setting, or an unexpected error. */
  #isSpent = false;
  /** @param {object} message @param {Transferable[]} [transfer] */
  #send = (message, transfer = []) => this.#scope.postMessage(message, transfer);

  /**
   * @param {DedicatedWorkerGlobalScope} scope
   * @param {Hooks} hooks
   */
  constructor(scope, hooks) {
    this.#scope = scope;
    this.#hooks = hooks;
  }

  /** @param {any} message */
  async receive(message) {
    switch (message.kind) {
      case "start":
        return this.#start(message);
      case "request":
        this.#requested = true;
        this.#isLast ||= endsWorker(message);
        clearTimeout(this.#laterTimer);
        this.#current = this.#current.then(() => this.#begin(message));
        return this.#current;
      case "end":
        await this.#current;
        return this.end();
      case "rest":
        this.#current = this.#current.then(() => this.#rest());
        return this.#current;
      case "cancel":
        this.#requested = this.#isLast = true;
        this.#cancelling.abort();
        // Results of running calls of WebCrypto must arrive before they can be overwritten.
        await this.#current;
        return this.end();
      default:
        throw new VaultError("bad-request", "an unknown kind of message");
    }
  }

  async end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#scope.postMessage({ kind: "cleaning" });
    // After an error the next chunk of a stream may still be decrypted. Its result must be overwritten too.
    await settleAll(SETTLING_MILLISECONDS);
    if (this.#python) await this.#hooks.afterOperation?.(this.#python.memory);
    const report = await cleanUp(this.#residue);
    if (this.#python) await this.#hooks.afterFill?.(this.#python.memory);
    await cleanUpAgain(this.#residue);
    this.#scope.postMessage({ kind: "cleanup", ...report });
    this.#scope.close();
  }

  /**
   * Puts Python back to its image and waits for the next operation. The Worker ends if a rewind is not allowed, or may
   * have failed.
   */
  async #rest() {
    this.#operations += 1;
    if (this.#ended) return;
    if (!this.#image || !this.#python || this.#mustEnd(this.#python.memory)) return this.end();
    this.#scope.postMessage({ kind: "cleaning" });
    // Python imports the keys of signers early. After an error, such an import could end when all keys seemed to be
    // collected.
    if (!(await settleAll(SETTLING_MILLISECONDS))) return this.end();
    await this.#hooks.afterOperation?.(this.#python.memory);
    const report = cleanUpToRest(this.#residue, this.#image);
    if (!report) return this.end();
    await this.#hooks.afterRewind?.(this.#python.memory);
    this.#reseed();
    this.#reserve(this.#python);
    this.#requested = false;
    this.#scope.postMessage({ kind: "rested", ...report });
    this.#cleanUpSoon();
  }

  /** Plans a cleanup of the memory that WebCrypto has used. An operation without a secret needs no cleanup. */
  #cleanUpSoon() {
    if (this.#residue.secretLengths.size === 0) return;
    if (this.#uncleaned === 0) this.#uncleanedSince = performance.now();
    this.#uncleaned += 1;
    this.#cleanUpAfter([QUIET_MILLISECONDS, ...AGAIN_MILLISECONDS]);
  }

  /** @param {number[]} pauses the milliseconds before each cleanup, unless a request comes */
  #cleanUpAfter([pause, ...further]) {
    this.#laterTimer = setTimeout(() => {
      this.#current = this.#current.then(async () => {
        if (this.#requested || !(await this.#cleanUpLater())) return;
        if (further.length > 0) this.#cleanUpAfter(further);
        else this.#residue.forgetSecrets();
      });
    }, pause);
  }

  /**
   * Cleans up WebCrypto's memory. If the browser keeps a key, the Worker ends when its owner says so, or after the next
   * operation.
   * @returns {Promise<boolean>} whether nothing is left in WebCrypto
   */
  async #cleanUpLater() {
    if (this.#ended) return false;
    const isFirst = this.#uncleaned > 0;
    this.#uncleaned = 0;
    const isClean = await cleanUpLater(this.#residue, collectKeys);
    // The rinse has made keys too, but none of them is secret.
    forgetKeys();
    if (isClean && isFirst) this.#hooks.collected?.();
    if (isClean) return true;
    this.#isSpent = true;
    this.#scope.postMessage({ kind: "spent" });
    return false;
  }

  /** @param {Request} request */
  async #begin(request) {
    const bytes = collectBuffers(request.args).reduce((sum, { byteLength }) => sum + byteLength, 0);
    const isLate = performance.now() - this.#uncleanedSince > LATEST_MILLISECONDS;
    const isDue = isLate || this.#uncleaned >= MAX_UNCLEANED || bytes > SHORT_BYTES || request.stream !== undefined;
    const hasManySizes = this.#residue.secretLengths.size > MAX_SIZES;
    if (hasManySizes || (isDue && this.#uncleaned > 0)) await this.#cleanUpLater();
    if (hasManySizes) this.#residue.forgetSecrets();
    await this.#answer(request, this.#send);
  }

  /** @param {WebAssembly.Memory} memory */
  #mustEnd(memory) {
    const growth = memory.buffer.byteLength - this.#imageMemoryBytes;
    return this.#isSpent || this.#cancelling.signal.aborted || this.#operations >= MAX_OPERATIONS || growth > MAX_GROWTH_BYTES;
  }

  /** @param {{assets: import("./python_start.js").Assets, reservedBytes: number, rewinds: boolean, lock: string}} message */
  async #start({ assets, reservedBytes, rewinds, lock }) {
    const begun = performance.now();
    await holdLock(lock);
    if (rewinds) watchKeys();
    const python = await startPython(assets);
    this.#python = python;
    this.#residue.keepMemory(python.memory);
    const canRewind = rewinds && prepareRewind(python);
    const door = createCryptoDoor(this.#residue, this.#cancelling.signal);
    python.pyodide.registerJsModule("sealwax_js", countWork(door, this.#progress));
    this.#reseed = holdVerbs(python.pyodide).reseed;
    this.#reseed();
    this.#scope.postMessage({ kind: "ready", startKind: python.startKind, milliseconds: performance.now() - begun });
    this.#reservedBytes = reservedBytes;
    this.#current = this.#prepare(python, canRewind);
    await this.#current;
  }

  /**
   * Warms up while the Worker waits, and takes the image. An early request waits for both, some 50 ms, and longer
   * without the snapshot. Without an image the Worker would end after that request, and starting another Worker would
   * take much longer.
   * @param {Python} python
   * @param {boolean} canRewind
   */
  async #prepare(python, canRewind) {
    const demand = { isWanted: () => this.#requested, isUseless: () => this.#requested && (!canRewind || this.#isLast) };
    this.#isRehearsing = true;
    try {
      await rehearse(python.pyodide, this.#residue, demand, (verb, args) => this.#rehearse(verb, args));
      // The private keys of the rehearsal are public, so nothing of the rehearsal needs a rinse.
      this.#residue.forgetSecrets();
      forgetKeys();
      this.#isSpent = false;
      if (demand.isUseless()) return;
      if (canRewind) {
        this.#residue.wipeBuffers();
        holdVerbs(python.pyodide).collect();
        this.#image = new Image(python);
        this.#imageMemoryBytes = python.memory.buffer.byteLength;
        this.#hooks.imaged?.(python);
      }
      // A waiting request comes before the growth of the memory. The memory grows when the Worker rests after that
      // request.
      if (!this.#requested) this.#reserve(python);
      this.#hooks.prepared?.();
    } catch {
      // A failure costs only time: a browser that refuses the keys of the rehearsal may accept the person's keys.
    } finally {
      this.#isRehearsing = false;
    }
  }

  /** Grows Python's memory in advance, once. @param {Python} python */
  #reserve({ pyodide, memory }) {
    if (this.#reservedBytes === 0) return;
    const before = memory.buffer.byteLength;
    try {
      holdVerbs(pyodide).reserveMemory(this.#reservedBytes);
    } catch {
      // A device with less memory may still have enough for the messages that come.
    }
    this.#reservedBytes = 0;
    this.#imageMemoryBytes += memory.buffer.byteLength - before;
  }

  /**
   * Answers a request of the rehearsal in the same way as other requests. Resolves with the reply instead of posting
   * it.
   * @param {string} verb
   * @param {object} args
   */
  async #rehearse(verb, args) {
    /** @type {any} */
    let answer;
    await this.#answer({ id: 0, verb, args, strict: false }, (message) => (answer = message));
    return answer.ok;
  }

  /**
   * @param {Request} request
   * @param {(message: object, transfer?: Transferable[]) => void} send
   */
  async #answer(request, send) {
    const { id, args } = request;
    if (this.#ended || this.#cancelling.signal.aborted) return;
    const buffers = collectBuffers(args);
    buffers.forEach((buffer) => this.#residue.keepBuffer(buffer));
    /** @param {object} message @param {Transferable[]} [transfer] */
    const post = (message, transfer = []) => send({ id, ...message }, transfer);
    this.#progress.begin((progress) => post({ progress }));
    let fatal = false;
    try {
      await (request.stream ? this.#stream({ ...request, stream: request.stream }, post) : this.#call(request, post));
    } catch (error) {
      const described = describeError(error);
      fatal = isFatal(described.code);
      // Only errors of the core and of the vault leave Python in a known state.
      this.#isSpent ||= !(error instanceof VaultError);
      post({ error: described });
    }
    // Arguments that Python did not take are overwritten here, because requests that may follow do not need them.
    buffers.forEach((buffer) => this.#residue.wipeBuffer(buffer));
    this.#residue.rinseLatest();
    if (fatal) await this.end();
  }

  /** @param {Request} request @param {(message: object, transfer?: Transferable[]) => void} post */
  async #call({ verb, args, strict }, post) {
    checkRequest(verb, args);
    this.#isSpent ||= endsWorker({ verb, args, strict });
    const ok = await this.#run(verb, args, { strict });
    post({ ok }, collectBuffers(ok));
  }

  /** @param {Request & {stream: StreamEnds}} request @param {(message: object, transfer?: Transferable[]) => void} post */
  async #stream({ verb, args, strict, stream }, post) {
    checkRequest(verb, args, STREAM_VERBS);
    checkStreamEnds(stream);
    this.#isSpent = true;
    const door = new ContentDoor(stream, this.#residue, this.#cancelled, this.#progress, post);
    try {
      await this.#run(verb, args, { strict, door });
      await door.close();
    } catch (error) {
      // If the reply was already sent, only the reader of the output gets the error.
      if (!door.fail(error)) throw error;
    }
  }

  /**
   * @param {string} verb
   * @param {object} args
   * @param {{strict: boolean, door?: ContentDoor}} options
   */
  async #run(verb, args, options) {
    if (!this.#python) throw crashed();
    if (!this.#isRehearsing) await this.#hooks.beforeRequest?.(this.#python);
    const onTaken = () => {
      const buffers = collectBuffers(args);
      if (!options.door) this.#progress.add(buffers.reduce((sum, { byteLength }) => sum + byteLength, 0));
      buffers.forEach((buffer) => this.#residue.wipeBuffer(buffer));
    };
    const cancelling = this.#cancelling.signal;
    return runVerb(this.#python.pyodide, verb, args, this.#residue, { ...options, cancelling, onTaken });
  }
}

/**
 * Whether this request must be the last request in its Worker.
 * @param {Pick<Request, "verb" | "args" | "strict" | "stream">} request
 */
function endsWorker({ verb, args, strict, stream }) {
  return strict || stream !== undefined || (Object.hasOwn(VERBS, verb) && takesPassphrase(verb, Object(args)));
}

/**
 * A promise that rejects when the signal aborts. The browser does not report the rejection as unhandled.
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
function rejected(signal) {
  const cancelled = new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new VaultError("vault-aborted", "the operation was stopped")));
  });
  cancelled.catch(() => {});
  return /** @type {Promise<never>} */ (cancelled);
}

/**
 * Takes a lock and keeps it until this Worker ends. The owner waits for the same lock, and so notices the end.
 * @param {string} name
 */
function holdLock(name) {
  return new Promise((resolve) => {
    const lock = navigator.locks?.request(name, () => {
      resolve(undefined);
      return new Promise(() => {});
    });
    (lock ?? Promise.reject()).catch(() => resolve(undefined));
  });
}
