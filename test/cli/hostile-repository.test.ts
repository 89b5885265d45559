import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { chooseChange, type Wanted } from "../../src/cli/review/choose-change.ts";
import { GitError, openGit } from "../../src/cli/review/git.ts";
import { readDiff } from "../../src/cli/review/read-diff.ts";
import { type ModelStandIn, startModelStandIn } from "../../standins/model/model-stand-in.ts";
import { createPlanted, PLANTED, type Repository, review } from "./review-repository.ts";

/** A repository that somebody else made: what its configuration names is theirs. */
type Hostile = Repository & {
  /** A program that leaves a mark, as a command line for a shell. */
  readonly program: string;
  /** The same as a file. */
  readonly script: string;
};

type Form = {
  readonly name: string;
  readonly plant: (repository: Hostile) => Promise<void> | void;
  /** The folder below the repository where the command runs. */
  readonly from?: string;
};

/** Makes the first commit's objects something that has to be fetched. */
const losesObjects = async ({ folder, git }: Repository): Promise<void> => {
  const blob = git("rev-parse", "main:src/sum.js").trim();
  await rm(join(folder, ".git", "objects", blob.slice(0, 2), blob.slice(2)), { force: true });
};

const promisor =
  (settings: (hostile: Hostile) => readonly (readonly [string, string])[]) =>
  async (hostile: Hostile): Promise<void> => {
    hostile.git("config", "core.repositoryFormatVersion", "1");
    hostile.git("config", "extensions.partialClone", "origin");
    hostile.git("config", "remote.origin.promisor", "true");
    for (const [key, value] of settings(hostile)) hostile.git("config", key, value);
    await losesObjects(hostile);
  };

/** A bare repository in a folder that a clone brings: git takes it for the one that is meant. */
const bare =
  (settings: (hostile: Hostile) => readonly (readonly [string, string])[]) =>
  async (hostile: Hostile): Promise<void> => {
    const place = join(hostile.folder, "vendor", "lib");
    await mkdir(dirname(place), { recursive: true });
    await cp(join(hostile.folder, ".git"), place, { recursive: true });
    const config = (key: string, value: string) =>
      hostile.git("config", "--file", join(place, "config"), key, value);
    config("core.bare", "false");
    for (const [key, value] of settings(hostile)) config(key, value);
    await mkdir(join(place, "tree", "src"), { recursive: true });
    config("core.worktree", join(place, "tree"));
    await writeFile(join(place, "tree", "src", "sum.js"), PLANTED);
  };

/** Makes git look into the files again. */
const touch = async (path: string, content = `${PLANTED}\n`): Promise<void> => {
  await writeFile(path, content);
  await utimes(path, new Date(0), new Date(0));
};

const filter =
  (kind: "clean" | "process", attributes: string) =>
  async (hostile: Hostile): Promise<void> => {
    await hostile.write(attributes, "*.js filter=own\n");
    hostile.git("config", `filter.own.${kind}`, hostile.program);
    await touch(join(hostile.folder, "src/sum.js"));
  };

