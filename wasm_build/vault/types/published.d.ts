/** Types of third-party scripts, which are not bundled. Only the functions that the vault uses are typed. */

declare module "*/pyodide.mjs" {
  /** `options` is any object, because Pyodide's own types lack the options for snapshots. */
  export function loadPyodide(options: object): Promise<any>;
}

declare module "*/pyodide.asm.mjs" {
  const createPyodideModule: (settings: object) => Promise<object>;
  export default createPyodideModule;
}

declare module "*/argon2.umd.min.js";
declare module "*/scrypt.umd.min.js";
