// A client of the API, made from its description: `npm run types` writes the types out of openapi.json, and this hands them to fetch.
// A path, a body or an answer that the description does not have stops the type check. Take both files along into an app of your own.
import type { paths } from "../shared/openapi.gen";

type Method = "get" | "post" | "put" | "delete";
type Operation<Path extends keyof paths, How extends Method> = NonNullable<paths[Path][How]>;
type InPath<Of> = Of extends { parameters: { path: infer Names } } ? Names : Record<string, never>;
type InQuery<Of> = Of extends { parameters: { query?: infer Names } } ? Names : never;
type Body<Of> = Of extends { requestBody?: { content: { "application/json": infer Sent } } } ? Sent : never;
type Success<Responses> = Responses[keyof Responses & (200 | 201)];
type Answer<Of> = Of extends { responses: infer Responses } ? (Success<Responses> extends { content: { "application/json": infer Said } } ? Said : null) : never;

export interface Asked<Of> {
  path?: InPath<Of>;
  query?: InQuery<Of>;
  body?: Body<Of>;
  /** For what must happen once: the same key again is answered with what came of it the first time. */
  key?: string;
}

/** What the server refuses, as RFC 9457 has it: `code` is stable, `detail` a sentence. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
  ) {
    super(`${status} ${code}: ${detail}`);
  }
}

export class Client {
  constructor(
    private readonly server: string,
    private readonly token: string,
  ) {}

  async ask<Path extends keyof paths, How extends Method>(how: How, path: Path, asked: Asked<Operation<Path, How>> = {}): Promise<Answer<Operation<Path, How>>> {
    const named = Object.entries(asked.path ?? {}).reduce((all, [name, value]) => all.replace(`{${name}}`, encodeURIComponent(String(value))), String(path));
    const query = new URLSearchParams(Object.entries(asked.query ?? {}).map(([name, value]) => [name, String(value)]));
    const headers: Record<string, string> = { Authorization: `Bearer ${this.token}` };
    if (asked.body !== undefined) headers["Content-Type"] = "application/json";
    if (asked.key) headers["Idempotency-Key"] = asked.key;
    const reply = await fetch(`${this.server}${named}${query.size ? `?${query}` : ""}`, {
      method: how.toUpperCase(),
      headers,
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    });
    const said = await reply.text();
    const value = said ? JSON.parse(said) : null;
    if (!reply.ok) throw new Refused(reply.status, value?.code ?? "", value?.detail ?? "");
    return value as Answer<Operation<Path, How>>;
  }
}
