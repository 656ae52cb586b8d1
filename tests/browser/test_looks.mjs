// test_looks.mjs - what it looks like, to eyes and to screen readers: light, dark, on a phone, by the keyboard alone. With --shots the
// pictures for the manual are made from it.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { eventually } from "./person.mjs";
import { give, picture } from "./test_files.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const SECRET = "correct horse";
const SHOT_BYTES = 150 * 1024;

/** Nothing serious is found wrong for those who do not see, or do not see well. */
async function axe(t, p, what) {
	await p.page.evaluate(readFileSync(t.axe, "utf8"));
	const found = await p.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
	const bad = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => `${what}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 4).map((n) => `${n.html.slice(0, 160)} ${n.any[0]?.message ?? n.all[0]?.message ?? ""}`).join("\n    ")}`);

	assert.deepEqual(bad, [], bad.join("\n"));
}

async function shot(t, p, name) {
	if (!t.shots)
		return;
	const path = join(t.shots, `${name}.png`);

	mkdirSync(t.shots, { recursive: true });
	await p.page.screenshot({ path, animations: "disabled", caret: "hide" });
	assert.ok(statSync(path).size < SHOT_BYTES, `${path}: ${statSync(path).size} bytes`);
}

/** It is five past two for everybody, whenever the pictures are made. */
async function still(p) {
	await p.context.addInitScript(() => {
		Date.prototype.getHours = () => 14;
		Date.prototype.getMinutes = () => 5;
	});
	await p.page.reload();
	await p.page.locator("#login-name").waitFor();
}

/** A room in which something has been said. */
async function scene(t) {
	await t.world();
	const mia = await t.person("mia", { how: { mode: "register", password: SECRET } });
	const tom = await t.w.telnet("tom");
	const iris = await t.w.by_irc("iris", ["message-tags", "echo-message"]);

	await iris.send("JOIN #lobby");
	await mia.says("Good morning, everybody!");
	await tom.send("Morning, mia. Coffee is ready in the kitchen.");
	await mia.sees("Coffee is ready");
	await iris.send("PRIVMSG #lobby :The plan for today: \x02tests first\x02, then https://example.org/plan");
	await mia.sees("The plan for today");
	await mia.choose("Coffee is ready", "React with ❤️");
	await mia.page.locator(".reaction").waitFor();
	return { mia, tom, iris };
}

async function seen(t, options, how = {}) {
	const zoe = await t.somebody(options);

	await still(zoe);
	await zoe.comes("zoe", how);
	await zoe.sees("The plan for today");
	return zoe;
}

