import type { Discussion, Note } from "../discussion.ts";
import type { EndedThread } from "./review-plan.ts";
import { parseFingerprint } from "./fingerprint.ts";
import type { Matter } from "./fingerprint.ts";

/** What a note of ours says about itself in its first line, hidden from readers. */
export type Marker =
  | {
      readonly kind: "thread";
      readonly flow: string;
      readonly fingerprint: string;
      readonly matter: Matter;
    }
  | {
      readonly kind: "ended";
      readonly flow: string;
      readonly fingerprint: string;
      readonly why: EndedThread["why"];
      /** The head at which the thread was found to be no longer true. */
      readonly headSha: string;
    }
  | { readonly kind: "summary"; readonly flow: string };

/**
 * The beginning of a thread's marker: the same however the finding is worded, so that it finds the
 * thread again after a crash.
 */
export const threadKey = (flow: string, fingerprint: string): string =>
  `<!-- reviewflow:thread flow=${encode(flow)} id=${fingerprint} `;

/** The whole marker of a thread; begins with its key. */
export const threadMarker = (flow: string, fingerprint: string, matter: Matter): string =>
  `${threadKey(flow, fingerprint)}place=${matter.place} lines=${matter.lines} words=${matter.words.join(".")} path=${shortPath(matter.path)} -->`;

/** The marker of the reply that ends a thread; one for each head, since a thread can be opened again. */
export const endedMarker = (flow: string, ended: EndedThread, headSha: string): string =>
  `<!-- reviewflow:ended flow=${encode(flow)} id=${ended.fingerprint} why=${ended.why} head=${encode(headSha)} -->`;

/** The marker of a flow's summary note; the same in each run over a merge request. */
export const summaryMarker = (flow: string): string => `<!-- reviewflow:summary flow=${encode(flow)} -->`;

/**
 * Reads the marker of a note. Only our own notes have one, and only in their first line: whatever a human, a merge
 * request or a model wrote elsewhere is never taken for ours.
 */
export const readMarker = (note: Pick<Note, "body" | "ours">): Marker | null =>
  note.ours === null ? null : parseMarked(note.body);

/** What a text says of itself in its first line, whoever wrote it: proof of nothing. */
export const parseMarked = (body: string): Marker | null => {
  const [, kind, rest] = /^<!-- reviewflow:([a-z]+)((?: [a-z]+=[\w.~!*'()%-]*)+) -->/.exec(body) ?? [];
  if (kind === undefined || rest === undefined) return null;
  const fields = new Map(
    rest
      .trim()
      .split(" ")
      .map((field): [string, string] => {
        const [name = "", value = ""] = field.split("=");
        return [name, decode(value)];
      }),
  );
  return parseMarker(kind, (name) => fields.get(name) ?? "");
};

/** A thread of one flow that we opened, with what its markers say. */
export type OwnThread = {
  readonly discussion: Discussion;
  readonly noteId: number;
  readonly fingerprint: string;
  readonly kin: string;
  readonly ordinal: number;
  readonly matter: Matter;
  /** The heads at which we ended it, oldest first. */
  readonly endedAt: readonly string[];
  readonly resolvedByUs: boolean;
  /** Whether anybody else wrote in it. */
  readonly joined: boolean;
};

/**
 * The marker of a note, if it is a flow's. One flow reviews a merge request, so that a note whose id we kept is the
 * flow's under whatever name it wrote it; of other notes the name has to be the same.
 */
export const readMarkerOf = (note: Note, flow: string): Marker | null => {
  const marker = readMarker(note);
  return marker !== null && (note.ours === "id" || marker.flow === flow) ? marker : null;
};

/** The threads that we opened for a flow, oldest first. */
export const ownThreads = (discussions: readonly Discussion[], flow: string): readonly OwnThread[] =>
  discussions
    .flatMap((discussion) => readThread(discussion, flow))
    .toSorted((left, right) => left.noteId - right.noteId);

const readThread = (discussion: Discussion, flow: string): OwnThread[] => {
  const [first, ...answers] = discussion.notes;
  const marker = first === undefined ? null : readMarkerOf(first, flow);
  if (first === undefined || marker?.kind !== "thread") return [];
  const parts = parseFingerprint(marker.fingerprint);
  if (parts === null) return [];
  const endedAt = answers.flatMap((note) => {
    const answer = readMarker(note);
    return answer?.kind === "ended" ? [answer.headSha] : [];
  });
  const { resolved, resolvedBy } = discussion;
  return [
    {
      discussion,
      noteId: first.id,
      fingerprint: marker.fingerprint,
      ...parts,
      matter: marker.matter,
      endedAt,
      resolvedByUs: resolved && endedAt.length > 0 && (resolvedBy === "us" || resolvedBy === null),
      joined: answers.some((note) => !note.system && note.ours === null),
    },
  ];
};

const parseMarker = (kind: string, field: (name: string) => string): Marker | null => {
  const flow = field("flow");
  const fingerprint = field("id");
  switch (kind) {
    case "summary":
      return { kind, flow };
    case "ended": {
      const why = field("why") === "code-gone" ? "code-gone" : "fixed";
      return { kind, flow, fingerprint, why, headSha: field("head") };
    }
    case "thread": {
      const kin = parseFingerprint(fingerprint)?.kin;
      if (kin === undefined) return null;
      const words = field("words")
        .split(".")
        .filter((word) => word !== "");
      const lines = Number(field("lines"));
      return {
        kind,
        flow,
        fingerprint,
        matter: {
          path: field("path"),
          kin,
          place: field("place"),
          lines: Number.isSafeInteger(lines) ? lines : 0,
          words,
        },
      };
    }
    default:
      return null;
  }
};

/** A path that is too long for a marker is left out; its thread is then never taken for covered. */
const shortPath = (path: string): string => (encode(path).length > MAX_PATH_LENGTH ? "" : encode(path));

const MAX_PATH_LENGTH = 2_000;

/** A hyphen is encoded too: two of them have a meaning in HTML comments. */
const encode = (text: string): string => encodeURIComponent(text.toWellFormed()).replaceAll("-", "%2D");

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
};
