import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Json } from "../../src/base/json.ts";
import { createTemplateRenderer } from "../../src/sandbox/create-template-renderer.ts";
import { message } from "../../src/messages/message.ts";

// What is refused by its size or depth is refused so on a slow machine, too; time has its own test.
const renderer = createTemplateRenderer({ timeLimitMs: 120_000 });
after(async () => await renderer[Symbol.asyncDispose]());

const live = (): AbortSignal => new AbortController().signal;
const render = async (template: string, variables: Readonly<Record<string, Json>> = {}): Promise<string> => {
  const result = await renderer.render({ template, variables, signal: live() });
  if (result.ok) return result.value;
  assert.equal(result.errorType, "TemplateRenderError");
  return `!${result.message}`;
};

describe("the template renderer", () => {
  it("renders, several at once", async () => {
    const texts = await Promise.all(
      [1, 2, 3, 4, 5].map(async (x) => await render("{{ x }} {{ true }}", { x })),
    );
    assert.deepEqual(texts, ["1 True", "2 True", "3 True", "4 True", "5 True"]);
  });

  it("says what is wrong in Jinja2's words", async () => {
    assert.equal(await render("{{ a.b }}"), "!UndefinedError: 'a' is undefined");
  });

  it("rejects with the signal's reason, before and while it renders", async () => {
    const reason = new Error("cancelled");
    const request = {
      template: "{% for i in range(2000000) %}{% for j in range(2000000) %}{% endfor %}{% endfor %}",
      variables: {},
    };
    await assert.rejects(renderer.render({ ...request, signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    const rendering = renderer.render({ ...request, signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await assert.rejects(rendering, reason);
    assert.equal(await render("still {{ 1 }}"), "still 1");
  });

  it("ends a template that does not end", async () => {
    await using hasty = createTemplateRenderer({ timeLimitMs: 1_500 });
    // Short lists: long ones may meet the limit of memory first.
    const template = "{% for i in range(1000) %}".repeat(6) + "{% endfor %}".repeat(6);
    const result = await hasty.render({ template, variables: {}, signal: live() });
    assert.ok(!result.ok);
    assert.deepEqual(result.host, message("sandbox.timeout", { ms: 1_500 }));
  });

  it("refuses texts, numbers and lists without bound", async () => {
    assert.equal(
      await render("{% for i in range(500000) %}x{% endfor %}"),
      "!Output length exceeds 400000 characters",
    );
    assert.equal((await render("{{ '😀' * 400000 }}")).length, 800_000);
    for (const template of [
      "{{ 'x' * 10000000000 }}",
      "{{ 2 ** 9999999999 }}",
      "{{ (7 ** 100000) > 1 }}",
      "{{ '%9999999999d' % 1 }}",
      "{{ range(10 ** 12)|list }}",
      "{% set l = [1] %}{% for i in range(60) %}{% set _ = l.extend(l) %}{% endfor %}",
      "{% set ns = namespace(t='xx') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
      "{{ 'x'.join(['y' * 1000000] * 1000) }}",
      "{{ ('x' * 100000).replace('x', 'y' * 100000) }}",
    ])
      assert.match(await render(template), /^!MemoryError/);
  });

  it("refuses recursion without bound", async () => {
    const calls = (depth: number): string =>
      `{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(${depth}) }}`;
    assert.equal(await render(calls(100)), "");
    for (const template of [
      calls(200),
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
      "{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}",
      "{% set ns = namespace(l=[1]) %}{% for x in ns.l recursive %}{{ loop(ns.l) }}{% endfor %}",
      `{{ ${"(".repeat(50_000)}1${")".repeat(50_000)} }}`,
    ])
      assert.match(await render(template), /^!RecursionError/);
  });

  it("lives on after a template that filled the memory", async () => {
    const nest =
      "{% set ns = namespace(l=[]) %}{% for i in range(2000000) %}{% set ns.l = [ns.l, 'x' * 1000] %}{% endfor %}";
    assert.match(await render(nest), /^!error: /);
    assert.equal(await render("{{ 1 }}"), "1");
  });

  it("shows templates nothing but their variables", async () => {
    for (const template of [
      "{{ process }}{{ globalThis }}{{ require }}{{ __proto__ }}{{ constructor }}{{ this }}",
      "{{ ''.constructor }}{{ [].constructor }}{{ {}.constructor }}{{ (1).constructor }}{{ {}.__proto__ }}",
      "{{ range.constructor }}{{ range.call }}{{ range.__globals__ }}{{ ''.upper.constructor }}",
      "{% for i in [1] %}{{ loop.constructor }}{{ loop.__proto__ }}{% endfor %}",
      "{{ namespace().constructor }}{{ cycler(1).constructor }}{{ joiner().constructor }}",
      "{{ x|attr('constructor') }}{{ self.constructor }}{{ range.__globals__ }}",
      "{{ [x]|map(attribute='__proto__')|join }}{{ x['__proto__'] }}{{ x.hasOwnProperty }}",
    ])
      assert.equal(await render(template, { x: { a: 1 } }), "");
    const classes =
      "{{ ''['__class__'] }}{{ [].__class__ }}{{ x|attr('__class__') }}{{ 1.0.__class__.__name__ }}";
    assert.equal(await render(classes, { x: {} }), "<class 'str'><class 'list'><class 'dict'>float");
    for (const innards of ["''.__class__.__mro__", "x.__init__", "[].__class__.__base__", "range.__doc__"])
      assert.match(await render(`{{ ${innards} }}`, { x: {} }), /^!AttributeError: __\w+__ is not there/);
    assert.match(await render("{{ 'x'|constructor }}"), /^!TemplateAssertionError: No filter/);
    assert.match(await render("{{ 'x' is __proto__ }}"), /^!TemplateAssertionError: No test/);
    assert.match(await render("{{ ''.constructor.constructor('return process')() }}"), /^!UndefinedError/);
    assert.match(await render("{% constructor %}"), /^!TemplateSyntaxError/);
  });

  it("leaves the prototypes of this program alone", async () => {
    const template =
      "{% set d = {} %}{% set _ = d.update({'__proto__': {'polluted': 1}}) %}{% set ns = namespace() %}" +
      "{% set ns.__proto__ = {'polluted': 1} %}{% set __proto__ = 5 %}{{ d.polluted }}{{ d['__proto__'] }}";
    assert.equal(await render(template), "{'polluted': 1}");
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });
});
