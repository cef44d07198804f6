/**
 * The reserve of started Workers: their number, and the times when the next Worker starts or an unused Worker ends. A
 * request takes the Worker that was used last, because its code is warm, or else the Worker that has waited longest.
 */

import { Cell } from "./cell.js";

// Copying the snapshot for the next Worker blocks the page for a moment. The page shows the result before that.
const REFILL_DELAY_MILLISECONDS = 50;
/** A Worker that rests after an operation ends after this time without a request. */
const IDLE_MILLISECONDS = 60_000;
/** A request waits this long for a Worker in use before it starts another Worker. */
const PATIENCE_MILLISECONDS = 60;
/** A request waits longer for a Worker that only cleans up, because a start takes longer than a cleanup. */
const CLEANING_MILLISECONDS = 2_000;

/** After this time without a request the page is calm. Then files that nobody waits for may use the network and the processor. */
const CALM_MILLISECONDS = 1_000;

/**
 * The size of the reserve for the device's gigabytes of memory and its cores. A Worker takes some 50 MB. Its memory
 * grows in advance by `reservedBytes`. `reservedBytes` is four times the size of a 10 MB message: for the message, its
 * content, an intermediate step and the result.
 * @typedef {{workers: number, reservedBytes: number}} Plan
 * @type {readonly (Plan & {gigabytes: number, cores: number})[]}
 */
const PLANS = [
  { gigabytes: 8, cores: 4, workers: 2, reservedBytes: 40_000_000 },
  { gigabytes: 4, cores: 1, workers: 1, reservedBytes: 40_000_000 },
  { gigabytes: 2, cores: 1, workers: 1, reservedBytes: 0 },
  { gigabytes: 0, cores: 1, workers: 0, reservedBytes: 0 },
];
// The assumed memory in Firefox and Safari, which do not report the memory size.
const DESKTOP_GIGABYTES = 8;
const PHONE_GIGABYTES = 2;

/**
 * @typedef {import("./cell.js").StartKind} StartKind
 * @typedef {import("./cell.js").CleanupReport} CleanupReport
 */

/**
 * The first plan whose conditions the device meets.
 * @param {{gigabytes: number, cores: number}} device
 * @returns {Plan}
 */
function planFor({ gigabytes, cores }) {
  return PLANS.find((plan) => gigabytes >= plan.gigabytes && cores >= plan.cores) ?? PLANS[PLANS.length - 1];
}

export class Reserve {
  /** @type {StartKind | null} how the latest Worker started, with or without the snapshot; null before the first start */
  startKind = null;
  #files;
  #rewinds;
  #onCleanup;
  #plan = planFor(describeDevice());
  /** @type {Cell[]} */
  #waiting = [];
  /** The waiting Workers that have had an operation. @type {Set<Cell>} */
  #rested = new Set();
  /** The Workers that an operation uses. The value says whether the Worker may rest; `retire` forbids it. @type {Map<Cell, boolean>} */
  #lent = new Map();
  /** The lent Workers that end with their operation. @type {Set<Cell>} */
  #leaving = new Set();
  /** The requests that wait for a Worker to be free. @type {Set<() => void>} */
  #hoping = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idleTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #calmTimer;
  /** Whether no Worker starts until the next sign of use, because the Workers in use were retired. */
  #asleep = false;
  #closed = false;

