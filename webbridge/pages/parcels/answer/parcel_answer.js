/** The form that answers a parcel. This is a separate script, which the page loads when the person wants to answer. */

import { createAnswer } from "../../../../wasm_build/parcels/answer_form.js";

/** @typedef {{createAnswer: import("../../../../wasm_build/parcels/answer_form.js").CreateAnswer}} ParcelAnswer */

/** @type {ParcelAnswer} */
const answer = { createAnswer };
Object.assign(globalThis, { sealwaxParcelAnswer: answer });
