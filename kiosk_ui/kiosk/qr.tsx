// A QR code drawn here, black on white whatever the theme, with the quiet zone that readers need.
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import qrcode from "qrcode-generator";

const QUIET = 4;

function draw(text: string): { path: string; size: number } {
  const code = qrcode(0, text.length > 120 ? "L" : "M");
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  let path = "";
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < count; column++) {
      if (!code.isDark(row, column)) continue;
      let run = 1;
      while (column + run < count && code.isDark(row, column + run)) run++;
      path += `M${column + QUIET} ${row + QUIET}h${run}v1h-${run}z`;
      column += run;
    }
  }
  return { path, size: count + 2 * QUIET };
}

export function Qr({ text, label, link }: { text: string; label: string; link: boolean }): JSX.Element {
  const { path, size } = useMemo(() => draw(text), [text]);
  const picture = (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges" data-text={text}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
  return link ? (
    <a href={text} target="_blank" rel="noreferrer">
      {picture}
    </a>
  ) : (
    picture
  );
}
