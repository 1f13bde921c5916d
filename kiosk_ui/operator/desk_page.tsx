// The desk: what waits on the left, the case in the middle, what may be said about it on the right. Every step has a key.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock, plate } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { DeskRow } from "../shared/wire";
import { Deadline } from "./deadline";
import { chosen, decisions, keepDesk, look, queue, shown, unread } from "./desk";
import { CasePane } from "./desk_case";
import { DecidePane } from "./desk_decide";
import { asking, onKey } from "./desk_keys";
import { Recent } from "./desk_recent";
import { FindStay } from "./desk_typed";
import { choose, leave, takeIt } from "./desk_moves";
import { showCase } from "./desk_sight";
import { desk as say } from "./desk_words";
import { laneName } from "./names";
import { place } from "./route";
import { feed, may } from "./session";

export function Desk(): JSX.Element {
  useEffect(() => {
    const stop = keepDesk();
    return () => {
      stop();
      leave();
    };
  }, []);
  useEffect(() => {
    const at = place.value;
    if (at.page === "desk" && at.id) void choose(at.id);
  }, [place.value]);
  const [case_, hasQueue] = [shown.value?.id, queue.value !== null];
  useEffect(() => {
    if (case_) showCase(); // again when the queue has come, which pushes it down
  }, [case_, hasQueue]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => onKey(event, { choose, take: takeIt });
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <main id="main" tabIndex={-1} class={`desk ${feed.line.value === "lost" || unread.value ? "is-old" : ""}`}>
      <Queue />
      <div class="desk-middle">{shown.value ? <CasePane of={shown.value} /> : <Nothing />}</div>
      <div class="desk-side">
        {shown.value && <DecidePane of={shown.value} />}
        <Recent made={decisions.value} />
        {may("cases:work") && <FindStay />}
      </div>
      {asking.value}
    </main>
  );
}

function Nothing(): JSX.Element {
  const waits = (queue.value?.items.length ?? 0) > 0;
  return (
    <div class={`panel desk-nothing ${waits ? "is-waiting" : ""}`}>
      <Mark name={waits ? "back" : "check"} size="2rem" />
      <p>{waits ? say("choose") : queue.value ? say("empty") : say("loading")}</p>
      <small class="soft">{waits ? say("choose_keys") : queue.value ? say("empty_more") : ""}</small>
    </div>
  );
}

function Queue(): JSX.Element {
  const page = queue.value;
  return (
    <section class="desk-queue panel" aria-labelledby="queue-title">
      <h2 id="queue-title">
        {say("queue")}
        {page && page.open > 0 && <small>{say("queue_counts", { open: page.open, overdue: page.overdue })}</small>}
      </h2>
      {unread.value && (
        <p class="desk-stale" role="status">
          <Mark name="off" />
          {say("unread")}
          <button type="button" class="quiet" onClick={() => void look()}>
            {say("story_again")}
          </button>
        </p>
      )}
      {!page && !unread.value && <Skeleton rows={5} />}
      {page?.items.length === 0 && !unread.value && <p class="soft desk-pad">{say("empty")}</p>}
      <ol>
        {page?.items.map((row) => (
          <li key={row.id}>
            <Row of={row} chosen={chosen.value === row.id} />
          </li>
        ))}
      </ol>
    </section>
  );
}

const Skeleton = ({ rows }: { rows: number }): JSX.Element => (
  <ul class="skeleton" aria-label={say("loading")}>
    {Array.from({ length: rows }, (_, n) => (
      <li key={n} />
    ))}
  </ul>
);

function Row({ of, chosen }: { of: DeskRow; chosen: boolean }): JSX.Element {
  const reason = inWords("cases", of.reason);
  return (
    <button type="button" class="desk-row" data-case={of.id} aria-current={chosen ? "true" : undefined} onClick={() => (chosen ? showCase() : void choose(of.id))}>
      <span class="desk-row-head">
        <b>{reason}</b>
        <Deadline of={of} />
      </span>
      <span class="desk-row-foot">
        {of.plate && <span class="plate plate-small">{plate(of.plate)}</span>}
        <span>{[laneName(of.lane_id), clock(of.opened_at, now.value)].filter(Boolean).join(" · ")}</span>
        {of.holder && (
          <span class={`chip chip-${of.holder.mine ? "accent" : "plain"}`}>
            {of.holder.mine ? say("mine") : say("held_by", { name: of.holder.name })}
          </span>
        )}
      </span>
    </button>
  );
}
