// test_login.mjs - the ways in, and what is said when there is none.

import assert from "node:assert/strict";

import { eventually } from "./person.mjs";

const SECRET = "correct horse";

async function taken(t) {
	await t.world();
	await t.w.telnet("alice");
	const p = await t.somebody();

	assert.equal(await p.page.inputValue("#login-host"), `127.0.0.1:${t.web}`);
	assert.equal(await p.page.evaluate(() => document.activeElement.id), "login-name");
	await p.connect("");
	await p.refused("A name is needed");
	await p.connect("two words");
	await p.refused("without spaces");
	await p.connect("alice");
	await p.refused("Somebody goes by this name already");
	assert.equal(await p.page.getAttribute("#login-name", "aria-invalid"), "true");
	await p.comes("alicia");
	assert.equal(await p.page.textContent("#me-state"), "Guest");
	await p.page.click("#disconnect");
	await p.page.locator("#login-name").waitFor();
	const gone = () => eventually("alicia to be gone", async () => !(await t.w.ctl("users")).includes("alicia"));

	await gone();
	// closing the window is leaving, too
	await p.comes("alicia");
	await p.page.close();
	await gone();
}

async function accounts(t) {
	await t.world();
	const p = await t.person("bob", { how: { mode: "register", password: SECRET } });

	await p.page.locator("#me-state", { hasText: "Logged in" }).waitFor();
	await p.page.click("#disconnect");
	const q = await t.somebody();

	await q.connect("bob", { mode: "account", password: "something else" });
	await q.refused("The name or the password is wrong.");
	await q.page.fill("#login-password", "");
	await q.page.keyboard.press("Enter");
	await q.refused("The password is missing.");
	await q.comes("bob", { mode: "account", password: SECRET });
	await q.page.locator("#me-state", { hasText: "Logged in" }).waitFor();
}

async function whose(t) {
	await t.world();
	const way = await t.way();
	const p = await t.person("gina", { port: way.port });
	const tab = await p.tab();

	await tab.fill("#login-name", "gina");
	await tab.keyboard.press("Enter");
	await tab.locator("#login-error", { hasText: "you, in another tab?" }).waitFor();
	await tab.close();
	await p.type("/register");
	await p.dialog().locator("input").nth(0).fill(SECRET);
	await p.dialog().locator("input").nth(1).fill(SECRET);
	await p.page.keyboard.press("Enter");
	await p.page.locator("#me-state", { hasText: "Logged in" }).waitFor();
	// the page asks who it is when it is loaded anew, and does not come in as a guest
	await p.page.reload();
	await p.page.locator("#tab-account[aria-selected=true]").waitFor();
	assert.equal(await p.page.inputValue("#login-name"), "gina");
	await eventually("the password to be asked for", () => p.page.evaluate(() => document.activeElement.id === "login-password"));
	await eventually("gina to be gone", async () => !(await t.w.ctl("users")).includes("gina"));
	// a guest who takes that name is asked for the password, and can give it
	await p.connect("gina", { mode: "guest" });
	await p.dialog().getByText("This name is registered.").waitFor();
	await p.dialog().getByLabel("Password").fill(SECRET);
	await p.page.keyboard.press("Enter");
	await p.page.locator("#me-state", { hasText: "Logged in" }).waitFor();
	await p.type("/logout");
	await p.page.locator("#me-state", { hasText: "Guest" }).waitFor();
	way.open = false;
	way.cut();
	await p.lost();
	way.open = true;
	await p.ready();
	assert.equal(await p.page.textContent("#me-state"), "Guest");
	const q = await t.somebody();

	await q.connect("NickServ");
	await q.refused("This name cannot be used here.");
}

async function short(t) {
	await t.world();
	const p = await t.person("bob", { how: { mode: "register", password: "abc" } });

	await p.dialog().getByText("6 characters").waitFor();
	assert.match(await p.dialog().textContent(), /No account was made/);
	assert.equal(await p.page.textContent("#me-state"), "Guest");
}

async function unreachable(t) {
	await t.world();
	const way = await t.way();
	const p = await t.somebody({ port: way.port });

	way.open = false;
	way.cut();
	await p.connect("carol");
	await p.refused("The server is not running or not accepting connections.");
	way.open = true;
	await p.comes("carol");
	const q = await t.somebody();

	await q.page.fill("#login-host", "not a host");
	await q.connect("dora");
	await q.refused("This is not a host and port");
}

async function link(t) {
	await t.world({ accounts: { register: 0 } });
	const p = await t.somebody({ path: "/#room=garden" });

	await p.connect("erin");
	await p.page.locator("#title", { hasText: "#garden" }).waitFor();
	const word = (await t.w.ctl("invite", "create", "--room", "orchard")).trim();
	const q = await t.somebody({ path: `/#invite=${word}` });

	assert.equal(await q.page.inputValue("#login-invite"), word);
	const odd = [" :the first; one ", ": the\\s other  "];

	await q.connect("fay", { password: odd[0] });
	await q.page.locator("#me-state", { hasText: "Logged in" }).waitFor();
	await q.page.locator("#rooms .room", { hasText: "orchard" }).waitFor();
	// another password, and whatever is in it is a part of it
	await q.type("/password");
	for (const [i, label] of ["The present one", "The new one", "The same again"].entries())
		await q.dialog().getByLabel(label).fill(odd[Math.min(i, 1)]);
	await q.page.keyboard.press("Enter");
	await q.dialog().waitFor({ state: "hidden" });
	const f = await t.person("fay", { how: { mode: "account", password: odd[1] } });

	await f.page.locator("#me-state", { hasText: "Logged in" }).waitFor();
	const g = await t.person("mallory");

	await g.type("/login");
	await g.dialog().getByLabel("Account").fill("fay");
	await g.dialog().getByLabel("Password").fill(odd[1]);
	await g.page.keyboard.press("Enter");
	await g.page.locator("#me-state", { hasText: "Logged in" }).waitFor();
	const r = await t.person("gus", { how: { mode: "register", password: SECRET } });

	await r.dialog().getByText("with an invitation only").waitFor();
}

/** From Connect to the first message on the screen, by the browser's own clock. */
async function ready(t) {
	await t.world();
	const tom = await t.w.telnet("tom");
	const took = [];

	await tom.send("good morning");
	for (let i = 0; i < 7; i++) {
		const p = await t.person(`reader${i}`);

		await p.sees("good morning");
		await p.page.waitForFunction(() => performance.getEntriesByName("chat-ready").length);
		took.push(await p.page.evaluate(() => performance.getEntriesByName("chat-ready")[0].duration));
		await p.context.close();
		t.people.pop();
	}
	took.sort((a, b) => a - b);
	console.log(`      page ready after ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
	assert.ok(took[3] <= 300, `the median of ${took} ms is above 300`);
}

/** All that the first visit fetches, as it is sent. */
async function small(t) {
	await t.world();
	const p = await t.somebody();
	const bytes = await p.page.evaluate(() => [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")]
		.reduce((n, e) => n + e.encodedBodySize, 0));

	console.log(`      ${bytes} bytes`);
	assert.ok(bytes > 10000 && bytes <= 100 * 1024, `${bytes} bytes`);
}

export const tests = {
	"a guest, a name that is taken, and away again": taken,
	"register, log in, the wrong password": accounts,
	"whose a name is": whose,
	"a password that is too short": short,
	"nobody answers": unreachable,
	"links to a room and with an invitation": link,
	"what is fetched at first": small,
	"how long until the first message": ready,
};
