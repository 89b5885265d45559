import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { startGitLabStandIn } from "../../standins/gitlab/gitlab-stand-in.ts";
import { startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { startServerProcess } from "../e2e/server-process.ts";
import { setUpEmbedded } from "../e2e/start-embedded.ts";
import { SECRET } from "../e2e/start.ts";
import { addHook, createTeam, eventually } from "../e2e/team.ts";

/** A user without a name or a home, as OpenShift gives one to each namespace; its group is root's. */
const RANDOM = { uid: 1_000_660_000, gid: 0 };

/** Only root can become another user. */
const skip = process.getuid?.() !== 0;

suite("bug 45: a random user of group 0, with code that cannot be written and no home", () => {
  // The folder belongs to the user, or is lent to its group alone.
  for (const { name, owner, mode } of [
    { name: "its own", owner: RANDOM.uid, mode: 0o700 },
    { name: "root's, for its group", owner: 0, mode: 0o2770 },
  ])
    test(
      `with a data folder that is ${name}, all is well, a review among it, over a restart`,
      { skip },
      async () => {
        await using gitlab = await startGitLabStandIn();
        await using model = await startModelStandIn();
        const team = await createTeam(gitlab);
        await using setup = await setUpEmbedded(team, model, {
          flows: [{ name: "review", file: "builtin:review", language: "English" }],
        });
        const place = (folder: string, folderMode: number, uid: number): string => {
          const path = join(setup.folder, folder);
          mkdirSync(path);
          chownSync(path, uid, RANDOM.gid);
          chmodSync(path, folderMode);
          return path;
        };
        const data = place("data", mode, owner);
        const readOnly = place("read-only", 0o555, 0);
        chmodSync(setup.folder, 0o755);
        chmodSync(setup.configFile, 0o644);
        const environment = {
          ...setup.environment,
          REVIEWFLOW_CONFIG: setup.configFile,
          REVIEWFLOW_DATA_DIR: data,
          NODE_COMPILE_CACHE: undefined,
          TMPDIR: readOnly,
        };
        for (const branch of ["first", "second"]) {
          const server = await startServerProcess(environment, { ...RANDOM, cwd: readOnly });
          try {
            for (const path of ["/healthz", "/readyz"])
              assert.equal((await fetch(`${server.url}${path}`)).status, 200, path);
            await addHook(team, { url: `${server.url}/webhooks/gitlab`, token: SECRET });
            const mergeRequest = await team.openMergeRequest(branch);
            await gitlab.settleHooks();
            await eventually("the bot's note", async () => {
              const notes = await team.botNotes(mergeRequest);
              return notes.length > 0 ? notes : undefined;
            });
            assert.equal(await server.stop(), 0, server.output());
          } finally {
            await server.kill();
          }
        }
        const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((one) =>
          one.isFile(),
        );
        assert.ok(files.length > 0);
        for (const file of files) {
          const { uid, mode: fileMode } = statSync(join(file.parentPath, file.name));
          assert.deepEqual([uid, (fileMode & 0o777).toString(8)], [RANDOM.uid, "600"], file.name);
        }
        assert.deepEqual(readdirSync(readOnly), []);
        assert.deepEqual(gitlab.failures, []);
      },
    );
});
