// One level as the server draws it, with a way on it. The words lead there without the picture, too.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import "./floor_map.css";

export interface Line {
  level: string;
  level_name?: { zh: string; en: string };
  to_level: string;
  kind?: string | null;
  points: number[][];
}

export interface Picture {
  url: string;
  svg: string;
  /** Left, top, width and height in metres; y is turned, so that a point (x, y) of the site stands at (x, -y). */
  box: string;
}

export const picture = signal<Picture | null>(null);

/** Our own server's drawing of a level; an Error where there is none to be had. */
export async function drawingAt(url: string): Promise<Picture> {
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  const svg = await reply.text();
  return { url, svg, box: /viewBox="([^"]+)"/.exec(svg)?.[1] ?? "0 0 1 1" };
}

/** The same, shown as soon as it is here; the words lead there without it. */
export async function showLevel(url: string): Promise<void> {
  if (picture.value?.url === url) return;
  try {
    picture.value = await drawingAt(url);
  } catch {
    // No picture, then.
  }
}

export function FloorMap({ legs, level }: { legs: Line[]; level: string }): JSX.Element {
  const shown = picture.value!;
  const lines = legs.filter((leg) => leg.level === level && !leg.kind).map((leg) => leg.points);
  const last = legs.at(-1);
  const begin = legs[0]?.level === level ? legs[0].points[0] : undefined;
  const end = last?.to_level === level ? last.points.at(-1) : undefined;
  return (
    <div class="floor-map" data-testid="map">
      <div dangerouslySetInnerHTML={{ __html: shown.svg }} />
      <svg viewBox={shown.box} aria-hidden="true">
        {lines.map((points, n) => (
          <polyline key={n} class="route" points={points.map(([x, y]) => `${x},${-(y ?? 0)}`).join(" ")} />
        ))}
        {begin && <circle class="route-start" cx={begin[0]} cy={-(begin[1] ?? 0)} r="1.8" />}
        {end && <circle class="route-end" cx={end[0]} cy={-(end[1] ?? 0)} r="2.2" />}
      </svg>
    </div>
  );
}
