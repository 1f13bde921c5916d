// What the mall's own app does for its member, from logging him in to a coupon that has paid for his parking:
//   node redeem.js https://parking.example APP_TOKEN MEMBER_ID CAMPAIGN_ID
// The app's token stays in the app's back end; the phone gets the member's. Prints one flat JSON object.
import { Client } from "./client.js";

declare const process: { argv: string[] };
const [, , server = "", appToken = "", member_id = "", campaign_id = ""] = process.argv;

const app = new Client(server, appToken);
const { token } = await app.ask("post", "/api/v1/members/{member_id}/token", { path: { member_id } });

const member = new Client(server, token);
const bought = await member.ask("post", "/api/v1/me/exchanges", { body: { campaign_id }, key: crypto.randomUUID() });
const stay = (await member.ask("get", "/api/v1/me/stays")).find((one) => one.exited_at === null);
if (!stay) throw new Error("no car of this member is inside");

const wallet = await member.ask("get", "/api/v1/me/coupons");
const here = wallet.find((one) => one.coupon_id === bought.coupon_id)?.here.find((one) => one.stay_id === stay.stay_id);

const code = await member.ask("post", "/api/v1/me/stays/{stay_id}/code", { path: { stay_id: stay.stay_id } });
const driver = new Client(server, code.token);
const bill = (await driver.ask("get", "/api/v1/my/stay")).bill;
const payment = await driver.ask("post", "/api/v1/my/payments", { body: { channel: "any" }, key: crypto.randomUUID() });

const after = await member.ask("get", "/api/v1/me/coupons");
const { balance } = await member.ask("get", "/api/v1/me/points");
console.log(
  JSON.stringify({
    coupon: bought.coupon_id,
    counted: here?.counts ?? false,
    due_minor: bill.due.amount,
    payment: payment.state,
    pay_url: payment.pay_url, // where there is something left to pay, the payer goes here
    coupon_state: after.find((one) => one.coupon_id === bought.coupon_id)?.state ?? "",
    points: balance,
  }),
);
