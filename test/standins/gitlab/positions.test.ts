import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Discussion, openProject } from "./setup.ts";

const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex");
const REFUSED = {
  message: `400 Bad request - Note {:line_code=>["can't be blank", "must be a valid line code"]}`,
};

test("positions follow GitLab's rules", async (t) => {
  const { standIn, api, base, refs, mergeRequest, project, dev } = await openProject();
  t.after(() => standIn.close());
  const at = (path: string, line: object, oldPath = path) => ({
    ...refs,
    position_type: "text",
    old_path: oldPath,
    new_path: path,
    ...line,
  });
  const post = (position: object) => api("POST", `${base}/discussions`, { body: "a remark", position });
  const accepts = async (position: object, lineCode?: string) => {
    const reply = await post(position);
    assert.equal(reply.status, 201, reply.text);
    const discussion = Discussion.parse(reply.body);
    assert.equal(discussion.individual_note, false);
    assert.equal(discussion.notes[0]?.["type"], "DiffNote");
    if (lineCode !== undefined) {
      const stored = mergeRequest.discussions.at(-1)?.notes[0];
      assert.equal(stored?.lineCode, lineCode);
    }
  };
  const refuses = async (position: object) => {
    const reply = await post(position);
    assert.equal(reply.status, 400, JSON.stringify(position));
    assert.deepEqual(reply.body, REFUSED);
  };

  await t.test("added, removed and context lines, in hunks and outside, with their line codes", async () => {
    const path = sha1("a.txt");
    await accepts(at("a.txt", { old_line: 10 }), `${path}_10_10`);
    await accepts(at("a.txt", { new_line: 10 }), `${path}_11_10`);
    await accepts(at("a.txt", { new_line: 21 }), `${path}_21_21`);
    await accepts(at("a.txt", { old_line: 9, new_line: 9 }), `${path}_9_9`);
    await accepts(at("a.txt", { old_line: 30, new_line: 31 }), `${path}_30_31`);
    await accepts(at("a.txt", { old_line: 2, new_line: 2 }), `${path}_2_2`);
    await accepts(at("new.txt", { new_line: 1 }), `${sha1("new.txt")}_0_1`);
    await accepts(at("gone.txt", { old_line: 2 }), `${sha1("gone.txt")}_2_0`);
  });

  await t.test("a line of the wrong kind or pairing is refused", async () => {
    await refuses(at("a.txt", { new_line: 9 }));
    await refuses(at("a.txt", { old_line: 9 }));
    await refuses(at("a.txt", { old_line: 10, new_line: 10 }));
    await refuses(at("a.txt", { old_line: 25, new_line: 25 }));
    await refuses(at("a.txt", { new_line: 32 }));
    await refuses(at("a.txt", {}));
    await refuses(at("new.txt", { old_line: 1, new_line: 1 }));
    await refuses(at("gone.txt", { new_line: 1 }));
    await refuses(at("image.png", { new_line: 1 }));
  });

  await t.test("a renamed file needs its true old path", async () => {
    await accepts(at("dir/new näme.txt", { new_line: 5 }, "old name.txt"), `${sha1("dir/new näme.txt")}_6_5`);
    await refuses(at("dir/new näme.txt", { new_line: 5 }));
    await refuses(at("old name.txt", { old_line: 5 }));
    await refuses({ ...refs, position_type: "text", new_path: "a.txt", new_line: 10 });
  });

  await t.test("commits that are no version of the merge request are refused", async () => {
    await refuses({ ...at("a.txt", { new_line: 10 }), head_sha: refs.base_sha });
    await refuses({ ...at("a.txt", { new_line: 10 }), base_sha: "0".repeat(40) });
  });

  await t.test("missing and malformed parameters answer in Grape's words", async () => {
    const missing = await post({ position_type: "text", new_path: "a.txt", new_line: 10 });
    assert.equal(missing.status, 400);
    assert.deepEqual(missing.body, {
      error: "position[base_sha] is missing, position[start_sha] is missing, position[head_sha] is missing",
    });
    const kind = await post({ ...at("a.txt", {}), position_type: "line" });
    assert.deepEqual(kind.body, { error: "position[position_type] does not have a valid value" });
    const line = await post(at("a.txt", { new_line: "ten" }));
    assert.deepEqual(line.body, { error: "position[new_line] is invalid" });
  });

  await t.test("a whole file takes a remark, without lines", async () => {
    await accepts({ ...at("image.png", {}), position_type: "file" });
    const unchanged = await post({ ...at("b.txt", {}), position_type: "file" });
    assert.equal(unchanged.status, 400);
  });

  await t.test("several lines need two true line codes, the second at the position's line", async () => {
    const path = sha1("a.txt");
    const range = (start: object, end: object) => at("a.txt", { new_line: 10, line_range: { start, end } });
    const end = { line_code: `${path}_11_10`, type: "new", new_line: 10 };
    await accepts(range({ line_code: `${path}_9_9`, type: null, old_line: 9, new_line: 9 }, end));
    await accepts(range({ line_code: `${path}_10_10`, type: "old", old_line: 10 }, end));
    const bad = [
      range({ line_code: `${path}_9_8`, type: null }, end),
      range({ line_code: `${path}_10_10`, type: "new" }, end),
      range({ line_code: `${path}_11_11`, type: null }, end),
      range({ type: null, old_line: 9, new_line: 9 }, end),
      range(end, { line_code: `${path}_12_12`, type: null, old_line: 12, new_line: 12 }),
    ];
    for (const position of bad) {
      const reply = await post(position);
      assert.equal(reply.status, 400, JSON.stringify(position));
    }
  });

  await t.test(
    "after a push an earlier version's position still counts, and threads move or stay",
    async () => {
      await standIn.push(project, {
        branch: "feature",
        user: dev,
        actions: [
          {
            action: "write",
            path: "a.txt",
            content: `top\n${Array.from({ length: 30 }, (_, index) => (index === 9 ? "changed 10" : `line ${index + 1}`)).join("\n")}\n`,
          },
        ],
      });
      await accepts(at("a.txt", { new_line: 21 }));
      const notes = mergeRequest.discussions.flatMap((discussion) => discussion.notes);
      const moved = notes.find(
        (note) => note.originalPosition?.new_line === 10 && note.originalPosition.old_line === null,
      );
      assert.equal(moved?.position?.new_line, 11);
      assert.equal(moved.position.head_sha, mergeRequest.versions.at(-1)?.head);
      assert.equal(moved.originalPosition?.head_sha, refs.head_sha);
      const outdated = notes.find((note) => note.originalPosition?.new_line === 21);
      assert.equal(outdated?.position?.new_line, 21);
      assert.equal(outdated.position.head_sha, refs.head_sha);
    },
  );
  assert.deepEqual(standIn.failures, []);
});
