/** What the store keeps about one session. Fields that are not named here are kept as they are; all of it is JSON. */
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

/** The whole store: session keys such as `agent:main:main`, each with its entry. */
export interface SessionEntries {
  readonly [key: string]: SessionEntry;
}

export function serializeEntries(entries: SessionEntries): string {
  return JSON.stringify(entries, null, 2);
}

/** Throws a SyntaxError for what is no JSON, a TypeError for JSON that is no object. */
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
