// Where things are on a level: the next bay in a direction, the border of a zone, a free spot for its name. Metres, y to the north.
export interface Spot {
  id: string;
  x: number;
  y: number;
}

export type Point = readonly [x: number, y: number];
export type Step = "left" | "right" | "up" | "down";

const WAYS: Readonly<Record<Step, Point>> = { left: [-1, 0], right: [1, 0], up: [0, 1], down: [0, -1] };
const ASIDE = 2.5; // a metre to the side counts as so many ahead: one stays in one's row as long as it goes on
const ROOM_M = 16; // a name keeps so far from whatever stands there, where it can
const CROWDING = 3; // a metre of that room counts as so many metres from the middle

/** The spot that a step leads to, undefined at the edge; from nowhere one comes to the one at the top left. */
export function next(spots: readonly Spot[], from: Spot | undefined, step: Step): Spot | undefined {
  if (!from) return least(spots, (spot) => spot.x - spot.y);
  const [ahead, up] = WAYS[step];
  return least(spots, (spot) => {
    const [dx, dy] = [spot.x - from.x, spot.y - from.y];
    const along = dx * ahead + dy * up;
    return along > 0.5 ? along + ASIDE * Math.abs(dx * up + dy * ahead) : Infinity;
  });
}

function least(spots: readonly Spot[], cost: (spot: Spot) => number): Spot | undefined {
  let [best, found]: [number, Spot | undefined] = [Infinity, undefined];
  for (const spot of spots) {
    const here = cost(spot);
    if (here < best) [best, found] = [here, spot];
  }
  return found;
}

/** The convex border of points, anticlockwise. */
export function border(points: readonly Point[]): Point[] {
  const sorted = [...points].sort(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (all: readonly Point[]): Point[] => {
    const kept: Point[] = [];
    for (const point of all) {
      while (kept.length >= 2 && turn(kept[kept.length - 2]!, kept[kept.length - 1]!, point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

const turn = ([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);

/** The place for a zone's name: on a way, near the middle of its bays and away from other things; without ways, the middle. */
export function nameSpot(bays: readonly Spot[], ways: readonly Point[][], taken: readonly { x: number; y: number }[]): Point {
  const middle: Point = [mean(bays.map((bay) => bay.x)), mean(bays.map((bay) => bay.y))];
  let [best, found]: [number, Point] = [Infinity, middle];
  for (const [x, y] of ways.flatMap(along)) {
    const crowded = taken.reduce((sum, one) => sum + Math.max(0, ROOM_M - Math.hypot(one.x - x, one.y - y)), 0);
    const cost = Math.hypot(x - middle[0], y - middle[1]) + CROWDING * crowded;
    if (cost < best) [best, found] = [cost, [x, y]];
  }
  return found;
}

/** Points along a line, two metres apart. */
function along(line: readonly Point[]): Point[] {
  return line.slice(1).flatMap(([bx, by], n) => {
    const [ax, ay] = line[n]!;
    const steps = Math.max(1, Math.floor(Math.hypot(bx - ax, by - ay) / 2));
    return Array.from({ length: steps + 1 }, (_, step): Point => [ax + ((bx - ax) * step) / steps, ay + ((by - ay) * step) / steps]);
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
