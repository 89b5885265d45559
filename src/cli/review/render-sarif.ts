import type { Translate } from "../../messages/format-message.ts";
import { describeReason } from "../describe-reason.ts";
import { CATEGORIES, type Severity } from "../../review/finding.ts";
import type { LocalFinding, LocalReport } from "./local-report.ts";
import { safeJson, safeText } from "./safe-text.ts";

/** SARIF knows three levels that a result of ours can have (2.1.0, section 3.27.10). */
const LEVELS = {
  critical: "error",
  major: "error",
  minor: "warning",
  info: "note",
} as const satisfies Readonly<Record<Severity, string>>;

const rulesOf = (t: Translate) =>
  CATEGORIES.map((category) => ({
    id: `reviewflow/${category}`,
    shortDescription: { text: t("cli.review.rule", { category: t(`category.${category}`) }) },
  }));

/** A report in the Static Analysis Results Interchange Format 2.1.0 (OASIS). */
export const renderSarif = (t: Translate, { findings, remarks }: LocalReport): string =>
  safeJson({
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Reviewflow", rules: rulesOf(t) } },
        columnKind: "utf16CodeUnits",
        invocations: [
          {
            executionSuccessful: remarks.length === 0,
            toolExecutionNotifications: remarks.map((remark) => ({
              level: "warning",
              message: { text: safeText(describeReason(remark, t)) },
            })),
          },
        ],
        results: findings.map(toResult),
      },
    ],
  });

/** A path as a relative URI. One that a model made up may hold half characters, which no URI takes. */
const toUri = (path: string): string => path.toWellFormed().split("/").map(encodeURIComponent).join("/");

const toResult = (finding: LocalFinding): Readonly<Record<string, unknown>> => {
  const { category, severity, confidence, title, body, path, fingerprint } = finding;
  const artifactLocation = { uri: toUri(path), uriBaseId: "%SRCROOT%" };
  const text = safeText(`${title}\n\n${body}`).trim();
  const fix = fixOf(finding);
  return {
    ruleId: `reviewflow/${category}`,
    ruleIndex: CATEGORIES.indexOf(category),
    level: LEVELS[severity],
    message: { text },
    locations: [{ physicalLocation: { artifactLocation, region: regionOf(finding) } }],
    partialFingerprints: { "reviewflow/v1": fingerprint },
    ...(fix === null ? {} : { fixes: [{ artifactChanges: [{ artifactLocation, replacements: [fix] }] }] }),
    properties: { severity, confidence },
  };
};

/** A removed line is on no line of the file as it is now: the place where it was is told instead. */
const regionOf = ({ nearLine, endLine, side }: LocalFinding): Readonly<Record<string, number>> => ({
  startLine: nearLine,
  ...(endLine === null || side === "old" ? {} : { endLine }),
});

/** A region without columns holds whole lines without the last line's end (3.30.2). */
const fixOf = ({
  suggestion,
  side,
  line,
  endLine,
}: LocalFinding): Readonly<Record<string, unknown>> | null => {
  if (suggestion === null || side === "old" || line === null) return null;
  const last = endLine ?? line;
  if (suggestion === "")
    return { deletedRegion: { startLine: line, startColumn: 1, endLine: last + 1, endColumn: 1 } };
  return {
    deletedRegion: { startLine: line, endLine: last },
    insertedContent: { text: suggestion.replace(/\n$/, "") },
  };
};
