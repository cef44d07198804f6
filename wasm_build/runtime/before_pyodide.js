/**
 * Runs before Pyodide's own module in every Worker.
 *
 * Pyodide asks whether it is in a classic Worker by trying `importScripts` on a data: address, which a page with
 * trusted types reports as a violation. Without the function the answer is the same and nothing is reported.
 */

Object.defineProperty(globalThis, "importScripts", { value: undefined });
