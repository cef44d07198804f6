/**
 * Runs the vault's symmetric ciphers and its PBKDF2 for the core's provider outside of a browser. Each line of standard
 * input is a call in JSON, and each line of standard output is its reply.
 */

import { createInterface } from "node:readline";
import { callDoor } from "../js/support/poor_cipher_door.js";

for await (const line of createInterface({ input: process.stdin })) {
  const { name, args } = JSON.parse(line);
  console.log(JSON.stringify(await callDoor(name, args)));
}
