import type { Translate } from "../../messages/format-message.ts";
import { publishCode, publishLine, publishName, publishText } from "../../review/publish-text.ts";
import { placeText } from "./render-text.ts";
import type { LocalFinding, LocalReport } from "./local-report.ts";
import { safeText } from "./safe-text.ts";

/** A report in Markdown that can be put in a note: nothing in it acts, mentions or embeds. */
export const renderMarkdown = (t: Translate, { name, findings }: LocalReport): string => {
  const files = Map.groupBy(findings, ({ path }) => path);
  const parts = [
    `# ${t("cli.review.heading", { name: publishName(name).trim() })}`,
    ...(findings.length === 0 ? [t("summary.no-findings")] : []),
    ...[...files].flatMap(([path, found]) => [
      `## ${publishName(path).trim()}`,
      ...found.flatMap((finding) => renderFinding(t, finding)),
    ]),
  ];
  return safeText(`${parts.join("\n\n")}\n`);
};

const renderFinding = (t: Translate, finding: LocalFinding): readonly string[] => {
  const { severity, category, title, body, suggestion } = finding;
  const place = finding.line === null ? [] : [t("cli.review.line", { lines: placeText(t, finding) })];
  return [
    `### ${publishLine(title).trim()}`,
    [...place, `**${t(`severity.${severity}`)}**`, t(`category.${category}`)].join(", "),
    publishText(body).trim(),
    ...(suggestion === null
      ? []
      : suggestion === ""
        ? [t("cli.review.delete")]
        : [t("thread.suggestion"), publishCode(suggestion.replace(/\n$/, "")).trim()]),
  ].filter((part) => part !== "");
};
