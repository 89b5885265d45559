import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../properties.ts";
import { Json } from "../../../src/base/json.ts";
import { toPython } from "../../../src/sandbox/jinja2/convert.ts";
import { reprFloat, roundFloat, toFixedExact } from "../../../src/sandbox/jinja2/exact-number.ts";
import { renderTemplate } from "../../../src/sandbox/jinja2/render-template.ts";
import { isEqual } from "../../../src/sandbox/jinja2/compare.ts";

const render = (template: string, variables: Readonly<Record<string, Json>> = {}): string => {
  const outcome = renderTemplate(template, variables, 400_000);
  return outcome.ok ? outcome.text : `!${outcome.message}`;
};

describe("a template's text", () => {
  it("is any text without tags as it stands, but for one newline at its end", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }).map((text) => text.replace(/[{\r]/g, "")),
        (text) => {
          assert.equal(render(text), text.replace(/\n$/, ""));
        },
      ),
    );
  });

  it("is what a variable says, whatever that is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.equal(render("{{ x }}|{{ x|length }}", { x: text }), `${text}|${Array.from(text).length}`);
      }),
    );
  });

  it("is escaped where it asks for it, once", () => {
    const x = `<b a="1">&'</b>`;
    const escaped = "&lt;b a=&#34;1&#34;&gt;&amp;&#39;&lt;/b&gt;";
    for (const template of ["{{ x|e }}", "{{ x|escape }}", "{{ x|e|e }}", "{{ x|forceescape }}"])
      assert.equal(render(template, { x }), escaped, template);
    assert.equal(render("{{ x|safe }}", { x }), x);
  });

  it("never throws, whatever the template is", () => {
    const part = fc.constantFrom(
      "{{",
      "}}",
      "{%",
      "%}",
      "{#",
      "#}",
      "-",
      "x",
      "if",
      "endif",
      "for",
      "in",
      "endfor",
      "set",
      "=",
      "|",
      "upper",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      ",",
      ".",
      ":",
      "'",
      '"',
      "1",
      "2.5",
      " ",
      "\n",
      "not",
      "is",
      "defined",
      "macro",
      "endmacro",
      "raw",
      "endraw",
      "~",
      "**",
      "%",
      "\\",
      "한",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        assert.equal(typeof render(parts.join(""), { x: "v" }), "string");
      }),
      { numRuns: 3000 },
    );
  });

  it("comes back from tojson as the value that went in", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const json = Json.parse(JSON.parse(JSON.stringify({ value })));
        const text = render("{{ x|tojson }}", { x: json });
        assert.ok(!/[<>&']/.test(text));
        const back = Json.parse(JSON.parse(text));
        assert.ok(isEqual(toPython(back), toPython(json)));
      }),
    );
  });

  it("does not change the variables of the caller", () => {
    const variables = { l: [1, 2], d: { a: 1 } };
    render("{{ l.append(3) }}{{ d.update(b=2) }}{{ d.pop('a') }}", variables);
    assert.deepEqual(variables, { l: [1, 2], d: { a: 1 } });
  });

  it("keeps nothing for the next template", () => {
    render("{% set x = 1 %}{% macro m() %}m{% endmacro %}{% set ns = namespace(a=1) %}");
    assert.equal(render("[{{ x }}{{ m }}{{ ns }}]"), "[]");
  });

  it("names the line of a mistake", () => {
    assert.equal(
      render("a\nb\n{% if %}"),
      "!TemplateSyntaxError: unexpected 'end of statement block' (line 3)",
    );
  });

  it("cannot take in other templates", () => {
    for (const tag of ["include 'x'", "extends 'x'", "import 'x' as y", "from 'x' import y"])
      assert.match(render(`{% ${tag} %}`), /^!TemplateSyntaxError: .* cannot be used/);
  });
});

describe("numbers", () => {
  it("read back as what they were printed from", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = reprFloat(value);
        assert.equal(Number(text), value);
        assert.match(text, /[.e]/);
      }),
    );
  });

  it("round to the nearest, ties to even", () => {
    assert.deepEqual(
      [0.5, 1.5, 2.5, -0.5, -1.5].map((value) => toFixedExact(value, 0)),
      ["0", "2", "2", "-0", "-2"],
    );
    assert.deepEqual([roundFloat(2.675, 2), roundFloat(1250, -2), roundFloat(1350, -2)], [2.67, 1200, 1400]);
  });

  it("divide and take remainders as Python does", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer().filter((b) => b !== 0),
        (a, b) => {
          assert.equal(
            render("{{ (a // b) * b + a % b == a }} {{ (a % b) * b >= 0 }}", { a, b }),
            "True True",
          );
        },
      ),
    );
  });
});
