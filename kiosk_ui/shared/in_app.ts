// Paying inside the app that shows this page (WeChat). The app's own menu opens us with its id of the person (`&o=…` behind the #); we pass
// it on with the order and keep it nowhere.
interface Bridge {
  invoke(name: string, parameters: Record<string, string>, done: (answer: { err_msg?: string }) => void): void;
}

const bridge = (): Bridge | undefined => (window as unknown as { WeixinJSBridge?: Bridge }).WeixinJSBridge;

/** The app's id of whoever looks at the page; empty outside of it. */
export function payer(): string {
  const found = new URLSearchParams(location.hash.slice(1)).get("o") ?? "";
  return /MicroMessenger/i.test(navigator.userAgent) && /^[A-Za-z0-9_-]{1,128}$/.test(found) ? found : "";
}

/** Hand the order to the app; what came of it is asked from the server, never believed from here. */
export function confirmInApp(parameters: Record<string, string>): void {
  const go = () => bridge()?.invoke("getBrandWCPayRequest", parameters, () => undefined);
  if (bridge()) go();
  else document.addEventListener("WeixinJSBridgeReady", go, { once: true });
}
