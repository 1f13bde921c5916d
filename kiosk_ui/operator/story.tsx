// The whole story of one stay on one page, in order: what was seen, what it cost, what people decided, and who has looked.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call } from "../shared/api";
import { clock, clockSeconds, longDate, money, plate } from "../shared/format";
import { worded } from "../shared/i18n";
import { inWords, tables } from "../shared/i18n/codes";
import { why } from "../shared/i18n/problems";
import { Mark, type MarkName } from "../shared/marks";
import { now, setServerTime } from "../shared/tick";
import type { StayStory, StoryLine } from "../shared/wire";
import { reasonWords } from "./audit_reasons";
import { deed } from "./audit_words";
import { AskAbout } from "./desk_typed";
import { desk as say } from "./desk_words";
import { money as sayMoney } from "./money_words";
import { laneName } from "./names";
import { Picture } from "./picture";
import { toBill, toStay } from "./route";
import { may } from "./session";
import { factWords, ruleWords } from "./story_words";
import { whoWords } from "./who";

const story = signal<StayStory | null>(null);
const trouble = signal("");

async function read(id: string, clear: boolean): Promise<void> {
  try {
    const found = await call<StayStory>(`/stays/${encodeURIComponent(id)}/story${clear ? "?clear=true" : ""}`);
    setServerTime(found.now);
    story.value = found;
    trouble.value = "";
  } catch (failure) {
    trouble.value = why(failure);
  }
}

export function Story({ id }: { id: string }): JSX.Element {
  useEffect(() => {
    story.value = null;
    trouble.value = "";
    void read(id, false);
  }, [id]);
  const found = story.value;
  return (
    <main id="main" tabIndex={-1} class="narrow">
      {!found && (
        <section class="panel story" aria-labelledby="story-title">
          <h2 id="story-title">{say("story_title")}</h2>
          <p role="status" class={trouble.value ? "desk-stale" : "soft"}>
            {trouble.value ? say("story_missing", { why: trouble.value }) : say("loading")}
            {trouble.value && (
              <button type="button" class="quiet" onClick={() => void read(id, false)}>
                {say("story_again")}
              </button>
            )}
          </p>
        </section>
      )}
      {found && <Told of={found} />}
    </main>
  );
}

/** What may be put onto the desk: whatever no other stay has taken the place of. */
const ASKABLE = new Set(["open", "settled", "review", "doubtful", "closed"]);

function Told({ of }: { of: StayStory }): JSX.Element {
  const days = byDay(of.lines);
  return (
    <>
      <section class="panel story" aria-labelledby="story-title">
        <div class="story-name">
          <span class={`plate ${of.plate ? "" : "plate-none"}`}>{of.plate ? plate(of.plate) : say("no_plate")}</span>
          <h2 id="story-title">{say("story_title")}</h2>
          <span class="chip chip-accent">{inWords("stayStates", of.state)}</span>
          {may("cases:work") && ASKABLE.has(of.state) && <AskAbout stay={of.id} />}
          {of.may_clear && (
            <button type="button" class="quiet" title={say("story_clear_note")} onClick={() => void read(of.id, !of.clear)}>
              {say(of.clear ? "story_masked" : "story_clear")}
            </button>
          )}
        </div>
        <dl class="case-facts">
          <Fact name={say("story_entry")}>{`${clock(of.entered_at, now.value)} · ${laneName(of.lane_id)}`}</Fact>
          {of.exited_at && <Fact name={say("story_exit")}>{`${clock(of.exited_at, now.value)} · ${laneName(of.exit_lane_id)}`}</Fact>}
          <Fact name={say("story_bill")}>{money(of.bill.total)}</Fact>
          <Fact name={say("story_paid")}>{money(of.bill.paid)}</Fact>
          <Fact name={say("story_due")}>{money(of.bill.due)}</Fact>
        </dl>
        {may("bills:read") && (
          <p>
            <a href={toBill(of.id)}>{sayMoney("bill_of_stay")}</a>
          </p>
        )}
        {trouble.value && (
          <p class="trouble" role="alert">
            {say("story_missing", { why: trouble.value })}
          </p>
        )}
      </section>
      <section class="panel story" aria-labelledby="story-pictures">
        <h2 id="story-pictures">
          {say("story_pictures")} <small>{say("story_picture_note")}</small>
        </h2>
        <div class="side-by-side">
          {of.pictures.map((one) => (
            <Asked key={one.visit_id} visit={one.visit_id} name={`${say(one.direction === "out" ? "story_out" : "story_in")} · ${clock(one.at, now.value)}`} />
          ))}
        </div>
      </section>
      <section class="panel story" aria-labelledby="story-lines">
        <h2 id="story-lines">{say("story_lines")}</h2>
        {days.map(([day, lines]) => (
          <div key={day}>
            <h3>{longDate(Date.parse(day))}</h3>
            <ol class="story-lines">
              {lines.map((line, at) => (
                <LineRow key={at} of={line} />
              ))}
            </ol>
          </div>
        ))}
      </section>
    </>
  );
}

