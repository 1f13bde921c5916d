// What the member agrees to, each purpose by itself, taken back as easily as given; and the contact details that one of them allows.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Contact, Member } from "../shared/wire";
import { ask, useDeed } from "./deeds";
import { say } from "./member_words";
import { Part, Trouble } from "./part";
import { me } from "./sources";
import { agree, type Purpose } from "./switch_on";

const PURPOSES: readonly Purpose[] = ["recognise", "points", "history", "contact", "crm", "marketing"];

export function ConsentsCard(): JSX.Element {
  const [wish, wishFor] = useState<{ purpose: Purpose; given: boolean } | null>(null);
  const deed = useDeed();
  return (
    <section class="card" aria-labelledby="consents">
      <h2 id="consents">{say("consents")}</h2>
      <p class="soft small">{say("consents_note")}</p>
      <Part of={me}>
        {(one) => (
          <ul class="consents">
            {PURPOSES.map((purpose) => (
              <li key={purpose}>
                <label class="agree">
                  <input
                    type="checkbox"
                    name={purpose}
                    checked={wish?.purpose === purpose ? wish.given : (one.consents[purpose] ?? false)}
                    onChange={(e) => {
                      const given = e.currentTarget.checked;
                      wishFor({ purpose, given }); // the box stays as it was put, and the keyboard on it, until the server has answered
                      void deed.run(() => agree(purpose, given)).then(() => wishFor(null));
                    }}
                  />
                  <span>
                    <b>{say(`c_${purpose}` as "c_recognise")}</b>
                    <small class="soft">{say(`c_${purpose}_note` as "c_recognise_note")}</small>
                  </span>
                </label>
              </li>
            ))}
          </ul>
        )}
      </Part>
      <Trouble of={deed.trouble} />
    </section>
  );
}

export function ContactCard(): JSX.Element {
  return (
    <section class="card" aria-labelledby="contact">
      <h2 id="contact">{say("contact")}</h2>
      <Part of={me} empty={(one) => (one.consents["contact"] ? null : <p class="soft">{say("contact_off")}</p>)}>{(one) => <ContactForm of={one} />}</Part>
    </section>
  );
}

function ContactForm({ of }: { of: Member }): JSX.Element {
  const [form, fill] = useState<Contact>(of.contact);
  const [done, tell] = useState(false);
  const deed = useDeed();
  useEffect(() => fill(of.contact), [of.contact.name, of.contact.phone, of.contact.mail]);
  const put = (changes: Partial<Contact>): void => {
    tell(false);
    fill({ ...form, ...changes });
  };
  const send = (event: Event): void => {
    event.preventDefault();
    void deed.run(() => ask("/me/contact", { method: "PUT", body: form }).then(() => me.load())).then(tell);
  };
  return (
    <form class="form" onSubmit={send}>
      <label class="field">
        <span>{say("name")}</span>
        <input type="text" maxLength={60} autocomplete="name" value={form.name} onInput={(e) => put({ name: e.currentTarget.value })} />
      </label>
      <label class="field">
        <span>{say("phone")}</span>
        <input type="tel" maxLength={24} pattern="[0-9+ \-]*" autocomplete="tel" value={form.phone} onInput={(e) => put({ phone: e.currentTarget.value })} />
      </label>
      <label class="field">
        <span>{say("mail")}</span>
        <input type="email" maxLength={120} autocomplete="email" value={form.mail} onInput={(e) => put({ mail: e.currentTarget.value })} />
      </label>
      <button type="submit" disabled={deed.busy}>
        {say("save")}
      </button>
      <p class="done" role="status">
        {done && say("saved_it")}
      </p>
      <Trouble of={deed.trouble} />
    </form>
  );
}
