/** Methods that change nothing (RFC 9110, 9.2.1). */
const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether a request of this method changes nothing; every other one is a write, such as a note that a flow posts. */
export const isReading = (method: string): boolean => READING.has(method.toUpperCase());
