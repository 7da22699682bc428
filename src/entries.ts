/** What the store keeps about one session, as JSON. Fields that are not named here are kept unchanged. */
export interface SessionEntry {
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
  /** The transcript, relative to the store's directory or absolute. Default: `<sessionId>.jsonl`. */
  readonly sessionFile?: string;
  readonly channel?: string;
  readonly lastTo?: string;
  readonly [field: string]: unknown;
}

/** The whole store: maps session keys such as `agent:main:main` to entries. */
export interface SessionEntries {
  readonly [key: string]: SessionEntry;
}

export function serializeEntries(entries: SessionEntries): string {
  return JSON.stringify(entries, null, 2);
}

/** Throws a SyntaxError if the text is not JSON, a TypeError if it is not an object. */
export function parseEntries(text: string): SessionEntries {
  const value: unknown = JSON.parse(text);
  assertEntries(value);
  return value;
}

export function assertEntries(value: unknown): asserts value is SessionEntries {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  throw new TypeError(`a session store is an object from session keys to entries, not ${found}`);
}
