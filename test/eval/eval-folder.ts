import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A temporary folder with files. */
export type EvalFolder = AsyncDisposable & {
  readonly path: string;
  readonly write: (name: string, text: string) => Promise<string>;
};

/** Makes an empty folder that goes when it is disposed of. */
export const createEvalFolder = async (): Promise<EvalFolder> => {
  const path = await mkdtemp(join(tmpdir(), "reviewflow-eval-"));
  return {
    path,
    write: async (name, text) => {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
};

/** The cases that come with Reviewflow. */
export const EXAMPLES = new URL("../../examples/eval", import.meta.url).pathname;

/** A change of one file that plants a mistake in line 3. */
export const PATCH = `diff --git a/src/sum.js b/src/sum.js
index 1111111..2222222 100644
--- a/src/sum.js
+++ b/src/sum.js
@@ -1,4 +1,5 @@
 export const sum = (list) => {
   let total = 0;
+  for (let i = 0; i <= list.length; i += 1) total += list[i];
   return total;
 };
`;
