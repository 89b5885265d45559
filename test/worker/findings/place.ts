import assert from "node:assert/strict";
import { unifiedHunks } from "../../../src/diff/unified-hunks.ts";
import type {
  Discussion,
  Note,
  Publication,
  PublicationReceipt,
  ThreadOutcome,
} from "../../../src/review/discussion.ts";
import type { ChangedFile, Forge, MergeRequest } from "../../../src/review/forge.ts";

/** Our own user in the fake place. */
export const BOT = 1;
/** Somebody else. */
export const HUMAN = 3;

/** A merge request in a place of our own, whose files are texts. */
export const createPlace = (files: Record<string, readonly [before: string, after: string]>) => {
  let head = 1;
  let nextId = 100;
  let current = files;
  const discussions: Discussion[] = [];
  const publications: Publication[] = [];
  const calls: string[] = [];
  const place = {
    state: "opened" as MergeRequest["state"],
    refuse: (_body: string): boolean => false,
    /** Called before each call and each write; throws to break it off there. */
    interfere: (_call: string): void => undefined,
    onFetch: (): void => undefined,
    /** Discussions that lists lack, although they are there. */
    unlisted: new Set<string>(),
  };
  const sha = (): string => String(head).padStart(40, "0");
  const refs = () => ({ baseSha: "b".repeat(40), startSha: "c".repeat(40), headSha: sha() });
  const enter = (call: string): void => {
    calls.push(call);
    place.interfere(call);
  };
  const notes = () => discussions.flatMap((discussion) => discussion.notes);
  const replace = (id: string, change: (old: Discussion) => Discussion): void => {
    const index = discussions.findIndex((discussion) => discussion.id === id);
    const old = discussions[index] ?? assert.fail("no such discussion");
    discussions[index] = change(old);
  };
  const noteBy = (authorId: number, body: string): Note => ({
    id: nextId,
    author: { id: authorId, username: `user-${authorId}` },
    body,
    system: false,
    ours: authorId === BOT ? "author" : null,
  });
  const open = (body: string, fields: Partial<Discussion> = {}, authorId = BOT): Discussion => {
    nextId += 1;
    const discussion: Discussion = {
      id: `d${nextId}`,
      individual: false,
      resolvable: true,
      resolved: false,
      resolvedBy: null,
      position: null,
      notes: [noteBy(authorId, body)],
      ...fields,
    };
    discussions.push(discussion);
    return discussion;
  };
  const reply = (id: string, body: string, authorId: number, resolve: boolean): void => {
    nextId += 1;
    replace(id, (old) => ({
      ...old,
      resolved: old.resolved || resolve,
      resolvedBy: resolve ? (authorId === BOT ? "us" : authorId) : old.resolvedBy,
      notes: [...old.notes, noteBy(authorId, body)],
    }));
  };
  const mergeRequest = (): MergeRequest => ({
    ref: { projectId: 7, iid: 1 },
    projectPath: "group/project",
    title: "Change things",
    description: "With the token glpat-abcdefghijklmnopqrst in it.",
    state: place.state,
    draft: false,
    webUrl: "https://gitlab.example.com/group/project/-/merge_requests/1",
    author: { id: HUMAN, username: "author" },
    sourceBranch: "topic",
    targetBranch: "main",
    headSha: sha(),
    diffRefs: refs(),
    labels: [],
    reviewerIds: [],
  });
  const publish = async (publication: Publication): Promise<PublicationReceipt> => {
    publications.push(publication);
    const threads: [string, ThreadOutcome][] = [];
    for (const draft of publication.open) {
      enter("open");
      const present = notes().find(({ body }) => body.includes(draft.marker));
      if (place.refuse(draft.body)) threads.push([draft.marker, { kind: "refused", reason: "no such line" }]);
      else if (present !== undefined) threads.push([draft.marker, { kind: "present", noteId: present.id }]);
      else {
        const {
          notes: [note],
        } = open(draft.body, { position: draft.position });
        threads.push([draft.marker, { kind: "published", noteId: note?.id ?? null }]);
      }
    }
    for (const draft of publication.reply) {
      enter("reply");
      if (!notes().some(({ body }) => body.includes(draft.marker)))
        reply(draft.discussionId, draft.body, BOT, draft.resolve);
    }
    if (publication.summary === null)
      return { threads: new Map(threads), summary: null, way: "drafts", isStatusSet: true };
    enter("summary");
    const { marker, body } = publication.summary;
    const known = discussions.find(({ notes: [first] }) => first?.body.includes(marker));
    const noteId =
      known?.notes[0]?.id ?? open(body, { individual: true, resolvable: false }).notes[0]?.id ?? 0;
    if (known !== undefined)
      replace(known.id, (old) => ({ ...old, notes: old.notes.map((note) => ({ ...note, body })) }));
    return {
      threads: new Map(threads),
      summary: { noteId, outcome: known ? "updated" : "created" },
      way: "drafts",
      isStatusSet: true,
    };
  };
  const forge: Forge = {
    currentUser: async () => {
      enter("currentUser");
      return { id: BOT, username: "bot" };
    },
    fetchMergeRequest: async () => {
      enter("fetchMergeRequest");
      place.onFetch();
      return mergeRequest();
    },
    fetchDiff: async () => {
      enter("fetchDiff");
      return { refs: refs(), files: Object.entries(current).flatMap(changedFile) };
    },
    upsertNote: async () => assert.fail("not a note"),
    fetchDiscussions: async () => {
      enter("fetchDiscussions");
      return discussions.filter(({ id }) => !place.unlisted.has(id));
    },
    publish: (_, publication) => publish(publication),
    fetchReactions: async () => null,
    fetchDiscussion: async (_, id) => discussions.find((discussion) => discussion.id === id) ?? null,
    hasNote: async (_, noteId) => {
      enter("hasNote");
      return notes().some(({ id }) => id === noteId);
    },
    reply: async () => assert.fail("not a conversation"),
    resolveDiscussion: async () => assert.fail("not a conversation"),
    react: async () => ({ awardId: 1 }),
    unreact: async () => true,
    setStatus: async () => true,
    endStatus: async () => true,
    removeNote: async () => undefined,
    updateDescription: async () => undefined,
    fetchAccessLevel: async () => 30,
    isProtectedBranch: async () => true,
    listFolder: async () => [],
    fetchFile: async () => ({ kind: "missing" }),
  };
  return {
    forge,
    place,
    calls,
    publications,
    discussions: () => discussions,
    threads: () => discussions.filter(({ individual }) => !individual),
    summaries: () =>
      discussions.filter(({ individual }) => individual).map(({ notes: [note] }) => note?.body ?? ""),
    reply,
    open,
    remove: (id: string) => {
      discussions.splice(
        discussions.findIndex((discussion) => discussion.id === id),
        1,
      );
    },
    push: (next: typeof files) => {
      head += 1;
      current = next;
    },
    headSha: sha,
  };
};

const changedFile = ([path, [before, after]]: [string, readonly [string, string]]): ChangedFile[] => [
  {
    oldPath: path,
    newPath: path,
    oldMode: "100644",
    newMode: "100644",
    change: before === "" ? "added" : "modified",
    generated: false,
    diff: { kind: "text", text: unifiedHunks(before, after), source: "diffs" },
  },
];
