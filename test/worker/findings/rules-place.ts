import type { FolderEntry, Forge } from "../../../src/review/forge.ts";
import { createPlace } from "./place.ts";

/** A file or folder that is listed under `path`, its id by its content. */
const entryOf = (path: string, type: FolderEntry["type"], id: string, mode?: string): FolderEntry => ({
  path,
  type,
  id,
  mode: mode ?? (type === "tree" ? "040000" : "100644"),
});

const isMain = (sha: string): boolean => sha === "refs/heads/main" || sha === "HEAD";

/** A place whose branch `main` has files, which can be changed; a value that is no text is how it is read. */
export const createRulesPlace = (
  changes: Parameters<typeof createPlace>[0],
  files: Record<string, string | { readonly kind: "binary" | "too-large" }>,
) => {
  const place = createPlace(changes);
  const reads: string[] = [];
  const state = { files, links: new Set<string>(), fail: null as Error | null, isProtected: true };
  const enter = (what: string): void => {
    reads.push(what);
    if (state.fail !== null) throw state.fail;
  };
  const list = (folder: string): readonly FolderEntry[] => {
    const prefix = folder === "" ? "" : `${folder}/`;
    const inside = Object.keys(state.files).filter((path) => path.startsWith(prefix));
    const names = new Set(inside.map((path) => path.slice(prefix.length).split("/")[0] ?? ""));
    return [...names].map((name) => {
      const path = prefix + name;
      if (path in state.files)
        return entryOf(
          path,
          "blob",
          JSON.stringify(state.files[path]),
          state.links.has(path) ? "120000" : undefined,
        );
      const below = inside.filter((one) => one.startsWith(`${path}/`)).map((one) => [one, state.files[one]]);
      return entryOf(path, "tree", JSON.stringify(below));
    });
  };
  const forge: Forge = {
    ...place.forge,
    isProtectedBranch: async () => state.isProtected,
    listFolder: async ({ projectId }, { path, sha, recursive }) => {
      enter(`list ${projectId} ${sha} /${path}${recursive ? " recursive" : ""}`);
      return isMain(sha) ? list(path) : [];
    },
    fetchFile: async ({ projectId }, { path, sha }) => {
      enter(`file ${projectId} ${sha} ${path}`);
      const file = isMain(sha) ? state.files[path] : undefined;
      if (file === undefined) return { kind: "missing" };
      return typeof file === "string" ? { kind: "text", text: file } : file;
    },
  };
  return { ...place, forge, reads, state };
};
