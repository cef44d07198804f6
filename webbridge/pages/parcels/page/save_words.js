/** The messages between the page of a parcel and the service worker that saves files. */

/** The scope of the worker, a path without pages. */
export const SCOPE = "parcel-files/";
/** The page offers a file. */
export const GIVE = "file.give";
/** The worker has the file, and answers a download of the file's address. */
export const READY = "file.ready";
/** The page still sends chunks. */
export const STAY = "worker.stay";
