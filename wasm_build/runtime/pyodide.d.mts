/** The part of Pyodide that the vault uses; its own types do not cover the snapshot's options. */
export function loadPyodide(options: object): Promise<any>;
