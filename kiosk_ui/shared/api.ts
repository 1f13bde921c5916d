// One way to the server. A failure is either a Problem (the server spoke) or Unreachable (nobody did); callers tell them apart.

const BASE = "/api/v1";

/** The address of `/api/v1<path>`, for a link that the browser itself follows with its session. */
export const at = (path: string): string => BASE + path;

const TIMEOUT_MS = 10_000;

/** One of several things that are wrong with what was sent: where, as a stable word, and in a sentence. */
export interface Wrong {
  field: string;
  code: string;
  detail: string;
}

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: readonly Wrong[] = [],
  ) {
    super(detail || code);
  }
}

export class Unreachable extends Error {}

export interface Call {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  bearer?: string | undefined;
  idempotencyKey?: string | undefined;
}

/** The JSON answer of `/api/v1<path>`; throws Problem (RFC 9457) or Unreachable. */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.bearer) headers["Authorization"] = `Bearer ${options.bearer}`;
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const reply = await fetch(BASE + path, {
      method: options.method ?? (options.body === undefined ? "GET" : "POST"),
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: stop.signal,
      cache: "no-store",
    });
    const text = await reply.text();
    if (!reply.ok) throw problem(reply.status, text);
    return (text ? JSON.parse(text) : null) as T;
  } catch (failure) {
    if (failure instanceof Problem) throw failure;
    throw new Unreachable(String(failure));
  } finally {
    clearTimeout(timer);
  }
}

/** Fetch a file that needs a credential, and hand it to the browser under a name. */
export const download = (path: string, bearer: string, name: string): Promise<void> => save(path, { headers: { Authorization: `Bearer ${bearer}` } }, name);

/** The same of a file that is asked for in a body, with the page's session. */
export const downloadAsked = (path: string, body: unknown, name: string): Promise<void> =>
  save(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }, name);

async function save(path: string, how: RequestInit, name: string): Promise<void> {
  let reply: Response;
  try {
    reply = await fetch(BASE + path, { ...how, cache: "no-store" });
  } catch (failure) {
    throw new Unreachable(String(failure));
  }
  if (!reply.ok) throw problem(reply.status, await reply.text());
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await reply.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function problem(status: number, text: string): Problem | Unreachable {
  let said: { code?: unknown; detail?: unknown; title?: unknown; errors?: unknown } = {};
  try {
    said = JSON.parse(text) ?? {};
  } catch {
    // A proxy's own error page: its words help nobody.
  }
  const code = typeof said.code === "string" ? said.code : "";
  if (!code && (status === 502 || status === 503 || status === 504)) return new Unreachable(`status ${status}`);
  return new Problem(status, code, String(said.detail ?? said.title ?? ""), Array.isArray(said.errors) ? (said.errors as Wrong[]) : []);
}

/** Whether the server refused the credential that was shown (and not merely this call). */
export function isRefused(failure: unknown): boolean {
  return failure instanceof Problem && (failure.status === 401 || failure.status === 403);
}

/** Whether the server has certainly not done what was asked; after a 5xx, a 429 or silence nobody knows, so the key is kept. */
export function isCertainNo(failure: unknown): boolean {
  return failure instanceof Problem && failure.status < 500 && failure.status !== 429;
}

/** A fresh Idempotency-Key; works without a secure context, which `crypto.randomUUID` does not. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
