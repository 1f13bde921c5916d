// Who waits for a person, longest first, with the time they have waited. One operator takes a call; the others see whose it is.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { plate, waited } from "../shared/format";
import { named } from "../shared/i18n";
import { inWords } from "../shared/i18n/codes";
import { why } from "../shared/i18n/problems";
import { Mark } from "../shared/marks";
import { now } from "../shared/tick";
import type { Call } from "../shared/wire";
import { desk } from "./desk_words";
import { Dialog } from "./dialog";
import { DialogFoot } from "./dialog_foot";
import { calls, finish, handBack, openFor, take, unread } from "./help";
import { money } from "./money_words";
import { placeOf } from "./names";
import { Picture } from "./picture";
import { ReasonDialog } from "./reason";
import { toBill, toLane, toStay } from "./route";
import { may, operator } from "./session";
import { TellCaller } from "./tell_caller";
import { tellOnce } from "./toast";
import { say } from "./words";

const REASONS = ["reason_paid", "reason_read", "reason_special", "reason_fault"] as const;
const LONG_S = 60;
type Asked = { call: Call; what: "open" | "finish" | "say" };

/** Calls of the whole site, or of one lane. */
export function Calls({ lane }: { lane?: string }): JSX.Element {
  const [asked, ask] = useState<Asked | null>(null);
  const theirs = (call: Call): boolean => call.state === "taken" && !call.mine;
  const open = calls.value.filter((call) => !lane || call.lane_id === lane).sort((a, b) => Number(theirs(a)) - Number(theirs(b))); // what others see to comes last
  const waiting = open.filter((call) => call.state === "waiting");
  return (
    <section class={`calls ${open.length ? "panel" : ""}`} aria-labelledby="calls-title" data-testid="calls">
      <h2 id="calls-title" class={open.length ? "" : "hidden-visually"}>
        {say("calls")}
        {open.length > 0 && <span class="count">{open.length}</span>}
      </h2>
      <p class="hidden-visually" role="status" aria-live="assertive">
        {waiting[0] && say("call_heard", { lane: placeOf(waiting[0]), why: inWords("callCauses", waiting[0].cause) })}
      </p>
      {unread.value && open.length > 0 && <p class="soft">{say("calls_unknown")}</p>}
      <ul>
        {open.map((call) => (
          <CallRow key={call.id} call={call} onLane={Boolean(lane)} onAsk={(what) => ask({ call, what })} />
        ))}
      </ul>
      {asked?.what === "open" && <OpenCall of={asked.call} onClose={() => ask(null)} />}
      {asked?.what === "say" && <TellCaller of={asked.call} onClose={() => ask(null)} />}
      {asked?.what === "finish" && <FinishCall of={asked.call} onClose={() => ask(null)} />}
    </section>
  );
}

