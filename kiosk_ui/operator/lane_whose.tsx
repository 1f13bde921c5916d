// Whose car waits at this exit: the stays that it may be in, likeliest first. Whoever sees it names one; it leaves by the rules as that.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, newKey } from "../shared/api";
import { clock, plate, span } from "../shared/format";
import { inWords } from "../shared/i18n/codes";
import { why } from "../shared/i18n/problems";
import { now } from "../shared/tick";
import type { AskWhose, Candidate, LaneVisit, NameCar, WhoseCar } from "../shared/wire";
import { desk } from "./desk_words";
import { PlateForm } from "./desk_typed";
import { lane as say } from "./lane_words";
import { laneName } from "./names";
import { Picture } from "./picture";
import { toStay } from "./route";
import { may } from "./session";
import { tellOnce } from "./toast";

/** Whether a person may say whose this is: it waits at an exit, and the rules do not let it go. */
export const mayBeNamed = (of: LaneVisit): boolean =>
  may("lanes:open") && of.standing === "here" && of.direction === "out" && of.reads.at(-1)?.allowed === false;

/** Give it the vehicle as its `key`: what was found of one says nothing of the next. */
export function Whose({ of, lane, asked }: { of: LaneVisit; lane: string; asked: boolean }): JSX.Element {
  const [found, setFound] = useState<WhoseCar | null>(null);
  const [trouble, setTrouble] = useState("");
  const [read, setRead] = useState("");
  const at = `/lanes/${encodeURIComponent(lane)}/visits/${encodeURIComponent(of.visit_id)}`;
  const look = async (typed?: string): Promise<void> => {
    const body: AskWhose = typed ? { plate: typed } : {};
    setFound(await call<WhoseCar>(`${at}/candidates`, { body }));
    setRead(typed ?? "");
    setTrouble("");
  };
  const first = (): void => void look().catch((failure: unknown) => setTrouble(why(failure)));
  useEffect(() => {
    if (asked) first();
  }, [asked]);
  return (
    <section class="panel candidates lane-whose" aria-labelledby="lane-whose">
      <div class="title-row">
        <h3 id="lane-whose">{say("whose")}</h3>
        {!found && (
          <button type="button" onClick={first}>
            {say("whose_look")} <kbd>N</kbd>
          </button>
        )}
      </div>
      <p class="soft">{say("whose_note")}</p>
      {trouble && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      {found && (
        <>
          <PlateForm id="lane-typed" label={desk("typed")} submit={desk("rank_again")} run={look} />
          {found.candidates.length === 0 && <p class="soft">{desk("candidates_none")}</p>}
          <ol>
            {found.candidates.map((one, rank) => (
              <Named key={`${one.stay_id} ${read}`} one={one} rank={rank} at={at} read={rivals(found, one, read) ? read : ""} />
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

/** That it is the very plate costs a little, where another spelling is as good; without the figures beside it that would read as a reproach. */
const speaksFor = (reason: Candidate["why"][number]): boolean => reason.cost < 0 || reason.code === "read_as_it_is";

/** Whether what somebody has read is the plate of another of these stays, and not of this one. */
const rivals = (found: WhoseCar, one: Candidate, read: string): boolean =>
  read !== "" && one.plate !== read && found.candidates.some((other) => other.plate === read);

/** What holds for every car that is inside tells nobody which one this is. */
const tells = (reason: Candidate["why"][number]): boolean => reason.code !== "one_of_many" && reason.code !== "long_inside";

/** `read` is the plate that speaks for another one: then it takes a second press. */
function Named({ one, rank, at, read }: { one: Candidate; rank: number; at: string; read: string }): JSX.Element {
  const [sure, setSure] = useState(read === "");
  const [looks, setLooks] = useState(false);
  const [busy, setBusy] = useState(false);
  const [key, setKey] = useState(newKey);
  const name = async (): Promise<void> => {
    if (!sure) return setSure(true);
    setBusy(true);
    try {
      await call(`${at}/name`, { body: { stay_id: one.stay_id } satisfies NameCar, idempotencyKey: key });
      setKey(newKey()); // an order that no lane heard in time is over: said once more, it is another one
      tellOnce(say("whose_told"));
    } catch (failure) {
      tellOnce(desk("failed", { why: why(failure) }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <li class="candidate" data-candidate={one.stay_id}>
      <div class="candidate-car">
        <span class={`plate ${one.plate ? "" : "plate-none"}`}>{one.plate ? plate(one.plate) : desk("no_plate")}</span>
        <small>
          {desk("entered", { time: clock(one.entered_at, now.value) })} · {laneName(one.lane_id)} ·{" "}
          {desk("parked_for", { time: span(Date.parse(one.entered_at), now.value) })}
        </small>
      </div>
      <ul class="candidate-why">
        {one.why.filter(tells).map((reason) => (
          <li key={reason.code} class={speaksFor(reason) ? "why-for" : reason.cost > 0 ? "why-against" : ""}>
            {inWords("whys", reason.code)}
          </li>
        ))}
      </ul>
      {looks && <Picture visit={one.stay_id} name={desk("picture_of_candidate", { rank: rank + 1 })} sign={one.plate} />}
      {read !== "" && sure && (
        <p class="trouble" role="alert">
          {say("whose_sure", { plate: plate(read) })}
        </p>
      )}
      <div class="candidate-deeds">
        <button type="button" class="quiet" aria-pressed={looks} onClick={() => setLooks(!looks)}>
          {desk("picture_show")}
        </button>
        {may("stays:read") && (
          <a class="quiet" href={toStay(one.stay_id)} aria-label={`${desk("story")} ${rank + 1}`}>
            {desk("story")}
          </a>
        )}
        <button type="button" class={rank === 0 ? "main" : ""} disabled={busy} onClick={() => void name()}>
          {say("whose_this")}
        </button>
      </div>
    </li>
  );
}
