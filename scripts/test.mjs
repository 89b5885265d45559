/**
 * `npm test [FILE...]`: every test, or those of the named files. Files share processes, since a process of its own
 * costs each of them some 0.3 s of processor time for imports and code that is not warm yet. Each file is a suite
 * by its path, so that its hooks, its limit of time and what failed in it are its own. A file that its process did not
 * come to the end of, because it or another one ended or blocked the process, runs once more alone.
 */
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { pathToFileURL } from "node:url";
import { root } from "./bootstrap.mjs";

/** What measures or replaces something of its whole process (clocks, memory, children), or is long by itself. */
const ALONE = [
  "test/e2e/kill-*",
  "test/e2e/stop-at-write*",
  "test/sandbox/computing-time*",
  "test/store/group-commit*",
];

/** How many files share a process: few enough for its work to be spread over the processors. */
const SHARED = 12;

/** Limits in milliseconds: of a file, and of a process. */
const FILE_MS = 600_000;
const PROCESS_MS = 1_800_000;

/** The files in groups that each get a process; neighbours stay together, since they import the same. */
const groupFiles = (files) => {
  const alone = new Set(globSync(ALONE, { cwd: root }).map((file) => file.replaceAll(sep, "/")));
  const groups = files.filter((file) => alone.has(file)).map((file) => [file]);
  const folders = Map.groupBy(
    files.filter((file) => !alone.has(file)),
    (file) => file.split("/")[1],
  );
  for (const members of folders.values()) {
    const count = Math.ceil(members.length / SHARED);
    for (let index = 0; index < count; index += 1)
      groups.push(members.filter((_, at) => at % count === index));
  }
  return groups;
};

const passed = { tests: 0 };
const failed = { tests: 0 };

/** Runs groups of files, a process each; the files that have not come to their end. */
const runGroups = async (groups) => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-test-"));
  try {
    const entries = groups.map((files, index) => {
      const entry = join(folder, `group-${index}.mjs`);
      const suites = files.map((file) => {
        const [name, url] = [file, pathToFileURL(resolve(root, file)).href].map((text) =>
          JSON.stringify(text),
        );
        return `describe(${name}, { timeout: ${FILE_MS} }, () => import(${url}));\n`;
      });
      writeFileSync(entry, `import { describe } from "node:test";\n${suites.join("")}`);
      return entry;
    });
    const unfinished = new Set(groups.flat());
    const note = (outcome, { name, nesting, details }) => {
      if (nesting === 0) unfinished.delete(name);
      // Suites count where they failed by themselves; what stands for a whole process is none of the tests.
      const fails = details.error !== undefined && details.error.failureType !== "subtestsFailed";
      if ((details.type !== "suite" || fails) && !entries.includes(name)) outcome.tests += 1;
    };
    const events = run({
      files: entries,
      cwd: root,
      concurrency: availableParallelism() + 1,
      timeout: PROCESS_MS,
    });
    events.on("test:pass", (event) => note(passed, event));
    events.on("test:fail", (event) => {
      process.exitCode = 1;
      note(failed, event);
    });
    for await (const text of events.compose(spec)) process.stdout.write(text);
    return [...unfinished];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

// What Node made of the sources is kept for the next process.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "reviewflow-compile-cache");
const named = process.argv.slice(2);
const files = named.length > 0 ? named : globSync("test/**/*.test.ts", { cwd: root });
const unfinished = await runGroups(groupFiles(files.map((file) => file.replaceAll(sep, "/")).toSorted()));
if (unfinished.length > 0) {
  console.log(`\nOnce more, each alone, since their process ended before them: ${unfinished.join(", ")}\n`);
  const lost = await runGroups(unfinished.map((file) => [file]));
  for (const file of lost) console.log(`✖ ${file} ended its process before its tests had ended`);
  if (lost.length > 0) process.exitCode = 1;
  console.log(`\n${passed.tests} passed, ${failed.tests + lost.length} failed`);
}
