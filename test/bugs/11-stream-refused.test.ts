import { suite, test } from "node:test";
import { assertWhole, playReview } from "../llm/played-review.ts";

suite("bug 11: servers that do not stream, or not as they are asked", () => {
  for (const name of ["stream", "stream_options"] as const)
    test(`${name} is refused: left out`, async () =>
      assertWhole(await playReview({ server: { refuses: [name] } })));
  test("one JSON body in place of a stream is read", async () =>
    assertWhole(await playReview({ server: {}, faults: [{ kind: "json-for-stream" }] })));
});
