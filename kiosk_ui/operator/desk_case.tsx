// One case: what was read, what the cameras saw, and which stays it may be about, likeliest first, with what speaks for and against each.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock, clockSeconds, plate, span } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { Candidate, DeskCase } from "../shared/wire";
import { Deadline } from "./deadline";
import { candidatesOf, letGo, typedFor } from "./desk";
import { answer, beside } from "./desk_keys";
import { takeIt } from "./desk_moves";
import { CASE, showCandidate, showPictures, showQueue } from "./desk_sight";
import { RankAgain } from "./desk_typed";
import { desk as say } from "./desk_words";
import { laneName } from "./names";
import { Picture } from "./picture";
import { toStay } from "./route";
import { may } from "./session";

export function CasePane({ of }: { of: DeskCase }): JSX.Element {
  useEffect(() => {
    beside.value = 0;
  }, [of.id]);
  const mine = of.holder?.mine ?? false;
  const chosen = candidatesOf(of)[beside.value];
  return (
    <>
      <section class="panel case-head" aria-labelledby="case-title">
        <button type="button" class="quiet desk-back" onClick={showQueue}>
          <Mark name="back" size="1rem" />
          {say("to_queue")}
        </button>
        <div class="case-name">
          <h2 id={CASE} tabIndex={-1}>{inWords("cases", of.reason)}</h2>
          {of.state === "open" && <Deadline of={of} />}
          {mine && <Mine />}
        </div>
        <dl class="case-facts">
          <div class="case-read">
            <dt>{say("read_as")}</dt>
            <dd>{of.read ? <span class="plate">{plate(of.read)}</span> : <span class="plate plate-none">{say("no_plate")}</span>}</dd>
          </div>
          {of.lane_id && <Fact name={say("lane")}>{laneName(of.lane_id)}</Fact>}
          <Fact name={say("since")}>{clock(of.opened_at, now.value)}</Fact>
          <Fact name={say("due")}>{clock(of.due_at, now.value)}</Fact>
          {of.stay_id && (
            <Fact name={say("story")}>
              <a href={toStay(of.stay_id)}>{say("story_title")}</a>
            </Fact>
          )}
        </dl>
        <Holder of={of} />
      </section>
      {mine && <Pictures of={of} chosen={chosen} />}
      {of.choices.some((one) => one.choice === "match") && of.state === "open" && <Candidates of={of} mine={mine} />}
    </>
  );
}

