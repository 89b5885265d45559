import type { ProgramContext, StandInApp } from "../../standins/dify/stand-in-app.ts";

/** A Dify app of the `note` contract: judges the diff that it is given and returns Markdown. */
export const noteApp = (
  judge: (context: ProgramContext) => Promise<string> = async ({ inputs }) => describe(inputs),
): StandInApp => ({
  name: "note",
  key: "app-note",
  form: [
    { variable: "title", type: "text-input", required: true, max_length: 255 },
    { variable: "diff", type: "paragraph", required: true, max_length: 100_000 },
    { variable: "language", type: "text-input", required: false },
  ],
  program: async (context) => {
    const { outputs } = await context.node({ id: "model", type: "llm", title: "Judge" }, async () => ({
      outputs: { text: await judge(context) },
      usage: { prompt_tokens: 100, completion_tokens: 20 },
    }));
    return { status: "succeeded", outputs: { review: outputs["text"] } };
  },
});

const describe = (inputs: Readonly<Record<string, unknown>>): string =>
  `Review of "${String(inputs["title"])}": ${
    String(inputs["diff"])
      .split("\n")
      .filter((line) => /^\+[^+]/.test(line)).length
  } lines added.`;
