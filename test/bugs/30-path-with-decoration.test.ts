import { suite, test } from "node:test";
import { assertWhole, playReview } from "../llm/played-review.ts";

suite("bug 30: a path that a model repeats with what stands around it in the prompt", () => {
  for (const path of ["src/sum0.js (modified)", "=== src/sum0.js (modified) ===", "`src/sum0.js`:3"])
    test(path, async () => {
      const finding = {
        path,
        line: 3,
        severity: "major",
        title: "The loop reads past the end",
        body: "It fails.",
      };
      const script = () => JSON.stringify({ overview: "Adds a loop.", findings: [finding] });
      assertWhole(await playReview({ server: { script } }));
    });
});