/** Elsewhere than on a lane's own panel, its name leads there: to the picture, and to say whose car it is. */
function CallRow({ call, onLane, onAsk }: { call: Call; onLane: boolean; onAsk: (what: Asked["what"]) => void }): JSX.Element {
  const seconds = Math.max(0, Math.floor((now.value - Date.parse(call.called_at)) / 1_000));
  const mine = call.mine;
  const theirs = call.state === "taken" && !mine;
  const forMe = call.called.some((role) => operator.value?.roles.includes(role));
  const tone = theirs ? "plain" : mine ? "accent" : seconds >= LONG_S ? "bad" : "warn";
  const place = placeOf(call);
  return (
    <li class={`call call-${tone}`} data-call={call.id} data-state={call.state}>
      <p class="call-wait">
        <b>{waited(seconds)}</b>
        <small>{say("waiting_since")}</small>
      </p>
      <p class="call-what">
        <b>{call.lane_id && !onLane ? <a href={toLane(call.lane_id)}>{place}</a> : place}</b>
        <span>{inWords("callCauses", call.cause)}</span>
        {call.stay_id && <Whose call={call} stay={call.stay_id} />}
        <small>
          {theirs
            ? say("taken_by", { name: call.taken_by ?? "" })
            : mine
              ? say("taken_by_me")
              : say(forMe ? "called_you" : "called_roles", { roles: call.called.map((role) => inWords("roles", role)).join(" → ") })}
        </small>
        {call.said && <small class="call-said">{say("told_caller", { words: named(call.said) })}</small>}
        {mine && !call.has_screen && <small>{say("no_screen")}</small>}
      </p>
      {may("lanes:open") && !theirs && (
        <div class="call-deeds">
          {!mine && <Take call={call} place={place} />}
          {mine && (
            <>
              <HandBack call={call} place={place} />
              {call.has_screen && (
                <button type="button" onClick={() => onAsk("say")} aria-label={say("say_to_title", { lane: place })}>
                  {say("say_to")}
                </button>
              )}
              <button type="button" onClick={() => onAsk("finish")} aria-label={say("finish_title", { lane: place })}>
                {say("finish")}
              </button>
            </>
          )}
          {call.lane_id && (
            <button type="button" class={mine ? "main" : ""} onClick={() => onAsk("open")} aria-label={say("open_call_title", { lane: place })}>
              <Mark name="up" />
              {say("open_gate")}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

/** The stay of whoever calls, for those who may see more of it. */
const Whose = ({ call, stay }: { call: Call; stay: string }): JSX.Element => (
  <span class="call-whose">
    <span class={`plate plate-small ${call.plate ? "" : "plate-none"}`}>{call.plate ? plate(call.plate) : desk("no_plate")}</span>
    {may("stays:read") && (
      <a href={toStay(stay)} aria-label={say("call_story", { plate: call.plate ?? "" })}>
        {desk("story")}
      </a>
    )}
    {may("bills:read") && (
      <a href={toBill(stay)} aria-label={say("call_bill", { plate: call.plate ?? "" })}>
        {money("bill")}
      </a>
    )}
  </span>
);

/** A button whose press may come too late: then the server says whose the call is. */
function Deed({ word, label, main = false, run }: { word: string; label: string; main?: boolean; run: () => Promise<unknown> }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    setBusy(true);
    try {
      await run();
    } catch (failure) {
      tellOnce(say("call_failed", { why: why(failure) }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class={main ? "main" : ""} disabled={busy} onClick={() => void press()} aria-label={label}>
      {word}
    </button>
  );
}

const Take = ({ call, place }: { call: Call; place: string }): JSX.Element => (
  <Deed main word={say("take")} label={say("take_title", { lane: place })} run={() => take(call.id)} />
);

const HandBack = ({ call, place }: { call: Call; place: string }): JSX.Element => (
  <Deed word={say("hand_back")} label={say("hand_back_title", { lane: place })} run={() => handBack(call.id)} />
);

function OpenCall({ of, onClose }: { of: Call; onClose: () => void }): JSX.Element {
  const place = placeOf(of);
  return (
    <ReasonDialog
      title={say("open_call_title", { lane: place })}
      note={of.picture_ref ? say("open_note_picture") : say("open_note")}
      reasons={REASONS}
      confirm={say("open_now")}
      done={say("opened", { lane: place })}
      onClose={onClose}
      run={(reason, key) => openFor(of.id, reason, key)}
    >
      {of.picture_ref ? <Picture visit={of.picture_ref} name={place} sign={null} /> : null}
    </ReasonDialog>
  );
}

function FinishCall({ of, onClose }: { of: Call; onClose: () => void }): JSX.Element {
  const [note, setNote] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    if (!note.trim()) return setTrouble(say("note_short"));
    setBusy(true);
    try {
      await finish(of.id, note.trim());
      tellOnce(say("finished"));
      onClose();
    } catch (failure) {
      setBusy(false);
      setTrouble(say("resolve_failed", { why: why(failure) }));
    }
  };
  return (
    <Dialog title={say("finish_title", { lane: placeOf(of) })} onClose={onClose} onSubmit={() => void submit()}>
      <label>
        {say("note")}
        <textarea rows={3} maxLength={500} value={note} onInput={(e) => setNote(e.currentTarget.value)} aria-describedby="finish-trouble" />
      </label>
      <DialogFoot id="finish-trouble" trouble={trouble} busy={busy} onClose={onClose}>
        {say("finish_now")}
      </DialogFoot>
    </Dialog>
  );
}
