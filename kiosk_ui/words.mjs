// Stops the build where a language of `shared/i18n/languages/` lacks a sentence, has one that is said nowhere, or leaves out a blank.
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";

const PAGES = ["operator", "kiosk", "driver", "guide", "member", "shared"];
const TEXT = `"(?:[^"\\\\]|\\\\.)*"|'[^'\\\\]*'`;
const PAIR = new RegExp(`\\[\\s*(${TEXT}),\\s*(${TEXT}),?\\s*\\]`, "g");
const LANGUAGES = "shared/i18n/languages";

const sources = PAGES.filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file))))
  .filter((file) => /\.tsx?$/.test(file) && !file.includes(".gen."));
const said = new Set();
for (const file of sources) {
  for (const [, zh, en] of readFileSync(file, "utf8").matchAll(PAIR)) {
    if (/[\u3000-\u9fff\uff00-\uffef]/.test(zh)) said.add(en.startsWith("'") ? en.slice(1, -1) : JSON.parse(en));
  }
}
const blanks = (sentence) => (sentence.match(/\{\w+\}/g) ?? []).sort().join();
const wrong = [];
for (const file of existsSync(LANGUAGES) ? readdirSync(LANGUAGES) : []) {
  const { name, tag, sentences = {} } = JSON.parse(readFileSync(join(LANGUAGES, file), "utf8"));
  if (!name || !tag) wrong.push(`${file}: it needs a name and a tag`);
  for (const sentence of said) {
    if (typeof sentences[sentence] !== "string") wrong.push(`${file}: lacks ${JSON.stringify(sentence)}`);
    else if (blanks(sentences[sentence]) !== blanks(sentence)) wrong.push(`${file}: other blanks in ${JSON.stringify(sentence)}`);
  }
  for (const sentence of Object.keys(sentences)) if (!said.has(sentence)) wrong.push(`${file}: nobody says ${JSON.stringify(sentence)}`);
}
if (process.argv.includes("--list")) console.log(JSON.stringify([...said], null, 1));
if (wrong.length) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
