import type { Clock } from "../../base/clock.ts";
import { ENDED_CODES } from "../../review/decide.ts";
import {
  facetOf,
  type FindingOutcome,
  OUTCOME_KINDS,
  type Outcome,
  type RaisedFinding,
  toCategory,
  toSeverity,
} from "../../review/lessons/outcome.ts";
import { writeClaimed } from "../claimed-writes.ts";
import type { Database } from "../database.ts";
import { storableText } from "../stored-text.ts";
import type { LessonStore } from "./lesson-store.ts";

/** More of a title or path says nothing more. */
const MAX_TEXT_LENGTH = 1_000;
/** Rows of one statement; a database takes only so many parameters. */
const AT_ONCE = 500;

const cut = (text: string): string => storableText(text.slice(0, MAX_TEXT_LENGTH));

const FINDING_KEY = ["projectId", "iid", "flow", "fingerprint"] as const;

type Outcomes = Pick<
  LessonStore,
  "keepFindings" | "keepOutcomes" | "dropOutcome" | "raisedAt" | "listOutcomes" | "listEnded" | "keepLooked"
>;

const outcomeRow = (outcome: Outcome, nowMs: number) => ({
  projectId: outcome.projectId,
  iid: outcome.iid,
  flow: storableText(outcome.flow),
  fingerprint: storableText(outcome.fingerprint),
  facet: facetOf(outcome),
  kind: outcome.kind,
  userId: outcome.userId,
  at: nowMs,
});

const findingRow = (finding: RaisedFinding, nowMs: number) => ({
  projectId: finding.projectId,
  iid: finding.iid,
  flow: storableText(finding.flow),
  fingerprint: storableText(finding.fingerprint),
  path: cut(finding.path),
  category: finding.category,
  severity: finding.severity,
  title: cut(finding.title),
  headSha: cut(finding.headSha),
  raisedAt: nowMs,
});

/** One row for each key, the last: a statement may not touch the same row twice. */
const distinct = <Row>(rows: readonly Row[], keyOf: (row: Row) => readonly unknown[]): readonly Row[] => [
  ...new Map(rows.map((row) => [JSON.stringify(keyOf(row)), row])).values(),
];

const chunks = <Row>(rows: readonly Row[]): readonly (readonly Row[])[] =>
  Array.from({ length: Math.ceil(rows.length / AT_ONCE) }, (_, index) =>
    rows.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );

/** Findings and what people made of them. */
export const createOutcomes = (database: Database, clock: Clock): Outcomes => ({
  keepFindings: async (findings) => {
    const rows = findings.map((finding) => findingRow(finding, clock.now()));
    const keyOf = (row: (typeof rows)[number]) => FINDING_KEY.map((column) => row[column]);
    await writeClaimed(database, (tx) =>
      chunks(distinct(rows, keyOf)).map((chunk) =>
        tx.db
          .insertInto("findings")
          .values([...chunk])
          .onConflict((conflict) =>
            conflict.columns(FINDING_KEY).doUpdateSet((eb) => ({
              category: eb.ref("excluded.category"),
              severity: eb.ref("excluded.severity"),
              title: eb.ref("excluded.title"),
            })),
          )
          .compile(),
      ),
    );
  },
  keepOutcomes: async (outcomes) => {
    const rows = outcomes.map((outcome) => outcomeRow(outcome, clock.now()));
    let kept = 0;
    for (const row of distinct(rows, (one) => [...FINDING_KEY.map((column) => one[column]), one.facet]))
      kept += await keepOutcome(database, row);
    return kept;
  },
  dropOutcome: async (outcome) => {
    const { projectId, iid, flow, fingerprint, facet, kind } = outcomeRow(outcome, 0);
    const { numDeletedRows } = await database.db
      .deleteFrom("outcomes")
      .where("projectId", "=", projectId)
      .where("iid", "=", iid)
      .where("flow", "=", flow)
      .where("fingerprint", "=", fingerprint)
      .where("facet", "=", facet)
      .where("kind", "=", kind)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  },
  ...createQuestions(database, clock),
});

