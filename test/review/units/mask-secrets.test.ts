import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fc } from "../../properties.ts";
import { holdsMask, maskSecrets } from "../../../src/review/units/mask-secrets.ts";

const letters = "abcdefGHIJKL0123456789mnopQRSTuv"; // 32, of no format
const run = (length: number, of = letters): string =>
  of.repeat(Math.ceil(length / of.length)).slice(0, length);
const HEX = "0123456789abcdef";

// Put together here, so that no scanner takes this file for a leak.
const SECRETS: readonly (readonly [kind: string, secret: string])[] = [
  ...[
    "glpat",
    "gldt",
    "glrt",
    "glrtr",
    "glcbt",
    "glptt",
    "glft",
    "glimt",
    "glagent",
    "gloas",
    "glsoat",
    "glffct",
  ].map((prefix) => ["gitlab-token", `${prefix}-${run(20)}`] as const),
  ["gitlab-token", `glpat-${run(27)}.01.${run(9, HEX)}`],
  ["gitlab-token", `glcbt-eyJ${run(30)}.eyJ${run(40)}.${run(43)}`],
  ["gitlab-token", `GR1348941${run(20)}`],
  ...["ghp", "gho", "ghu", "ghs", "ghr"].map((prefix) => ["github-token", `${prefix}_${run(36)}`] as const),
  ["github-token", `github_pat_${run(22)}_${run(59)}`],
  ["aws-key-id", `AKIA${run(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")}`],
  ["aws-key-id", `ASIA${run(16, "QRSTUVWXYZ234567")}`],
  ["google-key", `AIza${run(35)}`],
  ["slack-token", `xoxb-123456789012-${run(24)}`],
  ["slack-token", `xoxe-1-${run(40)}`],
  ["stripe-key", `sk_live_${run(24)}`],
  ["stripe-key", `rk_test_${run(24)}`],
  ["openai-key", `sk-proj-${run(64)}`],
  ["api-key", `sk-${run(48)}`],
  ["anthropic-key", `sk-ant-api03-${run(93)}-${run(6)}`],
  ["npm-token", `npm_${run(36)}`],
  ["pypi-token", `pypi-AgEIcHlwaS5vcmc${run(60)}`],
  ["json-web-token", `eyJ${run(30)}.eyJ${run(60)}.${run(43)}`],
  ["sendgrid-key", `SG.${run(22)}.${run(43)}`],
  ["telegram-token", `123456789:AA${run(33)}`],
  ["linear-key", `lin_api_${run(40)}`],
  ["notion-token", `ntn_${run(46)}`],
  ["supabase-token", `sbp_${run(40, HEX)}`],
  ["age-key", `AGE-SECRET-KEY-1${run(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L")}`],
  ["vault-token", `hvs.${run(95)}`],
  ["stripe-secret", `whsec_${run(44, `${letters}+/`)}=`],
  ["dify-key", `app-${run(24)}`],
  ["dify-key", `dataset-${run(24)}`],
];

describe("masks known formats", () => {
  for (const [kind, secret] of SECRETS) {
    test(`${kind} ${secret.slice(0, 8)}…`, () => {
      for (const around of [
        (s: string) => `const key = "${s}";`,
        (s: string) => `KEY=${s}`,
        (s: string) => `a ${s}\nb ${s}, and`,
        (s: string) => `{"k":"${s}"}`,
        (s: string) => String.raw`"first\n${s}"`,
      ]) {
        const { text, masked } = maskSecrets(around(secret));
        assert.equal(text, around(`[masked: ${kind}]`));
        assert.equal(masked, around("\u0000").split("\u0000").length - 1);
        assert.ok(holdsMask(text));
      }
    });
  }

  const kept: readonly (readonly [before: string, after: string])[] = [
    [`aws_secret_access_key = ${run(40)}`, "aws_secret_access_key = [masked: aws-secret-key]"],
    [`"SecretAccessKey": "${run(40)}"`, `"SecretAccessKey": "[masked: aws-secret-key]"`],
    [
      `https://hooks.slack.com/services/T00000000/B00000000/${run(24)}`,
      "https://hooks.slack.com/services/[masked: slack-webhook]",
    ],
    ["postgres://app:hunter2@db:5432/x", "postgres://app:[masked: password]@db:5432/x"],
    ["url = 'https://u:p@ss@host/a'", "url = 'https://u:[masked: password]@host/a'"],
    ["redis://:secret@host", "redis://:[masked: password]@host"],
    [`https://oauth2:glpat-${run(20)}@gitlab.com`, "https://oauth2:[masked: gitlab-token]@gitlab.com"],
    [
      `AccountName=x;AccountKey=${run(86)}==;EndpointSuffix=y`,
      "AccountName=x;AccountKey=[masked: azure-key];EndpointSuffix=y",
    ],
    [
      `<SecretAccessKey>${run(40)}</SecretAccessKey>`,
      "<SecretAccessKey>[masked: aws-secret-key]</SecretAccessKey>",
    ],
    [`secretAccessKey: \`${run(40)}\``, "secretAccessKey: `[masked: aws-secret-key]`"],
    [
      String.raw`\"SecretAccessKey\":\"${run(40)}\"`,
      String.raw`\"SecretAccessKey\":\"[masked: aws-secret-key]\"`,
    ],
    [
      `https://discord.com/api/webhooks/123456789012345678/${run(68)}`,
      "https://discord.com/api/webhooks/123456789012345678/[masked: discord-webhook]",
    ],
    [`SIE-glpat-${run(20)}`, "SIE-[masked: gitlab-token]"],
  ];
  for (const [before, after] of kept) {
    test(`keeps what stands around it: ${after}`, () => assert.equal(maskSecrets(before).text, after));
  }
});

