import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, test } from "node:test";
import { z } from "zod";
import { REF, type Routes, setUpForge } from "./forge-setup.ts";
import { answer } from "./tiny-gitlab.ts";

const MARKER = "<!-- reviewflow:summary -->";
const DRAFT = { marker: MARKER, body: `Looks good.\n\n${MARKER}` };
const US = { id: 42, username: "project_7_bot_x" };

type StoredNote = { readonly id: number; body: string; readonly system: boolean; readonly author: typeof US };

const Body = z.object({ body: z.string() });

/** Notes that behave as GitLab's do; `post` may spoil the answer to a creation, or the creation itself. */
const noteRoutes = (
  notes: StoredNote[],
  post: (create: () => StoredNote, response: ServerResponse, number: number) => void = (create, response) =>
    answer(response, 201, create()),
): Routes => ({
  "GET /notes": (_, response) => answer(response, 200, notes, { "x-next-page": "" }),
  "POST /notes": (request, response, number) => {
    const create = (): StoredNote => {
      const { body } = Body.parse(JSON.parse(request.body));
      const note = { id: 500 + notes.length, body, system: false, author: US };
      notes.push(note);
      return note;
    };
    post(create, response, number);
  },
  "PUT /notes/500": (request, response) => {
    const [note] = notes;
    if (note === undefined) return answer(response, 404, { message: "404 Not found" });
    note.body = Body.parse(JSON.parse(request.body)).body;
    return answer(response, 200, note);
  },
});

const note = (given: Partial<StoredNote> = {}): StoredNote => ({
  id: 500,
  body: DRAFT.body,
  system: false,
  author: US,
  ...given,
});

describe("a note", () => {
  test("is created once and then left alone", async () => {
    const notes: StoredNote[] = [];
    await using gitlab = await setUpForge(noteRoutes(notes));
    const url = "https://gitlab.example.com/group/project/-/merge_requests/3#note_500";
    assert.deepEqual(await gitlab.forge.upsertNote(REF, DRAFT), { noteId: 500, outcome: "created", url });
    assert.deepEqual(await gitlab.forge.upsertNote(REF, DRAFT), { noteId: 500, outcome: "unchanged", url });
    assert.equal(notes.length, 1);
    assert.equal(gitlab.count("GET /api/v4/user"), 1);
  });

  test("is unchanged when GitLab only trimmed it", async () => {
    await using gitlab = await setUpForge(noteRoutes([note({ body: DRAFT.body.replaceAll("\n", "\r\n") })]));
    const receipt = await gitlab.forge.upsertNote(REF, { ...DRAFT, body: `${DRAFT.body}\n\n` });
    assert.equal(receipt.outcome, "unchanged");
  });

  test("of ours with the marker is updated", async () => {
    const notes = [note({ body: `Old. ${MARKER}` })];
    await using gitlab = await setUpForge(noteRoutes(notes));
    assert.equal((await gitlab.forge.upsertNote(REF, DRAFT)).outcome, "updated");
    assert.deepEqual(
      notes.map(({ body }) => body),
      [DRAFT.body],
    );
  });

  test("of someone else, of the system or with another marker is not ours", async () => {
    const notes = [
      note({ author: { id: 1, username: "mallory" } }),
      note({ id: 501, system: true }),
      note({ id: 502, body: "<!-- reviewflow:other -->" }),
    ];
    await using gitlab = await setUpForge(noteRoutes(notes));
    assert.equal((await gitlab.forge.upsertNote(REF, DRAFT)).outcome, "created");
    assert.equal(gitlab.count("PUT /notes/500"), 0);
  });

  test("that exists several times is the newest, which no former bot wrote; none is deleted", async () => {
    const notes = [note({ body: `Old. ${MARKER}` }), note({ id: 501, body: `Old. ${MARKER}` })].reverse();
    const routes = noteRoutes(notes);
    await using gitlab = await setUpForge({
      ...routes,
      "PUT /notes/501": (_, response) => answer(response, 200, note({ id: 501 })),
    });
    assert.deepEqual(
      await gitlab.forge.upsertNote(REF, DRAFT).then(({ noteId, outcome }) => [noteId, outcome]),
      [501, "updated"],
    );
  });

  test("that was deleted meanwhile is created", async () => {
    await using gitlab = await setUpForge({
      ...noteRoutes([note({ body: `Old. ${MARKER}` })]),
      "PUT /notes/500": (_, response) => answer(response, 404, { message: "404 Not found" }),
    });
    assert.equal((await gitlab.forge.upsertNote(REF, DRAFT)).outcome, "created");
  });

  test("without its marker is refused", async () => {
    await using gitlab = await setUpForge(noteRoutes([]));
    await assert.rejects(gitlab.forge.upsertNote(REF, { marker: MARKER, body: "no marker" }), {
      code: "gitlab-note-without-marker",
    });
  });
});

describe("a creation whose answer is lost", () => {
  const losses: Readonly<Record<string, (response: ServerResponse) => void>> = {
    "5xx": (response) => answer(response, 502, "<html>bad gateway</html>", { "content-type": "text/html" }),
    "a reset": (response) => response.destroy(),
    "a hang": () => undefined,
    "JSON cut short": (response) => answer(response, 201, '{"id":5'),
  };
  for (const [name, lose] of Object.entries(losses)) {
    test(`by ${name} after the write leaves one note`, async () => {
      const notes: StoredNote[] = [];
      await using gitlab = await setUpForge(
        noteRoutes(notes, (create, response) => {
          create();
          lose(response);
        }),
      );
      assert.equal((await gitlab.forge.upsertNote(REF, DRAFT)).outcome, "created");
      assert.equal(notes.length, 1);
      assert.equal(gitlab.count("POST /notes"), 1);
    });

    test(`by ${name} before the write is repeated`, async () => {
      const notes: StoredNote[] = [];
      await using gitlab = await setUpForge(
        noteRoutes(notes, (create, response, number) =>
          number === 1 ? lose(response) : answer(response, 201, create()),
        ),
      );
      assert.equal((await gitlab.forge.upsertNote(REF, DRAFT)).outcome, "created");
      assert.equal(notes.length, 1);
      assert.equal(gitlab.count("POST /notes"), 2);
    });
  }

  test("again and again is thrown as what may pass", async () => {
    await using gitlab = await setUpForge(noteRoutes([], (_, response) => answer(response, 500, "")));
    await assert.rejects(gitlab.forge.upsertNote(REF, DRAFT), {
      code: "gitlab-unavailable",
      retryable: true,
    });
    assert.equal(gitlab.count("POST /notes"), 3);
  });

  test("is not repeated when GitLab refused it", async () => {
    await using gitlab = await setUpForge(
      noteRoutes([], (_, response) => answer(response, 403, { message: "403 Forbidden" })),
    );
    await assert.rejects(gitlab.forge.upsertNote(REF, DRAFT), { code: "gitlab-forbidden", retryable: false });
    assert.equal(gitlab.count("POST /notes"), 1);
  });

  test("by a rate limit that lasts is left to the caller with its wait", async () => {
    await using gitlab = await setUpForge(
      noteRoutes([], (_, response) => answer(response, 429, {}, { "retry-after": "300" })),
    );
    await assert.rejects(gitlab.forge.upsertNote(REF, DRAFT), {
      code: "gitlab-rate-limited",
      retryAfterMs: 300_000,
    });
  });
});
