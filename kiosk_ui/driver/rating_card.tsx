// After paying: how was it? One tap sends it; words are for who likes. Once per stay, and never with a plate.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { call } from "../shared/api";
import { why } from "../shared/i18n/problems";
import type { Rating } from "../shared/wire";
import { token } from "./stay";
import { rating as say } from "./rating_words";

const given = signal<Rating | null>(null);
const trouble = signal("");
const sending = signal(false);
const SCORES = [1, 2, 3, 4, 5] as const;

async function look(): Promise<void> {
  const bearer = token.value;
  try {
    const found = await call<Rating>("/my/rating", { bearer });
    if (bearer === token.value) given.value = found;
  } catch {
    // Nobody is troubled with a question that cannot be asked.
  }
}

async function give(score: number): Promise<void> {
  sending.value = true;
  trouble.value = "";
  try {
    given.value = await call<Rating>("/my/rating", { bearer: token.value, body: { score, words: words.value } });
  } catch (failure) {
    trouble.value = why(failure);
  } finally {
    sending.value = false;
  }
}

const words = signal("");

export function RatingCard({ paid }: { paid: number }): JSX.Element | null {
  useEffect(() => void look(), [paid, token.value]);
  const now = given.value;
  if (!now || (!now.open && now.score === null)) return null;
  return (
    <section class="card rating" aria-labelledby="rating-title">
      <h2 id="rating-title">{say("title")}</h2>
      {now.score !== null ? (
        <p role="status">{say("thanks", { score: now.score })}</p>
      ) : (
        <>
          <label class="field">
            <span>{say("words")}</span>
            <input type="text" maxLength={300} autocomplete="off" value={words.value} onInput={(e) => (words.value = e.currentTarget.value)} />
          </label>
          <div class="rating-row" role="group" aria-labelledby="rating-title">
            {SCORES.map((score) => (
              <button key={score} type="button" disabled={sending.value} onClick={() => void give(score)}>
                <b>{score}</b>
                <small>{say(`s${score}`)}</small>
              </button>
            ))}
          </div>
          <p class="trouble" role="alert">
            {trouble.value && say("failed", { why: trouble.value })}
          </p>
          <p class="soft small">{say("note")}</p>
        </>
      )}
    </section>
  );
}
