// What this phone keeps of its own stay, so that the page opens below ground as it was last seen: the code, the last answer and
// when it was true. Forgotten when the stay ends, when the code is refused, after two days, or when the driver says so.
import type { MyStay, ZoneCount } from "../shared/wire";

const STAY_UNDER = "parking.stay";
const CODE_UNDER = "parking.code";
const CALL_UNDER = "parking.call";
const LEVELS_UNDER = "parking.levels";
const LONGEST_MS = 48 * 3_600_000;

export interface KeptStay {
  token: string;
  stay: MyStay;
  at: number;
}

export interface KeptLevels {
  at: number;
  zones: [id: string, zone: ZoneCount][];
}

export function keepStay(kept: KeptStay): void {
  write(STAY_UNDER, kept);
  write(CODE_UNDER, kept.token);
}

export function forgetStay(): void {
  write(STAY_UNDER, null);
  write(CODE_UNDER, null);
  write(CALL_UNDER, null);
}

/** The call for help that this code has under way: the answer must arrive after a reload, too, or back from a payment page. */
export function keepCall(token: string, id: string): void {
  write(CALL_UNDER, id ? { token, id } : null);
}

export function keptCall(token: string): string {
  const kept = read<{ token: string; id: string }>(CALL_UNDER);
  return kept?.token === token ? kept.id : "";
}

/** The last answer, unless it is so old that the car must be gone. */
export function keptStay(): KeptStay | null {
  const kept = read<KeptStay>(STAY_UNDER);
  if (!kept) return null;
  if (Date.now() - kept.at < LONGEST_MS) return kept;
  forgetStay();
  return null;
}

export function keptCode(): string {
  return (keptStay() && read<string>(CODE_UNDER)) ?? "";
}

/** Free bays are everybody's: they stay when the stay is forgotten. */
export function keepLevels(levels: KeptLevels): void {
  write(LEVELS_UNDER, levels);
}

export const keptLevels = (): KeptLevels | null => read<KeptLevels>(LEVELS_UNDER);

function write(under: string, what: unknown): void {
  try {
    if (what === null) localStorage.removeItem(under);
    else localStorage.setItem(under, JSON.stringify(what));
  } catch {
    // Storage may be forbidden: then the page knows nothing after it was closed.
  }
}

function read<T>(under: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(under) ?? "null") as T | null;
  } catch {
    return null;
  }
}
