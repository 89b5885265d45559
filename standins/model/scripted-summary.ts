import { z } from "zod";
import { askedLanguage } from "./asked-language.ts";
import type { ChatRequest } from "./chat-request.ts";
import { readBlocks, readList } from "./prompt-blocks.ts";
import { ANSWER_WORDS } from "./rule-words.ts";

const ChangedFile = z.object({ path: z.string(), overview: z.string().nullish() });
const Finding = z.object({
  path: z.string(),
  line: z.number().nullish(),
  severity: z.string().nullish(),
  title: z.string(),
});

const parseEach = <T>(values: readonly unknown[], schema: z.ZodType<T>): readonly T[] =>
  values.flatMap((value) => {
    const parsed = schema.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });

const section = (heading: string, bullets: readonly string[]): readonly string[] =>
  bullets.length === 0 ? [] : [`### ${heading}\n\n${bullets.map((bullet) => `- ${bullet}`).join("\n")}`];

const placeOf = ({ path, line }: z.infer<typeof Finding>): string =>
  typeof line === "number" ? `\`${path}:${line}\`` : `\`${path}\``;

/**
 * Answers a request for a walk-through with what stands in its blocks, put in order: the title, the
 * overviews by folder, the findings. `who` is the sentence that says that this is a script.
 */
export const answerSummary = (request: ChatRequest, who: string): string => {
  const blocks = readBlocks(request);
  const words = ANSWER_WORDS[askedLanguage(request)];
  const files = parseEach(readList(blocks.get("files"), "files"), ChangedFile);
  const findings = parseEach(readList(blocks.get("findings"), "findings"), Finding);
  const folders = Map.groupBy(files, ({ path }) => path.split("/").slice(0, -1).join("/") || ".");
  const areas = [...folders].slice(0, 7).map(([folder, inside]) => {
    const named = inside.slice(0, 5).map(({ path }) => `\`${path}\``);
    const overviews = [...new Set(inside.flatMap(({ overview }) => (overview ? [overview] : [])))].slice(
      0,
      3,
    );
    return `**\`${folder}\`** (${named.join(", ")}): ${overviews.join(" ") || words.unread}`;
  });
  const title = blocks.get("title")?.trim() ?? "";
  return [
    `${title === "" ? "" : `**${title}** · `}${who}`,
    ...section(words.walkThrough, areas),
    ...section(
      words.risks,
      findings
        .slice(0, 4)
        .map(({ severity, title: problem }) => `${severity ? `${severity}: ` : ""}${problem}`),
    ),
    ...section(
      words.first,
      findings.slice(0, 3).map((finding) => `${placeOf(finding)}: ${finding.title}`),
    ),
  ].join("\n\n");
};