  /**
   * Starts the first Worker at once if the plan has any.
   * @param {import("./assets.js").RuntimeFiles} files
   * @param {boolean} rewinds whether Workers wait for another operation after each operation
   * @param {(report: CleanupReport) => void} onCleanup
   */
  constructor(files, rewinds, onCleanup) {
    this.#files = files;
    this.#rewinds = rewinds;
    // A Worker that rests after each operation serves one request after the other, so a second Worker would only wait.
    if (rewinds) this.#plan = { ...this.#plan, workers: 1 };
    this.#onCleanup = onCleanup;
    this.#refill();
    void files.snapshotSettled.then((isThere) => (isThere ? this.#renewAll() : undefined));
  }

  /** Resolves when a Worker is ready or, on a device without a reserve, when the files for a Worker have come. */
  get ready() {
    this.#asleep = false;
    this.#refill();
    return (this.#waiting[0]?.ready ?? this.#files.ready).then(() => undefined);
  }

  /**
   * Resolves with a waiting Worker, a Worker that becomes free soon, or a new Worker. The Worker belongs to the caller
   * until `giveBack` or `lose`.
   * @returns {Promise<Cell>}
   */
  async take() {
    this.#asleep = false;
    const allInUse = this.#rewinds && this.#waiting.length === 0 && this.#lent.size > 0;
    if (allInUse) await this.#soon();
    const cell = this.#waiting.shift() ?? (allInUse ? await this.#startUnlessFree() : this.#start());
    this.#rested.delete(cell);
    this.#lent.set(cell, true);
    clearTimeout(this.#calmTimer);
    return cell;
  }

  /** Notes that a Worker will end with its operation. Meanwhile the next Worker starts. @param {Cell} cell */
  expectLoss(cell) {
    this.#leaving.add(cell);
    // Workers start one after the other, because the first is needed soonest.
    cell.ready.then(() => this.#refillSoon(), () => {});
  }

  /** Takes back a Worker that rests after an operation. @param {Cell} cell */
  giveBack(cell) {
    const mayRest = this.#lent.get(cell) && !this.#closed && this.#plan.workers > 0;
    this.#free(cell);
    if (!mayRest) return cell.retire();
    this.#rested.add(cell);
    this.#waiting.unshift(cell);
    for (const extra of this.#waiting.splice(this.#plan.workers)) this.#dismiss(extra);
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.retire(), IDLE_MILLISECONDS);
  }

  /** Notes that a Worker ended with its operation. Another Worker starts. @param {Cell} cell */
  lose(cell) {
    this.#free(cell);
    this.#refillSoon();
  }

  /**
   * Ends the Workers that have had an operation. Called when the keys are locked, after a time without requests, and
   * when the page is hidden. Workers in use end with their operation. The next Worker starts at the next sign of use.
   * @returns {Promise<unknown>} resolves when they have ended
   */
  retire() {
    clearTimeout(this.#idleTimer);
    this.#asleep = this.#rewinds;
    for (const cell of this.#lent.keys()) this.#lent.set(cell, false);
    const retired = [...this.#rested];
    this.#waiting = this.#waiting.filter((cell) => !this.#rested.has(cell));
    this.#rested.clear();
    for (const cell of retired) cell.retire();
    return Promise.all(retired.map(({ ended }) => ended));
  }

  /** Starts a Worker after `retire`, because a request may soon come. */
  wake() {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#refill();
  }

  /**
   * Ends the waiting Workers. From now on the reserve stays empty.
   * @returns {Promise<unknown>} resolves when those that have had an operation have cleaned up
   */
  close() {
    this.#closed = true;
    clearTimeout(this.#calmTimer);
    const retired = this.retire();
    for (const cell of this.#waiting.splice(0)) cell.discard();
    return retired;
  }

  /** Ends the loan of a Worker. @param {Cell} cell */
  #free(cell) {
    this.#lent.delete(cell);
    this.#leaving.delete(cell);
    for (const hope of this.#hoping) hope();
    this.#calmSoon();
  }

  /** Notifies the loader of the files after a while that the page is calm, unless a request comes. */
  #calmSoon() {
    clearTimeout(this.#calmTimer);
    if (!this.#closed && this.#lent.size === 0) this.#calmTimer = setTimeout(() => this.#files.calm(), CALM_MILLISECONDS);
  }

  /** Starts the missing Workers after a short delay. */
  #refillSoon() {
    setTimeout(() => this.#refill(), REFILL_DELAY_MILLISECONDS);
  }

  /** @param {Cell} cell */
  #dismiss(cell) {
    if (this.#rested.delete(cell)) cell.retire();
    else cell.discard();
  }

  /** Resolves when a Worker has become free, or after a while. */
  #soon() {
    const isCleaning = [...this.#lent.keys()].some((cell) => cell.isCleaning);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#hoping.delete(done);
        resolve(undefined);
      };
      const timer = setTimeout(done, isCleaning ? CLEANING_MILLISECONDS : PATIENCE_MILLISECONDS);
      this.#hoping.add(done);
    });
  }

  /** A new Worker, or a Worker in use that becomes free before the new one has started. On a slow device a start takes seconds. */
  async #startUnlessFree() {
    const started = this.#start();
    this.#lent.set(started, true);
    await new Promise((resolve) => {
      const done = () => resolve(this.#hoping.delete(done));
      this.#hoping.add(done);
      started.ready.then(done, done);
    });
    const rested = this.#waiting.shift();
    if (!rested) return started;
    this.#lent.delete(started);
    started.discard();
    return rested;
  }

  #refill() {
    // A lent Worker that will rest after its operation counts, because it comes back.
    const count = this.#waiting.length + (this.#rewinds ? this.#lent.size - this.#leaving.size : 0);
    if (this.#closed || this.#asleep || count >= this.#plan.workers) return;
    const cell = this.#start();
    this.#waiting.push(cell);
    cell.ready.then(
      // Workers start one after the other, because the first is needed soonest.
      () => this.#refill(),
      // After a failure the next request tries again.
      () => this.#forget(cell),
    );
  }

  /** Replaces waiting Workers that started without the snapshot with faster ones from the snapshot. */
  async #renewAll() {
    if (this.startKind !== "plain") return;
    for (const old of [...this.#waiting]) {
      if (this.#closed) return;
      const cell = this.#start();
      await cell.ready.catch(() => {});
      if (this.#closed || !this.#waiting.includes(old)) return cell.discard();
      this.#forget(old);
      old.discard();
      this.#waiting.push(cell);
    }
  }

  /** Ends a waiting Worker that must serve no further operation. A Worker in use ends with its operation. @param {Cell} cell */
  #replace(cell) {
    if (!this.#waiting.includes(cell)) return;
    this.#forget(cell);
    cell.retire();
    this.#refillSoon();
  }

  /** Removes a waiting Worker that has ended or failed. @param {Cell} cell */
  #forget(cell) {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== cell);
    this.#rested.delete(cell);
  }

  #start() {
    const cell = new Cell(this.#files.base, this.#files.assets(), { reservedBytes: this.#plan.reservedBytes, rewinds: this.#rewinds }, this.#onCleanup);
    void cell.ended.then(() => this.#forget(cell));
    void cell.spent.then(() => this.#replace(cell));
    cell.ready.then(
      (startKind) => {
        this.startKind = startKind;
        this.#files.started();
        this.#calmSoon();
      },
      () => {},
    );
    return cell;
  }
}

function describeDevice() {
  const { deviceMemory, hardwareConcurrency } = /** @type {Navigator & {deviceMemory?: number}} */ (navigator);
  const isPhone = matchMedia("(hover: none) and (pointer: coarse)").matches;
  return { gigabytes: deviceMemory ?? (isPhone ? PHONE_GIGABYTES : DESKTOP_GIGABYTES), cores: hardwareConcurrency };
}
