import { readFile } from "node:fs/promises";

/** The Python files that every interpreter gets. */
export type PythonSources = { readonly bootstrap: string; readonly requests: string };

/** Reads the Python files that lie beside this one. */
export const readPythonSources = async (): Promise<PythonSources> => {
  const read = async (name: string): Promise<string> =>
    await readFile(new URL(name, import.meta.url), "utf8");
  const [bootstrap, requests] = await Promise.all([read("bootstrap.py"), read("requests.py")]);
  return { bootstrap, requests };
};
