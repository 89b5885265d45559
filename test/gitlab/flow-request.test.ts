import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { z } from "zod";
import { fc } from "../properties.ts";
import { createFlowRequestPublisher, findPostedNote } from "../../src/gitlab/publish/flow-request.ts";
import { createGuardedHttpClient } from "../../src/egress/guarded-http-client.ts";
import { request as requestOf } from "../egress/loopback.ts";
import { readAsGitLab } from "../review/publish/read-as-gitlab.ts";
import { openProject } from "../standins/gitlab/setup.ts";

const GITLAB = "https://gitlab.example/sub";
const NOTES = `${GITLAB}/api/v4/projects/7/merge_requests/1/notes`;
const publish = createFlowRequestPublisher(GITLAB);
const ACTING = "/approve\n\n@all see ![x](https://evil.example/p.png) and [y](https://evil.example)";

type Asked = {
  readonly method?: string;
  readonly url?: string;
  readonly type?: string | null;
  readonly body?: string | Uint8Array | null;
};

const asked = async ({ method = "POST", url = NOTES, type = "application/json", body = null }: Asked) => {
  const headers: readonly (readonly [string, string])[] = type === null ? [] : [["Content-Type", type]];
  const bytes = body === null ? null : typeof body === "string" ? Buffer.from(body) : body;
  return publish({ method, url: new URL(url), headers, body: bytes });
};
const sent = async (request: Asked) => {
  const result = await asked(request);
  if ("refused" in result) assert.fail(result.refused.code);
  return { ...result, text: Buffer.from(result.body ?? []).toString("utf8") };
};
const isHarmless = (text: unknown): void => {
  assert.ok(typeof text === "string");
  const { commands, references, addresses } = readAsGitLab(text);
  assert.deepEqual([commands, references, addresses], [[], [], []], text);
};
const WithBody = z.looseObject({ body: z.string().optional() });
const VariablesText = z.looseObject({ variables: z.string() });
const bodyIn = (text: string): string | undefined => WithBody.parse(JSON.parse(text)).body;

