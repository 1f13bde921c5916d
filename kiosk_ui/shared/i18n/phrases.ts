// Sentences that arrive in English, said in the page's language: each is looked for in a table whose English has blanks ({name}) for numbers
// and names. Joined sentences are said one by one, and so is what fills a blank; what no table knows stands as it came.
import type { Pair } from "./index";

const SEMICOLON: Pair = ["；", "; "];
const COLON: Pair = ["：", ": "];
const COMMA: Pair = ["、", ", "];
const BLANK = /\{(\w+)\}/g;

export type Word = (pair: Pair) => string;

interface Pattern {
  pair: Pair;
  is: RegExp;
  blanks: string[];
}

/** A blank ends where a joined sentence does. */
function patternOf(pair: Pair): Pattern {
  const text = pair[1].replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(BLANK, "((?:(?!: |; ).)+?)");
  return { pair, is: new RegExp(`^${text}$`), blanks: [...pair[1].matchAll(BLANK)].map((found) => found[1] ?? "") };
}

/** A table as a function; `otherwise` may know a text that no sentence is, such as a code. */
export function phrases(sentences: readonly Pair[]): (text: string, word: Word, otherwise?: (text: string) => string) => string {
  const whole = new Map(sentences.filter(([, en]) => !en.includes("{")).map((pair) => [pair[1], pair]));
  // The most telling first.
  const patterns = sentences
    .filter(([, en]) => en.includes("{"))
    .sort((a, b) => b[1].replace(BLANK, "").length - a[1].replace(BLANK, "").length)
    .map(patternOf);

  return (text, word, otherwise = (code) => code) => {
    const said = (part: string): string => {
      const known = whole.has(part) ? sentence(part) : (list(part) ?? sentence(part));
      return known ?? joined(part) ?? otherwise(part);
    };
    const sentence = (part: string): string | null => {
      const pair = whole.get(part);
      if (pair) return word(pair);
      for (const { pair: one, is, blanks } of patterns) {
        const found = is.exec(part);
        if (!found) continue;
        const values = new Map(blanks.map((name, at) => [name, said(found[at + 1] ?? "")]));
        return word(one).replace(BLANK, (blank, name: string) => values.get(name) ?? blank);
      }
      return null;
    };
    /** Sentences with nothing but commas between them; a comma may also stand within one, so each has to be known. */
    const list = (part: string): string | null => {
      const parts = part.includes(COMMA[1]) ? part.split(COMMA[1]).map((one) => sentence(one) ?? changed(one)) : [null];
      return parts.every((one) => one !== null) ? parts.join(word(COMMA)) : null;
    };
    /** Two sides of a joint, where one of them at least is known: what a person wrote keeps its own signs. */
    const joined = (part: string): string | null => {
      for (const joint of [SEMICOLON, COLON]) {
        const at = part.indexOf(joint[1]);
        if (at < 1) continue;
        const [left, right] = [part.slice(0, at), part.slice(at + joint[1].length)];
        const told = [said(left), said(right)];
        if (told[0] !== left || told[1] !== right) return told.join(word(joint));
      }
      return null;
    };
    const changed = (part: string): string | null => (otherwise(part) === part ? null : otherwise(part));
    return said(text);
  };
}
