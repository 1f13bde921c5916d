// One card for each kind of figures: what it is in large numbers, its chart, and under it the table that says the same to everybody.
import type { ComponentChildren, JSX } from "preact";
import { count, minutes, money } from "../shared/format";
import { Chart, Legend, type Series } from "./chart";
import { periods, question, rows, span, type Rows, type What } from "./figures";
import { figures as say } from "./figures_words";
import { laneName } from "./names";
import { TableFrame } from "./table_frame";
import type { FlowRow, RevenueRow } from "../shared/wire";

const sum = (values: number[]): number => values.reduce((all, one) => all + one, 0);

export function tick(period: string): string {
  return span.value === "day" ? period.slice(11, 13) : `${Number(period.slice(5, 7))}/${Number(period.slice(8, 10))}`;
}

const told = (period: string): string => (period.includes("T") ? `${period.slice(11)}:00` : period);

interface Column<Row> {
  name: string;
  of: (row: Row) => string;
}

function Card({ what, note, big, children, empty }: { what: What; note: string; big: [string, string][]; children: ComponentChildren; empty: boolean }): JSX.Element {
  return (
    <section class="panel figure" aria-labelledby={`figure-${what}`} data-figure={what}>
      <div class="title-row">
        <h2 id={`figure-${what}`}>{say(what)}</h2>
        <a class="button" href={`/api/v1/figures/${what}.csv?${question(what)}`} download={`${what}.csv`} aria-label={say("export", { what: say(what) })}>
          {say("export_short")}
        </a>
      </div>
      <p class="soft small">{note}</p>
      {empty ? (
        <p class="figure-empty">{say("empty")}</p>
      ) : (
        <>
          <dl class="bigs">
            {big.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {children}
        </>
      )}
    </section>
  );
}

function Table<Row extends { period: string; key: string }>({ what, of, columns, first = told }: { what: What; of: Row[]; columns: Column<Row>[]; first?: (period: string) => string }): JSX.Element {
  return (
    <details class="figure-table">
      <summary>
        {say("table")} <span class="hidden-visually">{say(what)}</span>
      </summary>
      <TableFrame name={say(what)} as="figure-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{say("time")}</th>
              {columns.map((one) => (
                <th key={one.name} scope="col">
                  {one.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {of.map((row) => (
              <tr key={`${row.period}~${row.key}`}>
                <th scope="row">{first(row.period)}</th>
                {columns.map((one) => (
                  <td key={one.name}>{one.of(row)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </details>
  );
}

/** The value of each period of the span, `none` where the server has no row. */
function along<Row extends { period: string }, None>(of: Row[], value: (row: Row) => number | null, none: None): (number | null | None)[] {
  const by = new Map(of.map((row) => [row.period, value(row)]));
  return periods().map((one) => (by.has(one) ? (by.get(one) ?? null) : none));
}

const lines = (series: Series[]): string => series.map((one) => one.name).join(", ");

export function Flow({ of }: { of: Rows["flow"] }): JSX.Element {
  const series: Series[] = [
    { name: say("entered"), tone: 1, values: along(of, (row) => row.entered, 0) },
    { name: say("gone"), tone: 2, values: along(of, (row) => row.gone, 0) },
  ];
  const total = (name: "entered" | "gone" | "found"): string => count(sum(of.map((row) => row[name])));
  return (
    <Card what="flow" note={say("flow_note")} empty={!of.length} big={(["entered", "gone", "found"] as const).map((name) => [say(name), total(name)])}>
      <Legend series={series} />
      <Chart label={`${say("flow")}: ${lines(series)}`} ticks={periods().map(tick)} series={series} shown={count} />
      <Table
        what="flow"
        of={of}
        columns={(["entered", "gone", "found"] as const).map((name) => ({ name: say(name), of: (row: FlowRow) => count(row[name]) }))}
      />
    </Card>
  );
}

export function Dwell({ of, all, bounds }: { of: Rows["dwell"]; all: Rows["dwellAll"]; bounds: number[] }): JSX.Element {
  const whole = all[0];
  const median = (row: { median_min: number | null } | undefined): string => (row?.median_min == null ? say("withheld") : minutes(row.median_min));
  const names = [...bounds.map((bound) => say("below", { length: minutes(bound) })), say("longer", { length: minutes(bounds[bounds.length - 1] ?? 0) })];
  const ticks = [...bounds.map((bound) => `<${bound < 60 ? `${bound}′` : `${bound / 60}h`}`), `≥${(bounds[bounds.length - 1] ?? 0) / 60}h`];
  const steps: Series[] = [{ name: say("stays"), tone: 1, values: whole?.steps ?? [] }];
  return (
    <Card what="dwell" note={say("dwell_note")} empty={!of.length} big={[[say("stays"), count(whole?.stays ?? 0)], [say("median"), median(whole)]]}>
      {whole?.steps ? (
        <Chart label={`${say("lasted")}: ${whole.steps.map((n, nth) => `${names[nth]} ${n}`).join(", ")}`} ticks={ticks} series={steps} shown={count} />
      ) : (
        <p class="figure-empty">{say("withheld")}</p>
      )}
      <Table
        what="dwell"
        of={of}
        columns={[
          { name: say("stays"), of: (row) => count(row.stays) },
          { name: say("median"), of: median },
        ]}
      />
    </Card>
  );
}

export function Occupancy({ of }: { of: Rows["occupancy"] }): JSX.Element {
  const series: Series[] = [
    { name: say("average"), tone: 1, values: along(of, (row) => row.average, null) },
    { name: say("capacity"), tone: 3, values: along(of, (row) => row.capacity, null) },
  ];
  const share = (value: number): string => `${Math.round(value * 100)} %`;
  const known = of.filter((row) => row.average !== null);
  const mean = known.length ? sum(known.map((row) => row.average ?? 0)) / known.length : null;
  return (
    <Card
      what="occupancy"
      note={say("occupancy_note")}
      empty={!of.length}
      big={[
        [say("average"), mean === null ? "----" : count(Math.round(mean))],
        [say("capacity"), count(Math.round(Math.max(0, ...known.map((row) => row.capacity ?? 0))))],
      ]}
    >
      <Legend series={series} />
      <Chart label={`${say("occupancy")}: ${lines(series)}`} ticks={periods().map(tick)} series={series} shown={count} line />
      <Table
        what="occupancy"
        of={of}
        columns={[
          { name: say("average"), of: (row) => (row.average === null ? "----" : count(row.average)) },
          { name: say("capacity"), of: (row) => (row.capacity === null ? "----" : count(row.capacity)) },
          { name: say("known"), of: (row) => share(row.known) },
        ]}
      />
    </Card>
  );
}

const MONEY = ["due", "captured", "refunded", "coupon", "waived", "debt", "overpaid", "prepaid"] as const;

export function Revenue({ of }: { of: Rows["revenue"] }): JSX.Element {
  const unit = of[0]?.unit ?? "CNY";
  const mine = of.filter((row) => row.unit === unit);
  const yuan = (minor: number): string => money({ amount: minor, currency: unit });
  const series: Series[] = [
    { name: say("due"), tone: 1, values: along(mine, (row) => row.due, 0) },
    { name: say("captured"), tone: 2, values: along(mine, (row) => row.captured - row.refunded, 0) },
  ];
  return (
    <Card what="revenue" note={say("revenue_note")} empty={!of.length} big={MONEY.slice(0, 6).map((name) => [say(name), yuan(sum(mine.map((row) => row[name])))])}>
      <Legend series={series} />
      <Chart label={`${say("revenue")}: ${lines(series)}`} ticks={periods().map(tick)} series={series} shown={(minor) => yuan(minor).replace(/\.\d+$/, "")} />
      <Table what="revenue" of={mine} columns={MONEY.map((name) => ({ name: say(name), of: (row: RevenueRow) => yuan(row[name]) }))} />
    </Card>
  );
}

export function Ratings({ of }: { of: Rows["ratings"] }): JSX.Element {
  const gave = [1, 2, 3, 4, 5].map((_, nth) => sum(of.map((row) => row.gave[nth] ?? 0)));
  const n = sum(gave);
  const enough = n >= 5;
  const average = (all: number, scores: number[]): string => (sum(scores.map((one, nth) => one * (nth + 1))) / all).toFixed(1);
  const series: Series[] = [{ name: say("n"), tone: 1, values: gave }];
  return (
    <Card
      what="ratings"
      note={say("ratings_note")}
      empty={!of.length}
      big={[
        [say("n"), count(n)],
        [say("score"), enough ? average(n, gave) : say("withheld")],
        [say("content"), enough ? `${Math.round((100 * sum(gave.slice(2))) / n)} %` : say("withheld")],
      ]}
    >
      {enough ? (
        <Chart label={`${say("ratings")}: ${gave.map((one, nth) => `${nth + 1} ★ ${one}`).join(", ")}`} ticks={["1 ★", "2 ★", "3 ★", "4 ★", "5 ★"]} series={series} shown={count} />
      ) : (
        <p class="figure-empty">{say("withheld")}</p>
      )}
      <Table
        what="ratings"
        of={of}
        columns={[
          { name: say("lane"), of: (row) => laneName(row.key) },
          { name: say("n"), of: (row) => count(row.n) },
          { name: say("score"), of: (row) => (row.average === null ? say("withheld") : row.average.toFixed(1)) },
        ]}
      />
    </Card>
  );
}

export function Cards(): JSX.Element | null {
  const found = rows.value;
  if (!found) return null;
  return (
    <div class="figures-grid">
      <Flow of={found.flow} />
      <Revenue of={found.revenue} />
      <Occupancy of={found.occupancy} />
      <Dwell of={found.dwell} all={found.dwellAll} bounds={found.bounds} />
      <Ratings of={found.ratings} />
    </div>
  );
}
