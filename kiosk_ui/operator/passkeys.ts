// The browser's half of a passkey: asks the authenticator what the server wants to know, and sends back what it says.
import { call, Problem } from "../shared/api";
import type { NewPasskey, Operator, Passkey, PasskeyAnswer, PasskeyChallenge, PasskeyOffer } from "../shared/wire";

/** Whether this browser, on this page's address, can use passkeys that are bound to `origin`. */
export const usable = (origin: string | null | undefined): boolean => origin === location.origin && typeof PublicKeyCredential === "function";

/** Make a passkey on this device or on a key that is plugged in, and have the server keep it under a name. */
export async function register(name: string, password: string): Promise<Passkey> {
  const offer = await call<PasskeyOffer>("/auth/passkeys/challenge", { body: { password } });
  const made = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytes(offer.challenge),
        rp: { id: offer.rp_id, name: offer.rp_name },
        user: { id: bytes(offer.user_handle), name: offer.username, displayName: offer.display_name },
        pubKeyCredParams: offer.algorithms.map((alg) => ({ type: "public-key", alg })),
        excludeCredentials: offer.known.map((id) => ({ type: "public-key", id: bytes(id) })),
        authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
        attestation: "none",
        timeout: offer.timeout_ms,
      },
    }),
  );
  const said = made.response as AuthenticatorAttestationResponse;
  const body: NewPasskey = {
    name,
    credential_id: text(made.rawId),
    client_data: text(said.clientDataJSON),
    attestation: text(said.attestationObject),
    transports: said.getTransports?.() ?? [],
  };
  return await call<Passkey>("/auth/passkeys", { body });
}

/** Log in with whichever passkey the person chooses. */
export async function logInByPasskey(): Promise<Operator> {
  const offer = await call<PasskeyChallenge>("/auth/passkey/challenge", { method: "POST" });
  const found = await asked(() =>
    navigator.credentials.get({
      publicKey: { challenge: bytes(offer.challenge), rpId: offer.rp_id, userVerification: "required", timeout: offer.timeout_ms },
    }),
  );
  const said = found.response as AuthenticatorAssertionResponse;
  const body: PasskeyAnswer = {
    credential_id: text(found.rawId),
    client_data: text(said.clientDataJSON),
    authenticator_data: text(said.authenticatorData),
    signature: text(said.signature),
    user_handle: said.userHandle ? text(said.userHandle) : "",
  };
  return await call<Operator>("/auth/passkey/login", { body });
}

/** What the authenticator says; its refusals as problems with a code of their own. */
async function asked(question: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const found = await question();
    if (found) return found as PublicKeyCredential;
  } catch (failure) {
    const name = failure instanceof DOMException ? failure.name : "";
    if (name === "InvalidStateError") throw new Problem(409, "passkey.known", "");
    if (name !== "NotAllowedError" && name !== "AbortError") throw new Problem(422, "passkey.not_here", "");
  }
  throw new Problem(422, "passkey.cancelled", "");
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}

function text(raw: ArrayBuffer): string {
  const signs = Array.from(new Uint8Array(raw), (byte) => String.fromCharCode(byte)).join("");
  return btoa(signs).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
