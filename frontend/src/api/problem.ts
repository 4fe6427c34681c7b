/** The server said no: `application/problem+json` (RFC 9457) with a stable `code` and a `detail` that says what to do. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly requestId: string | null,
    readonly retryAfterSeconds: number | null,
  ) {
    super(`${status} ${code}`);
  }

  /** Reads a problem from an answer's body; an answer without one (a proxy's, say) still becomes a problem. */
  static parse(status: number, body: string, retryAfter: string | null): Problem {
    let fields: Record<string, unknown> = {};
    try {
      fields = JSON.parse(body) as Record<string, unknown>;
    } catch {
      // Not ours: the status has to do.
    }
    const text = (name: string) => (typeof fields[name] === 'string' ? (fields[name] as string) : '');
    const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
    return new Problem(
      status,
      text('code') || `http_${status}`,
      text('detail') || text('title'),
      text('request_id') || null,
      Number.isFinite(seconds) ? Math.max(0, seconds) : null,
    );
  }
}

/** No answer came: the network, or the server, is away. Asking again is safe. */
export class Unreachable extends Error {
  constructor() {
    super('unreachable');
  }
}

/** For `catch`: what is not there (any more) is null, anything else goes on. */
export function missing(error: unknown): null {
  if (error instanceof Problem && error.status === 404) return null;
  throw error;
}