const FORMS: readonly Form[] = [
  {
    name: "a promisor remote with an upload-pack of its own",
    plant: promisor(({ folder, program }) => [
      ["remote.origin.url", folder],
      ["remote.origin.uploadpack", program],
    ]),
  },
  {
    name: "a promisor remote over ext::",
    plant: promisor(({ script }) => [
      ["remote.origin.url", `ext::${script} %S`],
      ["protocol.ext.allow", "always"],
    ]),
  },
  {
    name: "a promisor remote over ssh with a command of its own",
    plant: promisor(({ program }) => [
      ["remote.origin.url", "ssh://git.invalid/repository"],
      ["core.sshCommand", program],
    ]),
  },
  {
    name: "a promisor remote over git:// with a proxy of its own",
    plant: promisor(({ script }) => [
      ["remote.origin.url", "git://git.invalid/repository"],
      ["core.gitProxy", script],
    ]),
  },
  {
    name: "an address that is rewritten to ext::",
    plant: promisor(({ script }) => [
      ["remote.origin.url", "https://git.invalid/repository"],
      [`url.ext::${script} .insteadOf`, "https://git.invalid/"],
      ["protocol.allow", "always"],
    ]),
  },
  {
    name: "a bare repository below the folder, with a monitor of files",
    plant: bare(({ script }) => [["core.fsmonitor", script]]),
    from: "vendor/lib",
  },
  {
    name: "a bare repository below the folder, with a filter",
    plant: async (hostile) => {
      await bare(({ program }) => [["filter.own.clean", program]])(hostile);
      await hostile.write("vendor/lib/tree/.gitattributes", "*.js filter=own\n");
    },
    from: "vendor/lib",
  },
  {
    name: "a bare repository below the folder, with an included configuration",
    plant: async (hostile) => {
      await bare(() => [["include.path", "more"]])(hostile);
      await hostile.write("vendor/lib/more", `[core]\n\tfsmonitor = ${hostile.script}\n`);
    },
    from: "vendor/lib/refs",
  },
  { name: "a filter that cleans", plant: filter("clean", ".gitattributes") },
  { name: "a filter that is a process", plant: filter("process", ".gitattributes") },
  {
    name: "a filter named by the repository's own attributes",
    plant: filter("clean", ".git/info/attributes"),
  },
  {
    name: "a filter from an included file",
    plant: async (hostile) => {
      await filter("clean", ".gitattributes")(hostile);
      hostile.git("config", "--unset", "filter.own.clean");
      hostile.git("config", "include.path", "more");
      await hostile.write(".git/more", `[filter "own"]\n\tclean = ${hostile.script}\n`);
    },
  },
  {
    name: "a filter from the configuration of the working tree",
    plant: async (hostile) => {
      await filter("clean", ".gitattributes")(hostile);
      hostile.git("config", "--unset", "filter.own.clean");
      hostile.git("config", "extensions.worktreeConfig", "true");
      hostile.git("config", "--worktree", "filter.own.clean", hostile.program);
    },
  },
  {
    name: "a filter whose name has a dot and a line break's look",
    plant: async (hostile) => {
      await filter("clean", ".gitattributes")(hostile);
      await hostile.write(".gitattributes", "*.js filter=o.w=n\n");
      hostile.git("config", "filter.o.w=n.clean", hostile.program);
    },
  },
  {
    name: "a submodule with a filter of its own",
    plant: async (hostile) => {
      const inner = join(hostile.folder, "inner");
      await cp(join(hostile.folder, ".git"), join(inner, ".git"), { recursive: true });
      const git = (...parameters: readonly string[]) => hostile.git("-C", inner, ...parameters);
      git("reset", "-q", "--hard");
      hostile.git("add", "inner");
      git("config", "filter.own.clean", hostile.program);
      await hostile.write("inner/.gitattributes", "*.js filter=own\n");
      await touch(join(inner, "src/sum.js"), PLANTED);
    },
  },
  {
    name: "hooks",
    plant: async (hostile) => {
      for (const hook of ["post-index-change", "reference-transaction", "fsmonitor-watchman"]) {
        await hostile.write(`.git/hooks/${hook}`, `#!/bin/sh\n${hostile.script}\n`);
        await chmod(join(hostile.folder, ".git/hooks", hook), 0o755);
      }
      hostile.git("config", "core.fsmonitor", ".git/hooks/fsmonitor-watchman");
      await touch(join(hostile.folder, "src/sum.js"));
      await rm(hostile.script.replace(/program$/, "ran"), { force: true });
    },
  },
  {
    name: "a program for signatures, a pager, an editor and an alias",
    plant: ({ git, program }) => {
      for (const [key, value] of [
        ["log.showSignature", "true"],
        ["gpg.program", program],
        ["core.pager", program],
        ["pager.diff", program],
        ["core.editor", program],
        ["alias.diff", `!${program}`],
        ["credential.helper", `!${program}`],
        ["core.askPass", program],
      ] as const)
        git("config", key, value);
    },
  },
  {
    name: "drivers of diffs and of merges",
    plant: async ({ git, program, write }) => {
      await write(".gitattributes", "*.js diff=own merge=own\n");
      for (const key of ["diff.external", "diff.own.command", "diff.own.textconv", "merge.own.driver"])
        git("config", key, program);
    },
  },
];