async function login(t) {
	await t.world();
	for (const [name, options] of [["login", {}], ["login-dark", { colorScheme: "dark" }], ["login-phone", PHONE]]) {
		const p = await t.somebody(options);

		await axe(t, p, name);
		await p.page.fill("#login-name", "mia");
		await p.page.fill("#login-host", "localhost:8080");
		if (name === "login")
			await shot(t, p, name);
		await p.page.click("#tab-register");
		await axe(t, p, `${name}, registering`);
		assert.ok(await p.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: wider than the screen`);
	}
}

async function chat(t) {
	const { mia, tom } = await scene(t);
	const zoe = await seen(t);

	await zoe.choose("Coffee is ready", "Reply");
	await zoe.says("Two sugars for me, please");
	await give(mia, "drop", "the house by the lake.png", await picture(mia));
	await zoe.page.locator(".picture img").waitFor();
	await tom.send("zoe: with milk?");
	await zoe.sees("with milk?");
	await tom.send("/away back at three");
	await zoe.page.locator('.person[data-nick="tom"].away').waitFor();
	await mia.type("/msg zoe Do you have a minute?");
	await zoe.page.locator("#rooms .count.hot").waitFor();
	await zoe.page.locator(".picture img").evaluate((img) => img.decode());
	await zoe.page.mouse.move(600, 5);
	await axe(t, zoe, "light");
	await shot(t, zoe, "chat-light");
	await zoe.page.emulateMedia({ colorScheme: "dark" });
	await axe(t, zoe, "dark");
	await shot(t, zoe, "chat-dark");
	assert.equal(await zoe.page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(20, 23, 29)");
	await zoe.page.emulateMedia({ colorScheme: "light" });
	await zoe.page.locator(".picture").click();
	await zoe.page.locator("dialog.viewer[open] .stage img").evaluate((img) => img.decode());
	await axe(t, zoe, "viewer");
	await shot(t, zoe, "viewer");
	await zoe.page.keyboard.press("Escape");
}

async function phone(t) {
	const { mia } = await scene(t);
	const zoe = await seen(t, PHONE);
	const page = zoe.page;

	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "wider than the screen");
	await page.fill("#input", "from the bus");
	await page.tap("#send");
	await mia.sees("from the bus");
	await give(mia, "drop", "the house by the lake.png", await picture(mia));
	await page.locator(".picture img").waitFor();
	await page.locator(".picture img").evaluate((img) => img.decode());
	await axe(t, zoe, "phone");
	await shot(t, zoe, "phone");
	// a message's buttons are there for a finger, too
	await zoe.rows("Coffee is ready").locator("div.text[dir]").tap();
	await page.locator(".tools").getByRole("button", { name: "More" }).tap();
	await zoe.item("React with 👍");
	await zoe.rows("Coffee is ready").locator(".reaction", { hasText: "👍" }).waitFor();
	await zoe.rows("Coffee is ready").locator("div.text[dir]").tap();
	await page.locator(".tools").getByRole("button", { name: "Reply" }).tap();
	await page.locator("#context", { hasText: "Coffee" }).getByRole("button", { name: "Cancel" }).tap();
	await page.tap("#open-side");
	await page.locator("#disconnect").waitFor();
	await eventually("the rooms in sight", async () => (await page.locator("#rooms .room").first().boundingBox()).x >= 0);
	await axe(t, zoe, "phone, rooms");
	await page.mouse.click(380, 600);
	await page.tap("#open-users");
	await page.locator('.person[data-nick="mia"]').tap();
	await zoe.item("Message");
	await page.locator("#title", { hasText: "mia" }).waitFor();
	// what a finger has to hit is large enough
	for (const id of ["open-side", "send", "attach"]) {
		const box = await page.locator(`#${id}`).boundingBox();

		assert.ok(box.width >= 32 && box.height >= 32, `${id}: ${box.width} x ${box.height}`);
	}
}

async function windows(t) {
	const { mia } = await scene(t);
	const zoe = await seen(t);
	const page = zoe.page;
	const open = [["settings", "#side-settings"], ["rooms", "#join"], ["search", "#open-search"]];

	for (const [name, button] of open) {
		await page.click(button);
		await zoe.dialog().waitFor();
		if (name === "search") {
			await page.keyboard.type("coffee");
			await page.keyboard.press("Enter");
			await zoe.dialog().getByText("in the kitchen").waitFor();
		}
		await axe(t, zoe, name);
		if (name !== "rooms")
			await shot(t, zoe, `dialog-${name}`);
		await page.keyboard.press("Escape");
		await zoe.dialog().waitFor({ state: "detached" });
	}
	await zoe.type("/help");
	await zoe.dialog().waitFor();
	await axe(t, zoe, "help");
	await page.keyboard.press("Escape");
	await zoe.menuOf("mia");
	await axe(t, zoe, "a menu");
	await page.keyboard.press("Escape");
	await page.click("#side-settings");
	await zoe.dialog().getByLabel("Appearance").selectOption("dark");
	await axe(t, zoe, "settings, dark");
	await zoe.dialog().getByLabel("Time", { exact: true }).selectOption("12");
	await zoe.dialog().getByLabel("Messages", { exact: true }).selectOption({ index: 1 });
	await page.keyboard.press("Escape");
	await page.locator("#log-list time", { hasText: /2:05\spm/i }).first().waitFor();
	await page.locator(".said.lines").first().waitFor();
	await mia.says("good night");
	await zoe.sees("good night");
}

/** No mouse from the beginning to the end. */
async function keyboard(t) {
	await t.world();
	const ben = await t.w.telnet("ben");
	const p = await t.somebody();
	const { keyboard: keys } = p.page;
	const focus = () => p.page.evaluate(() => document.activeElement.id || document.activeElement.className);
	const press = async (...list) => {
		for (const k of list)
			await keys.press(k);
	};

	await keys.type("ann");
	await keys.press("Enter");
	await p.page.locator("#title", { hasText: "#lobby" }).waitFor();
	await p.ready();
	await eventually("the message box", async () => await focus() === "input");
	await keys.type("no mouse here");
	await keys.press("Enter");
	await ben.expect("no mouse here");
	await ben.send("really?");
	await p.sees("really?");
	// the message's menu, and a reply
	await press("Shift+Tab");
	await eventually("something before the box", async () => await focus() !== "input");
	for (let i = 0; i < 12 && !/^row|^log$/.test(await focus()); i++)
		await keys.press("Shift+Tab");
	assert.match(await focus(), /^row|^log$/);
	await press("ArrowUp");
	await p.rows("really?").evaluate((el) => el === document.activeElement || el.focus());
	await press("Enter");
	await p.page.locator(".menu").waitFor();
	await eventually("Reply", async () => {
		await keys.press("ArrowDown");
		return p.page.evaluate(() => document.activeElement.textContent === "Reply");
	});
	await keys.press("Enter");
	await eventually("the message box", async () => await focus() === "input");
	await keys.type("really");
	await keys.press("Enter");
	await p.page.locator(".quote").waitFor();
	// rooms
	await keys.type("/join #garden");
	await keys.press("Enter");
	await p.page.locator("#title", { hasText: "#garden" }).waitFor();
	await keys.press("Alt+ArrowDown");
	await keys.press("Control+k");
	await p.dialog().waitFor();
	await keys.type("lobby");
	await keys.press("Enter");
	await p.page.locator("#title", { hasText: "#lobby" }).waitFor();
	// the list of users
	for (let i = 0; i < 30 && await focus() !== "people-list"; i++)
		await keys.press("Tab");
	assert.equal(await focus(), "people-list");
	await press("ArrowDown", "ArrowDown", "Enter");
	await p.page.locator(".menu").waitFor();
	await keys.press("Escape");
	await p.page.locator(".menu").waitFor({ state: "detached" });
	// and out
	for (let i = 0; i < 40 && await focus() !== "disconnect"; i++)
		await keys.press("Tab");
	assert.equal(await focus(), "disconnect");
	await keys.press("Enter");
	await p.page.locator("#login-name").waitFor();
}

export const tests = {
	"the login window": login,
	"the chat, light and dark, and a picture": { fn: chat, limit: 120 },
	"on a phone": phone,
	"windows and settings": { fn: windows, limit: 120 },
	"by the keyboard alone": keyboard,
};
