import { PGlite } from "@electric-sql/pglite";
import { isFatal } from "./is-fatal.ts";

type Protocol = Parameters<PGlite["execProtocol"]>;
type Streamed = Parameters<PGlite["execProtocolStream"]>;

/**
 * PGlite that knows when it is beyond help. PostgreSQL ends its process on a PANIC (the disk had no room for
 * the log of a commit, say) and starts anew; PGlite has no process to end, and a statement after a PANIC
 * turns in a circle for ever and keeps everything else out. So none is let through.
 */
export class WatchedPglite extends PGlite {
  #fatal: Error | null = null;

  /** The error that ended it; null while it works. */
  get fatal(): Error | null {
    return this.#fatal;
  }

  /** Refuses every message after the fatal error with that error. */
  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    if (this.#fatal !== null) throw this.#fatal;
    return this.#watch(() => super.execProtocolRawSync(message));
  }

  /** Runs messages and looks at their errors. */
  override async execProtocol(...args: Protocol): ReturnType<PGlite["execProtocol"]> {
    try {
      return await super.execProtocol(...args);
    } catch (error) {
      throw this.#note(error);
    }
  }

  /** Runs messages and looks at their errors. */
  override async execProtocolStream(...args: Streamed): ReturnType<PGlite["execProtocolStream"]> {
    try {
      return await super.execProtocolStream(...args);
    } catch (error) {
      throw this.#note(error);
    }
  }

  #watch<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#note(error);
    }
  }

  #note(error: unknown): unknown {
    if (error instanceof Error && isFatal(error)) this.#fatal ??= error;
    return error;
  }
}
