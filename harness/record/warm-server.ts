/** How a process can be forked from a warm one; see `child/fork-server.ts`. */
export interface WarmServer {
  /** The bundled fork server. */
  readonly server: string;
  /** The store that it has evaluated. Absent: none, and the process evaluates its own. */
  readonly store?: { readonly name: string; readonly bundle: string };
}
