// Five pages, one build. Everything is our own file: no inline script, no data: asset, so a strict CSP holds.
import { defineConfig, loadEnv } from "vite";

const pages = ["operator", "kiosk", "driver", "guide", "member"];
const server = loadEnv("", ".", "PARKING_")["PARKING_SERVER"] ?? "http://localhost:8000"; // for `npm run dev` only

export default defineConfig({
  base: "./", // built pages find their assets by relative paths, so the site may be served under any prefix
  server: { proxy: { "/api": { target: server, ws: true } } },
  build: {
    target: "es2020",
    cssTarget: ["chrome87", "safari14"], // kiosks and phones of the last six years
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: pages.map((page) => `${page}/index.html`),
      // What three pages share is one file: each request on a slow line costs more than the few bytes that one of them does not need. The
      // basic looks are in it, so that they come before a page's own. `phone.tsx` stays out: its looks are not those of a kiosk or a console.
      output: { codeSplitting: { groups: [{ name: "shared", test: /[\\/](shared[\\/](?!phone\.).*\.[jt]sx?|shared[\\/]base\.css|node_modules[\\/].*\.[jt]sx?)$/, minShareCount: 3 }] } },
    },
  },
});
