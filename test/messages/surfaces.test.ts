import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Command } from "commander";
import { reasonOf } from "../../src/base/reason.ts";
import { createProgram } from "../../src/cli/create-program.ts";
import { flowCheck } from "../../src/cli/flow-check.ts";
import { renderMarkdown } from "../../src/cli/review/render-markdown.ts";
import { renderReceipt } from "../../src/cli/review/render-receipt.ts";
import { renderText } from "../../src/cli/review/render-text.ts";
import { isMessageCode, readTexts, type Translate, translator } from "../../src/messages/format-message.ts";
import { LANGUAGES } from "../../src/messages/language.ts";
import type { MessageCode } from "../../src/messages/message.ts";
import { conformancePath, recordedTerminal } from "../cli/recorded-terminal.ts";
import { finding, report } from "../cli/review-report.ts";
import { everyForm } from "./every-form.ts";
import { latinSentences } from "./latin-sentences.ts";

/** What people meet, each with the beginnings of the codes that only it shows. */
const SURFACES = {
  cli: ["cli.", "eval.", "init.", "metric.", "notify.", "rules.", "why."],
  doctor: ["doctor."],
  demo: ["demo."],
  hook: ["hook.", "project-search."],
  flow: ["flow."],
  failures: [
    "budget.candidates",
    "diff.",
    "dify.",
    "egress.",
    "findings.",
    "gitlab.",
    "model.",
    "payload.",
    "sandbox.",
    "store.",
  ],
} as const;
type Surface = keyof typeof SURFACES;

const codesOf = (surface: Surface): readonly MessageCode[] =>
  [...readTexts("en").keys()]
    .filter(isMessageCode)
    .filter((code) => SURFACES[surface].some((begin) => code.startsWith(begin)));

/** Every message of a surface in all its forms, under its code. */
const messagesOf = (t: Translate, surface: Surface): string =>
  codesOf(surface)
    .map((code) => [`[${code}]`, ...everyForm(t, code)].join("\n"))
    .join("\n");

const helpOf = (command: Command): readonly string[] => [
  command.configureHelp({ helpWidth: 80 }).helpInformation(),
  ...command.commands.flatMap(helpOf),
];

/** What commander finds wrong with a call. */
const complaintOf = async (language: string, words: readonly string[]): Promise<string> => {
  const program = createProgram({ LANG: language });
  const terminal = recordedTerminal();
  const listen = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: terminal.complain });
    command.commands.forEach(listen);
  };
  listen(program);
  await assert.rejects(program.parseAsync([...words], { from: "user" }), { exitCode: 1 });
  return terminal.err();
};

const COMPLAINTS = [
  ["serv"],
  ["why"],
  ["why", "a", "b"],
  ["why", "a", "--servr", "b"],
  ["why", "a", "--server"],
  ["move", "--to", "x"],
  ["serve", "--port", "70000"],
  ["serve", "--role", "none"],
  ["shadow", "none"],
] as const;

const flowsIn = async (LANG: string): Promise<string> => {
  const terminal = recordedTerminal();
  const files = ["inputs", "unreachable", "code-refused", "none-such"].map(conformancePath);
  assert.equal(await flowCheck(files, { ...terminal, environment: { LANG } }), 1);
  return terminal.out().replaceAll(/\S+\/(?=[\w-]+\.yml)/gu, "");
};

/** Everything that a local review can come to. */
const reviewed = report(
  [
    finding({ suggestion: "c" }),
    finding({ suggestion: "", severity: "minor", unverified: true }),
    finding({ side: "old", line: 9, endLine: 9, nearLine: 1 }),
    finding({ line: null, endLine: null, nearLine: 1, code: null, severity: "info" }),
  ],
  {
    receipt: [
      { path: "a", outcome: { kind: "reviewed", sinceSha: "1" } },
      { path: "b", outcome: { kind: "skipped", reason: reasonOf("binary") } },
      { path: "c", outcome: { kind: "partly", sinceSha: "1", reason: reasonOf("over-limit") } },
    ],
    below: 2,
    untracked: Array.from({ length: 22 }, (_, index) => `u${index}`),
    remarks: [reasonOf("parts-failed", { failed: 1, parts: 2 })],
  },
);

const reportsIn = (t: Translate): readonly string[] => [
  renderText(t, reviewed, false),
  renderMarkdown(t, reviewed),
  renderReceipt(t, reviewed),
  renderText(t, report([]), false),
];

const textsOf = async (surface: Surface, language: string): Promise<readonly string[]> => {
  const t = translator(language);
  if (surface !== "cli") return [messagesOf(t, surface)];
  const complaints: string[] = [];
  for (const words of COMPLAINTS) complaints.push(await complaintOf(language, words));
  return [
    ...helpOf(createProgram({ LANG: language })),
    complaints.join(""),
    await flowsIn(language),
    ...reportsIn(t),
    messagesOf(t, surface),
  ];
};

/** Words that are typed, and names that stay as they are. */
const asTyped = (text: string): string =>
  text
    .replaceAll(/^\[[\w.-]+\]$|\[options\]|\[command\]|<[^>]*>|\b[A-Z]\w*_\w+\b|--[\w-]+|https?:\S+/gmu, "·")
    .replaceAll(/Past the end|The loop runs once too often\.|workflow, DSL/gu, "·")
    // Fields of a workflow file.
    .replaceAll(/\b[a-z_]+(?:\.\w+)+:/gu, "·");

for (const surface of ["cli", "doctor", "demo", "failures", "flow", "hook"] as const)
  suite(`what is said by: ${surface}`, () => {
    for (const language of LANGUAGES)
      test(`is that of the catalogue: ${language}`, async (t) => {
        t.assert.fileSnapshot(
          (await textsOf(surface, language)).join("\n=====\n"),
          join(import.meta.dirname, `snapshots/${surface}.${language}.md`),
          { serializers: [String] },
        );
      });

    for (const language of LANGUAGES.filter((tag) => tag !== "en"))
      test(`holds no English but code and names: ${language}`, async () => {
        const texts = await textsOf(surface, language);
        assert.deepEqual(asTyped(texts.join("\n")).split("\n").flatMap(latinSentences), []);
      });
  });
