import { reasonOf } from "../../src/base/reason.ts";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Hono } from "hono";
import { lessons, type LessonsAction } from "../../src/cli/lessons.ts";
import { startServer } from "../../src/http/server.ts";
import { openStore } from "../../src/store/open-store.ts";
import { ENOUGH } from "../config/config-setup.ts";
import { request } from "../store/store-requests.ts";
import { recordedTerminal } from "./recorded-terminal.ts";
import { english as t, saying } from "../messages/saying.ts";

/** With a running server: test/e2e/lessons.test.ts. */
describe("reviewflow lessons where no server runs", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "reviewflow-lessons-"));
  const file = join(dataDir, "lessons.md");
  let port = "";

  before(async () => {
    const server = await startServer({ app: new Hono(), host: "127.0.0.1", port: 0 });
    ({ port } = new URL(server.url));
    // Nobody listens there from now on.
    await server.stop(0);
    await using store = await openStore({ database: { dataDir: dataDir } });
    await store.accept(
      request({ decide: () => ({ kind: "ignore", reason: reasonOf("nothing-to-review") }) }),
    );
    writeFileSync(file, "Be brief.\n");
  });
  after(() => rmSync(dataDir, { recursive: true, force: true }));

  const run = async (action: LessonsAction, project: string, more: { readonly file?: string } = {}) => {
    const terminal = recordedTerminal();
    const environment = { ...ENOUGH, REVIEWFLOW_DATA_DIR: dataDir, REVIEWFLOW_PORT: port };
    const code = await lessons(action, project, { ...terminal, ...more, environment });
    return { code, out: terminal.out(), err: terminal.err() };
  };

  it("reads and changes the store itself", async () => {
    const edited = await run("edit", "group/project", { file });
    assert.deepEqual([edited.code, edited.err], [0, ""]);
    assert.equal(edited.out, `${t("cli.lessons.saved", { project: "group/project", on: "true" })}\n`);
    const off = await run("off", "group/project");
    assert.equal(off.out, `${t("cli.lessons.saved", { project: "group/project", on: "false" })}\n`);
    const shown = await run("show", "group/project");
    assert.deepEqual([shown.code, shown.out], [0, "Be brief.\n"]);
    assert.equal(shown.err, `${t("lessons.off")}\n`);
  });

  it("says what to change", async () => {
    const unknown = await run("show", "group/unknown");
    assert.deepEqual([unknown.code, unknown.out], [1, ""]);
    assert.equal(unknown.err, `${t("cli.lessons.unknown", { project: "group/unknown" })}\n`);
    const lost = await run("edit", "group/project", { file: join(dataDir, "lost.md") });
    assert.equal(lost.code, 1);
    assert.match(lost.err, saying("cli.file-unreadable"));
    assert.match(lost.err, /lost\.md.*ENOENT/);
  });
});
