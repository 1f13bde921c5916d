// One level as the server draws it, with a way on it. The words lead there without the picture, too.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import "./floor_map.css";

export interface Line {
  level: string;
  to_level: string;
  kind?: string | null;
  points: number[][];
}

export const picture = signal<{ url: string; svg: string; box: string } | null>(null);

/** Our own server's drawing of a level, shown as soon as it is here. */
export async function showLevel(url: string): Promise<void> {
  if (picture.value?.url === url) return;
  try {
    const reply = await fetch(url);
    if (!reply.ok) return;
    const svg = await reply.text();
    picture.value = { url, svg, box: /viewBox="([^"]+)"/.exec(svg)?.[1] ?? "0 0 1 1" };
  } catch {
    // As above.
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
