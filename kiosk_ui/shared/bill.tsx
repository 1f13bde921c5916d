// The bill explains itself: one line for each part of the fee, then what is paid, then what is left.
import type { JSX } from "preact";
import { minutes, money } from "./format";
import { named, worded } from "./i18n";
import { say } from "./words";
import type { Bill, BillLine } from "./wire";

/** The server's words carry the figures as a rule; a line whose words have none gets them beside. */
function detail(line: BillLine): string {
  if (/\d/.test(named(line.text))) return "";
  const parts: string[] = [];
  if (line.minutes) parts.push(minutes(line.minutes));
  if (line.unit && line.count) parts.push(`${money(line.unit)} × ${line.count}`);
  return parts.join(worded(["，", ", "]));
}

export function BillLines({ bill }: { bill: Bill }): JSX.Element {
  const paid = bill.paid.amount !== 0;
  return (
    <section class="bill" aria-labelledby="bill-title">
      <h2 id="bill-title">{say("fee_lines")}</h2>
      {bill.lines.length === 0 && <p class="bill-none">{say("nothing_to_charge")}</p>}
      <ul>
        {bill.lines.map((line, index) => (
          <li key={index}>
            <span class="bill-text">
              {named(line.text)}
              {detail(line) && <small>{detail(line)}</small>}
            </span>
            <span class="bill-amount">{money(line.amount)}</span>
          </li>
        ))}
      </ul>
      {(paid || bill.lines.length > 1) && (
        <dl>
          <div>
            <dt>{say("total")}</dt>
            <dd>{money(bill.total)}</dd>
          </div>
          {paid && (
            <div>
              <dt>{say("paid")}</dt>
              <dd>{money({ ...bill.paid, amount: -bill.paid.amount })}</dd>
            </div>
          )}
          {paid && (
            <div class="bill-due">
              <dt>{say("due")}</dt>
              <dd>{money(bill.due)}</dd>
            </div>
          )}
        </dl>
      )}
    </section>
  );
}
