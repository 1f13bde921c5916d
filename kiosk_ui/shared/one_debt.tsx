// What an earlier stay still owes: an amount and a day, one button to pay, one to object; who objects is not asked for it meanwhile.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { money } from "./format";
import { translator } from "./i18n";
import type { MyDebt } from "./wire";

const say = translator({
  pay: ["补缴 {amount}", "Pay {amount}"],
  paying: ["正在等待付款结果。", "Waiting for the payment."],
  again: ["重新打开付款页", "Open the payment again"],
  object: ["我有异议", "I do not owe this"],
  why: ["原因（可不填）", "Why (optional)"],
  object_now: ["提交异议", "Send the objection"],
  disputed: ["已收到异议，暂停催收，工作人员会核对。", "We have your objection. Nothing is collected until somebody has looked at it."],
});

interface Props {
  of: Pick<MyDebt, "debt_id" | "state" | "left">;
  /** Which car and day it is of. */
  about: string;
  busy: boolean;
  /** Where it can be paid while that is under way; null where no page is opened for it. */
  underWay: { url: string | null } | null;
  onPay: () => void;
  /** Says whether the objection has arrived. */
  onObject: (words: string) => Promise<boolean>;
}

export function OneDebt({ of, about, busy, underWay, onPay, onObject }: Props): JSX.Element {
  const [objecting, object] = useState(false);
  const [words, setWords] = useState("");
  return (
    <div class="debt-one" data-debt={of.debt_id} data-state={of.state}>
      <p>
        <b>{money(of.left)}</b> <span class="soft">{about}</span>
      </p>
      {of.state === "disputed" ? (
        <p role="status">{say("disputed")}</p>
      ) : (
        <>
          {underWay && (
            <p role="status">
              {say("paying")} {underWay.url && <a href={underWay.url}>{say("again")}</a>}
            </p>
          )}
          <div class="debt-deeds">
            <button type="button" class="main" disabled={busy} onClick={onPay}>
              {say("pay", { amount: money(of.left) })}
            </button>
            {!objecting && (
              <button type="button" onClick={() => object(true)}>
                {say("object")}
              </button>
            )}
          </div>
          {objecting && (
            <form
              class="form"
              onSubmit={(event) => {
                event.preventDefault();
                void onObject(words).then((done) => done && object(false));
              }}
            >
              <label class="field">
                <span>{say("why")}</span>
                <input type="text" maxLength={200} value={words} onInput={(e) => setWords(e.currentTarget.value)} />
              </label>
              <button type="submit" disabled={busy}>
                {say("object_now")}
              </button>
            </form>
          )}
        </>
      )}
    </div>
  );
}
