import { publishCode, publishLine, publishName, publishText } from "../../review/publish-text.ts";
import { placeText } from "./render-text.ts";
import type { LocalFinding, LocalReport } from "./local-report.ts";
import { safeText } from "./safe-text.ts";

/** A report in Markdown that can be put in a note: nothing in it acts, mentions or embeds. */
export const renderMarkdown = ({ name, findings }: LocalReport): string => {
  const files = Map.groupBy(findings, ({ path }) => path);
  const parts = [
    `# Review of ${publishName(name).trim()}`,
    ...(findings.length === 0 ? ["No findings."] : []),
    ...[...files].flatMap(([path, found]) => [
      `## ${publishName(path).trim()}`,
      ...found.flatMap((finding) => renderFinding(finding)),
    ]),
  ];
  return safeText(`${parts.join("\n\n")}\n`);
};

const renderFinding = (finding: LocalFinding): readonly string[] => {
  const { severity, category, title, body, suggestion } = finding;
  const place = finding.line === null ? "" : `line ${placeText(finding)}, `;
  return [
    `### ${publishLine(title).trim()}`,
    `${place}**${severity}**, ${category}`,
    publishText(body).trim(),
    ...(suggestion === null
      ? []
      : suggestion === ""
        ? ["Suggestion: delete these lines."]
        : ["Suggestion:", publishCode(suggestion.replace(/\n$/, "")).trim()]),
  ].filter((part) => part !== "");
};