describe("leaves alone", () => {
  for (const text of [
    "commit 6774efd0c6a1b2c3d4e5f60718293a4b5c6d7e8f",
    "123e4567-e89b-12d3-a456-426614174000",
    `"integrity": "sha512-${run(86, `${letters}+/`)}=="`,
    `sha256:${run(64, HEX)}`,
    `golang.org/x/net v0.1.0 h1:${run(43)}=`,
    `const checksum = "${run(64, HEX)}";`,
    `key: ${run(40, HEX)}`,
    "sk-fading-circle sk-cube-grid-with-a-long-class-name-of-words",
    "app-header app-5d4f8c7b9d-x2x4z app-0123456789abcdef01234567 dataset-loader",
    "npm_config_registry npm_lifecycle_event_of_some_package_name_here",
    "AKIAMORE ghp_short glpat-xx xoxb- eyJhbGciOiJIUzI1NiJ9 SG.small.one",
    "https://example.com:8080/a@b https://user@host git@gitlab.com:group/project.git",
    "https://user:${PASSWORD}@host https://user:$TOKEN@host https://user:{{ pw }}@host https://u:<password>@h",
    "if (text.startsWith('-----BEGIN PRIVATE KEY-----')) {\n  return parse(text);\n}",
    "class AbstractSingletonProxyFactoryBeanConfigurationPostProcessor {}",
    "task-12345678901234567890123456789012 desk-abcdefghijklmnopqrstuvwxyzabcdef",
    "2024-01-01T12:00:00Z 12345678:AAB",
  ]) {
    test(text.slice(0, 60), () => assert.deepEqual(maskSecrets(text), { text, masked: 0 }));
  }
});

describe("masks private keys", () => {
  const body = [run(64), run(64), "Ab0="];
  const pem = ["-----BEGIN RSA PRIVATE KEY-----", ...body, "-----END RSA PRIVATE KEY-----"];
  const [begin = "", , , , end = ""] = pem;
  const mask = "[masked: private-key]";
  const masked = [begin, mask, mask, mask, end];
  const masking = (lines: readonly string[]): readonly string[] =>
    maskSecrets(lines.join("\n")).text.split("\n");

  test("line by line", () => assert.deepEqual(masking(["a", ...pem, "b"]), ["a", ...masked, "b"]));
  test("with its headers", () => {
    const head = ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,00FF", ""];
    assert.deepEqual(masking([begin, ...head, ...body, end]), [begin, ...head, mask, mask, mask, end]);
  });
  test("as strings of a source file", () =>
    assert.deepEqual(
      masking(pem.map((line) => `  "${line}\\n" +`)),
      masked.map((line) => `  "${line}\\n" +`),
    ));
  test("with carriage returns", () =>
    assert.deepEqual(
      masking(pem.map((line) => `${line}\r`)),
      masked.map((line) => `${line}\r`),
    ));
  test("within one line", () =>
    assert.deepEqual(masking([`{"private_key": "${pem.join("\\n")}\\n"}`]), [
      `{"private_key": "${begin}\\n${mask}\\n${end}\\n"}`,
    ]));
  test("whose first line is not in the text", () =>
    assert.deepEqual(masking([...pem.slice(2), "b"]), [...masked.slice(2), "b"]));
  test("whose last line is not in the text", () =>
    assert.deepEqual(masking(["a", ...pem.slice(0, 3)]), ["a", ...masked.slice(0, 3)]));
  test("old and new, one after the other", () =>
    assert.deepEqual(masking([...pem.slice(0, 3), ...pem.slice(1)]), [
      ...masked.slice(0, 3),
      ...masked.slice(1),
    ]));
});