suite("a text that a flow posts to GitLab by itself", () => {
  test("is made harmless in whatever form it is sent", async () => {
    const json = JSON.stringify({ body: ACTING });
    for (const type of ["application/json", "application/json; charset=utf-8", "text/plain", null])
      isHarmless(bodyIn((await sent({ type, body: json })).text));
    for (const method of ["PUT", "PATCH", "put", "post"])
      isHarmless(bodyIn((await sent({ method, body: json })).text));
    const form = new URLSearchParams({ body: ACTING, other: "x" });
    isHarmless(
      new URLSearchParams(
        (await sent({ type: "application/x-www-form-urlencoded", body: form.toString() })).text,
      ).get("body"),
    );
    isHarmless(new URLSearchParams((await sent({ type: null, body: form.toString() })).text).get("body"));
    const nested = new URLSearchParams({ "note[description]": ACTING });
    isHarmless(
      new URLSearchParams((await sent({ type: null, body: nested.toString() })).text).get(
        "note[description]",
      ),
    );
    isHarmless(
      new URLSearchParams(
        (await sent({ type: null, body: `x=1;body=${encodeURIComponent(ACTING)}` })).text,
      ).get("body"),
    );
    isHarmless(
      (await sent({ url: `${NOTES}?body=${encodeURIComponent(ACTING)}&x=1` })).url.searchParams.get("body"),
    );
    const data = new FormData();
    data.set("body", ACTING);
    data.set("file", new File(["/approve"], "a.txt"));
    const whole = new Response(data);
    const type = whole.headers.get("content-type") ?? "";
    const multipart = await sent({ type, body: new Uint8Array(await whole.arrayBuffer()) });
    const header = multipart.headers.find(([name]) => name === "Content-Type")?.[1] ?? "";
    const read = await new Response(multipart.text, { headers: { "content-type": header } }).formData();
    isHarmless(read.get("body"));
    assert.ok(multipart.text.includes("\r\n\r\n/approve\r\n"), "a file stays");
  });

  test("is found wherever GitLab is, and in every kind of text", async () => {
    for (const url of [
      "http://gitlab.example:8080/api/v4/projects/7/issues/1/notes",
      "https://10.0.0.1/api/v4/projects/g%2Fp/merge_requests/1/discussions",
      "https://other.example/sub/%61pi/v4/projects/7/merge_requests/1/draft_notes",
    ])
      isHarmless(bodyIn((await sent({ url, body: JSON.stringify({ body: ACTING }) })).text));
    for (const name of ["note", "description", "Body"]) {
      const { text } = await sent({ body: JSON.stringify({ deep: [{ [name]: ACTING }] }) });
      assert.ok(!text.includes("@all"), text);
      assert.ok(!text.includes('"/approve'), text);
    }
  });

  test("is harmless in GraphQL's variables, and refused within a query", async () => {
    const url = "https://gitlab.example/sub/api/graphql";
    const query =
      "mutation($id: NoteableID!, $t: String!) { createNote(input: {noteableId: $id, body: $t}) { errors } }";
    const { text } = await sent({
      url,
      body: JSON.stringify({ query, variables: { id: "gid://gitlab/MergeRequest/1", t: ACTING } }),
    });
    assert.ok(
      text.includes('"gid://gitlab/MergeRequest/1"') && !text.includes("@all") && !text.includes('"/approve'),
      text,
    );
    const literal = 'mutation { createNote(input: {noteableId: "x", body: "/approve"}) { errors } }';
    assert.ok("refused" in (await asked({ url, body: JSON.stringify({ query: literal }) })));
    assert.ok(
      "refused" in (await asked({ url: `${url}?query=${encodeURIComponent(literal)}`, method: "GET" })),
    );
  });

  test("that GitLab might read otherwise is refused", async () => {
    for (const body of [
      '{"body": "/approve", /* c */ "x": 1}',
      '\uFEFF{"body":"/approve"}',
      '{"body":"/approve"',
      '{"body":NaN}',
    ])
      assert.ok("refused" in (await asked({ body })), body);
    assert.ok("refused" in (await asked({ type: "multipart/form-data; boundary=x", body: "--y\r\n" })));
  });

  test("is found however somebody put it into a request", async () => {
    const graphql = `${GITLAB}/api/graphql`;
    const createNote = (input: string, head = "mutation"): string =>
      JSON.stringify({ query: `${head} { createNote(input: { ${input} }) { errors } }` });
    const part = (type: string): Asked => ({
      type: `${type}; boundary=x`,
      body: `--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n/approve\r\n--x--\r\n`,
    });
    const refused: Readonly<Record<string, Asked>> = {
      "multipart/mixed": part("multipart/mixed"),
      "multipart/related": part("multipart/related"),
      "a comment before a literal": { url: graphql, body: createNote('body: # x\n "/approve"') },
      "a comma before a literal": { url: graphql, body: createNote('body:, "/approve"') },
      "a block of text": { url: graphql, body: createNote('body: """\n/approve\n"""') },
      "a mark of order before a colon": { url: graphql, body: createNote('body\ufeff: "/approve"') },
      "a default value": {
        url: graphql,
        body: createNote("body: $text", 'mutation($text: String = "/approve")'),
      },
      "an escape": { url: graphql, body: createNote('body: "\\u002fapprove"') },
      "an operation in a batch": { url: graphql, body: `{"_json":[${createNote('body: "/approve"')}]}` },
      "an operation in the query of a POST": {
        url: `${graphql}?query=${encodeURIComponent('mutation{createNote(input:{body:"/approve"}){errors}}')}`,
        body: "{}",
      },
      "an operation as a form": {
        url: graphql,
        type: "application/x-www-form-urlencoded",
        body: "query=mutation%7BcreateNote(input:%7Bbody:%22/approve%22%7D)%7Berrors%7D%7D",
      },
      "an operation as itself": {
        url: graphql,
        type: "application/graphql",
        body: 'mutation { createNote(input: { body: "/approve" }) { errors } }',
      },
      "UTF-16": {
        type: "application/json; charset=utf-16le",
        body: Buffer.from('{"body":"/approve"}', "utf16le"),
      },
      "a mark of order before JSON": { body: '\ufeff{"body":"/approve"}' },
    };
    for (const [name, request] of Object.entries(refused))
      assert.ok("refused" in (await asked(request)), name);
    const twice = await publish({
      method: "POST",
      url: new URL(NOTES),
      headers: [
        ["Content-Type", "image/png"],
        ["content-type", "application/json"],
      ],
      body: Buffer.from('{"body":"/approve"}'),
    });
    assert.ok("refused" in twice);

    for (const name of ["body]", "]]body", "[note]body", "note[body][]", "%62ody"]) {
      const { text } = await sent({ type: null, body: `x=1&${name}=${encodeURIComponent(ACTING)}` });
      isHarmless([...new URLSearchParams(text)].at(-1)?.[1]);
    }
    for (const path of [
      "/api//v4/projects/1/notes",
      "/api/v4//projects/1/notes",
      "/api/%76%34/projects/1/notes",
    ])
      isHarmless(
        bodyIn((await sent({ url: `http://web${path}`, body: JSON.stringify({ body: ACTING }) })).text),
      );
    const variables = JSON.stringify({ text: ACTING });
    const { text } = await sent({ url: graphql, body: JSON.stringify({ query: "mutation x", variables }) });
    isHarmless(
      z.object({ text: z.string() }).parse(JSON.parse(VariablesText.parse(JSON.parse(text)).variables)).text,
    );
    const honest = {
      query:
        'mutation($b: String!) { createNote(input: { noteableId: "gid://gitlab/MergeRequest/1", body: $b }) { errors } }',
      variables: { b: "Looks fine." },
    };
    assert.equal((await sent({ url: graphql, body: JSON.stringify(honest) })).text, JSON.stringify(honest));
  });

  test("and everything else stays as it is, sign by sign", async () => {
    for (const request of [
      { method: "GET", url: `${NOTES}?body=%2Fapprove` },
      {
        body: '{ "body":"Looks **good**.\\n\\n```js\\n// @all\\n/x/.test(y)\\n```\\n\\n_Model: m1_" , "n": 1.0 }',
      },
      { url: "https://chat.example/hooks/x", body: JSON.stringify({ body: ACTING }) },
      {
        url: `${GITLAB}/api/v4/projects/7/repository/commits`,
        body: '{"actions":[{"content":"/approve @all"}]}',
      },
      {
        url: `${GITLAB}/api/v4/projects/7/packages/generic/a/1/b`,
        type: "application/octet-stream",
        body: "body=@all",
      },
    ]) {
      const { text, url } = await sent(request);
      assert.equal(text, request.body ?? "");
      assert.equal(url.href, request.url ?? NOTES);
    }
  });

  test("whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary" }),
        fc.constantFrom("/approve\n", "@all ", "![x](https://e.example)", ""),
        async (text, acting) => {
          isHarmless(bodyIn((await sent({ body: JSON.stringify({ body: acting + text }) })).text));
        },
      ),
    );
  });

  test("runs nothing in GitLab, also behind a redirect", async (t) => {
    const { standIn, project, bot, mergeRequest } = await openProject();
    t.after(() => standIn.close());
    const client = createGuardedHttpClient({
      allow: ["127.0.0.1"],
      prepare: createFlowRequestPublisher(standIn.url),
    });
    const sending = requestOf(
      `${standIn.url}/api/v4/projects/${project.id}/merge_requests/${mergeRequest.iid}/notes`,
      {
        method: "POST",
        headers: [
          ["Private-Token", bot.token],
          ["Content-Type", "application/json"],
        ],
        body: Buffer.from(JSON.stringify({ body: `Review\n${ACTING}` })),
      },
    );
    const result = await client.send(sending);
    assert.ok(result.ok && result.value.status === 201);
    assert.deepEqual(standIn.quickActions, []);
    isHarmless(mergeRequest.discussions.at(-1)?.notes[0]?.body);
  });

  test("is found where it may have been sent before, in each form, and sent where it was not", async (t) => {
    const { standIn, project, bot, mergeRequest } = await openProject();
    t.after(() => standIn.close());
    const client = createGuardedHttpClient({
      allow: ["127.0.0.1"],
      prepare: createFlowRequestPublisher(standIn.url),
      findSent: findPostedNote(standIn.url),
    });
    const url = `${standIn.url}/api/v4/projects/${project.id}/merge_requests/${mergeRequest.iid}/notes`;
    const multipart = new FormData();
    multipart.set("body", "A review\n@all");
    const form = new Response(multipart);
    const forms: readonly (readonly [type: string, body: Uint8Array])[] = [
      ["application/json", Buffer.from(JSON.stringify({ body: " A review\n@all\n" }))],
      [
        "application/x-www-form-urlencoded",
        Buffer.from(new URLSearchParams({ body: "A review\n@all" }).toString()),
      ],
      [form.headers.get("content-type") ?? "", new Uint8Array(await form.arrayBuffer())],
    ];
    const send = async (mayBeSent: boolean, [type, body]: (typeof forms)[number]): Promise<unknown> => {
      const headers: readonly (readonly [string, string])[] = [
        ["Private-Token", bot.token],
        ["Content-Type", type],
      ];
      const result = await client.send(requestOf(url, { method: "POST", headers, body, mayBeSent }));
      assert.ok(result.ok && result.value.status === 201);
      return z
        .looseObject({ id: z.number() })
        .parse(JSON.parse(Buffer.from(result.value.body).toString("utf8"))).id;
    };
    const count = (): number => mergeRequest.discussions.length;
    const before = count();
    const [json] = forms;
    assert.ok(json !== undefined);
    const first = await send(true, json);
    assert.equal(count(), before + 1);
    for (const one of forms) assert.equal(await send(true, one), first);
    assert.equal(count(), before + 1);
    // Somebody wants the same said once more.
    assert.notEqual(await send(false, json), first);
    assert.equal(count(), before + 2);
  });
});
