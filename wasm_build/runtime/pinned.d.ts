/** What the build writes into `pinned.js`. */
export const FILES: Readonly<Record<string, { integrity: string; bytes: number }>>;
