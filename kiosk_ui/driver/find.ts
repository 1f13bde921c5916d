// Where the car stands and the way to it. The proof is the stay's own code, kept on this phone alone; what the server
// gives for it finds the car and does nothing else. Another pillar scanned (here or in another window) moves the way.
import { signal } from "@preact/signals";
import { call, isRefused, Problem } from "../shared/api";
import type { Car, FindToken } from "../shared/wire";
import { keptCode } from "./stay";

const RETRY_FIRST_MS = 1_000;
const RETRY_LONGEST_MS = 10_000;

export type FindTrouble = "no_code" | "no_proof" | "wait" | "lost" | "unknown_pillar";

export const car = signal<Car | null>(null);
export const pillar = signal("");
export const stepFree = signal(false);
export const finding = signal(false);
export const findTrouble = signal<FindTrouble | null>(null);
export const marking = signal<"" | "busy" | "failed">("");

let token = "";
let socket: WebSocket | null = null;
let retryMs = RETRY_FIRST_MS;
let timer = 0;

export function beginFinding(): void {
  addEventListener("hashchange", read);
  addEventListener("online", () => finding.value && void connect());
  read();
}

function read(): void {
  const said = new URLSearchParams(location.hash.slice(1));
  pillar.value = said.get("p") ?? "";
  if (pillar.value || said.has("find")) void find();
  else leave();
}

export async function find(): Promise<void> {
  finding.value = true;
  findTrouble.value = null;
  if (socket?.readyState === WebSocket.OPEN && token) return say({ pillar: pillar.value });
  await connect();
}

export function leave(): void {
  finding.value = false;
  clearTimeout(timer);
  drop();
  token = "";
  car.value = null;
}

export function wantStepFree(yes: boolean): void {
  stepFree.value = yes;
  say({ step_free: yes });
}

async function connect(): Promise<void> {
  clearTimeout(timer);
  drop();
  const code = keptCode();
  if (!code) {
    findTrouble.value = "no_code";
    return;
  }
  try {
    if (!token) token = (await call<FindToken>("/find", { bearer: code, body: {} })).token;
  } catch (failure) {
    if (isRefused(failure)) findTrouble.value = "no_proof";
    else later(failure instanceof Problem && failure.status === 429 ? "wait" : "lost");
    return;
  }
  const line = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/find/live`);
  socket = line;
  line.onopen = () => say({ token, pillar: pillar.value, step_free: stepFree.value });
  line.onmessage = (message) => take(JSON.parse(String(message.data)) as Car & { type: string; code?: string });
  line.onclose = () => socket === line && finding.value && later("lost");
}

function say(what: Record<string, unknown>): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
}

function take(said: Car & { type: string; code?: string }): void {
  retryMs = RETRY_FIRST_MS;
  if (said.type === "error") {
    if (said.code === "token.refused") token = ""; // its ten minutes are over: prove again
    if (said.code === "find.spot_unknown") findTrouble.value = "unknown_pillar";
    return;
  }
  findTrouble.value = null;
  car.value = said;
}

function later(why: FindTrouble): void {
  findTrouble.value = why;
  clearTimeout(timer);
  timer = setTimeout(() => void connect(), retryMs);
  retryMs = Math.min(retryMs * 2, RETRY_LONGEST_MS);
}

function drop(): void {
  const line = socket;
  socket = null;
  if (line) {
    line.onclose = line.onmessage = line.onopen = null;
    line.close();
  }
}

/** The driver's own mark: the bay's number, or the pillar that was scanned beside the car. */
export async function markCar(where: { bay: string } | { pillar: string }): Promise<void> {
  marking.value = "busy";
  try {
    car.value = await call<Car>("/find/mark", { body: { token, ...where } });
    marking.value = "";
  } catch {
    marking.value = "failed";
  }
}