const Fact = ({ name, children }: { name: string; children: string }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** A picture is asked for by a press, not by reading on: each look is on record. */
function Asked({ visit, name }: { visit: string; name: string }): JSX.Element {
  const [wanted, want] = useState(false);
  if (wanted) return <Picture visit={visit} name={name} sign={null} />;
  return (
    <figure class="case-shot case-shot-none">
      <div class="shot-frame">
        <button type="button" aria-label={`${say("picture_show")}: ${name}`} onClick={() => want(true)}>
          {say("picture_show")}
        </button>
      </div>
      <figcaption>{name}</figcaption>
    </figure>
  );
}

function byDay(lines: readonly StoryLine[]): [string, StoryLine[]][] {
  const days = new Map<string, [string, StoryLine[]]>();
  for (const line of lines) {
    const day = longDate(Date.parse(line.at));
    const known = days.get(day);
    if (known) known[1].push(line);
    else days.set(day, [line.at, [line]]);
  }
  return [...days.values()];
}

const marks: Readonly<Record<string, MarkName>> = {
  read: "car", boom: "up", lane: "alert", passage: "in", stay: "clock", case: "alert", decision: "check", undone: "back",
  correction: "check", bill: "phone", money: "check", deed: "person", look: "person",
};
const tones: Readonly<Record<string, string>> = { case: "warn", decision: "accent", undone: "warn", correction: "accent", look: "soft" };

/** Why: what opened a barrier is a rule where no person did, what held a car is a reason. */
function becauseOf(of: StoryLine): string {
  const reason = of.detail["reason"];
  if (typeof reason !== "string" || !reason) return "";
  if (of.kind === "decision") return inWords("deskReasons", reason);
  return inWords(of.kind === "boom" && reason in tables.rules ? "rules" : "reasons", reason);
}

function LineRow({ of }: { of: StoryLine }): JSX.Element {
  const isDeed = (of.kind === "deed" || of.kind === "look") && !(of.code in tables.storyCodes);
  const words = isDeed ? deed(of.code) : of.kind === "correction" ? ruleWords(of.code) : of.kind === "case" ? inWords("cases", of.code) : inWords(of.kind === "decision" || of.kind === "undone" ? "choices" : "storyCodes", of.code);
  const because = becauseOf(of);
  return (
    <li class={`story-line story-${tones[of.kind] ?? "plain"}`} data-kind={of.kind} data-code={of.code}>
      <time dateTime={of.at}>{clockSeconds(of.at)}</time>
      <Mark name={of.code === "passed_out" || of.code === "ended" ? "out" : (marks[of.kind] ?? "clock")} />
      <div>
        <p>
          <small>{inWords("storyKinds", of.kind)}</small>
          <b>{words}</b>
          {of.plate && <span class="plate plate-small">{plate(of.plate)}</span>}
          {of.amount && <b class="story-sum">{money(of.amount)}</b>}
        </p>
        <p class="soft">{[laneName(of.lane_id), of.by && whoWords(of.by_kind, of.by), because, reasonWords(of.note)].filter(Boolean).join(" · ")}</p>
        {(of.kind === "decision" || of.kind === "correction") && <Grounds of={of} />}
      </div>
    </li>
  );
}

interface Candidates {
  candidates?: { stay_id: string; cost: number }[];
  costs?: string;
}

/** What a decision or a correction rests on: before, after, and what the person, or the rule, had in front of them. */
function Grounds({ of }: { of: StoryLine }): JSX.Element | null {
  const { before, after } = of.detail;
  const { candidates, costs, ...seen } = (of.detail["evidence"] ?? {}) as Candidates & Record<string, unknown>;
  return (
    <details class="grounds">
      <summary>{say("details")}</summary>
      <dl>
        <Facts name={say("before")} of={asFacts(before)} />
        <Facts name={say("after")} of={asFacts(after)} />
        {of.kind === "correction" && <Facts name={say("evidence")} of={seen} />}
        {candidates && candidates.length > 0 && (
          <div>
            <dt>{say("ranked")}</dt>
            <dd>
              {candidates.map((one, at) => `${at + 1}. ${one.stay_id.slice(-6)} (${one.cost.toFixed(1)})`).join("  ")}
              {costs && ` · ${say("costs_then", { version: costs })}`}
            </dd>
          </div>
        )}
      </dl>
    </details>
  );
}

/** A correction tells its stay's state only. */
const asFacts = (of: unknown): unknown => (typeof of === "string" ? { state: of } : of);

const STAYS: ReadonlySet<string> = new Set(["later_entry", "earlier_entry", "into", "merged", "first", "second", "of"]);
const IS_TIME = /^\d{4}-\d{2}-\d{2}T/;

function Facts({ name, of }: { name: string; of: unknown }): JSX.Element | null {
  if (!of || typeof of !== "object") return null;
  const facts = Object.entries(of as Record<string, unknown>).filter(([, value]) => value !== null);
  if (facts.length === 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {facts.map(([key, value], at) => (
          <span key={key}>
            {at > 0 && " · "}
            {factWords(key)}: {STAYS.has(key) ? <a href={toStay(String(value))}>{String(value).slice(-6)}</a> : shownAs(key, value)}
          </span>
        ))}
      </dd>
    </div>
  );
}

function shownAs(key: string, value: unknown): string {
  if (value && typeof value === "object" && "amount" in value) return money(value as Parameters<typeof money>[0]);
  if (typeof value === "boolean") return worded(value ? ["是", "yes"] : ["否", "no"]);
  if (key === "state") return inWords("stayStates", String(value));
  if (key.endsWith("lane_id")) return laneName(String(value));
  if (key.endsWith("visit")) return String(value).slice(-6);
  return IS_TIME.test(String(value)) ? clock(String(value), now.value) : String(value);
}
