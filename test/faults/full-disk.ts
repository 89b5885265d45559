import { execFileSync } from "node:child_process";
import fs, { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk that can be filled to its last byte and emptied again. */
export type SmallDisk = Disposable & {
  readonly kind: "a small file system" | "writes that are refused";
  readonly folder: string;
  readonly fill: () => void;
  readonly empty: () => void;
};

const mountSmall = (folder: string): boolean => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=150m", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** A file system of its own where we may mount one; else every write of this process fails as on a full disk. */
export const createSmallDisk = (): SmallDisk => {
  const folder = mkdtempSync(join(tmpdir(), "reviewflow-disk-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  if (!mountSmall(folder)) {
    const write = fs.writeSync;
    const empty = (): void => void (fs.writeSync = write);
    return {
      kind: "writes that are refused",
      folder,
      fill: () => {
        fs.writeSync = () => {
          throw Object.assign(new Error("ENOSPC: no space left on device, write"), {
            code: "ENOSPC",
            errno: -28,
          });
        };
      },
      empty,
      [Symbol.dispose]: () => {
        empty();
        remove();
      },
    };
  }
  const filler = join(folder, "filler");
  const empty = (): void => rmSync(filler, { force: true });
  return {
    kind: "a small file system",
    folder,
    fill: () => {
      const file = fs.openSync(filler, "w");
      try {
        for (const size of [1 << 20, 4096, 1]) fillWith(file, Buffer.alloc(size));
      } finally {
        fs.closeSync(file);
      }
    },
    empty,
    [Symbol.dispose]: () => {
      execFileSync("umount", ["-l", folder]);
      remove();
    },
  };
};

const fillWith = (file: number, block: Buffer): void => {
  try {
    for (;;) if (fs.writeSync(file, block) < block.length) return;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
};
