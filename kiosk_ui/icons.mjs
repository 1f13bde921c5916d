// Draws the home screen's icons as PNG after the build, for phones that take no SVG: from the same two drawings, so that no picture is
// committed. A drawing is a rounded rectangle or paths of straight lines and parts of circles (M m V v H h a z), each of one colour.
import { readFileSync, writeFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

const [IN, OUT] = ["public/driver/", "dist/driver/"];
const ICONS = [
  ["icon-whole.svg", 180, "icon-180.png"], // iOS rounds the corners itself, and shows black where a picture is clear
  ["icon.svg", 192, "icon-192.png"],
  ["icon.svg", 512, "icon-512.png"],
  ["icon-whole.svg", 512, "icon-whole-512.png"],
];
const FINE = 4; // samples in a pixel, each way
const STEPS = 32; // straight lines in an arc

/** Points on the way along a circle from `a` to `b`; `sweep` is clockwise on a screen. */
function arc([ax, ay], [bx, by], radius, large, sweep) {
  const [mx, my, half] = [(ax + bx) / 2, (ay + by) / 2, Math.hypot(bx - ax, by - ay) / 2];
  const away = (Math.sqrt(Math.max(0, radius ** 2 - half ** 2)) / (2 * half)) * (large === sweep ? -1 : 1);
  const [cx, cy] = [mx - away * (by - ay), my + away * (bx - ax)];
  const from = Math.atan2(ay - cy, ax - cx);
  let turn = Math.atan2(by - cy, bx - cx) - from;
  if (sweep && turn < 0) turn += 2 * Math.PI;
  if (!sweep && turn > 0) turn -= 2 * Math.PI;
  const at = (i) => from + (turn * i) / STEPS;
  return Array.from({ length: STEPS }, (_, i) => [cx + radius * Math.cos(at(i + 1)), cy + radius * Math.sin(at(i + 1))]);
}

/** The closed lines of a path. */
function outlines(path) {
  const found = [];
  let [x, y] = [0, 0];
  for (const [, command, rest] of path.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const n = (rest.match(/-?[\d.]+/g) ?? []).map(Number);
    const before = [x, y];
    if (command === "M") [x, y] = n;
    else if (command === "m") [x, y] = [x + n[0], y + n[1]];
    else if (command === "V") y = n[0];
    else if (command === "v") y += n[0];
    else if (command === "H") x = n[0];
    else if (command === "h") x += n[0];
    else if (command === "a") [x, y] = [x + n[5], y + n[6]];
    else if (command === "z") [x, y] = found.at(-1)[0];
    else throw new Error(`icons.mjs does not draw ${command} of ${path}`);
    if (/m/i.test(command)) found.push([[x, y]]);
    else found.at(-1).push(...(command === "a" ? arc(before, [x, y], n[0], n[3], n[4]) : [[x, y]]));
  }
  return found;
}

const rounded = (w, h, r) => `M${r} 0H${w - r}a${r} ${r} 0 0 1 ${r} ${r}V${h - r}a${r} ${r} 0 0 1 ${-r} ${r}H${r}a${r} ${r} 0 0 1 ${-r} ${-r}V${r}a${r} ${r} 0 0 1 ${r} ${-r}z`;

/** What is drawn, in its order: the closed lines and the colour of each. */
function shapes(svg) {
  const said = (tag, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
  return [...svg.matchAll(/<(rect|path)[^>]*>/g)].map(([tag, kind]) => {
    const sizes = ["width", "height", "rx"].map((name) => Number(said(tag, name)));
    const colour = said(tag, "fill").slice(1).replace(/^(.)(.)(.)$/, "$1$1$2$2$3$3");
    return { lines: outlines(kind === "rect" ? rounded(...sizes) : said(tag, "d")), colour: [0, 2, 4].map((i) => parseInt(colour.slice(i, i + 2), 16)) };
  });
}

/** Where a level line at `y` is inside: pairs of x. */
function crossings(lines, y) {
  const found = lines.flatMap((line) =>
    line.flatMap(([ax, ay], i) => {
      const [bx, by] = line[(i + 1) % line.length];
      return ay <= y !== by <= y ? [ax + ((y - ay) / (by - ay)) * (bx - ax)] : [];
    }),
  );
  return found.sort((a, b) => a - b);
}

function draw(svg, size) {
  const scale = size / Number(/viewBox="0 0 ([\d.]+)/.exec(svg)[1]);
  const pixels = new Float64Array(size * size * 4); // red, green and blue as far as it is covered, and how far that is
  for (const { lines, colour } of shapes(svg)) {
    const cover = new Float64Array(size * size);
    for (let row = 0; row < size * FINE; row += 1) {
      const at = crossings(lines, (row + 0.5) / FINE / scale);
      for (let i = 0; i < at.length; i += 2)
        for (let x = Math.ceil(at[i] * scale * FINE - 0.5); x < at[i + 1] * scale * FINE - 0.5; x += 1)
          cover[Math.floor(row / FINE) * size + Math.floor(x / FINE)] += 1 / FINE ** 2;
    }
    cover.forEach((part, i) => [...colour, 255].forEach((value, k) => (pixels[4 * i + k] = value * part + pixels[4 * i + k] * (1 - part))));
  }
  return pixels;
}

function png(pixels, size) {
  const rows = Buffer.alloc(size * (1 + 4 * size)); // each row begins with 0: unfiltered
  for (let i = 0; i < size * size; i += 1) {
    const alpha = pixels[4 * i + 3];
    const to = Math.floor(i / size) * (1 + 4 * size) + 1 + 4 * (i % size);
    for (let k = 0; k < 3; k += 1) rows[to + k] = alpha ? Math.round((pixels[4 * i + k] * 255) / alpha) : 0;
    rows[to + 3] = Math.round(alpha);
  }
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0]); // width, height, 8 bits of red, green, blue and alpha
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  const parts = [["IHDR", head], ["IDAT", deflateSync(rows, { level: 9 })], ["IEND", Buffer.alloc(0)]];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts.flatMap(([name, data]) => chunk(name, data))]);
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return [length, body, sum];
}

for (const [from, size, to] of ICONS) writeFileSync(OUT + to, png(draw(readFileSync(IN + from, "utf8"), size), size));
