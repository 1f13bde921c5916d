// Binding a vehicle by what proves it: the stay that this phone has, the code of a ticket, or the papers.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { keptCode, keptStay } from "../driver/kept";
import { clock, plate } from "../shared/format";
import { now } from "../shared/tick";
import type { ClaimVehicle, MemberVehicle } from "../shared/wire";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Trouble } from "./part";
import { me } from "./sources";

type Way = "phone" | "ticket" | "document";

/** The code alone, whether the address of its page was pasted or itself. */
export const codeIn = (text: string): string => /[#&]t=([^&\s]+)/.exec(text)?.[1] ?? text.trim();

export function BindForm(): JSX.Element {
  const [open, show] = useState(false);
  const [done, tell] = useState<MemberVehicle | null>(null);
  if (!open)
    return (
      <>
        <p class="done" role="status">
          {done && told(done)}
        </p>
        <button type="button" class="wide bind" onClick={() => show(true)}>
          {say("bind")}
        </button>
      </>
    );
  return (
    <Form
      done={(vehicle) => {
        tell(vehicle);
        show(false);
        void me.load();
      }}
      close={() => show(false)}
    />
  );
}

const told = (vehicle: MemberVehicle): string =>
  vehicle.state === "review" || !vehicle.active_at
    ? say("bound_review", { plate: plate(vehicle.plate) })
    : say("bound", { plate: plate(vehicle.plate), time: clock(vehicle.active_at, now.value) });

function Form({ done, close }: { done: (vehicle: MemberVehicle) => void; close: () => void }): JSX.Element {
  const kept = keptStay();
  const ways: Way[] = kept ? ["phone", "ticket", "document"] : ["ticket", "document"];
  const [way, choose] = useState<Way>(ways[0] ?? "ticket");
  const [text, type] = useState("");
  const deed = useDeed();
  const words = { phone: say("by_phone", { plate: plate(kept?.stay.plate ?? null) }), ticket: say("by_ticket"), document: say("by_document") };
  const send = (event: Event): void => {
    event.preventDefault();
    const paid = (kept?.stay.bill.paid.amount ?? 0) > 0;
    const body: ClaimVehicle =
      way === "document"
        ? { proof: "document", plate: text.trim() }
        : way === "phone"
          ? { proof: paid ? "payment" : "lane_qr", stay_token: keptCode() }
          : { proof: "lane_qr", stay_token: codeIn(text) };
    void deed.run(async () => done(await ask<MemberVehicle>("/me/vehicles", { body })));
  };
  return (
    <form class="form bind-form" onSubmit={send} aria-labelledby="bind-title">
      <h3 id="bind-title">{say("bind")}</h3>
      <p class="soft small">{say("bind_note")}</p>
      <fieldset class="ways upright">
        <legend>{say("bind_how")}</legend>
        <div>
          {ways.map((one) => (
            <label key={one} class={way === one ? "is-chosen" : ""}>
              <input type="radio" name="proof" value={one} checked={way === one} onChange={() => choose(one)} />
              <span>{words[one]}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {way !== "phone" && (
        <label class="field">
          <span>{say(way === "ticket" ? "ticket_code" : "plate")}</span>
          <input type="text" required maxLength={way === "ticket" ? 4096 : 24} autocomplete="off" autocapitalize={way === "ticket" ? "off" : "characters"} spellcheck={false} value={text} onInput={(e) => type(e.currentTarget.value)} />
        </label>
      )}
      {way === "ticket" && <p class="soft small">{say("ticket_note")}</p>}
      <div class="sure">
        <button type="submit" class="main" disabled={deed.busy}>
          {say("bind_now")}
        </button>
        <button type="button" onClick={close}>
          {say("no")}
        </button>
      </div>
      <Trouble of={deed.trouble} />
    </form>
  );
}
