import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fc } from "../../properties.ts";
import type { Json } from "../../../src/base/json.ts";
import { readVerdicts } from "../../../src/review/findings/read-verdicts.ts";

const verdictsOf = (output: Json, ids: readonly string[]) =>
  [...readVerdicts(output, ids)].map(([id, verdict]) => `${id} ${verdict}`);

suite("the verdicts of a verifying flow", () => {
  test("are read from prose, fences and many words", () => {
    const output =
      'So:\n```json\n[{"id": "f1", "verdict": "Confirmed"}, {"id": "f2", "verdict": "false positive",}, {"finding_id": "f3", "valid": true}, {"id": "f4", "is_false_positive": true}]\n```';
    assert.deepEqual(verdictsOf(output, ["f1", "f2", "f3", "f4"]), [
      "f1 confirmed",
      "f2 refuted",
      "f3 confirmed",
      "f4 refuted",
    ]);
  });

  test("may stand under their ids", () => {
    assert.deepEqual(
      verdictsOf({ f1: "confirmed", f2: { verdict: "refuted", reason: "no" } }, ["f1", "f2"]),
      ["f1 confirmed", "f2 refuted"],
    );
    assert.deepEqual(verdictsOf('{"verdicts": {"f1": "yes"}}', ["f1"]), ["f1 confirmed"]);
  });

  test("are missing when absent, cut off, unclear or contradicting", () => {
    const output =
      '[{"id": "f1", "verdict": "perhaps"}, {"id": "f2", "verdict": "confirmed"}, {"id": "f2", "verdict": "refuted"}, {"id": "other", "verdict": "confirmed"}, {"id": "f3", "verdict": "confirmed"';
    assert.deepEqual(verdictsOf(output, ["f1", "f2", "f3", "f4"]), [
      "f1 missing",
      "f2 missing",
      "f3 missing",
      "f4 missing",
    ]);
    for (const nothing of ["", null, "All of them are confirmed.", [], "[]"])
      assert.deepEqual(verdictsOf(nothing, ["f1"]), ["f1 missing"]);
  });

  test("any verdicts come back as they were given, for exactly the ids that were asked for", () => {
    const given = fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^[a-z0-9]{1,6}$/),
        verdict: fc.constantFrom("confirmed", "refuted"),
        reason: fc.string(),
      }),
      { selector: ({ id }) => id, maxLength: 6 },
    );
    fc.assert(
      fc.property(given, fc.stringMatching(/^[A-Z]{3}-asked$/), (list, extra) => {
        const ids = [...list.map(({ id }) => id), extra];
        const read = verdictsOf(`Well:\n${JSON.stringify(list)}`, ids);
        assert.deepEqual(read, [...list.map(({ id, verdict }) => `${id} ${verdict}`), `${extra} missing`]);
      }),
      { numRuns: 200 },
    );
  });
});