const Fact = ({ name, children }: { name: string; children: JSX.Element | string }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const Mine = (): JSX.Element => (
  <p class="case-mine">
    <Mark name="person" />
    <b>{say("mine")}</b>
    <button type="button" class="quiet" onClick={() => void letGo()}>
      {say("give_back")} <kbd>Esc</kbd>
    </button>
  </p>
);

function Holder({ of }: { of: DeskCase }): JSX.Element | null {
  if (of.state !== "open") return <p class="case-holder soft">{say("over", { name: of.resolved_by, note: inWords("deskReasons", of.note) })}</p>;
  if (of.holder?.mine) return null;
  if (of.holder)
    return (
      <p class="case-holder case-theirs" role="status">
        <Mark name="person" />
        <span>{say("taken_by", { name: of.holder.name, time: clockSeconds(of.holder.until) })}</span>
      </p>
    );
  if (!may("cases:work")) return null;
  return (
    <p class="case-holder">
      <button type="button" class="main" onClick={() => void takeIt(of.id)}>
        {say("take")} <kbd>Enter</kbd>
      </button>
      <small class="soft">{say("take_first")}</small>
    </p>
  );
}

function Pictures({ of, chosen }: { of: DeskCase; chosen: Candidate | undefined }): JSX.Element {
  const other = chosen?.stay_id ?? (of.stay_id !== of.visit_id ? of.stay_id : null);
  const name = chosen ? say("picture_of_candidate", { rank: beside.value + 1 }) : say("picture_of_stay");
  return (
    <section class="panel case-pictures" aria-labelledby="pictures-title">
      <div class="title-row">
        <h2 id="pictures-title" tabIndex={-1}>
          {say("pictures")}
        </h2>
        {chosen && (
          <button type="button" class="quiet desk-back" onClick={() => showCandidate(chosen.stay_id)}>
            {say("to_candidate", { rank: beside.value + 1 })}
          </button>
        )}
      </div>
      <div class="side-by-side">
        {of.visit_id && <Picture key={of.visit_id} visit={of.visit_id} name={say("picture_of_case")} sign={of.read} />}
        {other && <Picture key={other} visit={other} name={name} sign={chosen?.plate ?? null} />}
      </div>
    </section>
  );
}

function Candidates({ of, mine }: { of: DeskCase; mine: boolean }): JSX.Element {
  const shown = candidatesOf(of);
  return (
    <section class="panel candidates" aria-labelledby="candidates-title">
      <h2 id="candidates-title">
        {say("candidates")}
        <small>{say("cost_note")}</small>
      </h2>
      {of.awaits && (
        <p class="case-awaits" role="note">
          {say("awaits")}
        </p>
      )}
      {mine && <RankAgain key={of.id} of={of} />}
      {shown.length === 0 && <p class="soft">{say("candidates_none")}</p>}
      <ol>
        {shown.map((one, at) => (
          <CandidateRow key={one.stay_id} one={one} at={at} of={of} mine={mine} />
        ))}
      </ol>
    </section>
  );
}

function CandidateRow({ one, at, of, mine }: { one: Candidate; at: number; of: DeskCase; mine: boolean }): JSX.Element {
  const chosen = beside.value === at;
  const question = { case: of, choice: "match", stayId: one.stay_id };
  const look = (): void => {
    beside.value = at;
    showPictures();
  };
  return (
    <li class={`candidate ${chosen && mine ? "is-beside" : ""}`} data-candidate={one.stay_id}>
      <div class="candidate-car">
        <span class={`plate ${one.plate ? "" : "plate-none"}`}>
          {one.plate ? <Compared plate={one.plate} to={of.clear ? typedFor(of) || of.read : null} /> : say("no_plate")}
        </span>
        <small>
          {say("entered", { time: clock(one.entered_at, now.value) })} · {laneName(one.lane_id)} ·{" "}
          {say("parked_for", { time: span(Date.parse(one.entered_at), now.value) })}
        </small>
      </div>
      <p class="candidate-cost">
        <b>{one.cost.toFixed(1)}</b>
        <small>{say("cost")}</small>
      </p>
      <ul class="candidate-why">
        {one.why.map((why) => (
          <li key={why.code} class={why.cost < 0 ? "why-for" : why.cost > 0 ? "why-against" : ""}>
            {inWords("whys", why.code)}
            <b>{signed(why.cost)}</b>
          </li>
        ))}
      </ul>
      <div class="candidate-deeds">
        {mine && (
          <button type="button" class="quiet" aria-pressed={chosen} onClick={look}>
            {say("picture_show")}
          </button>
        )}
        <a class="quiet" href={toStay(one.stay_id)} aria-label={`${say("story")} ${at + 1}`}>
          {say("story")}
        </a>
        {mine && (
          <button type="button" class={at === 0 ? "main" : ""} onClick={(e) => answer(question, e.shiftKey)}>
            <kbd>{at + 1}</kbd> {inWords("choices", "match")}
          </button>
        )}
      </div>
    </li>
  );
}

const signed = (cost: number): string => (cost > 0 ? `+${cost.toFixed(1)}` : cost < 0 ? `−${Math.abs(cost).toFixed(1)}` : "0");

/** A plate with the signs marked in which it differs from what was read; only where both are known sign by sign. */
function Compared({ plate: text, to }: { plate: string; to: string | null }): JSX.Element {
  const signs = [...text];
  const other = to ? [...to] : [];
  const same = other.length === signs.length;
  return (
    <>
      {signs.map((sign, at) => {
        const gap = at === 2 && signs.length > 6 ? " " : "";
        return (
          <span key={at}>
            {gap}
            {same && sign !== other[at] ? <mark>{sign}</mark> : sign}
          </span>
        );
      })}
    </>
  );
}