/** Keeps an outcome of a finding that is known; 1 when it was. */
const keepOutcome = async (database: Database, row: ReturnType<typeof outcomeRow>): Promise<number> => {
  const known = await database.db
    .selectFrom("findings")
    .select("fingerprint")
    .where("projectId", "=", row.projectId)
    .where("iid", "=", row.iid)
    .where("flow", "=", row.flow)
    .where("fingerprint", "=", row.fingerprint)
    .executeTakeFirst();
  if (known === undefined) return 0;
  await writeClaimed(database, ({ db }) => [
    db
      .insertInto("outcomes")
      .values(row)
      .onConflict((conflict) =>
        conflict.columns([...FINDING_KEY, "facet"]).doUpdateSet((eb) => ({
          kind: row.kind,
          userId: row.userId,
          at: eb.case().when("outcomes.kind", "=", row.kind).then(eb.ref("outcomes.at")).else(row.at).end(),
        })),
      )
      .compile(),
  ]);
  return 1;
};

const createQuestions = (
  database: Database,
  clock: Clock,
): Pick<Outcomes, "raisedAt" | "listOutcomes" | "listEnded" | "keepLooked"> => ({
  raisedAt: async ({ projectId, iid }, flow) => {
    const rows = await database.db
      .selectFrom("findings")
      .select(["fingerprint", "headSha"])
      .where("projectId", "=", projectId)
      .where("iid", "=", iid)
      .where("flow", "=", storableText(flow))
      .execute();
    return new Map(rows.map(({ fingerprint, headSha }) => [fingerprint, headSha]));
  },
  listOutcomes: async (projectId, limit) => {
    const rows = await database.db
      .selectFrom("outcomes as o")
      .innerJoin("findings as f", (join) =>
        join
          .onRef("f.projectId", "=", "o.projectId")
          .onRef("f.iid", "=", "o.iid")
          .onRef("f.flow", "=", "o.flow")
          .onRef("f.fingerprint", "=", "o.fingerprint"),
      )
      .leftJoin("voters as v", (join) =>
        join.onRef("v.projectId", "=", "o.projectId").onRef("v.userId", "=", "o.userId"),
      )
      .select(["o.kind", "f.projectId", "f.iid", "f.flow", "f.fingerprint"])
      .select(["f.path", "f.category", "f.severity", "f.title"])
      .where("o.projectId", "=", projectId)
      .where((eb) => eb.or([eb("o.userId", "is", null), eb("v.member", "=", 1)]))
      .orderBy("o.at", "desc")
      .orderBy("o.iid", "desc")
      .orderBy("o.flow")
      .orderBy("o.fingerprint")
      .orderBy("o.facet")
      .limit(limit)
      .execute();
    return rows.flatMap(({ kind: stored, category, severity, ...finding }): readonly FindingOutcome[] => {
      const kind = OUTCOME_KINDS.find((known) => known === stored);
      if (kind === undefined) return [];
      return [
        { kind, finding: { ...finding, category: toCategory(category), severity: toSeverity(severity) } },
      ];
    });
  },
  listEnded: async (projectId, limit) =>
    database.db
      .selectFrom("findings as f")
      .select(["f.projectId", "f.iid", "f.flow"])
      .distinct()
      .where("f.projectId", "=", projectId)
      .where("f.checkedAt", "is", null)
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom("deliveries as d")
            .select("d.id")
            .whereRef("d.projectId", "=", "f.projectId")
            .whereRef("d.iid", "=", "f.iid")
            .where("d.reasonCode", "in", ENDED_CODES),
        ),
      )
      .orderBy("f.iid", "desc")
      .orderBy("f.flow")
      .limit(limit)
      .execute(),
  keepLooked: async ({ projectId, iid }) => {
    await writeClaimed(database, ({ db }) => [
      db
        .updateTable("findings")
        .set({ checkedAt: clock.now() })
        .where("projectId", "=", projectId)
        .where("iid", "=", iid)
        .compile(),
    ]);
  },
});
