// The end of it all: what goes and what stays is said first, a box must be ticked, then it is done and cannot be undone.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { count } from "../shared/format";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Trouble } from "./part";
import { logOut } from "./session";
import { coupons, points } from "./sources";

/** How many past stays lost their plate. */
export const forgotten = signal(0);

export function EraseCard(): JSX.Element {
  const [open, show] = useState(false);
  const [sure, be] = useState(false);
  const deed = useDeed();
  const unused = (coupons.value.value ?? []).filter((one) => one.state === "free").length;
  const balance = points.value.value?.balance ?? 0;
  const erase = () =>
    void deed.run(async () => {
      forgotten.value = (await ask<{ stays: number }>("/me", { method: "DELETE" })).stays;
      logOut("erased");
    });
  if (!open)
    return (
      <button type="button" class="wide danger-quiet" onClick={() => show(true)}>
        {say("erase")}
      </button>
    );
  return (
    <section class="card erase" aria-labelledby="erase">
      <h2 id="erase">{say("erase")}</h2>
      <p>{say("erase_note")}</p>
      {(balance > 0 || unused > 0) && (
        <p>
          <b>{say("erase_lose", { points: count(balance), coupons: count(unused) })}</b>
        </p>
      )}
      <p class="soft">{say("erase_keep")}</p>
      <label class="agree">
        <input type="checkbox" checked={sure} onChange={(e) => be(e.currentTarget.checked)} />
        <span>{say("erase_sure")}</span>
      </label>
      <div class="sure">
        <button type="button" class="danger" disabled={!sure || deed.busy} onClick={erase}>
          {say("erase_now")}
        </button>
        <button
          type="button"
          onClick={() => {
            be(false);
            show(false);
          }}
        >
          {say("keep")}
        </button>
      </div>
      <Trouble of={deed.trouble} />
    </section>
  );
}
