// A level's drawing as a map that one can move and zoom (Leaflet, CRS.Simple: a metre is a metre). From the ground up: the server's SVG,
// the bays' states on a canvas, lines and names and what feels the pointer (the bays' own rectangles), marks of lanes, signs and cameras.
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import type { Picture } from "../shared/floor_map";
import type { BayState } from "./map_bays";
import { BayCanvas, LENGTH_M, WIDTH_M } from "./map_canvas";
import { border, nameSpot, type Point, type Spot } from "./map_geometry";

const SVG = "http://www.w3.org/2000/svg";
const NEAREST = 5; // 32 pixels a metre
const STEP = 0.5;
const FAR_PX = 5; // with fewer pixels a metre the marks say less
const NEAR_PX = 18; // with more, bays bear their names

export class Drawing {
  private readonly map: L.Map;
  private readonly bays: BayCanvas;
  /** Lines, names, and the bays' rectangles. */
  private svg: SVGSVGElement | null = null;
  private overlays: L.SVGOverlay[] = [];
  private marks: L.Marker[] = [];
  private rects = new Map<string, SVGRectElement>();
  private aisles: Point[][] = [];
  private whole: L.LatLngBounds | null = null;
  private at: L.LatLng | null = null;
  private readonly resized: ResizeObserver;
  spots: Spot[] = [];

  /** `onBay` is told which bay was pressed, null for the ground. */
  constructor(place: HTMLElement, onBay: (id: string | null) => void) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(place, {
      crs: L.CRS.Simple,
      attributionControl: false,
      zoomControl: false,
      keyboard: false, // the arrow keys go from bay to bay
      zoomSnap: 0,
      zoomDelta: STEP,
      wheelPxPerZoomLevel: 120,
      zoomAnimation: false, // the canvas is drawn anew at each step
      fadeAnimation: false,
      inertia: !still,
      maxBoundsViscosity: 0.8,
    });
    this.map.on("click", (event: L.LeafletMouseEvent) => {
      const at = event.originalEvent.target;
      if (at instanceof Element && !at.closest("button")) onBay(at.closest("[data-bay]")?.getAttribute("data-bay") ?? null);
    });
    this.map.on("zoomend", () => this.sayHowFar());
    this.bays = new BayCanvas(this.map);
    this.resized = new ResizeObserver(() => {
      const fitted = this.map.getZoom() <= this.map.getMinZoom() + 0.01;
      this.map.invalidateSize({ animate: false });
      if (this.whole) this.bound(fitted);
    });
    this.resized.observe(place);
  }

  /** Show a level; its bays have no state before `paint`. */
  show(picture: Picture): void {
    for (const overlay of this.overlays) overlay.remove();
    const ground = document.importNode(new DOMParser().parseFromString(picture.svg, "image/svg+xml").documentElement, true) as unknown as SVGSVGElement;
    ground.removeAttribute("role");
    ground.removeAttribute("aria-label");
    ground.setAttribute("aria-hidden", "true"); // the words beside the map say the same
    const [left = 0, top = 0, width = 1, height = 1] = picture.box.split(" ").map(Number);
    this.whole = L.latLngBounds([-(top + height), left], [-top, left + width]);
    this.svg = ground.cloneNode() as SVGSVGElement;
    this.rects = new Map([...ground.querySelectorAll<SVGRectElement>("rect[data-bay]")].map((rect) => [rect.dataset["bay"]!, rect]));
    this.svg.append(...this.rects.values());
    this.aisles = [...ground.querySelectorAll(".aisle")].map(pointsOf);
    this.spots = [...this.rects].map(([id, rect]) => ({ id, x: number(rect, "x") + number(rect, "width") / 2, y: -(number(rect, "y") + number(rect, "height") / 2) }));
    this.svg.append(...this.spots.map((spot) => nameOf(spot, turnOf(this.rects.get(spot.id)!))));
    this.map.getContainer().style.aspectRatio = `${width} / ${height}`;
    this.map.invalidateSize({ animate: false });
    const layer = (svg: SVGSVGElement, pane: string): L.SVGOverlay => L.svgOverlay(svg, this.whole!, { interactive: true, pane }).addTo(this.map);
    this.overlays = [layer(ground, "tilePane"), layer(this.svg, "overlayPane")];
    this.bound(true);
    this.bays.show(this.spots.map((spot) => ({ ...spot, turned: turnOf(this.rects.get(spot.id)!) })));
  }

  private bound(fit: boolean): void {
    if (!this.whole) return;
    const least = Math.min(NEAREST, this.map.getBoundsZoom(this.whole));
    this.map.setMinZoom(least).setMaxZoom(NEAREST).setMaxBounds(this.whole.pad(0.25));
    if (fit) this.map.fitBounds(this.whole, { animate: false });
    this.sayHowFar();
  }

  private sayHowFar(): void {
    const pixels = 2 ** this.map.getZoom();
    this.map.getContainer().classList.toggle("is-far", pixels < FAR_PX);
    this.map.getContainer().classList.toggle("is-near", pixels >= NEAR_PX);
  }

  /** Give bays their states. */
  paint(states: Iterable<readonly [string, BayState]>): void {
    for (const [id, state] of states) if (this.bays.paint(id, state)) this.rects.get(id)!.dataset["state"] = state;
  }

  /** The light has changed: what CSS does not colour is drawn anew. */
  recolour(): void {
    this.bays.recolour();
  }

  /** Draw the borders of zones, given the bays of each; returns where the name of each goes. */
  zones(of: ReadonlyMap<string, readonly Spot[]>, taken: readonly { x: number; y: number }[]): Map<string, Point> {
    const lines = [...of].map(([id, bays]) => {
      const line = document.createElementNS(SVG, "polygon");
      line.setAttribute("class", "zone");
      line.dataset["zone"] = id;
      const corners = bays.flatMap(({ id: bay }) => cornersOf(this.rects.get(bay)));
      line.setAttribute("points", border(corners).map(([x, y]) => `${x},${-y}`).join(" "));
      return line;
    });
    if (lines.length > 1) this.svg?.append(...lines);
    const names = new Map<string, Point>();
    for (const [id, bays] of of) names.set(id, nameSpot(bays, this.aisles, [...taken, ...[...names.values()].map(([x, y]) => ({ x, y }))]));
    return names;
  }

  /** Put elements onto the map, in the order of the Tab key; those that were there go. */
  put(marks: readonly { element: HTMLElement; x: number; y: number }[]): void {
    for (const mark of this.marks) mark.remove();
    this.marks = marks.map(({ element, x, y }) =>
      L.marker([y, x], { icon: L.divIcon({ html: element, className: "map-spot", iconSize: [0, 0] }), keyboard: false, interactive: false }).addTo(this.map),
    );
  }

  /** Draw a line round a bay and bring it into view; null takes the line away. */
  outline(id: string | null): void {
    this.svg?.querySelector(".chosen")?.remove();
    const rect = id === null ? undefined : this.rects.get(id);
    const spot = this.spots.find((one) => one.id === id);
    this.at = null;
    if (!rect || !spot) return;
    const line = rect.cloneNode() as SVGRectElement;
    line.setAttribute("class", "chosen");
    delete line.dataset["bay"];
    this.svg!.append(line);
    this.centre(spot.x, spot.y);
  }

  /** Show what a camera looks over; null takes it away. */
  view(camera: { x: number; y: number; heading: number; view: number; reach: number } | null): void {
    this.svg?.querySelector(".camera-view")?.remove();
    if (!camera || !this.svg) return;
    const { x, y, reach } = camera;
    const shape = document.createElementNS(SVG, camera.view >= 360 ? "circle" : "path");
    shape.setAttribute("class", "camera-view");
    if (camera.view >= 360) for (const [name, value] of Object.entries({ cx: x, cy: -y, r: reach })) shape.setAttribute(name, String(value));
    else {
      const at = (degrees: number): string => `${x + reach * Math.sin((degrees * Math.PI) / 180)} ${-y - reach * Math.cos((degrees * Math.PI) / 180)}`;
      const [from, to] = [camera.heading - camera.view / 2, camera.heading + camera.view / 2];
      shape.setAttribute("d", `M${x} ${-y}L${at(from)}A${reach} ${reach} 0 ${camera.view > 180 ? 1 : 0} 1 ${at(to)}Z`);
    }
    this.svg.append(shape);
  }

  /** Bring a point into view, where not all is in view; zooming goes round it from now on. */
  centre(x: number, y: number): void {
    this.at = L.latLng(y, x);
    if (this.map.getZoom() > this.map.getMinZoom() + 0.01) this.map.panInside(this.at, { padding: [60, 60], animate: false });
  }

  zoom(by: 1 | -1): void {
    const to = this.map.getZoom() + by * STEP;
    if (this.at) this.map.setZoomAround(this.at, to);
    else this.map.setZoom(to);
  }

  fit(): void {
    this.bound(true);
  }

  close(): void {
    this.resized.disconnect();
    this.map.remove();
  }
}

