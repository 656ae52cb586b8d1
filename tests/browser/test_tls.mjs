// test_tls.mjs - the page over https and wss.

import assert from "node:assert/strict";

import { eventually } from "./person.mjs";

const SECURE = { scheme: "https", ignoreHTTPSErrors: true }; // nobody vouches for the certificate

async function talk(t) {
	await t.world({ over_tls: true });
	const tel = await t.w.telnet("tel");
	const ann = await t.person("ann", SECURE);
	const ben = await t.person("ben", SECURE);

	await ann.says("hello over TLS");
	await tel.expect("ann.*hello over TLS");
	await ben.sees("hello over TLS");
	await tel.send("and back");
	await ann.sees("and back");
	assert.ok(ann.requests.some((r) => r.startsWith("wss://")), "no wss");
	assert.ok(!ann.requests.some((r) => /^(http|ws):/.test(r)), "something went in clear");
	assert.match(await t.w.ctl("user", "ann"), /tls_version\s+TLSv1\.3/);
	const mark = await t.w.kill("tls");

	assert.ok(mark >= 0);
	await eventually("ann to be back", async () => (await t.w.ctl("users")).includes("ann"));
	await tel.send("once more");
	await ann.sees("once more");
}

export const tests = {
	"two pages and a telnet, and chatd-tls dies": talk,
};
