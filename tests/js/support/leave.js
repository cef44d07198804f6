/** Ends the process after the tests of a file. Sessions and timers of the product would keep it running for minutes. */
import { after } from "node:test";

// The results of the last test are written first.
after(() => { setTimeout(() => process.exit(), 100); });
