/** The content of `pinned.js`, which the build writes: every file of the pages that their service worker keeps. */
export const FILES: Readonly<Record<string, { integrity: string; bytes: number }>>;
