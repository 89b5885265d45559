import type { DemoChange } from "./observed-merge-request.ts";

/** Where the tutorial's flow reviews. */
export const TUTORIAL = "bootcamp/tutorial";

/** Where the review by findings is shown. */
export const SHOP = "bootcamp/shop";

/** A change with what its author makes of it after the review. */
export type MendedChange = DemoChange & { readonly fixed: string };

/** The files that the projects begin with. */
export const START: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [TUTORIAL]: { "src/hello.js": 'export const hello = () => "hello";\n' },
  [SHOP]: {
    "src/cart.js":
      "export const total = (items) => {\n  let sum = 0;\n  for (const item of items) sum += item.price;\n  return sum;\n};\n",
    "src/mail.js":
      'import { connect } from "./smtp.js";\n\nexport const send = async (to, text) => {\n  const server = await connect();\n  await server.send({ to, text });\n};\n',
    "tools/import_prices.py":
      'import csv\n\n\ndef read(path):\n    with open(path, encoding="utf-8") as file:\n        return list(csv.DictReader(file))\n',
  },
};

const mended = (
  change: Omit<MendedChange, "fixed">,
  ...corrections: readonly (readonly [string, string])[]
): MendedChange => ({
  ...change,
  fixed: corrections.reduce((text, [wrong, right]) => text.replace(wrong, right), change.content),
});

/** A loop that runs one step too far. */
export const CART: MendedChange = mended(
  {
    project: SHOP,
    branch: "item-count",
    title: "Count items",
    path: "src/cart.js",
    content: `export const total = (items) => {
  let sum = 0;
  for (let i = 0; i <= items.length; i++) {
    sum += items[i].price * items[i].count;
  }
  return sum;
};
`,
  },
  ["<=", "<"],
);

const MAIL: MendedChange = mended(
  {
    project: SHOP,
    branch: "mail-receipts",
    title: "Mail receipts",
    path: "src/mail.js",
    content: `import { connect } from "./smtp.js";

const password = "correct-horse-battery";

export const send = async (to, text) => {
  if (to == "") return;
  const server = await connect({ user: "shop", password });
  await server.send({ to, text });
};
`,
  },
  ['"correct-horse-battery"', "process.env.PASSWORD"],
  ['to == ""', 'to === ""'],
);

const PRICES: MendedChange = mended(
  {
    project: SHOP,
    branch: "import-prices",
    title: "Import prices by night",
    path: "tools/import_prices.py",
    content: `import csv


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except:
        return []
    return [row for row in rows if row["price"] != None]
`,
  },
  ["except:", "except FileNotFoundError:"],
  ["!= None", "is not None"],
);

/** What the tutorial's flow is shown. */
export const HELLO: MendedChange = mended(
  {
    project: TUTORIAL,
    branch: "greet-by-name",
    title: "Greet by name",
    path: "src/hello.js",
    content: 'export var hello = (name) => "hello " + name;\n',
  },
  ["var", "const"],
);

/** What can be opened, in this order. */
export const CHANGES: readonly MendedChange[] = [CART, MAIL, PRICES, HELLO];