const number = (of: Element, name: string): number => Number(of.getAttribute(name));

/** A bay's name at its foot, however it lies, seen from near by. */
function nameOf({ id, x, y }: Spot, turned: number): SVGTextElement {
  const angle = (turned * Math.PI) / 180;
  const foot = Math.min(LENGTH_M / Math.abs(Math.cos(angle)), WIDTH_M / Math.abs(Math.sin(angle))) / 2;
  const text = document.createElementNS(SVG, "text");
  text.setAttribute("class", "bay-name");
  text.setAttribute("x", String(x));
  text.setAttribute("y", String(-y + foot - 0.3));
  text.textContent = id;
  return text;
}

function pointsOf(line: Element): Point[] {
  return (line.getAttribute("points") ?? "").split(" ").map((pair): Point => {
    const [x = 0, y = 0] = pair.split(",").map(Number);
    return [x, -y];
  });
}

function cornersOf(rect: SVGRectElement | undefined): Point[] {
  if (!rect) return [];
  const [width, height] = [number(rect, "width"), number(rect, "height")];
  const [x, y] = [number(rect, "x") + width / 2, -(number(rect, "y") + height / 2)];
  const angle = (turnOf(rect) * Math.PI) / 180;
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  return [[-1, -1], [1, -1], [-1, 1], [1, 1]].map(([right = 0, up = 0]): Point => {
    const [dx, dy] = [(right * width) / 2, (up * height) / 2];
    return [x + dx * cosine + dy * sine, y - dx * sine + dy * cosine];
  });
}

/** By how many degrees a bay is turned to the right; its nose may be at either end. */
function turnOf(rect: SVGRectElement): number {
  return Number(/rotate\(([-\d.]+)/.exec(rect.getAttribute("transform") ?? "")?.[1] ?? 0) % 180;
}
