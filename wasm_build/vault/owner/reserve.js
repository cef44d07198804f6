/**
 * The reserve of started Workers: their number, and the time when the next one starts. A request takes the Worker that
 * has waited longest.
 */

import { Cell } from "./cell.js";

// Copying the snapshot for the next Worker blocks the page for a moment. The page shows the result before that.
const REFILL_DELAY_MILLISECONDS = 50;

/**
 * The size of the reserve by the device's gigabytes of memory and cores. A Worker takes some 50 MB. In advance it grows
 * by `reservedBytes`, four times a message of 10 MB, for the message, its content, an intermediate step and the result.
 * @typedef {{workers: number, reservedBytes: number}} Plan
 * @type {readonly (Plan & {gigabytes: number, cores: number})[]}
 */
const PLANS = [
  { gigabytes: 8, cores: 4, workers: 2, reservedBytes: 40_000_000 },
  { gigabytes: 4, cores: 1, workers: 1, reservedBytes: 40_000_000 },
  { gigabytes: 2, cores: 1, workers: 1, reservedBytes: 0 },
  { gigabytes: 0, cores: 1, workers: 0, reservedBytes: 0 },
];
// The assumed memory in Firefox and Safari, which do not tell its size.
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
  /** @type {StartKind | null} the way in which the latest Worker started; null before the first has started */
  startKind = null;
  #files;
  #onCleanup;
  #plan = planFor(describeDevice());
  /** @type {Cell[]} */
  #waiting = [];
  #closed = false;

  /**
   * Starts the first Worker at once if the plan has one.
   * @param {import("./assets.js").RuntimeFiles} files
   * @param {(report: CleanupReport) => void} onCleanup
   */
  constructor(files, onCleanup) {
    this.#files = files;
    this.#onCleanup = onCleanup;
    this.#refill();
    void files.snapshotSettled.then((isThere) => (isThere ? this.#renewAll() : undefined));
  }

  /** Resolves when a Worker is ready or, on a device without a reserve, when the files for one have come. */
  get ready() {
    this.#refill();
    return (this.#waiting[0]?.ready ?? this.#files.ready).then(() => undefined);
  }

  /** Returns a Worker, which now belongs to the caller: a waiting one, or a new one if none waits. */
  take() {
    return this.#waiting.shift() ?? this.#start();
  }

  /** Starts the missing Workers after a short delay. */
  refillSoon() {
    setTimeout(() => this.#refill(), REFILL_DELAY_MILLISECONDS);
  }

  /** Ends the waiting Workers. From now on the reserve stays empty. */
  close() {
    this.#closed = true;
    for (const cell of this.#waiting.splice(0)) cell.discard();
  }

  #refill() {
    if (this.#closed || this.#waiting.length >= this.#plan.workers) return;
    const cell = this.#start();
    this.#waiting.push(cell);
    cell.ready.then(
      // Workers start one after the other, because the first is needed soonest.
      () => this.#refill(),
      // After a failure the next request tries again.
      () => this.#forget(cell),
    );
  }

  /** Replaces waiting Workers that started without the snapshot by faster ones from the snapshot. */
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

  /** @param {Cell} cell */
  #forget(cell) {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== cell);
  }

  #start() {
    const cell = new Cell(this.#files.base, this.#files.assets(), this.#plan.reservedBytes, this.#onCleanup);
    cell.ready.then(
      (startKind) => {
        this.startKind = startKind;
        this.#files.started();
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
