// A small chart of our own: bars side by side or a line over periods, one scale, told in words to who cannot see it. The table below it says all.
import type { JSX } from "preact";

export interface Series {
  name: string;
  tone: 1 | 2 | 3;
  values: (number | null)[];
}

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 56;
const BOTTOM = 24;
const TOP = 10;

/** A round number at or above the largest value: 1, 2 or 5 times a power of ten. */
export function roundUp(most: number): number {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 10].map((times) => times * power).find((one) => one >= most) ?? most;
}

export function Chart({
  label,
  ticks,
  series,
  shown,
  line = false,
}: {
  label: string;
  ticks: string[];
  series: Series[];
  shown: (value: number) => string;
  line?: boolean;
}): JSX.Element {
  const most = roundUp(Math.max(0, ...series.flatMap((one) => one.values.map((value) => value ?? 0))));
  const least = Math.min(0, ...series.flatMap((one) => one.values.map((value) => value ?? 0)));
  const low = least < 0 ? -roundUp(-least) : 0;
  const y = (value: number): number => TOP + ((most - value) / (most - low)) * (HEIGHT - TOP - BOTTOM);
  const step = (WIDTH - LEFT) / Math.max(1, ticks.length);
  const every = Math.ceil(ticks.length / 12);
  const grid = low < 0 ? [most, 0, low] : [most, most / 2, 0];
  return (
    <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      {grid.map((value) => (
        <g key={value}>
          <line class="chart-grid" x1={LEFT} x2={WIDTH} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">
            {shown(value)}
          </text>
        </g>
      ))}
      {ticks.map((tick, nth) =>
        nth % every === 0 ? (
          <text key={tick} x={LEFT + (nth + 0.5) * step} y={HEIGHT - 6} text-anchor="middle">
            {tick}
          </text>
        ) : null,
      )}
      {series.map((one, which) => (line ? <Line key={one.name} of={one} step={step} y={y} /> : <Bars key={one.name} of={one} which={which} all={series.length} step={step} y={y} ticks={ticks} shown={shown} />))}
    </svg>
  );
}

function Bars({ of, which, all, step, y, ticks, shown }: { of: Series; which: number; all: number; step: number; y: (value: number) => number; ticks: string[]; shown: (value: number) => string }): JSX.Element {
  const width = Math.min(28, (step * 0.76) / all);
  const begin = (step - width * all) / 2;
  return (
    <g class={`tone-${of.tone}`}>
      {of.values.map((value, nth) =>
        value ? (
          <rect key={nth} x={LEFT + nth * step + begin + which * width} y={Math.min(y(value), y(0))} width={Math.max(1, width - 1)} height={Math.max(1, Math.abs(y(0) - y(value)))} rx={1.5}>
            <title>{`${ticks[nth] ?? ""} · ${of.name} ${shown(value)}`}</title>
          </rect>
        ) : null,
      )}
    </g>
  );
}

/** A line with a gap wherever nothing is known. */
function Line({ of, step, y }: { of: Series; step: number; y: (value: number) => number }): JSX.Element {
  let path = "";
  of.values.forEach((value, nth) => {
    if (value === null) return;
    const begins = nth === 0 || of.values[nth - 1] === null;
    path += `${begins ? "M" : "L"}${LEFT + (nth + 0.5) * step} ${y(value)}`;
  });
  return (
    <g class={`tone-${of.tone}`}>
      <path class="chart-line" d={path} />
      {of.values.map((value, nth) => (value === null ? null : <circle key={nth} cx={LEFT + (nth + 0.5) * step} cy={y(value)} r={3.5} />))}
    </g>
  );
}

export function Legend({ series }: { series: Series[] }): JSX.Element {
  return (
    <ul class="legend" aria-hidden="true">
      {series.map((one) => (
        <li key={one.name}>
          <i class={`tone-${one.tone}`} />
          {one.name}
        </li>
      ))}
    </ul>
  );
}
