// Every point that came and went, and the purchases that earned them.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { clock, count, money } from "../shared/format";
import { now } from "../shared/tick";
import type { OwnPurchase, PointsMove, PointsMoves } from "../shared/wire";
import { Back } from "./back";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Nothing, Part, Trouble } from "./part";
import { token } from "./session";
import { load, moves, points, purchases } from "./sources";

export function PointsHistory(): JSX.Element {
  useEffect(() => load(points, moves, purchases), [token.value]);
  return (
    <>
      <Back to="#/" />
      <section class="card" aria-labelledby="moves">
        <h2 id="moves">{say("history")}</h2>
        {points.value.value && <p class="soft">{say("have", { n: count(points.value.value.balance) })}</p>}
        <Part of={moves} empty={(all) => (all.items.length ? null : <Nothing word={say("moves_empty")} note={say("moves_empty_note")} />)}>
          {(first) => <Lines first={first} />}
        </Part>
      </section>
      {(purchases.value.value ?? []).length > 0 && (
        <section class="card" aria-labelledby="purchases">
          <h2 id="purchases">{say("purchases")}</h2>
          <ul class="lines">{purchases.value.value?.map((one) => <Purchase key={one.merchant_id + one.receipt} of={one} />)}</ul>
        </section>
      )}
    </>
  );
}

function Lines({ first }: { first: PointsMoves }): JSX.Element {
  const [older, add] = useState<readonly PointsMove[]>([]);
  const [next, follow] = useState(first.next);
  const deed = useDeed();
  useEffect(() => {
    add([]);
    follow(first.next);
  }, [first]);
  const more = () =>
    void deed.run(async () => {
      const page = await ask<PointsMoves>(`/me/points/history?cursor=${encodeURIComponent(next ?? "")}`);
      add([...older, ...page.items]);
      follow(page.next);
    });
  return (
    <>
      <ul class="lines">
        {[...first.items, ...older].map((one, index) => (
          <Move key={index} of={one} />
        ))}
      </ul>
      {next && (
        <button type="button" class="wide" disabled={deed.busy} onClick={more}>
          {say("more")}
        </button>
      )}
      <Trouble of={deed.trouble} />
    </>
  );
}

const nameOf = (merchant: string, id: string): string => (id === "mall" ? say("the_mall") : merchant || id);

function Move({ of }: { of: PointsMove }): JSX.Element {
  const fact = say(`move_${of.fact}`);
  const what = of.kind === "expired" ? say("move_expired") : of.kind === "taken_back" ? say("move_back", { fact }) : fact;
  const with_whom = of.fact === "parking" || of.kind === "expired" ? "" : nameOf(of.merchant, of.merchant_id);
  return (
    <li>
      <span>
        {what}
        {with_whom && ` · ${with_whom}`}
        <small class="soft">{clock(of.at, now.value)}</small>
      </span>
      <b class={of.points > 0 ? "plus" : ""}>{`${of.points > 0 ? "+" : "−"}${count(Math.abs(of.points))}`}</b>
    </li>
  );
}

function Purchase({ of }: { of: OwnPurchase }): JSX.Element {
  return (
    <li>
      <span>
        {nameOf(of.merchant, of.merchant_id)}
        <small class="soft">
          {clock(of.at, now.value)} · {of.given_back ? say("given_back") : say("receipt_no", { number: of.receipt })}
        </small>
      </span>
      <b>{money(of.amount)}</b>
    </li>
  );
}
