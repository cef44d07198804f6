/**
 * The Workers that wait: how many, and when the next one starts. A request takes the one that has waited longest.
 */

import { Cell } from "./cell.js";

// Copying the snapshot for the next Worker blocks for a moment: first the result is used and painted.
const REFILL_DELAY_MILLISECONDS = 50;

/**
 * What waits, by the memory of the device in gigabytes and its cores. A Worker takes some 50 MB, and `reservedBytes`
 * more that it grows by ahead, four times a message of 10 MB: as it comes, its content, the result, what lies between.
 * @typedef {{workers: number, reservedBytes: number}} Plan
 * @type {readonly (Plan & {gigabytes: number, cores: number})[]}
 */
const PLANS = [
  { gigabytes: 8, cores: 4, workers: 2, reservedBytes: 40_000_000 },
  { gigabytes: 4, cores: 1, workers: 1, reservedBytes: 40_000_000 },
  { gigabytes: 2, cores: 1, workers: 1, reservedBytes: 0 },
  { gigabytes: 0, cores: 1, workers: 0, reservedBytes: 0 },
];
// Firefox and Safari do not say how much memory there is.
const DESKTOP_GIGABYTES = 8;
const PHONE_GIGABYTES = 2;

/**
 * @typedef {import("./cell.js").StartKind} StartKind
 * @typedef {import("./cell.js").CleanupReport} CleanupReport
 */

/**
 * The line of the table for this device.
 * @param {{gigabytes: number, cores: number}} device
 * @returns {Plan}
 */
export function planFor({ gigabytes, cores }) {
  return PLANS.find((plan) => gigabytes >= plan.gigabytes && cores >= plan.cores) ?? PLANS[PLANS.length - 1];
}

export class Reserve {
  /** @type {StartKind | null} how the latest Worker started */
  startKind = null;
  #files;
  #onCleanup;
  #plan = planFor(describeDevice());
  /** @type {Cell[]} */
  #waiting = [];
  #closed = false;

  /**
   * Starts the first Worker at once, where one shall wait.
   * @param {import("./assets.js").RuntimeFiles} files
   * @param {(report: CleanupReport) => void} onCleanup
   */
  constructor(files, onCleanup) {
    this.#files = files;
    this.#onCleanup = onCleanup;
    this.#refill();
    void files.snapshotSettled.then((isThere) => (isThere ? this.#renewAll() : undefined));
  }

  /** Resolves when a Worker stands ready or, on a device where none waits, when one could start. */
  get ready() {
    this.#refill();
    return (this.#waiting[0]?.ready ?? this.#files.ready).then(() => undefined);
  }

  /** A Worker for one request; it is the caller's from here on. */
  take() {
    return this.#waiting.shift() ?? this.#start();
  }

  /** Starts the next Workers in a moment. */
  refillSoon() {
    setTimeout(() => this.#refill(), REFILL_DELAY_MILLISECONDS);
  }

  /** Ends the Workers that wait; none starts any more. */
  close() {
    this.#closed = true;
    for (const cell of this.#waiting.splice(0)) cell.discard();
  }

  #refill() {
    if (this.#closed || this.#waiting.length >= this.#plan.workers) return;
    const cell = this.#start();
    this.#waiting.push(cell);
    cell.ready.then(
      // One after the other: the first is wanted soonest.
      () => this.#refill(),
      // The next request begins anew.
      () => this.#forget(cell),
    );
  }

  /** Puts Workers out of the snapshot, which are warm, in the place of those that started plainly and still wait. */
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
    const cell = new Cell(this.#files.assets(), this.#plan.reservedBytes, this.#onCleanup);
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
