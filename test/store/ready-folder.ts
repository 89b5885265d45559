import { createHash } from "node:crypto";
import { constants, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { cp, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../src/store/open-store.ts";

const PREFIX = "reviewflow-ready-store-";
const OUTDATED_MS = 24 * 3_600_000;

/** Every source and version that has a say in what a new store looks like. */
const digest = (): string => {
  const root = join(import.meta.dirname, "../..");
  const store = join(root, "src/store");
  const sources = readdirSync(store, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .toSorted()
    .map((path) => join(store, path));
  const hash = createHash("sha256");
  for (const path of [join(root, "package.json"), ...sources]) hash.update(readFileSync(path));
  return hash.digest("hex").slice(0, 16);
};

/** Where the made one is; the sources stay as they are while a test file runs. */
let template: string | undefined;

const removeOutdated = (): void => {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(tmpdir(), name);
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > OUTDATED_MS) rmSync(path, { recursive: true, force: true });
  }
};

const makeTemplate = async (template: string): Promise<void> => {
  removeOutdated();
  const partial = mkdtempSync(join(tmpdir(), `${PREFIX}partial-`));
  const store = await openStore({ database: { dataDir: partial } });
  await store[Symbol.asyncDispose]();
  try {
    await rename(partial, template);
  } catch (error) {
    // Another test file was first, with the same contents.
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
};

/**
 * Gives `folder` an embedded store as the first start leaves it, and returns `folder`. Making one takes seconds
 * of computing, so it is made once for all test files and copied. Only for tests that are not about a first start.
 */
export const prepareStore = async (folder: string): Promise<string> => {
  template ??= join(tmpdir(), `${PREFIX}${digest()}`);
  if (!existsSync(template)) await makeTemplate(template);
  await cp(template, folder, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return folder;
};
