// A plate that the operator types: the open case ranked by what the picture says, and stays that no rule doubts, to be asked about.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clock, plate as spaced } from "../shared/format";
import { why } from "../shared/i18n/problems";
import { now } from "../shared/tick";
import type { Candidate, DeskCase } from "../shared/wire";
import { askAbout, findStays, rankAgain, typed, typedFor } from "./desk";
import { beside, TYPED } from "./desk_keys";
import { desk as say } from "./desk_words";
import { laneName } from "./names";
import { toDesk, toStay } from "./route";
import { tellOnce } from "./toast";

interface Asked {
  id: string;
  label: string;
  submit: string;
  run: (plate: string) => Promise<void>;
  children?: JSX.Element | false | "";
}

/** A plate that somebody reads on a picture; what is done with it may refuse. */
export function PlateForm({ id, label, submit, run, children }: Asked): JSX.Element {
  const [text, setText] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const ask = async (): Promise<void> => {
    if (!text.trim()) return setTrouble(say("plate_missing"));
    setBusy(true);
    setTrouble("");
    try {
      await run(text.trim());
    } catch (failure) {
      setTrouble(why(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="typed"
      onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}
    >
      <label for={id}>{label}</label>
      <input
        id={id}
        value={text}
        maxLength={12}
        autoComplete="off"
        onInput={(event) => setText(event.currentTarget.value.toUpperCase())}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        aria-describedby={`${id}-trouble`}
      />
      <button type="submit" disabled={busy}>
        {submit}
      </button>
      {children}
      <p class="trouble" role="alert" id={`${id}-trouble`}>
        {trouble}
      </p>
    </form>
  );
}

/** The candidates of the case in hand, by the plate that its operator reads on the picture. */
export function RankAgain({ of }: { of: DeskCase }): JSX.Element {
  const run = async (plate: string): Promise<void> => {
    await rankAgain(of.id, plate);
    beside.value = 0;
    document.getElementById(TYPED)?.blur(); // from here on the keys decide again
  };
  return (
    <PlateForm id={TYPED} label={say("typed")} submit={say("rank_again")} run={run}>
      {typedFor(of) && (
        <button type="button" class="quiet" onClick={() => (typed.value = null)}>
          {say("rank_as_read")}
        </button>
      )}
    </PlateForm>
  );
}

/** A stay inside, found by its plate whether anything is asked about it or not. */
export function FindStay(): JSX.Element {
  const [found, setFound] = useState<readonly Candidate[] | null>(null);
  return (
    <section class="panel find-stay" aria-labelledby="find-stay-title">
      <h2 id="find-stay-title">{say("find_stay")}</h2>
      <PlateForm id="find-plate" label={say("plate_of_stay")} submit={say("find")} run={async (plate) => setFound(await findStays(plate))} />
      {found?.length === 0 && <p class="soft">{say("candidates_none")}</p>}
      <ul>
        {found?.map((one) => (
          <li key={one.stay_id} data-found={one.stay_id}>
            <a href={toStay(one.stay_id)} aria-label={`${say("story")} ${one.plate ?? say("no_plate")}`}>
              <span class="plate plate-small">{one.plate ? spaced(one.plate) : say("no_plate")}</span>
              <small>
                {say("entered", { time: clock(one.entered_at, now.value) })} · {laneName(one.lane_id)} · {say("cost")} {one.cost.toFixed(1)}
              </small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Put a stay onto the desk, taken by whoever asks. */
export function AskAbout({ stay }: { stay: string }): JSX.Element {
  const ask = async (): Promise<void> => {
    try {
      location.hash = toDesk(await askAbout(stay));
    } catch (failure) {
      tellOnce(say("failed", { why: why(failure) }));
    }
  };
  return (
    <button type="button" class="quiet" onClick={() => void ask()}>
      {say("ask_about")}
    </button>
  );
}
