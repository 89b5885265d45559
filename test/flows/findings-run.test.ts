import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { saying } from "../messages/saying.ts";
import { z } from "zod";
import { CLEAN_DIFF, NONCE, PLANTED_DIFF, startEngine } from "./flow-setup.ts";

const Finding = z.strictObject({
  path: z.string(),
  line: z.number(),
  quote: z.string(),
  severity: z.string(),
  category: z.string(),
  confidence: z.number(),
  title: z.string().min(1),
  body: z.string().min(1),
  suggestion: z.string().optional(),
});
const Findings = z.array(Finding);
const Verdicts = z.array(
  z.strictObject({ id: z.string(), verdict: z.enum(["confirmed", "refuted"]), reason: z.string().min(1) }),
);

const findingsOf = (text: unknown) => Findings.parse(JSON.parse(z.string().parse(text)));
const unfence = (text: unknown): unknown =>
  JSON.parse(/^```json\n([\s\S]*)\n```$/.exec(z.string().parse(text))?.[1] ?? "");

describe("the findings flows on the engine", () => {
  let engine: Awaited<ReturnType<typeof startEngine>>;
  before(async () => {
    engine = await startEngine();
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
  });

  for (const name of ["review", "mentor"] as const) {
    it(`${name} finds planted mistakes and nothing in a clean change`, async () => {
      const planted = await engine.run(name, { diff: PLANTED_DIFF, nonce: NONCE, language: "English" });
      assert.equal(planted.status, "succeeded", JSON.stringify(planted.error));
      const [secret, loop, ...others] = findingsOf(planted.outputs["findings"]);
      assert.deepEqual(others, []);
      assert.equal(secret?.path, "src/login.js");
      assert.equal(secret.severity, "critical");
      assert.equal(secret.suggestion, "const password = process.env.PASSWORD;");
      assert.equal(loop?.path, "src/cart.js");
      assert.equal(loop.line, 12);
      assert.equal(loop.quote, "  for (let i = 0; i <= items.length; i++) {");
      assert.equal(loop.suggestion, "  for (let i = 0; i < items.length; i++) {");
      assert.match(
        z.string().parse(planted.outputs["overview"]),
        /Scripted.*src\/cart\.js.*4 .*added, 2 removed/,
      );

      const clean = await engine.run(name, { diff: CLEAN_DIFF, nonce: NONCE, language: "English" });
      assert.equal(clean.status, "succeeded", JSON.stringify(clean.error));
      assert.deepEqual(findingsOf(clean.outputs["findings"]), []);
    });
  }

  it("review keeps to the number of findings and to what was not said yet, in the language asked for", async () => {
    const inputs = { diff: PLANTED_DIFF, nonce: NONCE, language: "日本語" };
    const first = await engine.run("review", { ...inputs, max_findings: 1 });
    const [strongest, ...others] = findingsOf(first.outputs["findings"]);
    assert.deepEqual(others, []);
    assert.equal(strongest?.severity, "critical");
    assert.match(strongest.title, /\p{Script=Hiragana}/u);
    const said = JSON.stringify([{ path: strongest.path, line: strongest.line, text: strongest.title }]);
    const second = await engine.run("review", { ...inputs, said });
    assert.deepEqual(
      findingsOf(second.outputs["findings"]).map(({ path }) => path),
      ["src/cart.js"],
    );
  });

  it("verify confirms what is in the diff and refutes what is not, every id once", async () => {
    const reviewed = await engine.run("review", { diff: PLANTED_DIFF, nonce: NONCE });
    const real = findingsOf(reviewed.outputs["findings"]).map((finding, index) => ({
      id: `f${index}`,
      ...finding,
    }));
    const invented = { ...real[0], id: "f9", path: "src/cart.js", quote: "  return sum;", category: "bug" };
    const findings = JSON.stringify([...real, invented]);
    const { status, outputs } = await engine.run("verify", { diff: PLANTED_DIFF, findings, nonce: NONCE });
    assert.equal(status, "succeeded");
    assert.deepEqual(
      Verdicts.parse(unfence(outputs["verdicts"])).map(({ id, verdict }) => [id, verdict]),
      [
        ["f0", "confirmed"],
        ["f1", "confirmed"],
        ["f9", "refuted"],
      ],
    );
  });

  it("summary walks through the areas and points at the findings", async () => {
    const { status, outputs } = await engine.run("summary", {
      title: "Count the cart",
      files: JSON.stringify([
        { path: "src/cart.js", overview: "Sums the prices by index." },
        { path: "docs/cart.md" },
      ]),
      findings: JSON.stringify([
        { path: "src/cart.js", line: 12, severity: "major", title: "One step too far" },
      ]),
      language: "Korean",
      nonce: NONCE,
    });
    assert.equal(status, "succeeded");
    const summary = z.string().parse(outputs["summary"]);
    for (const part of [
      "Count the cart",
      "Sums the prices by index.",
      "`docs/cart.md`",
      "`src/cart.js:12`",
      "모의",
    ]) {
      assert.ok(summary.includes(part), part);
    }
  });

  it("refuses a run without a nonce or without a diff", async () => {
    await assert.rejects(engine.run("review", { diff: CLEAN_DIFF }), saying("flow.input.required"));
    await assert.rejects(engine.run("verify", { findings: "[]", nonce: NONCE }), saying("flow.input.required"));
  });
});
