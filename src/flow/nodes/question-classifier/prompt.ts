import type { ModelMessage } from "../../ports.ts";
import { pythonJson } from "../../value-text.ts";

/** One of the classes that a text may be of. */
export type Category = { readonly id: string; readonly name: string; readonly label: string };

const SYSTEM_PROMPT = [
  "You classify texts. Read the input text, the list of categories and the classification instructions, and decide on the one category that fits best.",
  'Answer with nothing but a JSON object of three keys: "keywords", a list of the words of the text that decided; "category_id", the id of the chosen category exactly as it is listed; "category_name", its name.',
].join("\n");

const EXAMPLE: readonly ModelMessage[] = [
  {
    role: "user",
    content:
      '{"input_text": "The build fails since Tuesday with a missing header.", "categories": [{"category_id": "c1", "category_name": "Defect"}, {"category_id": "c2", "category_name": "Wish"}], "classification_instructions": ""}',
  },
  {
    role: "assistant",
    content:
      '{"keywords": ["build", "fails", "missing header"], "category_id": "c1", "category_name": "Defect"}',
  },
];

/** What the model is asked: an example of a question and its answer, then the question. */
export const buildMessages = (
  categories: readonly Category[],
  query: string,
  instruction: string,
): readonly ModelMessage[] => [
  { role: "system", content: SYSTEM_PROMPT },
  ...EXAMPLE,
  {
    role: "user",
    content: pythonJson({
      input_text: query,
      categories: categories.map(({ id, name }) => ({ category_id: id, category_name: name })),
      classification_instructions: instruction,
    }),
  },
];
