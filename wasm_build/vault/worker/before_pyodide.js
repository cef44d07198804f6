/**
 * Removes `importScripts` before Pyodide's own module runs in a Worker.
 *
 * Pyodide calls `importScripts` on a data: address to find out whether it is in a classic Worker. A page with Trusted
 * Types reports this call as a violation. Without the function Pyodide reaches the same conclusion, and nothing is
 * reported.
 */

Object.defineProperty(globalThis, "importScripts", { value: undefined });
