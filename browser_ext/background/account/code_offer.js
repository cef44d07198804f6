/** The offer of a recovery code for an account without one. It is made once, after the person has read a first mail. */
import * as database from "../../shared/database.js";

const NAME = "code offer";

/** Notes that the person has read a mail. */
export async function noteMail() {
  if (!(await database.get("settings", NAME))) await database.put("settings", { name: NAME, isAnswered: false });
}

/** Whether the person has read a mail and has not answered the offer. */
export async function isDue() {
  return (await database.get("settings", NAME))?.isAnswered === false;
}

/** Notes that the person has answered. */
export async function answer() {
  await database.put("settings", { name: NAME, isAnswered: true });
}
