// test_lost.mjs - connections and processes that go: everybody comes back, with nothing missing and nothing twice.

import assert from "node:assert/strict";

import { eventually } from "./person.mjs";

async function cut(t) {
	await t.world();
	const way = await t.way();
	const ann = await t.person("ann", { port: way.port });
	const ben = await t.w.by_irc("ben");

	await ben.send("JOIN #lobby");
	for (let i = 0; i < 10; i++)
		await ben.send(`PRIVMSG #lobby :line ${i}`);
	await ann.sees(/line 9$/);
	way.open = false;
	way.cut();
	await ann.lost();
	await ann.page.locator("#banner", { hasText: "The connection is lost." }).waitFor();
	for (let i = 10; i < 300; i++)
		await ben.send(`PRIVMSG #lobby :line ${i}`);
	// what is typed meanwhile goes out afterwards, once
	await ann.type("typed while away");
	way.open = true;
	await ann.page.getByRole("button", { name: "Try now" }).click({ timeout: 5000 }).catch(() => {});
	await ann.ready();
	await ann.numbered(300);
	await ann.rows("typed while away").locator(".state.delivered").waitFor({ state: "attached" });
	await ben.expect("PRIVMSG", "#lobby", "typed while away");
	await ben.sync();
	assert.deepEqual(await ann.texts(/^typed while away$/), ["typed while away"]);
	// three more times, while there is talk
	for (let round = 0, n = 300; round < 3; round++) {
		for (const end = n + 40; n < end; n++) {
			await ben.send(`PRIVMSG #lobby :line ${n}`);
			if (n % 40 === 15)
				way.cut();
		}
		await ann.numbered(n);
	}
}

/** Numbered lines go on from a browser and from IRC while a process is killed. */
async function killed(t, role, times = 2) {
	await t.world({ workers: 2 });
	const ann = await t.person("ann");
	const ben = await t.person("ben");
	let n = 0;

	for (let i = 0; i < times; i++) {
		for (let k = 0; k < 10; k++)
			await ann.type(`line ${n++}`);
		await t.w.kill(role);
		for (let k = 0; k < 10; k++)
			await ann.type(`line ${n++}`);
		for (const p of [ann, ben])
			await p.numbered(n);
		await eventually("all to be delivered", () => ann.page.evaluate(() => chat.room.messages.every((m) => !m.own || m.kind !== "text" || m.state === "delivered")));
	}
	await ann.seesPeople("ann", "ben");
	await ben.says("still here");
	await ann.sees("still here");
}

async function both(t) {
	await t.world({ workers: 1 });
	const ann = await t.person("ann");
	const ben = await t.person("ben");

	await ann.says("before");
	await t.w.kill("worker");
	for (const p of [ann, ben])
		await p.ready();
	await t.w.kill("web");
	await ann.says("after");
	await ben.sees("after");
	// chatd-web is only the way in: who is in has noticed nothing; another comes in by the new one
	const cid = await t.person("cid");

	await cid.sees("after");
	await ann.seesPeople("ann", "ben", "cid");
	assert.deepEqual(await ben.texts(/^(before|after)$/), ["before", "after"]);
}

async function removed(t) {
	await t.world();
	const ann = await t.person("ann");

	await t.w.ctl("kick", "ann", "enough for today");
	await ann.page.locator("#banner", { hasText: "enough for today" }).waitFor();
	await ann.page.waitForTimeout(2500); // it does not come back by itself
	assert.equal((await t.w.ctl("users")).includes("ann"), false);
	await ann.page.getByRole("button", { name: "Connect again" }).click();
	await ann.ready();
}

async function reload(t) {
	await t.world();
	const ann = await t.person("ann");

	await ann.join("#garden");
	await ann.says("planted");
	await ann.page.reload();
	await ann.page.locator("#title", { hasText: "#garden" }).waitFor();
	await ann.ready();
	await eventually("her own name again", async () => await ann.page.textContent("#me-name") === "ann");
	await ann.goTo("lobby");
}

export const tests = {
	"the connection is cut": { fn: cut, limit: 180 },
	"the worker is killed": { fn: (t) => killed(t, "worker"), limit: 180 },
	"the broker is killed": { fn: (t) => killed(t, "broker"), limit: 180 },
	"the store is killed": { fn: (t) => killed(t, "store"), limit: 180 },
	"worker and chatd-web are killed": { fn: both, limit: 120 },
	"removed by an administrator": removed,
	"the page is loaded anew": reload,
};
