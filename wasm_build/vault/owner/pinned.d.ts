/** What the build writes into `pinned.js`. */
export type Pinned = Readonly<Record<string, { integrity: string; bytes: number }>>;
export const FILES: Pinned;
export const SCRIPTS: Pinned;
