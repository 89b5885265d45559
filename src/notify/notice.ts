import { z } from "zod";
import type { NoticeEvent } from "../base/notice-events.ts";
import { PEER_KINDS } from "../base/outside.ts";
import { StoredReason } from "../base/reason.ts";
import type { Secret } from "../base/secret.ts";
import type { QueuedNotice } from "../store/notices/notice-store.ts";

const peer = z.object({ kind: z.enum(PEER_KINDS), name: z.string() });
/** At most so many projects are named. */
export const MOST_PROJECTS = 50;
const projects = z.array(z.string());

/** What a notice is about, as the store keeps it. Times are in milliseconds since the epoch. */
export const NoticeFacts = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("failing"),
    flow: z.string(),
    reason: StoredReason,
    count: z.number(),
    runId: z.string(),
    mergeRequest: z.object({ project: z.string(), iid: z.number() }),
    projects,
  }),
  z.object({ kind: z.literal("waiting"), peer, count: z.number(), sinceMs: z.number(), projects }),
  z.object({ kind: z.literal("parked"), peer, reason: StoredReason, count: z.number(), projects }),
  z.object({ kind: z.literal("hook"), address: z.string(), untilMs: z.number().nullable(), projects }),
  z.object({
    kind: z.literal("budget"),
    setting: z.string(),
    limit: z.number(),
    untilMs: z.number(),
    projects,
  }),
  z.object({
    kind: z.literal("critical"),
    title: z.string(),
    path: z.string(),
    line: z.number().nullable(),
    mergeRequest: z.object({ project: z.string(), iid: z.number() }),
    projects,
  }),
  z.object({ kind: z.literal("test"), projects }),
]);
export type NoticeFacts = z.infer<typeof NoticeFacts>;

/** A place that notices go to. */
export type Channel = {
  /** Stays the same while the address does, and tells nothing of it. */
  readonly id: string;
  /** What it is called where people read: its form and its host. */
  readonly label: string;
  readonly to:
    | {
        readonly kind: "http";
        readonly url: Secret;
        readonly format: "json" | "slack";
        /** A Jinja2 template instead of the format. */
        readonly body: string | null;
        readonly headers: Readonly<Record<string, Secret>>;
        /** What requests are signed with. */
        readonly key: Uint8Array | null;
      }
    | { readonly kind: "mail"; readonly address: string };
  readonly events: ReadonlySet<NoticeEvent>;
  /** Null for every project. */
  readonly projects: readonly string[] | null;
  readonly language: string;
};

/** A notice as it leaves. */
export type Notice = {
  readonly id: string;
  readonly event: NoticeEvent | "test";
  readonly state: QueuedNotice["state"];
  readonly facts: NoticeFacts;
  readonly createdAtMs: number;
};
