/** A reporter for `node --test`: the tests that fail, with their stack traces, then one line with the counts. */
import { inspect } from "node:util";

/** @param {AsyncIterable<{type: string, data: any}>} events */
export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    // Suites and files are reported too. They have a type; only tests count.
    const isTest = data?.details?.type !== "suite" && !data?.name?.endsWith(".js");
    if (type === "test:pass" && isTest) counts[data.skip === undefined ? "passed" : "skipped"] += 1;
    if (type === "test:fail" && (isTest || data.details.error?.failureType !== "subtestsFailed")) {
      counts.failed += 1;
      const { error } = data.details;
      yield `${data.file ?? ""}:${data.line ?? ""}: ${data.name}\n${inspect(error?.cause ?? error, { colors: process.stdout.isTTY })}\n\n`;
    }
    if (type === "test:stderr" || type === "test:stdout") yield data.message;
  }
  const { passed, failed, skipped } = counts;
  yield `tests of JavaScript: ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}\n`;
}
