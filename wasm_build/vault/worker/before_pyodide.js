/**
 * Removes `importScripts` before Pyodide's own module runs in a Worker.
 *
 * Pyodide finds out whether it is in a classic Worker by calling `importScripts` on a data: address, which a page with
 * Trusted Types reports as a violation. Without the function Pyodide concludes the same, and nothing is reported.
 */

Object.defineProperty(globalThis, "importScripts", { value: undefined });
