// The few drawn marks that the pages share; each is decoration beside words, so screen readers skip it.
import type { JSX } from "preact";

const paths = {
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 0c3 3 3 15 0 18m0-18c-3 3-3 15 0 18M3.5 9h17M3.5 15h17",
  check: "m4.5 12.5 5 5 10-11",
  alert: "M12 4 2.8 19.5h18.4L12 4Zm0 6v4.5m0 2.5v.1",
  off: "M3 3l18 18M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 5-2.7m4 0A10 10 0 0 1 19 12M12 19v.1",
  in: "M13 4h6v16h-6M3 12h11m-4-4 4 4-4 4",
  out: "M11 4H5v16h6m-1-8h11m-4-4 4 4-4 4",
  ramp: "M3 19h4L17 7h4M17 3l4 4-4 4",
  up: "M12 20V5m-6 6 6-6 6 6",
  back: "M20 12H5m6-6-6 6 6 6",
  erase: "M9 5h11v14H9l-6-7 6-7Zm3 4 5 6m0-6-5 6",
  phone: "M7 2.5h10v19H7zM10.5 18.5h3",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 9c1-5 4.5-6.5 8-6.5s7 1.5 8 6.5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0-6v2.5m0 15V22M2 12h2.5m15 0H22M5 5l1.8 1.8m10.4 10.4L19 19M19 5l-1.8 1.8M6.8 17.2 5 19",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5Z",
  car: "M4 16v-4l2-5.5h12l2 5.5v4M4 16v2.5h2.5V16m11 0v2.5H20V16M4 16h16M4.5 11.5h15M7.5 14v.1m9-.1v.1",
  leave: "M10 4H4v16h6m-1-8h12m-5-5 5 5-5 5",
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Zm11.5-1a5 5 0 0 1 0 7m2.5-9.5a8.5 8.5 0 0 1 0 12",
  quiet: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Zm12 0 5 5m0-5-5 5",
  key: "M8 11.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Zm3.2 1.3L20 4m-4 4 3 3",
  note: "M2.5 6.5h19v11h-19zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM5.5 9.5v.1m13 4.8v.1",
  card: "M2.5 5.5h19v13h-19zM2.5 9.5h19M6 15h4",
  camera: "M3 7.5h11v9H3zm11 3.5 6-3v8l-6-3M7 16.5V20m3-3.5V20",
  minus: "M5 12h14",
  plus: "M5 12h14M12 5v14",
  frame: "M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5",
  cross: "m6 6 12 12M18 6 6 18",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4v5.5l3.5 2",
  home: "M4 11.5 12 4l8 7.5M6 10v10h12V10M10 20v-6h4v6",
  coupon: "M3 7h18v3.5a1.75 1.75 0 0 0 0 3.5V17H3v-3a1.75 1.75 0 0 0 0-3.5V7Zm11 0v10",
  code: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM20 20h-2.5v-2.5H20zM7 7v.1m10-.1v.1M7 17v.1",
  pin: "M12 21.5c-4.5-5-7-8.6-7-12a7 7 0 0 1 14 0c0 3.4-2.5 7-7 12Zm0-15a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z",
  next: "m9 5 7 7-7 7",
} as const;

export type MarkName = keyof typeof paths;

export function Mark({ name, size = "1.25em" }: { name: MarkName; size?: string }): JSX.Element {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}
