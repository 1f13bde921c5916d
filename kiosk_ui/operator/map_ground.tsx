// The plan of a level in the page: the drawing follows bays, marks and choice; keys go from bay to bay.
import { effect } from "@preact/signals";
import { render, type ComponentChildren, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { drawingAt, type Picture } from "../shared/floor_map";
import "../shared/floor_map.css";
import { named } from "../shared/i18n";
import { Mark, type MarkName } from "../shared/marks";
import type { DrawnLevel } from "../shared/wire";
import { bay, onBays, readAt, stateOf, type BayState } from "./map_bays";
import { Drawing } from "./map_drawing";
import { next, type Spot, type Step } from "./map_geometry";
import { MapMark } from "./map_marks";
import { DETAILS } from "./map_panel";
import { map as say } from "./map_words";
import { dark } from "./theme";
import { choose, chosen, placesOn, site, type Thing } from "./site_map";

const STEPS: Readonly<Record<string, Step>> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const pictures = new Map<string, Picture>();

async function pictureOf(level: string): Promise<Picture> {
  const found = pictures.get(level) ?? (await drawingAt(`/api/v1/site/levels/${encodeURIComponent(level)}/map.svg`));
  pictures.set(level, found);
  return found;
}

/** Draws a level and keeps it true; returns how to stop. */
function draw(drawing: Drawing, picture: Picture, level: string): () => void {
  drawing.show(picture);
  const boxes: HTMLElement[] = [];
  const states = (ids: Iterable<string>): [string, BayState][] => [...ids].flatMap((id) => (bay(id) ? [[id, stateOf(bay(id)!)]] : []));
  const whole = (): void => drawing.paint(states(drawing.spots.map((spot) => spot.id)));
  const stops = [
    onBays((ids) => drawing.paint(states(ids))),
    effect(() => {
      if (!site.value || readAt.value === null || boxes.length) return;
      whole();
      boxes.push(...putMarks(drawing, level));
    }),
    effect(() => {
      const thing = chosen.value;
      drawing.outline(thing?.kind === "bay" ? thing.id : null);
      const camera = thing?.kind === "camera" ? site.value?.cameras.find((one) => one.id === thing.id && one.place.level === level) : undefined;
      drawing.view(camera ? { ...camera, x: camera.place.x, y: camera.place.y } : null);
      const spot = thing && placesOn(level).find((one) => one.thing.kind === thing.kind && one.thing.id === thing.id);
      if (spot) drawing.centre(spot.x, spot.y);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    for (const box of boxes) render(null, box);
    drawing.put([]);
  };
}

function putMarks(drawing: Drawing, level: string): HTMLElement[] {
  const places = placesOn(level);
  const zones = new Map<string, Spot[]>();
  for (const spot of drawing.spots) {
    const zone = bay(spot.id)?.zone;
    if (zone !== undefined) zones.set(zone, [...(zones.get(zone) ?? []), spot]);
  }
  const names = [...drawing.zones(zones, places)].map(([id, [x, y]]): { thing: Thing; x: number; y: number } => ({ thing: { kind: "zone", id }, x, y }));
  const marks = [...places, ...names].map(({ thing, x, y }) => {
    const element = document.createElement("div");
    render(<MapMark thing={thing} />, element);
    return { element, x, y };
  });
  drawing.put(marks);
  return marks.map((mark) => mark.element);
}

interface Props {
  level: DrawnLevel;
  onFailed: (failed: boolean) => void;
  /** What stands below the plan. */
  children: ComponentChildren;
}

export function Ground({ level, onFailed, children }: Props): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  useEffect(() => {
    drawing.current = new Drawing(place.current!, (id) => choose(id === null ? null : { kind: "bay", id }));
    const light = matchMedia("(prefers-color-scheme: dark)");
    const recolour = (): void => drawing.current?.recolour();
    light.addEventListener("change", recolour);
    return () => {
      light.removeEventListener("change", recolour);
      drawing.current?.close();
    };
  }, []);
  useEffect(() => drawing.current?.recolour(), [dark.value]);
  useEffect(() => {
    let stop = (): void => undefined;
    let gone = false;
    pictureOf(level.id).then(
      (picture) => {
        if (gone) return;
        onFailed(false);
        stop = draw(drawing.current!, picture, level.id);
      },
      () => gone || onFailed(true),
    );
    return () => {
      gone = true;
      stop();
    };
  }, [level.id]);
  const onKey = (event: KeyboardEvent): void => {
    const now = drawing.current;
    if (!now || event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step) {
      const at = chosen.value?.kind === "bay" ? now.spots.find((spot) => spot.id === chosen.value?.id) : undefined;
      const found = next(now.spots, at, step);
      if (found) choose({ kind: "bay", id: found.id });
    } else if (event.key === "+" || event.key === "=") now.zoom(1);
    else if (event.key === "-") now.zoom(-1);
    else if (event.key === "0") now.fit();
    else if (event.key === "Escape") choose(null);
    else if (event.key === "Enter" && chosen.value) document.getElementById(DETAILS)?.focus();
    else return;
    event.preventDefault();
  };
  const tool = (name: MarkName, label: "larger" | "smaller" | "whole", act: (on: Drawing) => void): JSX.Element => (
    <button type="button" aria-label={say(label)} title={say(label)} onClick={() => drawing.current && act(drawing.current)}>
      <Mark name={name} />
    </button>
  );
  return (
    <div class="panel map-frame">
      <div class="map-ground-box" role="application" tabIndex={0} aria-label={say("ground", { level: named(level.name) })} onKeyDown={onKey} data-testid="map-ground">
        <div ref={place} class="map-ground floor-map" />
      </div>
      <div class="map-foot">
        {children}
        <div class="map-tools">
          {tool("plus", "larger", (on) => on.zoom(1))}
          {tool("minus", "smaller", (on) => on.zoom(-1))}
          {tool("frame", "whole", (on) => on.fit())}
        </div>
      </div>
    </div>
  );
}
