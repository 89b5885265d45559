const decode = (bytes: Uint8Array, label: string, fatal: boolean): string | undefined => {
  try {
    return new TextDecoder(label, { fatal }).decode(bytes);
  } catch {
    return undefined;
  }
};

/**
 * The text that bytes stand for: in the charset that was stated, else UTF-8 where they are valid UTF-8, else
 * Windows-1252. What does not decode becomes the replacement character; an unknown charset counts as none.
 */
export const decodeText = (bytes: Uint8Array, charset: string | null): string => {
  const stated = charset === null ? undefined : decode(bytes, charset, false);
  return stated ?? decode(bytes, "utf-8", true) ?? decode(bytes, "windows-1252", false) ?? "";
};
