// The wallet: what each coupon does now and why not, a code to add, and what points buy.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { date, plate } from "../shared/format";
import { named } from "../shared/i18n";
import { now } from "../shared/tick";
import type { OwnCoupon, ShowCoupon } from "../shared/wire";
import { useDeed } from "./deeds";
import { ExchangeCard } from "./exchange_card";
import { say } from "./member_words";
import { Nothing, Part, Trouble } from "./part";
import { codeOf } from "./pay_button";
import { token } from "./session";
import { coupons, load, me, points, stays } from "./sources";
import { SwitchOn } from "./switch_on";
import { call } from "../shared/api";

const isUsable = (one: OwnCoupon): boolean => (one.state === "free" && Date.parse(one.valid_until) > now.value) || one.state === "reserved";

export function Wallet(): JSX.Element {
  useEffect(() => load(coupons, points, stays, me), [token.value]);
  return (
    <>
      <section class="card" aria-labelledby="wallet">
        <h2 id="wallet">{say("wallet")}</h2>
        <Part of={coupons} empty={(all) => (all.length ? null : <Nothing word={say("wallet_empty")} note={say("wallet_empty_note")} />)}>
          {(all) => <Coupons all={all} />}
        </Part>
      </section>
      <ExchangeCard />
      <AddCard />
    </>
  );
}

function Coupons({ all }: { all: readonly OwnCoupon[] }): JSX.Element {
  const usable = all.filter(isUsable);
  const over = all.filter((one) => !isUsable(one));
  const recognised = me.value.value?.consents["recognise"] ?? true;
  return (
    <>
      {!recognised ? <SwitchOn purpose="recognise" note={say("not_recognised")} /> : usable.length > 0 && <p class="soft small">{say("by_itself")}</p>}
      {usable.length === 0 && <Nothing word={say("wallet_empty")} note={say("wallet_empty_note")} />}
      <ul class="coupons">
        {usable.map((one) => (
          <One key={one.coupon_id} of={one} />
        ))}
      </ul>
      {over.length > 0 && (
        <details class="earlier">
          <summary>{say("earlier", { n: over.length })}</summary>
          <ul class="coupons">
            {over.map((one) => (
              <One key={one.coupon_id} of={one} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function One({ of }: { of: OwnCoupon }): JSX.Element {
  const usable = isUsable(of);
  const begun = Date.parse(of.valid_from) <= now.value;
  const day = date(begun ? of.valid_until : of.valid_from, now.value);
  return (
    <li class={usable ? "coupon" : "coupon is-over"} data-coupon={of.state}>
      <b>{named(of.text)}</b>
      {(usable || of.state === "free") && <span class="soft small">{say(begun ? "until" : "from_on", { day })}</span>}
      <Says of={of} usable={usable} />
    </li>
  );
}

/** What it does for a car that is here and has something to pay, each car by its plate where there are several. */
function Says({ of, usable }: { of: OwnCoupon; usable: boolean }): JSX.Element | null {
  if (of.state === "reserved") return <span class="chip chip-warn">{say("reserved")}</span>;
  if (!usable) return <span class="chip chip-plain">{say(of.state === "redeemed" ? "redeemed" : of.state === "void" ? "void" : "over")}</span>;
  const paid = (stays.value.value ?? []).filter((one) => one.state === "settled").map((one) => one.stay_id);
  const here = of.here.filter((one) => !paid.includes(one.stay_id));
  const several = here.length > 1;
  return (
    <>
      {here.map((one) => {
        const by = { plate: plate(one.plate), why: one.text ? named(one.text) : "" };
        return one.counts ? (
          <span key={one.stay_id} class="chip chip-ok">
            {say(several ? "counts_for" : "counts", by)}
          </span>
        ) : (
          <span key={one.stay_id} class="small why-not" data-why={one.why}>
            {say(several ? "kept_for" : "kept", by)}
          </span>
        );
      })}
    </>
  );
}

function AddCard(): JSX.Element {
  const here = (stays.value.value ?? []).filter((one) => one.exited_at === null);
  const [code, type] = useState("");
  const [wanted, choose] = useState("");
  const [done, say_done] = useState("");
  const deed = useDeed();
  const stay = here.find((one) => one.stay_id === wanted) ?? here[0];
  const add = (event: Event): void => {
    event.preventDefault();
    say_done("");
    if (!stay) return;
    void deed
      .run(async () => {
        const bearer = (await codeOf(stay.stay_id)).token;
        const given = await call<OwnCoupon>("/my/coupons", { bearer, body: { code: code.trim() } satisfies ShowCoupon });
        say_done(named(given.text));
        type("");
      })
      .then(() => load(coupons, stays));
  };
  return (
    <section class="card" aria-labelledby="add">
      <h2 id="add">{say("add")}</h2>
      <p class="soft small">{say(stay ? "add_note" : "add_none_inside")}</p>
      {stay && (
        <form class="form" onSubmit={add}>
          {here.length > 1 && (
            <label class="field">
              <span>{say("add_for")}</span>
              <select value={stay.stay_id} onChange={(e) => choose(e.currentTarget.value)}>
                {here.map((one) => (
                  <option key={one.stay_id} value={one.stay_id}>
                    {plate(one.plate)}
                  </option>
                ))}
              </select>
            </label>
          )}
          <label class="field">
            <span>{say("add_code")}</span>
            <input type="text" required maxLength={1024} autocomplete="off" autocapitalize="off" spellcheck={false} value={code} onInput={(e) => type(e.currentTarget.value)} />
          </label>
          <button type="submit" disabled={deed.busy}>
            {say("add_now")}
          </button>
        </form>
      )}
      <p role="status">{done && say("added", { name: done })}</p>
      <Trouble of={deed.trouble} />
    </section>
  );
}