/** Code that somebody wants no reviewer to see, next to what looks like a secret; `code` has to stay. */
const HIDING: readonly (readonly [text: string, code: string])[] = [
  [`/*-----BEGIN PRIVATE KEY-----*/ exec(evil()) // ${run(64)}`, "exec(evil())"],
  [`/*-----BEGIN PRIVATE KEY-----*/exec(evil())/*${run(64)}-----END PRIVATE KEY-----*/`, "exec(evil())"],
  [`${run(64)};exec(evil());//-----END PRIVATE KEY-----`, "exec(evil())"],
  [`k="-----BEGIN PRIVATE KEY-----\\n${run(64)}\\n";exec(evil());x="${run(64)}"`, "exec(evil())"],
  [
    `// -----BEGIN PRIVATE KEY-----\ndeleteAllTheUsersOfTheShopNow()\n// -----END PRIVATE KEY-----`,
    "deleteAllTheUsersOfTheShopNow()",
  ],
  [`# -----BEGIN PRIVATE KEY-----\nreboot\n# -----END PRIVATE KEY-----`, "reboot"],
  [`// -----BEGIN PRIVATE KEY-----\ngrantAdmin2ToAttacker1();\n`, "grantAdmin2ToAttacker1();"],
  [`// -----BEGIN PRIVATE KEY-----\na = grantAdmin2ToAttacker1.now\n`, "a = grantAdmin2ToAttacker1.now"],
  [`/* -----BEGIN PRIVATE KEY----- ${run(64)} */ exec(evil())`, "exec(evil())"],
  [`glpat-${run(20)}.deleteEverything(db)`, ".deleteEverything(db)"],
  [`eyJ${run(30)}.eyJ${run(60)}.deleteEverything(db)`, ".deleteEverything(db)"],
  [`SG.${run(16)}.dangerouslyDeleteEverythingInTheWholeDatabase(db)`, "dangerouslyDeleteEverything"],
  [`hvs.dangerouslyDeleteEverythingNow (db)`, "dangerouslyDeleteEverythingNow"],
  ["echo a://b:;curl$IFS-d@x", ";curl$IFS-d"],
  ["echo a://b:x|sh&&curl@x", "x|sh&&curl"],
  ["a://b:f(evil)@", "f(evil)"],
  // A value that is given, a property that is read, a word between what looks like a key and its end.
  ["whsec_isAdmin=hasAccess=skipPasswordCheckNow=true", "hasAccess=skipPasswordCheckNow=true"],
  [`ATATT3=${"isAdmin=skipPasswordCheck=".repeat(6)}true`, "isAdmin=skipPasswordCheck"],
  [`AccountKey=${run(60)}=true`, "=true"],
  ["x = hvs.deleteEverythingInTheDatabaseNow;", "deleteEverythingInTheDatabaseNow"],
  ["// -----BEGIN PRIVATE KEY-----\nisAdmin=hasAccess=skipPassword1\n", "isAdmin=hasAccess=skipPassword1"],
  [`# ${run(64)}\nreboot\n# -----END PRIVATE KEY-----`, "reboot"],
  [`# ${run(64)}\nisAdmin=\n# -----END PRIVATE KEY-----\ntrue`, "isAdmin="],
];

describe("hides no code", () => {
  for (const [text, code] of HIDING)
    test(text.slice(0, 80), () => {
      const { text: seen } = maskSecrets(text);
      assert.ok(seen.includes(code), seen);
      assert.equal(seen.split("\n").length, text.split("\n").length);
    });

  test("but the key next to it", () => {
    for (const text of [
      `/* -----BEGIN PRIVATE KEY----- ${run(64)} */ exec(evil())`,
      `/*-----BEGIN PRIVATE KEY-----\\n${run(64)}\\nAb0=\\n-----END PRIVATE KEY-----*/ exec(evil())`,
      `"${run(64)}" + "${run(64)}" + "-----END PRIVATE KEY-----"; exec(evil())`,
    ])
      assert.ok(!maskSecrets(text).text.includes(run(20)), maskSecrets(text).text);
  });
});

describe("any text", () => {
  const pieces = fc.constantFrom(
    ...SECRETS.map(([, secret]) => secret),
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    run(64),
    "\n",
    "\r\n",
    " ",
    '"',
    "https://a:b@c",
    "secret_key = ",
    "é",
  );
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join(" ")),
    fc.string({ unit: "binary" }),
  );

  test("keeps its number of lines and is masked once and for all", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = maskSecrets(text);
        assert.equal(once.text.split("\n").length, text.split("\n").length);
        assert.deepEqual(maskSecrets(once.text), { text: once.text, masked: 0 });
        assert.equal(once.masked > 0, once.text !== text);
      }),
    );
  });

  test("takes no time that grows faster than the text", () => {
    const hostile = [
      "eyJ",
      "eyJaaaaaaaaaaaa.",
      "sk-",
      "glpat-",
      "a.",
      "a://",
      "a://b:",
      "://:",
      "://a:a",
      "xoxb-",
      "0",
      "1:AA",
      "SG.",
      "-----BEGIN ",
      "-----BEGIN PRIVATE KEY-----",
      "-----BEGIN PRIVATE KEY-----\n",
      "-----END PRIVATE KEY-----\n",
      "////",
      "    ",
      "+",
      "app-",
      "secret_key   =",
      `${run(64)}\n`,
      "AKIA",
      "\\n",
      "-",
      "_",
      "A",
    ];
    // A pattern that were quadratic would need minutes for one of these.
    for (const piece of hostile) {
      const text = piece.repeat(Math.ceil(200_000 / piece.length));
      assert.equal(maskSecrets(text).text.split("\n").length, text.split("\n").length);
    }
  });
});
