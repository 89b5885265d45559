import * as fs from "node:fs";
import { NodeFS } from "@electric-sql/pglite/nodefs";

type FsInit = Parameters<NodeFS["init"]>;

/** What Emscripten hands to the stream operations of its Node file system. */
type Stream = { readonly nfd?: number };

/** The part of Emscripten's Node file system that is replaced. */
type StreamOps = { fsync?: (stream: Stream) => number };

const isStreamOwner = (value: unknown): value is { stream_ops: StreamOps } =>
  typeof value === "object" && value !== null && "stream_ops" in value;

/**
 * PGlite's file system on Node with an fsync that reaches the disk. As it ships, PGlite's fsync does
 * nothing and a commit survives a crash of the process, but no power failure.
 */
export class DurableNodeFs extends NodeFS {
  /** Gives Emscripten's file system its fsync before PostgreSQL starts. */
  override async init(...[pg, options]: FsInit): ReturnType<NodeFS["init"]> {
    const { emscriptenOpts } = await super.init(pg, options);
    const syncForReal: NonNullable<typeof emscriptenOpts.preRun>[number] = (module) => {
      const nodeFs: unknown = module.NODEFS;
      if (!isStreamOwner(nodeFs)) throw new TypeError("PGlite's Node file system has no stream operations");
      nodeFs.stream_ops.fsync = (stream) => {
        if (stream.nfd !== undefined) fs.fdatasyncSync(stream.nfd);
        return 0;
      };
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), syncForReal] } };
  }
}
