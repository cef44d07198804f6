/** The content of `pinned.js`, which the build writes: size and hash of each file of the runtime. */
export type Pinned = Readonly<Record<string, { integrity: string; bytes: number }>>;
export const FILES: Pinned;
export const SCRIPTS: Pinned;
/** The hash of the sanitiser of markup, which only the pages load. */
export const SANITISER_INTEGRITY: string;
