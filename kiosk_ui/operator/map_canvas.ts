// The bays' states on a canvas between the ground and what stands on it. An SVG of two thousand bays costs three frames a change to paint
// anew; here a change draws one small picture over one bay. Each state has a picture of its own, made once for each zoom and light: a
// shape beside its colour, for whoever does not tell colours apart.
import L from "leaflet";
import type { BayState } from "./map_bays";

export interface BayBox {
  id: string;
  /** The middle, in metres, y to the north. */
  x: number;
  y: number;
  /** By so many degrees it is turned to the right, 0 to 180. */
  turned: number;
}

export const WIDTH_M = 2.5;
export const LENGTH_M = 5;
const INKS = ["surface", "sunken", "ok-ground", "ok-fill", "line-strong", "ink-soft"] as const;
type Inks = Readonly<Record<(typeof INKS)[number], string>>;

export class BayCanvas {
  private readonly canvas: HTMLCanvasElement;
  private readonly pen: CanvasRenderingContext2D;
  private readonly states = new Map<string, BayState>();
  private boxes = new Map<string, BayBox>();
  private pictures = new Map<string, HTMLCanvasElement>();
  private made = "";
  private inks: Inks | null = null;
  private dots = 1;
  private left = 0;
  private top = 0;
  private scale = 1;

  constructor(private readonly map: L.Map) {
    const pane = map.createPane("bays");
    pane.style.zIndex = "300"; // above the ground (200), below lines and names (400)
    pane.style.pointerEvents = "none";
    this.canvas = pane.appendChild(document.createElement("canvas"));
    this.pen = this.canvas.getContext("2d")!;
    map.on("move zoom viewreset resize", () => this.draw());
  }

  /** Other bays, none of which has a state yet. */
  show(boxes: readonly BayBox[]): void {
    this.boxes = new Map(boxes.map((box) => [box.id, box]));
    this.states.clear();
    this.draw();
  }

  /** Give a bay its state; false where it had it already or is not here. */
  paint(id: string, state: BayState): boolean {
    const box = this.boxes.get(id);
    if (!box || this.states.get(id) === state) return false;
    this.states.set(id, state);
    this.put(box, state);
    return true;
  }

  /** The light has changed. */
  recolour(): void {
    this.inks = null;
    this.made = "";
    this.draw();
  }

  private draw(): void {
    const size = this.map.getSize();
    if (!size.x || !size.y || !this.boxes.size) {
      this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
      return; // before the first level the map looks nowhere, and a level may have no bays
    }
    this.dots = devicePixelRatio || 1;
    const [width, height] = [Math.round(size.x * this.dots), Math.round(size.y * this.dots)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      Object.assign(this.canvas.style, { width: `${size.x}px`, height: `${size.y}px` });
    } else this.pen.clearRect(0, 0, width, height);
    L.DomUtil.setPosition(this.canvas, this.map.containerPointToLayerPoint([0, 0]));
    const zero = this.map.latLngToContainerPoint([0, 0]);
    this.scale = 2 ** this.map.getZoom() * this.dots;
    [this.left, this.top] = [zero.x * this.dots, zero.y * this.dots];
    this.forgetPictures();
    for (const [id, state] of this.states) this.put(this.boxes.get(id)!, state);
  }

  private put(box: BayBox, state: BayState): void {
    if (!this.inks) return; // not drawn yet
    const name = `${state}.${box.turned}`;
    let picture = this.pictures.get(name);
    if (!picture) this.pictures.set(name, (picture = pictureOf(state, box.turned, this.scale, this.inks)));
    const [x, y] = [Math.round(this.left + box.x * this.scale - picture.width / 2), Math.round(this.top - box.y * this.scale - picture.height / 2)];
    if (x + picture.width < 0 || y + picture.height < 0 || x > this.canvas.width || y > this.canvas.height) return;
    this.pen.drawImage(picture, x, y);
  }

  private forgetPictures(): void {
    this.inks ??= inksOf(this.canvas.parentElement!);
    const made = this.scale.toFixed(3);
    if (made === this.made) return;
    this.made = made;
    this.pictures.clear();
  }
}

/** The colours of the design as they are in this light. */
function inksOf(place: HTMLElement): Inks {
  const probe = place.appendChild(document.createElement("span"));
  const found = INKS.map((ink) => {
    probe.style.color = `var(--${ink})`;
    return [ink, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found) as unknown as Inks;
}

function pictureOf(state: BayState, turned: number, scale: number, inks: Inks): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const [wide, high] = [Math.ceil(WIDTH_M * scale), Math.ceil(LENGTH_M * scale)];
  const angle = (turned * Math.PI) / 180;
  const [sine, cosine] = [Math.abs(Math.sin(angle)), Math.abs(Math.cos(angle))];
  [canvas.width, canvas.height] = [Math.ceil(wide * cosine + high * sine - 1e-6), Math.ceil(wide * sine + high * cosine - 1e-6)];
  const pen = canvas.getContext("2d")!;
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate(angle);
  pen.translate(-wide / 2, -high / 2);
  pen.scale(wide / WIDTH_M, high / LENGTH_M); // metres from here on
  pen.beginPath();
  pen.rect(0, 0, WIDTH_M, LENGTH_M);
  pen.clip(); // a slanted bay does not fill its picture
  const one = 1 / scale;
  pen.fillStyle = inks[state === "free" ? "ok-ground" : state === "unknown" ? "surface" : "sunken"];
  pen.fillRect(0, 0, WIDTH_M, LENGTH_M);
  if (state === "taken") car(pen, inks);
  if (state === "unknown") hatch(pen, inks["line-strong"]);
  if (state === "out") {
    pen.strokeStyle = inks["ink-soft"];
    pen.lineWidth = Math.max(1.2 * one, 0.18);
    stroke(pen, [0.3, 0.4, 2.2, 4.6], [2.2, 0.4, 0.3, 4.6]);
  }
  const edge = Math.max(one, state === "free" ? 0.2 : 0.1);
  pen.strokeStyle = inks[state === "free" ? "ok-fill" : "line-strong"];
  pen.lineWidth = edge;
  if (state === "unknown") pen.setLineDash([0.6, 0.4]);
  pen.strokeRect(edge / 2, edge / 2, WIDTH_M - edge, LENGTH_M - edge);
  return canvas;
}

function stroke(pen: CanvasRenderingContext2D, ...lines: [number, number, number, number][]): void {
  pen.beginPath();
  for (const [x, y, toX, toY] of lines) {
    pen.moveTo(x, y);
    pen.lineTo(toX, toY);
  }
  pen.stroke();
}

function car(pen: CanvasRenderingContext2D, inks: Inks): void {
  pen.fillStyle = inks["ink-soft"];
  pen.fill(new Path2D("M.5 1Q1.25.2 2 1V4.2Q1.25 4.7.5 4.2Z"));
  pen.fillStyle = inks.sunken;
  pen.fill(new Path2D("M.72 1.85Q1.25 1.45 1.78 1.85L1.68 2.3H.82Z"));
}

function hatch(pen: CanvasRenderingContext2D, ink: string): void {
  pen.strokeStyle = ink;
  pen.lineWidth = 0.22;
  const lines: [number, number, number, number][] = [];
  for (let at = 0.6; at < WIDTH_M + LENGTH_M; at += 0.9) lines.push([0, at, at, 0]);
  stroke(pen, ...lines);
}
