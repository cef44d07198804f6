/** The words between the page of a parcel and the service worker that saves files. */

/** The scope of the worker, a path without pages. */
export const SCOPE = "parcel-files/";
/** The page gives a file. */
export const GIVE = "file.give";
/** The worker has it, and answers a download of its address. */
export const READY = "file.ready";
/** The page still gives chunks. */
export const STAY = "worker.stay";