describe("a review of a repository that somebody else made", () => {
  let model: ModelStandIn;
  before(async () => {
    model = await startModelStandIn();
  });
  after(() => model[Symbol.asyncDispose]());
  beforeEach(() => model.reset());

  for (const { name, plant, from = "" } of FORMS)
    it(`runs nothing for ${name}`, async () => {
      await using repository = await createPlanted();
      const outside = await mkdtemp(join(tmpdir(), "reviewflow-hostile-"));
      try {
        const mark = join(outside, "ran");
        const script = join(outside, "program");
        await writeFile(script, `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });
        const hostile: Hostile = { ...repository, program: `sh -c 'touch ${mark}' --`, script };
        await plant(hostile);
        await rm(mark, { force: true });
        const folder = join(repository.folder, from);
        for (const [range, options] of [
          ["main...work", {}],
          [undefined, { staged: true }],
          [undefined, { worktree: true }],
        ] as const) {
          await review({ folder }, model.url, range, options);
          assert.equal(existsSync(mark), false, `${range ?? JSON.stringify(options)} ran a program`);
        }
      } finally {
        await rm(outside, { recursive: true, force: true });
      }
    });

  it("takes no bare repository that a clone brings for the one that is meant", async () => {
    await using repository = await createPlanted();
    const place = join(repository.folder, "vendor", "lib");
    await mkdir(dirname(place), { recursive: true });
    await cp(join(repository.folder, ".git"), place, { recursive: true });
    repository.git("config", "--file", join(place, "config"), "core.bare", "false");
    repository.git("config", "--file", join(place, "config"), "core.worktree", place);
    await assert.rejects(openGit(place), { code: "git-no-repository" });
  });

  it("reads no file outside for a working tree that the repository puts elsewhere", async () => {
    await using repository = await createPlanted();
    const outside = await mkdtemp(join(tmpdir(), "reviewflow-home-"));
    try {
      await mkdir(join(outside, "src"));
      await writeFile(join(outside, "src/sum.js"), `${PLANTED}const own = "canary-of-the-home";\n`);
      const below = join(outside, "download");
      await cp(repository.folder, below, { recursive: true });
      repository.git("-C", below, "config", "core.worktree", outside);
      const { code } = await review({ folder: below }, model.url, undefined, { worktree: true });
      assert.equal(code, 2);
      assert.doesNotMatch(JSON.stringify(model.calls()), /canary-of-the-home/);
      await assert.rejects(openGit(below), { code: "git-working-tree-elsewhere" });
    } finally {
      await rm(outside, { recursive: true, force: true });
    }
  });

  it("is told that nothing is fetched and that no protocol may be used: versions of git know one or both", async () => {
    const folder = await mkdtemp(join(tmpdir(), "reviewflow-git-"));
    const path = process.env["PATH"];
    try {
      const seen = join(folder, "seen");
      await writeFile(join(folder, "git"), `#!/bin/sh\nenv > '${seen}'\nexit 1\n`, { mode: 0o755 });
      process.env["PATH"] = `${folder}:${path ?? ""}`;
      await assert.rejects(openGit(folder), GitError);
      const lines = (await readFile(seen, "utf8")).split("\n");
      for (const line of ["GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1"])
        assert.ok(lines.includes(line), line);
    } finally {
      process.env["PATH"] = path;
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("enters working trees that git itself made, and submodules", async () => {
    await using repository = await createPlanted();
    repository.git("worktree", "add", "-q", "beside", "main");
    repository.git(
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "--quiet",
      "add",
      repository.folder,
      "below",
    );
    for (const folder of ["beside", "below", "below/src"])
      assert.equal(
        (await openGit(join(repository.folder, folder))).root,
        join(repository.folder, folder.replace("/src", "")),
      );
  });

  it("says of a partial clone that files are missing, and takes none of them for absent", async () => {
    await using repository = await createPlanted();
    await promisor(({ folder }) => [["remote.origin.url", folder]])({
      ...repository,
      program: "",
      script: "",
    });
    const git = await openGit(repository.folder);
    const isMissing = (error: unknown) => error instanceof GitError && error.code === "git-objects-missing";
    await assert.rejects(git.run(["diff", "main", "work", "--"]), isMissing);
    await assert.rejects(git.ask(["cat-file", "-s", "main:src/sum.js"]), isMissing);
  });
});

/** What a repository says beside its commits, so that a review sees another change than the one that is there. */
const HIDINGS: readonly {
  readonly name: string;
  readonly plant: (repository: Repository) => Promise<void> | void;
  readonly wanted?: Wanted;
  /** What the review knows of the file, where it is not its text. */
  readonly kind?: "binary" | "unavailable";
}[] = [
  { name: "a tag with the name of the branch", plant: ({ git }) => void git("tag", "main", "work") },
  {
    name: "a tag with the name of the branch at the origin",
    plant: ({ git }) => {
      git("update-ref", "refs/remotes/origin/main", "main");
      git("tag", "origin/main", "work");
    },
    wanted: { kind: "range", range: null },
  },
  {
    name: "a tag with the name of the origin's default branch",
    plant: ({ git }) => {
      git("update-ref", "refs/remotes/origin/trunk", "main");
      git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk");
      git("tag", "origin/trunk", "work");
    },
    wanted: { kind: "range", range: null },
  },
  {
    name: "a file beside HEAD with the name of the branch",
    plant: ({ git, write }) => write(".git/main", git("rev-parse", "work")),
  },
  {
    name: "a file in the place of another",
    plant: ({ git }) => void git("replace", git("rev-parse", "work:src/sum.js").trim(), "main:src/sum.js"),
  },
  {
    name: "a commit in the place of another",
    plant: ({ git }) => {
      const plain = git("commit-tree", "-p", "main", "-m", "x", "main^{tree}").trim();
      git("replace", git("rev-parse", "work").trim(), plain);
    },
  },
  {
    name: "a parent that a commit does not have",
    plant: ({ git, write }) =>
      write(".git/info/grafts", `${git("rev-parse", "main").trim()} ${git("rev-parse", "work").trim()}\n`),
  },
  {
    name: "an attribute of the repository that takes it for binary",
    plant: ({ write }) => write(".git/info/attributes", "*.js -diff\n"),
    kind: "binary",
  },
  {
    name: "a driver that takes it for binary",
    plant: async ({ git, write }) => {
      await write(".git/info/attributes", "*.js diff=own\n");
      git("config", "diff.own.binary", "true");
    },
    kind: "binary",
  },
  {
    name: "a size from which on files are binary",
    plant: ({ git }) => void git("config", "core.bigFileThreshold", "1"),
    kind: "binary",
  },
  {
    name: "settings of how a diff looks",
    plant: ({ git }) => {
      for (const [key, value] of [
        ["color.ui", "always"],
        ["diff.context", "0"],
        ["diff.interHunkContext", "100"],
        ["diff.renames", "copies"],
        ["diff.wsErrorHighlight", "all"],
        ["diff.ignoreSubmodules", "all"],
        ["diff.submodule", "log"],
      ] as const)
        git("config", key, value);
    },
  },
  {
    name: "a file that the index takes for unchanged",
    plant: async ({ git, write }) => {
      git("update-index", "--assume-unchanged", "src/sum.js");
      await write("src/sum.js", `${PLANTED}\n`);
    },
    wanted: { kind: "worktree" },
    kind: "unavailable",
  },
  {
    name: "a file that the index leaves out of the working tree",
    plant: async ({ git, write }) => {
      git("update-index", "--skip-worktree", "src/sum.js");
      await write("src/sum.js", `${PLANTED}\n`);
    },
    wanted: { kind: "worktree" },
    kind: "unavailable",
  },
];

describe("what a repository says beside its commits", () => {
  const range: Wanted = { kind: "range", range: "main...work" };
  for (const { name, plant, wanted = range, kind = "text" } of HIDINGS)
    it(`hides no change: ${name}`, async () => {
      await using repository = await createPlanted();
      await plant(repository);
      const git = await openGit(repository.folder);
      const { files } = await readDiff(git, await chooseChange(git, wanted));
      assert.deepEqual(
        files.map(({ newPath, diff }) => [newPath, diff.kind]),
        [["src/sum.js", kind]],
      );
    });
});
